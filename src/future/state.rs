//! The state word of a task: who may run it, who may read its outcome, who frees its memory.
//!
//! # The word
//! One `AtomicU32`, which is also the futex that blocked waiters sleep on. Every write is a
//! read-modify-write, so there is one order of all transitions.
//!
//! | bit | set by | means |
//! |---|---|---|
//! | `CLAIMED` | whoever starts the task | it runs or ran; nobody else may start or cancel it |
//! | `DONE` | the claimer, or the canceller | the outcome stands and never changes |
//! | `FAILED` | with `DONE` | the outcome is an error |
//! | `CANCELLED` | with `DONE` | the task never ran; nothing is stored |
//! | `HOOKS` | handle side, before `DONE` | the hook list is in use. With `DONE`: callbacks are running |
//! | `SLEEPER` | a waiter | somebody may sleep on this word |
//! | `ASKED` | handle side | cancelling came too late; the task is asked to stop |
//! | `HANDLE_GONE` | handle side | the handle no longer refers to the cell |
//! | `QUEUE_GONE` | executor side | no queue and no worker refers to the cell |
//! | `TAKEN` | handle side, with `HANDLE_GONE` | the outcome was moved out |
//! | `SEEN` | handle side | somebody looked at the error |
//! | `TAKEN_OVER` | handle side, in a forked child | the claimer stayed in the parent; the setter took its place |
//! | `REMOTE_WAITER` | a waiter | it sleeps where the answer of another process arrives, and has to be woken there |
//!
//! # States and owners
//! - *Pending* (no `CLAIMED`, no `DONE`): the closure is in the cell; nobody touches it.
//! - *Running* (`CLAIMED`, no `DONE`): the claimer owns the payload.
//! - *Done, settling* (`DONE` and `HOOKS`): everybody may read the outcome, nobody may take it.
//! - *Done* (`DONE`, no `HOOKS`): the handle may take the outcome.
//!
//! The cell is freed by whoever completes the triple *settled* (`DONE`, no `HOOKS`),
//! `HANDLE_GONE`, `QUEUE_GONE`; each of its three parts comes from exactly one transition.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | pending | running | worker, or a waiter that helps | [`State::claim`] | Relaxed |
//! | pending, `HANDLE_GONE` | freed | worker: it is alone, and writes nothing | [`State::load`] | Acquire |
//! | pending | cancelled | handle | [`State::cancel`] | Release |
//! | running | done | claimer | [`State::finish`] | Release |
//! | pending | done, `QUEUE_GONE` | an executor who alone may claim | [`State::finish_unclaimed`] | Release |
//! | settling | done | whoever finished | [`State::settle`] | Release |
//! | not settled, in a forked child | + `TAKEN_OVER`, `CLAIMED` | handle | [`State::take_over_after_fork`] | AcqRel |
//! | pending, in a forked child | cancelled, `TAKEN_OVER` | handle | [`State::cancel`] | Release |
//! | any | + `QUEUE_GONE` | executor | [`State::release_queue`] | Release |
//! | settled, `HANDLE_GONE` | freed | executor: it is alone, and writes nothing | [`State::load`] | Acquire |
//! | any | + `HANDLE_GONE` | handle | [`State::release_handle`] | Release |
//! | not done | + `HOOKS` | handle | [`State::open_hooks`] | Relaxed |
//!
//! Whoever is told to free loads the word (Acquire) before it touches the cell again, so the releases
//! need no acquire of their own.
//!
//! Guarantees: every method but [`State::sleep`] is lock-free, `finish`, `settle` and the releases
//! are wait-free. Models: `verify/models/state.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{FutexWait, futex};
use std::time::Instant;

const CLAIMED: u32 = 0b000_0000_0001;
const DONE: u32 = 0b000_0000_0010;
const FAILED: u32 = 0b000_0000_0100;
const CANCELLED: u32 = 0b000_0000_1000;
const HOOKS: u32 = 0b000_0001_0000;
const SLEEPER: u32 = 0b000_0010_0000;
const ASKED: u32 = 0b000_0100_0000;
const HANDLE_GONE: u32 = 0b000_1000_0000;
const QUEUE_GONE: u32 = 0b001_0000_0000;
const TAKEN: u32 = 0b010_0000_0000;
const SEEN: u32 = 0b100_0000_0000;
const TAKEN_OVER: u32 = 0b1000_0000_0000;
const REMOTE_WAITER: u32 = 0b1_0000_0000_0000;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FutureState {
    /// Not started; `cancel` would succeed.
    Pending,
    /// Running now.
    Running,
    /// Done, with a value.
    Finished,
    /// Done, with an error other than a cancellation.
    Failed,
    /// Done: cancelled before it started.
    Cancelled,
}

/// A copy of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Snapshot(u32);

impl Snapshot {
    /// The outcome stands.
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

    pub fn is_asked(self) -> bool {
        self.0 & ASKED != 0
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

    pub fn is_queue_gone(self) -> bool {
        self.0 & QUEUE_GONE != 0
    }

    /// Pending, and the executor's reference is the only one: nobody else will ever look.
    pub fn is_executors_alone(self) -> bool {
        self.0 == HANDLE_GONE
    }

    /// Settled, and the executor's reference is the only one left.
    pub fn is_executors_last(self) -> bool {
        self.0 & (DONE | HANDLE_GONE | HOOKS) == DONE | HANDLE_GONE
    }

    /// How the task ended, if it is done.
    pub fn ending(self) -> Completion {
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

    /// Its end runs no code of the user: the handle is there, and nothing hangs on it.
    pub fn is_plain(self) -> bool {
        self.0 & (HANDLE_GONE | HOOKS) == 0
    }

    fn is_free(self) -> bool {
        const TRIPLE: u32 = DONE | HANDLE_GONE | QUEUE_GONE;
        self.0 & (TRIPLE | HOOKS) == TRIPLE
    }
}

/// What [`State::claim`] found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller owns the payload and has to call [`State::finish`].
    Won,
    /// Somebody else started or cancelled the task.
    Lost,
}

/// What [`State::take_over_after_fork`] found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// No outcome: the caller owns the payload, which holds nothing it could drop, and has to call
    /// [`State::finish`].
    Unfinished,
    /// The outcome stands; whoever ran the callbacks is gone. The caller goes on with them, then has
    /// to call [`State::settle`].
    Settling,
    /// It is settled, or somebody else in this process has adopted it.
    Not,
}

/// What [`State::cancel`] found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Cancel {
    /// The task will never run. The caller drops the closure, then completes as told.
    Won(Completed),
    /// It had been cancelled before.
    Already,
    /// It runs or is done; a running task now sees the request.
    TooLate,
}

/// What is to be done after the outcome became visible.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completed {
    /// Run the hooks, then call [`State::settle`].
    pub hooks: bool,
    /// Wake the sleepers of this word.
    pub wake: bool,
    /// Wake the one who attends to the other process.
    pub remote_waiter: bool,
    /// The cell is the caller's to free. Never together with `hooks`.
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

/// What [`State::open_hooks`] found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Opened {
    /// The list will be looked at by whoever finishes, unless it is found closed.
    Open,
    /// Settled: nobody looks at the list any more.
    Settled,
}

/// Which point a waiter waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The outcome can be read.
    Done,
    /// The outcome can be taken.
    Settled,
}

impl Until {
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

    fn bits(ending: Completion) -> u32 {
        match ending {
            Completion::Value => DONE,
            Completion::Error => DONE | FAILED,
            Completion::Cancelled => DONE | CANCELLED,
        }
    }

    /// One consistent look. What was written before the task became done can be read.
    #[inline]
    pub fn load(&self) -> Snapshot {
        // ORDERING: state.load Acquire -> pairs with state.finish: the outcome; with state.settle: the
        // callbacks' reads of it; with the releases: whoever was told to free looks here first, and
        // finds every other use of the cell over.
        Snapshot(self.0.load(Acquire))
    }

    /// Starts the task, unless it was started or cancelled before.
    #[inline]
    pub fn claim(&self) -> Claim {
        self.claim_from(Snapshot(0))
    }

    /// [`claim`](Self::claim) for who has looked already.
    #[inline]
    pub fn claim_from(&self, seen: Snapshot) -> Claim {
        let Snapshot(mut now) = seen;
        loop {
            if now & (CLAIMED | DONE) != 0 {
                return Claim::Lost;
            }
            // ORDERING: state.claim Relaxed: the closure came with the cell, through the queue or
            // with the handle; this only decides who runs it.
            match self
                .0
                .compare_exchange(now, now | CLAIMED, Relaxed, Relaxed)
            {
                Ok(_) => return Claim::Won,
                Err(seen) => now = seen,
            }
        }
    }

    /// In a forked child: takes the place of whoever claimed the task or would have, in the parent.
    pub fn take_over_after_fork(&self) -> TakenOver {
        // ORDERING: state.adopt AcqRel -> as state.claim and state.settle: what the parent's
        // threads wrote is in this process's memory since the fork.
        let old = self.0.fetch_or(CLAIMED | TAKEN_OVER, AcqRel);
        match Snapshot(old) {
            _ if old & TAKEN_OVER != 0 => TakenOver::Not,
            now if now.is_settled() => TakenOver::Not,
            now if now.is_done() => TakenOver::Settling,
            _ => TakenOver::Unfinished,
        }
    }

    /// Makes the outcome that the claimer wrote visible, and with `queue_gone` gives up the
    /// executor's reference in the same step.
    #[inline]
    pub fn finish(&self, ending: Completion, queue_gone: bool) -> Completed {
        let bits = Self::bits(ending) | if queue_gone { QUEUE_GONE } else { 0 };
        // ORDERING: state.finish Release -> pairs with state.load and state.sleep: the outcome. If the
        // cell is ours to free, we load the word first.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & CLAIMED != 0 && old & DONE == 0,
            "finish without claim: {old:b}"
        );
        debug_assert!(
            !queue_gone || old & QUEUE_GONE == 0,
            "second release of the queue: {old:b}"
        );
        Self::completed(old, old + bits)
    }

    /// [`claim`](Self::claim) and [`finish`](Self::finish) in one step, with the executor's reference given up, for a
    /// task that nobody but its executor starts or cancels.
    #[inline]
    pub fn finish_unclaimed(&self, ending: Completion) -> Completed {
        let bits = Self::bits(ending) | CLAIMED | QUEUE_GONE;
        // ORDERING: state.finish-unclaimed Release -> as state.finish.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & (CLAIMED | DONE | QUEUE_GONE) == 0,
            "somebody else had it: {old:b}"
        );
        Self::completed(old, old + bits)
    }

    fn completed(old: u32, new: u32) -> Completed {
        Completed {
            hooks: old & HOOKS != 0,
            wake: old & SLEEPER != 0,
            remote_waiter: old & REMOTE_WAITER != 0,
            free: Snapshot(new).is_free(),
        }
    }

    /// Cancels the task if it has not started, else asks it to stop. `orphan`: its executor stayed in
    /// the parent of this process, and the caller takes its place, as with [`State::take_over_after_fork`].
    pub fn cancel(&self, orphan: bool) -> Cancel {
        let cancelled = DONE | CANCELLED | if orphan { TAKEN_OVER } else { 0 };
        // ORDERING: state.cancel-look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            let new = match () {
                () if now & CANCELLED != 0 => return Cancel::Already,
                () if now & DONE != 0 => return Cancel::TooLate,
                () if now & CLAIMED != 0 => now | ASKED,
                () => now | cancelled,
            };
            // ORDERING: state.cancel Release -> pairs with state.load and state.sleep: what the
            // canceller did before, for whoever finds it cancelled. The closure that we drop after it
            // came with the handle.
            match self.0.compare_exchange(now, new, Release, Relaxed) {
                Ok(_) if now & CLAIMED != 0 => return Cancel::TooLate,
                Ok(_) => return Cancel::Won(Self::completed(now, new)),
                Err(seen) => now = seen,
            }
        }
    }

    /// The callbacks have run: from here on the outcome may be taken.
    pub fn settle(&self) -> Completed {
        // ORDERING: state.settle Release -> pairs with state.load in the taker: our reads of the
        // outcome happen before it is moved out. The free is as in state.finish.
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

    /// The executor no longer refers to the cell. True: the caller frees it.
    #[must_use]
    pub fn release_queue(&self) -> bool {
        // ORDERING: state.release-queue Release -> pairs with state.load of whoever frees: our use of
        // the cell is over. The free is as in state.finish.
        let old = self.0.fetch_add(QUEUE_GONE, Release);
        debug_assert!(
            old & QUEUE_GONE == 0,
            "second release of the queue: {old:b}"
        );
        Snapshot(old + QUEUE_GONE).is_free()
    }

    /// The handle no longer refers to the cell; `taken`: it moved the outcome out. True: the
    /// caller frees it.
    #[must_use]
    pub fn release_handle(&self, taken: bool) -> bool {
        let bits = HANDLE_GONE | if taken { TAKEN } else { 0 };
        // ORDERING: state.release-handle Release -> as state.release-queue.
        let old = self.0.fetch_add(bits, Release);
        debug_assert!(
            old & HANDLE_GONE == 0,
            "second release of the handle: {old:b}"
        );
        Snapshot(old + bits).is_free()
    }

    /// Announces that a hook is about to be added.
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
            // ORDERING: state.open Relaxed: it tells state.finish that there is a list, which has
            // orderings of its own.
            match self.0.compare_exchange(now, now | HOOKS, Relaxed, Relaxed) {
                Ok(_) => return Opened::Open,
                Err(seen) => now = seen,
            }
        }
    }

    /// Notes that somebody looked at the error.
    pub fn mark_seen(&self) {
        // ORDERING: state.seen Relaxed: a flag for the owner of the handle; its release of the
        // handle orders it before the free.
        self.0.fetch_or(SEEN, Relaxed);
    }

    /// Notes that the outcome was moved out while the handle stays.
    pub fn mark_taken(&self) {
        // ORDERING: state.taken Relaxed: as state.seen.
        self.0.fetch_or(TAKEN, Relaxed);
    }

    /// Sleeps until the point is reached (true) or the deadline has passed (false).
    pub fn sleep(&self, until: Until, deadline: Option<Instant>) -> bool {
        loop {
            // ORDERING: state.sleep Acquire -> pairs with state.finish: the outcome.
            let now = self.0.load(Acquire);
            if until.holds(Snapshot(now)) {
                return true;
            }
            if now & SLEEPER == 0 {
                // WAKE: from here on finish, cancel or settle see SLEEPER and wake; if they came
                // first, the exchange fails and the loop looks again.
                // ORDERING: state.sleeper Relaxed: the futex compares the word itself, and the
                // outcome is read after the Acquire load above.
                if self
                    .0
                    .compare_exchange(now, now | SLEEPER, Relaxed, Relaxed)
                    .is_err()
                {
                    continue;
                }
            }
            match futex::wait(&self.0, now | SLEEPER, deadline) {
                FutexWait::TimedOut => return until.holds(self.load()),
                FutexWait::Woken | FutexWait::Changed | FutexWait::Interrupted => {}
            }
        }
    }

    /// Announces a waiter who is about to sleep elsewhere, where the answer of another process arrives. False:
    /// the outcome stands.
    // WAKE: from here on finish and cancel see REMOTE_WAITER, and their caller wakes the lane's leader; if they came
    // first, the exchange fails and the loop looks again.
    pub fn set_remote_waiter(&self) -> bool {
        // ORDERING: state.attend-look Relaxed: the exchange below decides.
        let mut now = self.0.load(Relaxed);
        loop {
            if now & DONE != 0 {
                return false;
            }
            // ORDERING: state.attend Relaxed: only the bit is told; the outcome is read after a load with Acquire.
            match self
                .0
                .compare_exchange(now, now | REMOTE_WAITER, Relaxed, Relaxed)
            {
                Ok(_) => return true,
                Err(seen) => now = seen,
            }
        }
    }

    /// The word's address, for [`wake`] after the cell may be gone.
    pub fn address(this: *const Self) -> *const AtomicU32 {
        this.cast()
    }
}

/// Wakes everybody who sleeps on the word at `address`.
// WAKE: the other end is State::sleep. The cell may be freed by now: only the address is used, and
// a sleeper that has since come to the same address finds its own word unchanged and sleeps on.
#[cold]
pub fn wake(address: *const AtomicU32) {
    futex::wake_all(address);
}
