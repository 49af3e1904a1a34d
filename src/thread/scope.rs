//! `scope`: tasks that borrow from the stack frame that opened it.
//!
//! # The word
//! One `AtomicU32` counts the tasks of the scope that are not over; it is also the futex on which the end of the scope sleeps.
//! A task is over when its outcome is in place, its closure is dropped and, if its future was dropped, its result
//! too. The count goes down after all of that (see `After` in `future::cell`), so the task touches nothing borrowed after that.
//!
//! # Transitions
//! | change | by | method | ordering |
//! |---|---|---|---|
//! | `+ 1` | the scope's thread, or a task of the scope | [`PendingCount::up`] | Relaxed |
//! | `- 1`, at zero wake | the thread that ends a task | [`PendingCount::down`] | Release |
//! | sleep while not zero | the scope's thread | [`PendingCount::wait`] | Acquire |
//!
//! The count goes up before a task is queued, by a thread that is counted itself or by the scope's own. So it does not pass
//! through zero while a task is left.
//! Model: `verify/src/scenarios/scope.rs`.

use super::ThreadPool;
use super::worker::Worker;
use crate::future::Future;
use crate::future::block;
use crate::future::cell::Extra;
use crate::future::raw_task::After;
use crate::future::task::task;
use crate::report::message_of;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{Mutex, futex};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// The part of a scope that its tasks share. It is on the stack of the scope's thread.
pub struct PendingCount {
    pending: AtomicU32,
    /// The first panic's message.
    panicked: Mutex<Option<String>>,
}

impl PendingCount {
    pub fn new() -> Self {
        Self {
            pending: AtomicU32::new(0),
            panicked: Mutex::new(None),
        }
    }

    /// A task will be queued.
    pub fn up(&self) {
        // ORDERING: scope.up Relaxed: the caller is the scope's own thread or a task that is counted already.
        self.pending.fetch_add(1, Relaxed);
    }

    /// A task is over; the last one wakes the scope's thread.
    ///
    /// # Safety
    /// `this` is a [`PendingCount`] that counts the caller's task. It may be freed at once.
    pub unsafe fn down(this: *const ()) {
        // SAFETY: alive until the subtraction below; only the address is used after it.
        let pending = unsafe { &raw const (*this.cast::<Self>()).pending };
        // ORDERING: scope.down Release -> pairs with scope.wait: everything that the task did. All of them are one release
        // sequence, so a thread that sees the last one acquires them all.
        // SAFETY: as above.
        if unsafe { &*pending }.fetch_sub(1, Release) == 1 {
            // WAKE: the other end is PendingCount::wait, which is the scope's own thread.
            futex::wake_one(pending);
        }
    }

    fn is_over(&self) -> bool {
        // ORDERING: scope.wait Acquire -> pairs with scope.down: what the tasks did.
        self.pending.load(Acquire) == 0
    }

    /// The scope's thread waits until all tasks are over.
    pub fn wait(&self) {
        block::block(
            std::iter::empty(),
            || self.is_over(),
            None,
            || {
                loop {
                    // ORDERING: scope.sleep Acquire -> pairs with scope.down: as scope.wait.
                    let pending = self.pending.load(Acquire);
                    if pending == 0 {
                        return true;
                    }
                    // WAKE: the other end is PendingCount::down; the futex compares the count itself.
                    futex::wait(&self.pending, pending, None);
                }
            },
        );
    }
}

/// Connects a cell to its scope.
struct Scoped {
    count: *const PendingCount,
}

impl Extra for Scoped {
    const HAS_AFTER: bool = true;

    fn after(&self) -> Option<After> {
        Some(After {
            call: PendingCount::down,
            context: self.count.cast(),
        })
    }
}

/// Spawns tasks that may borrow for `'env`. Made by [`ThreadPool::scope`].
pub struct Scope<'scope, 'env: 'scope> {
    count: PendingCount,
    pool: &'scope ThreadPool,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Spawns a task of the scope. It may borrow everything that outlives the scope, and may spawn more tasks through the
    /// scope itself.
    ///
    /// The future may be waited for, or dropped: the end of the scope waits for the task in any case. Blocks only if the
    /// pool has a `queue_limit` that blocks. If a closed pool does not accept the task, the future's error is
    /// [`TaskError::Rejected`](crate::TaskError::Rejected). A panic of the task is the future's error, and the scope
    /// panics at its end.
    pub fn spawn<F, T>(&'scope self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let count = &self.count;
        let closure = move || {
            // UNWIND: its message is kept for the end of the scope; the panic is then the future's error, as always.
            catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
                count
                    .panicked
                    .lock()
                    .get_or_insert_with(|| message_of(&*payload).to_owned());
                resume_unwind(payload)
            })
        };
        self.count.up();
        let shared = self.pool.shared();
        let extra = Scoped {
            count: ptr::from_ref(&self.count),
        };
        let (task, cell) = task::<_, T, _>(shared.tag_here(), extra, closure);
        match Worker::of(shared) {
            Some(worker) if !shared.is_forked() => shared.push_inside(worker, task),
            _ => shared.submit(task),
        }
        // SAFETY: the cell's type is T, and its handle reference goes to this future.
        unsafe { Future::from_cell(cell) }
    }
}

impl std::fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope")
            .field("pool", &self.pool.name())
            .finish_non_exhaustive()
    }
}

/// Runs `f` with a scope, and waits for every task of it.
pub fn scope<'env, F, R>(pool: &ThreadPool, f: F) -> R
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
{
    let scope = Scope {
        count: PendingCount::new(),
        pool,
        scope: PhantomData,
        env: PhantomData,
    };
    // UNWIND: tasks may borrow from the frame that is unwinding, so they end first.
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    // In a child that was forked meanwhile, no task is left that could end or touch anything.
    if !pool.shared().is_forked() {
        scope.count.wait();
    }
    let panicked = scope.count.panicked.lock().take();
    match (result, panicked) {
        (Err(payload), _) => resume_unwind(payload),
        (Ok(_), Some(message)) => {
            std::panic::panic_any(format!("a task of the scope panicked: {message}"))
        }
        (Ok(result), None) => result,
    }
}
