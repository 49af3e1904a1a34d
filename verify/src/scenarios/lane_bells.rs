//! Sleeping on a lane and being woken: no wake-up is lost. A lost one is a deadlock, which both checkers
//! report.

use super::lane_kit::{
    Lane, answer, lane, lane_with, seq, serve, slept, submit, take_number, wait,
};
use crate::Scenario;
use crate::sync::atomic::{AtomicU32, Ordering, fence};
use crate::sync::{Arc, futex, thread};
use raddle::shm::wake_request::WakeRequest;
use std::time::{Duration, Instant};

/// The worker sleeps twice, and each time a task wakes it.
pub const WORKER: Scenario = Scenario {
    name: "lane/worker_bell",
    must: &["awake", "slept"],
    faults: 2,
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
pub const WORKER_BURST: Scenario = Scenario {
    name: "lane/worker_burst",
    must: &["awake", "slept"],
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
pub const PARENT: Scenario = Scenario {
    name: "lane/parent_bell",
    must: &["awake", "slept"],
    faults: 2,
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
pub const TIMED: Scenario = Scenario {
    name: "lane/parent_timed",
    must: &["answered", "timed out"],
    faults: 1,
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
        while !parent.answered(task) && !timed_out {
            let bell = parent.arm();
            if !parent.answered(task) {
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
pub const OWN_RING: Scenario = Scenario {
    name: "lane/own_ring",
    must: &["awake", "slept"],
    faults: 1,
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
pub const SPOILED: Scenario = Scenario {
    name: "lane/spoiled_bell",
    must: &["awake", "slept"],
    faults: 1,
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
pub const LISTENER: Scenario = Scenario {
    name: "lane/listener",
    must: &["told", "saw itself"],
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
            while !parent.answered(seq(n)) {
                // The order of the bell: what was told is read away before the wish.
                let before = told.load(Ordering::Acquire);
                parent.listen();
                if !parent.answered(seq(n)) {
                    saw_itself = false;
                    let _ = futex::wait(&told, before, None);
                }
            }
            take_number(&parent, seq(n), u64::from(n) + 1);
        }
        parent.stop_listening();
        out.saw(if saw_itself { "saw itself" } else { "told" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A sleeper is rung for the first answer; a listener then asks for the first time, with a wish that may look the same.
pub const BOTH_WISHES: Scenario = Scenario {
    name: "lane/both_wishes",
    must: &["told", "saw itself"],
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
        while !parent.answered(seq(1)) {
            let before = told.load(Ordering::Acquire);
            parent.listen();
            if !parent.answered(seq(1)) {
                saw_itself = false;
                let _ = futex::wait(&told, before, None);
            }
        }
        parent.stop_listening();
        take_number(&parent, seq(1), 2);
        out.saw(if saw_itself { "saw itself" } else { "told" });
        serving.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// The end of a lane: what was published before is answered, and a sleeping worker comes to its end.
pub const CLOSE: Scenario = Scenario {
    name: "lane/close",
    must: &["awake", "slept"],
    faults: 1,
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
pub const HANDSHAKE: Scenario = Scenario {
    name: "lane/wish",
    must: &["awake", "slept"],
    faults: 1,
    body: |out| {
        handshake(Without::Nothing);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no look between the wish and the sleep.
pub const NO_LOOK: Scenario = Scenario {
    name: "lane/broken_no_look",
    may: &["awake", "slept"],
    body: |out| {
        handshake(Without::Look);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between what was brought and the look at the wish. Only loom can see it.
pub const NO_FENCE: Scenario = Scenario {
    name: "lane/broken_no_fence",
    may: &["awake", "slept"],
    body: |out| {
        handshake(Without::Fence);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the bell is read after the wish. The ring may have come between them, for the first
/// thing; the second is then brought to a wish that is used up.
pub const LATE_BELL: Scenario = Scenario {
    name: "lane/broken_late_bell",
    may: &["awake", "slept"],
    body: |out| {
        handshake(Without::BellFirst);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};
