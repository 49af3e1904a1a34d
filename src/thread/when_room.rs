//! Submission from async code to a pool with a limit: [`SpawnWhenRoom`] waits for a place without a thread.
//!
//! Protocol: the list of [`QueueLimit`](crate::future::admissions::limit::QueueLimit). Models: `verify/src/scenarios/limit.rs`, and
//! `pool/limit_room` for the whole pool.

use super::ThreadPool;
use super::worker::Worker;
use crate::future::Future;
use crate::future::admissions::limit::{Admission, Turn};
use crate::future::task::task;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future that [`ThreadPool::spawn_when_room`] returns. Its output is the task's own future. Dropping it before it is ready gives
/// the turn to the next; the task does not run then.
#[must_use = "a future does nothing unless it is awaited"]
pub struct SpawnWhenRoom<'a, F> {
    pool: &'a ThreadPool,
    f: Option<F>,
    turn: Turn,
}

impl<F> Unpin for SpawnWhenRoom<'_, F> {}

impl<'a, F> SpawnWhenRoom<'a, F> {
    pub(super) fn new(pool: &'a ThreadPool, f: F) -> Self {
        Self {
            pool,
            f: Some(f),
            turn: Turn::default(),
        }
    }
}

impl<F, T> std::future::Future for SpawnWhenRoom<'_, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = Future<T>;

    /// # Panics
    /// If it was ready before.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Future<T>> {
        let this = self.get_mut();
        let shared = this.pool.shared();
        let limit = shared.admissions.limit.as_ref();
        // A task of the pool's own needs no place; a forked child gets its refusal.
        let limit = limit.filter(|_| Worker::of(shared).is_none() && !shared.is_forked());
        let admission = match limit {
            Some(limit) => match limit.poll_take(&mut this.turn, cx.waker()) {
                Poll::Ready(admission) => Some(admission),
                Poll::Pending => return Poll::Pending,
            },
            None => None,
        };
        let f = this.f.take().expect("polled after it was ready");
        let future = match admission {
            Some(Admission::Taken) => {
                let (task, cell) = task::<_, T, _>(shared.tag.counted(), (), move || Ok(f()));
                // SAFETY: the cell's type is T, and its handle reference goes to this future.
                let future = unsafe { Future::from_cell(cell) };
                shared.submit_admitted(task);
                future
            }
            _ => this.pool.spawn(f),
        };
        Poll::Ready(future)
    }
}

impl<F> Drop for SpawnWhenRoom<'_, F> {
    fn drop(&mut self) {
        let shared = self.pool.shared();
        // In a forked child another thread may have held the list's lock at the fork.
        if let Some(limit) = &shared.admissions.limit
            && !shared.is_forked()
        {
            limit.give_up(&mut self.turn);
        }
    }
}

impl<F> fmt::Debug for SpawnWhenRoom<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnWhenRoom").finish_non_exhaustive()
    }
}
