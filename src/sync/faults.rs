//! Faults of a model run, chosen besides the schedule: how a futex wait returns, and when a process dies.
//!
//! A checker has no clock and no signals. Timeouts, interruptions and spurious returns happen where a [`Plan`] says. All
//! faults happen when the wait begins. This loses nothing: a wait that sleeps without a wake and then times out looks the
//! same as one that times out at once and is scheduled late.
//!
//! A thread that plays another process can be [`mortal`]: it stops before its k-th shared operation, as if it had been
//! killed there, and does nothing more. The code that it runs contains nothing for this.
//!
//! One model runs on one OS thread. The state is in a thread-local of that thread, so models of several tests can run side
//! by side.

use super::FutexWait;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A way in which a wait returns without a wake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    Interrupted,
    /// Happens only to waits that have a deadline.
    TimedOut,
    /// [`FutexWait::Woken`] without a wake.
    Spurious,
}

/// The faults of an execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// None. Without a wake, a wait with a deadline then sleeps for ever.
    Calm,
    /// The fault happens to the n-th wait to which it can happen, counted from 1.
    Nth(Fault, usize),
    /// Each wait has a fault with a probability of one in this number. Only under shuttle's random schedulers.
    OneIn(u32),
    /// No wait has a fault, but the [`mortal`] thread dies after this many shared operations.
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

/// The payload with which a mortal thread unwinds.
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

/// Starts an execution: forgets the futexes of the previous one and sets the plan of this one.
pub fn begin(plan: Plan) {
    STATE.set(State::new(plan));
    super::futex::reset();
}

/// Did a planned fault happen in this execution?
#[must_use]
pub fn fired() -> bool {
    STATE.with_borrow(|state| state.fired)
}

/// How many futex waits this execution has begun: all of them, and those with a deadline.
#[must_use]
pub fn waits() -> (usize, usize) {
    STATE.with_borrow(|state| (state.waits, state.timed_waits))
}

/// How many threads this execution has had, the main one included.
#[must_use]
pub fn threads() -> usize {
    STATE.with_borrow(|state| state.threads)
}

/// Called before a thread begins.
pub(super) fn thread_begins() {
    STATE.with_borrow_mut(|state| state.threads += 1);
}

/// Runs the code of a process that the plan may kill. `None`: it was killed. For one thread of an execution.
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

/// Called before every shared operation. Does not return if the plan kills the thread here.
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
            // A destructor that runs while the thread unwinds. A killed process runs none, so it must not touch anything.
            assert!(
                *thread != current().id(),
                "a destructor of a killed process accesses shared memory"
            );
            false
        }
    });
    if cut {
        // Without the panic hook, because this is not a bug.
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
