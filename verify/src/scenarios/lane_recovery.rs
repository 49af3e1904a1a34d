//! A worker dies after each of its steps, and another one takes its place: every number gets a reply, or is
//! in flight, exactly once. And two threads that take replies.

use super::lane_kit::{DONE, Lane, lane_with, reply_to, seq, serve, submit};
use crate::sync::faults::mortal;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::{Body, ParentEnd, Payload, Reply, Revoke, SKIPPED, Seq, Waiting, WorkerEnd};

/// How a task ended, in the order in which the consumer learned it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    Replied(Seq),
    Skipped(Seq),
    Lost(Seq),
}

type Ends = Vec<End>;

fn end(reply: &Reply) -> End {
    match reply.status {
        DONE => End::Replied(reply.seq),
        SKIPPED => End::Skipped(reply.seq),
        other => panic!("status {other}"),
    }
}

/// Takes what is there.
fn drain(parent: &ParentEnd<Ends>) {
    let mut locked = parent.lock();
    while let Some(reply) = locked.take().expect("no violation") {
        locked.data().push(end(&reply));
    }
}

/// The supervisor's part: it takes the dead worker's replies and its in-flight task, and replaces the memory. Returns where
/// the next worker begins.
fn recover(lane: &ParentEnd<Ends>, ends: &super::lane_kit::Ends) -> Seq {
    drain(lane);
    let mut locked = lane.lock();
    for lost in locked.in_flight() {
        assert!(lane.is_claimed(lost.seq()), "blamed without a claim");
        locked.data().push(End::Lost(lost.seq()));
    }
    locked
        .replace(ends.replies(), || Ok(()))
        .expect("nothing fails here");
    locked.next()
}

/// Serves until the lane is closed or the plan kills it; keeps a record of what it has begun.
fn mortal_serve(worker: &mut WorkerEnd) -> (Vec<Seq>, bool) {
    let mut begun = Vec::new();
    let survived = mortal(|| {
        while let Some(request) = worker.next() {
            begun.push(request.seq);
            reply_to(worker, &request);
        }
    });
    (begun, survived.is_some())
}

/// Each number once; a task that was begun and has no reply is lost. The number of the in-flight task
/// is skipped later, which is no second end.
fn judge(ends: &[End], begun: &[Seq], again: &[Seq], tasks: u32) -> Option<Seq> {
    let lost = ends.iter().find_map(|end| match end {
        End::Lost(seq) => Some(*seq),
        _ => None,
    });
    for seq in (0..tasks).map(seq) {
        let replied = ends.iter().filter(|&&end| end == End::Replied(seq)).count();
        let skipped = ends.iter().filter(|&&end| end == End::Skipped(seq)).count();
        assert_eq!(replied + skipped, 1, "{seq:?}: {ends:?}");
        assert!(
            lost != Some(seq) || skipped == 1,
            "the in-flight task is skipped: {ends:?}"
        );
        assert!(
            !(begun.contains(&seq) && again.contains(&seq)),
            "{seq:?} ran twice"
        );
        let ran = begun.contains(&seq) || again.contains(&seq);
        assert!(
            replied == 0 || ran,
            "{seq:?} has a reply and was never begun"
        );
        assert!(
            replied == 1 || !ran || lost == Some(seq),
            "{seq:?} begun and forgotten"
        );
    }
    let mut order = ends.iter().filter_map(|end| match end {
        End::Replied(seq) | End::Skipped(seq) => Some(*seq),
        End::Lost(_) => None,
    });
    assert!((0..tasks).map(seq).eq(&mut order), "in order: {ends:?}");
    lost
}

/// The second worker, which lives: all numbers that it runs.
fn serve_again(mut worker: WorkerEnd) -> Vec<Seq> {
    let mut begun = Vec::new();
    while let Some(request) = worker.next() {
        begun.push(request.seq);
        reply_to(&mut worker, &request);
    }
    begun
}

/// Two tasks wait when the worker comes; a third is submitted while it may be dying.
const CRASH: Scenario = Scenario {
    name: "lane/crash",
    test: "lane_recovery::crash",
    shows: "each number gets a reply, or is in flight",
    must: &["none lost", "first", "second"],
    may: &["third"],
    cuts: true,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        submit(&parent, 1);
        submit(&parent, 2);
        parent.close();
        let dying = thread::spawn(move || mortal_serve(&mut worker));
        drain(&parent);
        let third = parent.reserve();
        if let Some(seq) = third {
            parent.publish(seq, 103, Body::Inline(&3_u64.to_ne_bytes()));
        }
        let (begun, _) = dying.join().unwrap();
        let first = recover(&parent, &ends);
        let again = serve_again(ends.worker(first, || {}));
        drain(&parent);
        let all = std::mem::take(parent.lock().data());
        let lost = judge(&all, &begun, &again, 2 + u32::from(third.is_some()));
        out.saw(match lost.map(|lost| lost.since(seq(0))) {
            None => "none lost",
            Some(0) => "first",
            Some(1) => "second",
            Some(_) => "third",
        });
    },
    ..Scenario::EMPTY
};

/// The second task is revoked while the worker may be dying: the next worker knows.
const CRASH_REVOKE: Scenario = Scenario {
    name: "lane/crash_revoke",
    test: "lane_recovery::crash_revoke",
    shows: "a revoked task runs in neither worker",
    must: &["revoked", "revoked, first lost", "ran", "second lost"],
    cuts: true,
    loom: Loom::bound(3).at_least(30),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        submit(&parent, 1);
        let second = submit(&parent, 2);
        parent.close();
        let dying = thread::spawn(move || mortal_serve(&mut worker));
        let won = parent.lock().revoke(second) == Ok(Revoke::Won);
        let (begun, _) = dying.join().unwrap();
        let first = recover(&parent, &ends);
        let again = serve_again(ends.worker(first, || {}));
        assert!(!won || !begun.contains(&second) && !again.contains(&second));
        drain(&parent);
        let all = std::mem::take(parent.lock().data());
        if won {
            assert!(all.contains(&End::Skipped(second)) && !all.contains(&End::Lost(second)));
        }
        let lost = judge(&all, &begun, &again, 2);
        out.saw(match (won, lost) {
            (true, None) => "revoked",
            (true, Some(_)) => "revoked, first lost",
            (false, None) => "ran",
            (false, Some(lost)) => {
                assert_eq!(
                    lost, second,
                    "a worker that claims the second has replied to the first"
                );
                "second lost"
            }
        });
    },
    ..Scenario::EMPTY
};

/// The worker violates the protocol with its first reply, and goes on until it dies.
const CRASH_VIOLATION: Scenario = Scenario {
    name: "lane/crash_violation",
    test: "lane_recovery::crash_violation",
    shows: "what a worker has begun, before or after it violated the protocol, does not run again",
    must: &["none lost", "1 lost", "2 lost"],
    cuts: true,
    loom: Loom::bound(2).at_least(20),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        for value in 1..=2 {
            submit(&parent, value);
        }
        parent.close();
        let dying = thread::spawn(move || {
            let mut begun = Vec::new();
            let _ = mortal(|| {
                while let Some(request) = worker.next() {
                    begun.push(request.seq);
                    if request.seq == seq(0) {
                        // It says that it has skipped a task that was not revoked.
                        worker.reply(request.seq, SKIPPED, Body::Inline(&[]));
                    } else {
                        reply_to(&mut worker, &request);
                    }
                }
            });
            begun
        });
        let take = || while let Ok(Some(_)) = parent.lock().take() {};
        take();
        let begun = dying.join().unwrap();
        take();
        let (lost, first) = {
            let mut locked = parent.lock();
            let lost: Vec<_> = locked.in_flight().into_iter().map(Waiting::seq).collect();
            locked.replace(ends.replies(), || Ok(())).unwrap();
            (lost, locked.next())
        };
        let again = serve_again(ends.worker(first, || {}));
        for seq in (0..2).map(seq) {
            assert!(
                !(begun.contains(&seq) && again.contains(&seq)),
                "{seq:?} ran twice"
            );
            assert!(
                lost.contains(&seq) != again.contains(&seq),
                "{seq:?} is lost or runs again: {lost:?} {again:?}"
            );
        }
        out.saw(match lost.len() {
            0 => "none lost".to_owned(),
            count => format!("{count} lost"),
        });
    },
    ..Scenario::EMPTY
};

/// A waiter sleeps on the lane while its worker dies: the recovery wakes it, and the next worker does.
const CRASH_WAITER: Scenario = Scenario {
    name: "lane/crash_waiter",
    test: "lane_recovery::crash_waiter",
    shows: "a sleeping waiter is woken by the recovery",
    must: &["replied", "lost"],
    cuts: true,
    threads: 3,
    loom: Loom::bound(2).at_least(570),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        let task = submit(&parent, 1);
        let dying = thread::spawn(move || {
            mortal(|| {
                let request = worker.next().expect("published");
                reply_to(&mut worker, &request);
            });
        });
        let theirs = Arc::clone(&parent);
        let waiter = thread::spawn(move || {
            let end = loop {
                let seen = theirs.arm();
                drain(&theirs);
                if let Some(&end) = theirs.lock().data().first() {
                    break end;
                }
                let _ = theirs.sleep(seen, None);
            };
            theirs.disarm();
            end
        });
        dying.join().unwrap();
        let first = recover(&parent, &ends);
        parent.close();
        serve(ends.worker(first, || {}));
        let end = waiter.join().unwrap();
        out.saw(match end {
            End::Replied(seq) if seq == task => "replied",
            End::Lost(seq) if seq == task => "lost",
            other => panic!("{other:?}"),
        });
    },
    ..Scenario::EMPTY
};

/// A worker that sleeps is killed there, and a task comes at the same time.
const CRASH_ASLEEP: Scenario = Scenario {
    name: "lane/crash_asleep",
    test: "lane_recovery::crash_asleep",
    shows: "killed while it goes to sleep, and a task comes",
    must: &["first worker", "second worker", "lost"],
    cuts: true,
    loom: Loom::bound(3).at_least(2_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        let dying = thread::spawn(move || mortal_serve(&mut worker));
        let task = submit(&parent, 1);
        parent.close();
        let (begun, _) = dying.join().unwrap();
        let first = recover(&parent, &ends);
        let again = serve_again(ends.worker(first, || {}));
        drain(&parent);
        let all = std::mem::take(parent.lock().data());
        let lost = judge(&all, &begun, &again, 1);
        out.saw(if lost.is_some() {
            "lost"
        } else if again.contains(&task) {
            "second worker"
        } else {
            "first worker"
        });
    },
    ..Scenario::EMPTY
};

/// Bytes of a long payload, of two lines.
const LONG: usize = 100;

fn long(region: raddle::shm::Region<'_>, value: u8) {
    assert_eq!(region.to_vec(), [value; LONG]);
}

/// Replies with a long payload, written line by line; the worker may die between the lines.
fn reply_long(worker: &mut WorkerEnd, seq: Seq, payload: &Payload) {
    let Payload::Span(argument) = *payload else {
        panic!("a long payload");
    };
    long(worker.request_region(argument), 1);
    let span = worker.allocate(LONG as u32).expect("it fits");
    worker.reply_region(span).write(0, &[2; 64]);
    worker.is_stop_requested(seq);
    worker.reply_region(span).write(64, &[2; LONG - 64]);
    worker.reply(seq, DONE, Body::Span(span));
}

/// Two long arguments with long results, through arenas with space for two. The parent takes no reply that is half
/// written, and all memory is freed.
const CRASH_SPAN: Scenario = Scenario {
    name: "lane/crash_span",
    test: "lane_recovery::crash_span",
    shows: "a long reply is whole or not there; all memory is freed",
    must: &["none lost", "first", "second"],
    cuts: true,
    loom: Loom::bound(3).at_least(30),
    shuttle: Shuttle::sampled(100),
    body: |out| {
        const ARENA: usize = 256;
        let Lane {
            parent,
            mut worker,
            ends,
        } = lane_with(ARENA, Ends::new(), || {});
        let spans = [(); 2].map(|()| {
            let seq = parent.reserve().expect("a free slot");
            let span = parent.allocate(LONG as u32).expect("space");
            parent.request_region(span).write(0, &[1; LONG]);
            parent.publish(seq, 0, Body::Span(span));
            span
        });
        parent.close();
        let serve = |worker: &mut WorkerEnd, begun: &mut Vec<Seq>| {
            while let Some(request) = worker.next() {
                begun.push(request.seq);
                reply_long(worker, request.seq, &request.payload);
            }
        };
        let dying = thread::spawn(move || {
            let mut begun = Vec::new();
            mortal(|| serve(&mut worker, &mut begun));
            begun
        });
        let drain = |parent: &ParentEnd<Ends>| {
            let mut locked = parent.lock();
            while let Some(reply) = locked.take().expect("no violation") {
                locked.data().push(end(&reply));
                if let Payload::Span(span) = reply.payload {
                    drop(locked);
                    long(parent.reply_region(span), 2);
                    locked = parent.lock();
                    locked.release(reply.seq);
                }
                if reply.status == DONE {
                    parent.free(spans[reply.seq.since(seq(0)) as usize]);
                }
            }
        };
        drain(&parent);
        let begun = dying.join().unwrap();
        drain(&parent);
        let first = recover(&parent, &ends);
        let mut again = Vec::new();
        serve(&mut ends.worker(first, || {}), &mut again);
        drain(&parent);
        let all = std::mem::take(parent.lock().data());
        let lost = judge(&all, &begun, &again, 2);
        if let Some(lost) = lost {
            parent.free(spans[lost.since(seq(0)) as usize]);
        }
        assert_eq!(parent.lock().reading(), 0);
        let everything = parent.allocate(ARENA as u32).expect("nothing is used");
        parent.free(everything);
        out.saw(match lost.map(|lost| lost.since(seq(0))) {
            None => "none lost",
            Some(0) => "first",
            Some(_) => "second",
        });
    },
    ..Scenario::EMPTY
};

/// A producer submits while the memory is being replaced: the next worker, which may be asleep already,
/// has the task.
const SUBMIT_MEANWHILE: Scenario = Scenario {
    name: "lane/submit_meanwhile",
    test: "lane_recovery::submit_meanwhile",
    shows: "a task during the replacement",
    must: &["done"],
    loom: Loom::bound(3).at_least(3_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane {
            parent,
            worker,
            ends,
        } = lane_with(0, Ends::new(), || {});
        drop(worker);
        let theirs = Arc::clone(&parent);
        let producer = thread::spawn(move || submit(&theirs, 1));
        let first = recover(&parent, &ends);
        let mut worker = ends.worker(first, || {});
        let request = worker.next().expect("not closed");
        reply_to(&mut worker, &request);
        producer.join().unwrap();
        drain(&parent);
        assert_eq!(*parent.lock().data(), [End::Replied(seq(0))]);
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// Two of the parent's threads take replies while they come: each is taken once, in order.
const TWO_CONSUMERS: Scenario = Scenario {
    name: "lane/two_consumers",
    test: "lane_recovery::two_consumers",
    shows: "two consumers: each reply once, in order",
    must: &["both by one", "one each", "some left"],
    threads: 3,
    loom: Loom::bound(3).at_least(8_300),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let Lane { parent, worker, .. } = lane_with(0, Ends::new(), || {});
        submit(&parent, 1);
        submit(&parent, 2);
        parent.close();
        let theirs = Arc::clone(&parent);
        let take = |parent: &ParentEnd<Ends>| {
            let mut taken = 0;
            for n in 0..2 {
                if parent.has_reply(seq(n)) {
                    let mut locked = parent.lock();
                    while let Some(reply) = locked.take().expect("no violation") {
                        locked.data().push(end(&reply));
                        taken += 1;
                    }
                }
            }
            taken
        };
        let other = thread::spawn(move || take(&theirs));
        let serving = thread::spawn(move || serve(worker));
        let mine = take(&parent);
        let others = other.join().unwrap();
        serving.join().unwrap();
        drain(&parent);
        let expected = [0, 1].map(|n| End::Replied(seq(n)));
        assert_eq!(*parent.lock().data(), expected);
        out.saw(match (mine, others) {
            (2, 0) | (0, 2) => "both by one",
            (1, 1) => "one each",
            _ => "some left",
        });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    TWO_CONSUMERS,
    CRASH,
    CRASH_REVOKE,
    CRASH_VIOLATION,
    CRASH_ASLEEP,
    CRASH_SPAN,
    CRASH_WAITER,
    SUBMIT_MEANWHILE,
];
