//! The submitting side of `map` and `map_unordered`: it takes arguments, a chunk at a time, and no further ahead than
//! allowed. It and the module above import each other: the trait's maps are made of windows, and a window submits its
//! chunks to an executor.

use crate::error::{Rejected, TaskError};
use crate::future::{Future, block, panics};
use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// Pending chunks per worker: one that runs, and enough behind it that no worker waits for the consumer.
const AHEAD: usize = 4;
/// The length of automatic chunks adapts so that one takes about that long: much longer than a submission costs, and
/// short enough that workers end together (the benches `map/cheap` and `map/dear`).
const PIECE: Duration = Duration::from_micros(100);
/// The most arguments of an automatic chunk.
const LONGEST: usize = 4096;

/// The outcomes of one piece of a map, and how long it took: the result of [`Executor::submit_chunk`](crate::Executor::submit_chunk).
///
/// ```
/// use raddle::executor::Chunk;
///
/// let chunk: Chunk<u32> = Chunk::run(|n: u32| Ok(6 / n), vec![1, 0, 3]);
/// assert_eq!(format!("{chunk:?}"), "Chunk { items: 3, .. }");
/// ```
pub struct Chunk<R> {
    pub(crate) outcomes: Vec<Result<R, TaskError>>,
    pub(crate) took: Duration,
}

impl<R> Chunk<R> {
    /// Runs `task` on the arguments one after the other, on the calling thread. A panic is the outcome of its item, and the
    /// other items run all the same.
    pub fn run<A>(mut task: impl FnMut(A) -> Result<R, TaskError>, args: Vec<A>) -> Self {
        let began = Instant::now();
        let one = |arg| {
            // UNWIND: the argument of this item is gone; the other items are not touched.
            let outcome = catch_unwind(AssertUnwindSafe(|| task(arg)));
            outcome
                .unwrap_or_else(|payload| Err(TaskError::Panicked(panics::report(payload, None))))
        };
        let outcomes = args.into_iter().map(one).collect();
        Self {
            outcomes,
            took: began.elapsed(),
        }
    }
}

impl<R> fmt::Debug for Chunk<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("items", &self.outcomes.len())
            .finish_non_exhaustive()
    }
}

/// A chunk that was submitted and not collected.
pub struct Pending<R> {
    /// Index of its first argument.
    pub first: usize,
    pub count: usize,
    pub future: Future<Chunk<R>>,
}

/// Takes the chunks of a map in: an executor with a task. The maps of [`Executor`](crate::Executor) have their own. Implement this for an
/// executor whose tasks are no functions of this program, and make its maps with [`Map::with`](super::Map::with):
///
/// ```
/// use raddle::executor::{Chunk, Map, Submitter};
/// use raddle::{Future, ThreadPool};
///
/// /// Looks words up, in a table that it was given.
/// struct Lookup<'a> {
///     pool: &'a ThreadPool,
///     table: &'static [(&'static str, u32)],
/// }
///
/// impl Submitter<String, Option<u32>> for Lookup<'_> {
///     fn workers(&self) -> usize {
///         self.pool.workers()
///     }
///
///     fn submit(&self, chunk: Vec<String>) -> Future<Chunk<Option<u32>>> {
///         let table = self.table;
///         let find = move |word: String| Ok(table.iter().find(|(key, _)| *key == word).map(|(_, value)| *value));
///         self.pool.spawn(move || Chunk::run(find, chunk))
///     }
/// }
///
/// let pool = ThreadPool::new(2)?;
/// let lookup = Lookup { pool: &pool, table: &[("warp", 1), ("weft", 2)] };
/// let words = ["weft", "loom"].map(String::from);
/// let found: Result<Vec<_>, _> = Map::with(lookup, words).collect();
/// assert_eq!(found.unwrap(), [Some(2), None]);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub trait Submitter<A, R> {
    /// Returns how many tasks can run at a time.
    fn workers(&self) -> usize;

    /// Queues the map's task to run on each item of a chunk. If the future itself fails, its error is that of all items; one that says that
    /// the executor takes nothing more in ends the map.
    fn submit(&self, chunk: Vec<A>) -> Future<Chunk<R>>;
}

/// The submitting side of a map.
pub struct Window<S, I: Iterator, R> {
    submitter: S,
    args: Fuse<I>,
    /// The length that was set, if any.
    chunk: Option<usize>,
    /// The adapted length, for automatic chunks.
    length: usize,
    /// The most arguments that may be taken and not yielded, if set.
    buffer: Option<usize>,
    /// Arguments taken so far.
    taken: usize,
    /// Outcomes yielded so far.
    pub yielded: usize,
    pub pending: VecDeque<Pending<R>>,
    pub deadline: Option<Instant>,
    detached: bool,
}

impl<S, I: Iterator, R> Window<S, I, R> {
    pub fn new(submitter: S, args: I) -> Self {
        Self {
            submitter,
            args: args.fuse(),
            chunk: None,
            length: 1,
            buffer: None,
            taken: 0,
            yielded: 0,
            pending: VecDeque::new(),
            deadline: None,
            detached: false,
        }
    }

    /// The error of a setting that can never work.
    pub fn misuse(&self) -> Option<TaskError> {
        let what = match (self.chunk, self.buffer) {
            (Some(0), _) => "chunk",
            (_, Some(0)) => "buffer",
            _ => return None,
        };
        Some(TaskError::Rejected(Rejected::Zero { what }))
    }

    /// Submits as many chunks as may be pending.
    pub fn fill(&mut self)
    where
        S: Submitter<I::Item, R>,
    {
        while self.pending.len() < self.submitter.workers() * AHEAD {
            let allowed = self.buffer.map_or(usize::MAX, |buffer| {
                buffer - (self.taken - self.yielded).min(buffer)
            });
            let count = self.chunk.unwrap_or(self.length).min(allowed);
            // If the buffer does not allow a whole chunk, it waits: otherwise there would be many small ones.
            if count == 0
                || self
                    .chunk
                    .is_some_and(|chunk| allowed < chunk && !self.pending.is_empty())
            {
                return;
            }
            let chunk: Vec<_> = self.args.by_ref().take(count).collect();
            if chunk.is_empty() {
                return;
            }
            let (first, count) = (self.taken, chunk.len());
            self.taken += count;
            let future = self.submitter.submit(chunk);
            self.pending.push_back(Pending {
                first,
                count,
                future,
            });
        }
    }

    /// Adapts the length of the next chunks by the time that a done one took.
    pub fn learn(&mut self, count: usize, took: Duration) {
        let each = took.max(Duration::from_nanos(1)) / count.max(1) as u32;
        let fitting = (PIECE.as_nanos() / each.as_nanos().max(1)) as usize;
        self.length = fitting.clamp(1, LONGEST).min(self.length * 2);
    }

    pub fn set_chunk(&mut self, length: usize) {
        self.chunk = Some(length);
    }

    pub fn set_buffer(&mut self, arguments: usize) {
        self.buffer = Some(arguments);
    }

    pub fn set_timeout(&mut self, limit: Duration) {
        self.deadline = block::deadline(limit);
    }

    pub fn detach(&mut self) {
        self.detached = true;
    }

    /// Cancels what is pending.
    pub fn cancel(&mut self) {
        for chunk in self.pending.drain(..) {
            chunk.future.cancel();
            quiet(chunk.future);
        }
    }
}

/// Drops a future without a report of its error, since its items were given up.
fn quiet<R>(future: Future<Chunk<R>>) {
    let _seen = future.error().is_some();
}

impl<S, I: Iterator, R> Drop for Window<S, I, R> {
    fn drop(&mut self) {
        if !self.detached {
            self.cancel();
        }
    }
}

/// The outcomes of a chunk whose future failed: the same error for each item. `Err`: the error ends the whole map, because no
/// later item can succeed.
pub fn failed<R>(error: TaskError, count: usize) -> Result<Vec<Result<R, TaskError>>, TaskError> {
    if let TaskError::Rejected(
        Rejected::ShutDown { .. }
        | Rejected::Broken { .. }
        | Rejected::Forked { .. }
        | Rejected::Code { .. },
    ) = error
    {
        return Err(error);
    }
    let mut outcomes: Vec<_> = (1..count).map(|_| Err(again(&error))).collect();
    outcomes.insert(0, Err(error));
    Ok(outcomes)
}

/// A copy of the error, for another item of the same chunk.
fn again(error: &TaskError) -> TaskError {
    match error {
        TaskError::Cancelled => TaskError::Cancelled,
        TaskError::Panicked(report) => TaskError::Panicked(report.again()),
        TaskError::Failed(error) => TaskError::Failed(error.to_string().into()),
        TaskError::Rejected(why) => TaskError::Rejected(why.clone()),
        TaskError::Abandoned => TaskError::Abandoned,
        TaskError::TimedOut => TaskError::TimedOut,
        TaskError::Killed => TaskError::Killed,
        TaskError::WorkerLost(lost) => TaskError::WorkerLost(lost.clone()),
        TaskError::Payload(error) => TaskError::Payload(error.clone()),
    }
}
