//! What these tests share: a watchdog, and gates that reach into other processes.

use raddle::{Executor, ProcessPool};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Ends the process, with the test's name, if the test hangs. Hold it for the length of the test.
pub struct Watch {
    _alive: mpsc::Sender<()>,
}

pub fn watch() -> Watch {
    watch_for(Duration::ZERO)
}

/// A test that is to take so long by itself.
pub fn watch_for(long: Duration) -> Watch {
    let limit = long + Duration::from_secs(120);
    let (alive, ended) = mpsc::channel();
    let test = thread::current().name().unwrap_or("a test").to_owned();
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let _ = writeln!(std::io::stderr(), "{test} hangs");
            std::process::abort();
        }
    });
    Watch { _alive: alive }
}

pub fn pool(workers: usize) -> ProcessPool {
    ProcessPool::new(workers).unwrap()
}

/// Waits until a condition holds that is not announced.
pub fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Closed, then open for good; tasks in other processes can wait at it.
pub struct Gate(tempfile::TempDir);

impl Gate {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// For the argument of a task that waits.
    pub fn path(&self) -> PathBuf {
        self.0.path().join("open")
    }

    /// A file beside the gate, for what tasks leave.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn open(&self) {
        std::fs::write(self.path(), "").unwrap();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = std::fs::write(self.path(), "");
    }
}

/// The task that waits at a gate.
pub fn wait_at(gate: PathBuf) {
    until(|| gate.exists());
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

/// Adds a line to a file, whole.
pub fn note(file: &Path, line: &str) {
    let mut file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(file)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

pub fn lines(file: &Path) -> usize {
    std::fs::read_to_string(file).map_or(0, |text| text.lines().count())
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

/// True in a process of its own in which this test is the only one. Elsewhere it starts that process,
/// insists on its success, and says false. For tests that change the process as a whole.
pub fn alone(test: &str) -> bool {
    const MARK: &str = "RADDLE_TEST_ALONE";
    if std::env::var(MARK).is_ok_and(|mark| mark == test) {
        return true;
    }
    let out = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, test)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains("1 passed"),
        "{test} alone: {}\n{said}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    false
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
