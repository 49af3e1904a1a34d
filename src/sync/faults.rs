//! What a model run may choose beside the schedule: how a futex wait returns, and when a process dies.
//!
//! A checker has no clock and no signals, so a time-out, an interruption and a spurious return happen
//! where a [`Plan`] says. A wait that times out after having slept, and was not woken, cannot be told from
//! one that timed out at once and was then scheduled late: so all faults strike on entry.
//!
//! A thread that plays another process can be [`mortal`]: it is cut off before its k-th shared operation,
//! as if it had been killed there, and does nothing more. The code that it runs knows nothing of it.
//!
//! One model runs on one OS thread, so the state lives in a thread-local of that thread, and models of
//! several tests run side by side.

use super::FutexWait;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How a wait returns without a wake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Interrupted,
    /// Strikes only waits that have a deadline.
    TimedOut,
    /// [`FutexWait::Woken`] although nobody woke it.
    Spurious,
}

/// Which waits of an execution are struck.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// None. A wait with a deadline then sleeps for ever if nobody wakes it.
    Calm,
    /// The n-th one that the fault can strike, counted from 1.
    Nth(Fault, usize),
    /// Each one with a chance of one in so many; under shuttle's random schedulers only.
    OneIn(u32),
    /// None; but the [`mortal`] thread dies after so many shared operations.
    Cut(usize),
}

#[derive(Clone, Copy)]
struct State {
    plan: Plan,
    waits: usize,
    timed_waits: usize,
    threads: usize,
    fired: bool,
    fuse: Fuse,
}

#[derive(Clone, Copy)]
enum Fuse {
    None,
    Burning { thread: ThreadId, left: usize },
    Blown { thread: ThreadId },
}

#[cfg(raddle_loom)]
use loom::thread::{ThreadId, current};
#[cfg(raddle_shuttle)]
use shuttle::thread::{ThreadId, current};

/// What a mortal thread unwinds with.
struct Cut;

impl State {
    const fn new(plan: Plan) -> Self {
        Self {
            plan,
            waits: 0,
            timed_waits: 0,
            threads: 1,
            fired: false,
            fuse: Fuse::None,
        }
    }
}

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new(Plan::Calm)) };
}

/// Starts an execution: forgets the futexes of the one before and sets the plan of this one.
pub fn begin(plan: Plan) {
    STATE.set(State::new(plan));
    super::futex::reset();
}

/// Did the plan strike in this execution?
#[must_use]
pub fn fired() -> bool {
    STATE.with_borrow(|state| state.fired)
}

/// How many futex waits this execution has begun: all, and those with a deadline.
#[must_use]
pub fn waits() -> (usize, usize) {
    STATE.with_borrow(|state| (state.waits, state.timed_waits))
}

/// How many threads this execution has had, the main one included.
#[must_use]
pub fn threads() -> usize {
    STATE.with_borrow(|state| state.threads)
}

/// Before a thread begins.
pub(super) fn thread_begins() {
    STATE.with_borrow_mut(|state| state.threads += 1);
}

/// Runs the code of a process that the plan may kill; `None` if it did. One thread of an execution.
pub fn mortal<R>(f: impl FnOnce() -> R) -> Option<R> {
    if let Plan::Cut(left) = plan() {
        let thread = current().id();
        STATE.with_borrow_mut(|state| state.fuse = Fuse::Burning { thread, left });
    }
    let result = catch_unwind(AssertUnwindSafe(f));
    STATE.with_borrow_mut(|state| state.fuse = Fuse::None);
    match result {
        Ok(value) => Some(value),
        Err(payload) if payload.is::<Cut>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Before every shared operation. Does not return where the plan kills the thread.
pub(super) fn step() {
    let cut = STATE.with_borrow_mut(|state| match &mut state.fuse {
        Fuse::None => false,
        Fuse::Burning { thread, left } => {
            if *thread != current().id() {
                false
            } else if *left == 0 {
                state.fired = true;
                state.fuse = Fuse::Blown { thread: *thread };
                true
            } else {
                *left -= 1;
                false
            }
        }
        Fuse::Blown { thread } => {
            // Destructors that run on the way out: the dead have none, so they may touch nothing.
            assert!(
                *thread != current().id(),
                "a destructor acts for a dead process"
            );
            false
        }
    });
    if cut {
        // Past the panic hook: this is no bug.
        resume_unwind(Box::new(Cut));
    }
}

pub(super) fn plan() -> Plan {
    STATE.with_borrow(|state| state.plan)
}

pub(super) fn decide(has_deadline: bool) -> Option<FutexWait> {
    let (plan, waits, timed_waits) = STATE.with_borrow_mut(|state| {
        state.waits += 1;
        state.timed_waits += usize::from(has_deadline);
        (state.plan, state.waits, state.timed_waits)
    });
    let fault = match plan {
        Plan::Calm | Plan::Cut(_) => None,
        Plan::Nth(Fault::TimedOut, n) => {
            (has_deadline && timed_waits == n).then_some(Fault::TimedOut)
        }
        Plan::Nth(fault, n) => (waits == n).then_some(fault),
        Plan::OneIn(chance) => random(chance, has_deadline),
    }?;
    STATE.with_borrow_mut(|state| state.fired = true);
    Some(match fault {
        Fault::Interrupted => FutexWait::Interrupted,
        Fault::TimedOut => FutexWait::TimedOut,
        Fault::Spurious => FutexWait::Woken,
    })
}

#[cfg(raddle_loom)]
fn random(_: u32, _: bool) -> Option<Fault> {
    panic!("loom has no random choice: use Plan::Nth")
}

#[cfg(raddle_shuttle)]
fn random(chance: u32, has_deadline: bool) -> Option<Fault> {
    use shuttle::rand::Rng;
    let mut rng = shuttle::rand::thread_rng();
    if rng.gen_range(0..chance) != 0 {
        return None;
    }
    Some(match rng.gen_range(0..if has_deadline { 3 } else { 2 }) {
        0 => Fault::Interrupted,
        1 => Fault::Spurious,
        _ => Fault::TimedOut,
    })
}
