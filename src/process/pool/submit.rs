//! Submits a task: chooses a lane, encodes the argument for it, and publishes the request. Runs on the submitter's thread.
//!
//! Models: `verify/src/scenarios/remote.rs`.

use crate::codec::{Description, Part, PayloadError, PayloadReason, PayloadStage, SliceSink};
use crate::error::{Rejected, TaskError};
use crate::executor::{Payload, WhenFull};
use crate::future::Future;
use crate::future::spin::{self, Advice};
use crate::future::task::promised_with;
use crate::process::pool::call::RemoteCall;
use crate::process::pool::capacity::{BURST, wait_for_capacity};
use crate::process::pool::finish::Finish;
use crate::process::pool::lane::{Lane, Record};
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::pool::task_meta::{TaskLocation, TaskOptions};
use crate::process::wire::region::{Encode, RegionSink};
use crate::process::wire::{attach, form};
use crate::report::message_of;
use crate::shm::{Body, INLINE, SLOTS, Span};
use crate::sync::{Arc, hint};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An argument that has been encoded for a lane. Short arguments stay in the buffer that they were encoded into until they are
/// published: an extra copy would wait for the writes that have just been made.
struct EncodedArgument<'a> {
    inline: &'a [u8],
    span: Option<Span>,
}

/// Submits a task, with its argument in the plain form or, if that cannot carry it, in the described form. Blocks while the lanes
/// are full, if the pool is one whose submitters wait. A task that cannot be submitted is a future that has failed.
#[inline]
pub fn submit<A: Payload, T>(
    pool: &Arc<Pool>,
    call: &RemoteCall,
    arg: &A,
    options: Option<Arc<TaskOptions>>,
) -> Future<T> {
    if !form::is_plain::<A>() {
        return describe(pool, call, arg, options);
    }
    submit_or(pool, call, arg, options, |error, options| match &error {
        TaskError::Payload(why) if why.is_of_form() => describe(pool, call, arg, options),
        _ => failed_future(pool, options, error),
    })
}

/// As [`submit`], with the argument in the described form.
#[cold]
fn describe<A: Payload, T>(
    pool: &Arc<Pool>,
    call: &RemoteCall,
    arg: &A,
    options: Option<Arc<TaskOptions>>,
) -> Future<T> {
    if pool.is_forked() || pool.is_closed() {
        return failed_future(pool, options, pool.rejection());
    }
    let describe = || contained::<A, _>(|| Description::of(arg, Part::Argument));
    let (described, attachments) = attach::describing(describe);
    match described {
        Ok(description) => {
            let future = submit_as(pool, &call.described(), &description, options);
            attachments.tie_to(&future);
            future
        }
        Err(error) => failed_future(pool, options, error),
    }
}

/// As [`submit`], for an argument that has only one form.
#[inline]
pub fn submit_as<A: Encode, T>(
    pool: &Arc<Pool>,
    call: &RemoteCall,
    arg: &A,
    options: Option<Arc<TaskOptions>>,
) -> Future<T> {
    submit_or(pool, call, arg, options, |error, options| {
        failed_future(pool, options, error)
    })
}

/// Encodes and publishes a task. If that fails, returns what `otherwise` makes of the error.
#[inline(always)]
fn submit_or<A: Encode, T>(
    pool: &Arc<Pool>,
    call: &RemoteCall,
    arg: &A,
    options: Option<Arc<TaskOptions>>,
    otherwise: impl FnOnce(TaskError, Option<Arc<TaskOptions>>) -> Future<T>,
) -> Future<T> {
    let mut bytes = [0; INLINE];
    match prepare(pool, call, arg, &mut bytes) {
        Ok((lane, entry, argument)) => publish(pool, lane, entry, call.finish, &argument, options),
        Err(error) => otherwise(error, options),
    }
}

/// A future that has failed with this error.
#[cold]
fn failed_future<T>(
    pool: &Arc<Pool>,
    options: Option<Arc<TaskOptions>>,
    error: TaskError,
) -> Future<T> {
    let remote = || RemoteTask::new(Arc::clone(pool), options);
    let (task, cell) = promised_with::<T, RemoteTask>(pool.tag, remote);
    task.into_task().fail(error);
    // SAFETY: the cell's type is T, and its handle reference goes to this future.
    unsafe { Future::from_cell(cell) }
}

/// Chooses a lane and encodes the argument for it.
#[inline(always)]
fn prepare<'a, A: Encode>(
    pool: &'a Pool,
    call: &RemoteCall,
    arg: &A,
    bytes: &'a mut [u8; INLINE],
) -> Result<(&'a Lane, u64, EncodedArgument<'a>), TaskError> {
    if pool.is_forked() || pool.is_closed() {
        return Err(pool.rejection());
    }
    let entry = match &call.entry {
        Ok(entry) => *entry,
        Err(error) => {
            let why = error.clone();
            return Err(TaskError::Rejected(Rejected::Code { why }));
        }
    };
    let length = contained::<A, _>(|| arg.size())?;
    let lane = choose(pool)?;
    if length <= INLINE {
        let sink = SliceSink::new(&mut bytes[..length]);
        contained::<A, _>(|| arg.write(sink))?;
        let inline = &bytes[..length];
        return Ok((lane, entry, EncodedArgument { inline, span: None }));
    }
    let span = allocate(pool, lane, length)?;
    let sink = RegionSink::new(lane.shm.request_region(span));
    let written = contained::<A, _>(|| arg.write(sink));
    let argument = EncodedArgument {
        inline: &[],
        span: Some(span),
    };
    if let Err(error) = written {
        lane.release_argument(argument.span);
        return Err(error);
    }
    Ok((lane, entry, argument))
}

/// Runs the user's `Serialize` and contains its panics.
#[inline]
fn contained<A, T>(encode: impl FnOnce() -> Result<T, PayloadError>) -> Result<T, TaskError> {
    // UNWIND: nothing of ours is half done; the caller frees the argument's memory.
    match catch_unwind(AssertUnwindSafe(encode)) {
        Ok(encoded) => encoded.map_err(TaskError::Payload),
        Err(payload) => {
            let reason = PayloadReason::Custom(format!("it panicked: {}", message_of(&*payload)));
            let name = std::any::type_name::<A>();
            let error = PayloadError::new(PayloadStage::EncodeArgument, name, reason);
            crate::report::contain_drop("panic payload", || drop(payload));
            Err(TaskError::Payload(error))
        }
    }
}

/// Allocates memory for a large argument in the lane's arena. Blocks while there is none, if the pool's submitters wait.
fn allocate(pool: &Pool, lane: &Lane, length: usize) -> Result<Span, TaskError> {
    let limit = lane.shm.longest();
    let bytes = u32::try_from(length).ok().filter(|_| length <= limit);
    let Some(bytes) = bytes else {
        let bytes = length;
        return Err(TaskError::Rejected(Rejected::TooLarge { bytes, limit }));
    };
    let span = Cell::new(None);
    let found = || {
        span.set(span.get().or_else(|| lane.shm.allocate(bytes)));
        span.get().is_some()
    };
    while !found() {
        if pool.config.when_full == WhenFull::Reject {
            return Err(queue_full(pool));
        }
        // Each reply in the lane frees memory, and so does each revoked task.
        if let Err(error) = wait_for_capacity(pool, std::slice::from_ref(lane), 1, found) {
            lane.release_argument(span.get());
            return Err(error);
        }
    }
    Ok(span.get().expect("just found"))
}

/// Chooses the lane whose worker will probably be the first to run a task: an idle worker that is awake, else an idle worker, else
/// the worker with the fewest tasks. Blocks while all lanes are full, if the pool's submitters wait.
#[inline]
fn choose(pool: &Pool) -> Result<&Lane, TaskError> {
    loop {
        if let Some(lane) = best(pool) {
            return Ok(lane);
        }
        wait_until(pool, &pool.lanes, || best(pool).is_some())?;
    }
}

/// The best lane that is not full. Reads hints only.
#[inline]
fn best(pool: &Pool) -> Option<&Lane> {
    if let [only] = &*pool.lanes {
        return (!only.shm.is_full()).then_some(only);
    }
    let mut best: Option<(&Lane, u32)> = None;
    for lane in &pool.lanes {
        let depth = lane.depth();
        let rank = match depth {
            // There is no worker that is ready.
            _ if lane.pid() == 0 => 2 * SLOTS as u32 + depth,
            0 if !lane.shm.worker_sleeps() => return Some(lane),
            0 => 0,
            depth => depth,
        };
        if best.is_none_or(|(_, least)| rank < least) && !lane.shm.is_full() {
            best = Some((lane, rank));
        }
    }
    best.map(|(lane, _)| lane)
}

/// Blocks until there is capacity in one of these lanes, or fails if the pool's submitters do not wait.
#[cold]
fn wait_until(pool: &Pool, lanes: &[Lane], found: impl Fn() -> bool) -> Result<(), TaskError> {
    if pool.config.when_full == WhenFull::Reject {
        return Err(queue_full(pool));
    }
    wait_for_capacity(pool, lanes, BURST, found)
}

fn queue_full(pool: &Pool) -> TaskError {
    TaskError::Rejected(Rejected::QueueFull {
        pool: pool.config.name.clone(),
        limit: pool.lanes.len() * SLOTS,
    })
}

/// Makes the task's cell and publishes the request in `lane`, or in another lane if this one has become full.
#[inline]
fn publish<'a, T>(
    pool: &'a Arc<Pool>,
    mut lane: &'a Lane,
    entry: u64,
    finish: Finish,
    argument: &EncodedArgument<'_>,
    options: Option<Arc<TaskOptions>>,
) -> Future<T> {
    let remote = || RemoteTask::new(Arc::clone(pool), options);
    let (task, cell) = promised_with::<T, RemoteTask>(pool.tag, remote);
    // SAFETY: just made, with a `RemoteTask` as its extra.
    let remote = unsafe { RemoteTask::of(cell) };
    // SAFETY: the cell's type is T, and its handle reference goes to this future.
    let future = unsafe { Future::from_cell(cell) };
    let seq = loop {
        if let Some(seq) = lane.shm.reserve() {
            break seq;
        }
        match another_lane(pool, lane, argument) {
            Ok(another) => lane = another,
            Err(error) => {
                lane.release_argument(argument.span);
                task.into_task().fail(error);
                return future;
            }
        }
    };
    remote.set_location(TaskLocation {
        lane: lane.index,
        seq,
    });
    let watch = remote
        .options
        .clone()
        .filter(|options| options.deadline.is_some());
    let record = Record {
        task: task.into_task(),
        finish,
        span: argument.span,
    };
    // SAFETY: reserved above, published below.
    unsafe { lane.put(seq, record) };
    let was_asleep = lane.shm.worker_sleeps();
    match argument.span {
        Some(span) => lane.shm.publish(seq, entry, Body::Span(span)),
        None => lane.shm.publish(seq, entry, Body::Inline(argument.inline)),
    }
    spin::note(
        cell,
        if was_asleep {
            Advice::Woken
        } else {
            Advice::Awake
        },
    );
    if let Some(options) = watch {
        pool.supervisor_queue.send(Command::WatchDeadline(options));
    }
    after_publish(pool, lane);
    future
}

/// Another submitter took the lane's last number: returns the lane to try next. Blocks while that is full.
#[cold]
fn another_lane<'a>(
    pool: &'a Pool,
    lane: &'a Lane,
    argument: &EncodedArgument<'_>,
) -> Result<&'a Lane, TaskError> {
    hint::spin_loop();
    if argument.span.is_none() {
        return choose(pool);
    }
    // The argument is in this lane's memory, so the task has to go into this lane.
    while lane.shm.is_full() {
        wait_until(pool, std::slice::from_ref(lane), || !lane.shm.is_full())?;
    }
    Ok(lane)
}

/// What a submitter does after it has published a task: ends the task if the pool was closed meanwhile, or marks a backlog.
#[inline]
fn after_publish(pool: &Pool, lane: &Lane) {
    if pool.is_closed() {
        // The thread that closes the pool may not have seen the task.
        pool.recheck_and_run(lane);
    } else if pool.lanes.len() > 1 && lane.depth() > 1 {
        pool.mark_backlog();
    }
}
