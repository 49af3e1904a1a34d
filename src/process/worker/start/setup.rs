//! The worker's side of the start: from a new process to a worker that is ready.

use super::error::StartError;
use super::handshake::{self, Descriptors, WorkerConfig};
use super::settings::Limit;
use crate::executor::WorkerInfo;
use crate::future::panics;
use crate::process::worker::serve::{self, WorkerLane};
use crate::process::worker::task_code;
use crate::report::message_of;
use crate::sys::refusal::refused;
use crate::sys::{affinity, limits, myself, signals, socket};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::parent_id;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The exit code of a process that could not become a worker. Its ready message has the reason, if it could be sent.
pub const NOT_READY: i32 = 70;
/// The exit code of a worker whose stop hook failed.
pub const STOP_HOOK_FAILED: i32 = 71;

const CONNECTING: &str = "connecting to the parent";

/// A process that is bound to its parent and has received its config, or failed to. It is not ready yet.
#[derive(Debug)]
pub struct Bootstrap {
    control: OwnedFd,
    /// The config, or why there is none.
    received: Result<(WorkerConfig, Descriptors<OwnedFd>), StartError>,
}

impl Bootstrap {
    /// Does the first steps, which are the same wherever the worker begins. Ends the process if it has no parent that started it
    /// as a worker. Called before `main`.
    pub fn join() -> Self {
        let bound = bind_to_parent();
        let control = match myself::move_stdin() {
            Ok(control) => control,
            Err(error) => {
                let why = format!("it cannot use its standard input: {error}");
                let _ =
                    handshake::send_ready(io::stdin(), &Err(StartError::system(CONNECTING)(error)));
                exit_not_ready(&why)
            }
        };
        match socket::peer(&control) {
            Err(error) => {
                let why = format!("standard input is not a socket of a parent: {error}");
                let _ =
                    handshake::send_ready(&control, &Err(StartError::system(CONNECTING)(error)));
                exit_not_ready(&why)
            }
            Ok(peer) if peer.uid != myself::effective_user() => {
                exit_not_ready("standard input is a socket of another user")
            }
            // The parent ended before this process asked for the parent-death signal.
            Ok(peer) if peer.pid != parent_id() => myself::leave(NOT_READY),
            Ok(_) => {}
        }
        let received = bound.and_then(|()| handshake::receive_config(&control));
        let received = received.and_then(|(config, descriptors)| {
            myself::replace_stdin(&descriptors.stdin)
                .map_err(StartError::system("setting standard input"))?;
            // A parent that has given up rights which this process has cannot cause the parent-death signal. The socket's signal
            // comes with this process's own rights. If the call fails, the parent-death signal remains.
            if let Ok(false) = socket::die_with_other_end(&control) {
                myself::leave(NOT_READY);
            }
            Ok((config, descriptors))
        });
        Self { control, received }
    }

    /// Reports to the parent why this process does not become a worker.
    pub fn refuse(self, error: &StartError) {
        let _ = handshake::send_ready(&self.control, &Err(error.clone()));
    }

    /// Prepares the worker, sends the ready message, serves requests until the lane is closed, and ends the process.
    pub fn work(self) -> ! {
        let Self { control, received } = self;
        let ready = received.and_then(|(config, descriptors)| prepare(config, descriptors));
        let (outcome, ready) = match ready {
            Ok(ready) => (Ok(()), Some(ready)),
            Err(error) => (Err(error), None),
        };
        let sent = handshake::send_ready(&control, &outcome);
        // The socket stays open: a signal comes when the parent closes the other end. This end is shut down for sending.
        let _lifeline = socket::fall_silent(&control).is_ok().then_some(control);
        let (Ok(()), Some((mut lane, worker, on_stop))) = (sent, ready) else {
            myself::leave(NOT_READY)
        };
        serve::work(&mut lane);
        if let Some(Err(error)) = on_stop.map(|hook| run_hook("stop hook", hook, &worker)) {
            eprintln!("raddle: worker '{}': {error}", lane.name());
            myself::leave(STOP_HOOK_FAILED)
        }
        myself::leave(0)
    }
}

/// Ends a process that has no parent to report to. The reason goes to standard error.
fn exit_not_ready(why: &str) -> ! {
    eprintln!("raddle: the environment says that this process is a worker, but {why}");
    myself::leave(NOT_READY)
}

/// Makes this process end with its parent, and resets what it has inherited: signals, descriptors, closed output streams.
fn bind_to_parent() -> Result<(), StartError> {
    // Signals that the parent has blocked or ignored must not be so in tasks, or in programs that tasks start.
    signals::reset();
    myself::die_with_parent().map_err(StartError::system("asking to end with the parent"))?;
    myself::close_inherited().map_err(StartError::system("closing inherited descriptors"))?;
    myself::fill_standard_outputs().map_err(StartError::system("opening /dev/null"))
}

/// Applies the config: core, niceness, lane, limits, hooks. Each step that fails is the end of the start. Returns the lane and the
/// stop hook.
fn prepare(
    config: WorkerConfig,
    descriptors: Descriptors<OwnedFd>,
) -> Result<(WorkerLane, WorkerInfo, Option<u64>), StartError> {
    let parent = parent_id();
    #[cfg(not(any(raddle_loom, raddle_shuttle)))]
    crate::sys::overflow::report_overflows();
    myself::ignore_broken_pipes();
    myself::set_name(&config.name);
    panics::install();
    if let Some(core) = config.core
        && !affinity::pin(core)
    {
        let step = format!("staying on core {core}");
        let error = refused("sched_setaffinity")(std::io::Error::last_os_error());
        return Err(StartError::system(&step)(error));
    }
    if let Some(nice) = config.nice {
        myself::add_nice(nice).map_err(StartError::system("setting the niceness"))?;
    }
    let Descriptors {
        requests,
        replies,
        event,
        stdin: _,
    } = descriptors;
    let lane = WorkerLane::open(&config, &requests, &replies, event)
        .map_err(StartError::system("mapping the lane's memory"))?;
    // The mappings need no descriptors, and the hooks below must not find them open.
    drop((requests, replies));
    for limit in &config.limits {
        apply(*limit, lane.address_space())
            .map_err(StartError::system(&format!("setting {limit:?}")))?;
    }
    let worker = WorkerInfo::named(config.index, config.name.as_str(), config.core);
    if let Some(hook) = config.on_start {
        run_hook("start hook", hook, &worker)?;
        // A hook that changed the user has cancelled the parent-death signal.
        myself::die_with_parent().map_err(StartError::system("asking to end with the parent"))?;
        if parent_id() != parent {
            myself::leave(NOT_READY);
        }
    }
    if let Some(hook) = config.sandbox {
        run_hook("sandbox hook", hook, &worker)?;
    }
    Ok((lane, worker, config.on_stop))
}

/// Sets a limit. `lane` is the address space that the lane takes.
fn apply(limit: Limit, lane: u64) -> std::io::Result<()> {
    match limit {
        // The lane's segments count as address space, and are larger than any sensible limit.
        Limit::AddressSpace(bytes) => {
            limits::set_at_most(limits::ADDRESS_SPACE, bytes.saturating_add(lane))
        }
        Limit::Data(bytes) => limits::set(limits::DATA, bytes),
        Limit::Stack(bytes) => limits::set(limits::STACK, bytes),
        Limit::ProcessorSeconds(seconds) => limits::set(limits::PROCESSOR_SECONDS, seconds),
        Limit::FileSize(bytes) => limits::set(limits::FILE_SIZE, bytes),
        Limit::OpenFiles(files) => limits::set(limits::OPEN_FILES, files),
        Limit::CoreDump(bytes) => limits::set(limits::CORE_DUMP, bytes),
    }
}

/// Runs a hook and contains its panic.
fn run_hook(hook: &str, code: u64, worker: &WorkerInfo) -> Result<(), StartError> {
    let failed = |message: String| StartError::Hook {
        hook: hook.to_owned(),
        message,
    };
    // SAFETY: the offset comes from the parent, whose fingerprint is ours, and which got it from `of_hook`.
    let Some(run) = (unsafe { task_code::resolve_hook(code) }) else {
        return Err(StartError::Garbled);
    };
    // UNWIND: the process ends if the hook panics.
    match catch_unwind(AssertUnwindSafe(|| {
        run(worker).map_err(|error| error.to_string())
    })) {
        Ok(outcome) => outcome.map_err(failed),
        Err(payload) => Err(failed(format!("it panicked: {}", message_of(&*payload)))),
    }
}
