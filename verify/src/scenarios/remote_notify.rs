//! Notifications: of the completer that clears its interest, of several waiters of one task, of a task that runs.

use super::lane_kit::slept;
use super::remote::{pool, reply_to, serve_one, submit};
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};

/// A callback is added to a task while the end of another one lets the completer clear its interest, and the reply comes
/// later.
const INTEREST_BEFORE_REPLY: Scenario = Scenario {
    name: "remote/interest_before_reply",
    test: "remote_notify::interest_before_reply",
    shows: "a completion request while the completer clears its interest, before the reply, is served",
    must: &["slept"],
    may: &["awake"],
    loom: Loom::bound(2).at_least(2_300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let first = submit(&pool, 1);
        first.add_done_callback(|value| assert_eq!(*value.unwrap(), 2));
        serve_one(&mut worker);
        let theirs = pool.clone();
        let handle = thread::spawn(move || {
            let second = submit(&theirs, 2);
            second.add_done_callback(move |value| {
                assert_eq!(*value.unwrap(), 3);
                theirs.stop();
            });
            serve_one(&mut worker);
            // Its drop would request completion, too.
            second
        });
        pool.complete();
        drop((first, handle.join().unwrap()));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two threads sleep for one task, one of them as the lane's leader; a third one takes the reply.
const REPLY_TAKEN_TWO: Scenario = Scenario {
    name: "remote/reply_taken_two",
    test: "remote_notify::reply_taken_two",
    shows: "leader and follower of one task are notified when a third thread takes the reply",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(2).at_least(50_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = Arc::new(submit(&pool, 1));
        // Before a thread posts a wake request: the worker notifies none.
        serve_one(&mut worker);
        let waiters = [(), ()].map(|()| {
            let (pool, theirs) = (pool.clone(), Arc::clone(&task));
            thread::spawn(move || {
                pool.sleep_for(&theirs);
                theirs.wait();
            })
        });
        // Or one of them takes it.
        task.is_done();
        for waiter in waiters {
            waiter.join().unwrap();
        }
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A task is cancelled when its worker has begun it: the worker is asked to stop.
const STOP_REQUESTED: Scenario = Scenario {
    name: "remote/stop_requested",
    test: "remote_notify::stop_requested",
    shows: "a task is cancelled, or its worker is asked to stop",
    must: &["cancelled", "stop requested"],
    loom: Loom::bound(3).at_least(30),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        pool.lane(0).close();
        let beginning = thread::spawn(move || {
            let request = worker.next();
            (worker, request)
        });
        let cancelled = task.cancel();
        let (mut worker, request) = beginning.join().unwrap();
        assert_eq!(cancelled, request.is_none());
        if let Some(request) = request {
            assert!(worker.is_stop_requested(request.seq), "it runs on");
            reply_to(&mut worker, &request);
            assert_eq!(task.result().unwrap(), 2);
        }
        out.saw(if cancelled {
            "cancelled"
        } else {
            "stop requested"
        });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[INTEREST_BEFORE_REPLY, REPLY_TAKEN_TWO, STOP_REQUESTED];
