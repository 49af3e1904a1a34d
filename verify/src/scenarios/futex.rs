//! The futex as raddle uses it: sleep on a word, change it, wake. This checks the modelled futex itself
//! as much as the handshake: all other models rely on it.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, FutexWait, futex, thread};
use crate::{Loom, Scenario, Shuttle};
use std::time::{Duration, Instant};

const EMPTY: u32 = 0;
const SLEEPING: u32 = 1;
const DONE: u32 = 2;

/// A word with a sleeper bit and the data that it publishes.
struct Slot {
    word: AtomicU32,
    data: UnsafeCell<u32>,
}

// SAFETY: the data is written before the word says DONE and read only after it was seen; loom checks it.
unsafe impl Sync for Slot {}
// SAFETY: as above.
unsafe impl Send for Slot {}

impl Slot {
    fn new() -> Self {
        Self {
            word: AtomicU32::new(EMPTY),
            data: UnsafeCell::new(0),
        }
    }

    fn put(&self, value: u32) {
        self.data.with_mut(|data| {
            // SAFETY: not read before DONE.
            unsafe { *data = value }
        });
        if self.word.swap(DONE, Ordering::Release) == SLEEPING {
            futex::wake_all(&raw const self.word);
        }
    }

    /// Waits and takes; says how the last sleep ended, if there was one.
    fn take(&self, deadline: Option<Instant>) -> (Option<u32>, Option<FutexWait>) {
        let mut last = None;
        loop {
            let before =
                self.word
                    .compare_exchange(EMPTY, SLEEPING, Ordering::Relaxed, Ordering::Acquire);
            if before == Err(DONE) {
                // SAFETY: DONE was read with acquire, so the write is behind us.
                let value = self.data.with(|data| unsafe { *data });
                return (Some(value), last);
            }
            let how = futex::wait(&self.word, SLEEPING, deadline);
            last = Some(how);
            if how == FutexWait::TimedOut {
                return (None, last);
            }
        }
    }
}

fn name(last: Option<FutexWait>) -> &'static str {
    match last {
        None => "no sleep",
        Some(FutexWait::Woken) => "woken",
        Some(FutexWait::Changed) => "changed",
        Some(FutexWait::Interrupted) => "interrupted",
        Some(FutexWait::TimedOut) => "timed out",
    }
}

/// One sleeper, one waker. The wake is sent only to a sleeper that has announced itself.
const HANDSHAKE: Scenario = Scenario {
    name: "futex/handshake",
    test: "futex::handshake",
    shows: "a sleeper and a waker do not miss each other; what was written before the wake \
            is seen",
    must: &["no sleep", "changed", "woken", "interrupted"],
    faults: 2,
    loom: Loom::unbounded().at_least(50),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let slot = Arc::new(Slot::new());
        let other = Arc::clone(&slot);
        let waker = thread::spawn(move || other.put(7));
        let (value, last) = slot.take(None);
        assert_eq!(value, Some(7));
        out.saw(name(last));
        waker.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The same with random schedules, which check the random schedulers.
const HANDSHAKE_SAMPLED: Scenario = Scenario {
    test: "futex::handshake_sampled",
    loom: Loom::No,
    shuttle: Shuttle::sampled(5_000),
    ..HANDSHAKE
};

/// The sleeper has a deadline, and may give up.
const TIMED: Scenario = Scenario {
    name: "futex/timed",
    test: "futex::timed",
    shows: "the same with a deadline",
    must: &["no sleep", "changed", "woken", "interrupted", "timed out"],
    faults: 2,
    loom: Loom::unbounded().at_least(50),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let slot = Arc::new(Slot::new());
        let other = Arc::clone(&slot);
        let waker = thread::spawn(move || other.put(7));
        let deadline = Instant::now() + Duration::from_secs(1);
        let (value, last) = slot.take(Some(deadline));
        assert_eq!(value.is_none(), last == Some(FutexWait::TimedOut));
        out.saw(name(last));
        waker.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// Two sleepers, and one wake for both.
const TWO_SLEEPERS: Scenario = Scenario {
    name: "futex/two_sleepers",
    test: "futex::two_sleepers",
    shows: "a wake of all reaches both",
    must: &["both slept", "one slept", "none slept"],
    threads: 3,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::exhaustive().at_least(100),
    body: |out| {
        let slot = Arc::new(Slot::new());
        let sleepers: Vec<_> = (0..2)
            .map(|_| {
                let slot = Arc::clone(&slot);
                thread::spawn(move || {
                    let (value, last) = slot.take(None);
                    assert_eq!(value, Some(7));
                    last == Some(FutexWait::Woken)
                })
            })
            .collect();
        slot.put(7);
        let slept = sleepers
            .into_iter()
            .map(|sleeper| usize::from(sleeper.join().unwrap()))
            .sum::<usize>();
        out.saw(["none slept", "one slept", "both slept"][slept]);
    },
    ..Scenario::EMPTY
};

/// The sleeper frees the word as soon as it sees the change; the wake comes after.
const FREED: Scenario = Scenario {
    name: "futex/freed_before_the_wake",
    test: "futex::freed_before_the_wake",
    shows: "the word is freed before the wake",
    must: &["no sleep", "changed", "woken"],
    may: &["interrupted"],
    faults: 1,
    loom: Loom::unbounded().at_least(50),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        struct RawTask(*const Slot);
        // SAFETY: the pointer is used while the slot lives, and after that as an address.
        unsafe impl Send for RawTask {}

        let slot = Box::into_raw(Box::new(Slot::new()));
        let raw = RawTask(slot);
        let waker = thread::spawn(move || {
            let raw = raw;
            // SAFETY: the slot is freed only after its word says DONE.
            let word = unsafe { &raw const (*raw.0).word };
            // SAFETY: as above; the data is not read before DONE.
            unsafe { (*raw.0).data.with_mut(|data| *data = 7) };
            // SAFETY: as above; this is the last access.
            let before = unsafe { (*word).swap(DONE, Ordering::Release) };
            if before == SLEEPING {
                futex::wake_all(word);
            }
        });
        // SAFETY: alive until the next line.
        let (value, last) = unsafe { (*slot).take(None) };
        // SAFETY: DONE was seen, so the waker does not touch the memory any more.
        drop(unsafe { Box::from_raw(slot) });
        assert_eq!(value, Some(7));
        out.saw(name(last));
        waker.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the sleeper looks at a flag and then sleeps on a word that never changes, so the
/// kernel has nothing to compare. A wake between the look and the sleep is lost.
const COMPARE_OUTSIDE: Scenario = Scenario {
    name: "futex/broken_compare_outside",
    test: "futex::a_compare_outside_of_the_futex_is_found",
    shows: "a sleeper that compares before the call, not in it",
    may: &["done"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let both = Arc::new((AtomicU32::new(0), AtomicU32::new(0)));
        let other = Arc::clone(&both);
        let waker = thread::spawn(move || {
            let (flag, event) = &*other;
            flag.store(1, Ordering::Release);
            futex::wake_one(event);
        });
        let (flag, event) = &*both;
        while flag.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(event, 0, None);
        }
        out.saw("done");
        waker.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the data is published without a release. Only loom can see it.
const PUBLISH_RELAXED: Scenario = Scenario {
    name: "futex/broken_publish_relaxed",
    test: "futex::a_relaxed_publication_is_found",
    shows: "a relaxed publication",
    may: &["no sleep", "changed", "woken"],
    must_fail: Some("Causality violation"),
    loom: Loom::unbounded(),
    body: |out| {
        let slot = Arc::new(Slot::new());
        let other = Arc::clone(&slot);
        let waker = thread::spawn(move || {
            // SAFETY: not read before DONE; the missing release is the point.
            other.data.with_mut(|data| unsafe { *data = 7 });
            if other.word.swap(DONE, Ordering::Relaxed) == SLEEPING {
                futex::wake_all(&raw const other.word);
            }
        });
        let (_, last) = slot.take(None);
        out.saw(name(last));
        waker.join().unwrap();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    HANDSHAKE,
    HANDSHAKE_SAMPLED,
    TIMED,
    TWO_SLEEPERS,
    FREED,
    COMPARE_OUTSIDE,
    PUBLISH_RELAXED,
];
