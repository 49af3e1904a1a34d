//! Starting workers. A worker ends with the thread that started it, so only the pool's own threads do.
//!
//! A thread that starts a process waits until that runs its program. At first, when all workers are needed at once, the
//! attendant starts every other one: two begin at a time. It outlives the supervisor, and so all workers. Replacements
//! are the supervisor's.

use crate::process::pool::lane::Lane;
use crate::process::pool::shared::Pool;
use crate::process::worker::start::{Launch, StartError, Started, start_worker};
use crate::sys::events::Event;
use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc;

/// A worker's place, and what came of starting it.
pub type Launched = (usize, Result<Started, StartError>);

/// Starts the worker of a lane, for as long as this thread lives.
pub fn launch(pool: &Pool, at: usize) -> Result<Started, StartError> {
    let lane = &pool.lanes[at];
    lane.renew_event(pool)
        .map_err(StartError::system("making its event"))?;
    let replies = lane.files.replies.lock();
    let event = lane.event.lock();
    let first = lane.shm.lock().next();
    start_worker(&Launch {
        name: &lane.worker.name,
        settings: &pool.config.settings,
        core: lane.core,
        requests: lane.files.requests.as_fd(),
        replies: replies.as_fd(),
        event: event.as_fd(),
        first: first.0,
    })
}

/// Is this one of the first workers that the attendant starts?
fn is_completers(at: usize) -> bool {
    at % 2 == 1
}

/// The places of the first workers that the supervisor starts itself.
pub fn own_share(pool: &Pool) -> impl Iterator<Item = usize> + use<> {
    (0..pool.lanes.len()).filter(|&at| !is_completers(at))
}

/// The attendant's part of the start.
pub fn launch_share(pool: &Pool, to: &mpsc::Sender<Launched>) {
    for at in (0..pool.lanes.len()).filter(|&at| is_completers(at)) {
        if pool.is_over() {
            return;
        }
        if let Err(mpsc::SendError((_, Ok(started)))) = to.send((at, launch(pool, at))) {
            // The pool is not built, and nobody else knows of this worker.
            let _ = started.process.signal(libc::SIGKILL);
            let _ = started.process.wait_for_end();
            return;
        }
    }
}

impl Lane {
    /// An event for the next worker.
    ///
    /// # Errors
    /// What the system says.
    pub fn renew_event(&self, pool: &Pool) -> io::Result<()> {
        let fresh = Event::new()?;
        pool.completer_poller
            .add_foreign(&fresh, self.index as u64)?;
        let old = std::mem::replace(&mut *self.event.lock(), fresh);
        pool.completer_poller.remove(&old);
        Ok(())
    }
}
