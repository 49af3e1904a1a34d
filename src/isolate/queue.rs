//! A bounded queue between threads: [`queue`].
//!
//! # Protocol
//! All is under one mutex: the items, whether the queue is closed, and how many threads wait on each side. Each side has a futex
//! word, `arrivals` for receivers and `departures` for senders, which counts events.
//!
//! | operation | under the mutex | after it |
//! |---|---|---|
//! | put | closed: fails; room: adds the item, counts an arrival if a receiver waits; full: reads `departures`, waits | wakes one receiver, or sleeps |
//! | get | an item: takes it, counts a departure if a sender waits; empty: reads `arrivals`, waits, unless closed | wakes one sender, or sleeps |
//! | close | closes, counts an event on each side | wakes all |
//!
//! A thread that waits reads its word under the mutex, before it gives the mutex back. So an event after that look changes the
//! word, and the futex does not sleep. After each sleep it looks again, also after one that timed out: a wake that it took is
//! never lost.
//! Models: `verify/src/scenarios/queue.rs`.

use crate::error::{PutError, QueueError};
use crate::future::block::{self, Patience};
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{Arc, FutexWait, Mutex, futex};
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// Makes a queue with room for `bound` items, and its two ends. Both can be cloned, and sent to isolates and threads.
///
/// A [`Sender`] puts items in, a [`Receiver`] gets them in the same order. Each item goes to one receiver. A worker of a
/// [`ThreadPool`](crate::ThreadPool) that waits for the queue has a spare in its place meanwhile.
///
/// # Errors
/// [`QueueError::ZeroBound`].
///
/// ```
/// use raddle::Isolate;
/// use raddle::isolate::{QueueError, queue};
///
/// let writer = Isolate::new(|_| Ok(Vec::<String>::new()))?;
/// // After the isolate, so that the sender is dropped before it: dropping an isolate waits for its calls.
/// let (lines, inbox) = queue::<String>(8)?;
/// let written = writer.call(|written, inbox| {
///     while let Ok(line) = inbox.get() {
///         written.push(line);
///     }
///     written.len()
/// }, inbox);
/// lines.put("warp".into()).unwrap();
/// lines.put("weft".into()).unwrap();
/// drop(lines);
/// assert_eq!(written.result()?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn queue<T>(bound: usize) -> Result<(Sender<T>, Receiver<T>), QueueError> {
    if bound == 0 {
        return Err(QueueError::ZeroBound);
    }
    let shared = Arc::new(Shared {
        bound,
        inside: Mutex::new(Inside {
            items: VecDeque::new(),
            is_closed: false,
            senders: Side {
                ends: 1,
                waiting: 0,
            },
            receivers: Side {
                ends: 1,
                waiting: 0,
            },
        }),
        arrivals: AtomicU32::new(0),
        departures: AtomicU32::new(0),
    });
    let sender = Sender {
        shared: Arc::clone(&shared),
    };
    Ok((sender, Receiver { shared }))
}

struct Shared<T> {
    bound: usize,
    inside: Mutex<Inside<T>>,
    /// Events for receivers: an item, or the end.
    arrivals: AtomicU32,
    /// Events for senders: room, or the end.
    departures: AtomicU32,
}

/// What the mutex protects.
struct Inside<T> {
    items: VecDeque<T>,
    is_closed: bool,
    senders: Side,
    receivers: Side,
}

#[derive(Clone, Copy)]
struct Side {
    /// Handles.
    ends: usize,
    /// Threads that sleep, or are about to.
    waiting: usize,
}

/// An event. The caller holds the mutex.
fn count(word: &AtomicU32) {
    // ORDERING: queue.event Relaxed: the mutex publishes what happened.
    word.fetch_add(1, Relaxed);
}

impl<T> Shared<T> {
    fn put(&self, item: T, patience: Patience) -> Result<(), PutError<T>> {
        let mut item = Some(item);
        let attempt = |inside: &mut Inside<T>| {
            if inside.is_closed || inside.receivers.ends == 0 {
                return Some(Err(QueueError::Closed));
            }
            if inside.items.len() == self.bound {
                return None;
            }
            inside.items.extend(item.take());
            Some(Ok(inside.receivers.waiting > 0))
        };
        let sides = Sides {
            wait_on: &self.departures,
            wake_on: &self.arrivals,
            side: |inside| &mut inside.senders,
        };
        let full = QueueError::Full { bound: self.bound };
        let done = self.attempt(attempt, &sides, patience, full);
        match (done, item) {
            (Err(why), Some(item)) => Err(PutError { item, why }),
            _ => Ok(()),
        }
    }

    fn get(&self, patience: Patience) -> Result<T, QueueError> {
        let mut item = None;
        let attempt = |inside: &mut Inside<T>| {
            item = inside.items.pop_front();
            if item.is_some() {
                return Some(Ok(inside.senders.waiting > 0));
            }
            (inside.is_closed || inside.senders.ends == 0).then_some(Err(QueueError::Closed))
        };
        let sides = Sides {
            wait_on: &self.arrivals,
            wake_on: &self.departures,
            side: |inside| &mut inside.receivers,
        };
        self.attempt(attempt, &sides, patience, QueueError::Empty)?;
        item.ok_or(QueueError::Empty)
    }

    /// Calls `attempt` under the mutex until it returns something: an error, or whether the other side has to be woken.
    fn attempt(
        &self,
        mut attempt: impl FnMut(&mut Inside<T>) -> Option<Result<bool, QueueError>>,
        sides: &Sides<'_, T>,
        patience: Patience,
        nothing: QueueError,
    ) -> Result<(), QueueError> {
        let mut is_over = false;
        loop {
            let mut inside = self.inside.lock();
            if let Some(done) = attempt(&mut inside) {
                let wakes = done?;
                if wakes {
                    count(sides.wake_on);
                    drop(inside);
                    // WAKE: the other end is the sleep below, on the other side.
                    futex::wake_one(sides.wake_on);
                }
                return Ok(());
            }
            let Patience::Until(deadline) = patience else {
                return Err(nothing);
            };
            if is_over {
                return Err(nothing);
            }
            (sides.side)(&mut inside).waiting += 1;
            // ORDERING: queue.look Relaxed: read under the mutex, under which events are counted.
            let seen = sides.wait_on.load(Relaxed);
            drop(inside);
            is_over = !sleep(sides.wait_on, seen, deadline);
            (sides.side)(&mut self.inside.lock()).waiting -= 1;
        }
    }

    fn close(&self, end: impl FnOnce(&mut Inside<T>) -> bool) {
        let mut inside = self.inside.lock();
        if end(&mut inside) {
            count(&self.arrivals);
            count(&self.departures);
            drop(inside);
            // WAKE: the other end is `sleep`, on both sides.
            futex::wake_all(&self.arrivals);
            futex::wake_all(&self.departures);
        }
    }

    fn close_now(&self) {
        self.close(|inside| !std::mem::replace(&mut inside.is_closed, true));
    }
}

/// Which words an operation waits on and wakes.
struct Sides<'a, T> {
    wait_on: &'a AtomicU32,
    wake_on: &'a AtomicU32,
    side: fn(&mut Inside<T>) -> &mut Side,
}

/// Sleeps until `word` is not `seen` any more. False: the deadline passed first.
fn sleep(word: &AtomicU32, seen: u32, deadline: Option<Instant>) -> bool {
    // ORDERING: queue.changed Relaxed: only a reason to look under the mutex.
    let ready = || word.load(Relaxed) != seen;
    block::block(std::iter::empty(), ready, deadline, || {
        // WAKE: the other ends are Shared::attempt and Shared::close, which count before they wake.
        while !ready() {
            if futex::wait(word, seen, deadline) == FutexWait::TimedOut {
                return false;
            }
        }
        true
    })
}

/// The end of a [`queue()`] that puts items in. When the last one is dropped, receivers get what is left and then
/// [`QueueError::Closed`].
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Puts an item in. Blocks while the queue is full.
    ///
    /// # Errors
    /// [`QueueError::Closed`], with the item.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.shared.put(item, Patience::Until(None))
    }

    /// As [`put`](Self::put), but blocks for at most `limit`.
    ///
    /// # Errors
    /// [`QueueError::Closed`] or [`QueueError::Full`], with the item.
    pub fn put_timeout(&self, item: T, limit: Duration) -> Result<(), PutError<T>> {
        self.shared.put(item, Patience::of(limit))
    }

    /// As [`put`](Self::put), but never waits for room.
    ///
    /// # Errors
    /// [`QueueError::Closed`] or [`QueueError::Full`], with the item.
    pub fn try_put(&self, item: T) -> Result<(), PutError<T>> {
        self.shared.put(item, Patience::None)
    }

    /// Closes the queue, for all its ends: no further item goes in. Receivers get what is left.
    pub fn close(&self) {
        self.shared.close_now();
    }
}

/// The end of a [`queue()`] that gets items. When the last one is dropped, senders get [`QueueError::Closed`], and the items that
/// are left are dropped.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    /// Gets the oldest item. Blocks while the queue is empty.
    ///
    /// # Errors
    /// [`QueueError::Closed`]: the queue is closed, or its senders are gone, and it is empty.
    pub fn get(&self) -> Result<T, QueueError> {
        self.shared.get(Patience::Until(None))
    }

    /// As [`get`](Self::get), but blocks for at most `limit`.
    ///
    /// # Errors
    /// [`QueueError::Closed`] or [`QueueError::Empty`].
    pub fn get_timeout(&self, limit: Duration) -> Result<T, QueueError> {
        self.shared.get(Patience::of(limit))
    }

    /// As [`get`](Self::get), but never waits for an item.
    ///
    /// # Errors
    /// [`QueueError::Closed`] or [`QueueError::Empty`].
    pub fn try_get(&self) -> Result<T, QueueError> {
        self.shared.get(Patience::None)
    }

    /// Closes the queue, for all its ends: no further item goes in. What is left can be got.
    pub fn close(&self) {
        self.shared.close_now();
    }
}

/// What both ends can do.
macro_rules! both_ends {
    ($end:ident, $side:ident) => {
        impl<T> $end<T> {
            /// Returns how many items are in the queue at this moment.
            pub fn len(&self) -> usize {
                self.shared.inside.lock().items.len()
            }

            /// Whether the queue is empty at this moment.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether the queue is full at this moment.
            pub fn is_full(&self) -> bool {
                self.len() == self.shared.bound
            }

            /// Returns how many items have room.
            pub fn bound(&self) -> usize {
                self.shared.bound
            }
        }

        impl<T> Clone for $end<T> {
            fn clone(&self) -> Self {
                self.shared.inside.lock().$side.ends += 1;
                Self {
                    shared: Arc::clone(&self.shared),
                }
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
    };
}

both_ends!(Sender, senders);
both_ends!(Receiver, receivers);

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.close(|inside| {
            inside.senders.ends -= 1;
            inside.senders.ends == 0
        });
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut left = VecDeque::new();
        self.shared.close(|inside| {
            inside.receivers.ends -= 1;
            let is_last = inside.receivers.ends == 0;
            if is_last {
                left = std::mem::take(&mut inside.items);
            }
            is_last
        });
        // The items' destructors run without the lock.
        drop(left);
    }
}
