//! A lane through real files, and against everything that a broken or hostile worker may write.

use super::layout::LaneFile;
use super::locked::ProtocolViolation;
use super::*;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use crate::sync::{Arc, FutexWait, thread};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

const FIRST: Seq = Seq(u32::MAX - 1);

/// A lane in heap memory. `replies` lets a test write what a hostile worker could write.
struct Heap {
    parent: ParentEnd<()>,
    worker: WorkerEnd,
    replies: Segment<Replies>,
}

fn heap() -> Heap {
    let (requests, replies) = (
        Segment::<Requests>::heap(1 << 20),
        Segment::<Replies>::heap(4096),
    );
    Heap {
        parent: ParentEnd::new(requests.share(), replies.share(), FIRST, ()),
        worker: WorkerEnd::new(requests, replies.share(), FIRST, || {}),
        replies,
    }
}

fn submit(parent: &ParentEnd<()>, bytes: &[u8]) -> Seq {
    let seq = parent.reserve().unwrap();
    let body = if bytes.len() <= INLINE {
        Body::Inline(bytes)
    } else {
        let span = parent.allocate(bytes.len() as u32).unwrap();
        parent.request_region(span).write(0, bytes);
        Body::Span(span)
    };
    parent.publish(seq, 9, body);
    seq
}

/// Takes a task and replies with its argument.
fn echo(worker: &mut WorkerEnd) {
    let request = worker.next().unwrap();
    assert_eq!(request.entry, 9);
    match request.payload {
        Payload::Inline(inline) => worker.reply(request.seq, 1, Body::Inline(inline.as_slice())),
        Payload::Span(span) => {
            let bytes = worker.request_region(span).to_vec();
            let reply_span = worker.allocate(bytes.len() as u32).unwrap();
            worker.reply_region(reply_span).write(0, &bytes);
            worker.reply(request.seq, 1, Body::Span(reply_span));
        }
    }
}

fn received(parent: &ParentEnd<()>, seq: Seq) -> Vec<u8> {
    let reply = parent.lock().take().unwrap().unwrap();
    assert_eq!((reply.seq, reply.status), (seq, 1));
    match reply.payload {
        Payload::Inline(inline) => inline.as_slice().to_vec(),
        Payload::Span(span) => {
            let bytes = parent.reply_region(span).to_vec();
            parent.lock().release(seq);
            bytes
        }
    }
}

#[test]
fn payloads_of_all_lengths_over_several_laps() {
    let Heap {
        parent, mut worker, ..
    } = heap();
    for n in 0..3 * SLOTS {
        let bytes: Vec<u8> = (0..n % 200).map(|i| (i * 7 + n) as u8).collect();
        let seq = submit(&parent, &bytes);
        echo(&mut worker);
        assert_eq!(received(&parent, seq), bytes);
    }
    assert_eq!((parent.depth(), parent.lock().reading()), (0, 0));
}

#[test]
fn a_full_lane_refuses_until_a_reply_is_taken() {
    let Heap {
        parent, mut worker, ..
    } = heap();
    for _ in 0..SLOTS {
        submit(&parent, b"x");
    }
    assert!(parent.is_full() && parent.reserve().is_none());
    assert_eq!(parent.depth() as usize, SLOTS);
    echo(&mut worker);
    assert!(parent.reserve().is_none(), "the reply has not been taken");
    assert_eq!(received(&parent, FIRST), b"x");
    assert!(parent.reserve().is_some() && parent.reserve().is_none());
}

#[test]
fn replies_are_released_in_any_order() {
    let Heap {
        parent, mut worker, ..
    } = heap();
    let long = [5; 100];
    let seqs = [(); 3].map(|()| submit(&parent, &long));
    for _ in seqs {
        echo(&mut worker);
    }
    let mut locked = parent.lock();
    for _ in seqs {
        locked.take().unwrap().unwrap();
    }
    locked.release(seqs[1]);
    assert_eq!(locked.reading(), 3);
    locked.release(seqs[0]);
    assert_eq!(locked.reading(), 1);
    locked.release(seqs[2]);
    assert_eq!(locked.reading(), 0);
}

#[test]
fn a_reply_without_a_task_is_a_violation() {
    let Heap {
        parent, mut worker, ..
    } = heap();
    worker.reply(FIRST, 1, Body::Inline(&[]));
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::NoTask(FIRST)
    );
    // A reserved number that is not published yet has no task either.
    let seq = parent.reserve().unwrap();
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::NoTask(seq)
    );
}

#[test]
fn an_impossible_mark_is_a_violation() {
    let Heap {
        parent, replies, ..
    } = heap();
    let seq = submit(&parent, b"x");
    // ORDERING: test Relaxed: one thread.
    replies.slots[seq.slot()].commit.store(0xdead, Relaxed);
    let found = 0xdead;
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::Commit { seq, found }
    );
}

/// A deadline for a sleep that is not notified.
fn after(millis: u64) -> Option<Instant> {
    Some(Instant::now() + Duration::from_millis(millis))
}

/// Whatever the worker writes to its event word, the parent's own notification ends the sleep.
#[test]
fn the_parent_wakes_itself_whatever_the_worker_writes() {
    for spoiled in [0, 1, 0x100, u32::MAX] {
        let Heap {
            parent, replies, ..
        } = heap();
        // ORDERING: test Relaxed: one thread.
        replies.event.store(spoiled, Relaxed);
        let seen = parent.arm();
        parent.notify();
        // ORDERING: test Relaxed: one thread.
        replies.event.store(spoiled, Relaxed);
        assert_eq!(parent.sleep(seen, None), FutexWait::Changed);
        parent.disarm();
    }
}

#[cfg(not(miri))]
#[test]
fn an_overwritten_event_word_does_not_keep_the_waiter_awake() {
    let Heap {
        parent, replies, ..
    } = heap();
    // ORDERING: test Relaxed: one thread.
    replies.event.store(0x17, Relaxed);
    let deadline = after(5);
    let slept = loop {
        let seen = parent.arm();
        match parent.sleep(seen, deadline) {
            FutexWait::Woken | FutexWait::Interrupted => {}
            slept => break slept,
        }
    };
    assert_eq!(slept, FutexWait::TimedOut);
}

/// A hostile thread resets the worker's event word all the time. Each notification of the parent still arrives.
#[cfg(not(miri))]
#[test]
fn own_notifications_arrive_while_the_workers_event_word_is_reset() {
    let Heap {
        parent, replies, ..
    } = heap();
    let (parent, pending) = (Arc::new(parent), Arc::new(AtomicU32::new(0)));
    let over = spoil(move || {
        // ORDERING: test Relaxed: of no consequence.
        replies.event.store(5, Relaxed);
    });
    let (other, sent) = (Arc::clone(&parent), Arc::clone(&pending));
    let notifier = thread::spawn(move || {
        for n in 1..=1000 {
            // ORDERING: test Release -> pairs with the swap below.
            sent.store(n, Release);
            other.notify();
            // ORDERING: test Acquire -> pairs with the swap below.
            while sent.load(Acquire) == n {
                crate::sync::hint::spin_loop();
            }
        }
    });
    for _ in 0..1000 {
        loop {
            let seen = parent.arm();
            // ORDERING: test AcqRel -> pairs with both accesses of the notifier.
            if pending.swap(0, AcqRel) != 0 {
                break;
            }
            let _ = parent.sleep(seen, None);
        }
    }
    notifier.join().unwrap();
    over();
}

/// Runs `spoil` again and again in another thread, until the returned closure is called.
#[cfg(not(miri))]
fn spoil(spoil: impl Fn() + Send + 'static) -> impl FnOnce() {
    let over = Arc::new(AtomicBool::new(false));
    let is_over = Arc::clone(&over);
    let spoiler = thread::spawn(move || {
        // ORDERING: test Relaxed: of no consequence.
        while !is_over.load(Relaxed) {
            spoil();
        }
    });
    move || {
        // ORDERING: test Relaxed: of no consequence.
        over.store(true, Relaxed);
        spoiler.join().unwrap();
    }
}

#[test]
fn an_impossible_claim_is_a_violation() {
    for found in [1, 0b11, u64::MAX, u64::from(FIRST.0) << 2 | 0b11] {
        let Heap {
            parent, replies, ..
        } = heap();
        let seq = submit(&parent, b"x");
        // ORDERING: test Relaxed: one thread.
        replies.claims[seq.slot()].store(found, Relaxed);
        let mut locked = parent.lock();
        assert_eq!(
            locked.revoke(seq),
            Err(ProtocolViolation::Claim { seq, found })
        );
        let waiting = locked.waiting(seq).unwrap();
        assert_eq!(locked.in_flight(), [waiting], "the task may have run");
    }
}

/// `revoke` takes a fixed number of steps, whatever the worker does to the claim word meanwhile.
#[cfg(not(miri))]
#[test]
fn revoke_returns_while_the_claim_word_changes() {
    let Heap {
        parent, replies, ..
    } = heap();
    let seq = submit(&parent, b"x");
    let over = spoil(move || {
        let claim = &replies.claims[seq.slot()];
        for word in [0, 7, u64::from(seq.0) << 2 | 1, 0, 0] {
            // ORDERING: test Relaxed: of no consequence.
            claim.store(word, Relaxed);
        }
    });
    for _ in 0..10_000 {
        let _any = parent.lock().revoke(seq);
    }
    over();
}

#[test]
fn a_payload_outside_the_arena_is_a_violation() {
    for (offset, len) in [
        (4096, 49),
        (4000, 97),
        (u64::MAX, 100),
        (0, 4097),
        (0, u32::MAX),
    ] {
        let Heap {
            parent, mut worker, ..
        } = heap();
        let seq = submit(&parent, b"x");
        worker.reply(seq, 1, Body::Span(Span { offset, len }));
        let expected = ProtocolViolation::Span { seq, offset, len };
        assert_eq!(parent.lock().take().unwrap_err(), expected);
        let waiting = parent.lock().waiting(seq).unwrap();
        assert_eq!(
            parent.lock().in_flight(),
            [waiting],
            "its reply was refused"
        );
    }
}

#[test]
fn a_status_against_the_claim_is_a_violation() {
    let Heap {
        parent, mut worker, ..
    } = heap();
    let seq = submit(&parent, b"x");
    worker.reply(seq, SKIPPED, Body::Inline(&[]));
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::Skipped(seq)
    );

    let Heap {
        parent, mut worker, ..
    } = heap();
    let seq = submit(&parent, b"x");
    assert_eq!(parent.lock().revoke(seq), Ok(Revoke::Won));
    worker.reply(seq, 1, Body::Inline(&[]));
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::RanRevoked(seq)
    );

    let Heap {
        parent, mut worker, ..
    } = heap();
    let seq = submit(&parent, b"x");
    assert_eq!(parent.lock().revoke(seq), Ok(Revoke::Won));
    let span = worker.allocate(INLINE as u32 + 1).unwrap();
    worker.reply(seq, SKIPPED, Body::Span(span));
    assert_eq!(
        parent.lock().take().unwrap_err(),
        ProtocolViolation::SkippedWith(seq)
    );
    assert_eq!(
        parent.lock().reading(),
        0,
        "a payload that is never read must not wait for its release"
    );
}

#[test]
fn violations_are_described() {
    let violation = ProtocolViolation::Span {
        seq: Seq(3),
        offset: 16,
        len: 5,
    };
    assert_eq!(
        violation.to_string(),
        "replied to task number 3 with 5 bytes at offset 0x10, outside its arena"
    );
}

#[test]
fn a_new_file_says_nothing_about_any_number() {
    for first in [0, 1, u32::MAX - SLOTS as u32, u32::MAX - 1, u32::MAX] {
        let (requests, replies) = (Requests::new(), Replies::new());
        requests.begin(0);
        replies.begin(0);
        for n in 0..SLOTS as u32 {
            let seq = Seq(first.wrapping_add(n));
            assert!(requests.slots[seq.slot()].committed(seq).is_none());
            assert_ne!(replies.slots[seq.slot()].mark(), seq.next().0);
            // ORDERING: test Relaxed: one thread.
            assert_ne!(
                requests.stop_requests[seq.slot()].load(Relaxed),
                seq.next().0
            );
            assert!(!claim::is_claimed(&replies.claims[seq.slot()], seq));
        }
    }
}

#[test]
fn a_region_is_read_and_written_within_its_bounds() {
    let segment = Segment::<Requests>::heap(256);
    let region = segment
        .region(Span {
            offset: 64,
            len: 100,
        })
        .unwrap();
    region.write(90, b"0123456789");
    let mut bytes = [MaybeUninit::uninit(); 4];
    assert_eq!(region.read(93, &mut bytes), b"3456");
    assert_eq!((region.len(), region.to_vec().len()), (100, 100));
    let beyond = std::panic::catch_unwind(|| region.write(91, b"0123456789"));
    assert!(beyond.is_err());
    assert!(
        segment
            .region(Span {
                offset: 200,
                len: 57
            })
            .is_none()
    );
}

#[cfg(not(miri))]
#[test]
fn a_lane_of_files_with_the_worker_in_another_thread() {
    let (requests, requests_fd) = Segment::<Requests>::create(ARENA).unwrap();
    let (replies, replies_fd) = Segment::<Replies>::create(ARENA).unwrap();
    let parent = ParentEnd::new(requests, replies, FIRST, ());
    let serve = |replies_fd: &std::os::fd::OwnedFd, first| {
        let read_only = Segment::<Requests>::read_only(requests_fd.as_fd()).unwrap();
        let requests = Segment::open(&read_only).unwrap();
        let replies = Segment::open(replies_fd).unwrap();
        let mut worker = WorkerEnd::new(requests, replies, first, || {});
        move |tasks: usize| {
            for _ in 0..tasks {
                echo(&mut worker);
            }
        }
    };
    let wait = |seq| {
        while !parent.has_reply(seq) {
            let seen = parent.arm();
            if !parent.has_reply(seq) {
                let _ = parent.sleep(seen, None);
            }
        }
        parent.disarm();
    };
    let mut worker = serve(&replies_fd, FIRST);
    let serving = crate::sync::thread::spawn(move || worker(200));
    for n in 0..200_usize {
        let bytes = vec![n as u8; n * 1000 % 100_000];
        let seq = submit(&parent, &bytes);
        wait(seq);
        assert_eq!(received(&parent, seq), bytes);
    }
    serving.join().unwrap();
    // The worker is gone. One task waits for the next worker, with a fresh file.
    let seq = submit(&parent, b"left");
    assert_eq!(parent.lock().in_flight(), []);
    let (fresh, fresh_fd) = Segment::<Replies>::create(ARENA).unwrap();
    parent
        .lock()
        .replace(&fresh, || parent.install(fresh_fd.as_fd()))
        .unwrap();
    assert!(!parent.has_reply(seq));
    let mut worker = serve(&fresh_fd, parent.lock().next());
    worker(1);
    assert_eq!(received(&parent, seq), b"left");
}

/// If a thread of the parent was last seen on the worker's core, neither side spins. On two cores both do.
#[test]
fn neither_side_spins_on_the_core_that_the_other_side_needs() {
    // In a thread of its own, because it changes its affinity.
    let moved = thread::spawn(spin_on_each_core);
    moved.join().unwrap();
}

fn spin_on_each_core() {
    use crate::sys::affinity;
    if affinity::current().is_none() {
        println!("skipped: this system cannot tell on which core a thread runs");
        return;
    }
    let cores = affinity::allowed();
    let here = cores[0];
    let lane = heap();
    let spins = |core| affinity::pin(core) && !lane.worker.spin_time().is_zero();
    let shares = |core| affinity::pin(core) && lane.parent.shares_core();
    let arm = || drop(lane.parent.arm());
    let arm_event = || lane.parent.arm_event();
    let wake = || {
        lane.replies.wake_request.post();
        submit(&lane.parent, &[]);
    };
    assert!(!shares(here), "the worker has not been seen yet");
    for announce in [&arm as &dyn Fn(), &arm_event, &wake] {
        assert!(affinity::pin(here));
        announce();
        assert!(!spins(here) && shares(here));
        let Some(&other) = cores.get(1) else {
            println!("skipped in part: there is only one core");
            continue;
        };
        assert!(spins(other) && !shares(here) && shares(other));
        arm();
        assert!(spins(here));
    }
    lane.parent.never_spin();
    for core in cores {
        assert!(affinity::pin(core));
        arm();
        assert!(!spins(core) && shares(core));
    }
}
