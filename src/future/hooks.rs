//! The hook list of a task: done-callbacks, wakers of polled futures, members of wait sets.
//!
//! # The word
//! An `AtomicPtr<Node>`: null, the newest node of a chain, or `CLOSED`.
//!
//! # Owners
//! A node in the list belongs to the list. Whoever swaps the chain out owns every node in it: the
//! finisher (to fire them), or a holder of the handle (to edit: drop a dead member, replace a
//! waker), who puts the rest back. Only the finisher closes the list, and only when it is empty;
//! after that a node that comes too late, or is being put back, is fired by whoever holds it.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | open | open, one node longer | handle side | [`HookList::push`] | Release |
//! | open | null | finisher, editor | [`HookList::take`] | Acquire |
//! | null | chain | editor | [`HookList::put_back`] | Release |
//! | null | `CLOSED` | finisher | [`HookList::close`] | Release |
//! | `CLOSED` | (found) | adder, editor | [`HookList::push`], [`HookList::put_back`] | Acquire |
//!
//! Guarantees: each node is fired or discarded exactly once. Callbacks added one after the other run
//! in that order, with one exception: those that an editor has in its hand when the list is closed are
//! run by the editor, beside or after newer ones. Lock-free, but for a notice that finds the list
//! closed and the state not settled: it waits for that one step. An editor holds a borrow of the
//! handle, so the outcome cannot be taken while it has nodes in its hand.
//! Models: `verify/models/hooks.rs`.

use super::cell::Raw;
use super::state::Until;
use crate::sync::atomic::{AtomicPtr, Ordering::*};
use crate::sync::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// What a node is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Reads the outcome: fired before the outcome may be taken.
    Callback,
    /// Tells somebody that the outcome may be taken: fired after that, must not touch the cell.
    Notice,
}

/// The behaviour of a node; the node is part of a larger structure that these functions know.
pub struct NodeVtable {
    pub kind: Kind,
    /// Consumes the node. Callbacks always get the cell, notices may not look at it.
    pub fire: unsafe fn(NonNull<Node>, Option<Raw>),
    /// Consumes the node unfired.
    pub discard: unsafe fn(NonNull<Node>),
}

/// A link of the list, first field of what it belongs to.
#[repr(C)]
pub struct Node {
    /// Its owner's alone: the list's cell of `sync`, so that loom sees who touches it.
    next: UnsafeCell<*mut Node>,
    pub vtable: &'static NodeVtable,
    /// Who added it, for editing: an address that is unique while the node lives.
    pub owner: usize,
}

impl Node {
    pub fn new(vtable: &'static NodeVtable, owner: usize) -> Self {
        Self {
            next: UnsafeCell::new(ptr::null_mut()),
            vtable,
            owner,
        }
    }

    /// # Safety
    /// The caller owns the node.
    unsafe fn next(&self) -> *mut Node {
        // SAFETY: the owner's alone.
        self.next.with(|next| unsafe { *next })
    }

    /// # Safety
    /// The caller owns the node.
    unsafe fn set_next(&self, to: *mut Node) {
        // SAFETY: the owner's alone.
        self.next.with_mut(|next| unsafe { *next = to });
    }
}

/// A chain of nodes that one thread owns, newest first as it comes from the list.
pub struct Chain {
    head: *mut Node,
}

impl Chain {
    const EMPTY: Self = Self {
        head: ptr::null_mut(),
    };

    fn pop(&mut self) -> Option<NonNull<Node>> {
        let node = NonNull::new(self.head)?;
        // SAFETY: the chain owns its nodes, so this one is alive and nobody else touches it.
        self.head = unsafe { node.as_ref().next() };
        Some(node)
    }

    fn push(&mut self, node: NonNull<Node>) {
        // SAFETY: the caller hands the node over; it is alive and nobody else touches it.
        unsafe { node.as_ref().set_next(self.head) };
        self.head = node.as_ptr();
    }

    fn reversed(mut self) -> Self {
        let mut other = Self::EMPTY;
        while let Some(node) = self.pop() {
            other.push(node);
        }
        other
    }

    /// This chain with `older` behind it.
    fn followed_by(self, older: Self) -> Self {
        let mut joined = older;
        let mut newest_last = self.reversed();
        while let Some(node) = newest_last.pop() {
            joined.push(node);
        }
        joined
    }

    fn is_empty(&self) -> bool {
        self.head.is_null()
    }
}

fn closed() -> *mut Node {
    ptr::without_provenance_mut(1)
}

/// The list. See the module for its protocol.
pub struct HookList(AtomicPtr<Node>);

impl HookList {
    pub fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Adds a node; gives it back if the list is closed.
    pub fn push(&self, node: NonNull<Node>) -> Result<(), NonNull<Node>> {
        // ORDERING: hooks.look Acquire -> pairs with hooks.close: who finds the list closed fires the
        // node itself, and has to find the outcome in the state word.
        let mut head = self.0.load(Acquire);
        loop {
            if head == closed() {
                return Err(node);
            }
            // SAFETY: the node is ours until the exchange succeeds.
            unsafe { node.as_ref().set_next(head) };
            // ORDERING: hooks.push Release -> pairs with hooks.take: the node's contents. Failure
            // Acquire: as hooks.look.
            match self
                .0
                .compare_exchange(head, node.as_ptr(), Release, Acquire)
            {
                Ok(_) => return Ok(()),
                Err(seen) => head = seen,
            }
        }
    }

    /// Takes the whole chain; an empty one if the list is empty or closed.
    fn take(&self) -> Chain {
        // ORDERING: hooks.take-look Relaxed: the exchange below decides.
        let mut head = self.0.load(Relaxed);
        loop {
            if head.is_null() || head == closed() {
                return Chain::EMPTY;
            }
            // ORDERING: hooks.take Acquire -> pairs with hooks.push and hooks.put-back: the nodes.
            match self
                .0
                .compare_exchange(head, ptr::null_mut(), Acquire, Relaxed)
            {
                Ok(_) => return Chain { head },
                Err(seen) => head = seen,
            }
        }
    }

    /// Puts an edited chain back, older than whatever came in between. Gives all of it back if the
    /// list was closed meanwhile.
    fn put_back(&self, mut chain: Chain) -> Result<(), Chain> {
        while !chain.is_empty() {
            // ORDERING: hooks.put-back Release -> pairs with hooks.take: the nodes. Failure Acquire:
            // as hooks.look.
            match self
                .0
                .compare_exchange(ptr::null_mut(), chain.head, Release, Acquire)
            {
                Ok(_) => return Ok(()),
                Err(seen) if seen == closed() => return Err(chain),
                Err(_) => chain = self.take().followed_by(chain),
            }
        }
        Ok(())
    }

    /// Closes the list if it is empty.
    fn close(&self) -> bool {
        // ORDERING: hooks.close Release -> pairs with hooks.look, hooks.push and hooks.put-back: a
        // late adder fires its node itself, and its load of the state word must not be older than
        // our finish. An empty list hands nothing over to us: failure Relaxed.
        self.0
            .compare_exchange(ptr::null_mut(), closed(), Release, Relaxed)
            .is_ok()
    }

    /// The finisher's part, before the outcome may be taken: runs every callback, oldest first,
    /// closes the list, and returns the notices, oldest first, for [`fire_notices`].
    pub fn run_callbacks(&self, cell: Raw) -> Chain {
        let mut notices = Chain::EMPTY;
        loop {
            let mut oldest_first = self.take().reversed();
            if oldest_first.is_empty() && self.close() {
                return notices.reversed();
            }
            while let Some(node) = oldest_first.pop() {
                // SAFETY: the chain owned the node, so it is alive and ours.
                let vtable = unsafe { node.as_ref() }.vtable;
                match vtable.kind {
                    // SAFETY: ours, and the cell is alive and its outcome in place: the state is
                    // settling, or we hold the handle.
                    Kind::Callback => unsafe { (vtable.fire)(node, Some(cell)) },
                    Kind::Notice => notices.push(node),
                }
            }
        }
    }

    /// Visits every node, oldest first; `keep` false discards it. The caller holds a borrow of the
    /// handle. If the task finishes meanwhile, the caller fires what it has in its hand.
    pub fn edit(&self, cell: Raw, mut keep: impl FnMut(NonNull<Node>) -> bool) {
        let mut oldest_first = self.take().reversed();
        let mut kept = Chain::EMPTY;
        while let Some(node) = oldest_first.pop() {
            if keep(node) {
                kept.push(node);
            } else {
                // SAFETY: the chain owned the node, so it is alive and ours to consume.
                unsafe { (node.as_ref().vtable.discard)(node) };
            }
        }
        if let Err(left) = self.put_back(kept) {
            fire_all(left.reversed(), cell);
        }
    }
}

/// Fires nodes that the finisher left to us, oldest first: callbacks and notices alike.
fn fire_all(mut oldest_first: Chain, cell: Raw) {
    while let Some(node) = oldest_first.pop() {
        fire(node, cell);
    }
}

/// Fires one node that found the list closed. The caller holds a borrow of the handle.
pub fn fire(node: NonNull<Node>, cell: Raw) {
    // SAFETY: the caller hands the node over, so it is alive.
    let vtable = unsafe { node.as_ref() }.vtable;
    let shown = match vtable.kind {
        Kind::Callback => Some(cell),
        Kind::Notice => {
            // A notice promises that the outcome may be taken. Whoever closed the list is a step
            // away from settling, and runs no callback on the way.
            cell.state.sleep(Until::Settled, None);
            None
        }
    };
    // SAFETY: as above; the outcome stands, since the list was closed, and cannot be taken while
    // the handle is borrowed.
    unsafe { (vtable.fire)(node, shown) }
}

/// The finisher's part, after the outcome may be taken. The cell may be gone.
pub fn fire_notices(mut oldest_first: Chain) {
    while let Some(node) = oldest_first.pop() {
        // SAFETY: the chain owned the node; notices do not look at the cell.
        unsafe { (node.as_ref().vtable.fire)(node, None) }
    }
}

impl Drop for HookList {
    fn drop(&mut self) {
        // Nodes are left only if the cell is freed without being finished, which no path does;
        // an unfired node would leak, and the models count them.
        debug_assert!(self.take().is_empty(), "a hook was never fired");
    }
}
