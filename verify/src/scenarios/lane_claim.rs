//! Revoking a task, and asking one to stop.

use super::lane_kit::{DONE, lane, number, seq, serve, submit, take, wait};
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::{Body, Revoke, SKIPPED};

/// The worker claims while the parent revokes: one of them has it, and the reply says which.
const REVOKE: Scenario = Scenario {
    name: "lane/revoke",
    test: "lane_claim::revoke",
    shows: "one of claim and revoke wins, and the reply says which",
    must: &["ran", "skipped"],
    loom: Loom::unbounded().at_least(30),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        let task = submit(&parent, 7);
        parent.close();
        let serving = thread::spawn(move || serve(worker));
        let won = parent.lock().revoke(task) == Ok(Revoke::Won);
        let served = serving.join().unwrap();
        assert_eq!(served, if won { vec![] } else { vec![7] });
        let reply = take(&parent);
        assert_eq!(reply.seq, task);
        assert_eq!(reply.status, if won { SKIPPED } else { DONE });
        assert_eq!(parent.lock().revoke(task), Ok(Revoke::Claimed), "too late");
        out.saw(if won { "skipped" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// Two of the parent's threads revoke the same task: both succeed, or the worker runs it.
const REVOKE_TWICE: Scenario = Scenario {
    name: "lane/revoke_twice",
    test: "lane_claim::revoke_twice",
    shows: "two that revoke, one that claims",
    must: &["ran", "skipped"],
    threads: 3,
    loom: Loom::bound(3).at_least(900),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let task = submit(&parent, 7);
        parent.close();
        let other = Arc::clone(&parent);
        let first = thread::spawn(move || other.lock().revoke(task) == Ok(Revoke::Won));
        let serving = thread::spawn(move || worker.next().map(|request| number(&request.payload)));
        let second = parent.lock().revoke(task) == Ok(Revoke::Won);
        let first = first.join().unwrap();
        let ran = serving.join().unwrap();
        assert_eq!(ran.is_none(), first || second);
        assert_eq!(
            first, second,
            "what was revoked stays so until it is skipped"
        );
        out.saw(if first { "skipped" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// A task is revoked behind another one, whose slot is used again meanwhile.
const REVOKE_SECOND: Scenario = Scenario {
    name: "lane/revoke_second",
    test: "lane_claim::revoke_second",
    shows: "behind another task",
    must: &["ran", "skipped"],
    loom: Loom::bound(3).at_least(58_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        let second = submit(&parent, 2);
        let serving = thread::spawn(move || serve(worker));
        let won = parent.lock().revoke(second) == Ok(Revoke::Won);
        wait(&parent, seq(0));
        assert_eq!(take(&parent).status, DONE);
        submit(&parent, 3);
        parent.close();
        let served = serving.join().unwrap();
        assert_eq!(served, if won { vec![1, 3] } else { vec![1, 2, 3] });
        assert_eq!(take(&parent).status, if won { SKIPPED } else { DONE });
        assert_eq!(take(&parent).status, DONE);
        out.saw(if won { "skipped" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// A task is revoked, and the next one in its slot is not.
const REVOKE_REUSED: Scenario = Scenario {
    name: "lane/revoke_reused",
    test: "lane_claim::revoke_reused",
    shows: "and the slot used again",
    must: &["ran", "skipped"],
    loom: Loom::bound(2).at_least(18_500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        let first = submit(&parent, 1);
        let serving = thread::spawn(move || serve(worker));
        let won = parent.lock().revoke(first) == Ok(Revoke::Won);
        wait(&parent, first);
        assert_eq!(take(&parent).status, if won { SKIPPED } else { DONE });
        let again: Vec<_> = (2..=raddle::shm::SLOTS as u64 + 1)
            .map(|value| submit(&parent, value))
            .collect();
        assert_eq!(again[again.len() - 1].slot(), first.slot());
        parent.close();
        let served = serving.join().unwrap();
        assert_eq!(
            served,
            (1 + u64::from(won)..)
                .take(served.len())
                .collect::<Vec<_>>()
        );
        for _ in 0..raddle::shm::SLOTS {
            assert_eq!(take(&parent).status, DONE);
        }
        out.saw(if won { "skipped" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// A worker that claims a task has replied to those before, and a thread that sees the claim sees those replies.
const IN_ORDER: Scenario = Scenario {
    name: "lane/in_order",
    test: "lane_claim::in_order",
    shows: "a claim shows the replies before it: an honest worker is never found ahead",
    must: &["begun", "not yet"],
    loom: Loom::unbounded().at_least(1_800),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        submit(&parent, 1);
        let second = submit(&parent, 2);
        parent.close();
        let serving = thread::spawn(move || serve(worker));
        assert_eq!(parent.lock().claimed_ahead(), None);
        let begun = parent.is_claimed(second);
        assert_eq!(serving.join().unwrap(), vec![1, 2]);
        assert_eq!(take(&parent).status, DONE);
        assert_eq!(take(&parent).status, DONE);
        out.saw(if begun { "begun" } else { "not yet" });
    },
    ..Scenario::EMPTY
};

/// A running task is asked to stop; the next one in its slot is not.
const STOP_REQUESTED: Scenario = Scenario {
    name: "lane/stop_requested",
    test: "lane_claim::stop_requested",
    shows: "a request to stop is seen or too late, and not by the slot's next task",
    must: &["seen", "too late"],
    loom: Loom::unbounded().at_least(12),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let first = submit(&parent, 1);
        let serving = thread::spawn(move || {
            let request = worker.next().expect("published");
            let requested = worker.is_stop_requested(request.seq);
            worker.reply(request.seq, DONE, Body::Inline(&[]));
            (worker, requested)
        });
        parent.request_stop(first);
        let (mut worker, requested) = serving.join().unwrap();
        take(&parent);
        // Through the other slots, to the slot whose task was asked to stop.
        for n in 1..=raddle::shm::SLOTS as u64 {
            submit(&parent, n);
            let request = worker.next().expect("published");
            assert!(!worker.is_stop_requested(request.seq));
            worker.reply(request.seq, DONE, Body::Inline(&[]));
            take(&parent);
        }
        out.saw(if requested { "seen" } else { "too late" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    REVOKE,
    IN_ORDER,
    REVOKE_TWICE,
    REVOKE_SECOND,
    REVOKE_REUSED,
    STOP_REQUESTED,
];
