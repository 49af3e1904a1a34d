//! A bounded queue between processes: [`queue`].
//!
//! [`end`] has what the handles of a process share, and how they travel; [`registry`] the queues that a process has open. The protocol
//! in shared memory is [`shm::queue`](crate::shm::queue).

mod end;
mod registry;

pub use registry::worker_ended;

use crate::codec::{self, Description, Part, PayloadError, SliceSink};
use crate::error::{PutError, QueueError};
use crate::executor::Payload;
use crate::future::block::{self, Patience};
use crate::process::wire::form;
use crate::shm::queue::{Found, Kind, Put, QueueViolation, Seen, Shape};
use end::{End, Side, Ticket};
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

/// The form of an item.
const PLAIN: u32 = 0;
const DESCRIBED: u32 = 1;

/// Makes a queue with room for `bound` items of at most `item_bytes` bytes each, and its two ends. The ends can be cloned, given to threads,
/// and sent to the workers of this process's pools, in the argument of a task.
///
/// A [`Sender`] puts items in, a [`Receiver`] gets them in the same order. Each item goes to one receiver, in whichever process. An item
/// travels as an argument does: encoded, in memory that the processes share. Memory is used only where an item has been, so a
/// generous `item_bytes` costs little if few items are large. A put or get that does not wait makes no system call.
///
/// An end that is sent is a new one. It belongs to the task until a worker takes it, and then to the worker. If the task is cancelled
/// or lost before, the end is gone with it. A worker may keep an end after the task. Only the process that made the queue sends
/// its ends, and only to workers of its own pools; anything else is a `TaskError::Payload`. It does not matter whether the worker was
/// started before or after the queue was made.
///
/// If a worker dies, the queue loses at most the item that the worker was putting or getting. Its ends are gone, and if they were the
/// last ones, the others learn that. A worker that writes over the queue's memory can make the queue useless
/// ([`QueueError::ProtocolViolation`]), and no more. A worker that is stopped (`SIGSTOP`) in the midst of a put or get holds up all others,
/// with or without a time limit, until it goes on or dies.
///
/// In a forked child each call fails with [`QueueError::Forked`], and dropping an end does nothing.
///
/// # Errors
/// [`QueueError::ZeroBound`]. [`QueueError::Memory`]: the queue would be larger than memory can be, or the system refused the
/// memory.
///
/// ```
/// use raddle::process::{Receiver, Sender, queue};
/// use raddle::{Executor, ProcessPool};
///
/// fn shout((words, shouts): (Receiver<String>, Sender<String>)) {
///     while let Ok(word) = words.get() {
///         shouts.put(word.to_uppercase()).unwrap();
///     }
/// }
///
/// let pool = ProcessPool::new(1)?;
/// let (words, inbox) = queue::<String>(8, 1024)?;
/// let (outbox, shouts) = queue::<String>(8, 1024)?;
/// let task = pool.submit(shout, (inbox, outbox));
/// words.put("warp".to_owned())?;
/// assert_eq!(shouts.get()?, "WARP");
/// drop(words); // the last sender: the worker learns that no more comes
/// task.result()?;
/// assert!(shouts.get().is_err()); // the worker's sender went with the task
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn queue<T: Payload>(
    bound: usize,
    item_bytes: usize,
) -> Result<(Sender<T>, Receiver<T>), QueueError> {
    if bound == 0 {
        return Err(QueueError::ZeroBound);
    }
    let shape = Shape {
        bound: bound as u64,
        item_bytes: item_bytes as u64,
    };
    let arena = shape.arena().ok_or_else(|| QueueError::Memory {
        why: format!(
            "{bound} items of {item_bytes} bytes are too many or too large; an item takes at most 2 GiB, and a queue 1 TiB"
        ),
    })?;
    let made = Side::make(shape, arena).map_err(|error| QueueError::Memory {
        why: error.to_string(),
    });
    let side = made?;
    Ok((
        Sender::of(Arc::new(End::of_maker(&side, Kind::Sender))),
        Receiver::of(Arc::new(End::of_maker(&side, Kind::Receiver))),
    ))
}

#[cold]
fn broken(violation: QueueViolation) -> QueueError {
    QueueError::ProtocolViolation {
        what: violation.to_string(),
    }
}

/// Sleeps until there was an event. False: the deadline has passed, and the caller looks a last time.
fn sleep(end: &End, seen: Seen, patience: Patience) -> bool {
    let Patience::Until(deadline) = patience else {
        return false;
    };
    let queue = &end.side.queue;
    let ready = || queue.has_changed(end.kind, seen);
    block::block(std::iter::empty(), ready, deadline, || {
        queue.sleep(end.kind, seen, deadline)
    })
}

/// The form and the bytes of an item.
fn encode<T: Payload>(item: &T, limit: usize) -> Result<(u32, Vec<u8>), QueueError> {
    let encoded = |error: PayloadError| QueueError::Encode(error.reason().clone());
    if form::is_plain::<T>() {
        match write(item, limit) {
            Ok(bytes) => return bytes.map(|bytes| (PLAIN, bytes)),
            Err(error) if error.is_of_form() => {}
            Err(error) => return Err(encoded(error)),
        }
    }
    let description = Description::of(item, Part::Argument).map_err(encoded)?;
    let bytes = write(&description, limit).map_err(encoded)?;
    bytes.map(|bytes| (DESCRIBED, bytes))
}

/// Encodes a value that takes at most `limit` bytes.
fn write<T: Serialize>(
    value: &T,
    limit: usize,
) -> Result<Result<Vec<u8>, QueueError>, PayloadError> {
    let bytes = codec::size(value, Part::Argument)?;
    if bytes > limit {
        return Ok(Err(QueueError::TooLarge { bytes, limit }));
    }
    let mut buffer = vec![0; bytes];
    codec::write(value, Part::Argument, SliceSink::new(&mut buffer))?;
    Ok(Ok(buffer))
}

fn decode<T: Payload>(form: u32, bytes: &[u8]) -> Result<T, QueueError> {
    let read = match form {
        PLAIN => codec::read(Part::Argument, bytes),
        _ => codec::read(Part::Argument, bytes)
            .and_then(|description: Description| description.read(Part::Argument)),
    };
    read.map_err(|error| QueueError::Decode(error.reason().clone()))
}

fn put<T: Payload>(end: &End, item: T, patience: Patience) -> Result<(), PutError<T>> {
    match try_put(end, &item, patience) {
        Ok(()) => Ok(()),
        Err(why) => Err(PutError { item, why }),
    }
}

fn try_put<T: Payload>(end: &End, item: &T, patience: Patience) -> Result<(), QueueError> {
    if end.side.is_forked() {
        return Err(QueueError::Forked);
    }
    let queue = &end.side.queue;
    let Shape { bound, item_bytes } = queue.shape();
    // UNWIND: the user's Serialize. Nothing of ours is half done.
    let (form, bytes) = encode(item, item_bytes as usize)?;
    let mut waits = patience.waits();
    loop {
        match queue.put(form, &bytes, waits) {
            Put::Done => return Ok(()),
            Put::Full(Some(seen)) => waits = sleep(end, seen, patience),
            Put::Full(None) => {
                let bound = bound as usize;
                return Err(QueueError::Full { bound });
            }
            Put::Closed => return Err(QueueError::Closed),
            Put::Broken(violation) => return Err(broken(violation)),
        }
    }
}

fn get<T: Payload>(end: &End, patience: Patience) -> Result<T, QueueError> {
    if end.side.is_forked() {
        return Err(QueueError::Forked);
    }
    let mut waits = patience.waits();
    loop {
        match end.side.queue.get(waits) {
            // UNWIND: the user's Deserialize. The item is lost, as one that does not decode.
            Found::Item(form, bytes) => return decode(form, &bytes),
            Found::Empty(Some(seen)) => waits = sleep(end, seen, patience),
            Found::Empty(None) => return Err(QueueError::Empty),
            Found::Closed => return Err(QueueError::Closed),
            Found::Broken(violation) => return Err(broken(violation)),
        }
    }
}

/// The end of a [`queue()`] that puts items in. It and its clones are one end; each time it is sent to a worker, there is another one. When
/// the last one is gone, receivers get what is left and then [`QueueError::Closed`].
pub struct Sender<T> {
    end: Arc<End>,
    items: PhantomData<fn(T)>,
}

impl<T: Payload> Sender<T> {
    /// Puts an item in. Blocks while the queue is full.
    ///
    /// # Errors
    /// With the item: [`QueueError::Closed`], [`TooLarge`](QueueError::TooLarge), [`Encode`](QueueError::Encode),
    /// [`Forked`](QueueError::Forked) or [`ProtocolViolation`](QueueError::ProtocolViolation).
    ///
    /// # Panics
    /// If the item's `Serialize` panics.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        put(&self.end, item, Patience::Until(None))
    }

    /// As [`put`](Self::put), but blocks for at most `limit`.
    ///
    /// # Errors
    /// Those of [`put`](Self::put), and [`QueueError::Full`].
    pub fn put_timeout(&self, item: T, limit: Duration) -> Result<(), PutError<T>> {
        put(&self.end, item, Patience::of(limit))
    }

    /// As [`put`](Self::put), but never waits for room.
    ///
    /// # Errors
    /// Those of [`put`](Self::put), and [`QueueError::Full`].
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        put(&self.end, item, Patience::None)
    }
}

/// The end of a [`queue()`] that gets items. It and its clones are one end; each time it is sent to a worker, there is another one. When the
/// last one is gone, senders get [`QueueError::Closed`], and the items that are left are lost.
pub struct Receiver<T> {
    end: Arc<End>,
    items: PhantomData<fn() -> T>,
}

impl<T: Payload> Receiver<T> {
    /// Gets the oldest item. Blocks while the queue is empty.
    ///
    /// # Errors
    /// [`QueueError::Closed`]: the queue is closed, or its senders are gone, and it is empty. [`Decode`](QueueError::Decode): the item is
    /// lost. [`Forked`](QueueError::Forked) or [`ProtocolViolation`](QueueError::ProtocolViolation).
    ///
    /// # Panics
    /// If the item's `Deserialize` panics. The item is lost.
    pub fn get(&self) -> Result<T, QueueError> {
        get(&self.end, Patience::Until(None))
    }

    /// As [`get`](Self::get), but blocks for at most `limit`.
    ///
    /// # Errors
    /// Those of [`get`](Self::get), and [`QueueError::Empty`].
    pub fn get_timeout(&self, limit: Duration) -> Result<T, QueueError> {
        get(&self.end, Patience::of(limit))
    }

    /// As [`get`](Self::get), but never waits for an item.
    ///
    /// # Errors
    /// Those of [`get`](Self::get), and [`QueueError::Empty`].
    pub fn try_get(&self) -> Result<T, QueueError> {
        get(&self.end, Patience::None)
    }
}

/// What both ends can do.
macro_rules! both_ends {
    ($end:ident, $kind:expr) => {
        impl<T> $end<T> {
            fn of(end: Arc<End>) -> Self {
                Self {
                    end,
                    items: PhantomData,
                }
            }

            /// Closes the queue, for all its ends: no further item goes in. What is left can be got. In a forked child it does nothing.
            pub fn close(&self) {
                if !self.end.side.is_forked() {
                    self.end.side.queue.close();
                }
            }

            /// Returns how many items are in the queue at this moment.
            pub fn len(&self) -> usize {
                self.end.side.queue.len() as usize
            }

            /// Whether the queue is empty at this moment.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether the queue is full at this moment.
            pub fn is_full(&self) -> bool {
                self.len() == self.bound()
            }

            /// Returns how many items have room.
            pub fn bound(&self) -> usize {
                self.end.side.queue.shape().bound as usize
            }

            /// Returns how many bytes an item may take when it is encoded.
            pub fn item_bytes(&self) -> usize {
                self.end.side.queue.shape().item_bytes as usize
            }
        }

        impl<T> Clone for $end<T> {
            fn clone(&self) -> Self {
                Self::of(Arc::clone(&self.end))
            }
        }

        impl<T> fmt::Debug for $end<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($end))
                    .field("len", &self.len())
                    .field("bound", &self.bound())
                    .finish_non_exhaustive()
            }
        }

        /// Only in the argument of a task, in the process that made the queue.
        impl<T> Serialize for $end<T> {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.end.send().map_err(S::Error::custom)?.serialize(to)
            }
        }

        /// Only in a worker, from the argument of a task.
        impl<'de, T> Deserialize<'de> for $end<T> {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let ticket = Ticket::deserialize(from)?;
                let end = End::receive(&ticket, $kind).map_err(D::Error::custom)?;
                Ok(Self::of(end))
            }
        }
    };
}

both_ends!(Sender, Kind::Sender);
both_ends!(Receiver, Kind::Receiver);

// An end is a payload, whatever its items are.
const _: () = {
    const fn is_payload<T: Serialize + DeserializeOwned + Send + 'static>() {}
    is_payload::<Sender<std::cell::Cell<u8>>>();
};
