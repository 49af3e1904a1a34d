//! The hook list of a task: done-callbacks, and notices (wakers of polled futures, members of wait
//! sets).
//!
//! # The words
//! `HookList` is one `AtomicPtr`: null, the newest of a chain of notices, or a *seal*. The seal is
//! `CLOSED`, or the address of a *board*: two more such words, one for callbacks, one for notices.
//! The first callback makes the table, which lives as long as the cell; a future without callbacks
//! has none. Callbacks are never in a chain with notices.
//!
//! # Owners
//! A node in a stack belongs to the stack. Callbacks are taken out by the finisher alone, so they run
//! in order. Notices may also be taken out by a holder of the handle (an editor: it drops a dead
//! member, or replaces a waker), who puts the rest back. Only the finisher closes; a node that comes
//! too late after that, or is being put back, is fired by whoever holds it.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | open | open, one node longer | handle side | [`Stack::push`] | Release |
//! | open (notices) | null | editor | [`Stack::take`] | Acquire |
//! | null (notices) | chain | editor | [`Stack::put_back`] | Release |
//! | open (list) | table, which takes the chain over | adder of a callback | [`HookList::add_callback`] | Release |
//! | null, or chain (callbacks) | `CLOSED`, or null | finisher | [`Stack::take_or_close`] | Release, or Acquire |
//! | open (notices) | `CLOSED` | finisher | [`Stack::close`] | AcqRel |
//! | sealed | (found) | everybody | all of them | Acquire |
//!
//! Guarantees: each node is fired or discarded exactly once. Callbacks added one after the other run
//! in that order. Lock-free, but for a notice that finds the list closed and the state not settled: it
//! waits for that one step. An editor holds a borrow of the handle, so the outcome cannot be taken
//! while it has notices in its hand.
//! Models: `verify/models/hooks.rs`.

use super::raw_task::RawTask;
use super::state::Until;
use crate::sync::atomic::{AtomicPtr, Ordering::*};
use crate::sync::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// The behaviour of a callback: it is fired while the outcome stands and is not being taken.
pub struct CallbackVtable {
    /// Consumes the node.
    pub fire: unsafe fn(NonNull<Node<Self>>, RawTask),
}

/// The behaviour of a notice, which tells somebody that the outcome may be taken. The cell may be
/// gone when it is fired.
pub struct WaiterVtable {
    /// Consumes the node. Told whether the task failed.
    pub fire: unsafe fn(NonNull<Node<Self>>, bool),
    /// Consumes the node unfired.
    pub discard: unsafe fn(NonNull<Node<Self>>),
}

pub type Callback = Node<CallbackVtable>;
pub type Waiter = Node<WaiterVtable>;

/// A link of a stack, first field of a larger structure that the functions of its vtable know.
#[repr(C)]
pub struct Node<V: 'static> {
    /// Its owner's alone: the list's cell of `sync`, so that loom sees who touches it.
    next: UnsafeCell<*mut Self>,
    pub vtable: &'static V,
    /// Who added it, for editing: an address that is unique while the node lives.
    pub owner: usize,
}

impl<V> Node<V> {
    pub fn new(vtable: &'static V, owner: usize) -> Self {
        Self {
            next: UnsafeCell::new(ptr::null_mut()),
            vtable,
            owner,
        }
    }

    /// # Safety
    /// The caller owns the node.
    unsafe fn next(&self) -> *mut Self {
        // SAFETY: the owner's alone.
        self.next.with(|next| unsafe { *next })
    }

    /// # Safety
    /// The caller owns the node.
    unsafe fn set_next(&self, to: *mut Self) {
        // SAFETY: the owner's alone.
        self.next.with_mut(|next| unsafe { *next = to });
    }
}

/// A chain of nodes that one thread owns, newest first as it comes from a stack.
pub struct Chain<V: 'static> {
    head: *mut Node<V>,
}

impl<V> Chain<V> {
    const EMPTY: Self = Self {
        head: ptr::null_mut(),
    };

    fn pop(&mut self) -> Option<NonNull<Node<V>>> {
        let node = NonNull::new(self.head)?;
        // SAFETY: the chain owns its nodes, so this one is alive and nobody else touches it.
        self.head = unsafe { node.as_ref().next() };
        Some(node)
    }

    fn push(&mut self, node: NonNull<Node<V>>) {
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

    /// Puts `newer` in front.
    fn follow(&mut self, newer: Self) {
        let mut oldest_first = newer.reversed();
        while let Some(node) = oldest_first.pop() {
            self.push(node);
        }
    }

    fn is_empty(&self) -> bool {
        self.head.is_null()
    }
}

/// Why a stack takes no more: nothing after it but itself.
enum Closed {
    /// The finisher has been here.
    Closed,
    /// The notices are elsewhere. The board lives as long as the cell.
    Moved(NonNull<HookTable>),
}

/// Where a future with callbacks keeps its hooks.
struct HookTable {
    callbacks: Stack<CallbackVtable>,
    notices: Stack<WaiterVtable>,
}

/// The bit that tells a seal from a node.
const SEAL: usize = 0b1;

impl Closed {
    fn of<V>(word: *mut Node<V>) -> Option<Self> {
        if word.addr() & SEAL == 0 {
            return None;
        }
        let table = word.cast::<HookTable>().map_addr(|word| word & !SEAL);
        Some(NonNull::new(table).map_or(Self::Closed, Self::Moved))
    }
}

fn closed<V>() -> *mut Node<V> {
    ptr::without_provenance_mut(SEAL)
}

fn moved(table: *mut HookTable) -> *mut Waiter {
    table.map_addr(|board| board | SEAL).cast()
}

/// Nodes of one sort, until it is sealed.
struct Stack<V: 'static>(AtomicPtr<Node<V>>);

impl<V> Stack<V> {
    fn new(chain: *mut Node<V>) -> Self {
        Self(AtomicPtr::new(chain))
    }

    /// Nothing in it, be it closed. For assertions at its end.
    fn is_empty(&mut self) -> bool {
        // SAFETY: the exclusive borrow excludes writers.
        let head = unsafe { self.0.unsync_load() };
        head.is_null() || Closed::of(head).is_some()
    }

    /// Adds a node, which stays the caller's if the stack is sealed.
    fn push(&self, node: NonNull<Node<V>>) -> Result<(), Closed> {
        // ORDERING: hooks.look Acquire -> pairs with hooks.close and hooks.close-empty: who finds the
        // stack closed fires the node itself, and has to find the outcome in the state word; with
        // hooks.move: the table.
        let mut head = self.0.load(Acquire);
        loop {
            if let Some(seal) = Closed::of(head) {
                return Err(seal);
            }
            // SAFETY: the node is ours until the exchange succeeds.
            unsafe { node.as_ref().set_next(head) };
            // ORDERING: hooks.push Release -> pairs with hooks.take and hooks.close: the node's
            // contents. Failure Acquire: as hooks.look.
            match self
                .0
                .compare_exchange(head, node.as_ptr(), Release, Acquire)
            {
                Ok(_) => return Ok(()),
                Err(seen) => head = seen,
            }
        }
    }

    /// Takes the whole chain.
    fn take(&self) -> Result<Chain<V>, Closed> {
        // ORDERING: hooks.take-look Acquire -> as hooks.look.
        let mut head = self.0.load(Acquire);
        loop {
            match Closed::of(head) {
                Some(seal) => return Err(seal),
                None if head.is_null() => return Ok(Chain::EMPTY),
                None => {}
            }
            // ORDERING: hooks.take Acquire -> pairs with hooks.push and hooks.put-back: the nodes; the
            // chain may have been out and back since the look, with the same head. Failure Acquire:
            // as hooks.look.
            match self
                .0
                .compare_exchange(head, ptr::null_mut(), Acquire, Acquire)
            {
                Ok(_) => return Ok(Chain { head }),
                Err(seen) => head = seen,
            }
        }
    }

    /// Puts an edited chain back, older than whatever came in between. What is in the chain stays
    /// the caller's if the stack was sealed meanwhile.
    fn put_back(&self, chain: &mut Chain<V>) -> Result<(), Closed> {
        while !chain.is_empty() {
            // ORDERING: hooks.put-back Release -> pairs with hooks.take and hooks.close: the nodes.
            // Failure Acquire: as hooks.look.
            match self
                .0
                .compare_exchange(ptr::null_mut(), chain.head, Release, Acquire)
            {
                Ok(_) => break,
                Err(seen) => match Closed::of(seen) {
                    Some(seal) => return Err(seal),
                    None => chain.follow(self.take()?),
                },
            }
        }
        Ok(())
    }

    /// Closes the stack and takes what is in it.
    fn close(&self) -> Result<Chain<V>, Closed> {
        let mut head = ptr::null_mut();
        loop {
            // ORDERING: hooks.close AcqRel -> acquire pairs with hooks.push and hooks.put-back: the
            // nodes; release: as hooks.close-empty. Failure Acquire: as hooks.look.
            match self.0.compare_exchange(head, closed(), AcqRel, Acquire) {
                Ok(_) => return Ok(Chain { head }),
                Err(seen) => match Closed::of(seen) {
                    Some(seal) => return Err(seal),
                    None => head = seen,
                },
            }
        }
    }
}

impl Stack<CallbackVtable> {
    /// Closes the stack if it is empty, else takes the whole chain. The finisher's alone.
    fn take_or_close(&self) -> Option<Chain<CallbackVtable>> {
        // ORDERING: hooks.close-empty Release -> pairs with hooks.look and hooks.push: a late adder
        // fires its node itself, and its load of the state word must not be older than our finish.
        // An empty stack hands nothing over to us: failure Relaxed.
        let seen = self
            .0
            .compare_exchange(ptr::null_mut(), closed(), Release, Relaxed)
            .err()?;
        if Closed::of(seen).is_some() {
            return None;
        }
        // ORDERING: hooks.take-all Acquire -> pairs with hooks.push: the nodes.
        let head = self.0.swap(ptr::null_mut(), Acquire);
        Some(Chain { head })
    }
}

/// The list. See the module for its protocol.
pub struct HookList(Stack<WaiterVtable>);

impl HookList {
    pub fn new() -> Self {
        Self(Stack::new(ptr::null_mut()))
    }

    /// Does `step` where the notices are. Err: they were closed before.
    fn notices<R>(
        &self,
        mut step: impl FnMut(&Stack<WaiterVtable>) -> Result<R, Closed>,
    ) -> Result<R, Closed> {
        match step(&self.0) {
            // SAFETY: a board lives as long as its cell, which the caller keeps alive.
            Err(Closed::Moved(table)) => step(&unsafe { table.as_ref() }.notices),
            other => other,
        }
    }

    /// Adds a callback; fires it here and now if the list is closed. The caller holds a borrow of the
    /// handle.
    pub fn add_callback(&self, cell: RawTask, node: NonNull<Callback>) {
        // ORDERING: hooks.board-look Acquire -> as hooks.look.
        let mut head = self.0.0.load(Acquire);
        let added = loop {
            match Closed::of(head) {
                Some(Closed::Closed) => break false,
                Some(Closed::Moved(table)) => {
                    // SAFETY: a board lives as long as its cell, which the caller keeps alive.
                    let table = unsafe { table.as_ref() };
                    break table.callbacks.push(node).is_ok();
                }
                None => {}
            }
            // The chain goes over as it is: its first node is only named here, not looked at.
            let table = Box::into_raw(Box::new(HookTable {
                callbacks: Stack::new(node.as_ptr()),
                notices: Stack::new(head),
            }));
            // ORDERING: hooks.move Release -> pairs with hooks.look, hooks.take-look and hooks.close:
            // the board and its callback. The nodes of the chain come to whoever finds the board
            // from those who put them in: the exchange goes on with their release. Failure
            // Acquire: as hooks.look.
            match self
                .0
                .0
                .compare_exchange(head, moved(table), Release, Acquire)
            {
                Ok(_) => break true,
                Err(seen) => head = seen,
            }
            // SAFETY: made above and shown to nobody.
            drop(unsafe { Box::from_raw(table) });
        };
        if !added {
            // SAFETY: not added, so it is ours; the outcome stands, since the list was closed, and
            // cannot be taken while the handle is borrowed.
            unsafe { (node.as_ref().vtable.fire)(node, cell) }
        }
    }

    /// Adds a notice; gives it back if the list is closed.
    pub fn add_waiter(&self, node: NonNull<Waiter>) -> Result<(), NonNull<Waiter>> {
        self.notices(|stack| stack.push(node)).map_err(|_| node)
    }

    /// The finisher's part, before the outcome may be taken: runs every callback, oldest first,
    /// closes the list, and returns the notices, oldest first, for [`fire_waiters`]. One that takes
    /// over in a forked child may find some of it done: it goes on from there.
    pub fn run_callbacks(&self, cell: RawTask) -> Chain<WaiterVtable> {
        let notices = match self.0.close() {
            Err(Closed::Moved(table)) => {
                // SAFETY: it lives as long as the cell, which is not settled.
                let table = unsafe { table.as_ref() };
                while let Some(newest_first) = table.callbacks.take_or_close() {
                    let mut oldest_first = newest_first.reversed();
                    while let Some(node) = oldest_first.pop() {
                        // SAFETY: the chain owned the node, so it is alive and ours; the cell is
                        // alive, and its outcome stands and is not taken before we settle.
                        unsafe { (node.as_ref().vtable.fire)(node, cell) }
                    }
                }
                table.notices.close()
            }
            other => other,
        };
        notices.map_or(Chain::EMPTY, Chain::reversed)
    }

    /// Visits every notice, oldest first; `keep` false discards it. The caller holds a borrow of the
    /// handle. If the task finishes meanwhile, the caller fires what it has in its hand.
    pub fn edit(&self, cell: RawTask, mut keep: impl FnMut(NonNull<Waiter>) -> bool) {
        let Ok(taken) = self.notices(Stack::take) else {
            return;
        };
        let mut oldest_first = taken.reversed();
        let mut kept = Chain::EMPTY;
        while let Some(node) = oldest_first.pop() {
            if keep(node) {
                kept.push(node);
            } else {
                // SAFETY: the chain owned the node, so it is alive and ours to consume.
                unsafe { (node.as_ref().vtable.discard)(node) };
            }
        }
        if self.notices(|stack| stack.put_back(&mut kept)).is_err() {
            let mut oldest_first = kept.reversed();
            while let Some(node) = oldest_first.pop() {
                fire_late(node, cell);
            }
        }
    }
}

/// Fires a notice that found the list closed. The caller holds a borrow of the handle.
pub fn fire_late(node: NonNull<Waiter>, cell: RawTask) {
    // A notice promises that the outcome may be taken. Whoever closed the list is a step away from
    // settling, and runs no callback on the way.
    cell.state.sleep(Until::Settled, None);
    let failed = cell.state.load().is_failed();
    // SAFETY: the caller hands the node over, so it is alive.
    unsafe { (node.as_ref().vtable.fire)(node, failed) }
}

/// The finisher's part, after the outcome may be taken. The cell may be gone.
pub fn fire_waiters(mut oldest_first: Chain<WaiterVtable>, failed: bool) {
    while let Some(node) = oldest_first.pop() {
        // SAFETY: the chain owned the node; notices do not look at the cell.
        unsafe { (node.as_ref().vtable.fire)(node, failed) }
    }
}

impl Drop for HookList {
    #[inline]
    fn drop(&mut self) {
        // Nodes are left only if the cell is freed without being finished, which no path does;
        // an unfired node would leak, and the models count them.
        // SAFETY: the exclusive borrow excludes writers.
        match Closed::of(unsafe { self.0.0.unsync_load() }) {
            None => debug_assert!(self.0.is_empty(), "a notice was never fired"),
            Some(Closed::Closed) => {}
            Some(Closed::Moved(table)) => {
                // SAFETY: leaked by `add_callback`; nobody else refers to the cell any more.
                let mut table = unsafe { Box::from_raw(table.as_ptr()) };
                debug_assert!(table.callbacks.is_empty(), "a callback was never fired");
                debug_assert!(table.notices.is_empty(), "a notice was never fired");
            }
        }
    }
}
