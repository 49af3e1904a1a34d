//! A deadline comes at the same time as the reply: the waiter can go, or wait again, and nothing is left behind.

use super::remote::{pool, serve_one, submit};
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::Future;
use std::time::Duration;

/// Never comes by itself; the fault plan says when it has passed.
const LIMIT: Duration = Duration::from_secs(3600);

/// Waits twice, the second time without a limit.
#[inline(never)]
fn patient(task: Future<u64>) -> &'static str {
    match task.result_timeout(LIMIT) {
        Ok(value) => {
            assert_eq!(value.unwrap(), 2);
            "in time"
        }
        Err(task) => {
            assert_eq!(task.result().unwrap(), 2);
            "late"
        }
    }
}

/// The lane's leader, which waits again.
const LEADER: Scenario = Scenario {
    name: "timed/leader",
    test: "remote_timed::leader",
    shows: "in time, or late and then waiting again",
    must: &["in time", "late"],
    faults: 2,
    loom: Loom::bound(2).at_least(100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        let serving = thread::spawn(move || serve_one(&mut worker));
        let when = patient(task);
        serving.join().unwrap();
        out.saw(when);
    },
    ..Scenario::EMPTY
};

/// One of two that wait for tasks of the same lane: leader or follower.
const FOLLOWER: Scenario = Scenario {
    name: "timed/follower",
    test: "remote_timed::follower",
    shows: "one of two waiters gives up and waits again",
    must: &["in time", "late"],
    faults: 1,
    threads: 4,
    loom: Loom::bound(1).at_least(10_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (task, other) = (submit(&pool, 1), submit(&pool, 2));
        let theirs = pool.clone();
        let completer = thread::spawn(move || theirs.complete());
        serve_one(&mut worker);
        let waiter = thread::spawn(move || patient(task));
        let serving = thread::spawn(move || serve_one(&mut worker));
        assert_eq!(other.result().unwrap(), 3);
        serving.join().unwrap();
        out.saw(waiter.join().unwrap());
        pool.stop();
        completer.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// A follower gives up while the leader leaves, and may become the leader just then. It waits again, and the reply to its
/// task comes later.
const PASSED: Scenario = Scenario {
    name: "timed/passed",
    test: "remote_timed::passed",
    shows: "a follower that gives up becomes the leader just then",
    must: &["in time", "late"],
    faults: 1,
    loom: Loom::bound(2).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        let waiter = thread::spawn(move || patient(task));
        pool.enter_and_leave(0);
        thread::yield_now();
        serve_one(&mut worker);
        out.saw(waiter.join().unwrap());
    },
    ..Scenario::EMPTY
};

/// The leader gives up and drops its handle, and with it the only one.
const GIVE_UP: Scenario = Scenario {
    name: "timed/give_up",
    test: "remote_timed::give_up",
    shows: "a leader that gives up leaves nothing behind",
    must: &["in time", "late"],
    faults: 1,
    loom: Loom::bound(2).at_least(100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        let serving = thread::spawn(move || serve_one(&mut worker));
        let in_time = task.wait_timeout(LIMIT);
        drop(task);
        serving.join().unwrap();
        pool.drain_replies(0);
        assert_eq!(pool.lane(0).depth(), 0);
        pool.stop();
        pool.complete();
        out.saw(if in_time { "in time" } else { "late" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[LEADER, FOLLOWER, GIVE_UP, PASSED];
