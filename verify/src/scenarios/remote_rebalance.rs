//! A task behind a long one, or of a worker that does not begin it, moves to an idle worker. The completer and the leader
//! of a lane move it, while a thread waits for it or cancels it.

use super::lane_kit::{Ends, number, slept};
use super::remote::{LONG, end, pool, reply_to, serve_one, submit};
use super::remote_kit::two;
use crate::sync::thread::{self, JoinHandle};
use crate::{Loom, Outcomes, Scenario, Shuttle};
use raddle::process::testing::model::Model;
use raddle::shm::WorkerEnd;
use raddle::{Future, TaskError};

const ARENA: usize = 128;

/// Two lanes. The first worker runs a task and the second one has replied to its own; the reply is not taken yet.
struct Pair {
    pool: Model,
    first: Box<WorkerEnd>,
    second: Box<WorkerEnd>,
    running: Future<u64>,
    replied: Future<u64>,
}

#[inline(never)]
fn pair(arena: usize) -> Pair {
    let (pool, mut workers) = pool(2, arena);
    let mut first = workers.remove(0);
    let mut second = workers.remove(0);
    let running = submit(&pool, 1);
    let replied = submit(&pool, 2);
    let begun = first.next().expect("not closed");
    assert_eq!(number(&begun.payload), 1);
    serve_one(&mut second);
    Pair {
        pool,
        first,
        second,
        running,
        replied,
    }
}

impl Pair {
    #[inline(never)]
    fn end(self) {
        assert_eq!(self.replied.result().unwrap(), 3);
        end(&self.pool, self.first, &self.running);
    }
}

/// A task is submitted behind the running one: the completer is notified, finds that the other worker is idle, and
/// moves the task there.
const COMPLETER: Scenario = Scenario {
    name: "rebalance/completer",
    test: "remote_rebalance::completer",
    shows: "a task behind a long one moves to the idle worker",
    must: &["slept"],
    may: &["awake"],
    loom: Loom::bound(1).at_least(6_100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let mut pair = pair(0);
        let theirs = pair.pool.clone();
        let completer = thread::spawn(move || theirs.complete());
        let behind = submit(&pair.pool, 4);
        // It comes here, or this sleeps for ever.
        let request = pair.second.next().expect("not closed");
        assert_eq!(number(&request.payload), 4);
        out.saw(slept());
        pair.pool.stop();
        completer.join().unwrap();
        behind.wait();
        pair.end();
    },
    ..Scenario::EMPTY
};

/// The completer and the leader of the lane, which waits for this task, both find it behind the running one.
const BOTH: Scenario = Scenario {
    name: "rebalance/both",
    test: "remote_rebalance::both",
    shows: "completer and leader move the same task",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(5_900),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let mut pair = pair(0);
        let behind = submit(&pair.pool, 4);
        let waiter = thread::spawn(move || assert_eq!(behind.result().unwrap(), 5));
        pair.pool.check_backlog();
        serve_one(&mut pair.second);
        waiter.join().unwrap();
        out.saw(slept());
        pair.end();
    },
    ..Scenario::EMPTY
};

/// A task with a long argument is cancelled while it moves: it has one end, and the memory of both lanes is freed.
const CANCEL: Scenario = Scenario {
    name: "rebalance/cancel",
    test: "remote_rebalance::cancel",
    shows: "moved or cancelled; the memory of both lanes is freed",
    must: &["ran", "cancelled"],
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let mut pair = pair(ARENA);
        let behind = pair.pool.submit::<Vec<u8>, u64>(&vec![7; 100]);
        pair.pool.lane(1).close();
        let canceller = thread::spawn(move || {
            let cancelled = behind.cancel();
            (behind, cancelled)
        });
        pair.pool.check_backlog();
        let _ran = serve_rest(&mut pair.second);
        let (behind, cancelled) = canceller.join().unwrap();
        pair.pool.drain_replies(1);
        match behind.try_result().expect("it has ended") {
            Ok(value) => assert!(!cancelled && value == LONG + 1),
            Err(error) => assert!(cancelled && matches!(error, TaskError::Cancelled)),
        }
        for lane in [0, 1].map(|at| pair.pool.lane(at)) {
            let all = lane.allocate(ARENA as u32).expect("nothing is used");
            lane.free(all);
        }
        out.saw(if cancelled { "cancelled" } else { "ran" });
        pair.end();
    },
    ..Scenario::EMPTY
};

/// How many tasks there were.
#[inline(never)]
fn serve_rest(worker: &mut WorkerEnd) -> usize {
    let mut served = 0;
    while let Some(request) = worker.next() {
        reply_to(worker, &request);
        served += 1;
    }
    served
}

/// A thread submits while the completer finds no backlog any more: the flag is set in the end, so the completer
/// checks again.
const BACKLOG: Scenario = Scenario {
    name: "rebalance/backlog",
    test: "remote_rebalance::backlog",
    shows: "the completer checks again while there is a backlog",
    must: &["kept", "set again"],
    loom: Loom::bound(2).at_least(4_800),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, 0);
        let mut first = workers.remove(0);
        let mut second = workers.remove(0);
        let tasks = [1, 2, 3].map(|value| submit(&pool, value));
        assert!(pool.has_backlog(), "two of them are in one lane");
        serve_one(&mut first);
        serve_one(&mut first);
        second.next().expect("not closed");
        // The two replies are not taken yet, so the late task may go behind the other one.
        let theirs = pool.clone();
        let completer = thread::spawn(move || {
            theirs.check_backlog();
            theirs.has_backlog()
        });
        let late = submit(&pool, 4);
        let kept = completer.join().unwrap();
        let crowded = (0..2).any(|at| pool.lane(at).depth() > 1);
        assert!(!crowded || pool.has_backlog(), "forgotten");
        out.saw(if kept { "kept" } else { "set again" });
        pool.stop();
        for task in tasks.into_iter().chain([late]) {
            task.wait();
        }
        drop((first, second));
    },
    ..Scenario::EMPTY
};

/// A worker does not begin its next task, and does so after all when the task moves.
const STUCK: Scenario = Scenario {
    name: "rebalance/stuck",
    test: "remote_rebalance::stuck",
    shows: "what a worker does not begin moves, or it begins it after all",
    must: &["moved", "stayed"],
    loom: Loom::bound(3).at_least(190),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, 0);
        let mut first = workers.remove(0);
        let mut second = workers.remove(0);
        let task = submit(&pool, 1);
        assert_eq!(
            pool.move_waiting(0, 1),
            0,
            "the worker is about to begin it"
        );
        pool.check_stuck(0);
        pool.check_stuck(0);
        assert_eq!(pool.move_waiting(0, 0), 0, "it was idle and crowded");
        (0..2).for_each(|at| pool.lane(at).close());
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(0, 1));
        let here = serve_rest(&mut first);
        let moved = mover.join().unwrap();
        assert_eq!((here, serve_rest(&mut second)), (1 - moved, moved));
        assert_eq!(task.result().unwrap(), 2);
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// One task alone in its lane, whose worker does not begin it, or does so after all, while a thread waits for it. One
/// check has found it unbegun; the thread that sleeps for it checks a second time.
#[inline(never)]
fn alone(out: &Outcomes, wait: fn(&Model, Future<u64>) -> JoinHandle<()>) {
    let (pool, mut workers) = pool(2, 0);
    let mut first = workers.remove(0);
    let mut second = workers.remove(0);
    let task = pool.submit_to::<u64, u64>(0, &1);
    pool.check_stuck(0);
    pool.lane(0).close();
    let waiter = wait(&pool, task);
    let stayed = serve_rest(&mut first) == 1;
    if !stayed {
        serve_one(&mut second);
    }
    waiter.join().unwrap();
    out.saw(if stayed { "stayed" } else { "moved" });
    pool.stop();
}

/// By its result.
const ALONE: Scenario = Scenario {
    name: "rebalance/alone",
    test: "remote_rebalance::alone",
    shows: "the same while a waiter sleeps for it, which checks",
    must: &["moved", "stayed"],
    faults: 2,
    loom: Loom::bound(2).at_least(280),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        alone(out, |_, task| {
            thread::spawn(move || assert_eq!(task.result().unwrap(), 2))
        });
    },
    ..Scenario::EMPTY
};

/// By a callback, which the completer runs.
const ALONE_CALLBACK: Scenario = Scenario {
    name: "rebalance/alone_callback",
    test: "remote_rebalance::alone_callback",
    shows: "the same for a callback, and the completer checks",
    must: &["moved", "stayed"],
    loom: Loom::bound(2).at_least(4_500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        alone(out, |pool, task| {
            let theirs = pool.clone();
            task.add_done_callback(move |value| {
                assert_eq!(*value.unwrap(), 2);
                theirs.stop();
            });
            let pool = pool.clone();
            thread::spawn(move || pool.complete_late(1))
        });
    },
    ..Scenario::EMPTY
};

/// A worker begins a task, and dies.
#[inline(never)]
fn begin(mut worker: Box<WorkerEnd>) {
    worker.next().expect("not closed");
}

/// As the worker after the first one.
#[inline(never)]
fn serve_next(pool: &Model, ends: &Ends) -> usize {
    let next = pool.lane(0).lock().next();
    serve_rest(&mut Box::new(ends.worker(next, || {})))
}

#[inline(never)]
fn outcome(task: Future<u64>) -> Result<u64, TaskError> {
    task.result()
}

/// Tasks in a dead worker's lane move while the supervisor recovers the lane.
const STRANDED: Scenario = Scenario {
    name: "rebalance/stranded",
    test: "remote_rebalance::stranded",
    shows: "a task in a dead worker's lane moves while the lane is recovered",
    must: &["moved", "stayed"],
    loom: Loom::bound(3).at_least(1_600),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, first, mut second, ends) = two();
        let lost = pool.submit_to::<u64, u64>(0, &1);
        let behind = pool.submit_to::<u64, u64>(0, &2);
        begin(first);
        (0..2).for_each(|at| pool.lane(at).close());
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(0, 1));
        assert!(pool.recover(0, ends.replies()), "no thread reads in place");
        let here = serve_next(&pool, &ends);
        let moved = mover.join().unwrap();
        assert_eq!((here, serve_rest(&mut second)), (1 - moved, moved));
        assert!(matches!(outcome(lost), Err(TaskError::WorkerLost(_))));
        assert_eq!(outcome(behind).unwrap(), 3);
        out.saw(if moved > 0 { "moved" } else { "stayed" });
        pool.stop();
    },
    ..Scenario::EMPTY
};

/// A worker dies whose task is to run again, while the completer finds no backlog any more.
const BACKLOG_STRANDED: Scenario = Scenario {
    name: "rebalance/backlog_stranded",
    test: "remote_rebalance::backlog_stranded",
    shows: "the completer checks again when a worker has died",
    must: &["kept", "set again"],
    loom: Loom::bound(3).at_least(1_500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut first, mut second, ends) = two();
        let tasks = [1, 2].map(|value| submit(&pool, value));
        let again = pool.submit_idempotent::<u64, u64>(&3, 1);
        assert!(pool.has_backlog(), "two of them are in one lane");
        serve_one(&mut first);
        serve_one(&mut second);
        begin(first);
        let theirs = pool.clone();
        let completer = thread::spawn(move || {
            theirs.check_backlog();
            theirs.has_backlog()
        });
        assert!(pool.recover(0, ends.replies()), "no thread reads in place");
        let kept = completer.join().unwrap();
        assert!(pool.has_backlog(), "forgotten");
        out.saw(if kept { "kept" } else { "set again" });
        pool.stop();
        for task in tasks.into_iter().chain([again]) {
            task.wait();
        }
        drop(second);
    },
    ..Scenario::EMPTY
};

/// A task moves while its submitter is publishing it: it arrives as it was, or stays.
const SUBMIT: Scenario = Scenario {
    name: "rebalance/submit",
    test: "remote_rebalance::submit",
    shows: "a task moves while it is being submitted: it arrives as it was",
    must: &["moved", "stayed"],
    loom: Loom::bound(2).at_least(100),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let mut pair = pair(0);
        let theirs = pair.pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(0, 1));
        let behind = submit(&pair.pool, 4);
        let moved = mover.join().unwrap();
        if moved == 0 {
            assert_eq!(pair.pool.move_waiting(0, 1), 1);
        }
        let request = pair.second.next().expect("not closed");
        assert_eq!(number(&request.payload), 4, "another argument than its own");
        reply_to(&mut pair.second, &request);
        assert_eq!(behind.result().unwrap(), 5);
        out.saw(if moved == 0 { "stayed" } else { "moved" });
        pair.end();
    },
    ..Scenario::EMPTY
};

/// Two lanes move tasks to each other at the same time: neither thread waits for the other one.
const BOTH_WAYS: Scenario = Scenario {
    name: "rebalance/both_ways",
    test: "remote_rebalance::both_ways",
    shows: "two threads move tasks between two lanes in both directions, and neither waits for the other one",
    must: &["moved"],
    loom: Loom::bound(3).at_least(20),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (pool, mut workers) = pool(2, 0);
        let mut second = workers.remove(1);
        let mut first = workers.remove(0);
        let tasks = [(0, 1), (1, 2)].map(|(lane, value)| pool.submit_to::<u64, u64>(lane, &value));
        // Neither worker begins what is next.
        (0..2).for_each(|_| (0..2).for_each(|lane| pool.check_stuck(lane)));
        let theirs = pool.clone();
        let mover = thread::spawn(move || theirs.move_waiting(1, 0));
        let moved = pool.move_waiting(0, 1) + mover.join().unwrap();
        (0..2).for_each(|at| pool.lane(at).close());
        assert_eq!(serve_rest(&mut first) + serve_rest(&mut second), 2);
        for (task, value) in tasks.into_iter().zip([2, 3]) {
            assert_eq!(task.result().unwrap(), value);
        }
        assert!(moved > 0);
        out.saw("moved");
        pool.stop();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    COMPLETER,
    BOTH,
    CANCEL,
    BACKLOG,
    STUCK,
    ALONE,
    ALONE_CALLBACK,
    STRANDED,
    BACKLOG_STRANDED,
    BOTH_WAYS,
    SUBMIT,
];
