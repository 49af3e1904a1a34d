//! Why a pool could not be built.

use super::{BoxError, sources};
use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

/// Why a pool could not be built. Whatever had been started was stopped and joined, except after
/// [`StartTimeout`](Self::StartTimeout): then each thread ends by itself when its hook returns.
///
/// Its text is one line, and so is that of its [`source`](Error::source), the error of a hook or of the system. Print it
/// with `{:#}`, which puts both on one line: the text of a system error says what to do about it.
///
/// ```
/// use raddle::ThreadPool;
///
/// let error = ThreadPool::builder().workers(1).on_start(|_| Err("no licence".into())).build().unwrap_err();
/// assert_eq!(error.to_string(), "the start hook of worker 0 failed");
/// assert_eq!(format!("{error:#}"), "the start hook of worker 0 failed: no licence");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// Zero workers were asked for.
    ZeroWorkers,
    /// More workers than a pool can have.
    TooManyWorkers {
        /// The requested number.
        workers: usize,
        /// The largest number.
        limit: usize,
    },
    /// `queue_limit(0)`: no task could ever be accepted.
    ZeroQueueLimit,
    /// The pool's name contains a NUL byte, which a thread name cannot.
    BadName {
        /// The name.
        name: String,
    },
    /// `Pin::List` with an empty list.
    EmptyCoreList,
    /// `Pin::List` names a core twice.
    DuplicateCore {
        /// The core.
        core: usize,
    },
    /// `Pin::List` names a core that does not exist or that this process may not use.
    CoreNotAllowed {
        /// The core.
        core: usize,
        /// The cores that this process may use.
        allowed: Vec<usize>,
    },
    /// `Pin::List` names another number of cores than `workers` asks for.
    CoreCount {
        /// How many cores the list names.
        cores: usize,
        /// The requested number of workers.
        workers: usize,
    },
    /// `Pin::Cores` with more workers than there are cores that this process may use.
    NotEnoughCores {
        /// The requested number of workers.
        workers: usize,
        /// The cores that this process may use.
        allowed: Vec<usize>,
    },
    /// The system refused to pin a worker.
    Pin {
        /// The worker.
        worker: usize,
        /// Its core.
        core: usize,
    },
    /// The system refused to start a thread.
    Thread {
        /// The worker that could not be started.
        worker: usize,
        /// How many workers had started. They were stopped again.
        started: usize,
        /// The limit on processes and threads of this user (`RLIMIT_NPROC`), if there is one.
        limit: Option<u64>,
        /// The system's error, and what to do.
        source: io::Error,
    },
    /// The start hook of a worker failed or panicked.
    StartHook {
        /// The worker.
        worker: usize,
        /// The hook's error.
        source: BoxError,
    },
    /// Not all workers were ready within the `start_timeout`: a start hook, or what builds an isolate's state, takes longer or
    /// never returns.
    StartTimeout {
        /// How many workers were ready.
        ready: usize,
        /// The requested number of workers.
        workers: usize,
        /// The `start_timeout`.
        limit: Duration,
    },
    /// A worker process could not be started, or ended before it was ready.
    Process {
        /// The worker.
        worker: usize,
        /// What happened, and what to do.
        why: String,
    },
    /// The system refused the memory, descriptors or thread that a process pool needs.
    System {
        /// What was refused.
        what: &'static str,
        /// The system's error, and what to do.
        source: io::Error,
    },
    /// `arena` is smaller or larger than an arena can be.
    BadArena {
        /// The requested length.
        bytes: usize,
        /// The smallest length.
        least: usize,
        /// The largest length.
        most: usize,
    },
    /// A resource limit of this process is too low for the memory that a process pool shares with its workers.
    NoRoom {
        /// `"RLIMIT_AS"` or `"RLIMIT_FSIZE"`.
        limit: &'static str,
        /// The bytes that it leaves: of address space, or of one file.
        left: u64,
        /// The bytes that the pool needs.
        needed: u64,
        /// The number of workers.
        workers: usize,
    },
    /// A worker process could not find the code of this program or of its start hook.
    Code {
        /// The reason, and what to do.
        why: String,
    },
    /// A process pool or a pool of isolates was built with [`WhenFull::RunOnCaller`](crate::WhenFull). The caller is no worker process, and
    /// has no state.
    RunOnCaller,
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroWorkers => f.write_str("a pool needs at least one worker; a builder without `workers` makes one for each core"),
            Self::TooManyWorkers { workers, limit } => {
                write!(f, "{workers} workers are too many: the limit is {limit}")
            }
            Self::ZeroQueueLimit => f.write_str("a queue_limit of 0 accepts no task; use at least 1"),
            Self::BadName { name } => write!(f, "the pool name {name:?} contains a NUL byte"),
            Self::EmptyCoreList => f.write_str("the core list is empty"),
            Self::DuplicateCore { core } => write!(f, "the core list names core {core} twice"),
            Self::CoreNotAllowed { core, allowed } => write!(
                f,
                "core {core} does not exist, or this process may not use it; it may use {allowed:?}"
            ),
            Self::CoreCount { cores, workers } => {
                write!(f, "the core list names {cores} cores for {workers} workers; it needs one for each")
            }
            Self::NotEnoughCores { workers, allowed } => write!(
                f,
                "{workers} workers cannot have one core each: this process may use {allowed:?}"
            ),
            Self::Pin { worker, core } => {
                write!(
                    f,
                    "the system refused to pin worker {worker} to core {core} (sched_setaffinity): allow that, or build the \
                     pool without `pin`"
                )
            }
            Self::Thread {
                worker, started, ..
            } => write!(
                f,
                "the thread of worker {worker} could not be started; {started} workers had started"
            ),
            Self::StartHook { worker, .. } => {
                write!(f, "the start hook of worker {worker} failed")
            }
            Self::StartTimeout {
                ready,
                workers,
                limit,
            } => write!(
                f,
                "{ready} of {workers} workers were ready after {limit:?}: their start hooks, or what builds their states, take longer or never return; raise \
                 `start_timeout`, or find what they wait for"
            ),
            Self::Process { worker, why } => {
                write!(f, "worker process {worker} did not start: {why}")
            }
            Self::System { what, .. } => write!(f, "the system refused {what}"),
            Self::BadArena { bytes, least, most } => write!(
                f,
                "an arena cannot have {bytes} bytes; it takes {least} to {most}"
            ),
            Self::NoRoom {
                limit,
                left,
                needed,
                workers,
            } => write!(
                f,
                "{limit} leaves {left} bytes, and the lanes of {workers} workers need {needed}{}: raise it, or build the \
                 pool with {} smaller `arena`",
                if *limit == "RLIMIT_FSIZE" { " for each file" } else { "" },
                if *limit == "RLIMIT_FSIZE" { "a" } else { "fewer workers or a" },
            ),
            Self::Code { why } => f.write_str(why),
            Self::RunOnCaller => f.write_str(
                "this kind of pool does not run tasks on the caller; choose WhenFull::Block or WhenFull::Reject",
            ),
        }?;
        sources(self, f)
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread { source, .. } | Self::System { source, .. } => Some(source),
            Self::StartHook { source, .. } => Some(source.as_ref()),
            // The texts of the others include what is in them.
            _ => None,
        }
    }
}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        let kind = match &error {
            BuildError::Thread { source, .. } | BuildError::System { source, .. } => source.kind(),
            BuildError::StartTimeout { .. } => io::ErrorKind::TimedOut,
            BuildError::StartHook { .. } | BuildError::Process { .. } | BuildError::Code { .. } => {
                io::ErrorKind::Other
            }
            _ => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}
