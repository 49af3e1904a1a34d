//! Thread pools, process pools and futures on the model of Python's `concurrent.futures`, for Linux services where a
//! microsecond matters.
//!
//! An *executor* runs tasks on its workers and returns a [`Future`] for each task. You can wait for a future by blocking, by
//! `.await` in any runtime, by a callback, or together with other futures. There are three executors:
//! - the [`ThreadPool`] has work-stealing threads, pinned to cores if you like;
//! - the [`IsolatePool`] has threads with a private state each, which need not be `Send`;
//! - the [`ProcessPool`] has worker processes, so a crash costs only the task that crashed.
//!
//! ```
//! use raddle::{ThreadPool, as_completed};
//!
//! let pool = ThreadPool::new(4)?;
//!
//! // One task, one future.
//! let answer = pool.spawn(|| 6 * 7);
//! assert_eq!(answer.result().unwrap(), 42);
//!
//! // Many, in the order of their arguments.
//! let squares: Vec<u64> = pool.map(|n: u64| n * n, 1..=4).map(Result::unwrap).collect();
//! assert_eq!(squares, [1, 4, 9, 16]);
//!
//! // Many, as they complete, each with a key of yours.
//! let lengths = ["warp", "weft", "raddle"].map(|word| (word, pool.spawn(move || word.len())));
//! for (word, length) in as_completed(lengths) {
//!     println!("{word}: {}", length.result().unwrap());
//! }
//! # Ok::<(), raddle::BuildError>(())
//! ```
//!
//! Code that uses the [`Executor`] trait runs on any pool. On a process pool its tasks run in other processes:
//!
//! ```
//! use raddle::{Executor, ProcessPool, TaskError};
//!
//! let pool = ProcessPool::new(1)?;
//! let crash = pool.submit(|()| -> u64 { std::process::abort() }, ());
//! let square = pool.submit(|n: u64| n * n, 7);
//! assert!(matches!(crash.result(), Err(TaskError::WorkerLost(_))));
//! assert_eq!(square.result().unwrap(), 49);
//! # Ok::<(), raddle::BuildError>(())
//! ```
//!
//! # Overview
//! - Running tasks: [`ThreadPool`] and its [builder](ThreadPool::builder), [`IsolatePool`] and [`Isolate`], [`ProcessPool`] and its
//!   [builder](ProcessPool::builder). The trait [`Executor`] lets a program change its executor in one line.
//!   [`AnyExecutor`] lets it choose at run time. Use [`ThreadPool::scope`] and [`ThreadPool::join`] for work that borrows,
//!   and [`ProcessPool::submit_bytes`] for large payloads.
//! - Waiting: [`Future`], [`SharedFuture`], [`wait()`], [`as_completed()`], [`ThreadPool::map`], [`Executor::map`].
//! - Ending: [`Future::cancel`] and [`cancel_requested`], [`CancelOnDrop`], [`Shutdown`]; for processes
//!   [`Future::kill`] and [time limits](process::TaskBuilder::timeout).
//! - Going wrong: [`TaskError`], [`process::WorkerLost`], [`process::PayloadError`], [`BuildError`], [`ShutdownError`]; errors that were not looked at reach
//!   [`set_report_hook`].
//! - Building an executor of your own: [`Executor`], [`promise()`].
//! - What belongs to one kind of pool alone: [`thread`], [`isolate`], [`process`].
//!
//! # Guarantees
//! - A panic in a task becomes the error of its future and has no other effect. Every error is read by the program or
//!   reported.
//! - No pool leaves a future pending for ever: every task runs, is cancelled, or is refused with a reason.
//! - A task may wait for another task of its own pool. This does not starve a thread pool, and the waiting thread does not run
//!   unrelated tasks, which could need a lock that the waiting task holds. For isolates see [`isolate`].
//! - The death of a worker process costs only the task that it ran. Worker processes end with the program, however the
//!   program ends.
//! - An idle pool uses no CPU, unless its [`Idle`](thread::Idle) profile says never to park. A busy pool allocates nothing for a task
//!   beyond its recycled memory.
//!
//! The pools catch a task's panic only in programs built with `panic = "unwind"`, the default. With `panic = "abort"` a panic
//! ends the process: in a process pool, the worker. The crate runs on Linux only, on x86-64 and aarch64.

#![deny(missing_docs)]
// The models in `verify/`, and `benches/instructions`, use modules that are private in every other build.
#![cfg_attr(
    any(raddle_loom, raddle_shuttle, raddle_counts),
    allow(
        missing_docs,
        private_interfaces,
        clippy::new_without_default,
        clippy::len_without_is_empty,
        clippy::missing_safety_doc
    )
)]
// The modules below both pools have parts that only process pools use.
#![cfg_attr(not(feature = "process"), allow(dead_code))]

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("raddle runs on Linux on x86-64 and aarch64");

#[cfg(feature = "process")]
mod any;
// For `benches` and `fuzz`; not part of the API.
#[cfg(feature = "process")]
#[doc(hidden)]
pub mod codec;
pub mod error;
pub mod executor;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod future;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod future;
pub mod isolate;
#[cfg(feature = "process")]
pub mod process;
mod report;
#[cfg(all(
    feature = "process",
    not(any(raddle_loom, raddle_shuttle, raddle_counts))
))]
mod shm;
#[cfg(all(feature = "process", any(raddle_loom, raddle_shuttle, raddle_counts)))]
pub mod shm;
#[cfg(not(any(raddle_loom, raddle_shuttle, raddle_counts)))]
mod sync;
#[cfg(any(raddle_loom, raddle_shuttle, raddle_counts))]
pub mod sync;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod sys;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod sys;
pub mod thread;

#[cfg(feature = "process")]
pub use any::AnyExecutor;
pub use error::{BoxError, BuildError, PanicReport, Rejected, ShutdownError, TaskError};
#[cfg(feature = "process")]
pub use executor::{Executor, Payload};
pub use executor::{Pin, Shutdown, WhenFull};
pub use future::Future;
pub use future::as_completed::{AsCompleted, AsCompletedTimeout, TimedOut, as_completed};
pub use future::current::cancel_requested;
pub use future::promise::{Promise, promise};
pub use future::shared::{CancelOnDrop, SharedFuture};
pub use future::state::FutureState;
pub use future::wait::{ReturnWhen, Waitable, Waited, wait, wait_timeout};
pub use isolate::{Isolate, IsolatePool};
#[cfg(feature = "process")]
pub use process::ProcessPool;
#[cfg(all(feature = "process", raddle_hostile))]
pub use process::testing::hostile;
pub use report::{Report, set_report_hook};
pub use thread::ThreadPool;

/// The documentation tests also run the programs of the book.
#[cfg(all(doctest, feature = "process"))]
mod book {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/guide.md")]
    mod guide {}
    #[doc = include_str!("../docs/coming-from-python.md")]
    mod coming_from_python {}
    #[doc = include_str!("../docs/coming-from-process-pool-executor.md")]
    mod coming_from_process_pool_executor {}
    #[doc = include_str!("../docs/security.md")]
    mod security {}
    #[doc = include_str!("../docs/isolates.md")]
    mod isolates {}
    #[doc = include_str!("../docs/coming-from-interpreter-pool-executor.md")]
    mod coming_from_interpreter_pool_executor {}
    #[doc = include_str!("../docs/coming-from-rayon.md")]
    mod coming_from_rayon {}
    #[doc = include_str!("../docs/coming-from-tokio.md")]
    mod coming_from_tokio {}
}
