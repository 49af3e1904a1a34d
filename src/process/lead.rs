//! Who sleeps for the answers of a lane: one thread, its *leader*, on the lane's bell, which the worker rings; the
//! others, its *followers*, each on a word of its own.
//!
//! # Why
//! The worker rings for one sleeper, and whoever sleeps must not depend on a thread that may be busy with code of the
//! user. So the lead is held only while a thread looks and sleeps, never while it completes tasks, and goes to a
//! follower with the same step in which the leader leaves.
//!
//! # The words
//! Under one lock: whom the leader sleeps for, and the followers, oldest first. Of each sleeper one word, `told`: it is
//! written under the lock, and a follower sleeps on it.
//!
//! # States of a sleeper
//! | `told` | in the queue | means |
//! |---|---|---|
//! | `ASLEEP` | yes | it follows |
//! | `LOOK` | no | what it sleeps for may have come |
//! | `LEAD` | no | it leads |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | - | `LEAD`, if nobody leads | a waiter | [`Lead::with_place`] | the lock |
//! | - | `ASLEEP`, if somebody does | a waiter | [`Lead::with_place`] | the lock |
//! | `ASLEEP` | `LOOK` | whoever completes, moves or makes what it sleeps for | [`Lead::tell`] | the lock, Release |
//! | `ASLEEP` | `LEAD` | the leader that leaves | the end of its place | the lock, Release |
//! | any | - | the sleeper; a leader passes the lead on | the end of its place | the lock |
//!
//! # Guarantees
//! While there is a follower, there is a leader. What is told after a sleeper has got its place reaches it: before its
//! sleep each looks once more, and the lock orders this look and the telling. Blocking, but for a few steps, under which
//! nobody sleeps and no user code runs.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::cell::Raw;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{FutexWait, Mutex, Watched, futex};
use std::collections::VecDeque;
use std::ptr::NonNull;
use std::time::Instant;

const ASLEEP: u32 = 0b00;
const LOOK: u32 = 0b01;
const LEAD: u32 = 0b10;

/// What a thread sleeps for. A cell is only compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The end of this task.
    Task(Raw),
    /// Room for another task.
    Room,
}

struct Sleeper {
    aim: Aim,
    told: AtomicU32,
}

impl Sleeper {
    fn new(aim: Aim) -> Self {
        Self {
            aim,
            told: AtomicU32::new(ASLEEP),
        }
    }

    fn told(&self) -> u32 {
        // ORDERING: lead.told Acquire -> pairs with lead.tell: what the teller did.
        self.told.load(Acquire)
    }

    fn tell(&self, what: u32) {
        // ORDERING: lead.tell Release -> pairs with lead.told.
        self.told.swap(what, Release);
        // WAKE: the other end is `Place::sleep` or `Place::watched`, of one thread.
        futex::wake_one(&self.told);
    }
}

#[derive(Default)]
struct Sleepers {
    leader: Option<Aim>,
    followers: VecDeque<NonNull<Sleeper>>,
}

// SAFETY: the pointers lead to sleepers that leave the queue, under its lock, before they are gone.
unsafe impl Send for Sleepers {}

impl Sleepers {
    fn pass_on(&mut self) {
        self.leader = None;
        if let Some(next) = self.followers.pop_front() {
            // SAFETY: in the queue, and so alive.
            let next = unsafe { next.as_ref() };
            self.leader = Some(next.aim);
            next.tell(LEAD);
        }
    }

    /// Tells those followers to look that are meant.
    fn tell(&mut self, is_meant: impl Fn(Aim) -> bool) {
        self.followers.retain(|follower| {
            // SAFETY: in the queue, and so alive.
            let follower = unsafe { follower.as_ref() };
            let meant = is_meant(follower.aim);
            if meant {
                follower.tell(LOOK);
            }
            !meant
        });
    }
}

/// See the module.
#[derive(Default)]
pub struct Lead(Mutex<Sleepers>);

impl Lead {
    /// Runs `f` with a place among those who sleep for the lane. It runs no code of the user.
    pub fn with_place<R>(&self, aim: Aim, f: impl FnOnce(&Place<'_>) -> R) -> R {
        let sleeper = Sleeper::new(aim);
        // SAFETY: a shared borrow is all that `f` gets: the place ends here, before the sleeper.
        f(&unsafe { self.take_place(&sleeper) })
    }

    /// The sleeper's place.
    ///
    /// # Safety
    /// The place is dropped before the sleeper is.
    unsafe fn take_place<'a>(&'a self, sleeper: &'a Sleeper) -> Place<'a> {
        let mut sleepers = self.0.lock();
        if sleepers.leader.is_none() {
            sleepers.leader = Some(sleeper.aim);
            // ORDERING: lead.first Relaxed: by its own thread, which alone looks.
            sleeper.told.swap(LEAD, Relaxed);
        } else {
            sleepers.followers.push_back(NonNull::from(sleeper));
        }
        drop(sleepers);
        Place {
            lead: self,
            sleeper,
        }
    }

    /// For a model of what would be wrong: from now on a leader is believed to be there.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn abandon(&self) {
        self.0.lock().leader = Some(Aim::Room);
    }

    /// Tells those who sleep for this to look. True: the leader is one of them, and has to be rung.
    #[must_use]
    pub fn tell(&self, aim: Aim) -> bool {
        let mut sleepers = self.0.lock();
        sleepers.tell(|other| other == aim);
        sleepers.leader == Some(aim)
    }

    /// Tells all followers to look.
    pub fn tell_all(&self) {
        self.0.lock().tell(|_| true);
    }
}

/// Runs `f` with a place among those who sleep for each of several lanes. It runs no code of the user.
pub fn with_places<'a, R>(
    leads: impl ExactSizeIterator<Item = &'a Lead>,
    aim: Aim,
    f: impl FnOnce(&[Place<'_>]) -> R,
) -> R {
    let sleepers: Box<[Sleeper]> = (0..leads.len()).map(|_| Sleeper::new(aim)).collect();
    let places = leads.zip(&sleepers);
    // SAFETY: as in `with_place`: made after the sleepers, the places are dropped before them.
    let places: Vec<Place<'_>> = places
        .map(|(lead, sleeper)| unsafe { lead.take_place(sleeper) })
        .collect();
    f(&places)
}

/// A thread's place among those who sleep for a lane, which it leaves when this is dropped.
pub struct Place<'a> {
    lead: &'a Lead,
    sleeper: &'a Sleeper,
}

impl Place<'_> {
    /// Is this the leader, who sleeps on the bell? It may become so as long as it follows.
    pub fn leads(&self) -> bool {
        self.sleeper.told() == LEAD
    }

    /// What a follower sleeps on, who sleeps on other words, too.
    pub fn watched(&self) -> Watched<'_> {
        // WAKE: the other end is `Sleeper::tell`.
        Watched::own(&self.sleeper.told, ASLEEP)
    }

    /// A follower's sleep, until it is told something or the deadline has passed.
    pub fn sleep(&self, deadline: Option<Instant>) -> FutexWait {
        loop {
            if self.sleeper.told() != ASLEEP {
                return FutexWait::Changed;
            }
            // WAKE: the other end is `Sleeper::tell`.
            if futex::wait(&self.sleeper.told, ASLEEP, deadline) == FutexWait::TimedOut {
                return FutexWait::TimedOut;
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.lead.0.lock();
        match self.sleeper.told() {
            LEAD => sleepers.pass_on(),
            ASLEEP => {
                let me = NonNull::from(self.sleeper);
                sleepers.followers.retain(|&other| other != me);
            }
            _ => {}
        }
    }
}
