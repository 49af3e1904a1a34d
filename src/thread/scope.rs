//! `scope`: tasks that borrow from the stack of whoever opened it.
//!
//! One `AtomicU32` counts the tasks that are not over, and is the futex that the end of the scope sleeps on.
//! A task is over when its outcome is in place, its closure is gone and, if nobody holds its future, its
//! result too: the count goes down after all of that (see `After` in `future::cell`), so nothing
//! borrowed is touched later. Model: `verify/src/scenarios/scope.rs`.

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

/// The scope's shared part.
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

    pub fn up(&self) {
        // ORDERING: scope.up Relaxed: the scope's own thread or a task that is counted already.
        self.pending.fetch_add(1, Relaxed);
    }

    /// # Safety
    /// `this` is a Count that waits for the caller; it may be gone at once.
    pub unsafe fn down(this: *const ()) {
        // SAFETY: alive until the subtraction below; the address alone is used after it.
        let pending = unsafe { &raw const (*this.cast::<Self>()).pending };
        // ORDERING: scope.down Release -> pairs with scope.wait: everything the task did. All of them are one release
        // sequence, so who sees the last has what all did.
        // SAFETY: as above.
        if unsafe { &*pending }.fetch_sub(1, Release) == 1 {
            // WAKE: the other end is PendingCount::wait, which is the scope's own thread.
            futex::wake_one(pending);
        }
    }

    fn is_over(&self) -> bool {
        // ORDERING: scope.wait Acquire -> pairs with scope.down.
        self.pending.load(Acquire) == 0
    }

    pub fn wait(&self) {
        block::block(
            std::iter::empty(),
            || self.is_over(),
            None,
            || {
                loop {
                    // ORDERING: scope.sleep Acquire -> as scope.wait.
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

/// Ties a cell to its scope.
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
    /// Spawns a task of the scope. It may borrow whatever outlives the scope, and spawn more through
    /// the scope itself.
    ///
    /// The future may be waited for, or dropped: the scope's end waits for the task in any case. A
    /// task that a closed pool does not accept is [`TaskError::Rejected`](crate::TaskError::Rejected).
    pub fn spawn<F, T>(&'scope self, f: F) -> Future<T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let count = &self.count;
        let closure = move || {
            // UNWIND: noted for the end of the scope, then told in the future as always.
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
    // UNWIND: tasks may borrow from the frame that is unwinding: they end first.
    let result = catch_unwind(AssertUnwindSafe(|| f(&scope)));
    // In a child that was forked meanwhile no task is left that could end, or touch anything.
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
