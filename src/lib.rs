//! raddle

#![deny(missing_docs)]

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!("raddle runs on Linux on x86-64 and aarch64");

mod error;
mod future;
mod report;
mod sync;
mod sys;

pub use error::{BoxError, BuildError, PanicReport, Rejected, ShutdownError, TaskError};
pub use future::Future;
pub use future::as_completed::{AsCompleted, AsCompletedTimeout, TimedOut, as_completed};
pub use future::current::cancel_requested;
pub use future::promise::{Promise, promise};
pub use future::shared::{CancelOnDrop, SharedFuture};
pub use future::state::FutureState;
pub use future::wait::{ReturnWhen, Waitable, Waited, wait, wait_timeout};
pub use report::{Report, set_report_hook};

/// What the models in `verify/` look into. It exists in no other build.
#[cfg(any(raddle_loom, raddle_shuttle))]
#[doc(hidden)]
#[allow(missing_docs)]
pub mod model {
    pub use crate::future;
    pub use crate::sync;
}
