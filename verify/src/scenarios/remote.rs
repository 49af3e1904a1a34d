//! The parent's side of a process pool: where threads wait, which one completes a task, and where a task is. The pool
//! is the product's; the scenarios play its workers.

use super::lane_kit::{DONE, ends_with, number, slept};
use crate::sync::{Arc, thread};
use crate::{Loom, Outcomes, Scenario, Shuttle};
use raddle::process::testing::model::{Event, LaneState, Model};
use raddle::shm::{Body, ParentEnd, Payload, Request, WorkerEnd};
use raddle::{Future, Rejected, ReturnWhen, TaskError};

/// A pool of so many lanes, and their workers. What is large is kept off the stack, which is small under loom.
#[inline(never)]
#[allow(clippy::vec_box)]
pub(super) fn pool(lanes: usize, arena: usize) -> (Model, Vec<Box<WorkerEnd>>) {
    let event = Event::new().expect("made of memory");
    let (parents, workers) = (0..lanes).map(|_| ends(arena, &event)).unzip();
    (Model::new(parents, &event), workers)
}

#[inline(never)]
fn ends(arena: usize, event: &Event) -> (Box<ParentEnd<LaneState>>, Box<WorkerEnd>) {
    let event = event.clone();
    let (parent, worker, _) = ends_with(arena, LaneState::default(), move || event.notify());
    (Box::new(parent), Box::new(worker))
}

#[inline(never)]
pub(super) fn submit(pool: &Model, value: u64) -> Future<u64> {
    pool.submit::<u64, u64>(&value)
}

pub(super) fn reply_to(worker: &mut WorkerEnd, request: &Request) {
    let value = match &request.payload {
        Payload::Span(_) => LONG,
        inline => number(inline),
    };
    worker.reply(request.seq, DONE, Body::Inline(&(value + 1).to_ne_bytes()));
}

/// Runs what is there next.
#[inline(never)]
pub(super) fn serve_one(worker: &mut WorkerEnd) {
    let request = worker.next().expect("not closed");
    reply_to(worker, &request);
}

/// What a worker replies to an argument that is in the arena.
pub(super) const LONG: u64 = 40;

/// Two threads wait for tasks of one lane, and no other thread takes replies: one leads, the other follows. If the leader
/// leaves first, the follower becomes the leader.
fn two_waiters(out: &Outcomes, replied_before: bool) {
    let (pool, mut workers) = pool(1, 0);
    let mut worker = workers.remove(0);
    let (first, second) = (submit(&pool, 1), submit(&pool, 2));
    if replied_before {
        serve_one(&mut worker);
    }
    let waiter = thread::spawn(move || {
        assert_eq!(second.result().unwrap(), 3);
    });
    let serving = thread::spawn(move || {
        serve_one(&mut worker);
        if !replied_before {
            serve_one(&mut worker);
        }
    });
    assert_eq!(first.result().unwrap(), 2);
    waiter.join().unwrap();
    serving.join().unwrap();
    out.saw(slept());
}

/// One of the two tasks has its reply when the waiting begins.
const LEADER: Scenario = Scenario {
    name: "remote/leader",
    test: "remote::leader",
    shows: "two waiters, one task with a reply before: both waits end",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(2).at_least(35_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| two_waiters(out, true),
    ..Scenario::EMPTY
};

/// Neither has.
const FOLLOWER: Scenario = Scenario {
    name: "remote/follower",
    test: "remote::follower",
    shows: "the same, neither with a reply before",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(1).at_least(6_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| two_waiters(out, false),
    ..Scenario::EMPTY
};

/// Broken on purpose: a leader leaves and makes no follower the leader.
const NO_LEADER: Scenario = Scenario {
    name: "remote/broken_no_leader",
    test: "remote::a_leader_without_a_successor_is_found",
    shows: "a leader that leaves without a successor",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(2),
    shuttle: Shuttle::pct(2, 1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        pool.pretend_leader(0);
        let serving = thread::spawn(move || serve_one(&mut worker));
        assert_eq!(task.result().unwrap(), 2);
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A callback on the completer waits for another task of its own lane, which another thread leads.
const CALLBACK_WAITS: Scenario = Scenario {
    name: "remote/callback_waits",
    test: "remote::callback_waits",
    shows: "a callback on the completer waits for a task that another thread waits for, too",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(1).at_least(7_500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), Arc::new(submit(&pool, 2)));
        serve_one(&mut worker);
        let (inner, theirs) = (Arc::clone(&second), pool.clone());
        first.add_done_callback(move |_| {
            inner.wait();
            theirs.stop();
        });
        let serving = thread::spawn(move || serve_one(&mut worker));
        let theirs = pool.clone();
        let completer = thread::spawn(move || theirs.complete());
        second.wait();
        completer.join().unwrap();
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A submitter finds the lane full, and sleeps as its leader: the worker's reply makes the capacity.
const CAPACITY: Scenario = Scenario {
    name: "remote/capacity",
    test: "remote::capacity",
    shows: "a submitter sleeps as the leader of a full lane",
    must: &["awake", "slept"],
    loom: Loom::bound(4).at_least(1_850),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let _full = (submit(&pool, 1), submit(&pool, 2));
        let serving = thread::spawn(move || {
            serve_one(&mut worker);
            worker
        });
        let third = submit(&pool, 3);
        let mut worker = serving.join().unwrap();
        serve_one(&mut worker);
        serve_one(&mut worker);
        pool.drain_replies(0);
        assert_eq!(third.result().unwrap(), 4);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A submitter finds the lane full while another thread may lead it, which then makes the capacity.
const CAPACITY_FOLLOWER: Scenario = Scenario {
    name: "remote/capacity_follower",
    test: "remote::capacity_follower",
    shows: "the same beside a waiter",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(1).at_least(1_990),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        let waiter = thread::spawn(move || assert_eq!(first.result().unwrap(), 2));
        let serving = thread::spawn(move || {
            serve_one(&mut worker);
            worker
        });
        let third = submit(&pool, 3);
        waiter.join().unwrap();
        let mut worker = serving.join().unwrap();
        serve_one(&mut worker);
        serve_one(&mut worker);
        pool.drain_replies(0);
        assert_eq!(second.result().unwrap(), 3);
        assert_eq!(third.result().unwrap(), 4);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A callback is added while the reply comes: the completer is notified of it, or finds it, or it was there before.
const REQUEST_COMPLETION: Scenario = Scenario {
    name: "remote/request_completion",
    test: "remote::request_completion",
    shows: "a callback added while the reply comes runs",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(2).at_least(16_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        let serving = thread::spawn(move || serve_one(&mut worker));
        let theirs = pool.clone();
        let handle = thread::spawn(move || {
            let pool = theirs.clone();
            task.add_done_callback(move |value| {
                assert_eq!(*value.unwrap(), 2);
                pool.stop();
            });
        });
        pool.complete();
        handle.join().unwrap();
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Completion is requested for a task that has its reply, while the end of another task lets the completer clear its
/// interest.
const INTEREST_AFTER_REPLY: Scenario = Scenario {
    name: "remote/interest_after_reply",
    test: "remote::interest_after_reply",
    shows: "a completion request while the completer clears its interest, after the reply, is served",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(78_000),
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
            serve_one(&mut worker);
            let pool = theirs.clone();
            second.add_done_callback(move |value| {
                assert_eq!(*value.unwrap(), 3);
                pool.stop();
            });
        });
        pool.complete();
        handle.join().unwrap();
        drop(first);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A task is cancelled while its worker claims it and another thread takes replies: it has one end, and its argument's
/// memory is freed once.
const CANCEL: Scenario = Scenario {
    name: "remote/cancel",
    test: "remote::cancel",
    shows: "ran or cancelled; the argument's memory is freed once",
    must: &["ran", "cancelled"],
    threads: 3,
    loom: Loom::bound(2).at_least(480),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        const ARENA: usize = 256;
        let (pool, mut workers) = pool(1, ARENA);
        let mut worker = workers.remove(0);
        let task = pool.submit::<Vec<u8>, u64>(&vec![7; 100]);
        pool.lane(0).close();
        let serving = thread::spawn(move || {
            if let Some(request) = worker.next() {
                reply_to(&mut worker, &request);
            }
        });
        let theirs = pool.clone();
        let draining = thread::spawn(move || theirs.drain_replies(0));
        let cancelled = task.cancel();
        serving.join().unwrap();
        draining.join().unwrap();
        pool.drain_replies(0);
        match task.try_result().expect("replied") {
            Ok(value) => assert!(!cancelled && value == LONG + 1),
            Err(error) => assert!(cancelled && matches!(error, TaskError::Cancelled)),
        }
        assert_eq!(pool.lane(0).depth(), 0);
        let all = pool
            .lane(0)
            .allocate(ARENA as u32)
            .expect("nothing is used");
        pool.lane(0).free(all);
        out.saw(if cancelled { "cancelled" } else { "ran" });
    },
    ..Scenario::EMPTY
};

/// A task that no worker runs is cancelled while a waiter sleeps on its lane.
const CANCEL_WAITER: Scenario = Scenario {
    name: "remote/cancel_waiter",
    test: "remote::cancel_waiter",
    shows: "a leader learns of a cancellation",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(5_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let task = Arc::new(submit(&pool, 1));
        let theirs = Arc::clone(&task);
        let waiter = thread::spawn(move || theirs.wait());
        assert!(task.cancel());
        waiter.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The handle goes while the reply is taken.
const DROP: Scenario = Scenario {
    name: "remote/drop",
    test: "remote::dropped",
    shows: "the handle goes while the reply is taken",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(8_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        serve_one(&mut worker);
        let theirs = pool.clone();
        let completer = thread::spawn(move || theirs.complete());
        drop(task);
        pool.drain_replies(0);
        pool.stop();
        completer.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// One thread sleeps on the lane of a task whose reply another one takes.
fn reply_taken(drain: fn(&Model, &Future<u64>)) {
    let (pool, mut workers) = pool(1, 0);
    let mut worker = workers.remove(0);
    let task = Arc::new(submit(&pool, 1));
    // Before a thread posts a wake request: the worker notifies none.
    serve_one(&mut worker);
    let theirs = Arc::clone(&task);
    let waiter = thread::spawn(move || theirs.wait());
    drain(&pool, &task);
    waiter.join().unwrap();
    assert!(task.is_done());
}

/// A poll of a future by a second thread takes the reply that the first one waits for.
const REPLY_TAKEN: Scenario = Scenario {
    name: "remote/reply_taken",
    test: "remote::reply_taken",
    shows: "a leader whose reply another thread takes is notified",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(2).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        reply_taken(|_, task| {
            task.is_done();
        });
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the thread that takes the reply notifies no waiter.
const NO_NOTIFY: Scenario = Scenario {
    name: "remote/broken_no_notify",
    test: "remote::a_reply_taken_without_a_notification_is_found",
    shows: "a reply is taken without a notification",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(3),
    shuttle: Shuttle::pct(2, 10_000),
    body: |out| {
        reply_taken(|pool, _| pool.drain_without_notify(0));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two lanes, and behind the running task of the first one another task.
#[inline(never)]
fn crowded() -> (
    Model,
    Box<WorkerEnd>,
    Box<WorkerEnd>,
    Future<u64>,
    Future<u64>,
) {
    let (pool, mut workers) = pool(2, 0);
    let mut first = workers.remove(0);
    let second = workers.remove(0);
    let running = pool.submit_to::<u64, u64>(0, &1);
    let request = first.next().expect("not closed");
    let behind = pool.submit_to::<u64, u64>(0, &2);
    assert_eq!(number(&request.payload), 1);
    (pool, first, second, running, behind)
}

/// The running task ends with its pool, which it refers to.
#[inline(never)]
pub(super) fn end(pool: &Model, worker: Box<WorkerEnd>, running: &Future<u64>) {
    pool.stop();
    running.wait();
    drop(worker);
}

/// A task moves to another lane while a thread waits for it on the first one.
const MOVE: Scenario = Scenario {
    name: "remote/move",
    test: "remote::moved",
    shows: "a leader follows its task to another lane",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(1_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, first, mut second, running, behind) = crowded();
        let waiter = thread::spawn(move || assert_eq!(behind.result().unwrap(), 3));
        pool.move_waiting(0, 1);
        serve_one(&mut second);
        waiter.join().unwrap();
        out.saw(slept());
        end(&pool, first, &running);
    },
    ..Scenario::EMPTY
};

/// A task moves to another lane while it is cancelled.
const MOVE_CANCEL: Scenario = Scenario {
    name: "remote/move_cancel",
    test: "remote::move_cancel",
    shows: "ran there or cancelled",
    must: &["ran", "cancelled"],
    loom: Loom::bound(3).at_least(400),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, first, mut second, running, behind) = crowded();
        pool.lane(1).close();
        let canceller = thread::spawn(move || {
            let cancelled = behind.cancel();
            (behind, cancelled)
        });
        pool.move_waiting(0, 1);
        if let Some(request) = second.next() {
            reply_to(&mut second, &request);
        }
        let (behind, cancelled) = canceller.join().unwrap();
        pool.drain_replies(1);
        match behind.try_result().expect("it has ended") {
            Ok(value) => assert!(!cancelled && value == 3),
            Err(error) => assert!(cancelled && matches!(error, TaskError::Cancelled)),
        }
        out.saw(if cancelled { "cancelled" } else { "ran" });
        end(&pool, first, &running);
    },
    ..Scenario::EMPTY
};

/// A task moves to another lane while its completion is requested.
fn move_interest(out: &Outcomes, request: fn(&Model, &Future<u64>)) {
    let (pool, first, mut second, running, behind) = crowded();
    let theirs = pool.clone();
    let handle = thread::spawn(move || {
        request(&theirs, &behind);
        behind
    });
    pool.move_waiting(0, 1);
    serve_one(&mut second);
    let behind = handle.join().unwrap();
    // The completer has to listen there: it is the only lane with a reply.
    assert!(pool.has_interest(1), "the completer does not listen there");
    out.saw(slept());
    pool.drain_replies(1);
    drop(behind);
    end(&pool, first, &running);
}

/// The interest moves along.
const MOVE_INTEREST: Scenario = Scenario {
    name: "remote/move_interest",
    test: "remote::move_interest",
    shows: "the completer's interest moves along",
    must: &["awake"],
    may: &["slept"],
    loom: Loom::bound(3).at_least(150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| move_interest(out, Model::request_completion),
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between the request and the look at the task's location.
const NO_INTEREST_FENCE: Scenario = Scenario {
    name: "remote/broken_no_interest_fence",
    test: "remote::a_completion_request_without_its_fence_is_found",
    shows: "no fence between the completion request and the look at the task's location",
    may: &["awake", "slept"],
    must_fail: Some("does not listen"),
    loom: Loom::bound(2),
    body: |out| move_interest(out, Model::request_completion_without_fence),
    ..Scenario::EMPTY
};

/// A wait set: the waiting thread takes the reply itself, or requests completion before it sleeps.
const SET: Scenario = Scenario {
    name: "remote/set",
    test: "remote::set",
    shows: "a wait set's replies are taken by its waiter, or by the completer",
    must: &["slept"],
    may: &["awake"],
    threads: 3,
    loom: Loom::bound(2).at_least(36_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        let serving = thread::spawn(move || serve_one(&mut worker));
        let theirs = pool.clone();
        let waiter = thread::spawn(move || {
            let waited = raddle::wait([task], ReturnWhen::AllCompleted);
            let [task] = &waited.done[..] else {
                panic!("it is done");
            };
            assert_eq!(task.peek().expect("done").unwrap(), &2);
            theirs.stop();
        });
        pool.complete();
        waiter.join().unwrap();
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The pool ends while a thread waits for a task that no worker will run.
const END: Scenario = Scenario {
    name: "remote/end",
    test: "remote::end",
    shows: "a leader learns of the end of the pool",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(3).at_least(900),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, _workers) = pool(1, 0);
        let task = submit(&pool, 1);
        let waiter = thread::spawn(move || task.result());
        pool.stop();
        let outcome = waiter.join().unwrap();
        assert!(matches!(
            outcome,
            Err(TaskError::Rejected(Rejected::ShutDown { .. }))
        ));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The same under shuttle, where memory is sequentially consistent: the fence changes nothing.
const NO_INTEREST_FENCE_IN_ORDER: Scenario = Scenario {
    test: "remote::a_completion_request_without_its_fence_needs_loom",
    must_fail: None,
    loom: Loom::No,
    shuttle: Shuttle::random(1_000),
    ..NO_INTEREST_FENCE
};

pub const MODELS: &[Scenario] = &[
    LEADER,
    FOLLOWER,
    CALLBACK_WAITS,
    CAPACITY,
    CAPACITY_FOLLOWER,
    SET,
    REQUEST_COMPLETION,
    INTEREST_AFTER_REPLY,
    CANCEL,
    CANCEL_WAITER,
    DROP,
    REPLY_TAKEN,
    MOVE,
    MOVE_CANCEL,
    MOVE_INTEREST,
    END,
    NO_NOTIFY,
    NO_LEADER,
    NO_INTEREST_FENCE,
    NO_INTEREST_FENCE_IN_ORDER,
];
