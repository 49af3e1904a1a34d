//! Waiting for a task of a process pool: the waiter takes the reply out of the lane itself.
//!
//! # Where a waiter sleeps
//! One waiter of each lane, its *leader*, sleeps on the lane's event words, which the worker notifies. The others *follow*: each
//! sleeps on a word of its own ([`wait_queue`]). A leader that wakes makes a follower the leader, and then takes replies, its own
//! and those of others.
//!
//! A waiter marks its task before it sleeps
//! ([`State::set_remote_waiter`](crate::future::state::State::set_remote_waiter)). A thread that completes a marked task wakes its
//! waiters. When a task moves to another lane, the interest flag of the new lane is set if that of the old lane was, and all
//! waiters of the old lane wake up.
//!
//! `docs/protocols/remote.md` has the argument. Models: `verify/src/scenarios/remote.rs`.

use crate::error::worker_lost::LostCause;
use crate::future::cell::Extra;
use crate::future::raw_task::{RawTask, RemoteVtable};
use crate::future::spin;
use crate::future::state::Until;
use crate::future::task::Task;
use crate::process::pool::lane::Lane;
use crate::process::pool::rebalance::next_check;
use crate::process::pool::remote_task::RemoteTask;
use crate::process::pool::revoke::{self, RevokeOutcome};
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::pool::task_meta::TaskLocation;
use crate::process::pool::wait_queue;
use crate::process::pool::wait_queue::WaitFor;
use crate::sync::FutexWait;
use crate::sync::atomic::{Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

/// The operations of a future on a task of a process pool. See [`RemoteVtable`].
pub static REMOTE: RemoteVtable = RemoteVtable {
    poll,
    sleep,
    request_completion,
    complete_some,
    cancel,
    is_started,
    shares_core,
    kill,
};

/// How long a leader that was woken spins for the replies that follow. Chosen with the bench `round-trip`.
const AWAKE: Duration = Duration::from_micros(20);

fn lane_of(pool: &Pool, location: TaskLocation) -> &Lane {
    &pool.lanes[location.lane]
}

unsafe fn poll(cell: RawTask) {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    complete_if_replied(cell, unsafe { RemoteTask::of(cell) });
}

/// Completes the task if its reply has come, or if its outcome is among the deferred ones. Never blocks.
#[inline]
fn complete_if_replied(cell: RawTask, remote: &RemoteTask) {
    let location = remote.location();
    let lane = lane_of(&remote.pool, location);
    if lane.shm.has_reply(location.seq) {
        lane.drain_until(&remote.pool, cell, location.seq);
    }
    if !remote.pool.deferred.is_empty() {
        while !cell.state.load().is_done() && remote.pool.run_deferred() {}
    }
}

unsafe fn sleep(cell: RawTask, until: Until, deadline: Option<Instant>) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    let pool = &*remote.pool;
    loop {
        let now = cell.state.load();
        if until.holds(now) {
            return true;
        }
        if now.is_done() {
            // The outcome stands. The waiter waits for the callbacks, which run now or are deferred.
            if pool.run_deferred() {
                continue;
            }
            return cell.state.sleep(until, deadline);
        }
        let location = remote.location();
        let lane = lane_of(pool, location);
        if lane.depth() > 1 && pool.lanes.len() > 1 {
            pool.rebalance();
        }
        match sleep_at(cell, remote, lane, location, deadline) {
            SleepOutcome::Notified => {}
            SleepOutcome::TimedOut => {
                complete_if_replied(cell, remote);
                return until.holds(cell.state.load());
            }
            SleepOutcome::NotBegun => {
                pool.check_lanes();
                continue;
            }
        }
        // Take the replies before ours, too: other threads may sleep for them. This also detects a protocol violation.
        if !cell.state.load().is_done() {
            lane.drain_some(pool);
        }
        let over = || {
            if lane.shm.has_reply(lane.shm.next()) {
                lane.drain_some(pool);
            }
            complete_if_replied(cell, remote);
            cell.state.load().is_done() || remote.location() != location
        };
        spin::spin_for(|| spin::budget(cell, AWAKE), over);
    }
}

/// How a sleep for a lane ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SleepOutcome {
    Notified,
    /// The deadline has passed.
    TimedOut,
    /// For some time the worker has not begun its next task.
    NotBegun,
}

/// Sleeps until a reply may have come, or the task is done or has moved. Holds no lock while it sleeps.
pub(in crate::process) fn sleep_at(
    cell: RawTask,
    remote: &RemoteTask,
    lane: &Lane,
    location: TaskLocation,
    deadline: Option<Instant>,
) -> SleepOutcome {
    let changed = || {
        cell.state.load().is_done()
            || remote.location() != location
            || !remote.pool.deferred.is_empty()
    };
    lane.wait_queue.enqueue(WaitFor::Task(cell), |queued| {
        // WAKE: the other ends are the worker after a reply, and the thread that completes, moves or fails the task.
        if !cell.state.set_remote_waiter() {
            return SleepOutcome::Notified;
        }
        lane.sleep(queued, changed, deadline, remote.pool.lanes.len() > 1)
    })
}

unsafe fn complete_some(cell: RawTask) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let pool = &*unsafe { RemoteTask::of(cell) }.pool;
    let some = |lane: &&Lane| lane.shm.has_reply(lane.shm.next()) && lane.drain_some(pool);
    pool.lanes.iter().filter(some).count() > 0 || pool.run_deferred()
}

unsafe fn request_completion(cell: RawTask) {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    loop {
        let location = remote.location();
        if request_completion_at(remote, location) || cell.state.load().is_done() {
            return;
        }
    }
}

/// Asks the completer to listen to the lane at `location`. `false`: the task has moved meanwhile.
fn request_completion_at(remote: &RemoteTask, location: TaskLocation) -> bool {
    lane_of(&remote.pool, location).request_completion(&remote.pool);
    // ORDERING: location.register-fence SeqCst -> pairs with the fence in `ParentEnd::publish`: a thread that moves the task
    // after our read finds the interest flag set, and sets that of the new lane.
    fence(SeqCst);
    remote.location() == location
}

/// Revokes the task, in whichever lane it is, and ends it with `end`. Returns whether it is cancelled now. `Err`: it runs, at that
/// location. Runs code of the user.
fn revoke_and_end(
    cell: RawTask,
    remote: &RemoteTask,
    end: impl Fn(Task) -> Option<crate::future::task::Ended> + Copy,
) -> Result<bool, TaskLocation> {
    if !cell.state.load().is_done() {
        let is_it = |raw| raw == cell;
        match revoke::revoke(&remote.pool, || remote.location(), is_it, end) {
            (RevokeOutcome::Revoked(ended), location) => {
                if ended
                    .as_ref()
                    .is_some_and(|ended| ended.has_remote_waiter())
                {
                    lane_of(&remote.pool, location).notify_waiter(cell);
                }
                drop(ended);
            }
            (RevokeOutcome::Running, location) => return Err(location),
            (RevokeOutcome::Gone, _) => {}
        }
    }
    Ok(cell.state.load().is_cancelled())
}

unsafe fn cancel(cell: RawTask) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    match revoke_and_end(cell, remote, Task::end_cancelled) {
        Ok(cancelled) => cancelled,
        Err(location) => {
            let lane = lane_of(&remote.pool, location);
            lane.shm.request_stop(location.seq);
            false
        }
    }
}

unsafe fn is_started(cell: RawTask) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    let location = remote.location();
    lane_of(&remote.pool, location).shm.is_claimed(location.seq)
}

unsafe fn shares_core(cell: RawTask) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    lane_of(&remote.pool, remote.location()).shm.shares_core()
}

unsafe fn kill(cell: RawTask) -> bool {
    // SAFETY: the extra of a cell with this vtable is a `RemoteTask`.
    let remote = unsafe { RemoteTask::of(cell) };
    match revoke_and_end(cell, remote, Task::end_cancelled) {
        Ok(cancelled) => cancelled,
        Err(location) => {
            remote.pool.supervisor_queue.send(Command::EndTask {
                location,
                cause: LostCause::Killed,
            });
            true
        }
    }
}

impl Lane {
    /// Sleeps in the lane's wait queue until it is notified, there is a reply to take, or the deadline has passed. `changed` is
    /// checked before each sleep; if it holds, the thread does not sleep. With `checks_lanes`, a leader wakes up early to check a
    /// worker that does not begin its next task. Called by waiters.
    pub fn sleep(
        &self,
        queued: &wait_queue::Queued<'_>,
        changed: impl Fn() -> bool,
        deadline: Option<Instant>,
        checks_lanes: bool,
    ) -> SleepOutcome {
        let outcome = |how| match how {
            FutexWait::TimedOut => SleepOutcome::TimedOut,
            _ => SleepOutcome::Notified,
        };
        if !queued.is_leader() {
            if changed() {
                return SleepOutcome::Notified;
            }
            let how = queued.sleep(deadline);
            if !queued.is_leader() {
                return outcome(how);
            }
        }
        let seen = self.shm.arm();
        let how = if changed() || self.has_reply() {
            SleepOutcome::Notified
        } else {
            let check_at = (checks_lanes && self.awaits_begin()).then(|| next_check(deadline));
            match (
                self.shm.sleep(seen, check_at.flatten().or(deadline)),
                check_at,
            ) {
                (FutexWait::TimedOut, Some(Some(_))) => SleepOutcome::NotBegun,
                (how, _) => outcome(how),
            }
        };
        self.shm.disarm();
        how
    }
}

impl Extra for RemoteTask {
    const REMOTE: Option<&'static RemoteVtable> = Some(&crate::process::pool::wait::REMOTE);

    fn name(&self) -> Option<&str> {
        self.options.as_ref()?.name.as_deref()
    }
}
