//! Where the cells of one thread go when other threads free them.
//!
//! # The words
//! `remote`: an `AtomicPtr`, null, the newest of a chain of freed cells, or `ABANDONED`.
//! `left`: once abandoned, how many cells are still out; before that zero.
//!
//! # States and owners
//! - *Alive*: the owner thread drains `remote`; anybody pushes.
//! - *Abandoned*: the owner has ended. Whoever frees a cell counts `left` down; the step that brings
//!   it to zero owns all the memory and frees it. The owner counts too: it adds what was out when it
//!   left, so the count may pass below zero before, and is zero only at the end.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | alive | alive, chain longer | anybody | [`RemoteFreeList::push`] | Release |
//! | alive | alive, null | owner | [`RemoteFreeList::drain`] | Acquire |
//! | alive | abandoned | owner, once | [`RemoteFreeList::abandon`] | Acquire |
//! | abandoned | `left` lower | anybody | [`RemoteFreeList::push`] | AcqRel |
//!
//! Guarantees: every freed cell reaches the owner or the count, exactly once; lock-free; the last
//! step is unique. Model: `verify/models/memory.rs`.

use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};
use std::ptr::{self, NonNull};

/// A freed cell; its first bytes link it.
pub struct Free {
    pub next: *mut Free,
}

/// What a push found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The owner will find it.
    RemoteFreeList,
    /// The owner is gone and others are still out.
    Counted,
    /// The owner is gone, and this was the last: the caller frees all memory.
    Last,
}

/// See the module.
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

    /// Sends a chain of `count` freed cells home.
    ///
    /// # Safety
    /// The chain runs from `first` to `last` and is the caller's alone; its cells came from here.
    pub unsafe fn push(&self, first: NonNull<Free>, last: NonNull<Free>, count: usize) -> Pushed {
        // ORDERING: remote_free_list.look Relaxed: the exchange below decides; who finds the home abandoned
        // learns all it needs from home.left.
        let mut head = self.remote.load(Relaxed);
        while head != abandoned() {
            // SAFETY: the chain is the caller's until the exchange succeeds.
            unsafe { (*last.as_ptr()).next = head };
            // ORDERING: remote_free_list.push Release -> pairs with remote_free_list.drain and remote_free_list.abandon: the links, and
            // our last use of the cells. Failure Relaxed: as remote_free_list.look.
            match self
                .remote
                .compare_exchange(head, first.as_ptr(), Release, Relaxed)
            {
                Ok(_) => return Pushed::RemoteFreeList,
                Err(seen) => head = seen,
            }
        }
        self.count_down(count)
    }

    fn count_down(&self, count: usize) -> Pushed {
        // ORDERING: remote_free_list.left AcqRel -> release: our use of the cells is over; acquire: so is
        // everybody's, for the last one, which frees.
        match self.left.fetch_sub(count, AcqRel) {
            left if left == count => Pushed::Last,
            _ => Pushed::Counted,
        }
    }

    /// The owner takes what others freed.
    pub fn drain(&self) -> *mut Free {
        // ORDERING: remote_free_list.drain-look Relaxed: only a hint.
        if self.remote.load(Relaxed).is_null() {
            return ptr::null_mut();
        }
        // ORDERING: remote_free_list.drain Acquire -> pairs with remote_free_list.push.
        self.remote.swap(ptr::null_mut(), Acquire)
    }

    /// The owner leaves, part one: no more chains are accepted; the last one is returned.
    #[must_use]
    pub fn abandon(&self) -> *mut Free {
        // ORDERING: remote_free_list.abandon Acquire -> pairs with remote_free_list.push: the chain. What the owner wrote
        // (its list of chunks) reaches the last freer by home.left-owner.
        self.remote.swap(abandoned(), Acquire)
    }

    /// Part two: `out` cells are still out, after the chain of part one was counted in.
    pub fn settle(&self, out: usize) -> Pushed {
        // ORDERING: remote_free_list.left-owner AcqRel -> as remote_free_list.left.
        match self.left.fetch_add(out, AcqRel).wrapping_add(out) {
            0 => Pushed::Last,
            _ => Pushed::Counted,
        }
    }
}
