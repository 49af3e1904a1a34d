//! Sleeping on a lane and being woken: no wake-up is lost. A lost one is a deadlock, which both checkers
//! report.

use super::lane_kit::{
    Lane, lane, lane_with, reply_to, seq, serve, slept, submit, take_number, wait,
};
use crate::sync::atomic::{AtomicU32, Ordering, fence};
use crate::sync::{Arc, futex, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::wake_request::WakeRequest;
use std::time::{Duration, Instant};

/// The worker sleeps twice, and each time a task wakes it.
const WORKER: Scenario = Scenario {
    name: "lane/worker_sleeps",
    test: "lane_wake::worker",
    shows: "the worker sleeps twice",
    must: &["awake", "slept"],
    faults: 2,
    loom: Loom::bound(3).at_least(5_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let serving = thread::spawn(move || {
            [(); 2].map(|()| {
                let request = worker.next().expect("not closed");
                reply_to(&mut worker, &request)
            })
        });
        submit(&parent, 1);
        submit(&parent, 2);
        assert_eq!(serving.join().unwrap(), [1, 2]);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two tasks from two threads for a worker that goes to sleep: one thread notifies it for both.
const WORKER_BURST: Scenario = Scenario {
    name: "lane/worker_burst",
    test: "lane_wake::worker_burst",
    shows: "one notification for two tasks",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(2).at_least(9_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let other = Arc::clone(&parent);
        let producer = thread::spawn(move || submit(&other, 1));
        let serving =
            thread::spawn(move || [(); 2].map(|()| worker.next().expect("not closed").entry));
        submit(&parent, 2);
        producer.join().unwrap();
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The parent sleeps for each of two replies.
const PARENT: Scenario = Scenario {
    name: "lane/parent_sleeps",
    test: "lane_wake::parent",
    shows: "the parent sleeps twice",
    must: &["awake", "slept"],
    faults: 2,
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        submit(&parent, 2);
        let serving = thread::spawn(move || {
            for _ in 0..2 {
                let request = worker.next().expect("published");
                reply_to(&mut worker, &request);
            }
        });
        for n in 0..2 {
            wait(&parent, seq(n));
            take_number(&parent, seq(n), u64::from(n) + 1);
        }
        out.saw(slept());
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// With a deadline, which may pass; the reply is then taken later.
const TIMED: Scenario = Scenario {
    name: "lane/parent_timed",
    test: "lane_wake::timed",
    shows: "a deadline that passes",
    must: &["replied", "timed out"],
    faults: 1,
    loom: Loom::bound(3).at_least(420),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let task = submit(&parent, 1);
        let serving = thread::spawn(move || {
            let request = worker.next().expect("published");
            reply_to(&mut worker, &request);
        });
        let deadline = Some(Instant::now() + Duration::from_secs(1));
        let mut timed_out = false;
        while !parent.has_reply(task) && !timed_out {
            let seen = parent.arm();
            if !parent.has_reply(task) {
                timed_out = parent.sleep(seen, deadline) == crate::sync::FutexWait::TimedOut;
            }
        }
        parent.disarm();
        serving.join().unwrap();
        take_number(&parent, task, 1);
        out.saw(if timed_out { "timed out" } else { "replied" });
    },
    ..Scenario::EMPTY
};

/// The parent wakes its own sleeper, for a reason of its own.
const OWN_EVENT: Scenario = Scenario {
    name: "lane/own_event",
    test: "lane_wake::own_event",
    shows: "woken for a reason of the parent's own",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let parent = lane.parent;
        let reason = Arc::new(AtomicU32::new(0));
        let (other, theirs) = (Arc::clone(&parent), Arc::clone(&reason));
        let notifier = thread::spawn(move || {
            theirs.store(1, Ordering::Relaxed);
            other.notify();
        });
        // The release and acquire of the own event word carry the reason.
        loop {
            let seen = parent.arm();
            if reason.load(Ordering::Relaxed) == 1 {
                break;
            }
            let _ = parent.sleep(seen, None);
        }
        out.saw(slept());
        notifier.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The same, while the worker's side overwrites its event word, on which the sleeper sleeps, too.
const SPOILED_EVENT: Scenario = Scenario {
    name: "lane/spoiled_event",
    test: "lane_wake::spoiled_event",
    shows: "the same, while the worker's event word is overwritten",
    must: &["awake", "slept"],
    faults: 1,
    threads: 3,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane { parent, ends, .. } = lane(0);
        let reason = Arc::new(AtomicU32::new(0));
        let (other, theirs) = (Arc::clone(&parent), Arc::clone(&reason));
        let notifier = thread::spawn(move || {
            theirs.store(1, Ordering::Relaxed);
            other.notify();
        });
        let spoiler = thread::spawn(move || {
            ends.replies().spoil_event(1);
            ends.replies().spoil_event(0);
        });
        loop {
            let seen = parent.arm();
            if reason.load(Ordering::Relaxed) == 1 {
                break;
            }
            let _ = parent.sleep(seen, None);
        }
        out.saw(slept());
        notifier.join().unwrap();
        spoiler.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A listener is notified of a reply, once for each wake request; the event word stays as it is.
const LISTENER: Scenario = Scenario {
    name: "lane/listener",
    test: "lane_wake::listener",
    shows: "a listener is notified of two replies",
    must: &["notified", "saw itself"],
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let event = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&event);
        let lane = lane_with(0, (), move || {
            // WAKE: as a write to an eventfd does.
            theirs.fetch_add(1, Ordering::Release);
            futex::wake_one(&raw const *theirs);
        });
        let (parent, worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        submit(&parent, 2);
        parent.close();
        let serving = thread::spawn(move || serve(worker));
        let mut saw_itself = true;
        for n in 0..2 {
            while !parent.has_reply(seq(n)) {
                // As with the event word: earlier notifications are drained before the wake request.
                let before = event.load(Ordering::Acquire);
                parent.arm_event();
                if !parent.has_reply(seq(n)) {
                    saw_itself = false;
                    let _ = futex::wait(&event, before, None);
                }
            }
            take_number(&parent, seq(n), u64::from(n) + 1);
        }
        parent.disarm_event();
        out.saw(if saw_itself { "saw itself" } else { "notified" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A sleeper is notified of the first reply; a listener then posts its first wake request, which may look the same.
const BOTH_WAKE_REQUESTS: Scenario = Scenario {
    name: "lane/both_wake_requests",
    test: "lane_wake::both_wake_requests",
    shows: "a sleeper is notified, then a listener: their wake requests may look the same",
    must: &["notified", "saw itself"],
    loom: Loom::bound(2).at_least(1_100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let event = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&event);
        let lane = lane_with(0, (), move || {
            // WAKE: as a write to an eventfd does.
            theirs.fetch_add(1, Ordering::Release);
            futex::wake_one(&raw const *theirs);
        });
        let (parent, worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        submit(&parent, 2);
        parent.close();
        let serving = thread::spawn(move || serve(worker));
        wait(&parent, seq(0));
        take_number(&parent, seq(0), 1);
        let mut saw_itself = true;
        while !parent.has_reply(seq(1)) {
            let before = event.load(Ordering::Acquire);
            parent.arm_event();
            if !parent.has_reply(seq(1)) {
                saw_itself = false;
                let _ = futex::wait(&event, before, None);
            }
        }
        parent.disarm_event();
        take_number(&parent, seq(1), 2);
        out.saw(if saw_itself { "saw itself" } else { "notified" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The end of a lane: what was published before gets its replies, and a sleeping worker comes to its end.
const CLOSE: Scenario = Scenario {
    name: "lane/close",
    test: "lane_wake::close",
    shows: "the worker ends after the last task",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(2_900),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        let serving = thread::spawn(move || serve(worker));
        submit(&parent, 1);
        parent.close();
        assert_eq!(serving.join().unwrap(), [1]);
        take_number(&parent, seq(0), 1);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// What a broken twin leaves out.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Nothing,
    Check,
    Fence,
    EventFirst,
}

/// The handshake alone: two values are written, and a wake request is notified once.
fn handshake(without: Without) {
    let shared = Arc::new((WakeRequest::new(), AtomicU32::new(0), AtomicU32::new(0)));
    let other = Arc::clone(&shared);
    let notifier = thread::spawn(move || {
        let (request, event, written) = &*other;
        let mut notified = 0;
        for n in 1..=2 {
            written.store(n, Ordering::Release);
            if without != Without::Fence {
                fence(Ordering::SeqCst);
            }
            if let Some(now) = request.look().filter(|&now| now != notified) {
                notified = now;
                event.fetch_add(1, Ordering::Release);
                futex::wake_all(event);
            }
        }
    });
    let (request, event, written) = &*shared;
    for n in 1..=2 {
        while written.load(Ordering::Acquire) < n {
            let mut seen = event.load(Ordering::Acquire);
            request.post();
            if without == Without::EventFirst {
                seen = event.load(Ordering::Acquire);
            }
            if without == Without::Check || written.load(Ordering::Acquire) < n {
                let _ = futex::wait(event, seen, None);
            }
        }
    }
    notifier.join().unwrap();
}

/// The shape of the broken ones below, whole.
const HANDSHAKE: Scenario = Scenario {
    name: "lane/wake_request",
    test: "lane_wake::handshake",
    shows: "the handshake alone",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        handshake(Without::Nothing);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no check between the wake request and the sleep.
const NO_LOOK: Scenario = Scenario {
    name: "lane/broken_no_look",
    test: "lane_wake::a_sleep_without_a_look_is_found",
    shows: "no check between wake request and sleep",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::random(10_000),
    body: |out| {
        handshake(Without::Check);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between the write and the look for a wake request. Only loom can see it.
const NO_FENCE: Scenario = Scenario {
    name: "lane/broken_no_fence",
    test: "lane_wake::a_notification_without_a_fence_is_found",
    shows: "no fence before the look for a wake request",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    body: |out| {
        handshake(Without::Fence);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the event word is read after the wake request. The notification may have come between them, for the
/// first value; the second one then finds a request that is used up.
const LATE_EVENT: Scenario = Scenario {
    name: "lane/broken_late_event",
    test: "lane_wake::an_event_read_after_the_request_is_found",
    shows: "the event word read after the wake request",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(3),
    shuttle: Shuttle::random(10_000),
    body: |out| {
        handshake(Without::EventFirst);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    WORKER,
    WORKER_BURST,
    PARENT,
    TIMED,
    OWN_EVENT,
    SPOILED_EVENT,
    LISTENER,
    BOTH_WAKE_REQUESTS,
    CLOSE,
    HANDSHAKE,
    NO_LOOK,
    NO_FENCE,
    LATE_EVENT,
];
