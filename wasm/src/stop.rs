//! [`Stops`]: stops what the workers of a pool run in their guests. [`signal`](crate::signal) has the protocol.

use crate::signal::Signal;
use raddle::isolate::interrupted;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use wasmtime::Engine;
use wasmtime_wasi::runtime::in_tokio;

/// What runs in the guest was stopped.
#[derive(Debug)]
pub struct Interrupted;

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// The signal of one worker, as its guests see it.
#[derive(Clone)]
pub struct Stop(Arc<Signal>);

impl Stop {
    pub fn new() -> Self {
        Self(Arc::new(Signal::new()))
    }

    /// Whether a guest may begin, whose deadline is set.
    pub fn begins(&self) -> bool {
        self.0.begins(interrupted)
    }

    /// Whether a guest may go on that has come to its deadline. To be followed by [`returns`](Self::returns) at its end.
    pub fn asks(&self) -> bool {
        self.0.asks(interrupted)
    }

    /// A guest that has asked is over.
    pub fn returns(&self) {
        self.0.returns();
    }

    /// Blocks until a call of the host is done, or what runs has to end.
    pub fn wait<F: Future>(&self, call: F) -> Result<F::Output, Interrupted> {
        let mut call = pin!(call);
        let done = in_tokio(poll_fn(|context| {
            if !self.0.sleeps(context.waker(), interrupted) {
                return Poll::Ready(Err(Interrupted));
            }
            call.as_mut().poll(context).map(Ok)
        }));
        self.0.woke();
        done
    }
}

/// Those of all workers.
#[derive(Clone)]
pub struct Stops(Arc<[Stop]>);

/// The first and the longest pause between two raises of the epoch.
const PAUSES: [Duration; 2] = [Duration::from_micros(50), Duration::from_millis(10)];

impl Stops {
    pub fn new(workers: usize) -> Self {
        Self((0..workers).map(|_| Stop::new()).collect())
    }

    pub fn of(&self, worker: usize) -> Stop {
        self.0[worker].clone()
    }

    /// Stops the task of a worker, which was interrupted. The guests of the other workers ask too, and go on.
    pub fn interrupted(&self, worker: usize, engine: &Engine) {
        stop(&self.0[worker].0, engine);
    }

    /// Stops what all workers run.
    pub fn all(&self, engine: &Engine) {
        for one in self.0.iter() {
            one.0.end();
            stop(&one.0, engine);
        }
    }
}

/// After the mark.
fn stop(signal: &Arc<Signal>, engine: &Engine) {
    let run = signal.stop();
    engine.increment_epoch();
    let Some(run) = run else {
        return;
    };
    // The guest may be about to set a deadline above the epoch. That takes less than a microsecond, unless its thread is off its core. The
    // stopper does not wait for that.
    let (theirs, of_engine) = (Arc::clone(signal), engine.clone());
    let again = move || {
        let [mut pause, longest] = PAUSES;
        while theirs.may_miss(run) {
            of_engine.increment_epoch();
            thread::sleep(pause);
            pause = longest.min(pause * 2);
        }
    };
    let name = "raddle-wasm-stop".to_owned();
    if let Err(again) = thread::Builder::new()
        .name(name)
        .spawn(again.clone())
        .map_err(|_| again)
    {
        // There is no thread to be had.
        again();
    }
}
