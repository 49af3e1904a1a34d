//! Waiting for many: the wait set behind `wait` and `as_completed`.
//!
//! # The words
//! `done`: a stack of members whose futures are done. `count`: how many have come in; it is the futex, and
//! its top bit says that an error was among them. `target`: at which count the consumer wants to be
//! woken, or `AWAKE`. `references`: the consumer and every member that is in a hook list.
//!
//! # Transitions
//! | step | by | ordering |
//! |---|---|---|
//! | push on `done`, add to `count`, look at `target`, wake | who finishes a future, [`WaitSet::arrive`] | AcqRel on `count` |
//! | set `target`, read `count` by an addition of zero, sleep | consumer, [`WaitSet::wait`] | AcqRel on `count` |
//! | take the stack | consumer, [`WaitSet::take`] | Acquire |
//!
//! Both sides do a read-modify-write on `count` between their write and their look, so one of them
//! sees the other: no lost wake-up. Each arrival costs O(1) and wakes nobody unless the consumer's
//! target is reached. A member is linked once for good: nothing is registered again between items.
//! Models: `verify/models/set.rs`.

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

#[repr(C)]
struct Member {
    node: Waiter,
    set: Cell<*const WaitSet>,
    /// Of whoever pushes the member, then of whoever takes the stack.
    next: UnsafeCell<*const Member>,
    index: usize,
}

/// See the module.
pub struct WaitSet {
    done: AtomicPtr<Member>,
    count: AtomicU32,
    target: AtomicU32,
    references: AtomicUsize,
    watch: WaitMode,
    waker: Mutex<Option<Waker>>,
    members: Box<[Member]>,
}

/// What the set is to watch for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WaitMode {
    /// Completions, each when its outcome may be taken.
    Completions,
    /// The same, and whether there was an error among them.
    Errors,
}

// A static, since its address is compared: a constant may have one per use.
static VTABLE: WaiterVtable = WaiterVtable { fire, discard };

unsafe fn fire(node: NonNull<Waiter>, failed: bool) {
    // SAFETY: nodes with this vtable are members, kept by the reference of the node.
    let member = unsafe { node.cast::<Member>().as_ref() };
    let set = member.set.get();
    // SAFETY: the member's reference keeps the set.
    unsafe { &*set }.arrive(member, failed);
    // SAFETY: the reference given up is the member's.
    unsafe { WaitSet::release(set) };
}

unsafe fn discard(node: NonNull<Waiter>) {
    // SAFETY: as in fire.
    let set = unsafe { node.cast::<Member>().as_ref() }.set.get();
    // SAFETY: the reference given up is the member's.
    unsafe { WaitSet::release(set) };
}

/// The consumer's reference.
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
    /// A set of `size` members, none of them registered.
    pub fn new(size: usize, watch: WaitMode) -> Self {
        assert!(
            size < ERROR as usize,
            "a wait set holds less than 2^31 futures"
        );
        let mut set = Box::new(WaitSet {
            done: AtomicPtr::new(ptr::null_mut()),
            count: AtomicU32::new(0),
            target: AtomicU32::new(AWAKE),
            references: AtomicUsize::new(1 + size),
            watch,
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
        // SAFETY: just leaked, and shared with nobody yet.
        for member in &unsafe { set.as_ref() }.members {
            member.set.set(set.as_ptr());
        }
        Self(set)
    }

    /// Registers member `index` with a future; once for each member. The caller holds its handle. Nobody is asked to
    /// complete it: that comes with [`WaitSet::wait`] or [`WaitSet::request_completion`].
    pub fn register(&self, index: usize, cell: RawTask) {
        waker::add_waiter(cell, NonNull::from(&self.members[index]).cast());
    }

    /// Takes this set's member out of a future that is no longer waited for. The caller holds the
    /// future's handle.
    pub fn unregister(&self, cell: RawTask) {
        let address = self.0.addr().get();
        let now = cell.state.load();
        if now.has_hooks() && !now.is_done() {
            cell.hooks.edit(cell, |node| {
                // SAFETY: the list's editor owns the nodes that it is shown.
                let node = unsafe { node.as_ref() };
                node.owner != address || !ptr::eq(node.vtable, &raw const VTABLE)
            });
        }
    }
}

impl WaitSet {
    /// # Safety
    /// The caller owns one reference and gives it up.
    unsafe fn release(this: *const Self) {
        // SAFETY: the reference keeps the set until here.
        let set = unsafe { &*this };
        // ORDERING: set.release AcqRel -> release: our use of the set is over; acquire: so is
        // everybody's, for the last one, which frees.
        if set.references.fetch_sub(1, AcqRel) == 1 {
            // Compiles to nothing; loom sees that nobody else is inside any more.
            set.members
                .iter()
                .for_each(|member| member.next.with_mut(|_| ()));
            // SAFETY: leaked by `new`; the last reference.
            drop(unsafe { Box::from_raw(this.cast_mut()) });
        }
    }

    /// A member's future is done.
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
        if failed && self.watch == WaitMode::Errors {
            // ORDERING: set.error Release -> pairs with set.count and set.look: who sees the flag
            // before the addition below must find the future failed.
            self.count.fetch_or(ERROR, Release);
        }
        // ORDERING: set.arrive AcqRel -> release pairs with set.look: the push; acquire pairs with
        // set.look: the consumer's target, if its look came first.
        let count = self.count.fetch_add(1, AcqRel) + 1;
        // ORDERING: set.target-look Relaxed: ordered by set.arrive.
        let target = self.target.load(Relaxed);
        if target != AWAKE && reached(count, target) {
            self.wake(target);
        }
    }

    #[cold]
    fn wake(&self, target: u32) {
        // ORDERING: set.target-claim Relaxed: it only keeps two arrivals from waking twice.
        if self
            .target
            .compare_exchange(target, AWAKE, Relaxed, Relaxed)
            .is_ok()
        {
            // WAKE: the other end is WaitSet::wait, or a poll that left its waker.
            let waker = self.waker.lock().take();
            match waker {
                Some(waker) => crate::report::contain_drop("waker", || waker.wake()),
                None => futex::wake_one(&self.count),
            }
        }
    }

    /// Shows the members that have come in since the last call, in the order in which they came.
    /// One consumer at a time.
    pub fn take(&self, mut each: impl FnMut(usize)) {
        // ORDERING: set.done-hint Relaxed: only a hint.
        if self.done.load(Relaxed).is_null() {
            return;
        }
        // ORDERING: set.done-take Acquire -> pairs with set.done-push.
        let mut newest = self.done.swap(ptr::null_mut(), Acquire).cast_const();
        let mut oldest: *const Member = ptr::null();
        while !newest.is_null() {
            // SAFETY: members live as long as the set; those on the stack are the taker's.
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

    /// Has the count, or an error if the set watches for one, been reached?
    pub fn has_reached(&self, target: u32) -> bool {
        // ORDERING: set.count Acquire -> pairs with set.arrive: the pushes counted.
        reached(self.count.load(Acquire), target)
    }

    /// Asks to be woken at `target`, and looks whether that was already reached.
    fn announce(&self, target: u32) -> Result<u32, ()> {
        // ORDERING: set.target Relaxed: published by set.look.
        self.target.store(target, Relaxed);
        // ORDERING: set.look AcqRel -> release pairs with set.arrive: our target; acquire pairs
        // with set.arrive: its push. An addition of zero, so that it cannot read an old count.
        let count = self.count.fetch_add(0, AcqRel);
        if reached(count, target) {
            Err(())
        } else {
            Ok(count)
        }
    }

    /// Has the members' futures completed by their executors from now on, though nobody waits. Once for a set.
    pub fn request_completion(cells: impl Iterator<Item = RawTask>, engaged: &mut bool) {
        if !std::mem::replace(engaged, true) {
            cells
                .filter(|cell| cell.remote().is_some() && !cell.state.load().is_done())
                .for_each(|cell| cell.request_completion());
        }
    }

    /// Completes what other processes have answered, as long as answers come: one future stands for all of its executor.
    fn serve(cells: impl Iterator<Item = RawTask>, ready: impl Fn() -> bool) -> bool {
        let is_there = |cell: &RawTask| cell.remote().is_some() && !cell.state.load().is_done();
        let Some(cell) = { cells }.find(is_there) else {
            return false;
        };
        while spin::spin_beside(cell, || ready() || cell.serve()) {
            if ready() {
                return true;
            }
        }
        false
    }

    /// Waits until `target` members have come in; sleeps when `engaged`. False: the deadline passed first.
    pub fn wait(
        &self,
        cells: impl Iterator<Item = RawTask> + Clone,
        target: u32,
        deadline: Option<Instant>,
        engaged: &mut bool,
    ) -> bool {
        let ready = || self.has_reached(target);
        block::block(cells.clone(), ready, deadline, || {
            if Self::serve(cells.clone(), ready) {
                return true;
            }
            Self::request_completion(cells.clone(), engaged);
            // A waker that an earlier poll left would be called in our place.
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

    /// Leaves a waker for `target`. True: already reached, the waker may not be called.
    pub fn poll(&self, waker: &Waker, target: u32) -> bool {
        let old = self.waker.lock().replace(waker.clone());
        drop(old);
        self.announce(target).is_err()
    }
}

fn reached(count: u32, target: u32) -> bool {
    count & ERROR != 0 || count >= target
}
