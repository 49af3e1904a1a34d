//! The layout of a queue's file: the words, and behind them the slots.

use super::ends::Ends;
use super::event::Event;
use super::lock::Lock;
use crate::shm::layout::LaneFile;
use crate::shm::{LONGEST, MAX_ARENA, Span};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::bound;
use crate::sys::memfd::{Access, PAGE};
use crossbeam_utils::CachePadded;
use std::ffi::CStr;

/// How many ends can be on their way to guests, and in their hands, at one time.
pub const ENTRIES: usize = bound(16_384, 3);

/// Words that processes write at different times are two cache lines apart.
#[repr(C)]
pub struct QueueWords {
    /// Tells the queue from all others. Written before a guest has the file.
    pub(super) id: AtomicU64,
    pub(super) lock: CachePadded<Lock>,
    pub(super) put: CachePadded<AtomicU64>,
    pub(super) got: CachePadded<AtomicU64>,
    pub(super) arrivals: CachePadded<Event>,
    pub(super) departures: CachePadded<Event>,
    pub(super) state: CachePadded<AtomicU32>,
    pub(super) makers: AtomicU32,
    pub(super) used: AtomicU32,
    pub(super) ends: [AtomicU32; ENTRIES],
}

impl QueueWords {
    pub(super) fn ends(&self) -> Ends<'_> {
        Ends {
            makers: &self.makers,
            used: &self.used,
            words: &self.ends,
        }
    }

    /// Sets the number that tells the queue from all others.
    pub fn set_id(&self, id: u64) {
        // ORDERING: queue.set-id Relaxed: before a guest has the file.
        self.id.store(id, Relaxed);
    }

    /// The number that tells the queue from all others.
    pub fn id(&self) -> u64 {
        // ORDERING: queue.id Relaxed: written before this process had the file.
        self.id.load(Relaxed)
    }
}

// SAFETY: all fields are atomics, which may be zero.
unsafe impl LaneFile for QueueWords {
    const WORKER: Access = Access::ReadWrite;
    const NAME: &'static CStr = c"raddle-queue";

    fn new() -> Self {
        Self {
            id: AtomicU64::new(0),
            lock: CachePadded::new(Lock::new()),
            put: CachePadded::new(AtomicU64::new(0)),
            got: CachePadded::new(AtomicU64::new(0)),
            arrivals: CachePadded::new(Event::new()),
            departures: CachePadded::new(Event::new()),
            state: CachePadded::new(AtomicU32::new(0)),
            makers: AtomicU32::new(0),
            used: AtomicU32::new(0),
            ends: std::array::from_fn(|_| AtomicU32::new(0)),
        }
    }

    fn begin(&self, _: u32) {}
}

/// How many items have room, and of which size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    pub bound: u64,
    pub item_bytes: u64,
}

/// An item's length and form, before its bytes in the slot.
pub(super) const HEAD: usize = 8;
/// Slots begin at a cache line.
const LINE: u64 = 64;

impl Shape {
    /// The bytes from one slot to the next.
    fn stride(self) -> Option<u64> {
        let bytes = self.item_bytes.checked_add(HEAD as u64)?;
        bytes.checked_next_multiple_of(LINE)
    }

    /// The bytes of the memory behind the words. `None`: more than a queue can have, or no slot at all.
    pub fn arena(self) -> Option<usize> {
        let stride = self.stride().filter(|&stride| stride <= LONGEST as u64)?;
        let slots = stride.checked_mul(self.bound).filter(|&bytes| bytes > 0)?;
        // A region of the arena is at most as long as the largest power of two that fits.
        let bytes = slots.max(stride.next_power_of_two());
        let bytes = bytes.checked_next_multiple_of(if crate::sync::MODEL {
            LINE
        } else {
            PAGE as u64
        })?;
        usize::try_from(bytes)
            .ok()
            .filter(|&bytes| bytes <= MAX_ARENA)
    }

    /// The slot of a position. The shape has an arena.
    pub(super) fn slot(self, position: u64) -> Span {
        let stride = self.stride().unwrap_or(0);
        Span {
            offset: position % self.bound.max(1) * stride,
            len: stride as u32,
        }
    }
}
