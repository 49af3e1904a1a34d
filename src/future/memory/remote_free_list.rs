//! The remote-free list: it takes the cells of one thread that other threads free.
//!
//! # The words
//! `remote`: an `AtomicPtr`: null, the newest of a chain of freed cells, or `ABANDONED`.
//! `left`: zero while the owner lives. After that: the cells in use at the owner's end, less those freed since. Below
//! zero while a free is counted before the owner's number.
//!
//! # States and owners
//! - *Alive*: the owner thread drains `remote`; any thread pushes.
//! - *Abandoned*: the owner thread has ended. A thread that frees cells subtracts them from `left`. The owner adds the
//!   number of cells that were in use when it ended; until then `left` may be below zero. The step that brings `left` to
//!   zero owns all the memory and frees it.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | alive | alive, chain longer | any thread | [`RemoteFreeList::push`] | Release |
//! | alive | alive, null | owner | [`RemoteFreeList::drain`] | Acquire |
//! | alive | abandoned | owner, once | [`RemoteFreeList::abandon`] | Acquire |
//! | abandoned | `left` lower by the cells of the chain | any thread | [`RemoteFreeList::push`] | AcqRel |
//! | abandoned | `left` higher by the cells in use | owner, once, after `abandon` | [`RemoteFreeList::settle`] | AcqRel |
//!
//! Guarantees: every freed cell reaches the owner or the count, exactly once. Exactly one step is the last one.
//! Lock-free. Model: `verify/src/scenarios/memory.rs`. The argument: `docs/protocols/cell-memory.md`.

use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};
use std::ptr::{self, NonNull};

/// A freed cell. Its first bytes are the link to the next one.
pub struct Free {
    pub next: *mut Free,
}

/// What became of the pushed cells.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The owner is alive and will drain them.
    ToOwner,
    /// The list is abandoned, and other cells are still in use.
    Counted,
    /// The list is abandoned, and this was the last step: the caller frees all memory.
    Last,
}

/// See the module for its protocol.
pub struct RemoteFreeList {
    remote: AtomicPtr<Free>,
    left: AtomicUsize,
}

fn abandoned() -> *mut Free {
    ptr::without_provenance_mut(1)
}

impl RemoteFreeList {
    pub fn new() -> Self {
        Self {
            remote: AtomicPtr::new(ptr::null_mut()),
            left: AtomicUsize::new(0),
        }
    }

    /// Returns a chain of `count` freed cells to its owner. Called by any other thread.
    ///
    /// # Safety
    /// The chain runs from `first` to `last`, no other thread uses it, and its cells belong to this list's owner.
    pub unsafe fn push(&self, first: NonNull<Free>, last: NonNull<Free>, count: usize) -> Pushed {
        // ORDERING: remote_free_list.look Relaxed: the exchange below decides; if the list is abandoned,
        // remote_free_list.left acquires what the free needs.
        let mut head = self.remote.load(Relaxed);
        while head != abandoned() {
            // SAFETY: the chain is ours until the exchange succeeds.
            unsafe { (*last.as_ptr()).next = head };
            // ORDERING: remote_free_list.push Release -> pairs with remote_free_list.drain and
            // remote_free_list.abandon: the links, and our last use of the cells. Failure Relaxed: as
            // remote_free_list.look.
            match self
                .remote
                .compare_exchange(head, first.as_ptr(), Release, Relaxed)
            {
                Ok(_) => return Pushed::ToOwner,
                Err(seen) => head = seen,
            }
        }
        self.count_down(count)
    }

    fn count_down(&self, count: usize) -> Pushed {
        // ORDERING: remote_free_list.left AcqRel -> pairs with itself and with remote_free_list.left-owner.
        // Release: our use of the cells happens before the free; acquire: the last step sees that of all
        // others, and the owner's list of chunks.
        match self.left.fetch_sub(count, AcqRel) {
            left if left == count => Pushed::Last,
            _ => Pushed::Counted,
        }
    }

    /// Takes all cells that other threads have freed. Called by the owner.
    pub fn drain(&self) -> *mut Free {
        // ORDERING: remote_free_list.drain-look Relaxed: only a hint.
        if self.remote.load(Relaxed).is_null() {
            return ptr::null_mut();
        }
        // ORDERING: remote_free_list.drain Acquire -> pairs with remote_free_list.push.
        self.remote.swap(ptr::null_mut(), Acquire)
    }

    /// The owner's end, step one: takes the last chain; later pushes are counted instead.
    #[must_use]
    pub fn abandon(&self) -> *mut Free {
        // ORDERING: remote_free_list.abandon Acquire -> pairs with remote_free_list.push: the chain. The
        // owner's list of chunks is released by remote_free_list.left-owner.
        self.remote.swap(abandoned(), Acquire)
    }

    /// The owner's end, step two: `in_use` cells are still in use, those of step one's chain not among them.
    pub fn settle(&self, in_use: usize) -> Pushed {
        // ORDERING: remote_free_list.left-owner AcqRel -> pairs with remote_free_list.left: release: our list
        // of chunks; acquire: as there.
        match self.left.fetch_add(in_use, AcqRel).wrapping_add(in_use) {
            0 => Pushed::Last,
            _ => Pushed::Counted,
        }
    }
}
