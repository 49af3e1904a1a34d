//! [`Executor`] and what travels to one, [`Payload`].

use super::map::Map;
use super::pool_options::Shutdown;
use super::unordered::MapUnordered;
use super::window::{Chunk, Submitter, Window};
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::future::Future;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An argument or a result that can travel to any executor, in this process or another one: any owned type that serde
/// can write and read back. Derive `Serialize` and `Deserialize` for your own types; they then implement this trait.
///
/// Borrowed types are not payloads, since the data may cross a process boundary: pass a `String`, not a `&str`. A
/// `Deserialize` must not wait for a task of the same process pool: the thread that reads one result may hold others that
/// are not completed yet.
///
/// A value travels to another process in one of two forms. The plain form is not human-readable in serde's sense. The
/// described form is, and carries its own structure; `serde_json::Value`, `#[serde(untagged)]`, `flatten` and the like need it. A process
/// pool finds the form of each type before its first value travels, by calling the type's `Deserialize` and `Serialize` with
/// made-up values.
#[diagnostic::on_unimplemented(
    note = "arguments and results of a task are owned and known to serde: derive `serde::Serialize` and \
            `serde::Deserialize` for your own types, and hand over a `String` or a `Vec` instead of a `&str` or a slice"
)]
pub trait Payload: Serialize + DeserializeOwned + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Send + 'static> Payload for T {}

/// Runs tasks on other threads or in other processes and returns futures. A program written against this trait changes
/// its executor in one line.
///
/// A task is a function, or a closure that captures nothing, with an argument. Such a task can also be sent to another process. A
/// closure that captures `Copy` data runs on threads; a process pool and an `AnyExecutor` refuse it when the program is compiled
/// (`cargo build`, not `cargo check`). A thread pool also takes closures that own things, by
/// [`ThreadPool::spawn`](crate::ThreadPool::spawn) and [`ThreadPool::map`](crate::ThreadPool::map). On a
/// `ThreadPool` or a `&ThreadPool`, `.map` is the pool's own. On an `Arc<ThreadPool>`, with the trait in scope, it is the trait's; the
/// pool's own is `(*pool).map(..)`.
///
/// ```
/// use raddle::{Executor, Future, ThreadPool};
///
/// fn word_lengths(executor: &impl Executor, words: &[&str]) -> Vec<usize> {
///     let lengths: Vec<Future<usize>> =
///         words.iter().map(|word| executor.submit(|word: String| word.len(), word.to_string())).collect();
///     lengths.into_iter().map(|length| length.result().unwrap()).collect()
/// }
/// assert_eq!(word_lengths(&ThreadPool::new(2)?, &["warp", "weft"]), [4, 4]);
/// # Ok::<(), raddle::BuildError>(())
/// ```
///
/// References to an executor, and a `Box` or an `Arc` of one, are executors too. An executor that is chosen at run time is
/// an [`AnyExecutor`](crate::AnyExecutor).
///
/// # An executor of your own
/// If it wraps another executor, each method calls that one's. If not, [`promise()`](crate::promise()) makes the futures,
/// and [`Chunk::run`] runs the pieces of a map:
///
/// ```
/// use raddle::executor::Chunk;
/// use raddle::{BoxError, Executor, Future, Payload, Shutdown, ShutdownError, TaskError, promise};
///
/// /// Runs each task where it is submitted: for tests.
/// struct Inline;
///
/// impl Executor for Inline {
///     fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
///     where
///         F: Fn(A) -> R + Copy + Send + 'static,
///         A: Payload,
///         R: Payload,
///     {
///         let (promise, future) = promise();
///         promise.complete(task(arg)).ok();
///         future
///     }
///
///     fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
///     where
///         F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
///         A: Payload,
///         R: Payload,
///         E: Into<BoxError> + 'static,
///     {
///         let (promise, future) = promise();
///         match task(arg) {
///             Ok(result) => promise.complete(result).is_ok(),
///             Err(error) => promise.fail(error.into()).is_ok(),
///         };
///         future
///     }
///
///     fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
///     where
///         F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
///         A: Payload,
///         R: Payload,
///     {
///         let (promise, future) = promise();
///         promise.complete(Chunk::run(task, args)).ok();
///         future
///     }
///
///     fn workers(&self) -> usize {
///         1
///     }
///
///     fn shutdown(&self, _: Shutdown) -> Result<(), ShutdownError> {
///         Ok(())
///     }
/// }
///
/// let squares: Result<Vec<u64>, _> = Inline.map(|n: u64| n * n, 1..=3).collect();
/// assert_eq!(squares.unwrap(), [1, 4, 9]);
/// ```
pub trait Executor {
    /// Queues `task(arg)` to run. Blocks only if the executor has a limit that blocks. If it refuses the task, the future is
    /// done already, with [`TaskError::Rejected`].
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload;

    /// As [`submit`](Self::submit), for a task that can fail: its `Err` becomes [`TaskError::Failed`].
    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static;

    /// Queues `task` to run on each of `args`, as one piece of a [`map`](Self::map). Each item has its own outcome, and a panic
    /// fails its item alone; [`Chunk::run`] does that. It blocks and refuses as [`submit`](Self::submit) does. If the future
    /// itself fails, its error is that of all items.
    ///
    /// Implement this for an executor of your own; programs call `map`.
    fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload;

    /// Returns how many tasks can run at a time.
    fn workers(&self) -> usize;

    /// Stops accepting tasks and blocks until the executor has ended. It may be called again.
    ///
    /// # Errors
    /// [`ShutdownError`] if the caller cannot wait for the end: it is one of the executor's own workers, or a forked child.
    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError>;

    /// Runs `task` on every argument and returns an iterator over the outcomes, in the order of the arguments. The iterator is
    /// lazy, and `next` blocks: see [`Map`].
    ///
    /// ```
    /// use raddle::{AnyExecutor, Executor, ThreadPool};
    ///
    /// let executor = AnyExecutor::from(ThreadPool::new(2)?);
    /// let squares: Result<Vec<u64>, _> = executor.map(|n: u64| n * n, 0..5).collect();
    /// assert_eq!(squares.unwrap(), [0, 1, 4, 9, 16]);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    fn map<F, A, R, I>(&self, task: F, args: I) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        Self: Sized,
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        let executor = self;
        let task = move |arg| Ok(task(arg));
        Map::new(Window::new(OnExecutor { executor, task }, args.into_iter()))
    }

    /// As [`map`](Self::map), for a task that can fail: its `Err` becomes [`TaskError::Failed`], and the iteration goes on.
    ///
    /// ```
    /// use raddle::{AnyExecutor, Executor, ThreadPool};
    ///
    /// let executor = AnyExecutor::from(ThreadPool::new(2)?);
    /// let words = ["1", "two", "3"].map(String::from);
    /// let numbers: Vec<_> = executor.try_map(|word: String| word.parse::<i32>(), words).collect();
    /// assert_eq!(numbers[0].as_ref().unwrap(), &1);
    /// assert!(numbers[1].is_err());
    /// assert_eq!(numbers[2].as_ref().unwrap(), &3);
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    fn try_map<F, A, R, E, I>(&self, task: F, args: I) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        Self: Sized,
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        let task = move |arg| task(arg).map_err(|error| TaskError::Failed(error.into()));
        let executor = self;
        Map::new(Window::new(OnExecutor { executor, task }, args.into_iter()))
    }

    /// Runs `task` on every argument and returns an iterator over the outcomes as they become ready, each with the index of its
    /// argument. The iterator is lazy, and `next` blocks: see [`MapUnordered`].
    ///
    /// ```
    /// use raddle::{AnyExecutor, Executor, ThreadPool};
    ///
    /// let executor = AnyExecutor::from(ThreadPool::new(2)?);
    /// for (index, square) in executor.map_unordered(|n: usize| n * n, 0..5) {
    ///     assert_eq!(square.unwrap(), index * index);
    /// }
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    fn map_unordered<F, A, R, I>(
        &self,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        Self: Sized,
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        let executor = self;
        let task = move |arg| Ok(task(arg));
        MapUnordered::new(Window::new(OnExecutor { executor, task }, args.into_iter()))
    }

    /// As [`map_unordered`](Self::map_unordered), for a task that can fail: its `Err` becomes [`TaskError::Failed`], and the iteration
    /// goes on.
    ///
    /// ```
    /// use raddle::{AnyExecutor, Executor, ThreadPool};
    ///
    /// let executor = AnyExecutor::from(ThreadPool::new(2)?);
    /// let words = ["1", "two", "3"].map(String::from);
    /// for (index, number) in executor.try_map_unordered(|word: String| word.parse::<i32>(), words) {
    ///     assert_eq!(number.is_err(), index == 1);
    /// }
    /// # Ok::<(), raddle::BuildError>(())
    /// ```
    fn try_map_unordered<F, A, R, E, I>(
        &self,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        Self: Sized,
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        let task = move |arg| task(arg).map_err(|error| TaskError::Failed(error.into()));
        let executor = self;
        MapUnordered::new(Window::new(OnExecutor { executor, task }, args.into_iter()))
    }
}

/// Any executor, with a task that can travel to another process.
pub struct OnExecutor<'a, E, F> {
    pub executor: &'a E,
    pub task: F,
}

impl<E, F, A, R> Submitter<A, R> for OnExecutor<'_, E, F>
where
    E: Executor,
    F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
    A: Payload,
    R: Payload,
{
    fn workers(&self) -> usize {
        self.executor.workers()
    }

    fn submit(&self, chunk: Vec<A>) -> Future<Chunk<R>> {
        self.executor.submit_chunk(self.task, chunk)
    }
}
