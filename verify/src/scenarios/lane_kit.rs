//! A lane in plain memory, and what its two ends do in the scenarios.

use crate::sync::Arc;
use raddle::shm::{Body, ParentEnd, Payload, Reply, Request, Segment, Seq, WorkerEnd};

/// The first number, so that the lane wraps soon: the second task has the number 0.
pub const FIRST: Seq = Seq(u32::MAX);

/// The status of a reply.
pub const DONE: u32 = 1;

pub struct Lane<T = ()> {
    pub parent: Arc<ParentEnd<T>>,
    pub worker: WorkerEnd,
    pub ends: Ends,
}

/// The two files, for another worker.
pub struct Ends {
    requests: Segment<raddle::shm::Requests>,
    replies: Segment<raddle::shm::Replies>,
}

impl Ends {
    pub fn worker(&self, first: Seq, event: impl FnMut() + Send + 'static) -> WorkerEnd {
        WorkerEnd::new(self.requests.share(), self.replies.share(), first, event)
    }

    pub fn replies(&self) -> &raddle::shm::Replies {
        &self.replies
    }
}

pub fn lane(arena: usize) -> Lane {
    lane_with(arena, (), || {})
}

pub fn lane_with<T>(arena: usize, data: T, event: impl FnMut() + Send + 'static) -> Lane<T> {
    let (parent, worker, ends) = ends_with(arena, data, event);
    Lane {
        parent: Arc::new(parent),
        worker,
        ends,
    }
}

/// The two ends of a lane, for an owner of its own.
pub fn ends_with<T>(
    arena: usize,
    data: T,
    event: impl FnMut() + Send + 'static,
) -> (ParentEnd<T>, WorkerEnd, Ends) {
    let ends = Ends {
        requests: Segment::heap(arena),
        replies: Segment::heap(arena),
    };
    let parent = ParentEnd::new(ends.requests.share(), ends.replies.share(), FIRST, data);
    let worker = ends.worker(FIRST, event);
    (parent, worker, ends)
}

/// The n-th number of a lane.
pub fn seq(n: u32) -> Seq {
    Seq(FIRST.0.wrapping_add(n))
}

/// Submits a task that carries a number.
pub fn submit<T>(parent: &ParentEnd<T>, value: u64) -> Seq {
    let seq = parent.reserve().expect("a free slot");
    parent.publish(seq, value + 100, Body::Inline(&value.to_ne_bytes()));
    seq
}

/// Replies to a task with its number and one more.
pub fn reply_to(worker: &mut WorkerEnd, request: &Request) -> u64 {
    let value = number(&request.payload);
    assert_eq!(request.entry, value + 100, "the slot is that of one task");
    worker.reply(request.seq, DONE, Body::Inline(&(value + 1).to_ne_bytes()));
    value
}

/// Replies to everything until the lane is closed.
pub fn serve(mut worker: WorkerEnd) -> Vec<u64> {
    let mut served = Vec::new();
    while let Some(request) = worker.next() {
        served.push(reply_to(&mut worker, &request));
    }
    served
}

/// The number in a payload.
pub fn number(payload: &Payload) -> u64 {
    let Payload::Inline(inline) = payload else {
        panic!("the number is short");
    };
    u64::from_ne_bytes(inline.as_slice().try_into().expect("eight bytes"))
}

/// Takes the next reply, which is there.
pub fn take<T>(parent: &ParentEnd<T>) -> Reply {
    let taken = parent.lock().take().expect("no violation");
    taken.expect("a reply")
}

/// Takes the next reply, which has to be that of a task with this number.
pub fn take_number<T>(parent: &ParentEnd<T>, seq: Seq, value: u64) {
    let reply = take(parent);
    assert_eq!((reply.seq, reply.status), (seq, DONE));
    assert_eq!(number(&reply.payload), value + 1);
}

/// Sleeps until the reply is there.
pub fn wait<T>(parent: &ParentEnd<T>, seq: Seq) {
    while !parent.has_reply(seq) {
        let seen = parent.arm();
        if !parent.has_reply(seq) {
            let _ = parent.sleep(seen, None);
        }
    }
    parent.disarm();
}

/// Did a thread begin to sleep in this execution?
pub fn slept() -> &'static str {
    if crate::sync::faults::waits().0 > 0 {
        "slept"
    } else {
        "awake"
    }
}
