//! The limit on queued tasks: never more places taken than there are, and no thread sleeps while there is a free one.

use super::cell_kit::{Kit, drive, poll};
use crate::sync::{Arc, faults, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::future::admissions::limit::{Admission, QueueLimit, Turn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

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

/// A submitter that waits in the list.
struct Listed {
    limit: Arc<QueueLimit>,
    turn: Turn,
}

impl Listed {
    fn new(limit: &Arc<QueueLimit>) -> Self {
        Self {
            limit: Arc::clone(limit),
            turn: Turn::default(),
        }
    }
}

impl Future for Listed {
    type Output = Admission;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Admission> {
        let this = self.get_mut();
        this.limit.poll_take(&mut this.turn, cx.waker())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.limit.give_up(&mut self.turn);
    }
}

fn drove(slept: usize) -> &'static str {
    if slept > 0 { "slept" } else { "did not sleep" }
}

/// The last place is taken; async code that wants it is woken when it is given back.
const LIST_GIVE: Scenario = Scenario {
    name: "limit/list_give",
    test: "limit::list_give",
    shows: "async code is woken, or need not wait, and gets the place",
    must: &["slept", "did not sleep"],
    loom: Loom::unbounded().at_least(2_500),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let kit = Kit::new();
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let waker = kit.waker();
        let mut listed = Listed::new(&limit);
        let taker = thread::spawn(move || drive(&mut listed, &waker));
        limit.give();
        let (admission, slept) = taker.join().unwrap();
        assert_eq!(admission, Admission::Taken);
        assert_eq!(limit.try_take(), Admission::Full);
        kit.finish();
        out.saw(drove(slept));
    },
    ..Scenario::EMPTY
};

/// The pool ends while async code waits for a place.
const LIST_CLOSE: Scenario = Scenario {
    name: "limit/list_close",
    test: "limit::list_close",
    shows: "async code learns of the end",
    must: &["slept", "did not sleep"],
    loom: Loom::unbounded().at_least(850),
    shuttle: Shuttle::exhaustive().at_least(10),
    body: |out| {
        let kit = Kit::new();
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let waker = kit.waker();
        let mut listed = Listed::new(&limit);
        let taker = thread::spawn(move || drive(&mut listed, &waker));
        limit.close();
        let (admission, slept) = taker.join().unwrap();
        assert_eq!(admission, Admission::Closed);
        kit.finish();
        out.saw(drove(slept));
    },
    ..Scenario::EMPTY
};

/// Two wait in the list, and the first is dropped as the place comes back: the second gets it.
const LIST_GIVE_UP: Scenario = Scenario {
    name: "limit/list_give_up",
    test: "limit::list_give_up",
    shows: "a turn that is given up goes to the next",
    may: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(500),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let kit = Kit::new();
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let (ours, waker) = (kit.waker(), kit.waker());
        let mut first = Listed::new(&limit);
        assert!(poll(&mut first, &ours).is_pending());
        let mut second = Listed::new(&limit);
        let taker = thread::spawn(move || drive(&mut second, &waker));
        let other = Arc::clone(&limit);
        let giver = thread::spawn(move || other.give());
        drop(first);
        giver.join().unwrap();
        let (admission, slept) = taker.join().unwrap();
        assert_eq!(admission, Admission::Taken);
        drop(ours);
        kit.finish();
        out.saw(drove(slept));
    },
    ..Scenario::EMPTY
};

/// Two wait in the list while two places come back, one by another thread.
const LIST_TWO: Scenario = Scenario {
    name: "limit/list_two",
    test: "limit::list_two",
    shows: "each place calls one of the list, in its order",
    must: &["called"],
    loom: Loom::unbounded().at_least(2),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let kit = Kit::new();
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let wakers = [kit.waker(), kit.waker()];
        let mut listed = [Listed::new(&limit), Listed::new(&limit)];
        for (listed, waker) in listed.iter_mut().zip(&wakers) {
            assert!(poll(listed, waker).is_pending());
        }
        limit.give();
        assert_eq!(wakers.each_ref().map(|waker| waker.wakes()), [1, 0]);
        assert!(poll(&mut listed[0], &wakers[0]).is_ready());
        let other = Arc::clone(&limit);
        let giver = thread::spawn(move || other.give());
        // Not polled meanwhile: that would put it into the list anew.
        wakers[1].wait();
        assert!(poll(&mut listed[1], &wakers[1]).is_ready());
        giver.join().unwrap();
        drop((listed, wakers));
        kit.finish();
        out.saw("called");
    },
    ..Scenario::EMPTY
};

/// Async code and a thread want the only place, and each gives it back.
const LIST_AND_SLEEPER: Scenario = Scenario {
    name: "limit/list_and_sleeper",
    test: "limit::list_and_sleeper",
    shows: "one place for async code and a thread, one after the other",
    may: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(23_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let kit = Kit::new();
        let limit = Arc::new(QueueLimit::new(1));
        assert_eq!(limit.try_take(), Admission::Taken);
        let waker = kit.waker();
        let mut listed = Listed::new(&limit);
        let other = Arc::clone(&limit);
        let taker = thread::spawn(move || {
            let (admission, slept) = drive(&mut listed, &waker);
            assert_eq!(admission, Admission::Taken);
            other.give();
            slept
        });
        let other = Arc::clone(&limit);
        let sleeper = thread::spawn(move || {
            assert_eq!(other.take(), Admission::Taken);
            other.give();
        });
        limit.give();
        sleeper.join().unwrap();
        let slept = taker.join().unwrap();
        assert_eq!(limit.try_take(), Admission::Taken);
        assert_eq!(limit.try_take(), Admission::Full);
        kit.finish();
        out.saw(drove(slept));
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
    LIST_GIVE,
    LIST_CLOSE,
    LIST_GIVE_UP,
    LIST_TWO,
    LIST_AND_SLEEPER,
];
