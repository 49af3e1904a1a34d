//! A worker is this same program, started again.

mod error;
mod hello;
mod settings;
mod spawn;

pub use error::StartError;
pub use settings::{Limit, Output, Settings, Start};
pub use spawn::{Launch, Started, check, start_worker};

/// Makes a worker of this process if it was started to be one, and then never returns; elsewhere returns at once.
///
/// Only programs that build a pool with [`Start::Main`] need it, as the first line of `main`.
pub fn worker_main() {
    todo!()
}
