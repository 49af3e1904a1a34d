//! The future: one task's outcome, the same for every executor.
//!
//! [`state`] the word and its transitions; [`cell`] what it guards; [`task`] the references to it; [`hooks`] callbacks and wakers;
//! [`memory`] where cells live; [`block`] and [`spin`] how a thread waits; [`set`] waiting for many.

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

/// The outcome of one task, now or later: what every executor returns from `submit`.
///
/// One pointer wide. It can be waited for by blocking ([`result`](Self::result)), by `.await` in any
/// runtime, by a callback, or together with others ([`wait()`](crate::wait),
/// [`as_completed()`](crate::as_completed)). Dropping it detaches the task, which runs all the same; an
/// error that nobody looked at then reaches the [report hook](crate::set_report_hook).
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
// SAFETY: through a shared reference a T is only reached by `peek` and callbacks, which ask for
// `T: Sync` or run where the T was made; everything else goes through atomics.
unsafe impl<T: Send> Sync for Future<T> {}

impl<T> Unpin for Future<T> {}

impl<T> Future<T> {
    /// # Safety
    /// The cell's result type is T, and its handle reference is not given to anybody else.
    pub(crate) unsafe fn from_cell(cell: RawTask) -> Self {
        Self {
            cell,
            result: PhantomData,
        }
    }

    /// [`Self::from_cell`] for the models, which look into rooms that are closed elsewhere.
    ///
    /// # Safety
    /// As there.
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
    /// it runs the awaited task itself if that is still queued, else tasks that the current one has
    /// spawned, else it sleeps with a spare worker in its place.
    ///
    /// # Errors
    /// The reason why there is no value; see [`TaskError`]. A future that was awaited to its end
    /// has given its outcome away and says [`TaskError::Abandoned`].
    pub fn result(self) -> Result<T, TaskError> {
        block::wait(self.cell, Until::Settled, None);
        self.take()
    }

    /// The outcome if the task is done, else the future back. Never blocks.
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
        if self.cell.look().is_settled() {
            Ok(self.take())
        } else {
            Err(self)
        }
    }

    /// Blocks for at most `timeout`. The task is not touched when the time passes.
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
        // SAFETY: settled (every caller has seen it), this is the handle, and it ends here.
        let outcome = unsafe { this.cell.take() };
        // SAFETY: as above; the outcome was moved out.
        unsafe { task::release_handle(this.cell, true) };
        outcome
    }

    /// Blocks until the task is done. Inside a worker it helps as [`result`](Self::result) does.
    pub fn wait(&self) {
        block::wait(self.cell, Until::Done, None);
    }

    /// Blocks until the task is done (true) or `timeout` has passed (false).
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        block::wait(self.cell, Until::Done, block::deadline(timeout))
    }

    /// Is the outcome there: a value, an error or a cancellation? Never blocks.
    pub fn is_done(&self) -> bool {
        self.cell.look().is_done()
    }

    /// Has the task started, and is it not done?
    pub fn is_running(&self) -> bool {
        self.state() == FutureState::Running
    }

    /// Was the task cancelled before it started?
    pub fn is_cancelled(&self) -> bool {
        self.cell.state.load().is_cancelled()
    }

    /// Where the task stands, in one consistent look.
    pub fn state(&self) -> FutureState {
        self.cell.phase()
    }

    /// The outcome, if the task is done, without taking it. Never blocks. An error counts as seen.
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
        self.cell.look();
        // SAFETY: the cell is of type T; taking the outcome needs the handle by value, and it is
        // borrowed.
        let outcome = unsafe { self.cell.outcome() }?;
        if outcome.is_err() {
            self.cell.state.mark_seen();
        }
        Some(outcome)
    }

    /// The error, if the task is done and has no value. Never blocks. It counts as seen.
    pub fn error(&self) -> Option<&TaskError> {
        self.cell.look();
        // SAFETY: as in peek; of the T nothing is looked at.
        let error = unsafe { self.cell.outcome::<T>() }?.err()?;
        self.cell.state.mark_seen();
        Some(error)
    }

    /// Keeps the task from running. True: it will never run. The call that cancelled it has dropped
    /// its closure by then; one that comes beside that call, from another holder, does not wait for it.
    /// False: it has started or is done; a running task sees the request in
    /// [`cancel_requested`](crate::cancel_requested). Cancelling twice is true twice.
    ///
    /// Callbacks of a cancelled future run here, now; a panic in the closure's destructor is
    /// reported, not passed on.
    pub fn cancel(&self) -> bool {
        self.cell.cancel()
    }

    /// Ends a task of a process pool, running or not, without asking it. One that
    /// has not started is cancelled. One that runs loses its worker, which gets the polite signal and, after the
    /// pool's grace, the one that nobody can refuse; the future ends with
    /// an error that says so, and no other task suffers. True: this was begun, or the task cancelled. False: the
    /// task is done already, or runs on a thread, which nobody can end from outside.
    ///
    /// Does not wait for the end.
    pub fn kill(&self) -> bool {
        self.cell.kill()
    }

    /// Runs `f` with the outcome: on the thread that completes the task, before the outcome can be
    /// taken; or here and now, if the task is done.
    ///
    /// Callbacks run once each, in the order in which they were added. A panic in one is reported, and
    /// the others run all the same. Keep it short: it holds up whoever completes the task.
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

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.cell.name()
    }

    /// Makes it readable by many.
    pub fn shared(self) -> SharedFuture<T> {
        SharedFuture::new(self)
    }

    /// Cancels the task when the returned guard is dropped.
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
        // SAFETY: the cell is of type T and borrowed; of the T nothing is looked at.
        if let Some(outcome) = unsafe { self.cell.outcome::<T>() } {
            match outcome {
                Ok(_) => debug.field("result", &std::any::type_name::<T>()),
                Err(error) => debug.field("error", &error),
            };
        }
        debug.finish()
    }
}

/// Resolves to what [`Future::result`] returns. Works in any runtime; polling never blocks.
///
/// # Panics
/// When it is polled again after it was ready.
impl<T> std::future::Future for Future<T> {
    type Output = Result<T, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(
            !self.cell.state.load().is_taken(),
            "a raddle future was polled after it was ready"
        );
        std::task::ready!(waker::poll(self.cell, 0, cx));
        // SAFETY: settled, this is the handle, and the word says from now on that it is taken.
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
