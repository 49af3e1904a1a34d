//! The hook list: callbacks and wakers, added and edited while the task completes.

use super::cell_kit::{Kit, drive, poll};
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::TaskError;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// What the callbacks wrote, in their order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<char>>>);

impl Log {
    /// A callback that writes its letter, and whose drop is counted.
    fn callback<T>(
        &self,
        kit: &Kit,
        letter: char,
    ) -> impl FnOnce(Result<&T, &TaskError>) + Send + use<T> {
        let (log, held, values) = (self.clone(), kit.closures.value(), kit.values.clone());
        move |outcome| {
            assert!(outcome.is_ok());
            assert_eq!(
                values.dropped(),
                0,
                "a callback sees the value before it is taken"
            );
            log.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(letter);
            drop(held);
        }
    }

    fn text(&self) -> String {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .collect()
    }
}

/// A callback is added while the task completes. It runs once, on either thread, and sees the value.
const ADD: Scenario = Scenario {
    name: "hooks/add",
    test: "hooks::add",
    shows: "runs once, at once or on the worker; before the outcome is taken",
    must: &["ran at once", "left to the worker"],
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::exhaustive().at_least(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        future.add_done_callback(log.callback(&kit, 'a'));
        let how = if log.text().is_empty() {
            "left to the worker"
        } else {
            "ran at once"
        };
        drop(future);
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        out.saw(how);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A callback is added, and the value is taken right after: never before the callback saw it.
const ADD_TAKE: Scenario = Scenario {
    name: "hooks/add_take",
    test: "hooks::add_take",
    shows: "runs once, at once or on the worker; before the outcome is taken",
    must: &["taken at once", "not done"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::exhaustive().at_least(50_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        future.add_done_callback(log.callback(&kit, 'a'));
        match future.try_result() {
            Ok(value) => {
                assert_eq!(log.text(), "a", "the callback comes before the taking");
                drop(value.unwrap());
                out.saw("taken at once");
            }
            Err(future) => {
                drop(future);
                out.saw("not done");
            }
        }
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The handle adds two callbacks: they keep their order, wherever the completion falls.
const ORDER: Scenario = Scenario {
    name: "hooks/order",
    test: "hooks::order",
    shows: "two callbacks in order, wherever the completion falls",
    must: &["both at once", "one at once", "both left"],
    loom: Loom::bound(3).at_least(30_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let worker = thread::spawn(move || task.run());
        future.add_done_callback(log.callback(&kit, 'a'));
        future.add_done_callback(log.callback(&kit, 'b'));
        let how = match log.text().len() {
            0 => "both left",
            1 => "one at once",
            _ => "both at once",
        };
        drop(future);
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "ab");
        out.saw(how);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A failed task with a callback: the callback has seen the error, so it is not reported.
const ADD_TO_FAILING: Scenario = Scenario {
    name: "hooks/add_to_failing",
    test: "hooks::add_to_failing",
    shows: "sees the error, which is then not reported",
    must: &["seen"],
    forbidden: &["reported"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::exhaustive().at_least(30_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.failing();
        let worker = thread::spawn(move || task.run());
        let (held, errors) = (kit.closures.value(), kit.errors.clone());
        future.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Failed(_))));
            assert_eq!(errors.dropped(), 0);
            drop(held);
        });
        drop(future);
        assert!(worker.join().unwrap());
        out.saw(if kit.reported() == 0 {
            "seen"
        } else {
            "reported"
        });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A callback on a future that another thread cancels: it runs once and sees the cancellation.
const ADD_CANCEL: Scenario = Scenario {
    name: "hooks/add_cancel",
    test: "hooks::add_cancel",
    shows: "it sees the cancellation, once",
    must: &["seen"],
    loom: Loom::unbounded().at_least(6_000),
    shuttle: Shuttle::exhaustive().at_least(40),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let canceller = thread::spawn(move || {
            assert!(shared.cancel());
        });
        let calls = Arc::new(AtomicUsize::new(0));
        let (held, count) = (kit.closures.value(), Arc::clone(&calls));
        future.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Cancelled)));
            count.fetch_add(1, Relaxed);
            drop(held);
        });
        canceller.join().unwrap();
        assert_eq!(calls.load(Relaxed), 1);
        out.saw("seen");
        drop(future);
        assert!(!task.run());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two threads add a callback each, a third completes.
const TWO_ADDERS: Scenario = Scenario {
    name: "hooks/two_adders",
    test: "hooks::two_adders",
    shows: "each once, in either order",
    must: &["ab", "ba"],
    threads: 3,
    loom: Loom::bound(2).at_least(5_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let theirs = log.callback(&kit, 'b');
        let other = thread::spawn(move || shared.add_done_callback(theirs));
        let worker = thread::spawn(move || task.run());
        future.add_done_callback(log.callback(&kit, 'a'));
        other.join().unwrap();
        assert!(worker.join().unwrap());
        out.saw(log.text());
        drop(future);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A polled future with a callback is dropped while the task completes: its waker leaves the list, the
/// callback stays and runs once.
const EDIT: Scenario = Scenario {
    name: "hooks/edit",
    test: "hooks::edit",
    shows: "the dropped future's waker leaves, the callback stays",
    must: &["woken", "forgotten"],
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::exhaustive().at_least(3_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, mut future) = kit.task();
        let waker = kit.waker();
        future.add_done_callback(log.callback(&kit, 'a'));
        assert!(poll(&mut future, &waker).is_pending());
        let worker = thread::spawn(move || task.run());
        drop(future);
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        out.saw(match waker.wakes() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One holder adds two callbacks and completes, another polls its clone, which takes the waiters out
/// and puts them back. The callbacks run in order, on the thread that completes.
const EDIT_PUSH: Scenario = Scenario {
    name: "hooks/edit_push",
    test: "hooks::edit_push",
    shows: "callbacks in order, on the completing thread, beside an editor; a pending poll is \
        woken",
    must: &["ready", "pending"],
    loom: Loom::bound(3).at_least(10_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let wakers = [kit.waker(), kit.waker()];
        // A node that the poll replaces in place.
        assert!(poll(&mut clone, &wakers[0]).is_pending());
        let poller = thread::spawn(move || {
            let ready = poll(&mut clone, &wakers[1]).is_ready();
            (ready, clone, wakers)
        });
        shared.add_done_callback(log.callback(&kit, 'a'));
        shared.add_done_callback(log.callback(&kit, 'b'));
        assert!(task.run());
        assert_eq!(log.text(), "ab", "all have run, in order, on this thread");
        let (ready, clone, wakers) = poller.join().unwrap();
        if !ready {
            assert_eq!(wakers[1].wakes(), 1, "a pending poll is woken");
        }
        out.saw(if ready { "ready" } else { "pending" });
        drop(clone);
        assert!(poll(&mut shared, &wakers[0]).is_ready());
        drop((shared, wakers));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The same with a clone that is dropped while the first callback moves the waiters: its waker leaves
/// the list wherever it is found.
const EDIT_MOVE: Scenario = Scenario {
    name: "hooks/edit_move",
    test: "hooks::edit_move",
    shows: "a dropped clone's waker leaves while the hook table is made",
    must: &["forgotten", "woken"],
    threads: 3,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let shared = future.shared();
        let mut clone = shared.clone();
        let waker = kit.waker();
        assert!(poll(&mut clone, &waker).is_pending());
        let dropper = thread::spawn(move || drop(clone));
        shared.add_done_callback(log.callback(&kit, 'a'));
        let worker = thread::spawn(move || {
            let ran = task.run();
            (ran, log)
        });
        dropper.join().unwrap();
        let (ran, log) = worker.join().unwrap();
        assert!(ran);
        assert_eq!(log.text(), "a");
        out.saw(match waker.wakes() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop((shared, waker));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One holder adds the first callback, another polls for the first time, a third thread completes.
const ADD_POLL: Scenario = Scenario {
    name: "hooks/add_poll",
    test: "hooks::add_poll",
    shows: "callback and waker, whenever the hook table is made",
    must: &["ready at once", "woken"],
    threads: 3,
    loom: Loom::bound(1).at_least(2_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let shared = future.shared();
        let mut clone = shared.clone();
        let waker = kit.waker();
        let poller = thread::spawn(move || {
            let (done, slept) = drive(&mut clone, &waker);
            assert!(done.peek().is_some());
            (done, clone, waker, slept)
        });
        let worker = thread::spawn(move || task.run());
        shared.add_done_callback(log.callback(&kit, 'a'));
        let (done, clone, waker, slept) = poller.join().unwrap();
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        assert_eq!(waker.wakes(), slept);
        out.saw(["ready at once", "woken", "woken twice"][slept]);
        drop((done, clone, shared, waker));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled to the end: a pending poll is always followed by a wake.
const POLL: Scenario = Scenario {
    name: "hooks/poll",
    test: "hooks::poll",
    shows: "ready, or woken and then ready",
    must: &["ready at once", "woken"],
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::exhaustive().at_least(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let waker = kit.waker();
        let worker = thread::spawn(move || task.run());
        let (value, slept) = drive(&mut future, &waker);
        assert!(value.is_ok());
        drop((value, future));
        assert!(worker.join().unwrap());
        assert_eq!(waker.wakes(), slept);
        out.saw(["ready at once", "woken", "woken twice"][slept]);
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled again with another waker: that one is woken, and the older one is not.
const REPOLL: Scenario = Scenario {
    name: "hooks/repoll",
    test: "hooks::repoll",
    shows: "the second waker is woken, or ready; never both, never the first alone",
    must: &["second woken", "ready, first woken", "ready, second woken"],
    forbidden: &["both woken", "first woken"],
    loom: Loom::bound(3).at_least(5_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let (first, second) = (kit.waker(), kit.waker());
        assert!(poll(&mut future, &first).is_pending());
        let worker = thread::spawn(move || task.run());
        let (value, slept) = drive(&mut future, &second);
        assert!(value.is_ok());
        drop((value, future));
        assert!(worker.join().unwrap());
        out.saw(match (slept, first.wakes(), second.wakes()) {
            (0, 1, 0) => "ready, first woken",
            (0, 0, 1) => "ready, second woken",
            (1, 0, 1) => "second woken",
            (1, 1, 1) => "both woken",
            _ => "first woken",
        });
        drop((first, second));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A polled future is dropped while the task completes.
const POLL_DROP: Scenario = Scenario {
    name: "hooks/poll_drop",
    test: "hooks::poll_drop",
    shows: "woken or forgotten; the waker is freed once",
    must: &["woken", "forgotten"],
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::exhaustive().at_least(90_000),
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let waker = kit.waker();
        let worker = thread::spawn(move || task.run());
        let _ = poll(&mut future, &waker);
        drop(future);
        assert!(worker.join().unwrap());
        out.saw(match waker.wakes() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop(waker);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two clones that were polled before are polled again at once, then the task completes: each takes out
/// what the other may be after. The newest waker of each is woken, the older one perhaps as well.
const TWO_REPOLLERS: Scenario = Scenario {
    name: "hooks/two_repollers",
    test: "hooks::two_repollers",
    shows: "two editors at once: each newest waker is woken",
    must: &["newest", "newest and older"],
    loom: Loom::bound(3).at_least(300),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let wakers = [kit.waker(), kit.waker(), kit.waker(), kit.waker()];
        assert!(poll(&mut shared, &wakers[0]).is_pending());
        assert!(poll(&mut clone, &wakers[1]).is_pending());
        let waker = Arc::clone(&wakers[3]);
        let other = thread::spawn(move || {
            assert!(poll(&mut clone, &waker).is_pending());
            (clone, waker)
        });
        assert!(poll(&mut shared, &wakers[2]).is_pending());
        let kept = other.join().unwrap();
        assert!(task.run());
        let wakes = [0, 1, 2, 3].map(|waker| wakers[waker].wakes());
        assert_eq!(wakes[2..], [1, 1]);
        out.saw(if wakes[0] + wakes[1] == 0 {
            "newest"
        } else {
            "newest and older"
        });
        drop((kept, shared, wakers));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two clones are awaited by two threads, a third completes. Both are woken.
const TWO_POLLERS: Scenario = Scenario {
    name: "hooks/two_pollers",
    test: "hooks::two_pollers",
    shows: "both clones are woken",
    must: &["woken", "ready at once"],
    may: &["woken twice"],
    threads: 3,
    loom: Loom::bound(1).at_least(4_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let (mine, theirs) = (kit.waker(), kit.waker());
        let other = thread::spawn(move || {
            let (done, _) = drive(&mut clone, &theirs);
            assert!(done.peek().is_some());
            (done, clone)
        });
        let worker = thread::spawn(move || task.run());
        let (done, slept) = drive(&mut shared, &mine);
        assert!(done.peek().is_some());
        let clones = other.join().unwrap();
        assert!(worker.join().unwrap());
        out.saw(["ready at once", "woken", "woken twice"][slept]);
        drop((done, shared, clones, mine));
        kit.finish();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    ADD,
    ADD_TAKE,
    ADD_TO_FAILING,
    ADD_CANCEL,
    ORDER,
    TWO_ADDERS,
    EDIT,
    EDIT_PUSH,
    EDIT_MOVE,
    ADD_POLL,
    POLL,
    REPOLL,
    POLL_DROP,
    TWO_REPOLLERS,
    TWO_POLLERS,
];
