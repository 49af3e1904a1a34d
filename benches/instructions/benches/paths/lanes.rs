//! A lane of a process pool, both of its ends in this thread: the memory files are real, no thread sleeps.

use gungraun::{library_benchmark, library_benchmark_group};
use raddle::shm;
use raddle::shm::{Body, ParentEnd, Payload, Replies, Requests, Segment, Seq, Span, WorkerEnd};
use raddle::sync::atomic::AtomicU64;
use raddle_instructions::warm;
use std::cell::{Cell, RefCell};
use std::os::fd::AsFd;

const FIRST: Seq = Seq(1);
const SMALL: &[u8] = &[7; 8];
/// Aligned, or how it is copied would change with where the linker lays it.
const LARGE: &[u8] = &Aligned([7; 1024]).0;

#[repr(align(64))]
struct Aligned([u8; 1024]);

struct Lane {
    parent: ParentEnd<()>,
    worker: RefCell<WorkerEnd>,
    /// The span of the large argument that is on its way.
    argument: Cell<Option<Span>>,
}

impl Lane {
    fn new() -> Self {
        let (requests, requests_fd) =
            Segment::<Requests>::create(shm::ARENA).expect("a memory file");
        let (replies, replies_fd) = Segment::<Replies>::create(shm::ARENA).expect("a memory file");
        let theirs =
            Segment::<Requests>::read_only(requests_fd.as_fd()).expect("it opens once more");
        let worker = WorkerEnd::new(
            Segment::open(&theirs).expect("it is one of ours"),
            Segment::open(&replies_fd).expect("it is one of ours"),
            FIRST,
            || {},
        );
        Self {
            parent: ParentEnd::new(requests, replies, FIRST, ()),
            worker: RefCell::new(worker),
            argument: Cell::new(None),
        }
    }

    fn publish(&self, bytes: &[u8]) -> Seq {
        let seq = self.parent.reserve().expect("a free slot");
        if bytes.len() <= shm::INLINE {
            self.parent.publish(seq, 9, Body::Inline(bytes));
        } else {
            let span = self
                .parent
                .allocate(bytes.len() as u32)
                .expect("there is space");
            self.parent.request_region(span).write(0, bytes);
            self.parent.publish(seq, 9, Body::Span(span));
            self.argument.set(Some(span));
        }
        seq
    }

    fn next(&self) -> (Seq, Payload) {
        let request = self.worker.borrow_mut().next().expect("one is there");
        (request.seq, request.payload)
    }

    fn reply(&self, seq: Seq, bytes: &[u8]) {
        let mut worker = self.worker.borrow_mut();
        if bytes.len() <= shm::INLINE {
            worker.reply(seq, 1, Body::Inline(bytes));
        } else {
            let span = worker.allocate(bytes.len() as u32).expect("there is space");
            worker.reply_region(span).write(0, bytes);
            worker.reply(seq, 1, Body::Span(span));
        }
    }

    fn take(&self) -> Payload {
        let reply = self.parent.lock().take_with(|reply| reply);
        let reply = reply.expect("no violation").expect("one is there");
        if let Some(span) = self.argument.take() {
            self.parent.free(span);
        }
        if let Payload::Span(_) = reply.payload {
            self.parent.lock().release(reply.seq);
        }
        reply.payload
    }

    /// Whatever is still on its way.
    fn finish(&self, published: bool, claimed: Option<Seq>) {
        let seq = claimed.or_else(|| published.then(|| self.next().0));
        if let Some(seq) = seq {
            self.reply(seq, SMALL);
        }
        self.take();
    }
}

fn publishes(bytes: &'static [u8]) {
    let lane = Lane::new();
    let mut begun = false;
    let last_is_over = || {
        if begun {
            lane.finish(true, None);
        }
        begun = true;
    };
    warm(last_is_over, |()| lane.publish(bytes));
}

fn publish_small() {
    publishes(SMALL);
}

fn publish_large() {
    publishes(LARGE);
}

fn next_small() {
    let lane = Lane::new();
    let mut begun = None;
    warm(
        || {
            if let Some(seq) = begun.replace(lane.publish(SMALL)) {
                lane.finish(true, Some(seq));
            }
        },
        |()| lane.next(),
    );
}

fn reply_small() {
    let lane = Lane::new();
    let mut begun = false;
    warm(
        || {
            if begun {
                lane.finish(false, None);
            }
            begun = true;
            lane.publish(SMALL);
            lane.next().0
        },
        |seq| lane.reply(seq, SMALL),
    );
}

fn takes(bytes: &'static [u8]) {
    let lane = Lane::new();
    warm(
        || {
            lane.publish(SMALL);
            lane.reply(lane.next().0, bytes);
        },
        |()| lane.take(),
    );
}

fn take_small() {
    takes(SMALL);
}

fn take_large() {
    takes(LARGE);
}

/// Publish, next, reply and take.
fn rounds(bytes: &'static [u8]) {
    let lane = Lane::new();
    warm(
        || (),
        |()| {
            lane.publish(bytes);
            let (seq, _) = lane.next();
            lane.reply(seq, bytes);
            lane.take()
        },
    );
}

fn round_small() {
    rounds(SMALL);
}

fn round_large() {
    rounds(LARGE);
}

#[library_benchmark]
#[bench::publish(publish_small)]
#[bench::publish_1k(publish_large)]
#[bench::next(next_small)]
#[bench::reply(reply_small)]
#[bench::take(take_small)]
#[bench::take_1k(take_large)]
#[bench::round(round_small)]
#[bench::round_1k(round_large)]
fn ring(case: fn()) {
    case();
}

fn word() -> (AtomicU64, Seq) {
    (AtomicU64::new(0), FIRST)
}

fn claim_win() {
    warm(word, |(word, seq)| {
        assert!(shm::claim::claim(&word, seq));
        word
    });
}

fn claim_lose() {
    let revoked = || {
        let (word, seq) = word();
        assert_eq!(shm::claim::revoke(&word, seq), Ok(true));
        (word, seq)
    };
    warm(revoked, |(word, seq)| {
        assert!(!shm::claim::claim(&word, seq));
        word
    });
}

fn claim_revoke() {
    warm(word, |(word, seq)| {
        assert_eq!(shm::claim::revoke(&word, seq), Ok(true));
        word
    });
}

#[library_benchmark]
#[bench::win(claim_win)]
#[bench::lose(claim_lose)]
#[bench::revoke(claim_revoke)]
fn claim(case: fn()) {
    case();
}

library_benchmark_group!(name = lane_paths, benchmarks = [ring, claim]);
