//! Where each word of a lane's two files lies. Words that different sides write are two lines apart.
//!
//! A file is zero when it is new, which is almost the first state of every word: see `begin`.

use super::last_core::LastCore;
use super::wake_request::WakeRequest;
use super::{Body, Inline, Payload, Span};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::{self, bound};
use crate::sys::memfd::Access;
use crossbeam_utils::CachePadded;

/// How many tasks a lane holds: those that wait, the one that runs, and answers not yet taken.
pub const SLOTS: usize = bound(1024, 2);

/// Bytes of a payload that travel in the slot itself.
pub const INLINE: usize = 48;

/// The status of a task that was taken back before the worker began it. All other numbers are the user's.
pub const SKIPPED: u32 = 0;

/// The number of a task in its lane. It wraps; two that live at the same time are less than
/// [`SLOTS`] apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Seq(pub u32);

const _: () = assert!(SLOTS.is_power_of_two(), "a wrapping number keeps its slot");

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

    /// The number that comes so many later.
    #[inline]
    #[must_use]
    pub fn ahead(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// How far this number is behind `first`.
    #[inline]
    pub fn since(self, first: Self) -> u32 {
        self.0.wrapping_sub(first.0)
    }

    /// What a word says that is set for this number and for no other one of its slot.
    #[inline]
    pub(super) fn mark(self) -> u32 {
        self.next().0
    }
}

/// Written by the parent; the worker's mapping is read-only.
#[repr(C)]
pub struct Requests {
    /// What the worker sleeps on: bit 0 says that the lane is closed, the rest counts.
    pub(super) bell: CachePadded<AtomicU32>,
    /// The first number whose answer still occupies its place in the arena of `Replies`.
    pub(super) released: CachePadded<AtomicU32>,
    pub(super) wanted: CachePadded<Wanted>,
    /// For each slot the mark of the task that has been asked to stop.
    pub(super) asked: [AtomicU32; SLOTS],
    pub(super) slots: [RequestSlot; SLOTS],
}

/// Whom the worker calls after an answer.
#[repr(C)]
pub(super) struct Wanted {
    /// A thread that sleeps on `Replies::bell`.
    pub sleeper: WakeRequest,
    /// A thread that listens to something else.
    pub listener: WakeRequest,
    /// Where the parent's thread was that slept, listened or woke the worker last.
    pub core: LastCore,
}

/// Written by the worker; the parent writes `claims`, too.
#[repr(C)]
pub struct Replies {
    /// What a waiter of the parent sleeps on, beside a word of the parent's own. It counts.
    pub(super) bell: CachePadded<AtomicU32>,
    /// The worker sleeps, or is about to.
    pub(super) sleeps: CachePadded<WakeRequest>,
    /// For each slot who has it: see [`claim`](super::claim).
    pub(super) claims: [AtomicU64; SLOTS],
    pub(super) slots: [ReplySlot; SLOTS],
    /// Where the worker was when it waited for a task last.
    pub(super) core: CachePadded<LastCore>,
}

#[cfg(any(raddle_loom, raddle_shuttle))]
impl Replies {
    /// What a worker does that means no good.
    pub fn spoil_event(&self, value: u32) {
        // ORDERING: replies.spoil Relaxed: nothing is promised of it.
        self.bell.store(value, Relaxed);
    }
}

/// One line.
#[repr(C, align(64))]
pub(super) struct RequestSlot {
    pub commit: AtomicU32,
    len: AtomicU32,
    entry: AtomicU64,
    words: [AtomicU64; INLINE / 8],
}

/// One line.
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
    assert!(offset_of!(Requests, bell) == 0);
    assert!(offset_of!(Requests, released) == 128);
    assert!(offset_of!(Requests, wanted) == 256);
    assert!(offset_of!(Requests, asked) == 384);
    assert!(offset_of!(Requests, slots) == 384 + 4 * SLOTS);
    assert!(offset_of!(Replies, bell) == 0);
    assert!(offset_of!(Replies, sleeps) == 128);
    assert!(offset_of!(Replies, claims) == 256);
    assert!(offset_of!(Replies, slots) == 256 + 8 * SLOTS);
};

/// The two kinds of file.
///
/// # Safety
///
/// All bits zero are a valid value in the std flavour, and every access is through a shared reference.
pub unsafe trait Shared: Send + Sync + 'static {
    /// How the worker maps it.
    const WORKER: Access;

    /// The state of a new file, for memory that does not come from the kernel.
    fn new() -> Self;

    /// Makes a new file of zeroes one that says nothing about any number: a mark of zero would
    /// be the last number's before it wraps.
    fn begin(&self, generation: u32);
}

// SAFETY: atomics alone, which may be zero.
unsafe impl Shared for Requests {
    const WORKER: Access = Access::Read;

    fn new() -> Self {
        Self {
            bell: CachePadded::new(AtomicU32::new(0)),
            released: CachePadded::new(AtomicU32::new(0)),
            wanted: CachePadded::new(Wanted {
                sleeper: WakeRequest::new(),
                listener: WakeRequest::new(),
                core: LastCore::new(),
            }),
            asked: std::array::from_fn(|_| AtomicU32::new(0)),
            slots: std::array::from_fn(|_| RequestSlot {
                commit: AtomicU32::new(0),
                len: AtomicU32::new(0),
                entry: AtomicU64::new(0),
                words: std::array::from_fn(|_| AtomicU64::new(0)),
            }),
        }
    }

    fn begin(&self, _: u32) {
        // The mark of slot 0, which in the last slot says nothing.
        // ORDERING: requests.begin Relaxed: before the lane is shared with anybody.
        self.slots[SLOTS - 1].commit.store(1, Relaxed);
        // ORDERING: requests.begin-asked Relaxed: as above.
        self.asked[SLOTS - 1].store(1, Relaxed);
    }
}

// SAFETY: atomics alone, which may be zero.
unsafe impl Shared for Replies {
    const WORKER: Access = Access::ReadWrite;

    fn new() -> Self {
        Self {
            bell: CachePadded::new(AtomicU32::new(0)),
            sleeps: CachePadded::new(WakeRequest::new()),
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
            // Here the fresh file is the old one, whose worker is dead.
            for (slot, claim) in self.slots.iter().zip(&self.claims) {
                // ORDERING: replies.wipe Relaxed: stands for memory that the kernel has cleared.
                slot.commit.store(0, Relaxed);
                // ORDERING: replies.wipe-claim Relaxed: as above.
                claim.store(0, Relaxed);
            }
        }
        self.sleeps.begin(generation);
        // ORDERING: replies.begin Relaxed: before a worker has this file; a parent's thread that
        // looks at it already learns nothing.
        self.slots[SLOTS - 1].commit.store(1, Relaxed);
    }
}

/// The payload's bytes as the words of a slot: the first ones, as many as it takes.
fn pack(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    })
}

/// Writes a payload; says its length.
#[inline]
fn fill(words: &[AtomicU64; INLINE / 8], body: Body<'_>) -> u32 {
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
            // ORDERING: slot.span Relaxed: as slot.word.
            words[0].store(span.offset, Relaxed);
            span.len
        }
    }
}

/// Reads a payload of the length that the slot says. A span may be any.
#[inline(always)]
fn empty(words: &[AtomicU64; INLINE / 8], len: u32) -> Payload {
    if len as usize > INLINE {
        // ORDERING: slot.read-span Relaxed: after an acquire of the commit.
        let offset = words[0].load(Relaxed);
        return Payload::Span(Span { offset, len });
    }
    // All of them, without a loop whose length is not known; where each load is a step for a checker, those that count.
    let used = if sync::MODEL {
        (len as usize).div_ceil(8)
    } else {
        INLINE / 8
    };
    let word = |index: usize| match words[index] {
        _ if index >= used => 0,
        // ORDERING: slot.read-word Relaxed: as slot.read-span. What is behind the length is nobody's.
        ref word => word.load(Relaxed),
    };
    Payload::Inline(Inline {
        words: std::array::from_fn(word),
        len: len as u8,
    })
}

/// A slot whose content is there, and stays until the number's answer is released: only a look at the slot gives this,
/// and only this reads the slot.
#[must_use]
pub(super) struct Committed<'a, T>(&'a T);

impl RequestSlot {
    #[inline]
    pub fn write(&self, seq: Seq, entry: u64, body: Body<'_>) {
        // ORDERING: request.len Relaxed: published by request.commit.
        self.len.store(fill(&self.words, body), Relaxed);
        // ORDERING: request.entry Relaxed: as above.
        self.entry.store(entry, Relaxed);
        // CRASH: the parent's death ends the worker, whatever is in the slot.
        // ORDERING: request.commit Release -> pairs with request.next: the slot and its span.
        self.commit.store(seq.mark(), Release);
    }

    /// None: the number's request is not in the slot.
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
        (self.0.entry.load(Relaxed), empty(&self.0.words, len))
    }
}

impl ReplySlot {
    #[inline]
    pub fn write(&self, seq: Seq, status: u32, body: Body<'_>) {
        // ORDERING: reply.len Relaxed: published by reply.commit.
        self.len.store(fill(&self.words, body), Relaxed);
        // ORDERING: reply.status Relaxed: as above.
        self.status.store(status, Relaxed);
        // CRASH: without the commit the task is the casualty; with it, it is answered.
        // ORDERING: reply.commit Release -> pairs with reply.look: the slot and its span.
        self.commit.store(seq.mark(), Release);
    }

    /// The mark as it is.
    #[inline]
    pub fn mark(&self) -> u32 {
        // ORDERING: reply.look Acquire -> pairs with reply.commit: the slot and its span.
        self.commit.load(Acquire)
    }

    /// `Err`: the number's answer is not in the slot, but this mark.
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
        (self.0.status.load(Relaxed), empty(&self.0.words, len))
    }
}
