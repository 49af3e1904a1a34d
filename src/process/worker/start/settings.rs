//! What is the same for all workers of a pool.

use std::ffi::OsString;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The environment variable by which a process learns that it is a worker.
pub const ENV_MARKER: &str = "RADDLE_WORKER";

/// Where in the life of its program a worker begins.
///
/// In either case it begins with no signal blocked and none ignored (but `SIGPIPE`, as in every Rust program), whatever the parent has
/// set: tasks and the programs that they start can be interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Start {
    /// Before `main`: nothing has to be done in the program, which is why it works in tests, examples and below
    /// libraries.
    #[default]
    BeforeMain,
    /// Where `main` calls [`worker_main`](crate::process::worker_main): for programs that have to set things up before
    /// tasks can run. What `main` does to signals before is so in the worker.
    Main,
}

/// Where an output stream of the workers goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Output {
    /// To the parent's.
    #[default]
    Inherit,
    /// Nowhere.
    Null,
    /// Into a pipe that the pool reads.
    Captured,
}

/// A limit of the system on each worker (`setrlimit`), soft and hard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of address space beyond the pool's own shared memory; a larger allocation fails. It is less where the
    /// parent's own limit does not leave as much.
    AddressSpace(u64),
    /// Bytes of heap and private memory.
    Data(u64),
    /// Bytes of stack of the main thread, which runs the tasks.
    Stack(u64),
    /// Seconds of processor time; then the worker dies of `SIGXCPU` or `SIGKILL`.
    ProcessorSeconds(u64),
    /// Bytes of the largest file that can be written.
    FileSize(u64),
    /// Open files.
    OpenFiles(u64),
    /// Bytes of a core dump; 0 for none.
    CoreDump(u64),
}

/// What is the same for all workers of a pool.
#[derive(Debug, Default)]
pub struct Settings {
    pub start: Start,
    /// `/dev/null` without one.
    pub stdin: Option<OwnedFd>,
    pub stdout: Output,
    pub stderr: Output,
    /// Starts from an empty environment.
    pub clear_environment: bool,
    /// In order; without a value: removed.
    pub environment: Vec<(OsString, Option<OsString>)>,
    pub directory: Option<PathBuf>,
    /// Added to the parent's niceness.
    pub nice: Option<i32>,
    pub limits: Vec<Limit>,
    /// Code offsets of [`task_code::of_hook`](crate::process::worker::task_code::of_hook). The start hook runs first,
    /// then the sandbox, which may take away what that one needed.
    pub on_start: Option<u64>,
    pub sandbox: Option<u64>,
    pub on_stop: Option<u64>,
    /// The worker ends after so many tasks.
    pub max_tasks: Option<NonZeroU64>,
    /// Bytes of each arena of its lane; without it, what the limits of the parent leave.
    pub arena: Option<usize>,
}

impl Settings {
    /// Does the pool read what its workers write to their standard error?
    pub fn captures_stderr(&self) -> bool {
        self.stderr == Output::Captured
    }
}
