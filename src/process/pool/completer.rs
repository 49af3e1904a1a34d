//! The completer: the pool's thread that completes the tasks that no thread waits for. These are tasks with callbacks or wakers,
//! members of wait sets, and tasks whose handle is gone. It listens to a lane from a completion request
//! ([`interest`](crate::process::pool::interest)) until the lane is empty. It is the only thread of the pool that runs code of the
//! user, and it also moves waiting tasks to idle workers.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::process::pool::lane::Lane;
use crate::process::pool::rebalance::next_check;
use crate::process::pool::shared::Pool;
use crate::sync::atomic::{Ordering::*, fence};
use crate::sync::{Arc, thread};
use crate::sys::refusal::refused;
use std::cell::Cell;
use std::io;
use std::time::Instant;

const EVENT: u64 = u64::MAX;

std::thread_local! {
    /// The address of the pool whose completer this thread is; else 0.
    static COMPLETES: Cell<usize> = const { Cell::new(0) };
}

/// Is this thread the pool's completer? The completer cannot wait for its own end.
pub fn is_this_thread(pool: &Pool) -> bool {
    COMPLETES.with(Cell::get) == std::ptr::from_ref(pool).addr()
}

/// Starts the thread. It runs `first`, then [`run`]. Called when the pool is built.
pub fn start(
    pool: &Arc<Pool>,
    first: impl FnOnce(&Pool) + Send + 'static,
) -> io::Result<thread::JoinHandle<()>> {
    pool.completer_poller.add(&pool.completer_event, EVENT)?;
    let shared = Arc::clone(pool);
    let name = format!("{}-completer", pool.config.name);
    thread::spawn_with(name, None, move || {
        COMPLETES.with(|of| of.set(std::ptr::from_ref(&*shared).addr()));
        first(&shared);
        run(&shared, |until| {
            let events = shared.completer_poller.wait(until);
            if events.is_none_or(|events| events.contains(&EVENT)) {
                shared.completer_event.drain();
            }
            until.is_some_and(|until| until <= Instant::now())
        });
    })
    .map_err(refused("clone3"))
}

/// The thread's loop, which ends when the supervisor has stopped the pool. `wait` blocks until the pool's event or the event of
/// a lane is notified, or until the time that it is given. It returns whether that time has come.
pub(in crate::process) fn run(pool: &Pool, mut wait: impl FnMut(Option<Instant>) -> bool) {
    let mut check_at = None;
    while !pool.has_stopped() {
        // ORDERING: backlog.look Relaxed: the flag is set before the event is notified.
        check_at = match pool.backlog.load(Relaxed) || awaits_begin(pool) {
            true => check_at.or_else(|| next_check(None)),
            false => None,
        };
        if wait(check_at) {
            check_at = None;
            pool.check_lanes();
        }
        while pool.run_deferred() {}
        for lane in &pool.lanes {
            if lane.interest.is_set() {
                lane.serve_interest(pool);
            }
        }
        check_backlog(pool);
        if pool.is_closed() && pool.is_drained() {
            pool.supervisor_queue.notify();
        }
    }
    while pool.run_deferred() {}
    pool.end();
}

/// Is there a lane that the completer listens to, and whose worker has not begun its next task? The completer checks this again
/// after each reply in such a lane and after each request to complete a task.
fn awaits_begin(pool: &Pool) -> bool {
    let mut lanes = pool.lanes.iter();
    pool.lanes.len() > 1
        && lanes.any(|lane| lane.interest.is_set() && lane.awaits_begin() && !lane.is_empty())
}

/// Moves what waits, and clears the pool's backlog flag when no lane has a backlog. Called by the completer.
pub(in crate::process) fn check_backlog(pool: &Pool) {
    // ORDERING: backlog.again Relaxed: as backlog.look.
    if !pool.backlog.load(Relaxed) {
        return;
    }
    pool.rebalance();
    let crowded = || pool.lanes.iter().any(Lane::has_backlog);
    if !crowded() {
        // ORDERING: backlog.off Relaxed: the fence orders it.
        pool.backlog.store(false, Relaxed);
        // ORDERING: backlog.fence SeqCst -> pairs with the fence in `ParentEnd::publish` and with backlog.stranded-fence: a
        // submitter, or the supervisor that recovers a lane, finds the flag clear, or we find what waits.
        fence(SeqCst);
        if crowded() {
            // ORDERING: backlog.on Relaxed: this thread alone sleeps depending on it.
            pool.backlog.store(true, Relaxed);
        }
    }
}

impl Lane {
    /// Completes the replies that are there. Afterwards either the worker's next reply notifies the lane's event, or the lane is
    /// empty and its interest flag is clear. Called by the completer.
    pub fn serve_interest(&self, pool: &Pool) {
        loop {
            // WAKE: the other end is the worker, which notifies the event after a reply.
            self.shm.arm_event();
            while self.drain_replies(pool, 64) {}
            if self.depth() != 0 {
                return;
            }
            if self.interest.try_clear(|| self.depth() == 0) {
                self.shm.disarm_event();
                return;
            }
        }
    }
}
