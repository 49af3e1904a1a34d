//! The future: one task's outcome, the same for every executor.
//!
//! | module | subject |
//! |---|---|
//! | [`state`] | the state word and its transitions |
//! | [`cell`], [`raw_task`], [`tag`] | what the word guards: the cell, a type-erased pointer to it, its executor |
//! | [`task`], [`promise`], [`shared`] | the references to a cell |
//! | [`hooks`] | the list of callbacks, wakers and members of wait sets |
//! | [`admissions`] | what an executor has accepted and not started |
//! | `end` | cancellation, and what follows an outcome |
//! | [`memory`] | where cells are allocated |
//! | [`block`], [`spin`] | how a thread waits for one task |
//! | [`set`], [`wait`](mod@wait), [`as_completed`](mod@as_completed) | waiting for many |
//! | `then` | what follows a future, without a thread that waits |
//! | [`current`], [`panics`] | the running task of a thread, and the report of its panic |

pub mod admissions;
pub mod as_completed;
pub mod block;
mod callback;
pub mod cell;
pub mod current;
mod end;
pub mod hooks;
pub mod memory;
pub mod panics;
pub mod promise;
pub mod raw_task;
pub mod set;
pub mod shared;
pub mod spin;
pub mod state;
pub mod tag;
pub mod task;
mod then;
pub mod wait;
mod waker;

use crate::error::TaskError;
use raw_task::RawTask;
use shared::{CancelOnDrop, SharedFuture};
use state::{FutureState, Opened, Until};
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The outcome of one task, now or later. Every executor returns one from `submit`.
///
/// It is one pointer wide. There are four ways to wait for it: block ([`result`](Self::result)), `.await` it in any
/// runtime, add a callback, or wait for several futures ([`wait()`](crate::wait),
/// [`as_completed()`](crate::as_completed)). Dropping it detaches the task, which runs all the same. An
/// error that was never read then goes to the [report hook](crate::set_report_hook).
///
/// ```
/// let pool = raddle::ThreadPool::new(2)?;
/// let answer = pool.spawn(|| 6 * 7);
/// assert_eq!(answer.result().unwrap(), 42);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct Future<T> {
    cell: RawTask,
    result: PhantomData<T>,
}

// SAFETY: a future moves its T to the thread that takes it.
unsafe impl<T: Send> Send for Future<T> {}
// SAFETY: a shared reference reaches the T only through `peek` and callbacks, which require
// `T: Sync`; everything else goes through atomics.
unsafe impl<T: Send> Sync for Future<T> {}

impl<T> Unpin for Future<T> {}

impl<T> Future<T> {
    /// # Safety
    /// The cell's result type is T, and its handle reference is given to nothing else.
    pub(crate) unsafe fn from_cell(cell: RawTask) -> Self {
        Self {
            cell,
            result: PhantomData,
        }
    }

    /// [`Self::from_cell`], public in the models only.
    ///
    /// # Safety
    /// As for [`Self::from_cell`].
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub unsafe fn model(cell: RawTask) -> Self {
        // SAFETY: the caller's promise is the callee's.
        unsafe { Self::from_cell(cell) }
    }

    pub(crate) fn cell(&self) -> RawTask {
        self.cell
    }

    /// Blocks until the task is done and returns its outcome.
    ///
    /// Spins for a moment where that pays, then sleeps. Inside a worker it does not starve the pool:
    /// it runs the awaited task itself if that is still queued, else tasks that the current task has
    /// spawned, else it sleeps while a spare worker has its place (on an [isolate](crate::isolate): without one).
    ///
    /// # Errors
    /// The reason why there is no value; see [`TaskError`]. [`TaskError::Abandoned`] if an `.await` of this future has
    /// already taken the outcome.
    pub fn result(self) -> Result<T, TaskError> {
        block::wait(self.cell, Until::Settled, None);
        self.take()
    }

    /// Returns the outcome if the task is done, else the future. Never blocks.
    ///
    /// # Errors
    /// The future itself, if it is not done.
    ///
    /// ```
    /// let (promise, future) = raddle::promise();
    /// let future = future.try_result().unwrap_err();
    /// promise.complete(3).unwrap();
    /// assert_eq!(future.try_result().unwrap().unwrap(), 3);
    /// ```
    pub fn try_result(self) -> Result<Result<T, TaskError>, Self> {
        if self.cell.poll_state().is_settled() {
            Ok(self.take())
        } else {
            Err(self)
        }
    }

    /// As [`result`](Self::result), but blocks for at most `timeout`. The task goes on when the time has passed. Inside a
    /// worker it runs no other task meanwhile; a spare worker has its place while it sleeps.
    ///
    /// # Errors
    /// The future itself, if it is not done by then.
    pub fn result_timeout(self, timeout: Duration) -> Result<Result<T, TaskError>, Self> {
        let settled = block::wait(self.cell, Until::Settled, block::deadline(timeout));
        if settled { Ok(self.take()) } else { Err(self) }
    }

    fn take(self) -> Result<T, TaskError> {
        if self.cell.state.load().is_taken() {
            return Err(TaskError::Abandoned);
        }
        let this = ManuallyDrop::new(self);
        // SAFETY: settled, as every caller has checked; this is the handle, and it ends here.
        let outcome = unsafe { this.cell.take() };
        // SAFETY: as above; the outcome was moved out.
        unsafe { task::release_handle(this.cell, true) };
        outcome
    }

    /// Blocks until the task is done. Inside a worker it helps as [`result`](Self::result) does.
    pub fn wait(&self) {
        block::wait(self.cell, Until::Done, None);
    }

    /// Blocks until the task is done (true) or `timeout` has passed (false). Inside a worker it runs no other task
    /// meanwhile; a spare worker has its place while it sleeps.
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        block::wait(self.cell, Until::Done, block::deadline(timeout))
    }

    /// Whether the task is done: with a value, an error or a cancellation. Never blocks.
    pub fn is_done(&self) -> bool {
        self.cell.poll_state().is_done()
    }

    /// Whether the task has started and is not done. Never blocks.
    pub fn is_running(&self) -> bool {
        self.state() == FutureState::Running
    }

    /// Whether the task was cancelled before it started. Never blocks.
    pub fn is_cancelled(&self) -> bool {
        self.cell.state.load().is_cancelled()
    }

    /// The state of the task at one moment. Never blocks.
    pub fn state(&self) -> FutureState {
        self.cell.phase()
    }

    /// A reference to the outcome, if the task is done. Never blocks. An error counts as read and is not reported later.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(1)?;
    /// let word = pool.spawn(|| "weft");
    /// word.wait();
    /// assert_eq!(word.peek().unwrap().unwrap(), &"weft");
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn peek(&self) -> Option<Result<&T, &TaskError>>
    where
        T: Sync,
    {
        self.cell.poll_state();
        // SAFETY: the cell is of type T. Taking the outcome needs the handle by value or by unique reference, and it is
        // borrowed.
        let outcome = unsafe { self.cell.outcome() }?;
        if outcome.is_err() {
            self.cell.state.mark_seen();
        }
        Some(outcome)
    }

    /// The error, if the task is done and has no value. Never blocks. It counts as read and is not reported later.
    pub fn error(&self) -> Option<&TaskError> {
        self.cell.poll_state();
        // SAFETY: as in `peek`; the T is not read.
        let error = unsafe { self.cell.outcome::<T>() }?.err()?;
        self.cell.state.mark_seen();
        Some(error)
    }

    /// Cancels the task if it has not started. Does not wait for a task that runs.
    ///
    /// Returns true if the task will never run. The call that cancelled it has dropped the closure before it returns. A
    /// second call returns true as well; if it runs at the same time as the first, it does not wait for that drop.
    /// Returns false if the task has started or is done. A running task sees the request in
    /// [`cancel_requested`](crate::cancel_requested).
    ///
    /// Callbacks of a cancelled future run on this thread, before this returns. A panic in the closure's destructor is
    /// reported, not passed on.
    pub fn cancel(&self) -> bool {
        self.cell.cancel()
    }

    /// Ends a task, running or not, without its cooperation. Does not wait for the end.
    ///
    /// A task that has not started is cancelled. For one that runs in a process pool, the pool ends the worker process: it sends `SIGTERM`
    /// and, after the pool's [`kill_grace`](crate::process::ProcessPoolBuilder::kill_grace), `SIGKILL`. The future then fails with
    /// [`TaskError::WorkerLost`]; no other task is lost. One that uses the state of an isolate is interrupted, if its pool
    /// [can do that](crate::isolate::IsolatePoolBuilder::on_interrupt), and fails with [`TaskError::Killed`].
    ///
    /// Returns true if this was begun, or the task cancelled. If its code has ended a moment before, its outcome may come all the
    /// same. Returns false if the task is done, or runs on a thread, which cannot be ended from outside.
    pub fn kill(&self) -> bool {
        self.cell.kill()
    }

    /// Runs `f` with the outcome: on the thread that completes the task, before the outcome can be
    /// taken; or on this thread, before this returns, if the task is done.
    ///
    /// Each callback runs once, in the order in which they were added. A panic in one is reported, and
    /// the others run all the same. Keep it short: it delays the thread that completes the task.
    ///
    /// ```
    /// let pool = raddle::ThreadPool::new(1)?;
    /// let (heard, said) = std::sync::mpsc::channel();
    /// let sum = pool.spawn(|| 1 + 1);
    /// sum.add_done_callback(move |outcome| heard.send(*outcome.unwrap()).unwrap());
    /// assert_eq!(said.recv().unwrap(), 2);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn add_done_callback(&self, f: impl FnOnce(Result<&T, &TaskError>) + Send + 'static)
    where
        T: Sync,
    {
        if self.cell.open_hooks() == Opened::Settled {
            callback::run(self.cell, f);
        } else {
            self.cell.hooks.add_callback(self.cell, callback::node(f));
        }
    }

    /// Calls `f` when the task is over. It is no code of the user, and does not look at the outcome.
    #[cfg(feature = "process")]
    pub(crate) fn when_over(&self, f: impl FnOnce() + Send + 'static) {
        if self.cell.open_hooks() == Opened::Settled {
            f();
        } else {
            self.cell.hooks.add_callback(self.cell, callback::over(f));
        }
    }

    /// The task's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.cell.name()
    }

    /// Turns this into a future that can be cloned, and whose outcome many threads can read.
    pub fn shared(self) -> SharedFuture<T> {
        SharedFuture::new(self)
    }

    /// Turns this into a future that cancels its task when it is dropped.
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop::new(self)
    }

    fn debug(&self, kind: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct(kind);
        if let Some(name) = self.name() {
            debug.field("name", &name);
        }
        debug.field("state", &self.state());
        if self.cell.state.load().is_taken() {
            return debug.finish();
        }
        // SAFETY: the cell is of type T and its handle is borrowed; the T is not read.
        if let Some(outcome) = unsafe { self.cell.outcome::<T>() } {
            match outcome {
                Ok(_) => debug.field("result", &std::any::type_name::<T>()),
                Err(error) => debug.field("error", &error),
            };
        }
        debug.finish()
    }
}

/// Resolves to what [`Future::result`] returns. Works in any runtime.
///
/// # Panics
/// If it is polled again after it was ready.
impl<T> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            !self.cell.state.load().is_taken(),
            "a raddle future was polled after it was ready"
        );
        std::task::ready!(waker::poll(self.cell, 0, cx));
        // SAFETY: settled; this is the handle; `mark_taken` below records that the outcome is gone.
        let outcome = unsafe { self.cell.take() };
        self.cell.state.mark_taken();
        Poll::Ready(outcome)
    }
}

impl<T> Drop for Future<T> {
    #[inline]
    fn drop(&mut self) {
        let now = self.cell.state.load();
        if now.has_hooks() {
            waker::forget(self.cell, 0);
        }
        if !now.is_done() {
            self.cell.request_completion();
        }
        // SAFETY: this is the handle, and it ends here.
        unsafe { task::release_handle(self.cell, false) };
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.debug("Future", f)
    }
}

const _: () = assert!(size_of::<Future<[u8; 100]>>() == size_of::<Option<Future<[u8; 100]>>>());
