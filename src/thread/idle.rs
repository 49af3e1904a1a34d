//! Who sleeps, who searches, and whom to wake.
//!
//! # The words
//! Pool-wide, one `AtomicU64`: `top` of the stack of sleepers (13 bits, 0 is none), `searching` (13),
//! `awake` (13), and a tag (25) that counts changes. For each worker a [`Parker`]: `seat` (out of
//! the stack; in it and asleep; in it but up again), the `link` to the sleeper below, and the
//! `token`, the futex that it sleeps on.
//!
//! # States of a worker
//! - *Working*: counted in `awake`.
//! - *Searching*: counted in `awake` and `searching`. While somebody searches, pushing wakes nobody.
//! - *Asleep*: in the stack, on its token. The most recent sleeper is woken first.
//!
//! # Transitions
//! | from | to | by | method |
//! |---|---|---|---|
//! | working | searching | the worker | [`Idle::transition_to_searching`] |
//! | searching | working | the worker | [`Idle::transition_from_searching`] |
//! | searching or working | asleep | the worker | [`Idle::announce_park`], then [`Parker::sleep`] |
//! | asleep | searching | who has pushed work | [`Idle::wake_one`] |
//! | asleep | working | who has work for this worker alone | [`Idle::wake_this`] |
//!
//! # No lost wake-ups
//! A pusher pushes, then looks at this word. A worker changes this word (lies down, or stops searching
//! as the last one), then looks at the queues. Pushes and looks are read-modify-writes of the queue's
//! own word (see `deque` and `inbox`): either the look comes later and sees the push, or the push
//! comes later, acquires what the looker released, and sees the changed word. Who lies down and then
//! finds work wakes the top of the stack, itself perhaps.
//! Models: `verify/models/idle.rs`.

use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::futex;
use crossbeam_utils::CachePadded;

/// The most workers that the word can number.
pub const MOST_WORKERS: usize = 4096;

const FIELD: u64 = (1 << 13) - 1;
const SEARCHING: u32 = 13;
const AWAKE: u32 = 26;
const TAG: u32 = 39;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(u64);

impl Word {
    fn top(self) -> Option<usize> {
        (self.0 & FIELD).checked_sub(1).map(|top| top as usize)
    }

    fn searching(self) -> u64 {
        self.0 >> SEARCHING & FIELD
    }

    fn awake(self) -> u64 {
        self.0 >> AWAKE & FIELD
    }

    fn with_top(self, top: u64) -> Self {
        Self((self.0 & !FIELD | top).wrapping_add(1 << TAG))
    }

    fn add(self, field: u32) -> Self {
        Self(self.0 + (1 << field))
    }

    fn sub(self, field: u32) -> Self {
        debug_assert!(
            self.0 >> field & FIELD > 0,
            "a count of the idle word went below zero"
        );
        Self(self.0 - (1 << field))
    }
}

const OUT: u32 = 0;
const ASLEEP: u32 = 1;
const UP: u32 = 2;

const QUIET: u32 = 0;
const SEARCH: u32 = 1;
const WORK: u32 = 2;

/// One worker's place to sleep.
pub struct Parker {
    place: AtomicU32,
    link: AtomicU32,
    token: AtomicU32,
}

impl Parker {
    pub fn new() -> Self {
        Self {
            place: AtomicU32::new(OUT),
            link: AtomicU32::new(0),
            token: AtomicU32::new(QUIET),
        }
    }

    /// Sleeps until it was woken. Only after [`Idle::announce_park`].
    pub fn sleep(&self) -> Woken {
        loop {
            // ORDERING: parker.token Acquire -> pairs with parker.wake: what the waker did before.
            match self.token.swap(QUIET, Acquire) {
                SEARCH => return Woken::ToSearch,
                WORK => return Woken::ToWork,
                // WAKE: the other end is Parker::wake; the futex compares the token itself.
                _ => {
                    futex::wait(&self.token, QUIET, None);
                }
            }
        }
    }

    fn wake(&self, why: u32) {
        // ORDERING: parker.wake Release -> pairs with parker.token.
        self.token.swap(why, Release);
        // WAKE: the other end is Parker::sleep.
        futex::wake_one(&self.token);
    }
}

/// How a sleeper was woken.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// As one who searches: counted so by its waker.
    ToSearch,
    /// For work that only this worker may do, or for the end of the pool.
    ToWork,
}

/// See the module.
pub struct Idle {
    word: CachePadded<AtomicU64>,
    parkers: Box<[CachePadded<Parker>]>,
}

impl Idle {
    /// For so many workers, all of them awake and working.
    pub fn new(workers: usize) -> Self {
        let parkers = (0..workers)
            .map(|_| CachePadded::new(Parker::new()))
            .collect();
        Self {
            word: CachePadded::new(AtomicU64::new((workers as u64) << AWAKE)),
            parkers,
        }
    }

    pub fn parker(&self, worker: usize) -> &Parker {
        &self.parkers[worker]
    }

    fn change(&self, mut next: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        // ORDERING: idle.look Acquire -> pairs with idle.change: the link of the sleeper on top, which
        // `next` reads before the exchange. So does a failed exchange.
        let mut now = Word(self.word.load(Acquire));
        loop {
            let Some(new) = next(now) else {
                return Err(now);
            };
            // ORDERING: idle.change Release -> pairs with idle.look: the bed. An exchange that succeeds finds the value
            // that was acquired before.
            match self.word.compare_exchange(now.0, new.0, Release, Acquire) {
                Ok(_) => return Ok(now),
                Err(seen) => now = Word(seen),
            }
        }
    }

    fn load(&self) -> Word {
        // ORDERING: idle.load Relaxed: who has to see a change has acquired what came after it, in the queue's word;
        // the parkers are read after idle.look.
        Word(self.word.load(Relaxed))
    }

    /// The worker begins to search, unless `limit` others do.
    #[must_use]
    pub fn transition_to_searching(&self, limit: usize) -> bool {
        self.change(|now| (now.searching() < limit as u64).then(|| now.add(SEARCHING)))
            .is_ok()
    }

    /// The worker has found work. True: it was the last who searched, so it has to look whether
    /// there is more (a pusher may have counted on it), and wake somebody if so.
    #[must_use]
    pub fn transition_from_searching(&self) -> bool {
        match self.change(|now| Some(now.sub(SEARCHING))) {
            Ok(before) | Err(before) => before.searching() == 1,
        }
    }

    /// Is nobody else awake? Then nobody else's deque holds anything. Who has lain down is not
    /// counted as awake any more, so a single other one that works is enough for a no.
    pub fn is_alone(&self, has_announced: bool) -> bool {
        self.load().awake() <= u64::from(!has_announced)
    }

    /// Is somebody searching?
    pub fn is_searching(&self) -> bool {
        // ORDERING: idle.searching Relaxed: a hint to share by.
        Word(self.word.load(Relaxed)).searching() > 0
    }

    /// Is somebody asleep?
    pub fn is_sleeping(&self) -> bool {
        // ORDERING: idle.sleeping Relaxed: a hint to share by.
        Word(self.word.load(Relaxed)).top().is_some()
    }

    /// How many are awake.
    pub fn awake(&self) -> usize {
        // ORDERING: idle.awake Relaxed: a hint to share by.
        Word(self.word.load(Relaxed)).awake() as usize
    }

    /// The worker announces its sleep. Next it looks at every queue, and wakes somebody if one
    /// holds work; then [`Parker::sleep`].
    pub fn announce_park(&self, worker: usize, was_searching: bool) {
        let bed = self.parker(worker);
        let leave = |now: Word| {
            let now = now.sub(AWAKE);
            if was_searching {
                now.sub(SEARCHING)
            } else {
                now
            }
        };
        // Up but still in the stack: lie down where it is, unless it is being taken out.
        // ORDERING: parker.again Relaxed: only exchanges change the seat, so it is in one state; with it nothing is passed on.
        if bed
            .place
            .compare_exchange(UP, ASLEEP, Relaxed, Relaxed)
            .is_ok()
        {
            let _ = self.change(|now| Some(leave(now)));
            return;
        }
        // ORDERING: parker.lie Relaxed: published by idle.change.
        bed.place.swap(ASLEEP, Relaxed);
        let _ = self.change(|now| {
            // ORDERING: parker.link Relaxed: published by idle.change.
            bed.link.store((now.0 & FIELD) as u32, Relaxed);
            Some(leave(now).with_top(worker as u64 + 1))
        });
    }

    /// Wakes the most recent sleeper as one who searches, unless somebody searches already or
    /// nobody sleeps. Returns whom.
    #[inline]
    pub fn wake_one(&self) -> Option<usize> {
        let now = self.load();
        if now.top().is_none() || now.searching() > 0 {
            return None;
        }
        self.wake(false)
    }

    /// The same, whether or not somebody searches.
    #[cold]
    pub fn wake_another(&self) -> Option<usize> {
        self.wake(true)
    }

    #[cold]
    fn wake(&self, even_if_searching: bool) -> Option<usize> {
        loop {
            let mut top = None;
            self.change(|now| {
                top = now.top();
                let sleeper = top?;
                if now.searching() > 0 && !even_if_searching {
                    return None;
                }
                // ORDERING: parker.next Relaxed: acquired with the word (idle.change of the sleeper);
                // if the sleeper has moved meanwhile, the tag differs and the exchange fails.
                let next = self.parker(sleeper).link.load(Relaxed);
                Some(now.with_top(u64::from(next)).add(SEARCHING).add(AWAKE))
            })
            .ok()?;
            let sleeper = top?;
            // ORDERING: parker.out Relaxed: as parker.again.
            if self.parker(sleeper).place.swap(OUT, Relaxed) == ASLEEP {
                self.parker(sleeper).wake(SEARCH);
                return Some(sleeper);
            }
            // It was up already: only its place in the stack was left.
            let _ = self.change(|now| Some(now.sub(SEARCHING).sub(AWAKE)));
        }
    }

    /// Wakes this worker for work of its own. False: it is awake, or being woken.
    pub fn wake_this(&self, worker: usize) -> bool {
        let bed = self.parker(worker);
        // ORDERING: parker.up Relaxed: as parker.again.
        if bed
            .place
            .compare_exchange(ASLEEP, UP, Relaxed, Relaxed)
            .is_err()
        {
            return false;
        }
        let _ = self.change(|now| Some(now.add(AWAKE)));
        bed.wake(WORK);
        true
    }

    /// How many are awake, and how many of them search.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn counts(&self) -> (u64, u64) {
        let now = self.load();
        (now.awake(), now.searching())
    }

    /// Wakes everybody, for the end of the pool.
    pub fn wake_all(&self) {
        for worker in 0..self.parkers.len() {
            self.wake_this(worker);
        }
    }
}
