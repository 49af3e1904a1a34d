//! The maps of a thread pool, whose function may capture values.

use super::ThreadPool;
use crate::error::{BoxError, TaskError};
use crate::executor::{Chunk, Map, MapUnordered, Submitter, Window};
use crate::future::Future;
use std::sync::Arc;

/// A thread pool with a task that its workers share.
struct OnThreads<'a, F> {
    pool: &'a ThreadPool,
    task: Arc<F>,
}

impl<F, A, R> Submitter<A, R> for OnThreads<'_, F>
where
    F: Fn(A) -> Result<R, TaskError> + Send + Sync + 'static,
    A: Send + 'static,
    R: Send + 'static,
{
    fn workers(&self) -> usize {
        self.pool.workers()
    }

    fn submit(&self, chunk: Vec<A>) -> Future<Chunk<R>> {
        let task = Arc::clone(&self.task);
        self.pool.spawn(move || Chunk::run(&*task, chunk))
    }
}

impl ThreadPool {
    /// The submitting side of a map: nothing is submitted yet.
    fn window<F, A, R, I>(&self, task: F, args: I) -> Window<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, TaskError> + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        let task = Arc::new(task);
        Window::new(OnThreads { pool: self, task }, args.into_iter())
    }

    /// Runs `task` on every argument and returns an iterator over the outcomes, in the order of the arguments. The iterator is
    /// lazy, and `next` blocks: see [`Map`].
    ///
    /// All workers share the one function, which may capture values. Arguments and results need no serde. Code that is generic over
    /// executors calls [`Executor::map`](crate::Executor::map), which asks for more and does the same.
    ///
    /// ```
    /// use raddle::ThreadPool;
    /// use std::collections::HashMap;
    ///
    /// let prices = HashMap::from([("warp", 3), ("weft", 4)]);
    /// let pool = ThreadPool::new(2)?;
    /// let sums: Result<Vec<u32>, _> =
    ///     pool.map(move |(what, count): (&str, u32)| prices[what] * count, [("weft", 2), ("warp", 5)]).collect();
    /// assert_eq!(sums.unwrap(), [8, 15]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    pub fn map<F, A, R, I>(&self, task: F, args: I) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Send + Sync + 'static,
        A: Send + 'static,
        R: Send + 'static,
        I: IntoIterator<Item = A>,
    {
        Map::new(self.window(move |arg| Ok(task(arg)), args))
    }

    /// As [`map`](Self::map), for a task that can fail: its `Err` becomes [`TaskError::Failed`], and the iteration goes on.
    ///
    /// ```
    /// use raddle::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let numbers: Vec<_> = pool.try_map(|word: &str| word.parse::<i32>(), ["1", "two", "3"]).collect();
    /// assert_eq!(numbers[0].as_ref().unwrap(), &1);
    /// assert!(numbers[1].is_err());
    /// assert_eq!(numbers[2].as_ref().unwrap(), &3);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
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
        let task = move |arg| task(arg).map_err(|error| TaskError::Failed(error.into()));
        Map::new(self.window(task, args))
    }

    /// Runs `task` on every argument and returns an iterator over the outcomes as they become ready, each with the index of its
    /// argument. The function may capture values, as in [`map`](Self::map). The iterator is lazy, and `next` blocks: see
    /// [`MapUnordered`].
    ///
    /// ```
    /// use raddle::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// let words = ["warp", "weft", "shuttle"];
    /// let greeting = String::from("hello, ");
    /// for (index, text) in pool.map_unordered(move |word: &str| greeting.clone() + word, words) {
    ///     assert!(text.unwrap().ends_with(words[index]));
    /// }
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
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
        MapUnordered::new(self.window(move |arg| Ok(task(arg)), args))
    }

    /// As [`map_unordered`](Self::map_unordered), for a task that can fail: its `Err` becomes [`TaskError::Failed`], and the iteration
    /// goes on.
    ///
    /// ```
    /// use raddle::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// for (index, number) in pool.try_map_unordered(|word: &str| word.parse::<i32>(), ["1", "two", "3"]) {
    ///     assert_eq!(number.is_err(), index == 1);
    /// }
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
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
        let task = move |arg| task(arg).map_err(|error| TaskError::Failed(error.into()));
        MapUnordered::new(self.window(task, args))
    }
}
