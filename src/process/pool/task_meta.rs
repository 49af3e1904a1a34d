//! The location and the options of a process pool's task.

use crate::shm::Seq;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::borrow::Cow;
use std::time::Instant;

/// Where a task is: its lane, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TaskLocation {
    pub lane: usize,
    pub seq: Seq,
}

impl TaskLocation {
    #[inline]
    pub fn to_word(self) -> u64 {
        (self.lane as u64) << 32 | u64::from(self.seq.0)
    }

    #[inline]
    pub fn from_word(word: u64) -> Self {
        Self {
            lane: (word >> 32) as usize,
            seq: Seq(word as u32),
        }
    }
}

/// The options that a task was submitted with, and the state that belongs to them.
pub struct TaskOptions {
    pub name: Option<Cow<'static, str>>,
    pub deadline: Option<Instant>,
    /// How many times the task may run again after its worker died.
    pub retries: u32,
    /// How many workers have died while they ran the task. Written under the lane's lock.
    pub deaths: AtomicU32,
    /// A copy of the location in `RemoteTask`, for the deadline timer, which has no cell.
    location: AtomicU64,
}

impl TaskOptions {
    pub fn new(name: Option<Cow<'static, str>>, deadline: Option<Instant>, retries: u32) -> Self {
        Self {
            name,
            deadline,
            retries,
            deaths: AtomicU32::new(0),
            location: AtomicU64::new(0),
        }
    }

    #[inline]
    pub fn set_location(&self, location: TaskLocation) {
        // ORDERING: location.write-copy Release -> pairs with location.read-copy.
        self.location.store(location.to_word(), Release);
    }

    /// The task's last known location. The caller verifies it under the lane's lock.
    pub fn location(&self) -> TaskLocation {
        // ORDERING: location.read-copy Acquire -> pairs with location.write-copy: as location.read.
        TaskLocation::from_word(self.location.load(Acquire))
    }
}
