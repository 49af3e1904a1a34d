//! A worker is this same program, started again.
//!
//! From the start of a process to its first task, who checks what, and what each side trusts: docs/protocols/start.md.

mod before_main;
mod error;
pub mod handshake;
mod settings;
mod setup;
mod spawn;
#[cfg(test)]
mod tests;

pub use before_main::{check, worker_main};
pub use error::StartError;
pub use handshake::WorkerConfig;
pub use settings::{Limit, Output, Settings, Start};
#[cfg(test)]
pub use setup::{NOT_READY, STOP_HOOK_FAILED};
pub use spawn::{Launch, Started, start_worker};
