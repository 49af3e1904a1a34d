//! What these tests share: gates that reach into other processes, and what tasks there do.

use crate::shared::{Files, notes, open, wait_until_open};
pub use crate::shared::{alone, note, until, watch, watch_for};
use raddle::{Executor, ProcessPool};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn pool(workers: usize) -> ProcessPool {
    ProcessPool::new(workers).unwrap()
}

/// Closed, then open for good; tasks in other processes can wait at it.
pub struct FileGate(Files);

impl FileGate {
    pub fn new() -> Self {
        Self(Files::new())
    }

    /// For the argument of a task that waits.
    pub fn path(&self) -> PathBuf {
        self.0.path("open")
    }

    /// A file beside the gate, for what tasks leave.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    pub fn open(&self) {
        open(&self.path());
    }
}

impl Drop for FileGate {
    fn drop(&mut self) {
        let _ = std::fs::write(self.path(), "");
    }
}

/// The task that waits at a gate.
pub fn wait_at(gate: PathBuf) {
    wait_until_open(&gate);
}

/// The task that waits for its end.
pub fn spin(_: ()) {
    loop {
        std::hint::spin_loop();
    }
}

pub fn echo(text: String) -> String {
    text
}

/// The workers of a pool do what they are told.
pub fn echo_all(pool: &ProcessPool) {
    let tasks: Vec<_> = (0..40)
        .map(|n| "x".repeat(n * 100))
        .map(|text| (pool.submit(echo, text.clone()), text))
        .collect();
    for (task, text) in tasks {
        assert_eq!(task.result().unwrap(), text);
    }
}

pub fn pid(_: ()) -> u32 {
    std::process::id()
}

/// How many lines the tasks have written.
pub fn lines(file: &Path) -> usize {
    notes(file).len()
}

/// Is there such a process? Dead ones that were not waited for count.
pub fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub fn send(pid: u32, signal: i32) {
    // SAFETY: two numbers.
    unsafe { libc::kill(pid as libc::pid_t, signal) };
}

/// Numbers from a seed, the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Less than that.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }
}

impl Iterator for Dice {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        Some(self.roll())
    }
}

/// How long a test without an end of its own runs, if it is to run longer than usual: `RADDLE_STORM_SECONDS`.
pub fn storm_time() -> Option<Duration> {
    let seconds = std::env::var("RADDLE_STORM_SECONDS").ok()?;
    Some(Duration::from_secs(seconds.parse().expect("whole seconds")))
}

/// Each run's own, or what `RADDLE_STORM_SEED` says.
pub fn storm_seed() -> u64 {
    std::env::var("RADDLE_STORM_SEED").map_or(7, |seed| seed.parse().expect("a number"))
}
