//! The contract that every executor keeps: [`Executor`], the iterators of its maps, and what executors are made with.

#[cfg(feature = "process")]
mod contract;
mod map;
#[cfg(feature = "process")]
mod pointers;
mod pool_options;
pub(crate) mod restart_limit;
mod unordered;
mod window;
mod worker_info;

#[cfg(feature = "process")]
pub use contract::{Executor, Payload};
pub use map::Map;
pub use pool_options::{Pin, Shutdown, WhenFull};
pub use unordered::MapUnordered;
pub(crate) use window::Window;
pub use window::{Chunk, Submitter};
pub use worker_info::WorkerInfo;
