//! Waiting for capacity (a free number, or memory for an argument) in one lane or in any of several. Called by submitters.
//!
//! A submitter that finds no capacity drains replies itself. If there are none, it sleeps in the
//! [wait queue](crate::process::pool::wait_queue) of each lane: as the leader where there is none, as a follower elsewhere. It
//! sleeps on all words at once: the event words of the lanes that it leads, and its own word in each queue where it follows.
//!
//! # Why no wake-up is lost
//! The submitter counts itself in each lane's `capacity_waiters` (under the lane's lock), enters the queues, and then checks once
//! more before it sleeps. What it waits for comes in one of these ways:
//! - *A reply* in a lane that it leads: the worker notifies the lane's event word. In a lane where it follows, the leader drains
//!   the reply.
//! - *Capacity* in one of the lanes: a thread drained a reply, has read one, or revoked a task. That thread sees
//!   `capacity_waiters` under the lane's lock and notifies the queue; or it held the lock before the submitter counted itself,
//!   and then the submitter's check finds the capacity.
//! - *The leader of a queue leaves*: it makes a follower the leader, and so wakes that follower.
//! - *The pool's end*: the thread that changes the pool's mode notifies the queues afterwards. The submitter's check looks at
//!   the mode when it is in the queues.
//!
//! The submitter depends on no thread that may run code of the user: a callback may hold up the completer, or the submitter may
//! be a callback on the completer.
//!
//! Models: `verify/src/scenarios/remote_capacity_lanes.rs`.

use crate::error::TaskError;
use crate::future::spin;
use crate::process::pool::lane::Lane;
use crate::process::pool::rebalance::next_check;
use crate::process::pool::shared::Pool;
use crate::process::pool::wait_queue::{self, WaitFor};
use crate::shm::SLOTS;
use crate::sync::{FutexWait, Watched, bound, futex};
use std::time::Duration;

/// How long a submitter that finds all lanes full spins for replies before it sleeps.
const PATIENCE: Duration = Duration::from_micros(50);
/// How many replies it waits for in that time. A look at the slot that a worker is about to write slows down both, so it looks
/// at a slot further ahead. Chosen with the bench `P2`.
pub const BURST: u32 = bound(256, 1) as u32;

/// Drains replies of these lanes, `burst` of them together if they come soon. If there are none, sleeps until `found` or until
/// there is capacity in one of the lanes. The caller then tries again.
///
/// # Errors
/// The pool is closed.
pub fn wait_for_capacity(
    pool: &Pool,
    lanes: &[Lane],
    burst: u32,
    found: impl Fn() -> bool,
) -> Result<(), TaskError> {
    let burst_is_there = |lane: &Lane| lane.shm.has_reply(lane.shm.next().ahead(burst - 1));
    let ready = || found() || pool.is_closed() || lanes.iter().any(burst_is_there);
    let shares_core = || lanes.iter().all(|lane| lane.shm.shares_core());
    spin::spin_for(
        || {
            if shares_core() {
                Duration::ZERO
            } else {
                PATIENCE
            }
        },
        ready,
    );
    let drained = lanes
        .iter()
        .filter(|lane| lane.drain_replies(pool, SLOTS))
        .count()
        > 0;
    if !drained && !found() {
        sleep_for_capacity(pool, lanes, found);
    }
    if pool.is_closed() {
        return Err(pool.rejection());
    }
    Ok(())
}

#[cold]
fn sleep_for_capacity(pool: &Pool, lanes: &[Lane], found: impl Fn() -> bool) {
    // Under the lane's lock: a thread that makes capacity in the lane after this sees the count.
    let register = |lane: &Lane| lane.shm.lock().data().capacity_waiters += 1;
    let unregister = |lane: &Lane| lane.shm.lock().data().capacity_waiters -= 1;
    let changed = || found() || pool.is_closed() || lanes.iter().any(Lane::has_reply);
    lanes.iter().for_each(register);
    let queues = lanes.iter().map(|lane| &lane.wait_queue);
    let is_late = wait_queue::enqueue_all(queues, WaitFor::Capacity, |queued| {
        let mut words: Vec<Watched<'_>> = Vec::with_capacity(2 * lanes.len());
        let is_leader = |&(_, queued): &(&Lane, &wait_queue::Queued<'_>)| queued.is_leader();
        let (leading, following): (Vec<_>, Vec<_>) = lanes.iter().zip(queued).partition(is_leader);
        words.extend(following.iter().map(|(_, queued)| queued.watched()));
        for (lane, _) in &leading {
            let seen = lane.shm.arm();
            words.extend(lane.shm.watched(&seen));
        }
        let awaits_begin = |&(lane, _): &(&Lane, _)| lane.awaits_begin();
        let checks_lanes = pool.lanes.len() > 1 && leading.iter().any(awaits_begin);
        let check_at = checks_lanes.then(|| next_check(None)).flatten();
        // WAKE: the other ends are the workers after a reply, and `Lane::notify_capacity`.
        let is_late = !changed() && futex::wait_any(&words, check_at) == FutexWait::TimedOut;
        leading.iter().for_each(|(lane, _)| lane.shm.disarm());
        is_late
    });
    lanes.iter().for_each(unregister);
    if is_late {
        // It may be that only this thread can notice a worker that does not begin its next task: a callback may hold up the completer.
        pool.check_lanes();
    }
}
