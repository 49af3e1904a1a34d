//! The parent's side of a process pool: who waits where, who completes a task, and where a task stands. The pool
//! is the product's; its workers are played here.

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
    let bell = Event::new().expect("made of memory");
    let (parents, workers) = (0..lanes).map(|_| ends(arena, &bell)).unzip();
    (Model::new(parents, &bell), workers)
}

#[inline(never)]
fn ends(arena: usize, bell: &Event) -> (Box<ParentEnd<LaneState>>, Box<WorkerEnd>) {
    let event = bell.clone();
    let (parent, worker, _) = ends_with(arena, LaneState::default(), move || event.notify());
    (Box::new(parent), Box::new(worker))
}

#[inline(never)]
pub(super) fn submit(pool: &Model, value: u64) -> Future<u64> {
    pool.submit::<u64, u64>(&value)
}

pub(super) fn answer(worker: &mut WorkerEnd, request: &Request) {
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
    answer(worker, &request);
}

/// What a worker answers to an argument that lies in the arena.
pub(super) const LONG: u64 = 40;

/// Two threads wait for tasks of one lane, and nobody else looks: one leads it, the other follows. Whoever leaves first
/// passes the lead on.
fn two_waiters(out: &Outcomes, answered_before: bool) {
    let (pool, mut workers) = pool(1, 0);
    let mut worker = workers.remove(0);
    let (first, second) = (submit(&pool, 1), submit(&pool, 2));
    if answered_before {
        serve_one(&mut worker);
    }
    let waiter = thread::spawn(move || {
        assert_eq!(second.result().unwrap(), 3);
    });
    let serving = thread::spawn(move || {
        serve_one(&mut worker);
        if !answered_before {
            serve_one(&mut worker);
        }
    });
    assert_eq!(first.result().unwrap(), 2);
    waiter.join().unwrap();
    serving.join().unwrap();
    out.saw(slept());
}

/// One of the two tasks is answered when the waiting begins.
const LEAD: Scenario = Scenario {
    name: "remote/leader",
    test: "remote::leader",
    shows: "two waiters, one task answered before: both come to their end",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(2).at_least(35_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| two_waiters(out, true),
    ..Scenario::EMPTY
};

/// Neither is.
const FOLLOW: Scenario = Scenario {
    name: "remote/follower",
    test: "remote::follower",
    shows: "the same, neither answered before",
    must: &["awake", "slept"],
    threads: 3,
    loom: Loom::bound(1).at_least(6_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| two_waiters(out, false),
    ..Scenario::EMPTY
};

/// Broken on purpose: a leader leaves, and tells nobody.
const NO_LEADER: Scenario = Scenario {
    name: "remote/broken_no_leader",
    test: "remote::a_leader_without_a_successor_is_found",
    shows: "a leader leaves in silence",
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

/// A callback on the attendant waits for another task of its own lane, which another thread leads.
const CALLBACK_WAITS: Scenario = Scenario {
    name: "remote/callback_waits",
    test: "remote::callback_waits",
    shows: "a callback on the attendant waits for a task that another thread waits for, too",
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
        let attendant = thread::spawn(move || theirs.complete());
        second.wait();
        attendant.join().unwrap();
        serving.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A submitter finds the lane full, and sleeps as its leader: the room comes from the worker's answer.
const ROOM: Scenario = Scenario {
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

/// A submitter finds the lane full while another thread may lead it, which then makes the room.
const ROOM_FOLLOW: Scenario = Scenario {
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

/// A callback is added while the answer comes: the attendant is told of it, or finds it, or it was there before.
const ENGAGE: Scenario = Scenario {
    name: "remote/request_completion",
    test: "remote::request_completion",
    shows: "a callback added while the answer comes runs",
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

/// A task is engaged while another one's end lets the attendant go to rest.
const DISENGAGE: Scenario = Scenario {
    name: "remote/interest_after_reply",
    test: "remote::interest_after_reply",
    shows: "one engaged while the attendant goes to rest is heard",
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

/// A task is cancelled while its worker claims it and somebody takes answers: it has one end, and its argument's
/// memory is given back once.
const CANCEL: Scenario = Scenario {
    name: "remote/cancel",
    test: "remote::cancel",
    shows: "ran or cancelled; the argument's memory given back once",
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
                answer(&mut worker, &request);
            }
        });
        let theirs = pool.clone();
        let pumping = thread::spawn(move || theirs.drain_replies(0));
        let cancelled = task.cancel();
        serving.join().unwrap();
        pumping.join().unwrap();
        pool.drain_replies(0);
        match task.try_result().expect("answered") {
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

/// A task that nobody runs is cancelled while somebody sleeps on its lane.
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

/// The handle goes while the answer is taken.
const DROP: Scenario = Scenario {
    name: "remote/drop",
    test: "remote::dropped",
    shows: "the handle goes while the answer is taken",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(8_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(1, 0);
        let mut worker = workers.remove(0);
        let task = submit(&pool, 1);
        serve_one(&mut worker);
        let theirs = pool.clone();
        let attendant = thread::spawn(move || theirs.complete());
        drop(task);
        pool.drain_replies(0);
        pool.stop();
        attendant.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// One thread sleeps on the lane of a task whose answer another one takes.
fn attended(pump: fn(&Model, &Future<u64>)) {
    let (pool, mut workers) = pool(1, 0);
    let mut worker = workers.remove(0);
    let task = Arc::new(submit(&pool, 1));
    // Before anybody asks to be rung: the worker wakes nobody.
    serve_one(&mut worker);
    let theirs = Arc::clone(&task);
    let waiter = thread::spawn(move || theirs.wait());
    pump(&pool, &task);
    waiter.join().unwrap();
    assert!(task.is_done());
}

/// A look at a future from a second thread takes the answer that the first one waits for.
const REMOTE_WAITER: Scenario = Scenario {
    name: "remote/reply_taken",
    test: "remote::reply_taken",
    shows: "a leader whose answer another thread takes is rung",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::bound(2).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        attended(|_, task| {
            task.is_done();
        });
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: who takes the answer tells nobody who sleeps for it.
const NO_RING: Scenario = Scenario {
    name: "remote/broken_no_notify",
    test: "remote::a_reply_taken_without_a_notification_is_found",
    shows: "an answer is taken in silence",
    may: &["awake", "slept"],
    must_fail: Some("deadlock"),
    loom: Loom::bound(3),
    shuttle: Shuttle::pct(2, 10_000),
    body: |out| {
        attended(|pool, _| pool.drain_without_notify(0));
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

/// A task moves to another lane while somebody waits for it on the first one.
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
            answer(&mut second, &request);
        }
        let (behind, cancelled) = canceller.join().unwrap();
        pool.drain_replies(1);
        match behind.try_result().expect("answered or cancelled") {
            Ok(value) => assert!(!cancelled && value == 3),
            Err(error) => assert!(cancelled && matches!(error, TaskError::Cancelled)),
        }
        out.saw(if cancelled { "cancelled" } else { "ran" });
        end(&pool, first, &running);
    },
    ..Scenario::EMPTY
};

/// A task moves to another lane while the attendant is engaged for it.
fn move_engage(out: &Outcomes, engage: fn(&Model, &Future<u64>)) {
    let (pool, first, mut second, running, behind) = crowded();
    let theirs = pool.clone();
    let handle = thread::spawn(move || {
        engage(&theirs, &behind);
        behind
    });
    pool.move_waiting(0, 1);
    serve_one(&mut second);
    let behind = handle.join().unwrap();
    // Whoever is engaged listens: it is the one lane in which there is something for anybody.
    assert!(pool.has_interest(1), "the attendant does not listen there");
    out.saw(slept());
    pool.drain_replies(1);
    drop(behind);
    end(&pool, first, &running);
}

/// The attendant's ear goes along.
const MOVE_ENGAGE: Scenario = Scenario {
    name: "remote/move_interest",
    test: "remote::move_interest",
    shows: "the attendant's ear goes along",
    must: &["awake"],
    may: &["slept"],
    loom: Loom::bound(3).at_least(150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| move_engage(out, Model::request_completion),
    ..Scenario::EMPTY
};

/// Broken on purpose: no fence between the engagement and the look at where the task is.
const NO_ENGAGE_FENCE: Scenario = Scenario {
    name: "remote/broken_no_interest_fence",
    test: "remote::a_completion_request_without_its_fence_is_found",
    shows: "no fence between the engagement and the look at the ticket",
    may: &["awake", "slept"],
    must_fail: Some("does not listen"),
    loom: Loom::bound(2),
    body: |out| move_engage(out, Model::request_completion_without_fence),
    ..Scenario::EMPTY
};

/// A wait set: the waiting thread takes the answer itself, or has the attendant listen before it sleeps.
const SET: Scenario = Scenario {
    name: "remote/set",
    test: "remote::set",
    shows: "a wait set is served by its waiter, or by the attendant",
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

/// The pool ends while somebody waits for a task that no worker will run.
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
const NO_ENGAGE_FENCE_IN_ORDER: Scenario = Scenario {
    test: "remote::a_completion_request_without_its_fence_needs_loom",
    must_fail: None,
    loom: Loom::No,
    shuttle: Shuttle::random(1_000),
    ..NO_ENGAGE_FENCE
};

pub const MODELS: &[Scenario] = &[
    LEAD,
    FOLLOW,
    CALLBACK_WAITS,
    ROOM,
    ROOM_FOLLOW,
    SET,
    ENGAGE,
    DISENGAGE,
    CANCEL,
    CANCEL_WAITER,
    DROP,
    REMOTE_WAITER,
    MOVE,
    MOVE_CANCEL,
    MOVE_ENGAGE,
    END,
    NO_RING,
    NO_LEADER,
    NO_ENGAGE_FENCE,
    NO_ENGAGE_FENCE_IN_ORDER,
];
