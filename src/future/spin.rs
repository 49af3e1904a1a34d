//! How long a waiter spins before it sleeps.
//!
//! Spinning pays only while the worker is awake on another core; on the same core it keeps the worker from running.
//! The submit path knows which is the case. It leaves a note ([`Advice`]) in a thread-local, for the wait that often
//! follows at once on the same thread. Without a note a waiter spins briefly, then sleeps. It does not spin at all where
//! the task runs in another process that was last seen on this core.

use super::raw_task::{RawTask, RemoteVtable};
use crate::sync;
pub use crate::sync::spin::until as spin_for;
use std::cell::Cell;
use std::time::Duration;

/// What the submitter knows about the worker that will run its task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// Nothing.
    Unknown,
    /// It is awake on another core and takes the task at once.
    Awake,
    /// It had to be woken and may start on this core.
    Woken,
    /// It had to be woken and is pinned to another core.
    WokenElsewhere,
}

impl Advice {
    /// How long to spin. Chosen with the bench `round-trip` (hot, idle, pinned).
    fn budget(self) -> Duration {
        match self {
            Self::Unknown => Duration::from_micros(2),
            Self::Awake => Duration::from_micros(50),
            Self::Woken => Duration::ZERO,
            Self::WokenElsewhere => Duration::from_micros(200),
        }
    }
}

sync::thread_local! {
    static NOTE: Cell<(Option<RawTask>, Advice)> = const { Cell::new((None, Advice::Unknown)) };
}

/// Leaves a note for a wait on `cell` by this thread. Called by submitters. The pointer is only compared, never followed.
#[inline]
pub fn note(cell: RawTask, advice: Advice) {
    NOTE.with(|note| note.set((Some(cell), advice)));
}

/// Spins for as long as the note for `cell` says, or not at all if the worker shares this core. True: `ready`.
pub fn spin(cell: RawTask, ready: impl Fn() -> bool) -> bool {
    let (noted, advice) = NOTE.with(Cell::get);
    let advice = if noted == Some(cell) {
        advice
    } else {
        Advice::Unknown
    };
    spin_for(|| budget(cell, advice.budget()), ready)
}

/// As [`spin`], without a note: for a wait set, which waits for any task of this cell's executor.
pub fn spin_without_note(cell: RawTask, ready: impl Fn() -> bool) -> bool {
    spin_for(|| budget(cell, Advice::Unknown.budget()), ready)
}

/// `budget`, or zero if the task's worker is another process that a spin would keep from running.
#[cold]
pub fn budget(cell: RawTask, budget: Duration) -> Duration {
    // SAFETY: the cell's own remote; the waiter keeps the cell alive.
    let shares = |remote: &RemoteVtable| unsafe { (remote.shares_core)(cell) };
    if cell.remote().is_some_and(shares) {
        Duration::ZERO
    } else {
        budget
    }
}
