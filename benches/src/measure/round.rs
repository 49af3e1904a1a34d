//! Interleaved rounds: every contender once, then all of them again.
//!
//! The machine drifts (other programs, clock frequency, memory layout), and drift between two
//! contenders measured minutes apart looks like a difference. Run A B C A B C and both drift alike.
//! A round in which others were on the machine is run again, a few times at most: see [`noise`](super::noise).

use super::apart;
use super::family;
use super::noise::{REPEATS, Watch, load};
use super::statistics::percentile;
use super::summary::summarise;
use crate::document::{Benchmark, Better, Group, Noise, Role};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What a run was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers per pool.
    pub workers: usize,
    /// How much of each workload's tasks there is to do.
    pub scale: f64,
    /// Whether dirty rounds are run again.
    pub repeat: bool,
    /// The caller's and the worker's core for the pinned workloads; none where only one is allowed.
    pub cores: Option<(usize, usize)>,
    /// Only contenders whose name contains one of these; floors run in any case. Empty: all.
    pub contenders: Vec<String>,
}

impl Options {
    /// `full`, or as much of it as is to be done.
    pub fn tasks(&self, full: usize) -> usize {
        ((full as f64 * self.scale).round() as usize).max(1)
    }
}

/// A further figure of a round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Column {
    /// What follows the workload's id and a slash in the id of the benchmark.
    pub suffix: Cow<'static, str>,
    /// What follows the workload's title.
    pub title: Cow<'static, str>,
    /// Its unit.
    pub unit: Cow<'static, str>,
    /// Which figures are the better ones.
    pub better: Better,
}

impl Column {
    /// A figure that had better be low.
    pub const fn low(suffix: &'static str, title: &'static str, unit: &'static str) -> Column {
        Column {
            suffix: Cow::Borrowed(suffix),
            title: Cow::Borrowed(title),
            unit: Cow::Borrowed(unit),
            better: Better::Lower,
        }
    }

    /// A figure that had better be high.
    pub const fn high(suffix: &'static str, title: &'static str, unit: &'static str) -> Column {
        let mut column = Column::low(suffix, title, unit);
        column.better = Better::Higher;
        column
    }
}

/// Bytes in and bytes out over the time.
const BANDWIDTH: Column = Column::high("bandwidth", "bytes in and out over the time", "GB/s");

/// What one contender did in one round.
#[derive(Default, Serialize, Deserialize)]
pub struct Round {
    /// The figure that is compared.
    pub figure: f64,
    /// Single latencies in nanoseconds, sorted when the round is over.
    pub latencies: Vec<u32>,
    /// Further figures.
    pub extra: Vec<(Column, f64)>,
}

impl Round {
    /// A round with one figure.
    pub fn of(figure: f64) -> Round {
        Round {
            figure,
            ..Round::default()
        }
    }

    /// A round whose figure is the median of its latencies.
    pub fn of_latencies(mut latencies: Vec<u32>) -> Round {
        latencies.sort_unstable();
        Round {
            figure: percentile(&latencies, 50.0),
            latencies,
            extra: Vec::new(),
        }
    }

    /// A round whose figure is the time for so many bytes, in microseconds.
    pub fn of_bytes(bytes: usize, ns: f64) -> Round {
        Round::of(ns / 1e3).with(BANDWIDTH, bytes as f64 / ns)
    }

    /// Adds a figure.
    pub fn with(mut self, column: Column, figure: f64) -> Round {
        self.extra.push((column, figure));
        self
    }
}

struct Entry {
    name: String,
    role: Role,
    apart: bool,
    run: Box<dyn FnMut() -> Round>,
}

/// What a contender did in all rounds.
pub struct Taken {
    /// Its name.
    pub name: String,
    /// What it is compared as.
    pub role: Role,
    /// The rounds that were not run again, and whether each was clean.
    pub rounds: Vec<(Round, bool)>,
    /// What was seen of others.
    pub noise: Noise,
}

/// A question and all contenders that answer it.
pub struct Workload {
    /// Its name on the command line, and the id of its first benchmark.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// Of its figure.
    pub unit: &'static str,
    /// What the figure of a round is.
    pub statistic: &'static str,
    /// The suffix of the benchmark to which the latencies belong; empty where they are the figure.
    pub latencies_of: &'static str,
    most_rounds: usize,
    entries: Vec<Entry>,
}

impl Workload {
    /// A question with no contenders yet. Smaller figures are better. Ids that begin with P ask process pools, those that
    /// begin with L the machine, and those that begin with `wasm` pools of WebAssembly instances.
    pub fn new(id: impl Into<String>, title: impl Into<String>, unit: &'static str) -> Workload {
        Workload {
            id: id.into(),
            title: title.into(),
            unit,
            statistic: "mean over a round",
            latencies_of: "",
            most_rounds: usize::MAX,
            entries: Vec::new(),
        }
    }

    /// What is asked.
    pub fn group(&self) -> Group {
        match self.id.as_bytes() {
            [b'P', ..] => Group::Processes,
            [b'L', ..] => Group::Limits,
            [b'w', b'a', b's', b'm', ..] => Group::Wasm,
            _ => Group::Threads,
        }
    }

    /// For workloads whose rounds are long and alike.
    pub fn at_most(mut self, rounds: usize) -> Workload {
        self.most_rounds = rounds;
        self
    }

    /// For workloads whose figure is no mean over a round.
    pub fn statistic(mut self, statistic: &'static str) -> Workload {
        self.statistic = statistic;
        self
    }

    /// For workloads whose latencies are not what their figure is about.
    pub fn latencies_of(mut self, suffix: &'static str) -> Workload {
        self.latencies_of = suffix;
        self
    }

    /// Adds a contender. One run is one round: it makes its pool and drops it.
    pub fn entry(
        &mut self,
        role: Role,
        name: impl Into<String>,
        run: impl FnMut() -> Round + 'static,
    ) {
        self.entries.push(Entry {
            name: name.into(),
            role,
            apart: false,
            run: Box::new(run),
        });
    }

    /// Gives the contender that was added last a process of its own for each round.
    pub fn apart(&mut self) {
        self.entries.last_mut().expect("one was added").apart = true;
    }

    /// One round of one contender, here, whether it is clean or not.
    pub fn once(&mut self, name: &str) -> Option<Round> {
        let entry = self.entries.iter_mut().find(|entry| entry.name == name)?;
        Some((entry.run)())
    }

    /// Runs the rounds: its first benchmark is the workload's figure.
    pub fn run(mut self, rounds: usize, options: &Options) -> Vec<Benchmark> {
        let wanted = |entry: &Entry| {
            matches!(entry.role, Role::Floor | Role::Bound)
                || options.contenders.is_empty()
                || options
                    .contenders
                    .iter()
                    .any(|part| entry.name.contains(part.as_str()))
        };
        self.entries.retain(wanted);
        let mut noise = Noise {
            load_before: load(),
            ..Noise::default()
        };
        let mut taken: Vec<Taken> = self.entries.iter().map(Entry::nothing_yet).collect();
        for _ in 0..rounds.min(self.most_rounds) {
            for (entry, taken) in self.entries.iter_mut().zip(&mut taken) {
                taken
                    .rounds
                    .push(entry.round(&self.id, &mut taken.noise, options));
            }
        }
        noise.load_after = load();
        taken.iter().for_each(|taken| noise.merge(&taken.noise));
        summarise(&self, noise, taken)
    }
}

impl Entry {
    fn nothing_yet(&self) -> Taken {
        Taken {
            name: self.name.clone(),
            role: self.role,
            rounds: Vec::new(),
            noise: Noise::default(),
        }
    }

    /// One round, and whether it was clean.
    fn round(&mut self, id: &str, noise: &mut Noise, options: &Options) -> (Round, bool) {
        let repeats = if options.repeat { REPEATS } else { 0 };
        let mut tries = 0;
        loop {
            let watch = Watch::start();
            let mut round = match self.apart {
                true => apart::round(id, &self.name, options),
                false => (self.run)(),
            };
            quiet_down(&self.name);
            let seen = watch.seen();
            let again = seen.dirty() && tries < repeats;
            seen.add_to(noise, again);
            if !again {
                round.latencies.sort_unstable();
                return (round, !seen.dirty());
            }
            tries += 1;
        }
    }
}

/// Waits until the contender's threads and processes have left: not every pool joins them when it is
/// dropped.
fn quiet_down(name: &str) {
    let alone = || std::fs::read_dir("/proc/self/task").map_or(true, |tasks| tasks.count() <= 1);
    for _ in 0..2_000 {
        // A thread that is left may be about to wait for its process.
        if alone() && !family::reap() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    eprintln!("{name} has left threads or processes behind; what follows runs beside them");
}
