//! Protocols in memory that two processes share. This module knows nothing of tasks, pools or descriptors.
//!
//! A *lane* is the duplex shared-memory channel between the parent and one worker process. It consists of:
//! - two memory files, one for each direction: [`Requests`] and [`Replies`];
//! - a view for each side: [`ParentEnd`] and [`WorkerEnd`];
//! - a sequence number ([`Seq`]) for each task. The worker replies to every number once, in order.
//!
//! The parent trusts nothing that it reads from `Replies`. It checks every value, and reports an impossible one as a
//! [`ProtocolViolation`].
//!
//! # The steps of a task
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | reserved | any thread of the parent | [`ParentEnd::reserve`] | exchange of a private tail, Relaxed |
//! | published | the same thread | [`ParentEnd::publish`] | the parent's record, Release; then the payload and the commit of its slot, Release |
//! | claimed | worker | [`WorkerEnd::next`] | Acquire of the commit; then exchange of the claim, Release: the replies before it |
//! | or revoked | parent, lane locked | [`Locked::revoke`] | exchange of the claim, Relaxed |
//! | or moved | parent, lane locked | [`Locked::request`], [`Locked::revoke`] | Acquire of the commit; then as revoked |
//! | replied to | worker | [`WorkerEnd::reply`] | payload, then commit, Release; of a revoked task: `SKIPPED` |
//! | taken | parent, lane locked | [`Locked::take_with`] | Acquire of the commit; copied out once |
//! | released | parent, lane locked | [`Locked::release`] | Release of `released`, in order, up to the first reply that is still being read |
//!
//! `docs/protocols/lane.md` describes the files, the argument behind the steps, and the recovery after the death of a worker.
//! It names the models, too.

pub mod bytes;
pub mod claim;
mod last_core;
mod layout;
mod locked;
mod parent;
pub mod queue;
mod segment;
pub mod spans;
#[cfg(test)]
mod tests;
pub mod wake_request;
mod worker;

pub use bytes::Region;
pub use layout::{INLINE, Replies, Requests, SLOTS, Seq};
pub use locked::{Locked, ProtocolViolation, Reply, Revoke, Waiting};
pub use parent::ParentEnd;
pub use segment::{ARENA, LONGEST, MAX_ARENA, MIN_ARENA, Segment, file_bytes, lane_bytes};
pub use spans::Span;
pub use worker::{Request, TooLarge, WorkerEnd};

// For code that uses a lane without a pool.
#[cfg(any(test, raddle_loom, raddle_shuttle))]
pub use layout::SKIPPED;

/// The argument or the result of a task, about to be written into a slot.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// At most [`INLINE`] bytes. They travel in the slot.
    Inline(&'a [u8]),
    /// More than [`INLINE`] bytes. They are in the arena already.
    Span(Span),
}

/// An argument or a result, read from a slot.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    /// A private copy.
    Inline(Inline),
    /// The bytes are still in the arena, where the other side may be writing.
    Span(Span),
}

/// Up to [`INLINE`] bytes.
///
/// Stored as words, not bytes, so that a copy goes through registers. A byte-wise copy of words that were just written
/// would wait for those writes to leave the store buffer.
#[derive(Clone, Copy)]
pub struct Inline {
    words: [u64; INLINE / 8],
    len: u8,
}

impl Inline {
    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        const { assert!(size_of::<[u64; INLINE / 8]>() == INLINE, "words are bytes") };
        // SAFETY: words without padding, borrowed with the slice.
        let bytes: &[u8; INLINE] = unsafe { &*self.words.as_ptr().cast() };
        &bytes[..usize::from(self.len)]
    }
}

impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_slice().fmt(f)
    }
}
