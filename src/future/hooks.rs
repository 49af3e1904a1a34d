//! The hook list of a task: what runs when the task completes. A hook is a done-callback, or a *waiter*: the waker of a
//! polled future, or a member of a wait set.
//!
//! # The words
//! A [`HookList`] is one `AtomicPtr`: null, the newest node of a chain of waiters, or a *closed tag*. The tag is either
//! `CLOSED` (bit 0 alone), or bit 0 with the address of a *hook table*: two more stacks, one of callbacks and one of
//! waiters. The first callback makes the table, which lives as long as the cell; a future without callbacks has none. A
//! chain never mixes callbacks and waiters.
//!
//! # Owners
//! - A node in a stack belongs to the stack. The thread that takes the chain out owns all its nodes.
//! - The *finisher* (the thread that made the task done) alone takes callbacks out, so they run in order. It alone
//!   closes a stack.
//! - An *editor* holds a borrow of the handle. It takes waiters out, drops a dead member or replaces a waker, and puts
//!   the rest back.
//! - A node that finds its stack closed, because it comes too late or is being put back, is fired by its owner.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | open | open, one node longer | handle side | [`Stack::push`] | Release |
//! | chain of waiters | null | editor | [`Stack::take`] | Acquire |
//! | null (waiters) | chain of waiters | editor | [`Stack::put_back`] | Release |
//! | open (list) | table, which takes over the chain | handle side, with the first callback | [`HookList::add_callback`] | Release |
//! | null (callbacks) | `CLOSED` | finisher | [`Stack::take_or_close`] | Release |
//! | chain of callbacks | null | finisher | [`Stack::take_or_close`] | Acquire |
//! | open (waiters) | `CLOSED` | finisher | [`Stack::close`] | AcqRel |
//! | closed or table | the same: the step fails | any thread | every method | Acquire |
//!
//! Guarantees: each node is fired or discarded exactly once. Callbacks that are added one after the other run
//! in that order. Lock-free, with one exception: a waiter that finds the list closed and the task not settled waits for
//! the finisher's next step. An editor holds a borrow of the handle, so the outcome cannot be taken
//! while the editor holds waiters.
//! Models: `verify/src/scenarios/hooks.rs`. The argument: `docs/protocols/hooks.md`.

use super::raw_task::RawTask;
use super::state::Until;
use crate::sync::atomic::{AtomicPtr, Ordering::*};
use crate::sync::cell::UnsafeCell;
use std::ptr::{self, NonNull};

/// The behaviour of a callback, which is fired while the outcome is stored and not being taken.
pub struct CallbackVtable {
    /// Consumes the node.
    pub fire: unsafe fn(NonNull<Node<Self>>, RawTask),
}

/// The behaviour of a waiter, which is fired when the outcome may be taken. The cell may be gone by then.
pub struct WaiterVtable {
    /// Consumes the node. The flag: whether the task failed.
    pub fire: unsafe fn(NonNull<Node<Self>>, bool),
    /// Consumes the node unfired.
    pub discard: unsafe fn(NonNull<Node<Self>>),
}

pub type Callback = Node<CallbackVtable>;
pub type Waiter = Node<WaiterVtable>;

/// A link of a stack. It is the first field of a larger structure, whose type the functions of its vtable know.
#[repr(C)]
pub struct Node<V: 'static> {
    /// Only the node's owner touches it. A cell of `sync`, so that loom checks that.
    next: UnsafeCell<*mut Self>,
    pub vtable: &'static V,
    /// For editors: identifies the adder (one future, one clone, one wait set) while the node lives.
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
        // SAFETY: only the node's owner touches it, and that is the caller.
        self.next.with(|next| unsafe { *next })
    }

    /// # Safety
    /// The caller owns the node.
    unsafe fn set_next(&self, to: *mut Self) {
        // SAFETY: only the node's owner touches it, and that is the caller.
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
        // SAFETY: the chain owns its nodes, so this one is alive and no other thread touches it.
        self.head = unsafe { node.as_ref().next() };
        Some(node)
    }

    fn push(&mut self, node: NonNull<Node<V>>) {
        // SAFETY: the caller hands the node over; it is alive and no other thread touches it.
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
    fn prepend(&mut self, newer: Self) {
        let mut oldest_first = newer.reversed();
        while let Some(node) = oldest_first.pop() {
            self.push(node);
        }
    }

    fn is_empty(&self) -> bool {
        self.head.is_null()
    }
}

/// Why a stack takes no more nodes. Such a word never changes again.
enum Closed {
    /// The finisher closed it.
    Closed,
    /// The waiters are in the table, which lives as long as the cell.
    Moved(NonNull<HookTable>),
}

/// Where a task with callbacks keeps its hooks.
struct HookTable {
    callbacks: Stack<CallbackVtable>,
    waiters: Stack<WaiterVtable>,
}

/// The bit that distinguishes a closed tag from a node.
const CLOSED_TAG: usize = 0b1;

impl Closed {
    /// What a word says, unless it is open: null or a node.
    fn of<V>(word: *mut Node<V>) -> Option<Self> {
        if word.addr() & CLOSED_TAG == 0 {
            return None;
        }
        let table = word.cast::<HookTable>().map_addr(|word| word & !CLOSED_TAG);
        Some(NonNull::new(table).map_or(Self::Closed, Self::Moved))
    }
}

fn closed<V>() -> *mut Node<V> {
    ptr::without_provenance_mut(CLOSED_TAG)
}

fn moved(table: *mut HookTable) -> *mut Waiter {
    table.map_addr(|address| address | CLOSED_TAG).cast()
}

/// A stack of nodes of one kind, until it is closed. Nodes are pushed one by one and taken all at once.
struct Stack<V: 'static>(AtomicPtr<Node<V>>);

impl<V> Stack<V> {
    fn new(chain: *mut Node<V>) -> Self {
        Self(AtomicPtr::new(chain))
    }

    /// No node is in it. For assertions when it is dropped.
    fn is_empty(&mut self) -> bool {
        // SAFETY: the exclusive borrow excludes writers.
        let head = unsafe { self.0.unsync_load() };
        head.is_null() || Closed::of(head).is_some()
    }

    /// Adds a node. It stays the caller's if the stack is closed.
    fn push(&self, node: NonNull<Node<V>>) -> Result<(), Closed> {
        // ORDERING: hooks.look Acquire -> pairs with hooks.close and hooks.close-empty: a thread that finds the
        // stack closed fires the node itself, and has to find the outcome in the state word; with
        // hooks.move: the table.
        let mut head = self.0.load(Acquire);
        loop {
            if let Some(why) = Closed::of(head) {
                return Err(why);
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

    /// Takes the whole chain. Editors only.
    fn take(&self) -> Result<Chain<V>, Closed> {
        // ORDERING: hooks.take-look Acquire -> as hooks.look.
        let mut head = self.0.load(Acquire);
        loop {
            match Closed::of(head) {
                Some(why) => return Err(why),
                None if head.is_null() => return Ok(Chain::EMPTY),
                None => {}
            }
            // ORDERING: hooks.take Acquire -> pairs with hooks.push and hooks.put-back: the nodes. Another
            // editor may have taken the chain and put it back since the look, with the same head. Failure
            // Acquire: as hooks.look.
            match self
                .0
                .compare_exchange(head, ptr::null_mut(), Acquire, Acquire)
            {
                Ok(_) => return Ok(Chain { head }),
                Err(seen) => head = seen,
            }
        }
    }

    /// Puts an edited chain back, below all nodes that were added meanwhile. If the stack was closed meanwhile, the
    /// nodes in `chain` stay the caller's.
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
                    Some(why) => return Err(why),
                    None => chain.prepend(self.take()?),
                },
            }
        }
        Ok(())
    }

    /// Closes the stack and takes the chain. The finisher only.
    fn close(&self) -> Result<Chain<V>, Closed> {
        let mut head = ptr::null_mut();
        loop {
            // ORDERING: hooks.close AcqRel -> acquire pairs with hooks.push and hooks.put-back: the
            // nodes; release: as hooks.close-empty. Failure Acquire: as hooks.look.
            match self.0.compare_exchange(head, closed(), AcqRel, Acquire) {
                Ok(_) => return Ok(Chain { head }),
                Err(seen) => match Closed::of(seen) {
                    Some(why) => return Err(why),
                    None => head = seen,
                },
            }
        }
    }
}

impl Stack<CallbackVtable> {
    /// Closes the stack if it is empty, else takes the whole chain. The finisher only.
    fn take_or_close(&self) -> Option<Chain<CallbackVtable>> {
        // ORDERING: hooks.close-empty Release -> pairs with hooks.look and hooks.push: a late adder
        // fires its node itself, and its load of the state word must not be older than our finish.
        // An empty stack passes nothing on to us. Failure Relaxed: the swap below acquires the nodes.
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

/// The hook list of a task. See the module for its protocol.
pub struct HookList(Stack<WaiterVtable>);

impl HookList {
    pub fn new() -> Self {
        Self(Stack::new(ptr::null_mut()))
    }

    /// Does `step` on the stack that holds the waiters: the list, or the one in the table. Err: it was closed before.
    fn waiters<R>(
        &self,
        mut step: impl FnMut(&Stack<WaiterVtable>) -> Result<R, Closed>,
    ) -> Result<R, Closed> {
        match step(&self.0) {
            // SAFETY: a table lives as long as its cell, which the caller keeps alive.
            Err(Closed::Moved(table)) => step(&unsafe { table.as_ref() }.waiters),
            other => other,
        }
    }

    /// Adds a callback, or fires it here, now, if the list is closed. The caller holds a borrow of the handle.
    pub fn add_callback(&self, cell: RawTask, node: NonNull<Callback>) {
        // ORDERING: hooks.table-look Acquire -> as hooks.look.
        let mut head = self.0.0.load(Acquire);
        let added = loop {
            match Closed::of(head) {
                Some(Closed::Closed) => break false,
                Some(Closed::Moved(table)) => {
                    // SAFETY: a table lives as long as its cell, which the caller keeps alive.
                    let table = unsafe { table.as_ref() };
                    break table.callbacks.push(node).is_ok();
                }
                None => {}
            }
            // The table takes over the chain as it is: no node is read here.
            let table = Box::into_raw(Box::new(HookTable {
                callbacks: Stack::new(node.as_ptr()),
                waiters: Stack::new(head),
            }));
            // ORDERING: hooks.move Release -> pairs with hooks.look, hooks.take-look and hooks.close:
            // the table and its callback. The chain's nodes were released by the threads that added
            // them; this exchange continues their release sequence. Failure Acquire: as hooks.look.
            match self
                .0
                .0
                .compare_exchange(head, moved(table), Release, Acquire)
            {
                Ok(_) => break true,
                Err(seen) => head = seen,
            }
            // SAFETY: made above and not published.
            drop(unsafe { Box::from_raw(table) });
        };
        if !added {
            // SAFETY: not added, so it is ours. The list was closed, so the outcome is stored; it
            // cannot be taken while the handle is borrowed.
            unsafe { (node.as_ref().vtable.fire)(node, cell) }
        }
    }

    /// Adds a waiter, or returns it if the list is closed.
    pub fn add_waiter(&self, node: NonNull<Waiter>) -> Result<(), NonNull<Waiter>> {
        self.waiters(|stack| stack.push(node)).map_err(|_| node)
    }

    /// The finisher's first half, before the outcome may be taken: runs every callback, oldest first,
    /// closes the list, and returns the waiters, oldest first, for [`fire_waiters`]. In a forked child the parent
    /// may have done a part of this: the thread that took the task over does the rest.
    pub fn run_callbacks(&self, cell: RawTask) -> Chain<WaiterVtable> {
        let waiters = match self.0.close() {
            Err(Closed::Moved(table)) => {
                // SAFETY: it lives as long as the cell, which is not settled and so not freed.
                let table = unsafe { table.as_ref() };
                while let Some(newest_first) = table.callbacks.take_or_close() {
                    let mut oldest_first = newest_first.reversed();
                    while let Some(node) = oldest_first.pop() {
                        // SAFETY: the chain owned the node, so it is alive and ours. The cell is
                        // alive; its outcome is stored and not taken before we settle.
                        unsafe { (node.as_ref().vtable.fire)(node, cell) }
                    }
                }
                table.waiters.close()
            }
            other => other,
        };
        waiters.map_or(Chain::EMPTY, Chain::reversed)
    }

    /// Visits every waiter, oldest first; one for which `keep` returns false is discarded. The caller holds a borrow of
    /// the handle. If the finisher closes the list meanwhile, this fires the waiters that it holds.
    pub fn edit(&self, cell: RawTask, mut keep: impl FnMut(NonNull<Waiter>) -> bool) {
        let Ok(taken) = self.waiters(Stack::take) else {
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
        if self.waiters(|stack| stack.put_back(&mut kept)).is_err() {
            let mut oldest_first = kept.reversed();
            while let Some(node) = oldest_first.pop() {
                fire_late(node, cell);
            }
        }
    }
}

/// Fires a waiter that found the list closed, once the task is settled. The caller holds a borrow of the handle.
pub fn fire_late(node: NonNull<Waiter>, cell: RawTask) {
    // A waiter may only be fired when the outcome may be taken. The finisher has closed the list; settling is its next
    // step, and it runs no callback before that.
    cell.state.sleep(Until::Settled, None);
    let failed = cell.state.load().is_failed();
    // SAFETY: the caller hands the node over, so it is alive.
    unsafe { (node.as_ref().vtable.fire)(node, failed) }
}

/// The finisher's second half, after it has settled the task. The cell may be gone.
pub fn fire_waiters(mut oldest_first: Chain<WaiterVtable>, failed: bool) {
    while let Some(node) = oldest_first.pop() {
        // SAFETY: the chain owned the node; waiters do not use the cell.
        unsafe { (node.as_ref().vtable.fire)(node, failed) }
    }
}

impl Drop for HookList {
    #[inline]
    fn drop(&mut self) {
        // Nodes could be left only if a cell were freed without being finished, which no path does.
        // An unfired node would leak, and the models count nodes.
        // SAFETY: the exclusive borrow excludes writers.
        match Closed::of(unsafe { self.0.0.unsync_load() }) {
            None => debug_assert!(self.0.is_empty(), "a waiter was never fired"),
            Some(Closed::Closed) => {}
            Some(Closed::Moved(table)) => {
                // SAFETY: leaked by `add_callback`; nothing else refers to the cell any more.
                let mut table = unsafe { Box::from_raw(table.as_ptr()) };
                debug_assert!(table.callbacks.is_empty(), "a callback was never fired");
                debug_assert!(table.waiters.is_empty(), "a waiter was never fired");
            }
        }
    }
}
