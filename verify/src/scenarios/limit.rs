//! The limit on queued tasks: never more places taken than there are, and no thread sleeps while there is a free one.

use crate::sync::{Arc, faults, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::future::admissions::limit::{Admission, QueueLimit};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the threads that hold a place. Outside of the model, so that it adds no order.
#[derive(Clone, Default)]
struct Held(std::sync::Arc<AtomicUsize>);

impl Held {
    fn up(&self, most: usize) {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(before < most, "more places taken than there are");
    }

    fn down(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "did not sleep"
    }
}

/// The last place is taken; a thread that wants it sleeps until it is given back.
const GIVE: Scenario = Scenario {
    name: "limit/give",
    test: "limit::give",
    shows: "sleeps or not, and gets the place",
    must: &["slept", "did not sleep"],
    faults: 2,
    loom: Loom::unbounded().at_least(1_200),
    shuttle: Shuttle::exhaustive().at_least(36),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(1));
        let held = Held::default();
        assert_eq!(limit.try_take(), Admission::Taken);
        held.up(1);
        let (other, theirs) = (Arc::clone(&limit), held.clone());
        let taker = thread::spawn(move || {
            assert_eq!(other.take(), Admission::Taken);
            theirs.up(1);
        });
        held.down();
        limit.give();
        taker.join().unwrap();
        assert_eq!(limit.try_take(), Admission::Full);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two threads want the only place, and each gives it back.
const TWO_TAKERS: Scenario = Scenario {
    name: "limit/two_takers",
    test: "limit::two_takers",
    shows: "one place, two threads, one after the other",
    must: &["slept", "did not sleep"],
    faults: 1,
    threads: 3,
    loom: Loom::bound(3).at_least(1_800),
    shuttle: Shuttle::exhaustive().at_least(3_800),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(1));
        let held = Held::default();
        let takers = [(), ()].map(|()| {
            let (limit, held) = (Arc::clone(&limit), held.clone());
            thread::spawn(move || {
                assert_eq!(limit.take(), Admission::Taken);
                held.up(1);
                held.down();
                limit.give();
            })
        });
        for taker in takers {
            taker.join().unwrap();
        }
        assert_eq!(limit.try_take(), Admission::Taken);
        assert_eq!(limit.try_take(), Admission::Full);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two sleep, one place comes back twice.
const TWO_SLEEPERS: Scenario = Scenario {
    name: "limit/two_sleepers",
    test: "limit::two_sleepers",
    shows: "two places come back to two sleepers",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(34_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(2));
        let held = Held::default();
        for _ in 0..2 {
            assert_eq!(limit.try_take(), Admission::Taken);
            held.up(2);
        }
        let takers = [(), ()].map(|()| {
            let (limit, held) = (Arc::clone(&limit), held.clone());
            thread::spawn(move || {
                assert_eq!(limit.take(), Admission::Taken);
                held.up(2);
            })
        });
        for _ in 0..2 {
            held.down();
            limit.give();
        }
        for taker in takers {
            taker.join().unwrap();
        }
        assert_eq!(limit.try_take(), Admission::Full);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The pool ends while a submitter waits for a place.
const CLOSE: Scenario = Scenario {
    name: "limit/close",
    test: "limit::close",
    shows: "sleeps or not, and learns of the end",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::unbounded().at_least(82),
    shuttle: Shuttle::exhaustive().at_least(13),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let other = Arc::clone(&limit);
        let taker = thread::spawn(move || other.take());
        limit.close();
        assert_eq!(taker.join().unwrap(), Admission::Closed);
        assert_eq!(limit.try_take(), Admission::Closed);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The pool ends while two wait: both learn so.
const CLOSE_TWO: Scenario = Scenario {
    name: "limit/close_two",
    test: "limit::close_two",
    shows: "two sleepers both learn of the end",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(2_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let takers = [(), ()].map(|()| {
            let limit = Arc::clone(&limit);
            thread::spawn(move || limit.take())
        });
        limit.close();
        for taker in takers {
            assert_eq!(taker.join().unwrap(), Admission::Closed);
        }
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A place comes back as the pool ends: the sleeper gets the one or the other.
const GIVE_OR_CLOSE: Scenario = Scenario {
    name: "limit/give_or_close",
    test: "limit::give_or_close",
    shows: "the place or the end, never neither",
    must: &["Taken", "Closed"],
    forbidden: &["Full"],
    threads: 3,
    loom: Loom::bound(3).at_least(7_000),
    shuttle: Shuttle::exhaustive().at_least(16_000),
    body: |out| {
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let other = Arc::clone(&limit);
        let taker = thread::spawn(move || other.take());
        let other = Arc::clone(&limit);
        let giver = thread::spawn(move || other.give());
        limit.close();
        giver.join().unwrap();
        out.saw(format!("{:?}", taker.join().unwrap()));
        assert_eq!(limit.try_take(), Admission::Closed);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    GIVE,
    CLOSE,
    CLOSE_TWO,
    TWO_TAKERS,
    TWO_SLEEPERS,
    GIVE_OR_CLOSE,
];
