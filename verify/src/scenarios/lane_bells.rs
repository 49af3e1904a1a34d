//! Sleeping on a lane and being woken: no wake-up is lost. A lost one is a deadlock, which both checkers
//! report.

use super::lane_kit::{answer, lane, lane_with, seq, serve, slept, submit, take_number, wait};
use crate::Scenario;
use crate::sync::atomic::{AtomicU32, Ordering, fence};
use crate::sync::{Arc, futex, thread};
use raddle::shm::wish::Wish;
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
        let serving = thread::spawn(move || {
            [(); 2].map(|()| worker.next().expect("not closed").entry);
        });
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
            other.ring();
        });
        // The bell's release and acquire carry the reason.
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
        let (parent, mut worker) = (lane.parent, lane.worker);
        let task = submit(&parent, 1);
        let serving = thread::spawn(move || {
            let request = worker.next().expect("published");
            answer(&mut worker, &request);
        });
        parent.listen();
        let mut saw_itself = true;
        if !parent.answered(task) {
            super::lane_kit::wait_for(&told, 1);
            saw_itself = false;
        }
        take_number(&parent, task, 1);
        parent.stop_listening();
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

/// The handshake alone, with one of its parts left out.
fn handshake(look_again: bool, fenced: bool) {
    let shared = Arc::new((Wish::new(), AtomicU32::new(0), AtomicU32::new(0)));
    let other = Arc::clone(&shared);
    let ringer = thread::spawn(move || {
        let (wish, bell, brought) = &*other;
        brought.store(1, Ordering::Release);
        if fenced {
            fence(Ordering::SeqCst);
        }
        if wish.look().is_some() {
            bell.fetch_add(1, Ordering::Release);
            futex::wake_all(bell);
        }
    });
    let (wish, bell, brought) = &*shared;
    while brought.load(Ordering::Acquire) == 0 {
        wish.make();
        let seen = bell.load(Ordering::Acquire);
        if !look_again || brought.load(Ordering::Acquire) == 0 {
            let _ = futex::wait(bell, seen, None);
        }
    }
    ringer.join().unwrap();
}

/// The shape of the two broken ones below, whole.
pub const HANDSHAKE: Scenario = Scenario {
    name: "lane/wish",
    must: &["awake", "slept"],
    faults: 1,
    body: |out| {
        handshake(true, true);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no look between the wish and the sleep.
pub const NO_LOOK: Scenario = Scenario {
    name: "lane/broken_no_look",
    may: &["awake", "slept"],
    body: |out| {
        handshake(false, true);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between what was brought and the look at the wish. Only loom can see it.
pub const NO_FENCE: Scenario = Scenario {
    name: "lane/broken_no_fence",
    may: &["awake", "slept"],
    body: |out| {
        handshake(true, false);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};
