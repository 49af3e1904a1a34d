//! Sleeping on a lane and being woken: no wake-up is lost. A lost one is a deadlock, which both checkers
//! report.

use super::lane_kit::{
    Lane, answer, lane, lane_with, seq, serve, slept, submit, take_number, wait,
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
                answer(&mut worker, &request)
            })
        });
        submit(&parent, 1);
        submit(&parent, 2);
        assert_eq!(serving.join().unwrap(), [1, 2]);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two tasks from two threads for a worker that lies down: one of them rings for both.
const WORKER_BURST: Scenario = Scenario {
    name: "lane/worker_burst",
    test: "lane_wake::worker_burst",
    shows: "one ring for two tasks",
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

/// The parent sleeps for each of two answers.
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
                answer(&mut worker, &request);
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

/// With a deadline, which may pass; the answer is then taken later.
const TIMED: Scenario = Scenario {
    name: "lane/parent_timed",
    test: "lane_wake::timed",
    shows: "a deadline that passes",
    must: &["answered", "timed out"],
    faults: 1,
    loom: Loom::bound(3).at_least(420),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let task = submit(&parent, 1);
        let serving = thread::spawn(move || {
            let request = worker.next().expect("published");
            answer(&mut worker, &request);
        });
        let deadline = Some(Instant::now() + Duration::from_secs(1));
        let mut timed_out = false;
        while !parent.has_reply(task) && !timed_out {
            let bell = parent.arm();
            if !parent.has_reply(task) {
                timed_out = parent.sleep(bell, deadline) == crate::sync::FutexWait::TimedOut;
            }
        }
        parent.disarm();
        serving.join().unwrap();
        take_number(&parent, task, 1);
        out.saw(if timed_out { "timed out" } else { "answered" });
    },
    ..Scenario::EMPTY
};

/// The parent wakes its own sleeper, for a reason of its own.
const OWN_RING: Scenario = Scenario {
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
        let ringer = thread::spawn(move || {
            theirs.store(1, Ordering::Relaxed);
            other.notify();
        });
        // The own bell's release and acquire carry the reason.
        loop {
            let bell = parent.arm();
            if reason.load(Ordering::Relaxed) == 1 {
                break;
            }
            let _ = parent.sleep(bell, None);
        }
        out.saw(slept());
        ringer.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The same, while the worker's side writes over the bell that the sleeper sleeps on, too.
const SPOILED: Scenario = Scenario {
    name: "lane/spoiled_event",
    test: "lane_wake::spoiled_event",
    shows: "the same, while the worker's bell is written over",
    must: &["awake", "slept"],
    faults: 1,
    threads: 3,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane { parent, ends, .. } = lane(0);
        let reason = Arc::new(AtomicU32::new(0));
        let (other, theirs) = (Arc::clone(&parent), Arc::clone(&reason));
        let ringer = thread::spawn(move || {
            theirs.store(1, Ordering::Relaxed);
            other.notify();
        });
        let spoiler = thread::spawn(move || {
            ends.replies().spoil_event(1);
            ends.replies().spoil_event(0);
        });
        loop {
            let bell = parent.arm();
            if reason.load(Ordering::Relaxed) == 1 {
                break;
            }
            let _ = parent.sleep(bell, None);
        }
        out.saw(slept());
        ringer.join().unwrap();
        spoiler.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A listener is told of an answer, once for each time that it asks; a sleeper's bell stays still.
const LISTENER: Scenario = Scenario {
    name: "lane/listener",
    test: "lane_wake::listener",
    shows: "told of two answers",
    must: &["told", "saw itself"],
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let told = Arc::new(AtomicU32::new(0));
        let event = Arc::clone(&told);
        let lane = lane_with(0, (), move || {
            // WAKE: as a write to an eventfd does.
            event.fetch_add(1, Ordering::Release);
            futex::wake_one(&raw const *event);
        });
        let (parent, worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        submit(&parent, 2);
        parent.close();
        let serving = thread::spawn(move || serve(worker));
        let mut saw_itself = true;
        for n in 0..2 {
            while !parent.has_reply(seq(n)) {
                // The order of the bell: what was told is read away before the wish.
                let before = told.load(Ordering::Acquire);
                parent.arm_event();
                if !parent.has_reply(seq(n)) {
                    saw_itself = false;
                    let _ = futex::wait(&told, before, None);
                }
            }
            take_number(&parent, seq(n), u64::from(n) + 1);
        }
        parent.disarm_event();
        out.saw(if saw_itself { "saw itself" } else { "told" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A sleeper is rung for the first answer; a listener then asks for the first time, with a wish that may look the same.
const BOTH_WISHES: Scenario = Scenario {
    name: "lane/both_wake_requests",
    test: "lane_wake::both_wake_requests",
    shows: "a sleeper is rung, then a listener told: their wishes may look the same",
    must: &["told", "saw itself"],
    loom: Loom::bound(2).at_least(1_100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let told = Arc::new(AtomicU32::new(0));
        let event = Arc::clone(&told);
        let lane = lane_with(0, (), move || {
            // WAKE: as a write to an eventfd does.
            event.fetch_add(1, Ordering::Release);
            futex::wake_one(&raw const *event);
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
            let before = told.load(Ordering::Acquire);
            parent.arm_event();
            if !parent.has_reply(seq(1)) {
                saw_itself = false;
                let _ = futex::wait(&told, before, None);
            }
        }
        parent.disarm_event();
        take_number(&parent, seq(1), 2);
        out.saw(if saw_itself { "saw itself" } else { "told" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The end of a lane: what was published before is answered, and a sleeping worker comes to its end.
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
    Look,
    Fence,
    BellFirst,
}

/// The handshake alone: two things are brought, and a wish is answered once.
fn handshake(without: Without) {
    let shared = Arc::new((WakeRequest::new(), AtomicU32::new(0), AtomicU32::new(0)));
    let other = Arc::clone(&shared);
    let ringer = thread::spawn(move || {
        let (wish, bell, brought) = &*other;
        let mut answered = 0;
        for n in 1..=2 {
            brought.store(n, Ordering::Release);
            if without != Without::Fence {
                fence(Ordering::SeqCst);
            }
            if let Some(now) = wish.look().filter(|&now| now != answered) {
                answered = now;
                bell.fetch_add(1, Ordering::Release);
                futex::wake_all(bell);
            }
        }
    });
    let (wish, bell, brought) = &*shared;
    for n in 1..=2 {
        while brought.load(Ordering::Acquire) < n {
            let mut seen = bell.load(Ordering::Acquire);
            wish.post();
            if without == Without::BellFirst {
                seen = bell.load(Ordering::Acquire);
            }
            if without == Without::Look || brought.load(Ordering::Acquire) < n {
                let _ = futex::wait(bell, seen, None);
            }
        }
    }
    ringer.join().unwrap();
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

/// Broken on purpose: no look between the wish and the sleep.
const NO_LOOK: Scenario = Scenario {
    name: "lane/broken_no_look",
    test: "lane_wake::a_sleep_without_a_look_is_found",
    shows: "no look between wish and sleep",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::random(10_000),
    body: |out| {
        handshake(Without::Look);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between what was brought and the look at the wish. Only loom can see it.
const NO_FENCE: Scenario = Scenario {
    name: "lane/broken_no_fence",
    test: "lane_wake::a_notification_without_a_fence_is_found",
    shows: "no fence before the look at the wish",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::unbounded(),
    body: |out| {
        handshake(Without::Fence);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the bell is read after the wish. The ring may have come between them, for the first
/// thing; the second is then brought to a wish that is used up.
const LATE_BELL: Scenario = Scenario {
    name: "lane/broken_late_event",
    test: "lane_wake::an_event_read_after_the_request_is_found",
    shows: "the bell read after the wish",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(3),
    shuttle: Shuttle::random(10_000),
    body: |out| {
        handshake(Without::BellFirst);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    WORKER,
    WORKER_BURST,
    PARENT,
    TIMED,
    OWN_RING,
    SPOILED,
    LISTENER,
    BOTH_WISHES,
    CLOSE,
    HANDSHAKE,
    NO_LOOK,
    NO_FENCE,
    LATE_BELL,
];
