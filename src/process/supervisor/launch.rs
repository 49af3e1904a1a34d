//! Starts workers. A worker ends when the *thread* that started it ends, so only the pool's own threads start workers.
//!
//! A thread that starts a process waits until that process runs its program. When the pool is built and all workers are needed at
//! once, the completer starts every other worker: two start at a time. The completer outlives the supervisor, and so outlives all workers, too.
//! The supervisor starts the others, and all replacements.

use crate::process::pool::lane::Lane;
use crate::process::pool::shared::Pool;
use crate::process::worker::start::{Launch, StartError, Started, start_worker};
use crate::sys::events::Event;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc;

/// The index of a worker's lane, and the outcome of its start.
pub type Launched = (usize, Result<Started, StartError>);

/// Starts the worker of a lane. The worker ends when the calling thread ends. Called by the supervisor, and by the completer when
/// the pool is built. Takes the lane's lock.
pub fn launch(pool: &Pool, at: usize) -> Result<Started, StartError> {
    let lane = &pool.lanes[at];
    lane.renew_event(pool)
        .map_err(StartError::system("making its event"))?;
    let replies = lane.files.replies.lock();
    let event = lane.event.lock();
    let first = lane.shm.lock().next();
    start_worker(&Launch {
        index: at,
        name: &lane.worker.name,
        settings: &pool.config.settings,
        core: lane.core,
        requests: lane.files.requests.as_fd(),
        replies: replies.as_fd(),
        event: event.as_fd(),
        first: first.0,
    })
}

/// Is this one of the first workers that the completer starts?
fn is_completers(at: usize) -> bool {
    at % 2 == 1
}

/// The indexes of the first workers that the supervisor starts.
pub fn own_share(pool: &Pool) -> impl Iterator<Item = usize> + use<> {
    (0..pool.lanes.len()).filter(|&at| !is_completers(at))
}

/// Starts the completer's share of the first workers, and sends the outcomes to the supervisor. Called by the completer.
pub fn launch_share(pool: &Pool, to: &mpsc::Sender<Launched>) {
    for at in (0..pool.lanes.len()).filter(|&at| is_completers(at)) {
        if pool.is_over() {
            return;
        }
        if let Err(mpsc::SendError((_, Ok(started)))) = to.send((at, launch(pool, at))) {
            // The supervisor has ended without this worker: the pool is not built. End the worker here.
            let _ = started.process.signal(libc::SIGKILL);
            let _ = started.process.wait_for_end();
            return;
        }
    }
}

impl Lane {
    /// Makes an event for the next worker, and replaces the old one in the completer's poller. Called before each start.
    ///
    /// # Errors
    /// The system refused it.
    pub fn renew_event(&self, pool: &Pool) -> io::Result<()> {
        let fresh = Event::new()?;
        pool.completer_poller
            .add_foreign(&fresh, self.index as u64)?;
        let old = std::mem::replace(&mut *self.event.lock(), fresh);
        pool.completer_poller.remove(&old);
        Ok(())
    }
}
