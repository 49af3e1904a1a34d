//! How what a worker runs in a guest is stopped, from another thread: a task that is interrupted, and a start function whose pool could
//! not be built.
//!
//! A guest that computes looks at the engine's epoch at each loop and call. When the epoch was raised, it asks [`Stop::goes_on`]. A
//! guest that waits in a call of the host sleeps in [`Stop::wait`], and a waker ends its sleep.
//!
//! # Steps
//! - The stopper says that the guest has to end: raddle marks the task as interrupted, or [`Stops::all`] marks the pool as ending. Then
//!   it calls [`Stop::wake`]; last it raises the epoch.
//! - The guest's thread sets the epoch at which the guest asks, in a new instance, and asks once itself. From then on it asks after each
//!   raise. In a wait it leaves its waker, then asks, then sleeps.
//!
//! # Invariant
//! Whoever asks takes the mutex of the waker, and the stopper takes it between its mark and the epoch. So one that asks after
//! the stopper had the mutex sees the mark. One that asked before has left its waker, if it waits; if it runs, the epoch at which the
//! guest asks again was set before the epoch is raised.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use wasmtime::Engine;
use wasmtime_wasi::runtime::in_tokio;

/// The task was interrupted.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Stops what one worker runs.
#[derive(Debug, Default)]
pub struct Stop {
    waker: Mutex<Option<Waker>>,
    /// The pool could not be built: what still starts has to end.
    is_ending: AtomicBool,
}

impl Stop {
    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the guest may go on. Asked on its worker's thread.
    pub fn goes_on(&self) -> bool {
        drop(self.waker());
        self.may()
    }

    /// After the mutex was taken. Relaxed: the mutex orders it.
    fn may(&self) -> bool {
        !raddle::isolate::interrupted() && !self.is_ending.load(Ordering::Relaxed)
    }

    /// Blocks until a call of the host is done, or what runs has to end.
    pub fn wait<F: Future>(&self, call: F) -> Result<F::Output, Interrupted> {
        let mut call = pin!(call);
        let done = in_tokio(poll_fn(|context| {
            *self.waker() = Some(context.waker().clone());
            if !self.may() {
                return Poll::Ready(Err(Interrupted));
            }
            call.as_mut().poll(context).map(Ok)
        }));
        *self.waker() = None;
        done
    }

    fn wake(&self) {
        let waker = self.waker().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Those of all workers.
#[derive(Clone, Debug)]
pub struct Stops(Arc<[Arc<Stop>]>);

impl Stops {
    pub fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Arc::default()).collect())
    }

    pub fn of(&self, worker: usize) -> Arc<Stop> {
        Arc::clone(&self.0[worker])
    }

    /// Stops the interrupted task of a worker. The guests of other workers ask too, and go on.
    pub fn interrupted(&self, worker: usize, engine: &Engine) {
        self.0[worker].wake();
        engine.increment_epoch();
    }

    /// Stops what all workers run.
    pub fn all(&self, engine: &Engine) {
        for stop in self.0.iter() {
            stop.is_ending.store(true, Ordering::Relaxed);
            stop.wake();
        }
        engine.increment_epoch();
    }
}
