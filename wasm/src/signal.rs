//! [`Signal`]: how what a worker runs in a guest learns that it has to end, from another thread.
//!
//! A guest that computes compares the engine's epoch, at each loop and call, with a deadline of its own. The epoch is one word for all
//! workers. When it has reached the deadline the guest asks, and goes on with a deadline above the epoch, or ends. A guest that waits
//! in a call of the host sleeps, and a waker ends its sleep.
//!
//! # The words
//! - The *mark* says that a guest has to end: that its task was interrupted (a word of raddle), or that its pool is ending (`is_ending`).
//! - Under one mutex: the *waker* of a guest that sleeps; *asked*, that the guest has asked and has set its deadline afterwards, or will;
//!   and the number of the *run*.
//!
//! # Steps
//!
//! | Thread | Steps, in this order | Method |
//! |---|---|---|
//! | guest, in a new instance | sets the deadline; takes the mutex; looks at the mark | [`Signal::begins`] |
//! | guest, at its deadline | takes the mutex and sets `asked`; looks at the mark; sets the next deadline (wasmtime does, after it was told to go on) | [`Signal::asks`] |
//! | guest, that waits | takes the mutex and leaves its waker; looks at the mark; sleeps | [`Signal::sleeps`] |
//! | guest, as it returns | takes the mutex; resets `asked`; counts the run. Not needed if it has not asked | [`Signal::returns`] |
//! | stopper | makes the mark; takes the mutex, and with it the waker; wakes; raises the epoch | [`Signal::stop`] |
//! | stopper, if `asked` was set | raises the epoch again and again, while the run is the same and `asked` is set | [`Signal::may_miss`] |
//!
//! # Invariants
//! - A guest that takes the mutex after the stopper sees the mark. So in each of the following cases it took it before.
//! - A guest that sleeps has left its waker.
//! - A guest that began has set its deadline before it took the mutex, and so before the epoch is raised: it asks.
//! - A guest that has asked may set its deadline after the epoch was raised, above it. The stopper has found `asked` set, and raises the
//!   epoch until the guest has asked again and returns.
//!
//! Models: `verify/src/scenarios/wasm_signal.rs`.

use super::sync::{AtomicBool, Mutex, Ordering::Relaxed, lock};
use std::task::Waker;

/// The signal of one worker.
pub struct Signal {
    inside: Mutex<Inside>,
    is_ending: AtomicBool,
}

struct Inside {
    waker: Option<Waker>,
    asked: bool,
    run: u64,
}

impl Signal {
    pub fn new() -> Self {
        Self {
            inside: Mutex::new(Inside {
                waker: None,
                asked: false,
                run: 0,
            }),
            is_ending: AtomicBool::new(false),
        }
    }

    /// Whether a guest may begin, whose deadline is set.
    pub fn begins(&self, is_interrupted: impl FnOnce() -> bool) -> bool {
        drop(lock(&self.inside));
        self.goes_on(is_interrupted)
    }

    /// Whether a guest may go on, whose next deadline will be set.
    pub fn asks(&self, is_interrupted: impl FnOnce() -> bool) -> bool {
        lock(&self.inside).asked = true;
        self.goes_on(is_interrupted)
    }

    /// Whether a guest may sleep. `waker` ends its sleep.
    pub fn sleeps(&self, waker: &Waker, is_interrupted: impl FnOnce() -> bool) -> bool {
        lock(&self.inside).waker = Some(waker.clone());
        self.goes_on(is_interrupted)
    }

    /// The sleep is over.
    pub fn woke(&self) {
        lock(&self.inside).waker = None;
    }

    /// A guest that has asked is over.
    pub fn returns(&self) {
        let mut inside = lock(&self.inside);
        inside.asked = false;
        inside.run += 1;
    }

    /// The caller has taken the mutex since the guest did what it did.
    fn goes_on(&self, is_interrupted: impl FnOnce() -> bool) -> bool {
        // ORDERING: signal.look Relaxed: the mutex orders it after the mark.
        !is_interrupted() && !self.is_ending.load(Relaxed)
    }

    /// Marks that all of the worker's guests have to end.
    pub fn end(&self) {
        // ORDERING: signal.end Relaxed: the mutex, which the caller takes in `stop`, passes it on.
        self.is_ending.store(true, Relaxed);
    }

    /// After the mark, and before the epoch is raised. If it returns the number of a run, that may miss it.
    pub fn stop(&self) -> Option<u64> {
        let mut inside = lock(&self.inside);
        let run = inside.asked.then_some(inside.run);
        let waker = inside.waker.take();
        drop(inside);
        if let Some(waker) = waker {
            waker.wake();
        }
        run
    }

    /// Whether this run goes on and may have missed the last raise of the epoch.
    pub fn may_miss(&self, run: u64) -> bool {
        let inside = lock(&self.inside);
        inside.asked && inside.run == run
    }
}
