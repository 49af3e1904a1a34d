//! The settings that all workers of a pool share.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The environment variable that marks a process as a worker.
pub const ENV_MARKER: &str = "RADDLE_WORKER";

/// Where in its program a worker begins.
///
/// In either case it begins with no signal blocked and none ignored (except `SIGPIPE`, as in every Rust program), whatever the
/// parent has set. So tasks, and the programs that they start, can be interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Start {
    /// Before `main`. The program needs no change, so this works in tests, in examples, and in libraries that use a pool.
    #[default]
    BeforeMain,
    /// Where `main` calls [`worker_main`](crate::process::worker_main), for programs that have to set things up before tasks can run. What
    /// `main` sets for signals before that call holds in the worker.
    Main,
}

/// Where an output stream of the workers goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Output {
    /// To the parent's stream.
    #[default]
    Inherit,
    /// To `/dev/null`.
    Null,
    /// Into a pipe that the pool reads.
    Captured,
}

/// A system limit on each worker (`setrlimit`), soft and hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of address space, not counting the pool's own shared memory. An allocation beyond it fails. The limit is lower if the
    /// parent's own limit does not leave that much.
    AddressSpace(u64),
    /// Bytes of heap and private memory.
    Data(u64),
    /// Bytes of stack of the main thread, which runs the tasks.
    Stack(u64),
    /// Seconds of processor time. After them the worker dies by `SIGXCPU` or `SIGKILL`.
    ProcessorSeconds(u64),
    /// Bytes of the largest file that the worker can write.
    FileSize(u64),
    /// Number of open files.
    OpenFiles(u64),
    /// Bytes of a core dump; 0 for none.
    CoreDump(u64),
}

/// The settings that all workers of a pool share.
#[derive(Debug, Default)]
pub struct Settings {
    pub start: Start,
    /// `None`: `/dev/null`.
    pub stdin: Option<OwnedFd>,
    pub stdout: Output,
    pub stderr: Output,
    /// Starts from an empty environment.
    pub clear_environment: bool,
    /// Changes of the environment, in order. Without a value, the variable is removed.
    pub environment: Vec<(OsString, Option<OsString>)>,
    pub directory: Option<PathBuf>,
    /// Added to the parent's niceness.
    pub nice: Option<i32>,
    pub limits: Vec<Limit>,
    /// The hooks are code offsets of [`task_code::of_hook`](crate::process::worker::task_code::of_hook). The start hook runs first,
    /// then the sandbox hook, which may take away rights that the start hook needed.
    pub on_start: Option<u64>,
    pub sandbox: Option<u64>,
    pub on_stop: Option<u64>,
    /// The worker ends after this many tasks.
    pub max_tasks: Option<NonZeroU64>,
    /// Bytes of each arena of a lane. `None`: the default, within the limits of the parent.
    pub arena: Option<usize>,
}

impl Settings {
    /// Does the pool read what its workers write to their standard error?
    pub fn captures_stderr(&self) -> bool {
        self.stderr == Output::Captured
    }
}
