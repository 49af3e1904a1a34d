//! The maps of a pool of isolates, whose function may capture values. Their tasks use no state.

use super::pool::IsolatePool;
use crate::error::BoxError;
use crate::executor::{Map, MapUnordered, Submitter};

impl<S: 'static> IsolatePool<S> {
    /// Runs `task` on every argument and returns an iterator over the outcomes, in the order of the arguments: see
    /// [`ThreadPool::map`](crate::ThreadPool::map). `task` uses no state.
    ///
    /// With the state, submit each argument:
    ///
    /// ```
    /// let pool = raddle::IsolatePool::new(2, |_| Ok(10))?;
    /// let plain: Vec<u32> = pool.map(|n: u32| n + 1, 1..=3).map(Result::unwrap).collect();
    /// assert_eq!(plain, [2, 3, 4]);
    /// let with_state: Vec<_> = (1..=3).map(|n: u32| pool.submit_with(|state, n| *state + n, n)).collect();
    /// let with_state: Vec<u32> = with_state.into_iter().map(|one| one.result().unwrap()).collect();
    /// assert_eq!(with_state, [11, 12, 13]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn map<F, A, R, I>(&self, task: F, args: I) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        self.threads().map(task, args)
    }

    /// As [`map`](Self::map), for a task that can fail: see [`ThreadPool::try_map`](crate::ThreadPool::try_map).
    pub fn try_map<F, A, R, E, I>(
        &self,
        task: F,
        args: I,
    ) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        self.threads().try_map(task, args)
    }

    /// As [`map`](Self::map), with the outcomes as they become ready: see
    /// [`ThreadPool::map_unordered`](crate::ThreadPool::map_unordered).
    pub fn map_unordered<F, A, R, I>(
        &self,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        self.threads().map_unordered(task, args)
    }

    /// As [`map_unordered`](Self::map_unordered), for a task that can fail: see
    /// [`ThreadPool::try_map_unordered`](crate::ThreadPool::try_map_unordered).
    pub fn try_map_unordered<F, A, R, E, I>(
        &self,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        self.threads().try_map_unordered(task, args)
    }
}
