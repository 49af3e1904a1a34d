//! Which workers sleep, which search, and which one to wake.
//!
//! The workers that sleep are in a stack. The pattern is that of event counts (Reed & Kanodia, "Synchronization with
//! Eventcounts and Sequencers") and of rayon's sleep protocol: announce, look again, then sleep.
//!
//! # The words
//! One `AtomicU64` for the pool:
//!
//! | bits | field | meaning |
//! |---|---|---|
//! | 39 to 63 | `tag` | counts changes of the stack |
//! | 26 to 38 | `awake` | how many workers do not sleep |
//! | 13 to 25 | `searching` | how many of those search |
//! | 0 to 12 | `top` | the most recent sleeper, plus one; 0: no worker sleeps |
//!
//! One [`Parker`] for each worker: its `state`, the `link` to the sleeper below it in the stack, and `event`, the futex
//! that it sleeps on.
//!
//! | `state` | in the stack | asleep |
//! |---|---|---|
//! | `OUT` | no, or its worker is pushing it | no |
//! | `ASLEEP` | yes, or its worker is pushing it | yes, or about to be |
//! | `WOKEN` | yes, or a waker is popping it | no: it was woken for work of its own |
//!
//! # States of a worker
//! - *Working*: counted in `awake`.
//! - *Searching*: counted in `awake` and `searching`. While a worker searches, a push wakes none.
//! - *Asleep*: in the stack, on its futex. The most recent sleeper is woken first.
//!
//! # Transitions
//! | from | to | by | method |
//! |---|---|---|---|
//! | working | searching | the worker, unless enough others search | [`Sleepers::transition_to_searching`] |
//! | searching | working | the worker | [`Sleepers::transition_from_searching`] |
//! | working, searching | asleep | the worker | [`Sleepers::announce_park`], a look at the queues, [`Parker::sleep`] |
//! | asleep | searching | a thread that has pushed work for any worker | [`Sleepers::wake_one`], [`Sleepers::wake_another`] |
//! | asleep | working | a thread that has work for this worker, or closes the pool | [`Sleepers::wake_this`] |
//!
//! Each change of the pool's word is an exchange, Release, of a value that was read Acquire.
//!
//! [`Sleepers::wake_this`] leaves its worker in the stack as `WOKEN`. A waker that pops it later finds that, and pops the next
//! one. If the worker parks again before that, it keeps its position in the stack.
//!
//! # No wake-up is lost
//! - A submitter *pushes*, then *reads the pool's word*, then wakes a worker, unless one searches or none sleeps.
//! - A worker *changes the pool's word* (announces its park, or stops searching as the last searcher), then *looks at the
//!   queues*, and wakes a worker, possibly itself, if it finds work.
//!
//! Pushes and looks are read-modify-writes of the queue's own word (see `deque` and `injector`). If the push is first, the
//! look sees it. If the look is first, the push acquires what the worker released, and the submitter sees the changed word.
//! The whole argument is in `docs/protocols/idle.md`.
//!
//! Models: `verify/src/scenarios/idle.rs`.

use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::futex;
use crossbeam_utils::CachePadded;

/// The most workers of a pool: the fields of the word are wide enough for them.
pub const MAX_WORKERS: usize = 4096;

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

// Values of `Parker::state`.
const OUT: u32 = 0;
const ASLEEP: u32 = 1;
const WOKEN: u32 = 2;

// Values of `Parker::event`.
const NONE: u32 = 0;
const SEARCH: u32 = 1;
const WORK: u32 = 2;

/// What one worker sleeps on, and its entry in the stack of sleepers.
pub struct Parker {
    state: AtomicU32,
    link: AtomicU32,
    event: AtomicU32,
}

impl Parker {
    pub fn new() -> Self {
        Self {
            state: AtomicU32::new(OUT),
            link: AtomicU32::new(0),
            event: AtomicU32::new(NONE),
        }
    }

    /// The worker sleeps until it is woken. Called after [`Sleepers::announce_park`] only.
    pub fn sleep(&self) -> Woken {
        loop {
            // ORDERING: parker.sleep Acquire -> pairs with parker.wake: what the waker did before.
            match self.event.swap(NONE, Acquire) {
                SEARCH => return Woken::ToSearch,
                WORK => return Woken::ToWork,
                // WAKE: the other end is Parker::wake; the futex compares the event word itself.
                _ => {
                    futex::wait(&self.event, NONE, None);
                }
            }
        }
    }

    fn wake(&self, why: u32) {
        // ORDERING: parker.wake Release -> pairs with parker.sleep: what the waker did before.
        self.event.swap(why, Release);
        // WAKE: the other end is Parker::sleep.
        futex::wake_one(&self.event);
    }
}

/// Why a sleeper was woken.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Woken {
    /// For work that any worker may do. The waker has counted it as searching.
    ToSearch,
    /// For work that only this worker may do, or for the end of the pool. It is counted as working.
    ToWork,
}

/// See the module.
pub struct Sleepers {
    word: CachePadded<AtomicU64>,
    parkers: Box<[CachePadded<Parker>]>,
}

impl Sleepers {
    /// For `workers` workers, all of them working.
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

    /// Replaces the word by `next` of it, until that succeeds. Returns the word before. `Err`: `next` gave `None` for it.
    fn change(&self, mut next: impl FnMut(Word) -> Option<Word>) -> Result<Word, Word> {
        // ORDERING: idle.read Acquire -> pairs with idle.change: the link of the sleeper on top, which `next` reads before
        // the exchange. A failed exchange acquires it too.
        let mut now = Word(self.word.load(Acquire));
        loop {
            let Some(new) = next(now) else {
                return Err(now);
            };
            // ORDERING: idle.change Release -> pairs with idle.read: the parker. An exchange that succeeds finds the value that
            // was acquired before.
            match self.word.compare_exchange(now.0, new.0, Release, Acquire) {
                Ok(_) => return Ok(now),
                Err(seen) => now = Word(seen),
            }
        }
    }

    fn load(&self) -> Word {
        // ORDERING: idle.load Relaxed: a thread that has to see a change has acquired it through the queue's word. The
        // parkers are read after idle.read only.
        Word(self.word.load(Relaxed))
    }

    /// The worker begins to search. False: `limit` others search already, and nothing has changed.
    #[must_use]
    pub fn transition_to_searching(&self, limit: usize) -> bool {
        self.change(|now| (now.searching() < limit as u64).then(|| now.add(SEARCHING)))
            .is_ok()
    }

    /// The worker stops searching. True: it was the last searcher. Then it has to look whether there is work, since a
    /// pusher may have relied on it, and wake a worker if there is.
    #[must_use]
    pub fn transition_from_searching(&self) -> bool {
        match self.change(|now| Some(now.sub(SEARCHING))) {
            Ok(before) | Err(before) => before.searching() == 1,
        }
    }

    /// Is no other worker awake? Then the deques of the others are empty. With `has_announced` the calling worker has
    /// announced its park and is not counted as awake any more, so one worker that is awake is another one.
    pub fn is_alone(&self, has_announced: bool) -> bool {
        self.load().awake() <= u64::from(!has_announced)
    }

    /// Does any worker search? A hint.
    pub fn is_searching(&self) -> bool {
        // ORDERING: idle.searching Relaxed: a hint.
        Word(self.word.load(Relaxed)).searching() > 0
    }

    /// Is any worker asleep? A hint.
    pub fn is_sleeping(&self) -> bool {
        // ORDERING: idle.sleeping Relaxed: a hint.
        Word(self.word.load(Relaxed)).top().is_some()
    }

    /// How many workers are awake. A hint.
    pub fn awake(&self) -> usize {
        // ORDERING: idle.awake Relaxed: a hint.
        Word(self.word.load(Relaxed)).awake() as usize
    }

    /// The worker announces its park. Next it looks at every queue, wakes a worker if one of them holds work, and calls
    /// [`Parker::sleep`].
    pub fn announce_park(&self, worker: usize, was_searching: bool) {
        let parker = self.parker(worker);
        let leave = |now: Word| {
            let now = now.sub(AWAKE);
            if was_searching {
                now.sub(SEARCHING)
            } else {
                now
            }
        };
        // Woken for itself and still in the stack: it parks where it is, unless a waker is popping it.
        // ORDERING: parker.park-again Relaxed: only exchanges change the state, so one of two wins; it publishes nothing.
        if parker
            .state
            .compare_exchange(WOKEN, ASLEEP, Relaxed, Relaxed)
            .is_ok()
        {
            let _ = self.change(|now| Some(leave(now)));
            return;
        }
        // ORDERING: parker.park Relaxed: published by idle.change.
        parker.state.swap(ASLEEP, Relaxed);
        let _ = self.change(|now| {
            // ORDERING: parker.link Relaxed: published by idle.change.
            parker.link.store((now.0 & FIELD) as u32, Relaxed);
            Some(leave(now).with_top(worker as u64 + 1))
        });
    }

    /// Wakes the most recent sleeper to search, unless a worker searches already or none sleeps. Returns which one.
    #[inline]
    pub fn wake_one(&self) -> Option<usize> {
        let now = self.load();
        if now.top().is_none() || now.searching() > 0 {
            return None;
        }
        self.wake(false)
    }

    /// As [`Sleepers::wake_one`], whether or not a worker searches.
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
                // ORDERING: parker.next Relaxed: idle.read has acquired it from the sleeper's idle.change. If the sleeper has woken
                // and parked again meanwhile, the tag differs and the exchange fails.
                let next = self.parker(sleeper).link.load(Relaxed);
                Some(now.with_top(u64::from(next)).add(SEARCHING).add(AWAKE))
            })
            .ok()?;
            let sleeper = top?;
            // ORDERING: parker.pop Relaxed: as parker.park-again.
            if self.parker(sleeper).state.swap(OUT, Relaxed) == ASLEEP {
                self.parker(sleeper).wake(SEARCH);
                return Some(sleeper);
            }
            // It had been woken for itself: only its entry in the stack was left.
            let _ = self.change(|now| Some(now.sub(SEARCHING).sub(AWAKE)));
        }
    }

    /// Wakes this worker, for work that only it may do or for the end of the pool. False: it is awake, or being woken.
    ///
    /// The caller has acquired the worker's announcement through the queue's word, if it came first.
    pub fn wake_this(&self, worker: usize) -> bool {
        let parker = self.parker(worker);
        // ORDERING: parker.wake-this Relaxed: as parker.park-again. A failed exchange may read an old state, but none that is older
        // than what the caller has acquired.
        if parker
            .state
            .compare_exchange(ASLEEP, WOKEN, Relaxed, Relaxed)
            .is_err()
        {
            return false;
        }
        let _ = self.change(|now| Some(now.add(AWAKE)));
        parker.wake(WORK);
        true
    }

    /// How many workers are awake, and how many of those search.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn counts(&self) -> (u64, u64) {
        let now = self.load();
        (now.awake(), now.searching())
    }

    /// Wakes every worker, for the end of the pool.
    pub fn wake_all(&self) {
        for worker in 0..self.parkers.len() {
            self.wake_this(worker);
        }
    }
}
