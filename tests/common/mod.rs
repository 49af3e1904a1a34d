//! What the tests of several programs share: a watchdog, files that reach into other processes, and tests that run alone.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

mod gates;
pub use gates::{note, notes, open, until, wait_until_open};

/// Ends the process, with the test's name, if the test hangs. Hold it for the length of the test.
pub struct Watch {
    _alive: mpsc::Sender<()>,
}

pub fn watch() -> Watch {
    watch_for(Duration::ZERO)
}

/// For a test that is to take so long by itself.
pub fn watch_for(long: Duration) -> Watch {
    let limit = long + Duration::from_secs(120);
    let (alive, ended) = mpsc::channel();
    let test = thread::current()
        .name()
        .unwrap_or("a test without a name")
        .to_owned();
    thread::spawn(move || {
        if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            // Past the test harness, which keeps what a test prints until it ends.
            let _ = writeln!(std::io::stderr(), "{test} hangs");
            std::process::abort();
        }
    });
    Watch { _alive: alive }
}

/// A folder for gates and notes.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// True in a process of its own in which this test is the only one. Elsewhere it starts that process,
/// insists on its success, and says false. For tests that look at the process as a whole, or change it.
pub fn alone(test: &str) -> bool {
    const MARK: &str = "RADDLE_TEST_ALONE";
    if std::env::var(MARK).is_ok_and(|mark| mark == test) {
        return true;
    }
    let out = Command::new(std::env::current_exe().unwrap())
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
