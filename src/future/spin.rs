//! How long a waiter looks before it sleeps.
//!
//! Spinning pays only while the other side is awake on another core; on the same core it keeps the
//! other from running. The submit path knows which it is and leaves a note ([`Advice`]) for the wait that
//! often follows at once on the same thread. Without a note: a short look, then sleep. Where the other side is a process
//! that was last seen on this core, not even that.

use super::raw_task::{RawTask, RemoteVtable};
use crate::sync;
pub use crate::sync::spin::until as spin_for;
use std::cell::Cell;
use std::time::Duration;

/// What the submitter knows of the worker that will run its task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Advice {
    /// Nothing.
    Unknown,
    /// It is awake on another core and has the task in its hand.
    Awake,
    /// It had to be woken and may well come up on this core.
    Woken,
    /// It had to be woken and is pinned to another core.
    WokenElsewhere,
}

impl Advice {
    /// Chosen with the bench `round-trip` (hot, idle, pinned).
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

/// Leaves a note for a wait on `cell` by this thread. The cell is only compared, never looked at.
#[inline]
pub fn note(cell: RawTask, advice: Advice) {
    NOTE.with(|note| note.set((Some(cell), advice)));
}

/// Spins as the note for `cell` says, or not at all where that is in vain. True: `ready`.
pub fn spin(cell: RawTask, ready: impl Fn() -> bool) -> bool {
    let (noted, advice) = NOTE.with(Cell::get);
    let advice = if noted == Some(cell) {
        advice
    } else {
        Advice::Unknown
    };
    spin_for(|| budget(cell, advice.budget()), ready)
}

/// As [`spin`] without a note, by who waits for the executor of this cell.
pub fn spin_beside(cell: RawTask, ready: impl Fn() -> bool) -> bool {
    spin_for(|| budget(cell, Advice::Unknown.budget()), ready)
}

/// `budget`, unless a spin would keep the other process from running that has the task of this cell.
#[cold]
pub fn budget(cell: RawTask, budget: Duration) -> Duration {
    // SAFETY: the cell's own remote; who waits for it keeps it alive.
    let shares = |remote: &RemoteVtable| unsafe { (remote.shares_core)(cell) };
    if cell.remote().is_some_and(shares) {
        Duration::ZERO
    } else {
        budget
    }
}
