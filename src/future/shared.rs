//! `SharedFuture`: one outcome for many readers. `CancelOnDrop`: a future whose drop cancels its task.
//!
//! This module and [`future`](super) import each other: [`Future::shared`] returns a [`SharedFuture`], which holds a [`Future`].

use super::Future;
use super::raw_task::RawTask;
use super::state::FutureState;
use super::waker;
use crate::error::TaskError;
use crate::sync::Arc;
use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A future that can be cloned, and whose outcome many threads can read, as often as they like. Made by
/// [`Future::shared`]. The outcome stays until the last clone is dropped, which detaches the task.
///
/// ```
/// let pool = raddle::ThreadPool::new(1)?;
/// let config = pool.spawn(|| String::from("verbose")).shared();
/// let other = config.clone();
/// let reader = std::thread::spawn(move || other.result().unwrap().len());
/// assert_eq!(config.result().unwrap(), "verbose");
/// assert_eq!(reader.join().unwrap(), 7);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub struct SharedFuture<T> {
    future: Arc<Future<T>>,
    /// Its address identifies this clone's waker in the hook list.
    id: Box<u8>,
}

impl<T> SharedFuture<T> {
    pub(super) fn new(future: Future<T>) -> Self {
        Self {
            future: Arc::new(future),
            id: Box::new(0),
        }
    }

    pub(super) fn cell(&self) -> RawTask {
        self.future.cell()
    }

    fn id(&self) -> usize {
        std::ptr::from_ref(&*self.id).addr()
    }

    /// Blocks until the task is done and returns a reference to its outcome. Inside a worker it helps as
    /// [`Future::result`] does.
    ///
    /// # Errors
    /// The task's error; it counts as seen.
    pub fn result(&self) -> Result<&T, &TaskError>
    where
        T: Sync,
    {
        self.wait();
        self.peek().expect("the task is done")
    }

    /// As [`Future::wait`].
    pub fn wait(&self) {
        self.future.wait();
    }

    /// As [`Future::wait_timeout`].
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.future.wait_timeout(timeout)
    }

    /// As [`Future::peek`].
    pub fn peek(&self) -> Option<Result<&T, &TaskError>>
    where
        T: Sync,
    {
        self.future.peek()
    }

    /// As [`Future::is_done`].
    pub fn is_done(&self) -> bool {
        self.future.is_done()
    }

    /// As [`Future::is_running`].
    pub fn is_running(&self) -> bool {
        self.future.is_running()
    }

    /// As [`Future::is_cancelled`].
    pub fn is_cancelled(&self) -> bool {
        self.future.is_cancelled()
    }

    /// As [`Future::state`].
    pub fn state(&self) -> FutureState {
        self.future.state()
    }

    /// As [`Future::name`].
    pub fn name(&self) -> Option<&str> {
        self.future.name()
    }

    /// As [`Future::cancel`]. It takes effect for all clones.
    pub fn cancel(&self) -> bool {
        self.future.cancel()
    }

    /// As [`Future::add_done_callback`].
    pub fn add_done_callback(&self, f: impl FnOnce(Result<&T, &TaskError>) + Send + 'static)
    where
        T: Sync,
    {
        self.future.add_done_callback(f);
    }
}

impl<T> Clone for SharedFuture<T> {
    fn clone(&self) -> Self {
        Self {
            future: Arc::clone(&self.future),
            id: Box::new(0),
        }
    }
}

impl<T> Drop for SharedFuture<T> {
    fn drop(&mut self) {
        waker::forget(self.cell(), self.id());
    }
}

impl<T> fmt::Debug for SharedFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.future.debug("SharedFuture", f)
    }
}

/// Resolves to a clone of the shared future itself once the task is done. [`SharedFuture::peek`] then returns the outcome
/// without a copy of it. Works in any runtime.
impl<T: Sync> std::future::Future for SharedFuture<T> {
    type Output = Self;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self> {
        waker::poll(self.cell(), self.id(), cx).map(|()| (*self).clone())
    }
}

/// A future whose drop cancels its task: for work that is useless once its caller is gone. Made by
/// [`Future::cancel_on_drop`]. A task that already runs is asked to stop, as [`Future::cancel`] does.
///
/// ```
/// let pool = raddle::ThreadPool::new(1)?;
/// let (started, go) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
/// std::thread::scope(|_| {
///     pool.scope(|s| {
///         s.spawn(|| { started.wait(); go.wait(); });
///         started.wait();
///         let unwanted = pool.spawn(|| unreachable!("cancelled while queued")).cancel_on_drop();
///         drop(unwanted);
///         go.wait();
///     });
/// });
/// # Ok::<(), raddle::BuildError>(())
/// ```
#[must_use = "dropping it cancels the task"]
pub struct CancelOnDrop<T> {
    future: Option<Future<T>>,
}

impl<T> CancelOnDrop<T> {
    pub(super) fn new(future: Future<T>) -> Self {
        Self {
            future: Some(future),
        }
    }

    /// Returns the future; dropping that detaches the task.
    pub fn into_inner(mut self) -> Future<T> {
        self.future.take().expect("present until dropped")
    }

    /// As [`Future::result`].
    ///
    /// # Errors
    /// The task's error.
    pub fn result(self) -> Result<T, TaskError> {
        self.into_inner().result()
    }
}

impl<T> Deref for CancelOnDrop<T> {
    type Target = Future<T>;

    fn deref(&self) -> &Future<T> {
        self.future.as_ref().expect("present until dropped")
    }
}

impl<T> std::future::Future for CancelOnDrop<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(self.future.as_mut().expect("present until dropped")).poll(cx)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            // First, so that the cancellation does not wake a runtime's task that no longer polls this.
            waker::forget(future.cell(), 0);
            future.cancel();
        }
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().debug("CancelOnDrop", f)
    }
}
