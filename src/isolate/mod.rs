//! Isolates: threads with a private state, which other threads reach only by the tasks that they send.
//!
//! An isolate builds its state on its own thread, uses it there and drops it there. So the state need not be `Send`: a
//! database connection, an interpreter of Lua or Python, a GL context, a cache of `Rc`s. No other thread has a reference to
//! it. A task goes to the isolate, borrows the state while it runs, and its result comes back in a
//! [`Future`](crate::Future).
//!
//! - [`Isolate`]: one of them.
//! - [`IsolatePool`]: many behind one [`Executor`](crate::Executor).
//! - [`queue`]: a bounded queue between isolates, or between any threads.
//!
//! Native isolates share the memory of the process, so they protect a state from other threads by its type, and not from
//! `unsafe` code. A crash of the process takes them all. Where a task must not harm the program, use a
//! [`ProcessPool`](crate::ProcessPool).
//!
//! # Waiting inside a task
//! A task of an isolate may wait for another task of its pool. If that one is still queued, the waiting isolate runs it itself,
//! unless both need the state. So does a wait with a time limit, which may take longer then. Else it runs tasks without a state that its own task has spawned, or it
//! sleeps: a state cannot move to another thread, so there are no spare threads as in a [`ThreadPool`](crate::ThreadPool).
//!
//! A task that uses the state cannot send a second one to its own isolate: that is an error at once,
//! [`Rejected::InsideIsolate`](crate::error::Rejected::InsideIsolate), and no deadlock. But if each isolate of a pool runs a task
//! that uses its state and waits for another such task of that pool, none of them goes on. Let such tasks not wait, or with a time limit;
//! or wait in a task without a state, or outside.
//!
//! # Panics
//! A panic in a task that uses the state fails the task. It may have left the state half changed, so the state is
//! dropped, and built anew before the next task that uses it: see [`IsolatePoolBuilder::restarts`].

// `pool` is a thread pool whose workers have states; `state` is what they do with them. `single` is a pool of one.

mod builder;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod deadlines;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod deadlines;
#[cfg(feature = "process")]
mod executor;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod interrupt;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod interrupt;
mod map;
mod pool;
mod queue;
mod single;
mod state;
mod task_builder;

pub use crate::error::{PutError, QueueError};
pub use builder::IsolatePoolBuilder;
pub use interrupt::interrupted;
pub use pool::IsolatePool;
pub use queue::{Receiver, Sender, queue};
pub use single::{Isolate, IsolateBuilder};
pub use state::current;
pub use task_builder::TaskBuilder;

pub use crate::thread::{Stats, WorkerStats};
