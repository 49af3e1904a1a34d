//! Sleeping and waking: each item that is pushed is found by a worker, and no wake-up is lost (a lost one is a
//! sleeper that no thread wakes: the checker reports a deadlock). At the end the counts are right again.

use super::deque_kit::{Item, assert_each_once, item, list, open};
use crate::sync::{Arc, faults, hint, thread};
use crate::{DropCount, Loom, Scenario, Shuttle};
use raddle::thread::deque::Deque;
use raddle::thread::idle::{Sleepers, Woken};
use raddle::thread::injector::Injector;

/// What a worker of these scenarios takes from.
trait Queue: Send + Sync + 'static {
    fn take(&self) -> Option<u32>;
    fn look(&self) -> bool;
}

impl Queue for Injector<Item> {
    fn take(&self) -> Option<u32> {
        let mut got = None;
        self.pop_many(1, |item| got = Some(open(item)));
        got
    }

    fn look(&self) -> bool {
        self.look()
    }
}

/// The pusher's deque; workers steal from it.
impl Queue for Deque<Item> {
    fn take(&self) -> Option<u32> {
        let own = Self::new();
        let (first, taken) = self.steal_into(&own)?;
        assert_eq!(taken, 1, "these scenarios hold two items at most");
        Some(open(first))
    }

    fn look(&self) -> bool {
        self.look()
    }
}

struct Pool<Q> {
    sleepers: Sleepers,
    queue: Q,
    count: DropCount,
}

impl<Q: Queue> Pool<Q> {
    fn new(workers: usize, queue: Q) -> Arc<Self> {
        Arc::new(Self {
            sleepers: Sleepers::new(workers),
            queue,
            count: DropCount::new(),
        })
    }

    /// Stops searching; the last searcher looks for what was pushed meanwhile.
    fn stop_searching(&self) {
        if self.sleepers.transition_from_searching() && self.queue.look() {
            self.sleepers.wake_one();
        }
    }

    /// From work to sleep and back, as in `thread::search`: the announcement, the look, the sleep.
    fn sleep(&self, worker: usize, searching: bool) -> Option<u32> {
        self.sleepers.announce_park(worker, searching);
        if self.queue.look() {
            self.sleepers.wake_another();
        }
        self.wake(worker)
    }

    /// The rest of it: a woken worker looks once.
    fn wake(&self, worker: usize) -> Option<u32> {
        if self.sleepers.parker(worker).sleep() == Woken::ToSearch {
            let got = self.queue.take();
            self.stop_searching();
            got
        } else {
            None
        }
    }

    /// A worker's life until it has an item.
    fn work(&self, worker: usize, search: bool) -> u32 {
        loop {
            if let Some(got) = self.queue.take() {
                return got;
            }
            let searching = search && self.sleepers.transition_to_searching(1);
            if searching && let Some(got) = self.queue.take() {
                self.stop_searching();
                return got;
            }
            if let Some(got) = self.sleep(worker, searching) {
                return got;
            }
        }
    }

    /// All workers are awake again, and none searches.
    #[track_caller]
    fn assert_all_awake(&self, workers: u64) {
        assert_eq!(self.sleepers.counts(), (workers, 0), "awake and searching");
        self.count.assert_all_dropped();
    }
}

impl Pool<Deque<Item>> {
    fn push(&self, number: u32) {
        assert!(self.queue.push(item(&self.count, number)).is_ok());
        self.sleepers.wake_one();
    }
}

impl Pool<Injector<Item>> {
    fn push(&self, number: u32) {
        assert!(self.queue.push(item(&self.count, number)).is_ok());
        self.sleepers.wake_one();
    }
}

fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "did not sleep"
    }
}

/// A worker that goes to sleep without searching, and a pusher.
const ONE: Scenario = Scenario {
    name: "idle/one",
    test: "idle::one",
    shows: "a worker that parks, and a pusher",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::bound(3).at_least(420),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(1, Deque::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || other.work(0, false));
        pool.push(1);
        assert_eq!(worker.join().unwrap(), 1);
        out.saw(slept());
        pool.assert_all_awake(1);
    },
    ..Scenario::EMPTY
};

/// A worker that searches first: the pusher may rely on it and wake no worker.
const SEARCHING: Scenario = Scenario {
    name: "idle/searching",
    test: "idle::searching",
    shows: "the same with a search before",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::bound(3).at_least(740),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(1, Deque::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || other.work(0, true));
        pool.push(1);
        assert_eq!(worker.join().unwrap(), 1);
        out.saw(slept());
        pool.assert_all_awake(1);
    },
    ..Scenario::EMPTY
};

/// The same through the injector.
const INJECTOR: Scenario = Scenario {
    name: "idle/injector",
    test: "idle::injector",
    shows: "the same through the injector",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(1, Injector::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || other.work(0, true));
        pool.push(1);
        assert_eq!(worker.join().unwrap(), 1);
        out.saw(slept());
        pool.assert_all_awake(1);
    },
    ..Scenario::EMPTY
};

/// Two items, one after the other, for one worker: it sleeps again while the second is pushed.
const TWICE: Scenario = Scenario {
    name: "idle/twice",
    test: "idle::twice",
    shows: "it sleeps twice",
    must: &["1 2"],
    loom: Loom::bound(3).at_least(13_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(1, Deque::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || [other.work(0, false), other.work(0, false)]);
        pool.push(1);
        pool.push(2);
        out.saw(list(&worker.join().unwrap()));
        pool.assert_all_awake(1);
    },
    ..Scenario::EMPTY
};

/// Two workers, two items, and each worker takes one: both have to be awake in the end. One of them sleeps at
/// the beginning.
const TWO_WORKERS: Scenario = Scenario {
    name: "idle/two_workers",
    test: "idle::two_workers",
    shows: "two items for two workers, one of them asleep",
    must: &["1 and 2", "2 and 1"],
    threads: 3,
    loom: Loom::bound(2).at_least(26_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(2, Deque::new());
        pool.sleepers.announce_park(1, false);
        assert!(pool.queue.push(item(&pool.count, 1)).is_ok());
        let workers = [0, 1].map(|worker| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let first = if worker == 1 { pool.wake(1) } else { None };
                first.unwrap_or_else(|| pool.work(worker, false))
            })
        });
        pool.sleepers.wake_one();
        pool.push(2);
        let [left, right] = workers.map(|worker| worker.join().unwrap());
        out.saw(format!("{left} and {right}"));
        assert_each_once(vec![left, right], 2);
        pool.assert_all_awake(2);
    },
    ..Scenario::EMPTY
};

/// Worker 0 searches and finds the one item that is there; a pusher relies on its search and wakes no worker.
/// Worker 1 sleeps: worker 0, as the last searcher, has to look again and wake it.
const LAST_SEARCHER: Scenario = Scenario {
    name: "idle/last_searcher",
    test: "idle::last_searcher",
    shows: "a pusher that relies on the last searcher",
    must: &["1 and 2"],
    threads: 3,
    loom: Loom::bound(2).at_least(760),
    shuttle: Shuttle::sampled(2_000),
    body: |out| last_searcher(out, Pool::stop_searching),
    ..Scenario::EMPTY
};

/// Broken on purpose: the last searcher does not look again.
const NO_SECOND_LOOK: Scenario = Scenario {
    name: "idle/broken_no_second_look",
    test: "idle::a_last_searcher_that_does_not_look_is_found",
    shows: "a last searcher that does not look",
    may: &["1 and 2"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(2),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        last_searcher(out, |pool| {
            let _ = pool.sleepers.transition_from_searching();
        });
    },
    ..Scenario::EMPTY
};

fn last_searcher(out: &crate::Outcomes, found: fn(&Pool<Deque<Item>>)) {
    let pool = Pool::new(3, Deque::new());
    // Worker 2 is the pusher, whose deque it is.
    assert!(pool.queue.push(item(&pool.count, 1)).is_ok());
    assert!(pool.sleepers.transition_to_searching(1));
    pool.sleepers.announce_park(1, false);
    let other = Arc::clone(&pool);
    let searcher = thread::spawn(move || {
        loop {
            if let Some(got) = other.queue.take() {
                found(&other);
                return got;
            }
            hint::spin_loop();
        }
    });
    let other = Arc::clone(&pool);
    let sleeper = thread::spawn(move || other.wake(1).unwrap_or_else(|| other.work(1, false)));
    pool.push(2);
    let (left, right) = (searcher.join().unwrap(), sleeper.join().unwrap());
    out.saw(format!("{left} and {right}"));
    assert_each_once(vec![left, right], 2);
    pool.assert_all_awake(3);
}

/// Broken on purpose: a worker that announces its park and does not look again.
const NO_LOOK: Scenario = Scenario {
    name: "idle/broken_no_look",
    test: "idle::a_sleep_without_a_look_is_found",
    shows: "a worker that does not look after it has announced its park",
    may: &["1"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let pool = Pool::new(1, Deque::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || {
            loop {
                if let Some(got) = other.queue.take() {
                    return got;
                }
                other.sleepers.announce_park(0, false);
                if other.sleepers.parker(0).sleep() == Woken::ToSearch {
                    let _ = other.sleepers.transition_from_searching();
                }
            }
        });
        pool.push(1);
        out.saw(list(&[worker.join().unwrap()]));
    },
    ..Scenario::EMPTY
};

/// Work for one worker alone and work for any worker, at the same time: the sleeper gets both. Its position in
/// the stack, its parker and the counts are right after two wakes.
const BOTH_WAYS: Scenario = Scenario {
    name: "idle/both_ways",
    test: "idle::both_ways",
    shows: "work for any worker and a task for one worker at the same time",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(25_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(1, Deque::new());
        let pinned = Arc::new(Injector::<Item>::new());
        let (other, theirs) = (Arc::clone(&pool), Arc::clone(&pinned));
        let worker = thread::spawn(move || {
            let mut got = Vec::new();
            while got.len() < 2 {
                if let Some(number) = Queue::take(&*theirs) {
                    got.push(number);
                    continue;
                }
                if let Some(number) = other.queue.take() {
                    got.push(number);
                    continue;
                }
                other.sleepers.announce_park(0, false);
                if other.queue.look() {
                    other.sleepers.wake_another();
                }
                if theirs.look() {
                    other.sleepers.wake_this(0);
                }
                if other.sleepers.parker(0).sleep() == Woken::ToSearch {
                    let found = other.queue.take();
                    other.stop_searching();
                    got.extend(found);
                }
            }
            got
        });
        let (other, theirs) = (Arc::clone(&pool), Arc::clone(&pinned));
        let sender = thread::spawn(move || {
            assert!(theirs.push(item(&other.count, 2)).is_ok());
            other.sleepers.wake_this(0);
        });
        pool.push(1);
        sender.join().unwrap();
        assert_each_once(worker.join().unwrap(), 2);
        out.saw(slept());
        pool.assert_all_awake(1);
    },
    ..Scenario::EMPTY
};

/// A sleeper is woken for itself and parks again, while a waker takes it out of the stack. Two such
/// rounds: its parker is in the stack and awake, in it and asleep again, or out of it.
const UP_IN_THE_STACK: Scenario = Scenario {
    name: "idle/up_in_the_stack",
    test: "idle::up_in_the_stack",
    shows: "woken for itself while it is taken out of the stack",
    must: &["woken by both", "woken by one"],
    threads: 3,
    loom: Loom::bound(2).at_least(4_100),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(2, Deque::new());
        pool.sleepers.announce_park(1, false);
        let other = Arc::clone(&pool);
        let sleeper = thread::spawn(move || {
            let parker = other.sleepers.parker(1);
            let mut searches = 0;
            let mut wakes = 1;
            let mut woken = parker.sleep();
            loop {
                if woken == Woken::ToSearch {
                    searches += 1;
                    let _ = other.sleepers.transition_from_searching();
                }
                // The second wake may have come while this one was awake: then there is no other.
                if other.queue.take().is_some() {
                    return (wakes, searches);
                }
                other.sleepers.announce_park(1, false);
                if other.queue.look() {
                    other.sleepers.wake_another();
                }
                woken = parker.sleep();
                wakes += 1;
            }
        });
        let other = Arc::clone(&pool);
        let caller = thread::spawn(move || other.sleepers.wake_this(1));
        pool.push(1);
        let called = caller.join().unwrap();
        let (wakes, searches) = sleeper.join().unwrap();
        assert!(wakes >= 1 && (called || searches > 0));
        out.saw(if called && searches > 0 {
            "woken by both"
        } else {
            "woken by one"
        });
        pool.assert_all_awake(2);
    },
    ..Scenario::EMPTY
};

/// Two sleepers; one thread wakes the top of the stack, another one a given worker: the workers that were woken wake up,
/// and no other one.
const TWO_WAKERS: Scenario = Scenario {
    name: "idle/two_wakers",
    test: "idle::two_wakers",
    shows: "the worker that was woken wakes up, and no other one",
    must: &["0 and 1", "1 and -"],
    loom: Loom::bound(3).at_least(290),
    shuttle: Shuttle::exhaustive().at_least(32_000),
    body: |out| {
        let sleepers = Arc::new(Sleepers::new(2));
        sleepers.announce_park(0, false);
        sleepers.announce_park(1, false);
        let other = Arc::clone(&sleepers);
        let one = thread::spawn(move || other.wake_one());
        let this = sleepers.wake_this(1).then_some(1);
        let one = one.join().unwrap();
        for worker in 0..2 {
            let expected = match (one == Some(worker), this == Some(worker)) {
                (true, false) => Woken::ToSearch,
                (false, true) => Woken::ToWork,
                (false, false) => {
                    assert!(sleepers.wake_this(worker), "it sleeps");
                    Woken::ToWork
                }
                (true, true) => panic!("a sleeper was woken twice"),
            };
            assert_eq!(sleepers.parker(worker).sleep(), expected);
            if expected == Woken::ToSearch {
                assert!(
                    sleepers.transition_from_searching(),
                    "no other worker searches"
                );
            }
        }
        assert_eq!(sleepers.counts(), (2, 0));
        let name = |worker: Option<usize>| worker.map_or("-".to_owned(), |it| it.to_string());
        out.saw(format!("{} and {}", name(one), name(this)));
    },
    ..Scenario::EMPTY
};

/// A second sleeper goes on top of the first, and both are woken from the top: the waker that takes the upper
/// one out of the stack sees the one below it.
const STACK: Scenario = Scenario {
    name: "idle/stack",
    test: "idle::stack",
    shows: "two sleepers, both woken from the top",
    must: &["upper first", "lower first"],
    loom: Loom::bound(3).at_least(750),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let sleepers = Arc::new(Sleepers::new(2));
        sleepers.announce_park(0, false);
        let other = Arc::clone(&sleepers);
        let upper = thread::spawn(move || {
            other.announce_park(1, false);
            let _ = other.parker(1).sleep();
        });
        let wake = || {
            loop {
                if let Some(woken) = sleepers.wake_another() {
                    return woken;
                }
                hint::spin_loop();
            }
        };
        let woken = [wake(), wake()];
        upper.join().unwrap();
        assert_eq!(sleepers.parker(0).sleep(), Woken::ToSearch);
        out.saw(match woken {
            [1, 0] => "upper first",
            [0, 1] => "lower first",
            _ => panic!("{woken:?} were woken"),
        });
        assert_eq!(sleepers.counts(), (2, 2));
    },
    ..Scenario::EMPTY
};

/// Worker 1 looks for its neighbour's deque as `thread::search` does, until it has an item.
fn look_for_neighbours(pool: &Pool<Deque<Item>>) -> u32 {
    loop {
        if let Some(got) = pool.queue.take() {
            return got;
        }
        pool.sleepers.announce_park(1, false);
        if !pool.sleepers.is_alone(true) && pool.queue.look() {
            pool.sleepers.wake_another();
        }
        if pool.sleepers.parker(1).sleep() == Woken::ToSearch {
            let got = pool.queue.take();
            let _ = pool.sleepers.transition_from_searching();
            if let Some(got) = got {
                return got;
            }
        }
    }
}

/// A worker pushes into its own deque, sees no sleeper, and is busy from then on. The other worker, which
/// parks meanwhile, has to find that deque: no other worker would take what is in it.
const BUSY_NEIGHBOUR: Scenario = Scenario {
    name: "idle/busy_neighbour",
    test: "idle::busy_neighbour",
    shows: "a deque whose owner is busy is found before sleeping",
    must: &["slept", "did not sleep"],
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(2, Deque::new());
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || look_for_neighbours(&other));
        pool.push(1);
        assert_eq!(worker.join().unwrap(), 1);
        out.saw(slept());
        pool.assert_all_awake(2);
    },
    ..Scenario::EMPTY
};

/// The neighbour sleeps while the worker looks which workers are awake, is woken for a task of its own, and pushes: it
/// sees the sleeper.
const WOKEN_NEIGHBOUR: Scenario = Scenario {
    name: "idle/woken_neighbour",
    test: "idle::woken_neighbour",
    shows: "the same with an owner that has just been woken",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(2).at_least(3_300),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Pool::new(2, Deque::new());
        pool.sleepers.announce_park(0, false);
        let other = Arc::clone(&pool);
        let neighbour = thread::spawn(move || {
            assert_eq!(other.sleepers.parker(0).sleep(), Woken::ToWork);
            other.push(1);
        });
        let other = Arc::clone(&pool);
        let worker = thread::spawn(move || look_for_neighbours(&other));
        assert!(pool.sleepers.wake_this(0));
        neighbour.join().unwrap();
        assert_eq!(worker.join().unwrap(), 1);
        out.saw(slept());
        pool.assert_all_awake(2);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    ONE,
    SEARCHING,
    INJECTOR,
    TWICE,
    TWO_WORKERS,
    LAST_SEARCHER,
    BOTH_WAYS,
    UP_IN_THE_STACK,
    STACK,
    TWO_WAKERS,
    BUSY_NEIGHBOUR,
    WOKEN_NEIGHBOUR,
    NO_LOOK,
    NO_SECOND_LOOK,
];
