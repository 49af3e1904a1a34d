//! The timer of a pool of isolates: a thread that interrupts tasks whose deadlines have passed.
//!
//! This module and [`interrupt`](super::interrupt) import each other: a task that begins announces its deadline, and the timer interrupts it.
//!
//! # The words
//! `next`: the time at which the timer has to look at the turns, in nanoseconds after `base`; `NEVER` if at none. `wakeups`: a
//! futex, which counts the reasons to wake the timer early.
//!
//! | `next` | to | by | step |
//! |---|---|---|---|
//! | any | the smaller of it and a task's deadline | an isolate, after it has entered the task in its turn; if `next` was later, it wakes the timer | [`Deadlines::announce`] |
//! | a time that has passed | `NEVER` | the timer, before it looks at the turns | [`Deadlines::take_due`] |
//! | any | the smaller of it and the earliest deadline that is left | the timer, after it has looked | [`Deadlines::look_again_at`] |
//!
//! # No deadline is missed
//! The timer resets `next` before it takes a turn, and an isolate lowers `next` after it has given its turn back. If the timer's
//! look at the turn came first, the isolate finds the reset `next`, so it wakes the timer. If not, the look finds the task.
//!
//! The end of a task does not move `next`: the timer wakes once in vain then, and not for each of many short tasks with time limits.
//! Models: `verify/src/scenarios/interrupt.rs`.

use super::interrupt::Interrupts;
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::{Arc, futex, thread};
use crate::sys::fork;
use std::time::{Duration, Instant};

/// No time.
pub const NEVER: u64 = u64::MAX;

/// See the module.
pub struct Deadlines {
    base: Instant,
    next: AtomicU64,
    wakeups: AtomicU32,
    is_closed: AtomicU32,
}

impl Deadlines {
    pub fn new() -> Self {
        Self {
            base: Instant::now(),
            next: AtomicU64::new(NEVER),
            wakeups: AtomicU32::new(0),
            is_closed: AtomicU32::new(0),
        }
    }

    /// A time as this counts it: nanoseconds after `base`, of 584 years.
    pub fn nanos(&self, time: Instant) -> u64 {
        let nanos = time.saturating_duration_since(self.base).as_nanos();
        u64::try_from(nanos).unwrap_or(NEVER - 1)
    }

    /// Makes the timer look at the turns at `deadline`. Called by an isolate.
    pub fn announce(&self, deadline: u64) {
        if self.lower(deadline) {
            self.wake();
        }
    }

    /// True: the timer would have looked later, or not at all.
    fn lower(&self, at: u64) -> bool {
        // ORDERING: deadlines.lower Relaxed: the turn's lock is between this and the timer's reset, see the module.
        self.next.fetch_min(at, Relaxed) > at
    }

    fn wake(&self) {
        // ORDERING: deadlines.wake Release -> pairs with deadlines.look: the time that was lowered, or the close.
        self.wakeups.fetch_add(1, Release);
        // WAKE: the other end is Deadlines::run.
        futex::wake_one(&self.wakeups);
    }

    /// Whether the time of the next look has come; then the timer has to look at the turns now. Called by the timer.
    pub fn take_due(&self, now: u64) -> bool {
        // ORDERING: deadlines.next Relaxed: `deadlines.look` has acquired the latest wake.
        if self.next.load(Relaxed) > now {
            return false;
        }
        // ORDERING: deadlines.reset Relaxed: the turns' locks come after it, see the module.
        self.next.swap(NEVER, Relaxed);
        true
    }

    /// The timer looks again at this time. Called by the timer.
    pub fn look_again_at(&self, earliest: u64) {
        self.lower(earliest);
    }

    /// Sleeps until a deadline has passed, and interrupts its task; returns when the pool has ended. The body of the timer's thread.
    pub fn run(interrupts: &Interrupts) {
        let this = &interrupts.deadlines;
        loop {
            // ORDERING: deadlines.look Acquire -> pairs with deadlines.wake.
            let seen = this.wakeups.load(Acquire);
            // ORDERING: deadlines.closed Relaxed: as above.
            if this.is_closed.load(Relaxed) != 0 {
                return;
            }
            let now = this.nanos(Instant::now());
            if this.take_due(now) {
                this.look_again_at(interrupts.expire(now));
                continue;
            }
            // ORDERING: deadlines.sleep Relaxed: a time that is lowered after `seen` was read changes the futex.
            let next = this.next.load(Relaxed);
            let until = (next != NEVER)
                .then(|| this.base.checked_add(Duration::from_nanos(next)))
                .flatten();
            // WAKE: the other end is Deadlines::wake.
            futex::wait(&this.wakeups, seen, until);
        }
    }

    fn close(&self) {
        // ORDERING: deadlines.close Relaxed: `deadlines.wake` publishes it.
        self.is_closed.store(1, Relaxed);
        self.wake();
    }
}

/// The timer's thread. Dropping it ends and joins the thread.
pub struct Timer {
    interrupts: Arc<Interrupts>,
    thread: Option<thread::JoinHandle<()>>,
    generation: u32,
}

impl Timer {
    /// Starts the thread.
    ///
    /// # Errors
    /// That of the system.
    pub fn start(interrupts: &Arc<Interrupts>) -> std::io::Result<Self> {
        let mine = Arc::clone(interrupts);
        let name = "raddle-timer".to_owned();
        let thread = thread::spawn_with(name, None, move || Deadlines::run(&mine))?;
        Ok(Self {
            interrupts: Arc::clone(interrupts),
            thread: Some(thread),
            generation: fork::generation(),
        })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // A forked child has no such thread.
        if self.generation == fork::generation() {
            self.interrupts.deadlines.close();
            let _ = thread.join();
        }
    }
}
