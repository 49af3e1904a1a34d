//! Waiting for a task of a process pool: whoever waits takes the answer out of the lane himself.
//!
//! # Who sleeps where
//! One thread for each lane, its *leader*, sleeps on the lane's bell, which the worker rings; others *follow*:
//! [`lead`](super::lead). A leader that wakes passes the lead on and then takes answers, his own and those of others. A
//! thread that completes a task which another one sleeps for sees the mark that was left on it
//! ([`State::attend`](crate::future::state::State::attend)) and calls. When a task moves to another lane, the attendant's
//! ear goes along, and everybody who sleeps for its old lane is rung.
//!
//! `docs/protocols/remote.md` describes words, transitions and owners. Models: `verify/src/scenarios/remote.rs`.

use super::desk::Command;
use super::error::LostCause;
use super::lane::{Lane, Slept};
use super::lead::Aim;
use super::pool::Pool;
use super::takeback::{self, TakeBack};
use super::ticket::{Place, Ticket};
use crate::future::cell::{Raw, Remote};
use crate::future::spin;
use crate::future::state::Until;
use crate::future::task::Task;
use crate::sync::atomic::{Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

/// How a future reaches its pool.
pub static REMOTE: Remote = Remote {
    poll,
    sleep,
    engage,
    serve,
    cancel,
    is_started,
    shares_core,
    kill,
};

/// How long a leader that was woken stays awake for the answers that follow. Chosen with the bench `round-trip`.
const AWAKE: Duration = Duration::from_micros(20);

fn lane_of(pool: &Pool, place: Place) -> &Lane {
    &pool.lanes[place.lane]
}

unsafe fn poll(cell: Raw) {
    // SAFETY: cells with this remote have tickets.
    look(cell, unsafe { Ticket::of(cell) });
}

/// Completes the task if its answer is there; also what the supervisor has left.
#[inline]
fn look(cell: Raw, ticket: &Ticket) {
    let place = ticket.place();
    let lane = lane_of(&ticket.pool, place);
    if lane.shm.answered(place.seq) {
        lane.pump_for(&ticket.pool, cell, place.seq);
    }
    if !ticket.pool.ready.is_empty() {
        while !cell.state.load().is_done() && ticket.pool.ready.serve(&ticket.pool) {}
    }
}

unsafe fn sleep(cell: Raw, until: Until, deadline: Option<Instant>) -> bool {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    let pool = &*ticket.pool;
    loop {
        let now = cell.state.load();
        if until.holds(now) {
            return true;
        }
        if now.is_done() {
            // No worker has anything to do with it any more. Its callbacks are running, or wait to be run.
            if pool.ready.serve(pool) {
                continue;
            }
            return cell.state.sleep(until, deadline);
        }
        let place = ticket.place();
        let lane = lane_of(pool, place);
        if lane.depth() > 1 && pool.lanes.len() > 1 {
            pool.balance();
        }
        match sleep_at(cell, ticket, lane, place, deadline) {
            Slept::Heard => {}
            Slept::Late => {
                look(cell, ticket);
                return until.holds(cell.state.load());
            }
            Slept::Unbegun => {
                pool.tend();
                continue;
            }
        }
        // What is before it in the lane is for us, too: others may sleep for that. Also a look at whether the worker
        // does what no worker does.
        if !cell.state.load().is_done() {
            lane.pump_some(pool);
        }
        let over = || {
            if lane.shm.answered(lane.shm.next()) {
                lane.pump_some(pool);
            }
            look(cell, ticket);
            cell.state.load().is_done() || ticket.place() != place
        };
        spin::spin_for(|| spin::budget(cell, AWAKE), over);
    }
}

/// Sleeps until there is something to do for the lane, or the task is done or elsewhere.
pub(super) fn sleep_at(
    cell: Raw,
    ticket: &Ticket,
    lane: &Lane,
    place: Place,
    deadline: Option<Instant>,
) -> Slept {
    let changed =
        || cell.state.load().is_done() || ticket.place() != place || !ticket.pool.ready.is_empty();
    lane.lead.with_place(Aim::Task(cell), |here| {
        // WAKE: the other ends are the worker after an answer, and whoever completes, moves or fails the task.
        if !cell.state.attend() {
            return Slept::Heard;
        }
        lane.sleep(here, changed, deadline, ticket.pool.lanes.len() > 1)
    })
}

unsafe fn serve(cell: Raw) -> bool {
    // SAFETY: cells with this remote have tickets.
    let pool = &*unsafe { Ticket::of(cell) }.pool;
    let some = |lane: &&Lane| lane.shm.answered(lane.shm.next()) && lane.pump_some(pool);
    pool.lanes.iter().filter(some).count() > 0 || pool.ready.serve(pool)
}

unsafe fn engage(cell: Raw) {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    loop {
        let place = ticket.place();
        if engage_at(ticket, place) || cell.state.load().is_done() {
            return;
        }
    }
}

/// Has the attendant listen to the lane. False: the task has left it meanwhile.
fn engage_at(ticket: &Ticket, place: Place) -> bool {
    lane_of(&ticket.pool, place).engage(&ticket.pool);
    // ORDERING: ticket.engage-fence SeqCst -> pairs with the fence in `Parent::publish`: whoever moves the task after
    // our look finds the lane engaged, and has the attendant listen to the new one.
    fence(SeqCst);
    ticket.place() == place
}

/// Takes the task back, wherever it is, and ends it so. Is it cancelled now? `Err`: it runs, at that place.
fn take_back(
    cell: Raw,
    ticket: &Ticket,
    end: impl Fn(Task) -> Option<crate::future::task::Ended> + Copy,
) -> Result<bool, Place> {
    if !cell.state.load().is_done() {
        let is_it = |raw| raw == cell;
        match takeback::take_back(&ticket.pool, || ticket.place(), is_it, end) {
            (TakeBack::Won(ended), place) => {
                if ended.as_ref().is_some_and(|ended| ended.is_attended()) {
                    lane_of(&ticket.pool, place).call(cell);
                }
                drop(ended);
            }
            (TakeBack::Running, place) => return Err(place),
            (TakeBack::Gone, _) => {}
        }
    }
    Ok(cell.state.load().is_cancelled())
}

unsafe fn cancel(cell: Raw) -> bool {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    match take_back(cell, ticket, Task::end_cancelled) {
        Ok(cancelled) => cancelled,
        Err(place) => {
            lane_of(&ticket.pool, place).shm.ask(place.seq);
            false
        }
    }
}

unsafe fn is_started(cell: Raw) -> bool {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    let place = ticket.place();
    lane_of(&ticket.pool, place).shm.is_started(place.seq)
}

unsafe fn shares_core(cell: Raw) -> bool {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    lane_of(&ticket.pool, ticket.place()).shm.shares_core()
}

unsafe fn kill(cell: Raw) -> bool {
    // SAFETY: cells with this remote have tickets.
    let ticket = unsafe { Ticket::of(cell) };
    match take_back(cell, ticket, Task::end_cancelled) {
        Ok(cancelled) => cancelled,
        Err(place) => {
            ticket.pool.desk.send(Command::End {
                place,
                cause: LostCause::Killed,
            });
            true
        }
    }
}
