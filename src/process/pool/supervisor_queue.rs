//! The queue of commands to the supervisor.

use crate::error::worker_lost::LostCause;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::sync::{Arc, Mutex};
use crate::sys::events::Event;
use std::io;
use std::time::Duration;

/// What another thread asks of the supervisor.
pub enum Command {
    /// End the worker that runs this task, if it still does.
    EndTask {
        location: TaskLocation,
        cause: LostCause,
    },
    /// The worker of this lane violated the protocol: end it.
    Quarantine(usize),
    /// The worker of this lane has revoked numbers to skip: check that it does.
    WatchSkips(usize),
    /// The task has a deadline: set a timer.
    WatchDeadline(Arc<TaskOptions>),
    /// End all workers: `SIGTERM`, then `SIGKILL` after `grace`. Without grace, `SIGKILL` at once.
    StopWorkers { grace: Duration },
}

/// See the module.
pub struct SupervisorQueue {
    commands: Mutex<Vec<Command>>,
    /// Wakes the supervisor.
    pub event: Event,
}

impl SupervisorQueue {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            commands: Mutex::new(Vec::new()),
            event: Event::new()?,
        })
    }

    /// Adds a command and wakes the supervisor.
    pub fn send(&self, command: Command) {
        self.commands.lock().push(command);
        self.notify();
    }

    /// Wakes the supervisor, which checks the state of the pool again.
    pub fn notify(&self) {
        // WAKE: the other end is the supervisor's poller.
        self.event.notify();
    }

    /// Takes all commands. Called by the supervisor. Clears the event first, so a command that comes later wakes it again.
    pub fn take(&self) -> Vec<Command> {
        self.event.drain();
        std::mem::take(&mut *self.commands.lock())
    }
}
