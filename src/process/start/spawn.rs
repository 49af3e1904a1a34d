//! The parent's side: starts a worker and hears whether it is ready. Nothing here blocks for long.

use super::error::StartError;
use super::settings::Settings;
use crate::sys::pidfd::Process;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One worker to be started.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The worker's name, as `ps` shows it and as panics report it.
    pub name: &'a str,
    pub settings: &'a Settings,
    /// The core that it stays on.
    pub core: Option<usize>,
    /// The lane's descriptors.
    pub requests: BorrowedFd<'a>,
    pub replies: BorrowedFd<'a>,
    pub event: BorrowedFd<'a>,
    /// The first task to answer.
    pub first: u32,
}

/// A worker that was started and may not be ready yet. Dropping it neither ends nor reaps the process.
#[derive(Debug)]
pub struct Started {
    /// The child; its descriptor is readable when it has ended.
    pub process: Process,
    /// The control socket, non-blocking: readable when [`hello`](Self::hello) has an answer. Poll it.
    pub control: OwnedFd,
    /// The reading ends of what is [captured](super::Output::Captured), non-blocking.
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// Can this process start workers at all? To be asked by `build`.
///
/// If this process is a worker that was not told so (`Start::Main` without `worker_main`), its parent hears of it.
pub fn check() -> Result<(), StartError> {
    todo!()
}

/// Starts a worker. Returns as soon as the process runs the program; it says [`hello`](Started::hello) when
/// it is ready.
///
/// The worker dies with the *thread* that calls this: a pool calls it on a thread that lives as long as the pool.
pub fn start_worker(launch: &Launch<'_>) -> Result<Started, StartError> {
    let _ = launch;
    todo!()
}

impl Started {
    /// What the worker said: none if nothing yet. Never blocks. After an error the process may still be alive: kill it.
    pub fn hello(&self) -> Option<Result<(), StartError>> {
        todo!()
    }
}
