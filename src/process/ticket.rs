//! What a task of a process pool carries beside its result: where it stands, and how to reach its pool.
//! Models: `verify/src/scenarios/remote.rs`.

use super::pool::Pool;
use crate::future::cell::{Extra, Raw, Remote};
use crate::shm::Seq;
use crate::sync::Arc;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::borrow::Cow;
use std::time::Instant;

/// Where a task stands: its lane, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub lane: usize,
    pub seq: Seq,
}

/// The extra of a task's cell.
pub struct Ticket {
    /// Lane and number. It changes when the task is moved to another lane, under the locks of the old one and the new.
    place: AtomicU64,
    pub pool: Arc<Pool>,
    /// What only some tasks have.
    pub options: Option<Arc<Options>>,
}

/// What was said of a task beyond its function and its argument.
pub struct Options {
    pub name: Option<Cow<'static, str>>,
    pub deadline: Option<Instant>,
    /// How many more workers it may cost.
    pub retries: u32,
    /// How many it has cost. Written under the lane's lock.
    pub deaths: AtomicU32,
    /// For the timer, which has no cell: a copy of the ticket's place.
    place: AtomicU64,
}

impl Options {
    pub fn new(name: Option<Cow<'static, str>>, deadline: Option<Instant>, retries: u32) -> Self {
        Self {
            name,
            deadline,
            retries,
            deaths: AtomicU32::new(0),
            place: AtomicU64::new(0),
        }
    }

    /// Where its task was seen last. To be verified under the lane's lock.
    pub fn place(&self) -> Place {
        // ORDERING: options.place Acquire -> as ticket.place.
        unpack(self.place.load(Acquire))
    }
}

impl Ticket {
    pub fn new(pool: Arc<Pool>, options: Option<Arc<Options>>) -> Self {
        Self {
            place: AtomicU64::new(0),
            pool,
            options,
        }
    }

    /// Where the task was seen last. To be verified under the lane's lock.
    #[inline]
    pub fn place(&self) -> Place {
        // ORDERING: ticket.place Acquire -> pairs with ticket.move: the task's record in the new lane.
        unpack(self.place.load(Acquire))
    }

    #[inline]
    pub fn set_place(&self, place: Place) {
        let word = (place.lane as u64) << 32 | u64::from(place.seq.0);
        // ORDERING: ticket.move Release -> pairs with ticket.place.
        self.place.store(word, Release);
        if let Some(options) = &self.options {
            // ORDERING: options.move Release -> pairs with options.place.
            options.place.store(word, Release);
        }
    }

    /// The ticket of a task of a process pool.
    ///
    /// # Safety
    /// The cell was made with a ticket as its extra, and is alive for as long as the borrow.
    #[inline]
    pub unsafe fn of<'a>(cell: Raw) -> &'a Self {
        // SAFETY: as the caller says.
        unsafe { &*std::ptr::from_ref(cell.extra::<Self>()) }
    }
}

fn unpack(word: u64) -> Place {
    Place {
        lane: (word >> 32) as usize,
        seq: Seq(word as u32),
    }
}

impl Extra for Ticket {
    const REMOTE: Option<&'static Remote> = Some(&super::attend::REMOTE);

    fn name(&self) -> Option<&str> {
        self.options.as_ref()?.name.as_deref()
    }
}
