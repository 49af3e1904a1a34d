//! What is known about a worker process that ended before its task was done.

#[cfg(feature = "process")]
use crate::sys::pidfd::Ended;
use std::fmt;

/// The process that ran a task ended before the task was done. No other task is lost.
///
/// ```
/// use raddle::process::WorkerExit;
/// use raddle::{Executor, ProcessPool, TaskError};
///
/// let pool = ProcessPool::new(1)?;
/// let lost = pool.submit(|code: i32| -> u32 { std::process::exit(code) }, 7);
/// let Err(TaskError::WorkerLost(lost)) = lost.result() else { unreachable!() };
/// assert_eq!(lost.exit(), WorkerExit::Exited(7));
/// assert_eq!(pool.submit(|n: u32| n + 1, 1).result().unwrap(), 2);
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerLost(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    pub pid: u32,
    pub worker: String,
    pub exit: WorkerExit,
    pub cause: LostCause,
    pub task: Option<String>,
    pub deaths: u32,
    pub stderr: Option<String>,
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkerExit {
    /// It exited with this code: code in the task called `exit`.
    Exited(i32),
    /// This signal ended it: 11 is a segmentation fault, 6 an abort, 9 comes from the out-of-memory killer or from another
    /// process with the permission to send it.
    Signaled(i32),
    /// The system did not report it: this program ignores `SIGCHLD`, or it waits for children that it did not start itself.
    Unknown,
}

/// Why a worker ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LostCause {
    /// By itself, or by a signal from outside of the pool.
    Died,
    /// By [`Future::kill`](crate::Future::kill).
    Killed,
    /// By [`terminate_workers`](crate::ProcessPool::terminate_workers) or
    /// [`kill_workers`](crate::ProcessPool::kill_workers).
    Stopped,
    /// The pool ended it, because it violated the protocol of the shared memory. The text says how.
    ProtocolViolation(String),
}

impl WorkerLost {
    pub(crate) fn new(details: Details) -> Self {
        Self(Box::new(details))
    }

    /// The worker's process id. The system may have given it to another process since.
    pub fn pid(&self) -> u32 {
        self.0.pid
    }

    /// The worker's name.
    pub fn worker(&self) -> &str {
        &self.0.worker
    }

    /// How it ended.
    pub fn exit(&self) -> WorkerExit {
        self.0.exit
    }

    /// Why it ended.
    pub fn cause(&self) -> &LostCause {
        &self.0.cause
    }

    /// The task's name, if it has one.
    pub fn task(&self) -> Option<&str> {
        self.0.task.as_deref()
    }

    /// How many workers this task has cost; more than one if it was
    /// [retried](crate::process::TaskBuilder::idempotent).
    pub fn deaths(&self) -> u32 {
        self.0.deaths
    }

    /// The last lines that the worker wrote to its standard error, if the pool
    /// [captures](crate::process::Output::Captured) it.
    pub fn stderr(&self) -> Option<&str> {
        self.0.stderr.as_deref()
    }
}

impl fmt::Display for WorkerLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            pid,
            worker,
            exit,
            cause,
            task,
            deaths,
            stderr,
        } = &*self.0;
        write!(f, "worker '{worker}' (pid {pid}) {exit}")?;
        match task {
            Some(name) => write!(f, " while it ran task '{name}'")?,
            None => f.write_str(" while it ran the task")?,
        }
        match cause {
            LostCause::Died => {}
            LostCause::Killed => f.write_str(", by request")?,
            LostCause::Stopped => f.write_str(", because its pool was stopped")?,
            LostCause::ProtocolViolation(what) => {
                write!(f, ", because it violated the protocol: {what}")?
            }
        }
        if *deaths > 1 {
            write!(f, "; {deaths} workers died while they ran this task")?;
        }
        match stderr {
            Some(tail) if !tail.is_empty() => write!(
                f,
                "; the last lines of its standard error:\n{}",
                tail.trim_end()
            ),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for WorkerLost {}

impl fmt::Display for WorkerExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Signaled(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "was ended by {name}"),
                None => write!(f, "was ended by signal {signal}"),
            },
            Self::Unknown => f.write_str("ended"),
        }
    }
}

#[cfg(feature = "process")]
impl From<Ended> for WorkerExit {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Exited(code) => Self::Exited(code),
            Ended::Signaled(signal) => Self::Signaled(signal),
            Ended::Unknown => Self::Unknown,
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGABRT => "SIGABRT",
        libc::SIGKILL => "SIGKILL",
        libc::SIGTERM => "SIGTERM",
        libc::SIGBUS => "SIGBUS",
        libc::SIGILL => "SIGILL",
        libc::SIGFPE => "SIGFPE",
        libc::SIGINT => "SIGINT",
        libc::SIGXCPU => "SIGXCPU",
        libc::SIGXFSZ => "SIGXFSZ",
        libc::SIGSYS => "SIGSYS",
        _ => return None,
    })
}
