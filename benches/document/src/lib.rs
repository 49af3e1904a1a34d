//! The result document: what one run measured, where, and how far it can be trusted. A crate of its own, so that no peer
//! has to be built to read one.
//!
//! These types are the format. `benches/schema/run-1.json` is made from them (a JSON Schema, draft 2020-12) and a test
//! keeps the two equal. Within a version of the schema, fields are only added, and readers pass over fields that they do
//! not know; anything else is a new version. [`file`](mod@file) reads and writes documents and folders of them;
//! [`statistics`] say whether a figure has changed.

pub mod export;
pub mod file;
mod pieces;
pub mod statistics;
mod time;

pub use time::{compact, rfc3339};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the format that this program writes.
pub const SCHEMA: &str = "raddle-run/1";

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The format and its version: `raddle-run/1`.
    pub schema: String,
    /// What was asked for, and when.
    pub run: Run,
    /// The commit that was measured; null outside of a git work tree.
    pub commit: Option<Commit>,
    /// Where.
    pub machine: Machine,
    /// What it was built with.
    pub toolchain: Toolchain,
    /// How quiet the machine was, over the whole run.
    pub noise: Noise,
    /// Measured in time, bytes and the like; in the order in which they ran. Empty if only instructions were counted.
    pub benchmarks: Vec<Benchmark>,
    /// Counted instructions; empty if none were counted.
    #[serde(default)]
    pub instructions: Vec<Instructions>,
    /// Programs besides this one that measured.
    #[serde(default)]
    pub instruments: Instruments,
}

/// What was asked for, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// When it began: RFC 3339, in UTC.
    pub started: String,
    /// When it was done.
    pub finished: String,
    /// The command line, the program's name first.
    pub command: Vec<String>,
    /// How much was asked of each workload. Figures of different modes are not to be compared.
    pub mode: Mode,
    /// Rounds per workload; some workloads have fewer.
    pub rounds: usize,
    /// Workers per pool, where the workload does not say otherwise.
    pub workers: usize,
}

/// How much was asked of each workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All of it.
    Full,
    /// A tenth of the tasks and few rounds: to see that it runs.
    Quick,
}

/// The commit that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// All 40 digits.
    pub hash: String,
    /// When it was committed: RFC 3339.
    pub time: String,
    /// The first line of its message.
    pub subject: String,
    /// Whether tracked files differed from it.
    pub dirty: bool,
}

/// Where it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Made of the CPU, the number of cores and the kernel's major version: figures are comparable where it is equal.
    pub name: String,
    /// The CPU's name.
    pub cpu: String,
    /// Cores of the machine.
    pub cores: usize,
    /// Cores that the run could use.
    pub allowed: Vec<usize>,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The hypervisor or container that it runs in; null if none is visible.
    #[serde(rename = "virtual")]
    pub virtualization: Option<String>,
    /// The malloc in use.
    pub allocator: String,
}

/// What it was built with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Toolchain {
    /// The compiler, as `rustc --version` says it.
    pub rustc: String,
    /// Cargo's profile.
    pub profile: String,
    /// Flags given to the compiler beside cargo's own; empty if none.
    pub flags: String,
}

/// Signs of others on the machine. A round in which they show is dirty; it is run again, a few times at most.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Noise {
    /// The load average over a minute, before.
    pub load_before: f64,
    /// The load average over a minute, after.
    pub load_after: f64,
    /// Time in which the hypervisor ran something else on our cores, in milliseconds.
    pub steal_ms: f64,
    /// CPU time that processes not of this run used on our cores, in milliseconds.
    pub others_ms: f64,
    /// How often the kernel took a core from a thread of this run that wanted to go on, pools' own crowding included.
    pub involuntary_switches: u64,
    /// Rounds that were dirty, whether they were run again or not.
    pub dirty_rounds: u64,
    /// Dirty rounds whose figures were thrown away, and that were run again.
    pub repeated_rounds: u64,
}

/// One figure, of all contenders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Benchmark {
    /// Stable: `W1`; a workload's further figures have a suffix, `W1/p99`.
    pub id: String,
    /// What was asked of.
    pub group: Group,
    /// What it is, in a line.
    pub title: String,
    /// Of all figures but quantiles and histograms, which are in nanoseconds.
    pub unit: String,
    /// Which figures are the better ones.
    pub better: Better,
    /// What a round's figure is: `p50 of a round`, `mean over a round`.
    pub statistic: String,
    /// How quiet the machine was during this workload; the same for all figures of one.
    pub noise: Noise,
    /// In the order in which they ran.
    pub contenders: Vec<Contender>,
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Thread pools.
    Threads,
    /// Process pools.
    Processes,
    /// Pools of WebAssembly instances.
    Wasm,
    /// The machine itself.
    Limits,
}

/// Which figures are the better ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Time, bytes.
    Lower,
    /// Throughput.
    Higher,
}

/// One contender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contender {
    /// Stable.
    pub name: String,
    /// What it is compared as.
    pub role: Role,
    /// One figure per clean round, in the order in which they ran. Where too few were clean (see `clean`), of the dirty
    /// ones that were not run again too.
    pub rounds: Vec<f64>,
    /// The median of `rounds`.
    pub median: f64,
    /// The lowest of `rounds`.
    pub min: f64,
    /// The highest of `rounds`.
    pub max: f64,
    /// The median distance of `rounds` from their median.
    pub mad: f64,
    /// Whether enough rounds were clean. If not, the figures are what there is, and no verdict is possible.
    #[serde(default = "yes")]
    pub clean: bool,
    /// What was seen of others during this contender's rounds, those that were run again included. Load averages are
    /// the workload's.
    #[serde(default)]
    pub noise: Noise,
    /// The median over that of the floor of this benchmark; null without one.
    pub to_floor: Option<f64>,
    /// The median over that of the best peer of this benchmark; null without one.
    pub to_best_peer: Option<f64>,
    /// raddle beside the best peer; null for all others, and without a peer.
    #[serde(default)]
    pub verdict: Option<Verdict>,
    /// Of the single latencies of all `rounds` together, in nanoseconds; null where none were taken.
    pub quantiles: Option<Quantiles>,
    /// The same latencies as pairs: a bucket's upper bound in nanoseconds, and how many fell into it. Buckets are those
    /// of an HDR histogram with one significant digit, 16 to an octave; empty ones are left out.
    pub histogram: Option<Vec<(u64, u64)>>,
}

fn yes() -> bool {
    true
}

/// What a contender is compared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// raddle.
    Raddle,
    /// A library, another language's, or a pool put together by hand.
    Peer,
    /// Hand-written, with no pool around it: what `to_floor` refers to. One per benchmark at most.
    Floor,
    /// Another hand-written limit.
    Bound,
}

/// raddle beside the best peer of the same benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Better, by a rank test (two-sided Mann-Whitney, 5%).
    Better,
    /// Worse, by the same test.
    Worse,
    /// Cannot tell: too few rounds, too few clean ones, or figures that overlap.
    Undecided,
}

/// Latencies in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// Half are at or below.
    pub p50: f64,
    /// 90 in 100 are at or below.
    pub p90: f64,
    /// 99 in 100 are at or below.
    pub p99: f64,
    /// 999 in 1000 are at or below.
    #[serde(rename = "p99.9")]
    pub p999: f64,
    /// The longest.
    pub max: f64,
}

/// What callgrind counted for one call of one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instructions {
    /// Stable: `path/case`.
    pub id: String,
    /// What it is, in a line.
    pub title: String,
    /// Instructions executed.
    pub instructions: u64,
    /// Accesses that the simulated first-level caches had.
    pub l1: u64,
    /// Accesses that the simulated last-level cache had.
    pub ll: u64,
    /// Accesses that went to memory.
    pub ram: u64,
    /// `l1 + 5 ll + 35 ram`, as is usual.
    pub estimated_cycles: u64,
}

/// Programs besides this one that measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Instruments {
    /// The version of valgrind that counted; null if nothing was counted.
    #[serde(default)]
    pub valgrind: Option<String>,
}

impl Benchmark {
    /// The peer with the best median.
    pub fn best_peer(&self) -> Option<&Contender> {
        let peers = self.contenders.iter().filter(|c| c.role == Role::Peer);
        let by_median = |a: &&Contender, b: &&Contender| a.median.total_cmp(&b.median);
        match self.better {
            Better::Lower => peers.min_by(by_median),
            Better::Higher => peers.max_by(by_median),
        }
    }
}

/// The schema of a document as JSON: what `benches/schema/run-1.json` holds.
pub fn schema() -> String {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Document>();
    schema.insert("title".into(), SCHEMA.into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    text.push('\n');
    text
}
