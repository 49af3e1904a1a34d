//! Waiting for room: in one lane, or in any of several.
//!
//! A submitter that finds no room takes answers itself, and sleeps when there are none, among those who sleep for each of
//! its lanes ([`lead`](crate::process::pool::wait_queue)): as a leader where nobody leads, on the lane's bells, as a follower elsewhere, on its own
//! words, on all of them at once. What it waits for cannot pass unseen:
//! - An answer of a lane that it leads rings it; where it follows, the leader takes the answer.
//! - Whoever makes room in any of the lanes (takes an answer, has read one, or takes a task back) finds under its lock that
//!   room is wanted, and tells the waiters; or the submitter, who looks once more after it has said so, finds the room.
//! - A leader that leaves makes it lead, which wakes it, too.
//! - The pool's end comes with its mode, which a submitter looks at when it has its places; who changes it tells the waiters.
//!   The attendant ends after that, so there is one for as long as anybody sleeps.
//!
//! It depends on no thread that may run code of the user: the attendant may be held up by a callback, or be the submitter.
//!
//! Models: `verify/src/scenarios/remote_rooms.rs`.

use crate::error::TaskError;
use crate::future::spin;
use crate::process::pool::lane::Lane;
use crate::process::pool::rebalance::next_check;
use crate::process::pool::shared::Pool;
use crate::process::pool::wait_queue::{self, WaitFor};
use crate::shm::SLOTS;
use crate::sync::{FutexWait, Watched, bound, futex};
use std::time::Duration;

/// How long a submitter that finds all lanes full stays awake for answers before it sleeps.
const PATIENCE: Duration = Duration::from_micros(50);
/// How many answers it lets come together in that time, since to look at the slot that a worker is about to write holds
/// both up. Chosen with the bench `P2`.
pub const BURST: u32 = bound(256, 1) as u32;

/// Takes answers out of these lanes, a burst of so many if they come soon, or sleeps until somebody has made room in
/// one of them.
pub fn wait_for_capacity(
    pool: &Pool,
    lanes: &[Lane],
    burst: u32,
    found: impl Fn() -> bool,
) -> Result<(), TaskError> {
    let burst_is_there = |lane: &Lane| lane.shm.answered(lane.shm.next().ahead(burst - 1));
    let ready = || found() || pool.is_closed() || lanes.iter().any(burst_is_there);
    let one_core = || lanes.iter().all(|lane| lane.shm.shares_core());
    spin::spin_for(|| if one_core() { Duration::ZERO } else { PATIENCE }, ready);
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
    // Under its lock: whoever makes room in the lane after this finds that we want it.
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
        // WAKE: the other ends are the workers after an answer, and `Lane::notify_capacity`.
        let is_late = !changed() && futex::wait_any(&words, check_at) == FutexWait::TimedOut;
        leading.iter().for_each(|(lane, _)| lane.shm.disarm());
        is_late
    });
    lanes.iter().for_each(unregister);
    if is_late {
        // Somebody is to see that a worker does not begin what is next, whatever the attendant does.
        pool.check_lanes();
    }
}
