//! Stopping what a guest in WebAssembly runs: beside its begin, as it computes, as it sleeps, and as it ends. The protocol is that of
//! raddle-wasm, from its own source. The epoch, and the deadline that a guest compares it with, are wasmtime's.

use super::cell_kit::Kit;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::{Arc, Mutex, thread};
use crate::{Loom, Scenario, Shuttle};
use signal::Signal;

#[allow(dead_code)]
#[path = "../../../wasm/src/signal.rs"]
mod signal;

/// As `wasm/src/sync.rs`.
mod sync {
    pub use crate::sync::atomic::{AtomicBool, Ordering};
    pub use crate::sync::{Mutex, MutexGuard};

    pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock()
    }
}

/// One worker, and the epoch of its engine.
struct World {
    signal: Signal,
    mark: AtomicU32,
    epoch: AtomicU32,
}

impl World {
    fn is_marked(&self) -> bool {
        self.mark.load(Relaxed) == 1
    }

    fn raise(&self) {
        self.epoch.fetch_add(1, Relaxed);
    }

    fn deadline(&self) -> u32 {
        self.epoch.load(Relaxed) + 1
    }

    /// A loop or a call of a guest. Whether it goes on.
    fn check(&self, deadline: &mut u32) -> bool {
        if self.epoch.load(Relaxed) < *deadline {
            return true;
        }
        if !self.signal.asks(|| self.is_marked()) {
            return false;
        }
        *deadline = self.deadline();
        true
    }

    /// Stops the guest, with one raise of the epoch.
    fn stop_once(&self) -> Option<u64> {
        self.mark.store(1, Relaxed);
        let run = self.signal.stop();
        self.raise();
        run
    }

    fn repeat(&self, run: Option<u64>) {
        while run.is_some_and(|run| self.signal.may_miss(run)) {
            self.raise();
            thread::yield_now();
        }
    }

    fn stop(&self) {
        let run = self.stop_once();
        self.repeat(run);
    }
}

fn world() -> [Arc<World>; 3] {
    let world = Arc::new(World {
        signal: Signal::new(),
        mark: AtomicU32::new(0),
        epoch: AtomicU32::new(0),
    });
    [Arc::clone(&world), Arc::clone(&world), world]
}

/// A guest that never ends, as its instance is made and as it computes, beside a stopper.
const BEGINS: Scenario = Scenario {
    name: "wasm_signal/begins",
    test: "wasm_signal::begins",
    shows: "a stop is seen by the guest, whether it comes before its deadline is set or after",
    must: &["kept from beginning", "stopped"],
    loom: Loom::bound(3).at_least(230),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let [guest, theirs, _] = world();
        let stopper = thread::spawn(move || theirs.stop());
        let mut deadline = guest.deadline();
        let came_to = if guest.signal.begins(|| guest.is_marked()) {
            while guest.check(&mut deadline) {
                thread::yield_now();
            }
            guest.signal.returns();
            "stopped"
        } else {
            "kept from beginning"
        };
        stopper.join().unwrap();
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// A guest that never ends, while the task of another worker is stopped too.
const TWO_STOPS: Scenario = Scenario {
    name: "wasm_signal/two_stops",
    test: "wasm_signal::two_stops",
    shows: "a stop is not lost as the guest asks for the sake of another worker's",
    must: &["stopped"],
    threads: 3,
    loom: Loom::bound(2).at_least(1_700),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let [guest, theirs, others] = world();
        let mut deadline = guest.deadline();
        let stopper = thread::spawn(move || theirs.stop());
        let other = thread::spawn(move || others.raise());
        while guest.check(&mut deadline) {
            thread::yield_now();
        }
        guest.signal.returns();
        stopper.join().unwrap();
        other.join().unwrap();
        out.saw("stopped");
    },
    ..Scenario::EMPTY
};

/// A guest that ends by itself as it is stopped, and the next one, which asks too. The killer holds the turn of the isolate, as in
/// `interrupt`: the next task begins when it has given it back.
const ENDS: Scenario = Scenario {
    name: "wasm_signal/ends",
    test: "wasm_signal::ends",
    shows: "a stopper that raises the epoch again ends with the guest that it stops, whatever the next one does",
    must: &["stopped", "over"],
    threads: 3,
    loom: Loom::bound(2).at_least(230),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let [guest, theirs, others] = world();
        let turn = Arc::new(Mutex::new(false));
        let of_stopper = Arc::clone(&turn);
        let mut deadline = guest.deadline();
        let stopper = thread::spawn(move || {
            let is_over = of_stopper.lock();
            if !*is_over {
                let run = theirs.stop_once();
                drop(is_over);
                theirs.repeat(run);
            }
        });
        let other = thread::spawn(move || others.raise());
        let went_on = guest.check(&mut deadline);
        guest.signal.returns();
        *turn.lock() = true;
        // The next task has a mark of its own, which is not made.
        assert!(guest.signal.asks(|| false));
        stopper.join().unwrap();
        other.join().unwrap();
        out.saw(if went_on { "over" } else { "stopped" });
    },
    ..Scenario::EMPTY
};

/// A guest that waits for what does not come.
const SLEEPS: Scenario = Scenario {
    name: "wasm_signal/sleeps",
    test: "wasm_signal::sleeps",
    shows: "a guest that sleeps is woken, or has not slept",
    must: &["kept from sleeping", "woken"],
    loom: Loom::bound(3).at_least(150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let [guest, theirs, _] = world();
        let stopper = thread::spawn(move || theirs.stop());
        let kit = Kit::new();
        let sleeper = kit.waker();
        let mut came_to = "kept from sleeping";
        while guest
            .signal
            .sleeps(&sleeper.as_waker(), || guest.is_marked())
        {
            sleeper.wait();
            came_to = "woken";
        }
        guest.signal.woke();
        stopper.join().unwrap();
        drop((sleeper, guest));
        kit.finish();
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// A broken stopper, which raises the epoch once.
const ONE_RAISE: Scenario = Scenario {
    name: "wasm_signal/one_raise",
    test: "wasm_signal::one_raise",
    shows: "raised once, the epoch can be raised before the deadline is set above it",
    may: &["stopped"],
    must_fail: Some("missed"),
    threads: 3,
    loom: Loom::bound(2),
    body: |out| {
        let [guest, theirs, others] = world();
        let mut deadline = guest.deadline();
        let stopper = thread::spawn(move || theirs.stop_once());
        let other = thread::spawn(move || others.raise());
        let went_on = guest.check(&mut deadline);
        stopper.join().unwrap();
        other.join().unwrap();
        assert!(!went_on || !guest.check(&mut deadline), "missed");
        out.saw("stopped");
    },
    ..Scenario::EMPTY
};

/// A broken guest, which asks before its deadline is set.
const BEGINS_EARLY: Scenario = Scenario {
    name: "wasm_signal/begins_early",
    test: "wasm_signal::begins_early",
    shows: "asked for before the deadline is set, a stop can come in between",
    may: &["stopped"],
    must_fail: Some("missed"),
    loom: Loom::bound(3),
    body: |out| {
        let [guest, theirs, _] = world();
        let stopper = thread::spawn(move || theirs.stop_once());
        let begins = guest.signal.begins(|| guest.is_marked());
        let mut deadline = guest.deadline();
        stopper.join().unwrap();
        assert!(!begins || !guest.check(&mut deadline), "missed");
        out.saw("stopped");
    },
    ..Scenario::EMPTY
};

/// A broken guest, which looks at the mark before it leaves its waker.
const SLEEPS_EARLY: Scenario = Scenario {
    name: "wasm_signal/sleeps_early",
    test: "wasm_signal::sleeps_early",
    shows: "looked at before the waker is left, a mark can come in between",
    may: &["woken"],
    must_fail: Some("missed"),
    loom: Loom::bound(3),
    body: |out| {
        let [guest, theirs, _] = world();
        let stopper = thread::spawn(move || theirs.stop());
        let sleeper = Kit::new().waker();
        let was_marked = guest.is_marked();
        let sleeps = guest.signal.sleeps(&sleeper.as_waker(), || was_marked);
        stopper.join().unwrap();
        assert!(!sleeps || sleeper.wakes() > 0, "missed");
        out.saw("woken");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    BEGINS,
    TWO_STOPS,
    ENDS,
    SLEEPS,
    ONE_RAISE,
    BEGINS_EARLY,
    SLEEPS_EARLY,
];
