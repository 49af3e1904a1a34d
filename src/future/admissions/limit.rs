//! The limit on queued tasks: a counter of free places, on which submitters can sleep, and a list of those that wait in async code.
//!
//! A task from outside takes a place before it is queued; the thread that starts or cancels it returns the place ([`Admissions`](super::Admissions)).
//! Tasks that the pool's own tasks spawn need none.
//!
//! # The word
//! One `AtomicU32`, which is also the futex:
//!
//! | bits | field | meaning |
//! |---|---|---|
//! | 31 | `CLOSED` | the pool has ended: there are no more places |
//! | 30 | `WAITING` | a submitter may be asleep on the word |
//! | 29 | `LISTED` | a submitter may wait in the list |
//! | 0 to 28 | `FREE` | how many places are free |
//!
//! The list has the wakers of submitters in async code, in the order of their *turns*, under a mutex. `LISTED` changes under that mutex
//! alone.
//!
//! # Transitions
//! | change | by | method | ordering |
//! |---|---|---|---|
//! | `FREE - 1` | submitter | [`QueueLimit::try_take`], [`QueueLimit::take`] | Relaxed |
//! | `WAITING` on, then sleep: no place is free | submitter | [`QueueLimit::take`] | Relaxed |
//! | `FREE + 1`, `WAITING` off, wake all | the thread that starts or cancels the task | [`QueueLimit::give`] | Relaxed |
//! | `CLOSED` on, wake all | the thread that closes the pool | [`QueueLimit::close`] | Relaxed |
//! | into the list, `LISTED` on: no place is free | submitter | [`QueueLimit::poll_take`] | Relaxed |
//! | the first out of the list and woken; `LISTED` off if it was the last | whoever has returned a place and saw `LISTED`, or gives up a turn that was called | [`QueueLimit::give`], [`QueueLimit::give_up`] | Relaxed |
//! | all out of the list and woken | the thread that closes the pool | [`QueueLimit::close`] | |
//!
//! All steps are Relaxed: a place is a number, and nothing else is published with it.
//!
//! # Guarantees
//! At no time do more tasks hold a place than the limit allows. A sleeper is woken by the next free place or by the end of the pool. Of
//! those in the list each place that comes back wakes one, the first. If that one is gone by then, it wakes the next (`give_up`). If
//! another thread takes the place first, it keeps its turn.
//!
//! Wakers are code of users: none is cloned, called or dropped under the mutex.
//! Models: `verify/src/scenarios/limit.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{Mutex, futex};
use std::collections::BTreeMap;
use std::task::{Poll, Waker};

const LISTED: u32 = 1 << 29;
const WAITING: u32 = 1 << 30;
const CLOSED: u32 = 1 << 31;
const FREE: u32 = LISTED - 1;

/// The largest limit. A larger setting is cut to it.
pub const MOST: usize = FREE as usize;

/// The result of asking for a place.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// The caller has a place; [`QueueLimit::give`] returns it.
    Taken,
    /// No place is free.
    Full,
    /// The pool has ended.
    Closed,
}

/// See the module.
pub struct QueueLimit {
    word: AtomicU32,
    list: Mutex<WaitList>,
}

/// Submitters that wait in async code.
#[derive(Default)]
struct WaitList {
    next_turn: u64,
    wakers: BTreeMap<u64, Waker>,
}

/// A submitter's turn: its place in the list of those that wait. It begins with the first [`QueueLimit::poll_take`] that finds no
/// place, and has to be given up if it has not been taken.
#[derive(Default)]
pub struct Turn(Option<u64>);

impl QueueLimit {
    pub fn new(places: usize) -> Self {
        Self {
            word: AtomicU32::new(places.min(MOST) as u32),
            list: Mutex::new(WaitList::default()),
        }
    }

    /// Takes a place, or says at once why there is none. Never blocks.
    pub fn try_take(&self) -> Admission {
        // ORDERING: limit.look Relaxed: the exchange below decides.
        let mut now = self.word.load(Relaxed);
        loop {
            if now & CLOSED != 0 {
                return Admission::Closed;
            }
            if now & FREE == 0 {
                return Admission::Full;
            }
            // The bits above are others'.
            // ORDERING: limit.take Relaxed: an exchange, so that no two threads take the same place.
            match self.word.compare_exchange(now, now - 1, Relaxed, Relaxed) {
                Ok(_) => return Admission::Taken,
                Err(seen) => now = seen,
            }
        }
    }

    /// Takes a place, and sleeps until one is free or the pool is closed. Never returns [`Admission::Full`].
    pub fn take(&self) -> Admission {
        loop {
            match self.try_take() {
                Admission::Full => {}
                other => return other,
            }
            // ORDERING: limit.wait-look Relaxed: the futex compares the word itself.
            let now = self.word.load(Relaxed);
            if now & (FREE | CLOSED) != 0 {
                continue;
            }
            // WAKE: the other ends are QueueLimit::give, which sees WAITING, and QueueLimit::close. Both change the word, so the
            // futex does not sleep on a word that they have passed.
            // ORDERING: limit.waiting Relaxed: as above.
            if now & WAITING == 0
                && self
                    .word
                    .compare_exchange(now, now | WAITING, Relaxed, Relaxed)
                    .is_err()
            {
                continue;
            }
            futex::wait(&self.word, now | WAITING, None);
        }
    }

    /// Returns a place. If a submitter may be asleep, wakes all of them; those that find no place set `WAITING` again.
    pub fn give(&self) {
        // ORDERING: limit.give-look Relaxed: the exchange below decides.
        let mut now = self.word.load(Relaxed);
        loop {
            // ORDERING: limit.give Relaxed: as limit.take.
            match self
                .word
                .compare_exchange(now, (now & !WAITING) + 1, Relaxed, Relaxed)
            {
                Ok(_) => break,
                Err(seen) => now = seen,
            }
        }
        if now & WAITING != 0 {
            // WAKE: the other end is QueueLimit::take.
            futex::wake_all(&self.word);
        }
        if now & LISTED != 0 {
            self.wake_first();
        }
    }

    /// As [`take`](Self::take), in async code. Pending: the waker is called when a place may be free, or the pool is closed.
    pub fn poll_take(&self, turn: &mut Turn, waker: &Waker) -> Poll<Admission> {
        loop {
            let admission = self.try_take();
            if admission != Admission::Full {
                self.leave_list(turn);
                return Poll::Ready(admission);
            }
            let waker = waker.clone();
            let mut list = self.list.lock();
            let number = *turn.0.get_or_insert_with(|| {
                list.next_turn += 1;
                list.next_turn
            });
            let old = list.wakers.insert(number, waker);
            let is_listed = self.announce();
            drop(list);
            drop(old);
            if is_listed {
                return Poll::Pending;
            }
        }
    }

    /// Sets `LISTED`. False: there is a free place, or the end. The caller holds the list.
    fn announce(&self) -> bool {
        // ORDERING: limit.list-look Relaxed: the exchange below decides.
        let mut now = self.word.load(Relaxed);
        while now & (FREE | CLOSED) == 0 {
            // WAKE: the other ends are QueueLimit::give, which sees LISTED, and QueueLimit::close. Both change what is compared.
            // ORDERING: limit.list Relaxed: who sees the bit finds the waker under the mutex.
            match self
                .word
                .compare_exchange(now, now | LISTED, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => now = seen,
            }
        }
        false
    }

    /// Takes a turn out of the list. False: it was not there, so it has been called, or never waited.
    fn leave_list(&self, turn: &mut Turn) -> bool {
        let Some(number) = turn.0.take() else {
            return true;
        };
        let mut list = self.list.lock();
        let waker = list.wakers.remove(&number);
        drop(list);
        waker.is_some()
    }

    /// Gives up a turn that has not taken a place. If it has been called, the next one is.
    pub fn give_up(&self, turn: &mut Turn) {
        let was_called = !self.leave_list(turn);
        // ORDERING: limit.give-up Relaxed: a place that comes back later calls the next one itself.
        if was_called && self.word.load(Relaxed) & FREE != 0 {
            self.wake_first();
        }
    }

    /// Wakes the first in the list, which leaves it.
    #[cold]
    fn wake_first(&self) {
        let mut list = self.list.lock();
        let first = list.wakers.pop_first();
        if list.wakers.is_empty() {
            // ORDERING: limit.unlist Relaxed: the bit changes under the mutex.
            self.word.fetch_and(!LISTED, Relaxed);
        }
        drop(list);
        if let Some((_, waker)) = first {
            // WAKE: the other end is QueueLimit::poll_take.
            waker.wake();
        }
    }

    /// From here on there are no places. Submitters that sleep wake up and get [`Admission::Closed`].
    pub fn close(&self) {
        // ORDERING: limit.close Relaxed: as limit.take.
        self.word.fetch_or(CLOSED, Relaxed);
        // WAKE: the other end is QueueLimit::take.
        futex::wake_all(&self.word);
        // WAKE: the other end is QueueLimit::poll_take. Who comes later finds CLOSED.
        let listed = std::mem::take(&mut self.list.lock().wakers);
        listed.into_values().for_each(Waker::wake);
    }
}
