//! A submitter sleeps for capacity in one lane. What makes the capacity, or ends the wait, is not a reply that it could
//! take itself.

use super::lane_kit::{DONE, number, slept};
use super::remote::{pool, serve_one, submit};
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::process::testing::model::Model;
use raddle::shm::{Body, Payload};
use raddle::{Future, Rejected, TaskError};

const ARENA: usize = 128;

/// No thread sleeps any more, so none waits for capacity.
fn assert_no_waiters(pool: &Model) {
    let capacity_waiters = pool.lane(0).lock().data().capacity_waiters;
    assert_eq!(
        capacity_waiters, 0,
        "a submitter that has gone is still counted"
    );
}

/// A task was revoked, and its worker skips it while it begins the next one. The lane's leader, which waits for that one,
/// finds the capacity.
const SKIPPED: Scenario = Scenario {
    name: "capacity/skipped",
    test: "remote_capacity::skipped",
    shows: "a revoked task makes the capacity",
    must: &["slept"],
    may: &["awake"],
    threads: 3,
    loom: Loom::bound(1).at_least(640),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        assert!(first.cancel());
        let waiter = thread::spawn(move || assert_eq!(second.result().unwrap(), 3));
        let beginning = thread::spawn(move || {
            let request = worker.next().expect("not closed");
            (worker, request)
        });
        // Or it sleeps for ever.
        let third = submit(&pool, 3);
        let (mut worker, request) = beginning.join().unwrap();
        let value = number(&request.payload) + 1;
        worker.reply(request.seq, DONE, Body::Inline(&value.to_ne_bytes()));
        waiter.join().unwrap();
        serve_one(&mut worker);
        assert_eq!(third.result().unwrap(), 4);
        assert_no_waiters(&pool);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

#[inline(never)]
fn long(pool: &Model) -> Future<u64> {
    pool.submit::<Vec<u8>, u64>(&vec![7; 100])
}

/// The arena is full, and the task whose argument is there is cancelled.
const ARGUMENT: Scenario = Scenario {
    name: "capacity/argument",
    test: "remote_capacity::argument",
    shows: "a cancelled task frees the memory",
    must: &["awake", "slept"],
    loom: Loom::bound(4).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, ARENA);
        let mut worker = workers.remove(0);
        let first = long(&pool);
        let canceller = thread::spawn(move || assert!(first.cancel()));
        // Or it sleeps for ever.
        let second = long(&pool);
        canceller.join().unwrap();
        out.saw(slept());
        serve_one(&mut worker);
        assert!(second.result().is_ok());
        assert_no_waiters(&pool);
    },
    ..Scenario::EMPTY
};

/// The lane is full, and the reply that makes capacity is long: there is capacity when another thread has read it.
const READ: Scenario = Scenario {
    name: "capacity/read",
    test: "remote_capacity::read",
    shows: "there is capacity when another thread has read a long reply",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(1_050),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, ARENA);
        let mut worker = workers.remove(0);
        let first = pool.submit::<u64, Vec<u8>>(&1);
        let second = submit(&pool, 2);
        let request = worker.next().expect("not closed");
        let reply = [&92_u32.to_ne_bytes()[..], &[7; 92]].concat();
        let span = worker.allocate(reply.len() as u32).expect("it fits");
        worker.reply_region(span).write(0, &reply);
        worker.reply(request.seq, DONE, Body::Span(span));
        let reader = thread::spawn(move || assert_eq!(first.result().unwrap(), [7; 92]));
        // Or it sleeps for ever.
        let third = submit(&pool, 3);
        reader.join().unwrap();
        out.saw(slept());
        serve_one(&mut worker);
        serve_one(&mut worker);
        assert_eq!(second.result().unwrap(), 3);
        assert_eq!(third.result().unwrap(), 4);
        assert_no_waiters(&pool);
    },
    ..Scenario::EMPTY
};

/// The arena is full, and the reply is the argument, which stays there until another thread has read it.
const RETURNED: Scenario = Scenario {
    name: "capacity/returned",
    test: "remote_capacity::returned",
    shows: "there is memory when another thread has read an argument that came back",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, ARENA);
        let mut worker = workers.remove(0);
        let argument = vec![7_u8; 96];
        let first = pool.submit::<Vec<u8>, Vec<u8>>(&argument);
        let request = worker.next().expect("not closed");
        assert!(matches!(request.payload, Payload::Span(_)));
        let returned = raddle::process::testing::model::RETURNED;
        worker.reply(request.seq, returned, Body::Inline(&[]));
        let reader = thread::spawn(move || assert_eq!(first.result().unwrap(), [7; 96]));
        // Or it sleeps for ever.
        let second = long(&pool);
        reader.join().unwrap();
        out.saw(slept());
        serve_one(&mut worker);
        assert!(second.result().is_ok());
        let all = pool
            .lane(0)
            .allocate(ARENA as u32)
            .expect("nothing is used");
        pool.lane(0).free(all);
        assert_no_waiters(&pool);
    },
    ..Scenario::EMPTY
};

/// The pool is closed to be drained while a submitter waits for capacity in a lane whose worker takes long: it is refused,
/// and does not wait for the worker.
const DRAINED: Scenario = Scenario {
    name: "capacity/drained",
    test: "remote_capacity::drained",
    shows: "a submitter that waits for capacity is refused when the pool is drained",
    must: &["awake", "slept"],
    loom: Loom::bound(3).at_least(140),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let tasks = [1, 2].map(|value| submit(&pool, value));
        let theirs = pool.clone();
        let submitter = thread::spawn(move || submit(&theirs, 3));
        pool.drain();
        // Or it sleeps for ever: the worker has not replied to anything.
        let refused = submitter.join().unwrap().result();
        let refused = matches!(refused, Err(TaskError::Rejected(Rejected::ShutDown { .. })));
        assert!(refused);
        out.saw(slept());
        for _ in &tasks {
            serve_one(&mut worker);
        }
        for task in tasks {
            assert!(task.result().is_ok());
        }
        assert_no_waiters(&pool);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[SKIPPED, ARGUMENT, READ, RETURNED, DRAINED];
