//! The worker's side: from a fresh process to a worker that is ready.

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

/// The exit code of a process that could not become a worker. Its parent has heard why, if it could be told.
pub const NOT_READY: i32 = 70;
/// The exit code of a worker whose tear-down hook failed.
pub const STOP_HOOK_FAILED: i32 = 71;

const TALKING: &str = "talking to the parent";

/// A process that has its place below its parent and does nothing of the parent's yet.
#[derive(Debug)]
pub struct Bootstrap {
    control: OwnedFd,
    received: Result<(WorkerConfig, Descriptors<OwnedFd>), StartError>,
}

impl Bootstrap {
    /// The first steps, which are the same wherever the worker begins. Without a parent to talk to the process
    /// ends here.
    pub fn join() -> Self {
        let bound = bind_to_parent();
        let control = match myself::move_stdin() {
            Ok(control) => control,
            Err(error) => {
                let why = format!("it cannot use its standard input: {error}");
                let _ =
                    handshake::send_ready(io::stdin(), &Err(StartError::system(TALKING)(error)));
                exit_not_ready(&why)
            }
        };
        match socket::peer(&control) {
            Err(error) => {
                let why = format!("standard input is no socket of a parent: {error}");
                let _ = handshake::send_ready(&control, &Err(StartError::system(TALKING)(error)));
                exit_not_ready(&why)
            }
            Ok(peer) if peer.uid != myself::effective_user() => {
                exit_not_ready("standard input is a socket of another user")
            }
            // The parent ended before this process asked to die with it.
            Ok(peer) if peer.pid != parent_id() => myself::leave(NOT_READY),
            Ok(_) => {}
        }
        let received = bound.and_then(|()| handshake::receive_config(&control));
        let received = received.and_then(|(config, descriptors)| {
            myself::replace_stdin(&descriptors.stdin)
                .map_err(StartError::system("setting standard input"))?;
            // The signal at the parent's end does not come from a parent that has given up the rights that this process has.
            // Without the call there is that signal still.
            if let Ok(false) = socket::die_with_other_end(&control) {
                myself::leave(NOT_READY);
            }
            Ok((config, descriptors))
        });
        Self { control, received }
    }

    /// Tells the parent why this is no worker.
    pub fn refuse(self, error: &StartError) {
        let _ = handshake::send_ready(&self.control, &Err(error.clone()));
    }

    /// The rest: gets ready, says so, works until the lane is closed, and ends the process.
    pub fn work(self) -> ! {
        let Self { control, received } = self;
        let ready = received.and_then(|(config, descriptors)| prepare(config, descriptors));
        let (outcome, ready) = match ready {
            Ok(ready) => (Ok(()), Some(ready)),
            Err(error) => (Err(error), None),
        };
        let sent = handshake::send_ready(&control, &outcome);
        // Its other end is the parent's life. But it is to take nothing from the tasks.
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

/// Nobody to tell but whoever reads standard error.
fn exit_not_ready(why: &str) -> ! {
    eprintln!("raddle: the environment says that this process is a worker, but {why}");
    myself::leave(NOT_READY)
}

/// Whatever the parent has left open is closed before anything is received; the parent's end is this one's.
fn bind_to_parent() -> Result<(), StartError> {
    // What the parent has blocked or ignored is nothing to do with the tasks, or with what they start.
    signals::reset();
    myself::die_with_parent().map_err(StartError::system("asking to end with the parent"))?;
    myself::close_inherited().map_err(StartError::system("closing inherited descriptors"))?;
    myself::fill_standard_outputs().map_err(StartError::system("opening /dev/null"))
}

/// Each step that fails is the end: a worker without what was asked for does not work.
fn prepare(
    config: WorkerConfig,
    descriptors: Descriptors<OwnedFd>,
) -> Result<(WorkerLane, WorkerInfo, Option<u64>), StartError> {
    let parent = parent_id();
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
    // What is mapped needs no descriptor, and the hooks below are not to find any.
    drop((requests, replies));
    for limit in &config.limits {
        apply(*limit, lane.address_space())
            .map_err(StartError::system(&format!("setting {limit:?}")))?;
    }
    let worker = WorkerInfo::named(config.index, config.name.as_str(), config.core);
    if let Some(hook) = config.on_start {
        run_hook("start hook", hook, &worker)?;
        // A hook that changed the user has cancelled it.
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

fn apply(limit: Limit, lane: u64) -> std::io::Result<()> {
    match limit {
        // The lane's segments count as address space, and are larger than any limit that somebody means.
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

fn run_hook(hook: &str, code: u64, worker: &WorkerInfo) -> Result<(), StartError> {
    let failed = |message: String| StartError::Hook {
        hook: hook.to_owned(),
        message,
    };
    // SAFETY: the offset comes from the parent, whose fingerprint is ours, and who got it from `of_hook`.
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
