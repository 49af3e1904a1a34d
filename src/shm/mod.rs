//! Protocols in memory that two processes share. This room knows no tasks, no pools and no descriptors.
//!
//! A *lane* joins a parent to one worker. It has two memory files, one for each direction ([`Requests`],
//! [`Replies`]), a view for each side ([`ParentEnd`], [`WorkerEnd`]), and a sequence number ([`Seq`]) for each
//! task: every number is answered once, in order. The parent believes nothing that it reads in `Replies`;
//! what is not possible is a [`ProtocolViolation`] worker.
//!
//! `docs/protocols/lane.md` describes words, states, orderings and what survives the death of a worker.

pub mod bytes;
pub mod claim;
mod last_core;
mod layout;
mod locked;
mod parent;
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
pub use segment::{ARENA, LEAST_ARENA, LONGEST, MOST_ARENA, Segment, file_bytes, lane_bytes};
pub use spans::Span;
pub use worker::{Request, TooLarge, WorkerEnd};

// For those who look at a lane without a pool.
#[cfg(any(test, raddle_loom, raddle_shuttle))]
pub use layout::SKIPPED;

/// What a task takes along, or what it brings back, on its way into a slot.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// At most [`INLINE`] bytes, which travel in the slot.
    Inline(&'a [u8]),
    /// More than [`INLINE`] bytes, which have been written into the arena.
    Span(Span),
}

/// What has come out of a slot.
#[derive(Clone, Copy, Debug)]
pub enum Payload {
    /// A private copy.
    Inline(Inline),
    /// It still lies in the arena, where the other side may be writing.
    Span(Span),
}

/// Up to [`INLINE`] bytes.
///
/// Words and not bytes, so that it goes from a slot to where it is wanted through registers: a copy of what was
/// written a moment ago waits for the writes.
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
