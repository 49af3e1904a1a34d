//! Submitters that wait for capacity in several lanes, and no other thread that would notify them: no completer, or one
//! that is held up.

use super::lane_kit::slept;
use super::remote::{pool, serve_one, submit};
use crate::sync::thread;
use crate::{Loom, Outcomes, Scenario, Shuttle};
use raddle::Future;
use raddle::process::testing::model::Model;
use raddle::shm::WorkerEnd;

/// Two lanes that hold as much as they can, and their workers.
#[inline(never)]
fn full() -> (Model, Box<WorkerEnd>, Box<WorkerEnd>, [Future<u64>; 4]) {
    let (pool, mut workers) = pool(2, 0);
    let second = workers.remove(1);
    let first = workers.remove(0);
    let tasks = [1, 2, 3, 4].map(|value| submit(&pool, value));
    (pool, first, second, tasks)
}

/// All of them end with their pool, to which they refer.
#[inline(never)]
fn end(out: &Outcomes, pool: &Model, tasks: impl IntoIterator<Item = Future<u64>>) {
    pool.stop();
    for task in tasks {
        task.wait();
    }
    out.saw(slept());
}

/// A submitter finds two lanes full and leads both. The worker of the second one makes the capacity, and only the
/// submitter takes its reply.
const ELSEWHERE: Scenario = Scenario {
    name: "remote/capacity_elsewhere",
    test: "remote_capacity_lanes::elsewhere",
    shows: "a submitter leads two lanes, and the second one gets capacity",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(2).at_least(140),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _first, mut second, tasks) = full();
        let serving = thread::spawn(move || serve_one(&mut second));
        // Or it sleeps for ever.
        let late = submit(&pool, 5);
        serving.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late]));
    },
    ..Scenario::EMPTY
};

/// The same, and another thread takes the reply.
const TAKEN: Scenario = Scenario {
    name: "remote/capacity_taken",
    test: "remote_capacity_lanes::taken",
    shows: "the same, and another thread takes the reply",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(3_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _first, mut second, tasks) = full();
        let theirs = pool.clone();
        let taking = thread::spawn(move || {
            serve_one(&mut second);
            theirs.drain_replies(1);
        });
        let late = submit(&pool, 5);
        taking.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late]));
    },
    ..Scenario::EMPTY
};

/// A revoked task makes the capacity: its worker skips it, and another thread finds that.
const SKIPPED: Scenario = Scenario {
    name: "remote/capacity_skipped",
    test: "remote_capacity_lanes::skipped",
    shows: "the same, and a revoked task makes the capacity",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _first, mut second, tasks) = full();
        assert!(tasks[1].cancel(), "the first one of the second lane");
        let theirs = pool.clone();
        let taking = thread::spawn(move || {
            second.next().expect("not closed");
            theirs.drain_replies(1);
            second
        });
        let late = submit(&pool, 5);
        let _second = taking.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late]));
    },
    ..Scenario::EMPTY
};

/// The submitter is a callback that the completer runs, so the completer does not listen.
const CALLBACK: Scenario = Scenario {
    name: "remote/capacity_callback",
    test: "remote_capacity_lanes::callback",
    shows: "the same, and the submitter is a callback that the completer runs",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(140),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut first, mut second, [runs, tasks @ ..]) = full();
        let theirs = pool.clone();
        runs.add_done_callback(move |_| {
            let fits = submit(&theirs, 5);
            let finds_capacity = submit(&theirs, 6);
            theirs.stop();
            fits.wait();
            finds_capacity.wait();
        });
        serve_one(&mut first);
        let serving = thread::spawn(move || serve_one(&mut second));
        pool.complete();
        serving.join().unwrap();
        end(out, &pool, tasks);
    },
    ..Scenario::EMPTY
};

/// Two submitters wait for capacity in both lanes, and both lanes get some: one submitter leads where the other one
/// follows, or each leads one lane.
const TWO: Scenario = Scenario {
    name: "remote/capacity_two",
    test: "remote_capacity_lanes::two",
    shows: "two submitters, two lanes, capacity in both",
    must: &["slept"],
    may: &["awake"],
    threads: 3,
    // The rest of it is a schedule: it takes more than 200,000 executions with one preemption.
    loom: Loom::bound(0).at_least(7),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut first, mut second, tasks) = full();
        let theirs = pool.clone();
        let other = thread::spawn(move || submit(&theirs, 5));
        let serving = thread::spawn(move || {
            serve_one(&mut first);
            serve_one(&mut second);
        });
        let late = submit(&pool, 6);
        serving.join().unwrap();
        let other = other.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late, other]));
    },
    ..Scenario::EMPTY
};

/// Two submitters, and the pool ends: both learn of it, whatever they lead.
const TWO_AT_END: Scenario = Scenario {
    name: "remote/capacity_two_at_end",
    test: "remote_capacity_lanes::two_at_end",
    shows: "the same, and the pool ends",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(1).at_least(1_300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _first, _second, tasks) = full();
        let theirs = pool.clone();
        let other = thread::spawn(move || submit(&theirs, 5));
        let theirs = pool.clone();
        let ending = thread::spawn(move || theirs.stop());
        let late = submit(&pool, 6);
        ending.join().unwrap();
        let other = other.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late, other]));
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the second lane has a leader that does not exist, and the thread that takes its reply notifies no
/// thread of the capacity.
const NO_NOTIFY: Scenario = Scenario {
    name: "remote/broken_capacity_no_notify",
    test: "remote_capacity_lanes::capacity_without_a_notification_is_found",
    shows: "a reply of a lane that another thread leads is taken, and no thread is notified \
            of the capacity",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(2),
    body: |out| {
        let (pool, _first, mut second, tasks) = full();
        pool.pretend_leader(1);
        let theirs = pool.clone();
        let taking = thread::spawn(move || {
            serve_one(&mut second);
            theirs.drain_without_notify(1);
        });
        let late = submit(&pool, 5);
        taking.join().unwrap();
        end(out, &pool, tasks.into_iter().chain([late]));
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    ELSEWHERE, TAKEN, SKIPPED, CALLBACK, TWO, TWO_AT_END, NO_NOTIFY,
];
