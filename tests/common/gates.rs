//! Gates and notes as files: what a task of any executor can reach. Guests in WebAssembly are built with this file too.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::thread;

/// Waits until a condition holds that no thread announces.
pub fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// Opens a gate of files.
pub fn open(path: &Path) {
    File::create(path).unwrap();
}

/// Waits until a gate of files is open, or gone with its test, which then has failed.
pub fn wait_until_open(path: &Path) {
    until(|| path.exists() || path.parent().is_none_or(|folder| !folder.exists()));
}

/// Writes a line into a file that several tasks write to, whole.
pub fn note(path: &Path, line: impl std::fmt::Display) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The lines of such a file, in the order in which they came.
pub fn notes(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}
