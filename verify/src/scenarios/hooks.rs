//! The hook list: callbacks and wakers, added and edited while the task completes.

use super::cell_kit::{Kit, drive, poll};
use crate::Scenario;
use crate::sync::thread;
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
                "a callback sees the value before anybody takes it"
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

/// A callback is added while the task completes. It runs once, here or there, and sees the value.
pub const ADD: Scenario = Scenario {
    name: "hooks/add",
    must: &["ran at once", "left to the worker"],
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
pub const ADD_TAKE: Scenario = Scenario {
    name: "hooks/add_take",
    must: &["taken at once", "not done"],
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
pub const ORDER: Scenario = Scenario {
    name: "hooks/order",
    must: &["both at once", "one at once", "both left"],
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
pub const ADD_TO_FAILING: Scenario = Scenario {
    name: "hooks/add_to_failing",
    must: &["seen"],
    forbidden: &["reported"],
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
        out.saw(if kit.told() == 0 { "seen" } else { "reported" });
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// A callback on a future that is cancelled from elsewhere: it runs once and is told so.
pub const ADD_CANCEL: Scenario = Scenario {
    name: "hooks/add_cancel",
    must: &["told"],
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let future = Arc::new(future);
        let shared = Arc::clone(&future);
        let canceller = thread::spawn(move || {
            assert!(shared.cancel());
        });
        let told = Arc::new(AtomicUsize::new(0));
        let (held, count) = (kit.closures.value(), Arc::clone(&told));
        future.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Cancelled)));
            count.fetch_add(1, Relaxed);
            drop(held);
        });
        canceller.join().unwrap();
        assert_eq!(told.load(Relaxed), 1);
        out.saw("told");
        drop(future);
        assert!(!task.run());
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two threads add a callback each, a third completes.
pub const TWO_ADDERS: Scenario = Scenario {
    name: "hooks/two_adders",
    must: &["ab", "ba"],
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
pub const EDIT: Scenario = Scenario {
    name: "hooks/edit",
    must: &["woken", "forgotten"],
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, mut future) = kit.task();
        let bell = kit.bell();
        future.add_done_callback(log.callback(&kit, 'a'));
        assert!(poll(&mut future, &bell).is_pending());
        let worker = thread::spawn(move || task.run());
        drop(future);
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        out.saw(match bell.rings() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop(bell);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One holder adds two callbacks and completes, another polls its clone, which takes the notices out
/// and puts them back. The callbacks run in order, on whoever completes.
pub const EDIT_PUSH: Scenario = Scenario {
    name: "hooks/edit_push",
    must: &["ready", "pending"],
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let bells = [kit.bell(), kit.bell()];
        // A node that the poll replaces in place.
        assert!(poll(&mut clone, &bells[0]).is_pending());
        let poller = thread::spawn(move || {
            let ready = poll(&mut clone, &bells[1]).is_ready();
            (ready, clone, bells)
        });
        shared.add_done_callback(log.callback(&kit, 'a'));
        shared.add_done_callback(log.callback(&kit, 'b'));
        assert!(task.run());
        assert_eq!(log.text(), "ab", "all have run, in order, on this thread");
        let (ready, clone, bells) = poller.join().unwrap();
        if !ready {
            assert_eq!(bells[1].rings(), 1, "a pending poll is woken");
        }
        out.saw(if ready { "ready" } else { "pending" });
        drop(clone);
        assert!(poll(&mut shared, &bells[0]).is_ready());
        drop((shared, bells));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// The same with a clone that is dropped while the first callback moves the notices: its waker leaves
/// the list wherever it is found.
pub const EDIT_MOVE: Scenario = Scenario {
    name: "hooks/edit_move",
    must: &["forgotten", "woken"],
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let shared = future.shared();
        let mut clone = shared.clone();
        let bell = kit.bell();
        assert!(poll(&mut clone, &bell).is_pending());
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
        out.saw(match bell.rings() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop((shared, bell));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// One holder adds the first callback, another polls for the first time, a third thread completes.
pub const ADD_POLL: Scenario = Scenario {
    name: "hooks/add_poll",
    must: &["ready at once", "woken"],
    body: |out| {
        let (kit, log) = (Kit::new(), Log::default());
        let (task, future) = kit.task();
        let shared = future.shared();
        let mut clone = shared.clone();
        let bell = kit.bell();
        let poller = thread::spawn(move || {
            let (done, slept) = drive(&mut clone, &bell);
            assert!(done.peek().is_some());
            (done, clone, bell, slept)
        });
        let worker = thread::spawn(move || task.run());
        shared.add_done_callback(log.callback(&kit, 'a'));
        let (done, clone, bell, slept) = poller.join().unwrap();
        assert!(worker.join().unwrap());
        assert_eq!(log.text(), "a");
        assert_eq!(bell.rings(), slept);
        out.saw(["ready at once", "woken", "woken twice"][slept]);
        drop((done, clone, shared, bell));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled to the end on a bell: a pending poll is always followed by a ring.
pub const POLL: Scenario = Scenario {
    name: "hooks/poll",
    must: &["ready at once", "woken"],
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let bell = kit.bell();
        let worker = thread::spawn(move || task.run());
        let (value, slept) = drive(&mut future, &bell);
        assert!(value.is_ok());
        drop((value, future));
        assert!(worker.join().unwrap());
        assert_eq!(bell.rings(), slept);
        out.saw(["ready at once", "woken", "woken twice"][slept]);
        drop(bell);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Polled again with another waker: that one is woken, and the older one is not.
pub const REPOLL: Scenario = Scenario {
    name: "hooks/repoll",
    must: &["second woken", "ready, first woken", "ready, second woken"],
    forbidden: &["both woken", "first woken"],
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let (first, second) = (kit.bell(), kit.bell());
        assert!(poll(&mut future, &first).is_pending());
        let worker = thread::spawn(move || task.run());
        let (value, slept) = drive(&mut future, &second);
        assert!(value.is_ok());
        drop((value, future));
        assert!(worker.join().unwrap());
        out.saw(match (slept, first.rings(), second.rings()) {
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
pub const POLL_DROP: Scenario = Scenario {
    name: "hooks/poll_drop",
    must: &["woken", "forgotten"],
    body: |out| {
        let kit = Kit::new();
        let (task, mut future) = kit.task();
        let bell = kit.bell();
        let worker = thread::spawn(move || task.run());
        let _ = poll(&mut future, &bell);
        drop(future);
        assert!(worker.join().unwrap());
        out.saw(match bell.rings() {
            0 => "forgotten",
            1 => "woken",
            _ => "woken twice",
        });
        drop(bell);
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two clones that were polled before are polled again at once, then the task completes: each takes out
/// what the other may be after. The newest waker of each is woken, the older one perhaps as well.
pub const TWO_REPOLLERS: Scenario = Scenario {
    name: "hooks/two_repollers",
    must: &["newest", "newest and older"],
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let bells = [kit.bell(), kit.bell(), kit.bell(), kit.bell()];
        assert!(poll(&mut shared, &bells[0]).is_pending());
        assert!(poll(&mut clone, &bells[1]).is_pending());
        let bell = Arc::clone(&bells[3]);
        let other = thread::spawn(move || {
            assert!(poll(&mut clone, &bell).is_pending());
            (clone, bell)
        });
        assert!(poll(&mut shared, &bells[2]).is_pending());
        let kept = other.join().unwrap();
        assert!(task.run());
        let rings = [0, 1, 2, 3].map(|bell| bells[bell].rings());
        assert_eq!(rings[2..], [1, 1]);
        out.saw(if rings[0] + rings[1] == 0 {
            "newest"
        } else {
            "newest and older"
        });
        drop((kept, shared, bells));
        kit.finish();
    },
    ..Scenario::EMPTY
};

/// Two clones are awaited by two threads, a third completes. Both are woken.
pub const TWO_POLLERS: Scenario = Scenario {
    name: "hooks/two_pollers",
    must: &["woken", "ready at once"],
    may: &["woken twice"],
    body: |out| {
        let kit = Kit::new();
        let (task, future) = kit.task();
        let mut shared = future.shared();
        let mut clone = shared.clone();
        let (mine, theirs) = (kit.bell(), kit.bell());
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
