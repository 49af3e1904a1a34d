//! Where a task of a process pool stands, and what was said of it beyond its function and its argument.

use crate::shm::Seq;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::borrow::Cow;
use std::time::Instant;

/// Where a task stands: its lane, and its number there.
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

/// What was said of a task beyond its function and its argument.
pub struct TaskOptions {
    pub name: Option<Cow<'static, str>>,
    pub deadline: Option<Instant>,
    /// How many more workers it may cost.
    pub retries: u32,
    /// How many it has cost. Written under the lane's lock.
    pub deaths: AtomicU32,
    /// For the timer, which has no cell: a copy of the remote's place.
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
        // ORDERING: options.move Release -> pairs with options.place.
        self.location.store(location.to_word(), Release);
    }

    /// Where its task was seen last. To be verified under the lane's lock.
    pub fn location(&self) -> TaskLocation {
        // ORDERING: options.place Acquire -> as remote.place.
        TaskLocation::from_word(self.location.load(Acquire))
    }
}
