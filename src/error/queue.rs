//! Why an item did not go into a queue, or did not come out.

#[cfg(feature = "process")]
use super::payload::PayloadReason;
use std::error::Error;
use std::fmt;

/// Why a queue was not made, or an item did not go in or come out: of a [queue between threads](crate::isolate::queue()) or
#[cfg_attr(
    feature = "process",
    doc = "[between processes](crate::process::queue())."
)]
#[cfg_attr(not(feature = "process"), doc = "between processes.")]
/// The first four cases are all that a queue between threads has.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueError {
    /// The queue was closed, or all ends on the other side are gone: dropped, or dead with their process. For a receiver also: and it is
    /// empty.
    Closed,
    /// There was no room, at once or within the time limit.
    Full {
        /// How many items have room.
        bound: usize,
    },
    /// There was no item, at once or within the time limit.
    Empty,
    /// A queue with room for nothing was asked for.
    ZeroBound,
    /// The encoded item is longer than the queue's items may be.
    #[cfg(feature = "process")]
    TooLarge {
        /// The bytes that it takes.
        bytes: usize,
        /// The most that an item may take: the queue's `item_bytes`.
        limit: usize,
    },
    /// The item could not be encoded. It comes back.
    #[cfg(feature = "process")]
    Encode(PayloadReason),
    /// An item came out, and its bytes could not be decoded. It is lost.
    #[cfg(feature = "process")]
    Decode(PayloadReason),
    /// The queue belongs to the process from which this one was forked.
    #[cfg(feature = "process")]
    Forked,
    /// A process has written over the queue's memory, or does not give its lock back. The queue cannot be used any more.
    #[cfg(feature = "process")]
    ProtocolViolation {
        /// What was found.
        what: String,
    },
    /// The memory for the queue could not be had.
    #[cfg(feature = "process")]
    Memory {
        /// Why.
        why: String,
    },
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the queue is closed, or its other end is gone"),
            Self::Full { bound } => write!(f, "the queue is full ({bound} items)"),
            Self::Empty => f.write_str("the queue is empty"),
            Self::ZeroBound => {
                f.write_str("a queue with a bound of 0 takes no item; use at least 1")
            }
            #[cfg(feature = "process")]
            Self::TooLarge { bytes, limit } => write!(
                f,
                "the item takes {bytes} bytes, and the queue's items may take {limit}; make the queue with larger \
                 `item_bytes`, or put the item in pieces"
            ),
            #[cfg(feature = "process")]
            Self::Encode(reason) => write!(f, "encoding the item failed: {reason}"),
            #[cfg(feature = "process")]
            Self::Decode(reason) => write!(f, "decoding an item failed: {reason}"),
            #[cfg(feature = "process")]
            Self::Forked => f.write_str(
                "the queue belongs to the process from which this one was forked; make a queue in this process",
            ),
            #[cfg(feature = "process")]
            Self::ProtocolViolation { what } => write!(
                f,
                "the queue is broken: {what}; a worker has written over its memory: find which task does, and make another queue"
            ),
            #[cfg(feature = "process")]
            Self::Memory { why } => write!(f, "no memory for the queue: {why}"),
        }
    }
}

impl Error for QueueError {}

/// An item that did not go into a queue, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct PutError<T> {
    /// The item.
    pub item: T,
    /// Why.
    pub why: QueueError,
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutError")
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<T> Error for PutError<T> {}
