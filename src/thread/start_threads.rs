//! Starting the threads of a pool: its workers, and spares for those that block.

use super::shared::Shared;
use super::threads::{FRESH, Threads, WorkerToken};
use super::worker::Worker;
use crate::error::BuildError;
use crate::future::block;
use crate::sync::atomic::Ordering::*;
use crate::sync::{Arc, FutexWait, futex, thread};
use crate::sys::limits;
use crate::sys::refusal::refused;

impl Threads {
    /// Starts the worker threads. Waits until all are ready if one may fail to begin. On failure the caller closes the
    /// pool and waits for its end.
    pub fn start(shared: &Arc<Shared>) -> Result<(), BuildError> {
        let threads = &shared.threads;
        for index in 0..threads.workers {
            let token = WorkerToken { index, gap: FRESH };
            let name = shared.workers[index].info.name.to_string();
            if let Err(source) = Self::spawn(shared, name, Some(token)) {
                let limit = limits::processes();
                // Tokens that no thread holds count as retired.
                threads.registry.lock().retired += threads.workers - index;
                return Err(BuildError::Thread {
                    worker: index,
                    started: index,
                    limit,
                    source,
                });
            }
        }
        if !shared.can_begin_fail() {
            return Ok(());
        }
        let limit = shared.config.start_timeout;
        let deadline = limit.and_then(block::deadline);
        loop {
            // ORDERING: threads.begun-look Acquire -> pairs with threads.begun: what the workers' hooks did.
            let begun = threads.begun.load(Acquire);
            if begun as usize == threads.workers {
                break;
            }
            // WAKE: the other end is Threads::report_begun.
            if futex::wait(&threads.begun, begun, deadline) == FutexWait::TimedOut {
                return Err(BuildError::StartTimeout {
                    ready: begun as usize,
                    workers: threads.workers,
                    limit: limit.unwrap_or_default(),
                });
            }
        }
        threads.registry.lock().unfit.take().map_or(Ok(()), Err)
    }

    /// Starts a thread with a token, or a spare. It counts in `live` until it has ended.
    fn spawn(
        shared: &Arc<Shared>,
        name: String,
        token: Option<WorkerToken>,
    ) -> std::io::Result<()> {
        let threads = &shared.threads;
        // ORDERING: threads.live-up Relaxed: the thread counts down, and it starts after this.
        threads.live.fetch_add(1, Relaxed);
        let mine = Arc::clone(shared);
        let handle = thread::spawn_with(name, shared.config.stack_size, move || {
            Worker::run_thread(&mine, token);
            mine.threads.leave();
        });
        match handle {
            Ok(handle) => {
                let mut registry = threads.registry.lock();
                registry
                    .handles
                    .retain(|handle| !thread::is_finished(handle));
                registry.handles.push(handle);
                Ok(())
            }
            Err(error) => {
                threads.leave();
                // The standard library tells of a stack that cannot be mapped as of a thread too many.
                let stack = shared.config.stack_size.unwrap_or(0);
                match limits::try_reserve(stack.max(1)) {
                    Err(error) => {
                        let step =
                            format!("mmap of a stack of {stack} bytes (the pool's `stack_size`)");
                        Err(refused(&step)(error))
                    }
                    Ok(()) => Err(refused("clone3")(error)),
                }
            }
        }
    }

    /// A worker that is about to block lends its token. A waiting spare is notified, or a new one started. Returns the token's
    /// number of takeovers, for [`reclaim`](Self::reclaim). `Err`: there is no spare to take it; the token comes back,
    /// with the reason.
    pub fn lend(shared: &Arc<Shared>, token: WorkerToken) -> Result<u32, (WorkerToken, String)> {
        let threads = &shared.threads;
        let index = token.index;
        let mut registry = threads.registry.lock();
        let takeovers = registry.takeovers[index];
        if registry.waiting <= registry.lent.len() {
            if registry.spares >= shared.config.max_spares {
                let reason = format!(
                    "the pool has its {} spares (max_spares) already",
                    registry.spares
                );
                return Err((token, reason));
            }
            registry.spares += 1;
            registry.lent.push(token);
            drop(registry);
            let name = format!("{}-spare", shared.config.name);
            if let Err(error) = Self::spawn(shared, name, None) {
                let mut registry = threads.registry.lock();
                registry.spares -= 1;
                // If another spare has taken the token meanwhile, the lending has succeeded.
                let at = registry.lent.iter().position(|token| token.index == index);
                if let Some(at) = at {
                    return Err((registry.lent.swap_remove(at), error.to_string()));
                }
            }
            return Ok(takeovers);
        }
        registry.lent.push(token);
        drop(registry);
        threads.notify_spares(false);
        Ok(takeovers)
    }
}
