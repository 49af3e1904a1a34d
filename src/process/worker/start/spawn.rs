//! The parent's side of the start: starts a worker and receives its ready message.

use super::before_main;
use super::error::StartError;
use super::handshake::{self, Descriptors, WorkerConfig};
use super::settings::{ENV_MARKER, Output, Settings};
use crate::process::worker::image::Image;
use crate::sys::pidfd::Process;
use crate::sys::refusal::refused;
use crate::sys::socket;
use crate::sys::spawn::{self, Spawned};
use std::fs::File;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Command, Stdio};

/// The arguments of [`start_worker`].
#[derive(Debug)]
pub struct Launch<'a> {
    /// The worker's number.
    pub index: usize,
    /// The worker's name, as `ps` shows it.
    pub name: &'a str,
    pub settings: &'a Settings,
    /// The core that it stays on.
    pub core: Option<usize>,
    /// The lane's descriptors.
    pub requests: BorrowedFd<'a>,
    pub replies: BorrowedFd<'a>,
    pub event: BorrowedFd<'a>,
    /// The number of the first request.
    pub first: u32,
}

/// A worker that was started and may not be ready yet. Dropping it neither ends nor reaps the process.
#[derive(Debug)]
pub struct Started {
    /// The child; its descriptor is readable when it has ended.
    pub process: Process,
    /// The control socket, non-blocking: readable when [`ready`](Self::ready) has a result.
    pub control: OwnedFd,
    /// The reading ends of the [captured](super::Output::Captured) streams, non-blocking.
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// Starts a worker. Returns when the process runs the program, which takes as long as the start of any process.
/// [`ready`](Started::ready) says later whether the worker is ready.
///
/// The worker dies with the *thread* that calls this. A pool calls it on threads that live as long as the pool.
///
/// # Errors
/// No process is left behind.
pub fn start_worker(launch: &Launch<'_>) -> Result<Started, StartError> {
    let settings = launch.settings;
    let image = Image::get().map_err(StartError::Code)?;
    let (control, worker_end) = socket::pair().map_err(StartError::system("making a socket"))?;
    let null;
    let stdin = match &settings.stdin {
        Some(stdin) => stdin,
        None => {
            let file = File::open("/dev/null").map_err(refused("open (/dev/null)"));
            let file = file.map_err(StartError::system("its standard input"))?;
            null = OwnedFd::from(file);
            &null
        }
    };
    let config = WorkerConfig {
        index: launch.index,
        name: launch.name.to_owned(),
        first: launch.first,
        core: launch.core,
        nice: settings.nice,
        limits: settings.limits.clone(),
        on_start: settings.on_start,
        sandbox: settings.sandbox,
        on_stop: settings.on_stop,
        max_tasks: settings.max_tasks.map(NonZeroU64::get),
    };
    let descriptors = Descriptors {
        requests: launch.requests,
        replies: launch.replies,
        event: launch.event,
        stdin: stdin.as_fd(),
    };
    spawn::set_nonblocking(&control).map_err(StartError::system("setting up a socket"))?;
    let mut command = spawn::again(launch.name);
    command
        .stdin(worker_end)
        .stdout(settings.stdout.stdio())
        .stderr(settings.stderr.stdio());
    set_environment(&mut command, settings);
    command.env(ENV_MARKER, before_main::marker(settings.start, image));
    if let Some(directory) = &settings.directory {
        command.current_dir(directory);
    }
    let Spawned {
        process,
        stdout,
        stderr,
    } = spawn::spawn(&mut command).map_err(StartError::system("starting this program again"))?;
    // Only now, when a pidfd holds the process. Before it has the config, it does nothing in the lane.
    if let Err(error) = handshake::send_config(&control, image, &config, descriptors) {
        // The caller does not get this process, so it is ended here.
        let _ = process.signal(libc::SIGKILL);
        let _ = process.wait_for_end();
        return Err(error);
    }
    Ok(Started {
        process,
        control,
        stdout,
        stderr,
    })
}

/// Applies the changes of the environment.
fn set_environment(command: &mut Command, settings: &Settings) {
    if settings.clear_environment {
        command.env_clear();
    }
    for (name, value) in &settings.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
}

impl Output {
    fn stdio(self) -> Stdio {
        match self {
            Self::Inherit => Stdio::inherit(),
            Self::Null => Stdio::null(),
            Self::Captured => Stdio::piped(),
        }
    }
}

impl Started {
    /// The worker's ready message. `None`: it has not come yet. Never blocks. After an error the process may still be alive: the
    /// caller kills it.
    pub fn ready(&self) -> Option<Result<(), StartError>> {
        handshake::receive_ready(&self.control)
    }
}
