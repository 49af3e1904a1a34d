//! A worker dies after each of its steps, and the pool goes on: every future ends once, and the memory of its task is
//! freed.

use super::lane_kit::{DONE, Ends};
use super::remote::{reply_to, submit};
use super::remote_kit::one;
use crate::sync::faults::mortal;
use crate::sync::thread;
use crate::{Loom, Scenario, Shuttle};
use raddle::process::testing::model::Model;
use raddle::shm::{Body, Payload, Request, Seq, WorkerEnd};
use raddle::{Future, TaskError};

/// What a worker has begun, if it lives until the lane is closed.
fn serve(worker: &mut WorkerEnd, begun: &mut Vec<Seq>, reply: fn(&mut WorkerEnd, &Request)) {
    while let Some(request) = worker.next() {
        begun.push(request.seq);
        reply(worker, &request);
    }
}

/// A worker that may die. It runs on the thread that recovers its lane: one comes after the other in any case.
#[inline(never)]
fn dying(mut worker: Box<WorkerEnd>, reply: fn(&mut WorkerEnd, &Request)) -> Vec<Seq> {
    let mut begun = Vec::new();
    mortal(|| serve(&mut worker, &mut begun, reply));
    begun
}

/// The supervisor's part, and the next worker's, which lives.
#[inline(never)]
fn replace(pool: &Model, ends: &Ends, reply: fn(&mut WorkerEnd, &Request)) -> Vec<Seq> {
    assert!(pool.recover(0, ends.replies()), "no thread reads in place");
    next(pool, ends, reply)
}

#[inline(never)]
fn next(pool: &Model, ends: &Ends, reply: fn(&mut WorkerEnd, &Request)) -> Vec<Seq> {
    let first = pool.lane(0).lock().next();
    let mut worker = Box::new(ends.worker(first, || {}));
    let mut begun = Vec::new();
    serve(&mut worker, &mut begun, reply);
    begun
}

/// The outcome of a task that no thread waits for, when its worker has ended.
#[inline(never)]
fn settled(pool: &Model, task: Future<u64>) -> Result<u64, TaskError> {
    while pool.run_deferred() {}
    pool.drain_replies(0);
    task.try_result().expect("it has ended")
}

/// How a task ended. It was lost if it was begun and has no reply, and it runs in one worker only.
fn is_lost<T>(outcome: &Result<T, TaskError>, begun: bool, again: bool) -> bool {
    assert!(!(begun && again), "it ran twice");
    match outcome {
        Ok(_) => {
            assert!(begun || again);
            false
        }
        Err(TaskError::WorkerLost(_)) => {
            assert!(!again, "blamed for another one");
            true
        }
        Err(error) => panic!("{error}"),
    }
}

/// Two tasks, and a waiter of the first one.
const CRASH: Scenario = Scenario {
    name: "recovery/crash",
    test: "remote_recovery::crash",
    shows: "each future ends once; at most one is lost, and it was begun",
    must: &["none", "first", "second"],
    cuts: true,
    loom: Loom::bound(1).at_least(960),
    shuttle: Shuttle::sampled(50),
    body: |out| {
        let (pool, worker, ends) = one(0);
        let (first, second) = (submit(&pool, 1), submit(&pool, 2));
        pool.lane(0).close();
        let at = pool.lane(0).lock().next();
        let begun = dying(worker, reply_to);
        let waiter = thread::spawn(move || first.result());
        let again = replace(&pool, &ends, reply_to);
        let first = waiter.join().unwrap();
        let second = settled(&pool, second);
        let ran = |seq| (begun.contains(&seq), again.contains(&seq));
        let lost = [(&first, at), (&second, at.next())].map(|(outcome, seq)| {
            let (begun, again) = ran(seq);
            is_lost(outcome, begun, again)
        });
        out.saw(match lost {
            [false, false] => "none",
            [true, false] => "first",
            [false, true] => "second",
            [true, true] => panic!("one death, two tasks"),
        });
    },
    ..Scenario::EMPTY
};

/// The task may run twice: it ends well, whenever its worker dies, and its waiter gets the result.
const RETRY: Scenario = Scenario {
    name: "recovery/retry",
    test: "remote_recovery::retry",
    shows: "one that may run twice ends well, in a lane that is full",
    must: &["once", "again"],
    cuts: true,
    loom: Loom::bound(1).at_least(800),
    shuttle: Shuttle::sampled(50),
    body: |out| {
        let (pool, worker, ends) = one(0);
        let first = pool.submit_idempotent::<u64, u64>(&1, 1);
        let second = submit(&pool, 2);
        pool.lane(0).close();
        let at = pool.lane(0).lock().next();
        let begun = dying(worker, reply_to);
        let waiter = thread::spawn(move || assert_eq!(first.result().unwrap(), 2));
        let again = replace(&pool, &ends, reply_to);
        waiter.join().unwrap();
        let seq = at.next();
        let second = settled(&pool, second);
        is_lost(&second, begun.contains(&seq), again.contains(&seq));
        let twice = begun.contains(&at) && again.contains(&at);
        out.saw(if twice { "again" } else { "once" });
    },
    ..Scenario::EMPTY
};

/// The task may run twice, and is cancelled meanwhile: between the two runs it can be revoked.
const RETRY_CANCEL: Scenario = Scenario {
    name: "recovery/retry_cancel",
    test: "remote_recovery::retry_cancel",
    shows: "it runs, or is cancelled, also between two workers",
    must: &["once", "again", "cancelled", "cancelled between"],
    cuts: true,
    loom: Loom::bound(2).at_least(20),
    shuttle: Shuttle::sampled(100),
    body: |out| {
        let (pool, worker, ends) = one(0);
        let task = pool.submit_idempotent::<u64, u64>(&1, 1);
        pool.lane(0).close();
        let canceller = thread::spawn(move || {
            let cancelled = task.cancel();
            (task, cancelled)
        });
        let begun = dying(worker, reply_to).len();
        let again = replace(&pool, &ends, reply_to).len();
        let (task, cancelled) = canceller.join().unwrap();
        pool.drain_replies(0);
        match task.try_result().expect("it has ended") {
            Ok(value) => assert!(!cancelled && value == 2 && begun + again > 0),
            Err(error) => {
                assert!(cancelled && matches!(error, TaskError::Cancelled) && again == 0);
            }
        }
        out.saw(match (cancelled, begun + again) {
            (false, 2) => "again",
            (false, _) => "once",
            (true, 0) => "cancelled",
            (true, _) => "cancelled between",
        });
    },
    ..Scenario::EMPTY
};

/// Replies with the argument, through the arena.
fn echo(worker: &mut WorkerEnd, request: &Request) {
    let Payload::Span(argument) = request.payload else {
        panic!("a long argument");
    };
    let bytes = worker.request_region(argument).to_vec();
    let span = worker.allocate(bytes.len() as u32).expect("it fits");
    // In two steps, between which it may die.
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    worker.reply_region(span).write(0, head);
    worker.is_stop_requested(request.seq);
    worker.reply_region(span).write(head.len(), tail);
    worker.reply(request.seq, DONE, Body::Span(span));
}

/// The task's argument and its result are long. It may run twice; the second time from the same argument.
const SPAN: Scenario = Scenario {
    name: "recovery/span",
    test: "remote_recovery::span",
    shows: "the same with long payloads, whose memory is freed",
    must: &["once", "again"],
    cuts: true,
    loom: Loom::bound(1).at_least(185),
    shuttle: Shuttle::sampled(50),
    body: |out| {
        const ARENA: usize = 128;
        let (pool, worker, ends) = one(ARENA);
        let argument = vec![7_u8; 100];
        let task: Future<Vec<u8>> = pool.submit_idempotent(&argument, 1);
        pool.lane(0).close();
        let begun = dying(worker, echo).len();
        let waiter = thread::spawn(move || assert_eq!(task.result().unwrap(), [7; 100]));
        // A thread that reads a reply keeps the memory; the supervisor comes again.
        let recovered = pool.recover(0, ends.replies());
        let mut waiter = Some(waiter);
        if !recovered {
            waiter.take().expect("not joined yet").join().unwrap();
            assert!(pool.recover(0, ends.replies()));
        }
        let again = next(&pool, &ends, echo).len();
        if let Some(waiter) = waiter {
            waiter.join().unwrap();
        }
        assert_eq!(pool.lane(0).lock().reading(), 0);
        let all = pool
            .lane(0)
            .allocate(ARENA as u32)
            .expect("nothing is used");
        pool.lane(0).free(all);
        out.saw(if begun + again == 2 { "again" } else { "once" });
    },
    ..Scenario::EMPTY
};

/// The same with a task that may run once: it is lost for good if it was begun, and its memory is freed as well.
const SPAN_LOST: Scenario = Scenario {
    name: "recovery/span_lost",
    test: "remote_recovery::span_lost",
    shows: "one that runs once is lost, and its memory is freed",
    must: &["ran", "lost"],
    cuts: true,
    loom: Loom::bound(1).at_least(150),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        const ARENA: usize = 128;
        let (pool, worker, ends) = one(ARENA);
        let argument = vec![7_u8; 100];
        let task: Future<Vec<u8>> = pool.submit(&argument);
        pool.lane(0).close();
        let begun = !dying(worker, echo).is_empty();
        let waiter = thread::spawn(move || task.result());
        let recovered = pool.recover(0, ends.replies());
        let mut waiter = Some(waiter);
        let mut outcome = None;
        if !recovered {
            outcome = waiter.take().map(|waiter| waiter.join().unwrap());
            assert!(pool.recover(0, ends.replies()));
        }
        let again = !next(&pool, &ends, echo).is_empty();
        let outcome = outcome.or_else(|| waiter.map(|waiter| waiter.join().unwrap()));
        let outcome = outcome.expect("joined once");
        let lost = is_lost(&outcome, begun, again);
        assert!(outcome.is_err() || outcome.is_ok_and(|bytes| bytes == [7; 100]));
        assert_eq!(pool.lane(0).lock().reading(), 0);
        let all = pool
            .lane(0)
            .allocate(ARENA as u32)
            .expect("nothing is used");
        pool.lane(0).free(all);
        out.saw(if lost { "lost" } else { "ran" });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[CRASH, RETRY, RETRY_CANCEL, SPAN, SPAN_LOST];
