//! The wait set behind `wait` and `as_completed`: one consumer waits for many futures.
//!
//! # The words
//! | word | meaning |
//! |---|---|
//! | `done` | a stack of the members whose futures are done and that the consumer has not taken |
//! | `count` | how many members have arrived; the futex. Its top bit, `ERROR`: one of their futures failed |
//! | `target` | the count at which the consumer wants to be woken, or `AWAKE` |
//! | `references` | one for the consumer, one for each member in a hook list; the last one given up frees the set |
//!
//! # Transitions
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | 1. push the member on `done` | the thread that fires the member's node | [`WaitSet::arrive`] | Release |
//! | 2. set `ERROR`, if the future failed and the set watches for errors | the same | the same | Release |
//! | 3. add one to `count` | the same | the same | AcqRel |
//! | 4. load `target`; if `count` has reached it, set it to `AWAKE` and wake the consumer | the same | the same | Relaxed |
//! | a. store `target` | consumer | [`WaitSet::announce`] | Relaxed |
//! | b. add zero to `count`; if it has reached `target`, do not sleep | consumer | [`WaitSet::announce`] | AcqRel |
//! | c. sleep while `count` keeps that value, or return pending | consumer | [`WaitSet::wait`], [`WaitSet::poll`] | futex |
//! | take the stack | consumer | [`WaitSet::take`] | Acquire |
//! | give a reference up; the last one frees the set | consumer, or the thread that fires or discards a member | `WaitSet::release` | AcqRel |
//!
//! No wake-up is lost: steps 3 and b are read-modify-writes of one word. If 3 comes second, step 4 sees the target; if b
//! comes second, it sees the arrival.
//!
//! Guarantees: an arrival is lock-free, costs O(1), and wakes the consumer only if its target is reached. A member is
//! registered once: nothing is registered again between items.
//! Models: `verify/src/scenarios/set.rs`. The argument: `docs/protocols/wait-set.md`.

use super::hooks::{Waiter, WaiterVtable};
use super::raw_task::RawTask;
use super::waker;
use super::{block, spin};
use crate::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering::*};
use crate::sync::cell::UnsafeCell;
use crate::sync::{FutexWait, Mutex, futex};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::task::Waker;
use std::time::Instant;

const ERROR: u32 = 1 << 31;
const AWAKE: u32 = u32::MAX;

/// One future's place in the set: a node for its hook list, and a link for `done`.
#[repr(C)]
struct Member {
    node: Waiter,
    set: Cell<*const WaitSet>,
    /// Owned by the thread that pushes the member, then by the consumer that takes the stack.
    next: UnsafeCell<*const Member>,
    index: usize,
}

/// See the module for its protocol.
pub struct WaitSet {
    done: AtomicPtr<Member>,
    count: AtomicU32,
    target: AtomicU32,
    references: AtomicUsize,
    mode: WaitMode,
    /// What a poll left. Arrivals lock it only when they wake the consumer.
    waker: Mutex<Option<Waker>>,
    members: Box<[Member]>,
}

/// What the set watches for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WaitMode {
    /// Completions. A future counts once its outcome may be taken.
    Completions,
    /// The same, and whether one of the futures failed.
    Errors,
}

// A static, since its address is compared: a constant may have one per use.
static VTABLE: WaiterVtable = WaiterVtable { fire, discard };

/// A member's future is done. Called by the finisher, or by the consumer for a future that was done before.
unsafe fn fire(node: NonNull<Waiter>, failed: bool) {
    // SAFETY: nodes with this vtable are members, kept by the reference of the node.
    let member = unsafe { node.cast::<Member>().as_ref() };
    let set = member.set.get();
    // SAFETY: the member's reference keeps the set.
    unsafe { &*set }.arrive(member, failed);
    // SAFETY: the reference given up is the member's.
    unsafe { WaitSet::release(set) };
}

/// The member is taken out of its future's hook list. Called by the consumer.
unsafe fn discard(node: NonNull<Waiter>) {
    // SAFETY: as in fire.
    let set = unsafe { node.cast::<Member>().as_ref() }.set.get();
    // SAFETY: the reference given up is the member's.
    unsafe { WaitSet::release(set) };
}

/// The consumer's reference to a [`WaitSet`].
pub struct SetHandle(NonNull<WaitSet>);

// SAFETY: the set's words are atomics; a member's fields are written before it is linked and then
// only by the one that owns it (a hook list, or the stack's taker).
unsafe impl Send for SetHandle {}
// SAFETY: as above; the consumer's methods that need to be alone take &mut.
unsafe impl Sync for SetHandle {}

impl std::ops::Deref for SetHandle {
    type Target = WaitSet;
    fn deref(&self) -> &WaitSet {
        // SAFETY: the handle's reference keeps the set.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for SetHandle {
    fn drop(&mut self) {
        // SAFETY: the reference given up is the handle's.
        unsafe { WaitSet::release(self.0.as_ptr()) };
    }
}

impl SetHandle {
    /// Makes a set of `size` members, none of them registered.
    ///
    /// # Panics
    /// If `size` is 2^31 or more.
    pub fn new(size: usize, mode: WaitMode) -> Self {
        assert!(
            size < ERROR as usize,
            "a wait set holds fewer than 2^31 futures"
        );
        let mut set = Box::new(WaitSet {
            done: AtomicPtr::new(ptr::null_mut()),
            count: AtomicU32::new(0),
            target: AtomicU32::new(AWAKE),
            references: AtomicUsize::new(1 + size),
            mode,
            waker: Mutex::new(None),
            members: Box::default(),
        });
        let address = ptr::from_ref(&*set);
        set.members = (0..size)
            .map(|index| Member {
                node: Waiter::new(&VTABLE, address.addr()),
                set: Cell::new(ptr::null()),
                next: UnsafeCell::new(ptr::null()),
                index,
            })
            .collect();
        let set = NonNull::from(Box::leak(set));
        // SAFETY: just leaked, and no other thread has a pointer to it yet.
        for member in &unsafe { set.as_ref() }.members {
            member.set.set(set.as_ptr());
        }
        Self(set)
    }

    /// Registers member `index` with a future, once for each member. The caller holds the future's handle. This does not
    /// ask an executor to complete the task: [`WaitSet::wait`] and [`WaitSet::request_completion`] do.
    pub fn register(&self, index: usize, cell: RawTask) {
        waker::add_waiter(cell, NonNull::from(&self.members[index]).cast());
    }

    /// Takes this set's member out of the hook list of a future that is not done. The caller holds the future's handle.
    pub fn unregister(&self, cell: RawTask) {
        let address = self.0.addr().get();
        let now = cell.state.load();
        if now.has_hooks() && !now.is_done() {
            cell.hooks.edit(cell, |node| {
                // SAFETY: the list's editor owns the nodes that it visits.
                let node = unsafe { node.as_ref() };
                node.owner != address || !ptr::eq(node.vtable, &raw const VTABLE)
            });
        }
    }
}

impl WaitSet {
    /// Gives a reference up; the last one frees the set.
    ///
    /// # Safety
    /// The caller owns one reference and gives it up.
    unsafe fn release(this: *const Self) {
        // SAFETY: the reference keeps the set until here.
        let set = unsafe { &*this };
        // ORDERING: set.release AcqRel -> pairs with itself. Release: our use of the set happens before the free;
        // acquire: the thread that frees sees that of all others.
        if set.references.fetch_sub(1, AcqRel) == 1 {
            // Compiles to nothing; loom checks that no other thread uses a member any more.
            set.members
                .iter()
                .for_each(|member| member.next.with_mut(|_| ()));
            // SAFETY: leaked by `new`; the last reference.
            drop(unsafe { Box::from_raw(this.cast_mut()) });
        }
    }

    /// Steps 1 to 4: a member's future is done.
    fn arrive(&self, member: &Member, failed: bool) {
        // ORDERING: set.done-look Relaxed: the exchange below decides.
        let mut head = self.done.load(Relaxed);
        loop {
            // SAFETY: the member is ours until the exchange succeeds.
            member.next.with_mut(|next| unsafe { *next = head });
            // ORDERING: set.done-push Release -> pairs with set.done-take: the member's link.
            match self.done.compare_exchange(
                head,
                ptr::from_ref(member).cast_mut(),
                Release,
                Relaxed,
            ) {
                Ok(_) => break,
                Err(seen) => head = seen,
            }
        }
        if failed && self.mode == WaitMode::Errors {
            // ORDERING: set.error Release -> pairs with set.count and set.look: a consumer that sees the flag
            // before the addition below must find the future failed.
            self.count.fetch_or(ERROR, Release);
        }
        // ORDERING: set.arrive AcqRel -> release pairs with set.look and set.count: the push; acquire pairs with
        // set.look: the consumer's target, if its step b came first.
        let count = self.count.fetch_add(1, AcqRel) + 1;
        // ORDERING: set.target-look Relaxed: ordered by set.arrive.
        let target = self.target.load(Relaxed);
        if target != AWAKE && reached(count, target) {
            self.wake(target);
        }
    }

    /// Wakes the consumer, unless another arrival has claimed `target`.
    #[cold]
    fn wake(&self, target: u32) {
        // ORDERING: set.target-claim Relaxed: it only keeps two arrivals from both waking the consumer.
        if self
            .target
            .compare_exchange(target, AWAKE, Relaxed, Relaxed)
            .is_ok()
        {
            // WAKE: the other end is WaitSet::wait, or WaitSet::poll, which left its waker.
            let waker = self.waker.lock().take();
            match waker {
                Some(waker) => crate::report::contain_drop("waker", || waker.wake()),
                None => futex::wake_one(&self.count),
            }
        }
    }

    /// Calls `each` with the index of each member that has arrived since the last call, in the order of arrival.
    /// Called by the consumer, one call at a time.
    pub fn take(&self, mut each: impl FnMut(usize)) {
        // ORDERING: set.done-hint Relaxed: only a hint.
        if self.done.load(Relaxed).is_null() {
            return;
        }
        // ORDERING: set.done-take Acquire -> pairs with set.done-push.
        let mut newest = self.done.swap(ptr::null_mut(), Acquire).cast_const();
        let mut oldest: *const Member = ptr::null();
        while !newest.is_null() {
            // SAFETY: members live as long as the set; those taken from the stack are ours.
            let member = unsafe { &*newest };
            // SAFETY: as above.
            newest = member.next.with_mut(|next| unsafe { next.replace(oldest) });
            oldest = member;
        }
        while !oldest.is_null() {
            // SAFETY: as above.
            let member = unsafe { &*oldest };
            // SAFETY: as above.
            oldest = member.next.with(|next| unsafe { *next });
            each(member.index);
        }
    }

    /// Whether `target` members have arrived, or, if the set watches for errors, a future has failed.
    pub fn has_reached(&self, target: u32) -> bool {
        // ORDERING: set.count Acquire -> pairs with set.arrive: the pushes counted.
        reached(self.count.load(Acquire), target)
    }

    /// Steps a and b: asks to be woken at `target`. Err: it was reached already. Ok: the count to sleep on.
    fn announce(&self, target: u32) -> Result<u32, ()> {
        // ORDERING: set.target Relaxed: published by set.look.
        self.target.store(target, Relaxed);
        // ORDERING: set.look AcqRel -> release pairs with set.arrive: our target; acquire pairs
        // with set.arrive: its push. An addition of zero, because a load could read an old count.
        let count = self.count.fetch_add(0, AcqRel);
        if reached(count, target) {
            Err(())
        } else {
            Ok(count)
        }
    }

    /// Has the executors complete the tasks of other processes among `cells`, though no thread receives their replies.
    /// Does this once for a set: `requested` remembers it.
    pub fn request_completion(cells: impl Iterator<Item = RawTask>, requested: &mut bool) {
        if !std::mem::replace(requested, true) {
            cells
                .filter(|cell| cell.remote().is_some() && !cell.state.load().is_done())
                .for_each(|cell| cell.request_completion());
        }
    }

    /// Completes tasks of other processes as long as their replies arrive. It asks through the first such task, which
    /// stands for all tasks of its executor. True: `ready`.
    fn complete_replied(cells: impl Iterator<Item = RawTask>, ready: impl Fn() -> bool) -> bool {
        let is_remote = |cell: &RawTask| cell.remote().is_some() && !cell.state.load().is_done();
        let Some(cell) = { cells }.find(is_remote) else {
            return false;
        };
        while spin::spin_without_note(cell, || ready() || cell.complete_some()) {
            if ready() {
                return true;
            }
        }
        false
    }

    /// Blocks until [`has_reached`](Self::has_reached) says so for `target` (true) or the deadline has passed (false).
    /// Called by the consumer. Before it sleeps it [requests completion](Self::request_completion) of `cells`.
    pub fn wait(
        &self,
        cells: impl Iterator<Item = RawTask> + Clone,
        target: u32,
        deadline: Option<Instant>,
        requested: &mut bool,
    ) -> bool {
        let ready = || self.has_reached(target);
        block::block(cells.clone(), ready, deadline, || {
            if Self::complete_replied(cells.clone(), ready) {
                return true;
            }
            Self::request_completion(cells.clone(), requested);
            // If an earlier poll left a waker, an arrival would call that instead of waking us.
            let left = self.waker.lock().take();
            crate::report::contain_drop("waker", || drop(left));
            loop {
                // WAKE: the other end is WaitSet::wake.
                let Ok(count) = self.announce(target) else {
                    return true;
                };
                let timed_out = futex::wait(&self.count, count, deadline) == FutexWait::TimedOut;
                if ready() {
                    return true;
                }
                if timed_out {
                    return false;
                }
            }
        })
    }

    /// Leaves a waker that is called when `target` is reached. Called by the consumer. True: it was reached already, and
    /// the waker may never be called.
    pub fn poll(&self, waker: &Waker, target: u32) -> bool {
        let old = self.waker.lock().replace(waker.clone());
        drop(old);
        self.announce(target).is_err()
    }
}

/// Whether `count` ends a wait for `target` members.
fn reached(count: u32, target: u32) -> bool {
    count & ERROR != 0 || count >= target
}
