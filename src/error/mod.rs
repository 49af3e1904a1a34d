//! The error types, one for each operation that can fail: [`TaskError`] for a task, [`Rejected`] for a task
//! that a pool did not accept, [`BuildError`] for a pool that could not be built, [`ShutdownError`]
//! for a shutdown that did not end the pool, [`QueueError`] for a queue.

mod build;
mod code;
pub(crate) mod payload;
mod queue;
#[cfg(test)]
mod tests;
pub(crate) mod worker_lost;

pub use build::BuildError;
pub use code::CodeError;
pub use payload::{PayloadError, PayloadReason, PayloadStage};
pub use queue::{PutError, QueueError};
pub use worker_lost::{LostCause, WorkerExit, WorkerLost};

use std::any::Any;
use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;

/// Any error that may move to another thread.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why a future has no value.
///
/// Its text is one line. The error that a task returned is not in it: that is the [`source`](Error::source) of
/// [`Failed`](Self::Failed), so that a report that prints all sources prints each text once. `{:#}` prints the sources on
/// the same line.
///
/// ```
/// use raddle::{TaskError, ThreadPool};
///
/// let pool = ThreadPool::new(1)?;
/// let error = pool.spawn(|| -> u32 { panic!("no such row") }).result().unwrap_err();
/// assert!(matches!(error, TaskError::Panicked(report) if report.message() == "no such row"));
///
/// let error = pool.try_spawn(|| "12x".parse::<u32>()).result().unwrap_err();
/// assert_eq!(error.to_string(), "the task failed");
/// assert_eq!(format!("{error:#}"), "the task failed: invalid digit found in string");
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskError {
    /// The task was cancelled before it started; it never ran.
    Cancelled,
    /// The task panicked.
    Panicked(PanicReport),
    /// The task returned an error (from `try_spawn`, `try_submit`, `try_map`, `try_map_unordered` or
    /// [`Promise::fail`](crate::Promise::fail)).
    Failed(BoxError),
    /// The pool did not accept the task; it never ran.
    Rejected(Rejected),
    /// The [`Promise`](crate::Promise) was dropped without an outcome.
    Abandoned,
    /// A `map` ran past its time limit, and what had not started was cancelled; or a task ran past its deadline: one of a
    /// [process pool](crate::process::TaskBuilder::deadline), whose worker was ended, or one of an
    /// [isolate](crate::isolate::TaskBuilder::deadline).
    TimedOut,
    /// [`Future::kill`](crate::Future::kill) ended the task, which ran on an
    /// [isolate that can be interrupted](crate::isolate::IsolatePoolBuilder::on_interrupt).
    Killed,
    /// The process that ran the task ended before the task was done, by itself or by [`Future::kill`](crate::Future::kill).
    WorkerLost(WorkerLost),
    /// The argument or the result could not be moved between the processes.
    Payload(PayloadError),
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled before it started"),
            Self::Panicked(report) => report.fmt(f),
            Self::Failed(_) => f.write_str("the task failed"),
            Self::Rejected(why) => write!(f, "the task was not accepted: {why}"),
            Self::Abandoned => f.write_str("the promise was dropped without an outcome"),
            Self::TimedOut => f.write_str("the time limit passed"),
            Self::Killed => f.write_str("the task was killed"),
            Self::WorkerLost(lost) => lost.fmt(f),
            Self::Payload(error) => error.fmt(f),
        }?;
        sources(self, f)
    }
}

/// With `{:#}`: writes the texts of the sources of `error`, on the same line.
fn sources(error: &dyn Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if !f.alternate() {
        return Ok(());
    }
    let mut next = error.source();
    while let Some(source) = next {
        write!(f, ": {source}")?;
        next = source.source();
    }
    Ok(())
}

impl Error for TaskError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error.as_ref()),
            // The texts of the others include what is in them.
            _ => None,
        }
    }
}

impl From<Rejected> for TaskError {
    fn from(why: Rejected) -> Self {
        Self::Rejected(why)
    }
}

impl From<PayloadError> for TaskError {
    fn from(error: PayloadError) -> Self {
        Self::Payload(error)
    }
}

impl From<BoxError> for TaskError {
    fn from(error: BoxError) -> Self {
        Self::Failed(error)
    }
}

/// What is known about a task's panic: message, location, task, worker and, if
/// `RUST_BACKTRACE` asks for one, the backtrace.
///
/// ```
/// use raddle::{TaskError, ThreadPool};
///
/// let pool = ThreadPool::builder().workers(1).name("db").build()?;
/// let done = pool.task().name("load").spawn(|| -> u8 { panic!("disk is gone") });
/// let Err(TaskError::Panicked(report)) = done.result() else { unreachable!() };
/// assert_eq!(report.message(), "disk is gone");
/// assert_eq!(report.task(), Some("load"));
/// assert_eq!(report.worker(), Some("db-0"));
/// assert!(report.location().unwrap().contains(".rs:"));
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct PanicReport(Box<PanicDetails>);

pub(crate) struct PanicDetails {
    pub payload: Box<dyn Any + Send>,
    pub message: String,
    pub location: Option<String>,
    pub task: Option<String>,
    pub worker: Option<String>,
    pub backtrace: Option<Trace>,
}

/// A backtrace of this process, or the text of a backtrace of another process.
pub(crate) enum Trace {
    Here(Backtrace),
    There(String),
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(backtrace) => backtrace.fmt(f),
            Self::There(text) => f.write_str(text),
        }
    }
}

impl PanicReport {
    pub(crate) fn new(details: PanicDetails) -> Self {
        Self(Box::new(details))
    }

    /// A copy for a second future that fails with the same panic. Its payload is the message.
    pub(crate) fn again(&self) -> Self {
        let PanicDetails {
            message,
            location,
            task,
            worker,
            backtrace,
            ..
        } = &*self.0;
        Self::new(PanicDetails {
            payload: Box::new(message.clone()),
            message: message.clone(),
            location: location.clone(),
            task: task.clone(),
            worker: worker.clone(),
            backtrace: backtrace
                .as_ref()
                .map(|trace| Trace::There(trace.to_string())),
        })
    }

    /// The panic's message. A fixed text if the payload is not a string.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// `file:line:column` of the panic. `None` if the program replaced the panic hook after it built its first pool:
    /// only the panic hook of this crate learns the location.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The task's name, if it has one.
    pub fn task(&self) -> Option<&str> {
        self.0.task.as_deref()
    }

    /// The name of the worker that ran the task. `None` if the task ran on another thread.
    pub fn worker(&self) -> Option<&str> {
        self.0.worker.as_deref()
    }

    /// The backtrace of the panic. It is captured only if `RUST_BACKTRACE` or `RUST_LIB_BACKTRACE`
    /// asks for it. A panic in a worker process has the text that the worker sent.
    pub fn backtrace(&self) -> Option<&dyn fmt::Display> {
        self.0.backtrace.as_ref().map(|trace| trace as _)
    }

    /// The panic's payload, as `std::panic::catch_unwind` returned it. A panic in a worker process has the message, a
    /// `String`.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.payload
    }

    /// Resumes the panic on this thread. The panic hook does not run a second time.
    ///
    /// # Panics
    /// Always, with the payload of the report.
    pub fn resume(self) -> ! {
        std::panic::resume_unwind(self.0.payload)
    }
}

// SAFETY: the only part that is not Sync is the payload (`dyn Any + Send`). `&PanicReport` gives no access to it; only
// `into_payload` and `resume` do, which own the report.
unsafe impl Sync for PanicReport {}

impl fmt::Debug for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PanicReport")
            .field("message", &self.0.message)
            .field("location", &self.0.location)
            .field("task", &self.0.task)
            .field("worker", &self.0.worker)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task() {
            Some(name) => write!(f, "task '{name}' panicked")?,
            None => f.write_str("the task panicked")?,
        }
        if let Some(worker) = self.worker() {
            write!(f, " on worker '{worker}'")?;
        }
        if let Some(location) = self.location() {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.message())
    }
}

/// Why a pool did not accept a task.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected {
    /// The pool was shut down.
    ShutDown {
        /// The pool's name.
        pool: String,
    },
    /// The queue was full, and the pool was built with [`WhenFull::Reject`](crate::WhenFull).
    QueueFull {
        /// The pool's name.
        pool: String,
        /// Its `queue_limit`.
        limit: usize,
    },
    /// The call was made in a forked child: the pool's threads stayed in the parent.
    Forked {
        /// The pool's name; empty if it is not known.
        pool: String,
    },
    /// `spawn_on` or `submit_on` named a worker that the pool does not have.
    NoSuchWorker {
        /// The requested index.
        worker: usize,
        /// How many workers there are.
        workers: usize,
    },
    /// A count that has to be at least one was zero.
    Zero {
        /// Which one: `"chunk"` or `"buffer"`.
        what: &'static str,
    },
    /// The pool is broken. A process pool has no workers and starts no new ones; a pool of isolates builds no states any more.
    Broken {
        /// The pool's name.
        pool: String,
        /// The cause.
        why: String,
    },
    /// A task that uses the state of an isolate made the call, and only that isolate could run the new one.
    InsideIsolate {
        /// The isolate's name.
        isolate: String,
    },
    /// [`IsolatePool::prepare`](crate::IsolatePool::prepare) was called by one of the pool's own tasks, for whose end it would wait.
    InsidePool {
        /// The pool's name.
        pool: String,
    },
    /// A panic had spoiled the state of an isolate, and it could not be built anew. The isolate tries again for the next task.
    NoState {
        /// The isolate's name.
        isolate: String,
        /// The error of what builds the state.
        why: String,
    },
    /// A worker process could not find the task's code.
    Code {
        /// The reason, and what to do.
        why: CodeError,
    },
    /// The argument takes more memory than a lane can hold: see
    /// [`ProcessPoolBuilder::arena`](crate::process::ProcessPoolBuilder::arena).
    TooLarge {
        /// Its length in bytes.
        bytes: usize,
        /// The largest length that this pool accepts.
        limit: usize,
    },
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShutDown { pool } => write!(f, "pool '{pool}' has been shut down"),
            Self::QueueFull { pool, limit } => {
                write!(f, "the queue of pool '{pool}' is full ({limit} tasks)")
            }
            Self::Forked { pool } if pool.is_empty() => {
                f.write_str("its pool belongs to the parent of this forked process; build one here")
            }
            Self::Forked { pool } => write!(
                f,
                "pool '{pool}' belongs to the parent of this forked process; build one here"
            ),
            Self::NoSuchWorker { worker, workers } => {
                write!(
                    f,
                    "there is no worker {worker}: the pool has {workers} (0 to {})",
                    workers - 1
                )
            }
            Self::Zero { what } => write!(f, "{what} is zero; it has to be at least 1"),
            Self::Broken { pool, why } => write!(f, "pool '{pool}' is broken: {why}"),
            Self::InsideIsolate { isolate } => write!(
                f,
                "a task of isolate '{isolate}' sent it to its own isolate, which would wait for itself; use the state that the task \
                 has, or send it from outside"
            ),
            Self::InsidePool { pool } => write!(
                f,
                "a task of pool '{pool}' called it, and it would wait for that task; call it from outside"
            ),
            Self::NoState { isolate, why } => write!(
                f,
                "the state of isolate '{isolate}' could not be built anew after a panic: {why}"
            ),
            Self::Code { why } => why.fmt(f),
            Self::TooLarge { bytes, limit } => write!(
                f,
                "its argument takes {bytes} bytes, {}",
                TooLong { limit: *limit }
            ),
        }
    }
}

/// The second half of an error text: the limit that a payload exceeds, and what to do.
pub(crate) struct TooLong {
    pub limit: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit;
        if limit == payload::MOST_BYTES {
            return write!(
                f,
                "more than the {limit} that one payload may take; pass a file, or pass it in pieces"
            );
        }
        write!(
            f,
            "more than the {limit} that fit in the arena of this pool's lanes; build the pool with a larger \
             `ProcessPoolBuilder::arena` (a low RLIMIT_AS or RLIMIT_FSIZE makes it smaller), or pass a file, or pass it in \
             pieces"
        )
    }
}

impl Error for Rejected {}

/// Why a shutdown did not end the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShutdownError {
    /// Called by one of the pool's own workers, which cannot wait for its own end. The pool
    /// accepts no new tasks from now on; wait for its end on another thread.
    InsideWorker {
        /// The pool's name.
        pool: String,
        /// The calling worker.
        worker: usize,
    },
    /// The time limit passed. The shutdown goes on; call again to wait longer.
    TimedOut {
        /// The tasks that were running at that moment.
        running: usize,
        /// The tasks that were queued at that moment.
        queued: usize,
    },
    /// Called by a callback on a thread of a process pool, which cannot wait for its own end.
    /// The pool accepts no new tasks from now on; wait for its end on another thread.
    InCallback {
        /// The pool's name.
        pool: String,
    },
    /// Called in a forked child: the pool's threads stayed in the parent.
    Forked {
        /// The pool's name.
        pool: String,
    },
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsideWorker { pool, worker } => write!(
                f,
                "worker {worker} of pool '{pool}' cannot wait for its own end; wait on another thread"
            ),
            Self::TimedOut { running, queued } => write!(
                f,
                "the time limit passed with {running} tasks running and {queued} queued"
            ),
            Self::InCallback { pool } => write!(
                f,
                "a callback on a thread of pool '{pool}' cannot wait for the pool's end; wait on another thread"
            ),
            Self::Forked { pool } => {
                write!(
                    f,
                    "pool '{pool}' belongs to the parent of this forked process"
                )
            }
        }
    }
}

impl Error for ShutdownError {}
