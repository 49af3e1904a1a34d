//! Instruction counts: taking them with callgrind, and the committed baseline.
//!
//! `benches/instructions` is what is counted; gungraun runs it, one process per path, and leaves a summary of each.
//! The same program gives the same counts on every machine, so two counts are compared as they are.

mod baseline;
mod summary;
mod titles;

pub use baseline::{Baseline, Row};
pub use summary::{Problem, take};
pub use titles::title;

use std::process::Command;

/// What a count depends on besides the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tools {
    /// `rustc --version`.
    pub rustc: String,
    /// The platform, as rustc names it.
    pub target: String,
    /// The C library, whose functions are counted where a path calls them.
    pub libc: String,
    /// Valgrind's version.
    pub valgrind: String,
}

impl Tools {
    /// Those that would be used here and now.
    ///
    /// # Errors
    ///
    /// One of them does not run; its name and why.
    pub fn here() -> Result<Self, String> {
        let verbose = said("rustc", &["-vV"])?;
        let line = |start: &str| {
            let mut lines = verbose.lines();
            let found = lines.find_map(|line| line.strip_prefix(start));
            found
                .map(str::to_owned)
                .ok_or(format!("rustc does not say its {start:?}"))
        };
        // SAFETY: the library gives a string of its own that stays.
        let libc = unsafe { std::ffi::CStr::from_ptr(libc::gnu_get_libc_version()) };
        let valgrind = said("valgrind", &["--version"])?;
        Ok(Self {
            rustc: said("rustc", &["--version"])?,
            target: line("host: ")?,
            libc: format!("glibc {}", libc.to_string_lossy()),
            valgrind: valgrind.trim_start_matches("valgrind-").to_owned(),
        })
    }
}

fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
