//! The start of a worker, which is this same program, started again.
//!
//! The parent's side is [`spawn`], the worker's side [`before_main`] and [`setup`]; [`handshake`] has the messages between them.
//! docs/protocols/start.md has the steps, what each side checks, and what it trusts.

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
