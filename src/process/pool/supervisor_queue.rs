//! What other threads ask of the supervisor.

use crate::error::worker_lost::LostCause;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::sync::{Arc, Mutex};
use crate::sys::events::Event;
use std::io;
use std::time::Duration;

pub enum Command {
    /// End the worker that runs this task, if it still does.
    EndTask {
        location: TaskLocation,
        cause: LostCause,
    },
    /// The worker of this lane is wild.
    Quarantine(usize),
    /// The worker of this lane has something to skip.
    WatchSkips(usize),
    /// The task has a deadline.
    WatchDeadline(Arc<TaskOptions>),
    /// End all workers: with the polite signal first, if there is a grace.
    StopWorkers { grace: Duration },
}

/// See the module.
pub struct SupervisorQueue {
    commands: Mutex<Vec<Command>>,
    pub event: Event,
}

impl SupervisorQueue {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            commands: Mutex::new(Vec::new()),
            event: Event::new()?,
        })
    }

    pub fn send(&self, command: Command) {
        self.commands.lock().push(command);
        self.notify();
    }

    /// The supervisor is to look again at how the pool stands.
    pub fn notify(&self) {
        // WAKE: the other end is the supervisor's poller.
        self.event.notify();
    }

    pub fn take(&self) -> Vec<Command> {
        self.event.hear();
        std::mem::take(&mut *self.commands.lock())
    }
}
