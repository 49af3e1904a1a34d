//! The layout of a lane's two files. Words that different sides write are at least two cache lines apart.
//!
//! A new file is all zero. That is the first state of every word, except for those that `begin` sets.

use super::last_core::LastCore;
use super::wake_request::WakeRequest;
use super::{Body, Inline, Payload, Span};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::{self, bound};
use crate::sys::memfd::Access;
use crossbeam_utils::CachePadded;
use std::ffi::CStr;

/// How many tasks a lane holds: waiting tasks, the running one, and replies that have not been taken yet.
pub const SLOTS: usize = bound(1024, 2);

/// Bytes of a payload that travel in the slot itself.
pub const INLINE: usize = 48;

/// The status of a task that was revoked before the worker claimed it. The user of the lane defines all other statuses.
pub const SKIPPED: u32 = 0;

/// The sequence number of a task in its lane. It wraps. Two numbers in use at the same time are less than [`SLOTS`] apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Seq(pub u32);

const _: () = assert!(
    SLOTS.is_power_of_two(),
    "a number must keep its slot when it wraps"
);

impl Seq {
    /// The slot of this number.
    #[inline]
    pub fn slot(self) -> usize {
        self.0 as usize % SLOTS
    }

    /// The number after this one.
    #[inline]
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// The number `count` after this one.
    #[inline]
    #[must_use]
    pub fn ahead(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// How many numbers this one is after `first`.
    #[inline]
    pub fn since(self, first: Self) -> u32 {
        self.0.wrapping_sub(first.0)
    }

    /// The mark: the value of a slot's word that is set for this number. No other number of the slot has it.
    #[inline]
    pub(super) fn mark(self) -> u32 {
        self.next().0
    }
}

/// The file of requests. The parent writes it; the worker's mapping is read-only.
#[repr(C)]
pub struct Requests {
    /// The event word on which the worker sleeps. Bit 0: the lane is closed. The other bits count notifications.
    pub(super) event: CachePadded<AtomicU32>,
    /// The first number whose reply still occupies its span in the arena of `Replies`.
    pub(super) released: CachePadded<AtomicU32>,
    pub(super) wake_requests: CachePadded<WakeRequests>,
    /// For each slot, the mark of the task that has been asked to stop.
    pub(super) stop_requests: [AtomicU32; SLOTS],
    pub(super) slots: [RequestSlot; SLOTS],
}

/// The wake requests of the parent, at which the worker looks after a reply.
#[repr(C)]
pub(super) struct WakeRequests {
    /// The wake request of the thread that sleeps on `Replies::event`.
    pub waiter: WakeRequest,
    /// The wake request of the thread that listens to the worker's event descriptor.
    pub listener: WakeRequest,
    /// The core of the parent's thread that last slept, armed the event or woke the worker.
    pub core: LastCore,
}

/// The file of replies. The worker writes it; the parent writes only `claims`.
#[repr(C)]
pub struct Replies {
    /// The event word on which a waiter of the parent sleeps, beside a word of the parent's own. It counts notifications.
    pub(super) event: CachePadded<AtomicU32>,
    /// The wake request of the worker, which sleeps on `Requests::event`.
    pub(super) wake_request: CachePadded<WakeRequest>,
    /// For each slot, the owner of its task: see [`claim`](super::claim).
    pub(super) claims: [AtomicU64; SLOTS],
    pub(super) slots: [ReplySlot; SLOTS],
    /// The core of the worker when it last waited for a task.
    pub(super) core: CachePadded<LastCore>,
}

#[cfg(any(raddle_loom, raddle_shuttle))]
impl Replies {
    /// Overwrites the event word, as a hostile worker can.
    pub fn spoil_event(&self, value: u32) {
        // ORDERING: replies.spoil Relaxed: the parent relies on no order of it.
        self.event.store(value, Relaxed);
    }
}

/// One cache line.
#[repr(C, align(64))]
pub(super) struct RequestSlot {
    pub commit: AtomicU32,
    len: AtomicU32,
    entry: AtomicU64,
    words: [AtomicU64; INLINE / 8],
}

/// One cache line.
#[repr(C, align(64))]
pub(super) struct ReplySlot {
    pub commit: AtomicU32,
    status: AtomicU32,
    len: AtomicU32,
    words: [AtomicU64; INLINE / 8],
}

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<RequestSlot>() == 64 && offset_of!(RequestSlot, words) == 16);
    assert!(size_of::<ReplySlot>() == 64 && offset_of!(ReplySlot, words) == 16);
    assert!(offset_of!(Requests, event) == 0);
    assert!(offset_of!(Requests, released) == 128);
    assert!(offset_of!(Requests, wake_requests) == 256);
    assert!(offset_of!(Requests, stop_requests) == 384);
    assert!(offset_of!(Requests, slots) == 384 + 4 * SLOTS);
    assert!(offset_of!(Replies, event) == 0);
    assert!(offset_of!(Replies, wake_request) == 128);
    assert!(offset_of!(Replies, claims) == 256);
    assert!(offset_of!(Replies, slots) == 256 + 8 * SLOTS);
};

/// The kinds of file: the two of a lane, and that of a queue.
///
/// # Safety
///
/// In the std flavour all bits zero are a valid value. Every access goes through a shared reference.
pub unsafe trait LaneFile: Send + Sync + 'static {
    /// The worker's access to the file.
    const WORKER: Access;
    /// The file's name, for `/proc/PID/maps`.
    const NAME: &'static CStr = c"raddle-lane";

    /// The state of a new file, for memory that does not come from the kernel.
    fn new() -> Self;

    /// Prepares a new, zeroed file so that it says nothing about any number. Without this the zero in the last slot would
    /// be the mark of the last number before the wrap.
    fn begin(&self, generation: u32);
}

// SAFETY: all fields are atomics, which may be zero.
unsafe impl LaneFile for Requests {
    const WORKER: Access = Access::Read;

    fn new() -> Self {
        Self {
            event: CachePadded::new(AtomicU32::new(0)),
            released: CachePadded::new(AtomicU32::new(0)),
            wake_requests: CachePadded::new(WakeRequests {
                waiter: WakeRequest::new(),
                listener: WakeRequest::new(),
                core: LastCore::new(),
            }),
            stop_requests: std::array::from_fn(|_| AtomicU32::new(0)),
            slots: std::array::from_fn(|_| RequestSlot {
                commit: AtomicU32::new(0),
                len: AtomicU32::new(0),
                entry: AtomicU64::new(0),
                words: std::array::from_fn(|_| AtomicU64::new(0)),
            }),
        }
    }

    fn begin(&self, _: u32) {
        // 1 is the mark of a number of slot 0, so it says nothing in the last slot.
        // ORDERING: requests.begin Relaxed: before any other thread or process has the lane.
        self.slots[SLOTS - 1].commit.store(1, Relaxed);
        // ORDERING: requests.begin-stop Relaxed: as above.
        self.stop_requests[SLOTS - 1].store(1, Relaxed);
    }
}

// SAFETY: all fields are atomics, which may be zero.
unsafe impl LaneFile for Replies {
    const WORKER: Access = Access::ReadWrite;

    fn new() -> Self {
        Self {
            event: CachePadded::new(AtomicU32::new(0)),
            wake_request: CachePadded::new(WakeRequest::new()),
            claims: std::array::from_fn(|_| AtomicU64::new(0)),
            slots: std::array::from_fn(|_| ReplySlot {
                commit: AtomicU32::new(0),
                status: AtomicU32::new(0),
                len: AtomicU32::new(0),
                words: std::array::from_fn(|_| AtomicU64::new(0)),
            }),
            core: CachePadded::new(LastCore::new()),
        }
    }

    fn begin(&self, generation: u32) {
        if sync::MODEL {
            // In a model the fresh file is the old one. Its worker is dead.
            for (slot, claim) in self.slots.iter().zip(&self.claims) {
                // ORDERING: replies.wipe Relaxed: stands for memory that the kernel has cleared.
                slot.commit.store(0, Relaxed);
                // ORDERING: replies.wipe-claim Relaxed: as above.
                claim.store(0, Relaxed);
            }
        }
        self.wake_request.begin(generation);
        // ORDERING: replies.begin Relaxed: before a worker has this file. A thread of the parent that already reads it
        // learns nothing from it.
        self.slots[SLOTS - 1].commit.store(1, Relaxed);
    }
}

/// The payload's bytes as words of a slot, as many as they fill.
fn pack(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    })
}

/// Writes a payload and returns its length.
#[inline]
fn write_payload(words: &[AtomicU64; INLINE / 8], body: Body<'_>) -> u32 {
    match body {
        Body::Inline(bytes) => {
            assert!(bytes.len() <= INLINE, "too long for a slot");
            for (word, value) in words.iter().zip(pack(bytes)) {
                // ORDERING: slot.word Relaxed: published by the commit that follows.
                word.store(value, Relaxed);
            }
            bytes.len() as u32
        }
        Body::Span(span) => {
            assert!(span.len as usize > INLINE, "short payloads lie in the slot");
            // ORDERING: slot.span Relaxed: as slot.word, published by the commit.
            words[0].store(span.offset, Relaxed);
            span.len
        }
    }
}

/// Reads a payload of length `len`. The span is unchecked.
#[inline(always)]
fn read_payload(words: &[AtomicU64; INLINE / 8], len: u32) -> Payload {
    if len as usize > INLINE {
        // ORDERING: slot.read-span Relaxed: after an acquire of the commit.
        let offset = words[0].load(Relaxed);
        return Payload::Span(Span { offset, len });
    }
    // Loads all words, which avoids a loop of unknown length. Under a checker, where each load is a step, it loads only the
    // words that the payload fills.
    let used = if sync::MODEL {
        (len as usize).div_ceil(8)
    } else {
        INLINE / 8
    };
    let word = |index: usize| match words[index] {
        _ if index >= used => 0,
        // ORDERING: slot.read-word Relaxed: as slot.read-span. Words beyond the length have no meaning.
        ref word => word.load(Relaxed),
    };
    Payload::Inline(Inline {
        words: std::array::from_fn(word),
        len: len as u8,
    })
}

/// Proof that a slot holds the content of its number. The content stays until the number's reply is released. Only a check
/// of the slot's commit makes this value, and only this value reads the slot.
#[must_use]
pub(super) struct Committed<'a, T>(&'a T);

impl RequestSlot {
    #[inline]
    pub fn write(&self, seq: Seq, entry: u64, body: Body<'_>) {
        // ORDERING: request.len Relaxed: published by request.commit.
        self.len.store(write_payload(&self.words, body), Relaxed);
        // ORDERING: request.entry Relaxed: as above.
        self.entry.store(entry, Relaxed);
        // CRASH: the parent's death ends the worker, whatever the slot holds.
        // ORDERING: request.commit Release -> pairs with request.next: the slot and its span.
        self.commit.store(seq.mark(), Release);
    }

    /// The number's request. None: it is not in the slot.
    #[inline]
    pub fn committed(&self, seq: Seq) -> Option<Committed<'_, Self>> {
        // ORDERING: request.next Acquire -> pairs with request.commit: the slot and its span.
        (self.commit.load(Acquire) == seq.mark()).then_some(Committed(self))
    }
}

impl Committed<'_, RequestSlot> {
    /// The entry and the payload.
    #[inline]
    pub fn read(self) -> (u64, Payload) {
        // ORDERING: request.read Relaxed: after request.next.
        let len = self.0.len.load(Relaxed);
        // ORDERING: request.read-entry Relaxed: as above.
        (self.0.entry.load(Relaxed), read_payload(&self.0.words, len))
    }
}

impl ReplySlot {
    #[inline]
    pub fn write(&self, seq: Seq, status: u32, body: Body<'_>) {
        // ORDERING: reply.len Relaxed: published by reply.commit.
        self.len.store(write_payload(&self.words, body), Relaxed);
        // ORDERING: reply.status Relaxed: as above.
        self.status.store(status, Relaxed);
        // CRASH: before the commit the task is the in-flight one; after the commit it has its reply.
        // ORDERING: reply.commit Release -> pairs with reply.look: the slot and its span.
        self.commit.store(seq.mark(), Release);
    }

    /// The slot's current mark.
    #[inline]
    pub fn mark(&self) -> u32 {
        // ORDERING: reply.look Acquire -> pairs with reply.commit: the slot and its span.
        self.commit.load(Acquire)
    }

    /// The number's reply. `Err`: it is not in the slot, which has this mark instead.
    #[inline(always)]
    pub fn committed(&self, seq: Seq) -> Result<Committed<'_, Self>, u32> {
        match self.mark() {
            found if found == seq.mark() => Ok(Committed(self)),
            found => Err(found),
        }
    }
}

impl Committed<'_, ReplySlot> {
    /// The status and the payload.
    #[inline(always)]
    pub fn read(self) -> (u32, Payload) {
        // ORDERING: reply.read Relaxed: after reply.look.
        let len = self.0.len.load(Relaxed);
        // ORDERING: reply.read-status Relaxed: as above.
        (
            self.0.status.load(Relaxed),
            read_payload(&self.0.words, len),
        )
    }
}
