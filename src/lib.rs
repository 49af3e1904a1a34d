//! raddle

#![deny(missing_docs)]
// The models in `verify/` look into the rooms that are closed in every other build.
#![cfg_attr(
    any(raddle_loom, raddle_shuttle),
    allow(missing_docs, private_interfaces)
)]

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("raddle runs on Linux on x86-64 and aarch64");

mod error;
mod executor;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod future;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod future;
mod report;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod sync;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod sync;
mod sys;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod thread;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod thread;

pub use error::{BoxError, BuildError, PanicReport, Rejected, ShutdownError, TaskError};
pub use executor::{Executor, Map, MapUnordered, Payload, Shutdown};
pub use future::Future;
pub use future::as_completed::{AsCompleted, AsCompletedTimeout, TimedOut, as_completed};
pub use future::current::cancel_requested;
pub use future::promise::{Promise, promise};
pub use future::shared::{CancelOnDrop, SharedFuture};
pub use future::state::FutureState;
pub use future::wait::{ReturnWhen, Waitable, Waited, wait, wait_timeout};
pub use report::{Report, set_report_hook};
pub use thread::{
    Idle, NamedTask, Pin, Scope, Stats, ThreadPool, ThreadPoolBuilder, WhenFull, WorkerInfo,
    WorkerStats, current_worker,
};
