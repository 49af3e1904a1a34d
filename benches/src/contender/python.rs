//! Python's `ThreadPoolExecutor` and `ProcessPoolExecutor`, in a `python3` that runs `python.py` and tells what it
//! measured. The interpreter's own start is in no figure.

use crate::document::Role;
use crate::measure::round::{Round, Workload};
use crate::workload::cancel::ASKING;
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

/// A file and no `-c`: from Python 3.14 on its workers read it again.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/contender/python.py");

/// Which of its executors.
#[derive(Clone, Copy, Debug)]
pub enum Pool {
    /// Threads, one of which runs at a time.
    Thread,
    /// Processes.
    Process,
}

/// What the script measures.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// Round trips, back to back.
    Hot,
    /// Round trips after 200 us each.
    AfterIdle,
    /// Tasks submitted, then collected.
    Batch,
    /// Exchanges of so many bytes.
    Payload(usize),
    /// Start of a pool to its first result; the figure's unit in nanoseconds.
    Start(f64),
    /// An ordered map of items of 10 us.
    DearMap,
    /// An ordered map of items of 0 to 20 us, rising.
    SkewedMap,
    /// Tasks of 0 to 50 us as they complete.
    Completed,
    /// Tasks that are cancelled before they begin.
    Cancel,
}

/// Adds Python to a workload: `n` tasks of a kind in each round.
pub fn add(workload: &mut Workload, pool: Pool, workers: usize, ask: Ask, n: usize) {
    if found() {
        workload.entry(Role::Peer, pool.name(), move || {
            let mut python = Python::start(pool, workers, ask.name(), n, ask.size());
            let said = python.read();
            python.end();
            match ask {
                Ask::Hot | Ask::AfterIdle => Round::of_latencies(said.latencies),
                Ask::Payload(size) => Round::of_bytes(2 * size, said.figure),
                Ask::Start(unit) => Round::of(said.figure / unit),
                Ask::Cancel => Round::of(said.figure).with(ASKING, said.asking),
                _ => Round {
                    latencies: said.latencies,
                    ..Round::of(said.figure)
                },
            }
        });
    }
}

/// Adds a pool that has run a hundred tasks and does nothing, for `measure` to look at.
pub fn add_idle(
    workload: &mut Workload,
    pool: Pool,
    workers: usize,
    measure: impl Fn() -> Round + 'static,
) {
    if found() {
        workload.entry(Role::Peer, pool.name(), move || {
            let mut python = Python::start(pool, workers, "idle", 0, 0);
            python.read();
            let round = measure();
            python.end();
            round
        });
    }
}

impl Pool {
    fn name(self) -> &'static str {
        match self {
            Pool::Thread => "Python ThreadPoolExecutor",
            Pool::Process => "Python ProcessPoolExecutor",
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Pool::Thread => "thread",
            Pool::Process => "process",
        }
    }
}

impl Ask {
    fn name(self) -> &'static str {
        match self {
            Ask::Hot => "hot",
            Ask::AfterIdle => "idle trip",
            Ask::Batch => "batch",
            Ask::Payload(_) => "payload",
            Ask::Start(_) => "start",
            Ask::DearMap => "dear map",
            Ask::SkewedMap => "skewed map",
            Ask::Completed => "completed",
            Ask::Cancel => "cancel",
        }
    }

    fn size(self) -> usize {
        match self {
            Ask::Payload(size) => size,
            _ => 0,
        }
    }
}

fn found() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let script = "import sys; assert sys.version_info >= (3, 10)";
        let probe = Command::new("python3").args(["-c", script]).status();
        let found = probe.is_ok_and(|status| status.success());
        if !found {
            eprintln!("SKIPPED: Python's pools: there is no python3 of version 3.10 or later");
        }
        found
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    latencies: Vec<u32>,
    figure: f64,
    asking: f64,
}

struct Python {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Python {
    fn start(pool: Pool, workers: usize, what: &str, n: usize, size: usize) -> Python {
        let mut process = Command::new("python3")
            .args([SCRIPT, pool.argument(), what])
            .args([workers, n, size].map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().expect("asked for"));
        Python { process, output }
    }

    fn read(&mut self) -> Said {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("python.py prints JSON")
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "python.py: {status}");
    }
}
