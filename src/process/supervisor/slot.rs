//! What the supervisor keeps for each worker, and for each deadline.

use crate::error::worker_lost::{LostCause, WorkerExit};
use crate::process::pool::revoke::Skips;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::process::supervisor::output::OutputCapture;
use crate::process::worker::start::{StartError, Started};
use crate::sync::Arc;
use crate::sys::limits;
use std::io;
use std::time::Instant;

/// What of a slot a descriptor belongs to.
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

    pub fn number(self, slot: usize) -> u64 {
        (slot * Self::ALL.len()) as u64 + self as u64
    }

    /// The numbers of all that so many slots have.
    pub fn all(slots: usize) -> Vec<u64> {
        (0..(slots * Self::ALL.len()) as u64).collect()
    }

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

/// A worker that is being ended.
pub struct Termination {
    /// For the sake of one task, or (none) for good.
    pub task: Option<TaskLocation>,
    pub why: TerminationCause,
    /// It was sent `SIGSTOP`, and is to be looked at when it has stopped.
    pub stopping: bool,
    /// When it gets the signal that it cannot refuse.
    pub hard: Instant,
    /// The polite signal was sent.
    pub polite: bool,
}

impl Termination {
    /// Is this what the task at that place was to end by?
    pub fn is_for(&self, location: TaskLocation) -> bool {
        self.task.is_none_or(|task| task == location)
    }
}

/// A worker has something to skip.
pub struct SkipWatch {
    /// When to look again.
    pub at: Instant,
    /// What the last look has found.
    pub found: Skips,
    /// For how long the worker had run by then.
    pub ticks: Option<u64>,
}

pub enum SlotState {
    Empty,
    Starting(Started),
    Up(Started),
    Dead { pid: u32, exit: WorkerExit },
}

pub struct WorkerSlot {
    pub state: SlotState,
    pub since: Instant,
    pub termination: Option<Termination>,
    /// The lane was closed: the worker ends when it has nothing left to do.
    pub closing: bool,
    /// The worker was asked to leave its place to another one.
    pub retiring: bool,
    /// Why it will not be ready, while its process is being ended.
    pub refusal: Option<StartError>,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// When to look at the slot again.
    pub due: Option<Instant>,
    pub skips: Option<SkipWatch>,
    /// The system does not let its worker be ended: the parent has given up rights that the worker still has.
    pub refused: Option<io::Error>,
    /// When such a worker is left to itself.
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
            refusal: None,
            failures: 0,
            due: None,
            skips: None,
            refused: None,
            given_up: None,
            stdout: OutputCapture::new(log::Level::Info),
            stderr: OutputCapture::new(log::Level::Warn),
        }
    }

    pub fn started(&self) -> Option<&Started> {
        match &self.state {
            SlotState::Starting(started) | SlotState::Up(started) => Some(started),
            _ => None,
        }
    }

    /// A refusal is kept: see [`refused`](Self::refused).
    pub fn signal(&mut self, signal: i32) {
        let sent = self.started().map(|started| started.process.signal(signal));
        if let Some(Err(error)) = sent {
            self.refused.get_or_insert(error);
        }
    }
}

/// A deadline, ordered by its time.
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

/// Bytes of a process that it shares with nobody.
pub fn private_memory(pid: u32) -> Option<u64> {
    let pages = std::fs::read_to_string(format!("/proc/{pid}/statm")).ok()?;
    let mut pages = pages
        .split(' ')
        .skip(1)
        .map_while(|count| count.parse::<u64>().ok());
    let (resident, shared) = (pages.next()?, pages.next()?);
    Some(resident.saturating_sub(shared) * limits::page_size())
}
