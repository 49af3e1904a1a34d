//! The supervisor's state for each worker and for each deadline. Only the supervisor's thread uses it.

use crate::error::worker_lost::{LostCause, WorkerExit};
use crate::process::pool::revoke::Skips;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::process::supervisor::output::OutputCapture;
use crate::process::worker::start::{StartError, Started};
use crate::sync::Arc;
use crate::sys::limits;
use std::io;
use std::time::{Duration, Instant};

/// Which of a worker's descriptors an epoll event refers to.
#[derive(Clone, Copy)]
#[repr(u64)]
pub enum FdToken {
    Process,
    Control,
    Stdout,
    Stderr,
}

impl FdToken {
    pub const ALL: [Self; 4] = [Self::Process, Self::Control, Self::Stdout, Self::Stderr];

    /// The epoll number of this descriptor of a slot.
    pub fn number(self, slot: usize) -> u64 {
        (slot * Self::ALL.len()) as u64 + self as u64
    }

    /// The epoll numbers of all descriptors of `slots` slots.
    pub fn all(slots: usize) -> Vec<u64> {
        (0..(slots * Self::ALL.len()) as u64).collect()
    }

    /// The slot and the descriptor of an epoll number.
    pub fn of(number: u64) -> (usize, Self) {
        let number = number as usize;
        (
            number / Self::ALL.len(),
            Self::ALL[number % Self::ALL.len()],
        )
    }
}

/// Why a worker is being ended.
#[derive(Clone)]
pub enum TerminationCause {
    Lost(LostCause),
    /// Its task ran past its deadline.
    Deadline,
}

/// The state of ending a worker. [`terminate`](super::terminate) has the steps.
pub struct Termination {
    /// The task because of which the worker is ended. `None`: it is ended in any case.
    pub task: Option<TaskLocation>,
    pub why: TerminationCause,
    /// `SIGSTOP` was sent. When the worker has stopped, the supervisor checks what it runs.
    pub stopping: bool,
    /// When the next step is due: `SIGKILL`, or, if a task is named, `SIGSTOP` before it.
    pub next_step: Instant,
    /// `SIGTERM` was sent, or is skipped.
    pub polite: bool,
}

impl Termination {
    /// Does this termination end the task at that location?
    pub fn is_for(&self, location: TaskLocation) -> bool {
        self.task.is_none_or(|task| task == location)
    }
}

/// The state of checking that a worker skips revoked numbers.
pub struct SkipWatch {
    /// When to check again.
    pub at: Instant,
    /// What the last check found.
    pub found: Skips,
    /// The processor time that the worker had used by then.
    pub ticks: Option<u64>,
}

/// The state of a worker slot. The [supervisor](super) has the transitions.
pub enum SlotState {
    Empty,
    Starting(Started),
    Up(Started),
    Dead { pid: u32, exit: WorkerExit },
}

/// The slot of one lane's worker.
pub struct WorkerSlot {
    pub state: SlotState,
    /// When the worker was started.
    pub since: Instant,
    pub termination: Option<Termination>,
    /// The worker is to end: its lane was closed, or `SIGKILL` was sent.
    pub closing: bool,
    /// The worker was asked to retire.
    pub retiring: bool,
    /// Why the worker will not be ready, while its process is being ended.
    pub start_error: Option<StartError>,
    /// Failed starts in a row.
    pub failures: u32,
    /// When to update the slot again.
    pub due: Option<Instant>,
    pub skips: Option<SkipWatch>,
    /// The system refused a signal to the worker: the parent has given up rights that the worker still has.
    pub signal_error: Option<io::Error>,
    /// When the supervisor stops waiting for the end of such a worker.
    pub given_up: Option<Instant>,
    pub stdout: OutputCapture,
    pub stderr: OutputCapture,
}

impl WorkerSlot {
    pub fn new(now: Instant) -> Self {
        Self {
            state: SlotState::Empty,
            since: now,
            termination: None,
            closing: false,
            retiring: false,
            start_error: None,
            failures: 0,
            due: None,
            skips: None,
            signal_error: None,
            given_up: None,
            stdout: OutputCapture::new(log::Level::Info),
            stderr: OutputCapture::new(log::Level::Warn),
        }
    }

    /// When the start of the worker has taken `limit`, if it is not ready and is not being ended for that.
    pub fn start_due(&self, limit: Duration) -> Option<Instant> {
        match self.state {
            SlotState::Starting(_) if self.start_error.is_none() => self.since.checked_add(limit),
            _ => None,
        }
    }

    /// The worker of the slot, if it has one that has not ended.
    pub fn started(&self) -> Option<&Started> {
        match &self.state {
            SlotState::Starting(started) | SlotState::Up(started) => Some(started),
            _ => None,
        }
    }

    /// Sends a signal to the worker. If the system refuses, the error is kept in [`signal_error`](Self::signal_error).
    pub fn signal(&mut self, signal: i32) {
        let sent = self.started().map(|started| started.process.signal(signal));
        if let Some(Err(error)) = sent {
            self.signal_error.get_or_insert(error);
        }
    }
}

/// The deadline of a task, ordered by time.
pub struct DeadlineTimer(pub Instant, pub Arc<TaskOptions>);

impl PartialEq for DeadlineTimer {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl Eq for DeadlineTimer {}
impl PartialOrd for DeadlineTimer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for DeadlineTimer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// The private memory of a process in bytes: its resident set without shared pages.
pub fn private_memory(pid: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut pages = pages
        .split(' ')
        .skip(1)
        .map_while(|count| count.parse::<u64>().ok());
    let (resident, shared) = (pages.next()?, pages.next()?);
    Some(resident.saturating_sub(shared) * limits::page_size())
}
