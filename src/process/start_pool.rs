//! Builds a process pool: its lanes, its two threads and its workers.

use crate::error::BuildError;
use crate::process::pool::config::Config;
use crate::process::pool::lane::Lane;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::SupervisorQueue;
use crate::process::pool::{arena, completer};
use crate::process::supervisor;
use crate::process::supervisor::launch::launch_share;
use crate::sync::Arc;
use crate::sys::cgroup;
use crate::sys::events::{Event, Poller};
use std::sync::mpsc;

impl Pool {
    /// Starts the threads and the workers. Returns when all of them are ready. Called by the builder.
    ///
    /// # Errors
    /// What failed. The threads and workers that had been started have ended by then.
    pub fn start(config: Config, cores: &[Option<usize>]) -> Result<Arc<Self>, BuildError> {
        let system = |what| move |source| BuildError::System { what, source };
        let arena = arena::size(config.settings.arena, cores.len())?;
        let lanes = cores.iter().enumerate();
        let lanes = lanes
            .map(|(index, &core)| Lane::new(index, format!("{}-{index}", config.name), core, arena))
            .collect::<Result<_, _>>()
            .map_err(system("the memory of a lane"))?;
        let supervisor_queue = SupervisorQueue::new().map_err(system("a descriptor"))?;
        let completer_event = Event::new().map_err(system("a descriptor"))?;
        let completer_poller = Poller::new().map_err(system("a descriptor"))?;
        let pool = Arc::new(Self::of(
            config,
            lanes,
            supervisor_queue,
            completer_event,
            completer_poller,
        ));
        if cgroup::quota() == Some(1) {
            pool.lanes.iter().for_each(|lane| lane.shm.never_spin());
        }
        let (launched, launches) = mpsc::channel();
        let completer = completer::start(&pool, move |pool| launch_share(pool, &launched))
            .map_err(system("a thread"))?;
        pool.threads.lock().push(completer);
        let (supervisor, started) = match supervisor::start(&pool, launches) {
            Ok(started) => started,
            Err(source) => {
                pool.stop();
                pool.join();
                return Err(BuildError::System {
                    what: "a thread",
                    source,
                });
            }
        };
        pool.threads.lock().push(supervisor);
        match started.recv() {
            Ok(Ok(())) => Ok(pool),
            Ok(Err(error)) => {
                pool.join();
                Err(error)
            }
            Err(_) => {
                unreachable!("the supervisor reports the outcome of the start before it ends")
            }
        }
    }
}
