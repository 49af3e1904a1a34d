//! The thread that completes what nobody waits for: futures with callbacks or wakers, members of wait sets, and tasks
//! whose handle is gone. It listens to a lane from the moment that somebody asked for it until the lane is empty.
//! Models: `verify/src/scenarios/remote.rs`.

use super::lane::Lane;
use super::pool::Pool;
use super::supervisor::launch::{Launched, launch_share};
use crate::sync::atomic::{Ordering::*, fence};
use crate::sync::{Arc, thread};
use crate::sys::refusal::refused;
use std::cell::Cell;
use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a pool is looked through whose lanes hold more than their workers run, for one that has become idle
/// unheard, and for one that does not begin what is next.
const TEND: Duration = Duration::from_millis(5);

/// When somebody who sleeps until the deadline looks at a worker that does not begin what is next, if that is before it.
pub fn soon(deadline: Option<Instant>) -> Option<Instant> {
    let soon = Instant::now().checked_add(TEND)?;
    deadline
        .is_none_or(|deadline| soon < deadline)
        .then_some(soon)
}

const BELL: u64 = u64::MAX;

std::thread_local! {
    /// The pool whose attendant this thread is: its address.
    static OF: Cell<usize> = const { Cell::new(0) };
}

/// Is this thread the pool's attendant? It cannot wait for its own end.
pub fn is_me(pool: &Pool) -> bool {
    OF.with(Cell::get) == std::ptr::from_ref(pool).addr()
}

/// `launched`: where to tell of the workers that this thread starts.
pub fn start(
    pool: &Arc<Pool>,
    launched: mpsc::Sender<Launched>,
) -> io::Result<thread::JoinHandle<()>> {
    pool.ears.add(&pool.bell, BELL)?;
    let shared = Arc::clone(pool);
    let name = format!("{}-attend", pool.config.name);
    thread::spawn_with(name, None, move || {
        OF.with(|of| of.set(std::ptr::from_ref(&*shared).addr()));
        launch_share(&shared, &launched);
        drop(launched);
        attend(&shared, |until| {
            let rung = shared.ears.wait(until);
            if rung.is_none_or(|rung| rung.contains(&BELL)) {
                shared.bell.hear();
            }
            until.is_some_and(|until| until <= Instant::now())
        });
    })
    .map_err(refused("clone3"))
}

/// The thread's life. `wait` returns when the pool's bell or a lane's event has been rung since it returned last, or (it
/// says) the time has come.
pub(super) fn attend(pool: &Pool, mut wait: impl FnMut(Option<Instant>) -> bool) {
    let mut look = None;
    while !pool.has_stopped() {
        // ORDERING: backlog.look Relaxed: set before the bell is rung.
        look = match pool.backlog.load(Relaxed) || awaits_begin(pool) {
            true => look.or_else(|| soon(None)),
            false => None,
        };
        if wait(look) {
            look = None;
            pool.tend();
        }
        while pool.ready.serve(pool) {}
        for lane in &pool.lanes {
            if lane.ear.is_engaged() {
                lane.listen(pool);
            }
        }
        tend_backlog(pool);
        if pool.is_closed() && pool.is_drained() {
            pool.desk.ring();
        }
    }
    while pool.ready.serve(pool) {}
    pool.end();
}

/// Is there a lane that the attendant listens to, and whose worker has not begun what is next? Each answer there brings the
/// attendant here again, and so does each task that somebody wants it to complete.
fn awaits_begin(pool: &Pool) -> bool {
    let mut lanes = pool.lanes.iter();
    pool.lanes.len() > 1
        && lanes.any(|lane| lane.ear.is_engaged() && lane.awaits_begin() && !lane.is_empty())
}

pub(super) fn tend_backlog(pool: &Pool) {
    // ORDERING: backlog.again Relaxed: as backlog.look.
    if !pool.backlog.load(Relaxed) {
        return;
    }
    pool.balance();
    let crowded = || pool.lanes.iter().any(Lane::is_crowded);
    if !crowded() {
        // ORDERING: backlog.off Relaxed: the fence orders it.
        pool.backlog.store(false, Relaxed);
        // ORDERING: backlog.fence SeqCst -> pairs with the fence in `Parent::publish` and with backlog.orphans-fence: a
        // submitter, or who buries a worker, finds the mark gone, or we find what waits.
        fence(SeqCst);
        if crowded() {
            // ORDERING: backlog.on Relaxed: only this thread looks at it and sleeps.
            pool.backlog.store(true, Relaxed);
        }
    }
}
