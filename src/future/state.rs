//! The state word of a task: it decides which thread runs the task, which may read or take its outcome, and which
//! frees its memory.
//!
//! # The word
//! One `AtomicU32`, which is also the futex that blocked waiters sleep on. Every write is a
//! read-modify-write, so all transitions of a task have one order.
//!
//! | bit | set by | meaning |
//! |---|---|---|
//! | `CLAIMED` | the thread that starts the task | it runs or ran; no other thread may start or cancel it |
//! | `DONE` | the claimer, or the canceller | the outcome is stored and never changes |
//! | `FAILED` | with `DONE` | the outcome is an error |
//! | `CANCELLED` | with `DONE` | the task never ran; nothing is stored |
//! | `HOOKS` | handle side, before `DONE` | the hook list is in use. With `DONE`: callbacks are running |
//! | `WAITER` | a waiter | a thread may be asleep on this word |
//! | `STOP_REQUESTED` | handle side | the task was running when it was cancelled; it is asked to stop |
//! | `HANDLE_GONE` | handle side | the handle no longer refers to the cell |
//! | `EXECUTOR_GONE` | executor side | the executor (its queue or worker, or a promise) no longer refers to the cell |
//! | `TAKEN` | handle side, with `HANDLE_GONE` or by a poll | the outcome was moved out |
//! | `SEEN` | handle side | the error was read |
//! | `TAKEN_OVER` | handle side, in a forked child | the claimer stayed in the parent; the setter took its place |
//! | `REMOTE_WAITER` | a waiter | it sleeps where replies of another process arrive, and has to be woken there |
//!
//! # States and owners
//! - *Pending* (no `CLAIMED`, no `DONE`): the closure is in the cell; no thread touches it.
//! - *Running* (`CLAIMED`, no `DONE`): the claimer owns the slot.
//! - *Settling* (`DONE` and `HOOKS`): any holder of a reference may read the outcome, none may take it.
//! - *Settled* (`DONE`, no `HOOKS`): the handle may take the outcome.
//!
//! The cell is freed by the transition that makes all three true: *settled*, `HANDLE_GONE`, `EXECUTOR_GONE`. Each of
//! the three becomes true in exactly one transition, so exactly one thread frees.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | pending | running | worker, or a waiter that helps | [`State::claim`] | Relaxed: the closure came with the cell |
//! | pending, `HANDLE_GONE` | freed | worker: it holds the only reference, and writes nothing | [`State::load`] | Acquire |
//! | pending | cancelled; settling if there are hooks | handle | [`State::cancel`] | Release |
//! | running | running, `STOP_REQUESTED` | handle | [`State::cancel`] | Release |
//! | running | settled; settling if there are hooks | claimer | [`State::finish`] | Release |
//! | pending | the same, and `EXECUTOR_GONE` | an executor that alone may claim the task | [`State::finish_unclaimed`] | Release |
//! | settling | settled | the finisher: the thread that made the task done | [`State::settle`] | Release |
//! | not settled, in a forked child | + `TAKEN_OVER`, `CLAIMED` | handle | [`State::take_over_after_fork`] | AcqRel |
//! | pending, in a forked child | cancelled, `TAKEN_OVER` | handle | [`State::cancel`] | Release |
//! | any | + `EXECUTOR_GONE` | executor | [`State::release_executor`] | Release |
//! | settled, `HANDLE_GONE` | freed | executor: it holds the last reference, and writes nothing | [`State::load`] | Acquire |
//! | any | + `HANDLE_GONE` | handle | [`State::release_handle`] | Release |
//! | not done | + `HOOKS` | handle | [`State::open_hooks`] | Relaxed |
//! | not settled | + `WAITER` | waiter | [`State::sleep`] | Relaxed |
//! | not done | + `REMOTE_WAITER` | waiter | [`State::set_remote_waiter`] | Relaxed |
//! | any | + `SEEN`, or + `TAKEN` | handle | [`State::mark_seen`], [`State::mark_taken`] | Relaxed |
//!
//! A thread that has to free the cell loads the word (Acquire) before it touches the cell again, so the
//! releases need no acquire of their own.
//!
//! Guarantees: every method but [`State::sleep`] is lock-free; `finish`, `settle` and the releases
//! are wait-free. Models: `verify/src/scenarios/state.rs`. The argument: `docs/protocols/future-state.md`.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{FutexWait, futex};
use std::time::Instant;

const CLAIMED: u32 = 0b000_0000_0001;
const DONE: u32 = 0b000_0000_0010;
const FAILED: u32 = 0b000_0000_0100;
const CANCELLED: u32 = 0b000_0000_1000;
const HOOKS: u32 = 0b000_0001_0000;
const WAITER: u32 = 0b000_0010_0000;
const STOP_REQUESTED: u32 = 0b000_0100_0000;
const HANDLE_GONE: u32 = 0b000_1000_0000;
const EXECUTOR_GONE: u32 = 0b001_0000_0000;
const TAKEN: u32 = 0b010_0000_0000;
const SEEN: u32 = 0b100_0000_0000;
const TAKEN_OVER: u32 = 0b1000_0000_0000;
const REMOTE_WAITER: u32 = 0b1_0000_0000_0000;

/// The state of a task, as [`Future::state`](crate::Future::state) reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FutureState {
    /// It has not started; `cancel` would succeed.
    Pending,
    /// It has started and is not done.
    Running,
    /// It is done, with a value.
    Finished,
    /// It is done, with an error other than a cancellation.
    Failed,
    /// It was cancelled before it started.
    Cancelled,
}

/// The word as one load saw it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Snapshot(u32);

impl Snapshot {
    /// The outcome is stored and may be read.
    pub fn is_done(self) -> bool {
        self.0 & DONE != 0
    }

    /// The outcome may be taken.
    pub fn is_settled(self) -> bool {
        self.0 & (DONE | HOOKS) == DONE
    }

    pub fn is_pending(self) -> bool {
        self.0 & (CLAIMED | DONE) == 0
    }

    pub fn is_cancelled(self) -> bool {
        self.0 & CANCELLED != 0
    }

    pub fn is_failed(self) -> bool {
        self.0 & FAILED != 0
    }

    /// The task ran when it was cancelled, and is asked to stop.
    pub fn is_stop_requested(self) -> bool {
        self.0 & STOP_REQUESTED != 0
    }

    pub fn has_hooks(self) -> bool {
        self.0 & HOOKS != 0
    }

    pub fn is_seen(self) -> bool {
        self.0 & SEEN != 0
    }

    pub fn is_taken(self) -> bool {
        self.0 & TAKEN != 0
    }

    pub fn is_executor_gone(self) -> bool {
        self.0 & EXECUTOR_GONE != 0
    }

    /// Pending, and the executor's reference is the only one: no other thread touches the cell any more.
    pub fn is_pending_without_handle(self) -> bool {
        self.0 == HANDLE_GONE
    }

    /// Settled, and the executor's reference is the only one left.
    pub fn is_settled_without_handle(self) -> bool {
        self.0 & (DONE | HANDLE_GONE | HOOKS) == DONE | HANDLE_GONE
    }

    /// How the task ended. Meaningful only if it is done.
    pub fn completion(self) -> Completion {
        match self.0 & (FAILED | CANCELLED) {
            0 => Completion::Value,
            FAILED => Completion::Error,
            _ => Completion::Cancelled,
        }
    }

    pub fn phase(self) -> FutureState {
        match self.0 & (CLAIMED | DONE | FAILED | CANCELLED) {
            p if p & CANCELLED != 0 => FutureState::Cancelled,
            p if p & FAILED != 0 => FutureState::Failed,
            p if p & DONE != 0 => FutureState::Finished,
            p if p & CLAIMED != 0 => FutureState::Running,
            _ => FutureState::Pending,
        }
    }

    /// Completing the task runs no user code: the handle still refers to it, and it has no hooks.
    pub fn runs_no_code(self) -> bool {
        self.0 & (HANDLE_GONE | HOOKS) == 0
    }

    fn is_free(self) -> bool {
        const TRIPLE: u32 = DONE | HANDLE_GONE | EXECUTOR_GONE;
        self.0 & (TRIPLE | HOOKS) == TRIPLE
    }
}

/// The result of [`State::claim`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller owns the slot and has to call [`State::finish`].
    Won,
    /// Another thread started or cancelled the task.
    Lost,
}

/// The result of [`State::take_over_after_fork`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// There is no outcome. The caller owns the slot, must not drop what is in it, and has to call
    /// [`State::finish`].
    Unfinished,
    /// The outcome is stored; the thread that ran the callbacks stayed in the parent. The caller runs the
    /// remaining callbacks, then has to call [`State::settle`].
    Settling,
    /// It is settled, or another thread of this process has taken it over.
    Not,
}

/// The result of [`State::cancel`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Cancel {
    /// The task will never run. The caller drops the closure, then does what [`Completed`] says.
    Won(Completed),
    /// It had been cancelled before.
    Already,
    /// It runs or is done. A running task now sees the request to stop.
    TooLate,
}

/// What the caller has to do after it made the outcome visible.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// Run the hooks, then call [`State::settle`].
    pub hooks: bool,
    /// Wake the threads that sleep on this word.
    pub wake: bool,
    /// Wake the waiter that sleeps where replies of the other process arrive.
    pub remote_waiter: bool,
    /// Free the cell. Never together with `hooks`.
    pub free: bool,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// A value is stored.
    Value,
    /// An error is stored.
    Error,
    /// Nothing is stored: it was cancelled by its executor before it started.
    Cancelled,
}

/// The result of [`State::open_hooks`].
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// The finisher will look at the list. It may have closed it already: then the caller fires its hook itself.
    Open,
    /// The task is settled: no thread looks at the list any more.
    Settled,
}

/// The point that a waiter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The outcome can be read.
    Done,
    /// The outcome can be taken.
    Settled,
}

impl Until {
    /// Whether the point is reached.
    pub fn holds(self, now: Snapshot) -> bool {
        match self {
            Self::Done => now.is_done(),
            Self::Settled => now.is_settled(),
        }
    }
}

/// The state word. See the module for its protocol.
#[repr(transparent)]
pub struct State(AtomicU32);

impl State {
    /// A pending task: an executor (a queue, or a promise) and a handle refer to it.
    pub fn queued() -> Self {
        Self(AtomicU32::new(0))
    }

    fn bits(completion: Completion) -> u32 {
        match completion {
            Completion::Value => DONE,
            Completion::Error => DONE | FAILED,
            Completion::Cancelled => DONE | CANCELLED,
        }
    }

    /// Loads the word. If it says done, everything written before the task became done is visible.
    #[inline]
    pub fn load(&self) -> Snapshot {
        // ORDERING: state.load Acquire -> pairs with state.finish: the outcome; with state.settle: the
        // callbacks' reads of it; with the releases: a thread that has to free the cell loads the word here
        // first, and every other use of the cell happens before its free.
        Snapshot(self.0.load(Acquire))
    }

    /// Starts the task, unless it was started or cancelled before.
    #[inline]
    pub fn claim(&self) -> Claim {
        self.claim_from(Snapshot(0))
    }

    /// [`claim`](Self::claim) by a thread that has loaded the word already.
    #[inline]
    pub fn claim_from(&self, seen: Snapshot) -> Claim {
        let Snapshot(mut now) = seen;
        loop {
            if now & (CLAIMED | DONE) != 0 {
                return Claim::Lost;
            }
            // ORDERING: state.claim Relaxed: the closure came with the cell, through the queue or
            // with the handle; this only decides which thread runs it.
            match self
                .0
                .compare_exchange(now, now | CLAIMED, Relaxed, Relaxed)
            {
                Ok(_) => return Claim::Won,
                Err(seen) => now = seen,
            }
        }
    }

    /// In a forked child: takes the place of the executor, whose threads stayed in the parent. Called through the
    /// handle; one thread of the child gets the task.
    pub fn take_over_after_fork(&self) -> TakenOver {
        // ORDERING: state.take-over AcqRel -> as state.claim and state.settle: what the parent's
        // threads wrote is in this process's memory since the fork.
        let old = self.0.fetch_or(CLAIMED | TAKEN_OVER, AcqRel);
        match Snapshot(old) {
            _ if old & TAKEN_OVER != 0 => TakenOver::Not,
            now if now.is_settled() => TakenOver::Not,
            now if now.is_done() => TakenOver::Settling,
            _ => TakenOver::Unfinished,
        }
    }

    /// Makes the outcome that the claimer stored visible. With `executor_gone` it also gives up the
    /// executor's reference, in the same step.
    #[inline]
    pub fn finish(&self, completion: Completion, executor_gone: bool) -> Completed {
        let bits = Self::bits(completion) | if executor_gone { EXECUTOR_GONE } else { 0 };
        // ORDERING: state.finish Release -> pairs with state.load and state.sleep: the outcome. If we
        // have to free the cell, we load the word first.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & CLAIMED != 0 && old & DONE == 0,
            "finish without claim: {old:b}"
        );
        debug_assert!(
            !executor_gone || old & EXECUTOR_GONE == 0,
            "second release by the executor: {old:b}"
        );
        Self::completed(old, old + bits)
    }

    /// [`claim`](Self::claim) and [`finish`](Self::finish) in one step, which also gives up the executor's reference:
    /// for a task that only its executor starts or cancels.
    #[inline]
    pub fn finish_unclaimed(&self, completion: Completion) -> Completed {
        let bits = Self::bits(completion) | CLAIMED | EXECUTOR_GONE;
        // ORDERING: state.finish-unclaimed Release -> as state.finish.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & (CLAIMED | DONE | EXECUTOR_GONE) == 0,
            "another thread claimed it: {old:b}"
        );
        Self::completed(old, old + bits)
    }

    /// What follows the step from `old` to `new`.
    fn completed(old: u32, new: u32) -> Completed {
        Completed {
            hooks: old & HOOKS != 0,
            wake: old & WAITER != 0,
            remote_waiter: old & REMOTE_WAITER != 0,
            free: Snapshot(new).is_free(),
        }
    }

    /// Cancels the task if it has not started, else asks it to stop. `after_fork`: its executor stayed in
    /// the parent of this process, and the caller takes its place, as with [`State::take_over_after_fork`].
    pub fn cancel(&self, after_fork: bool) -> Cancel {
        let cancelled = DONE | CANCELLED | if after_fork { TAKEN_OVER } else { 0 };
        // ORDERING: state.cancel-look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            let new = match () {
                () if now & CANCELLED != 0 => return Cancel::Already,
                () if now & DONE != 0 => return Cancel::TooLate,
                () if now & CLAIMED != 0 => now | STOP_REQUESTED,
                () => now | cancelled,
            };
            // ORDERING: state.cancel Release -> pairs with state.load and state.sleep: what the
            // canceller did before, for a thread that finds the task cancelled. The closure that we drop
            // after it came with the handle.
            match self.0.compare_exchange(now, new, Release, Relaxed) {
                Ok(_) if now & CLAIMED != 0 => return Cancel::TooLate,
                Ok(_) => return Cancel::Won(Self::completed(now, new)),
                Err(seen) => now = seen,
            }
        }
    }

    /// Ends the settling after the finisher has run the callbacks: from here on the outcome may be taken.
    pub fn settle(&self) -> Completed {
        // ORDERING: state.settle Release -> pairs with state.load in the taker: our reads of the
        // outcome happen before it is moved out. A free is as in state.finish.
        let old = self.0.fetch_sub(HOOKS, Release);
        debug_assert!(
            old & (DONE | HOOKS) == DONE | HOOKS,
            "settle out of order: {old:b}"
        );
        Completed {
            hooks: false,
            ..Self::completed(old, old - HOOKS)
        }
    }

    /// Gives up the executor's reference. True: the caller frees the cell.
    #[must_use]
    pub fn release_executor(&self) -> bool {
        // ORDERING: state.release-executor Release -> pairs with state.load of the thread that frees: our use of
        // the cell happens before. A free is as in state.finish.
        let old = self.0.fetch_add(EXECUTOR_GONE, Release);
        debug_assert!(
            old & EXECUTOR_GONE == 0,
            "second release by the executor: {old:b}"
        );
        Snapshot(old + EXECUTOR_GONE).is_free()
    }

    /// Gives up the handle's reference. `taken`: the handle has moved the outcome out. True: the caller
    /// frees the cell.
    #[must_use]
    pub fn release_handle(&self, taken: bool) -> bool {
        let bits = HANDLE_GONE | if taken { TAKEN } else { 0 };
        // ORDERING: state.release-handle Release -> as state.release-executor.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & HANDLE_GONE == 0,
            "second release of the handle: {old:b}"
        );
        Snapshot(old + bits).is_free()
    }

    /// Announces that a hook is about to be added, so that the finisher looks at the list.
    pub fn open_hooks(&self) -> Opened {
        // ORDERING: state.open-look Relaxed: the exchange below decides; a settled word never
        // opens again, and its reader loads it with Acquire before it touches the outcome.
        let mut now = self.0.load(Relaxed);
        loop {
            if now & HOOKS != 0 {
                return Opened::Open;
            }
            if now & DONE != 0 {
                return Opened::Settled;
            }
            // ORDERING: state.open Relaxed: it only tells state.finish that there is a list; the list has
            // orderings of its own.
            match self.0.compare_exchange(now, now | HOOKS, Relaxed, Relaxed) {
                Ok(_) => return Opened::Open,
                Err(seen) => now = seen,
            }
        }
    }

    /// Notes that the error was read, so that the cell's end does not report it.
    pub fn mark_seen(&self) {
        // ORDERING: state.seen Relaxed: a flag for the owner of the handle; its release of the
        // handle orders it before the free.
        self.0.fetch_or(SEEN, Relaxed);
    }

    /// Notes that a poll moved the outcome out while the handle stays.
    pub fn mark_taken(&self) {
        // ORDERING: state.taken Relaxed: as state.seen.
        self.0.fetch_or(TAKEN, Relaxed);
    }

    /// Sleeps on the word until the point is reached (true) or the deadline has passed (false).
    pub fn sleep(&self, until: Until, deadline: Option<Instant>) -> bool {
        loop {
            // ORDERING: state.sleep Acquire -> pairs with state.finish: the outcome.
            let now = self.0.load(Acquire);
            if until.holds(Snapshot(now)) {
                return true;
            }
            if now & WAITER == 0 {
                // WAKE: from here on finish, cancel or settle see WAITER and call `wake`; if they came
                // first, the exchange fails and the loop loads again.
                // ORDERING: state.waiter Relaxed: the futex compares the word itself, and the
                // outcome is read after the Acquire load above.
                if self
                    .0
                    .compare_exchange(now, now | WAITER, Relaxed, Relaxed)
                    .is_err()
                {
                    continue;
                }
            }
            match futex::wait(&self.0, now | WAITER, deadline) {
                FutexWait::TimedOut => return until.holds(self.load()),
                FutexWait::Woken | FutexWait::Changed | FutexWait::Interrupted => {}
            }
        }
    }

    /// Announces a waiter that is about to sleep elsewhere, where the reply of another process arrives. False:
    /// the task is done.
    // WAKE: from here on finish and cancel see REMOTE_WAITER, and their caller wakes the waiter in the lane; if they came
    // first, the exchange fails and the loop loads again.
    pub fn set_remote_waiter(&self) -> bool {
        // ORDERING: state.remote-waiter-look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            if now & DONE != 0 {
                return false;
            }
            // ORDERING: state.remote-waiter Relaxed: only the bit is passed on; the outcome is read after a load with Acquire.
            match self
                .0
                .compare_exchange(now, now | REMOTE_WAITER, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => now = seen,
            }
        }
    }

    /// The word's address, for [`wake`] when the cell may be gone.
    pub fn address(this: *const Self) -> *const AtomicU32 {
        this.cast()
    }
}

/// Wakes all threads that sleep on the word at `address`.
// WAKE: the other end is State::sleep. The cell may be freed by now: only the address is used. A thread
// that sleeps on a newer word at the same address finds that word unchanged and sleeps again.
#[cold]
pub fn wake(address: *const AtomicU32) {
    futex::wake_all(address);
}
