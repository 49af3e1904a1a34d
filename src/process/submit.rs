//! How a task gets into a lane.

use super::answer::{Finish, finish_value};
use super::codec::{PayloadError, PayloadReason, PayloadStage, SliceSink};
use super::desk::Command;
use super::entry::CodeError;
use super::lane::{Lane, Record};
use super::memory::{Encode, RegionSink};
use super::pool::Pool;
use super::ticket::{Options, Place, Ticket};
use crate::error::{Rejected, TaskError};
use crate::executor::WhenFull;
use crate::future::Future;
use crate::future::spin::{self, Advice};
use crate::future::task::promised_with;
use crate::report::message_of;
use crate::shm::{Body, INLINE, SLOTS, Span};
use crate::sync::Arc;
use crate::sync::atomic::Ordering::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How long a submitter that finds all lanes full takes answers before it sleeps.
const PATIENCE: Duration = Duration::from_micros(50);

/// What a task is, but for its argument.
pub struct Call {
    pub entry: Result<u64, CodeError>,
    pub finish: Finish,
}

/// An argument that has been encoded for a lane.
struct Encoded {
    bytes: [u8; INLINE],
    length: usize,
    span: Option<Span>,
}

/// Hands the task to a worker. One that cannot be is a future that has failed.
#[inline]
pub fn submit<A: Encode, T>(
    pool: &Arc<Pool>,
    call: &Call,
    arg: &A,
    options: Option<Arc<Options>>,
) -> Future<T> {
    match prepare(pool, call, arg) {
        Ok((lane, entry, encoded)) => launch(pool, lane, entry, call.finish, encoded, options),
        Err(error) => refused(pool, options, error),
    }
}

#[cold]
fn refused<T>(pool: &Arc<Pool>, options: Option<Arc<Options>>, error: TaskError) -> Future<T> {
    let ticket = Ticket::new(Arc::clone(pool), options);
    let (task, cell) = promised_with::<T, Ticket>(pool.tag, ticket);
    task.into_task().fail(error);
    // SAFETY: the cell's type is T, and its handle reference goes to this future.
    unsafe { Future::from_cell(cell) }
}

/// Chooses a lane and encodes the argument for it.
#[inline]
fn prepare<'a, A: Encode>(
    pool: &'a Pool,
    call: &Call,
    arg: &A,
) -> Result<(&'a Lane, u64, Encoded), TaskError> {
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
    let mut encoded = Encoded {
        bytes: [0; INLINE],
        length,
        span: None,
    };
    let written = if length <= INLINE {
        let sink = SliceSink::new(&mut encoded.bytes[..length]);
        contained::<A, _>(|| arg.write(sink))
    } else {
        let span = room(pool, lane, length)?;
        encoded.span = Some(span);
        let sink = RegionSink::new(lane.shm.request_region(span));
        contained::<A, _>(|| arg.write(sink))
    };
    if let Err(error) = written {
        lane.free(encoded.span);
        return Err(error);
    }
    Ok((lane, entry, encoded))
}

/// Runs the user's `Serialize`.
#[inline]
fn contained<A, T>(encode: impl FnOnce() -> Result<T, PayloadError>) -> Result<T, TaskError> {
    // UNWIND: nothing of ours is half done; what was taken for the argument is given back by the caller.
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

/// Memory for a large argument. Waits for answers while there is none.
fn room(pool: &Pool, lane: &Lane, length: usize) -> Result<Span, TaskError> {
    let limit = lane.shm.longest();
    let bytes = u32::try_from(length).ok().filter(|_| length <= limit);
    let Some(bytes) = bytes else {
        let bytes = length;
        return Err(TaskError::Rejected(Rejected::TooLarge { bytes, limit }));
    };
    loop {
        let seen = pool.room();
        if let Some(span) = lane.shm.space(bytes) {
            return Ok(span);
        }
        // An answer to anything in the lane gives memory back.
        wait_for_room(pool, seen, || lane.depth() == 0)?;
    }
}

/// The lane of the worker that will be the first to run a task: one that has nothing to do and is awake, else one
/// that has nothing to do, else the one that has the least.
#[inline]
fn choose(pool: &Pool) -> Result<&Lane, TaskError> {
    loop {
        if let Some(lane) = best(pool) {
            return Ok(lane);
        }
        when_full(pool)?;
    }
}

#[inline]
fn best(pool: &Pool) -> Option<&Lane> {
    if let [only] = &*pool.lanes {
        return (!only.shm.is_full()).then_some(only);
    }
    let mut best: Option<(&Lane, u32)> = None;
    for lane in &pool.lanes {
        let depth = lane.depth();
        let rank = match depth {
            // Nobody is there yet.
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

#[cold]
fn when_full(pool: &Pool) -> Result<(), TaskError> {
    if pool.config.when_full == WhenFull::Reject {
        return Err(TaskError::Rejected(Rejected::QueueFull {
            pool: pool.config.name.clone(),
            limit: pool.lanes.len() * SLOTS,
        }));
    }
    let seen = pool.room();
    wait_for_room(pool, seen, || best(pool).is_some())
}

/// Takes answers until there is room, or sleeps until somebody else has made some.
fn wait_for_room(pool: &Pool, seen: u32, found: impl Fn() -> bool) -> Result<(), TaskError> {
    let ready = || {
        let took = pool.lanes.iter().filter(|lane| lane.pump(pool, 64)).count();
        took > 0 || found() || pool.is_closed()
    };
    // Nobody need tell us of room yet: what we take ourselves we know of.
    if spin::spin_for(PATIENCE, ready) {
        return if pool.is_closed() {
            Err(pool.rejection())
        } else {
            Ok(())
        };
    }
    // ORDERING: room.want Relaxed: the fence in `engage` orders it.
    pool.wanting.fetch_add(1, Relaxed);
    for lane in &pool.lanes {
        lane.engage(pool);
    }
    // What came in between nobody has told; what comes from now on changes the number.
    if !ready() {
        pool.sleep_for_room(seen);
    }
    // ORDERING: room.have Relaxed: a call that comes for nothing does no harm.
    pool.wanting.fetch_sub(1, Relaxed);
    if pool.is_closed() {
        return Err(pool.rejection());
    }
    Ok(())
}

#[inline]
fn launch<T>(
    pool: &Arc<Pool>,
    lane: &Lane,
    entry: u64,
    finish: Finish,
    encoded: Encoded,
    options: Option<Arc<Options>>,
) -> Future<T> {
    let ticket = Ticket::new(Arc::clone(pool), options);
    let (task, cell) = promised_with::<T, Ticket>(pool.tag, ticket);
    // SAFETY: just made, with a ticket.
    let ticket = unsafe { Ticket::of(cell) };
    // SAFETY: the cell's type is T, and its handle reference goes to this future.
    let future = unsafe { Future::from_cell(cell) };
    let seq = loop {
        if let Some(seq) = lane.shm.reserve() {
            break seq;
        }
        // Others were quicker. The argument lies in this lane by now, so it has to be this one.
        let seen = pool.room();
        if lane.shm.is_full()
            && let Err(error) = wait_for_room(pool, seen, || !lane.shm.is_full())
        {
            lane.free(encoded.span);
            task.into_task().fail(error);
            return future;
        }
    };
    ticket.set_place(Place {
        lane: lane.index,
        seq,
    });
    let watch = ticket
        .options
        .clone()
        .filter(|options| options.deadline.is_some());
    let record = Record {
        task: task.into_task(),
        finish,
        span: encoded.span,
    };
    // SAFETY: reserved above, published below.
    unsafe { lane.put(seq, record) };
    let was_asleep = lane.shm.worker_sleeps();
    match encoded.span {
        Some(span) => lane.shm.publish(seq, entry, Body::Span(span)),
        None => {
            let bytes = &encoded.bytes[..encoded.length];
            lane.shm.publish(seq, entry, Body::Inline(bytes));
        }
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
        pool.desk.send(Command::Watch(options));
    }
    after(pool, lane);
    future
}

/// What else there may be to do for a task that was published.
#[inline]
fn after(pool: &Pool, lane: &Lane) {
    if pool.is_closed() {
        // It slipped in while the pool was being closed.
        if pool.is_over() {
            pool.sweep_lane(lane);
        } else {
            lane.engage(pool);
        }
    } else if pool.lanes.len() > 1 && lane.depth() > 1 {
        // ORDERING: backlog.seen Relaxed: one of those who find it unset rings the bell.
        if !pool.backlog.load(Relaxed) {
            // ORDERING: backlog.set Relaxed: before the bell.
            pool.backlog.store(true, Relaxed);
            pool.bell.ring();
        }
    }
}

/// Sends a task without an argument to one lane; nobody waits for it. False: there was no room.
pub fn to_lane(pool: &Arc<Pool>, lane: usize, entry: Result<u64, CodeError>) -> bool {
    let lane = &pool.lanes[lane];
    let Ok(entry) = entry else {
        return false;
    };
    if lane.shm.is_full() {
        return false;
    }
    let encoded = Encoded {
        bytes: [0; INLINE],
        length: 0,
        span: None,
    };
    let future: Future<()> = launch(pool, lane, entry, finish_value::<()>, encoded, None);
    drop(future);
    true
}
