//! The worker's end of a lane: one thread that takes tasks in order and replies to each.

use super::bytes::Region;
use super::layout::{Replies, Requests, SKIPPED, Seq};
use super::parent::CLOSED;
use super::segment::Segment;
use super::spans::{Span, SpanAllocator};
use super::{Body, Payload, claim};
use crate::sync::atomic::{Ordering::*, fence};
use crate::sync::{futex, spin};
use std::collections::VecDeque;
use std::time::Duration;

/// How long a worker spins for the next task before it sleeps.
const SPIN: Duration = Duration::from_micros(50);
/// The worker spins one nanosecond longer for each so many bytes of the last task's payload, because the parent copies
/// that payload out and the next one in (bench: P3-1M).
const BYTES_PER_NANOSECOND: u32 = 5;
/// The most bytes that lengthen the spin. Beyond this the copies take longer than a sleep costs.
const MOST_BYTES: u32 = 1 << 20;

/// A claimed task.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub seq: Seq,
    pub entry: u64,
    pub payload: Payload,
}

/// The payload does not fit the arena, even after the parent has read all replies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// The longest payload that fits an empty arena, in bytes.
    pub limit: usize,
}

/// The worker's view of a lane.
pub struct WorkerEnd {
    requests: Segment<Requests>,
    replies: Segment<Replies>,
    next: Seq,
    /// The length in bytes of the last task's argument or result, whichever was longer. 0 if both were in the slot.
    large: u32,
    spans: SpanAllocator,
    /// The spans of replies whose numbers the parent has not released yet, oldest first.
    unreleased: VecDeque<(Seq, Span)>,
    /// The parent's wake requests that were notified last.
    notified_waiter: u32,
    notified_listener: u32,
    notify_listener: Box<dyn FnMut() + Send>,
}

impl WorkerEnd {
    /// `first` is the first number of this worker. The worker calls `notify_listener` after a reply to notify the parent's listener.
    pub fn new(
        requests: Segment<Requests>,
        replies: Segment<Replies>,
        first: Seq,
        notify_listener: impl FnMut() + Send + 'static,
    ) -> Self {
        let spans = SpanAllocator::new(replies.arena());
        Self {
            requests,
            replies,
            next: first,
            large: 0,
            spans,
            unreleased: VecDeque::new(),
            notified_waiter: 0,
            notified_listener: 0,
            notify_listener: Box::new(notify_listener),
        }
    }

    /// Claims the next task. The caller must then [reply](Self::reply) to it. Spins, then sleeps. Skips revoked tasks, with
    /// a reply to each. `None`: the lane is closed, and all tasks have their replies.
    #[allow(clippy::should_implement_trait)] // A reply comes between two calls, so it is no iterator.
    pub fn next(&mut self) -> Option<Request> {
        loop {
            let seq = self.next;
            let Some(request) = self.requests.slots[seq.slot()].committed(seq) else {
                // A closed lane may still hold a task: its commit was published before the close.
                if !spin::until(|| self.spin_time(), || self.is_there(seq))
                    && self.park(|worker, closed| closed || worker.is_there(seq))
                    && !self.is_there(seq)
                {
                    return None;
                }
                continue;
            };
            self.next = seq.next();
            // CRASH: before the claim the task is undecided and waits for the next worker; after it, it is the in-flight one.
            if claim::claim(&self.replies.claims[seq.slot()], seq) {
                let (entry, payload) = request.read();
                self.large = match payload {
                    Payload::Inline(_) => 0,
                    Payload::Span(span) => span.len,
                };
                return Some(Request {
                    seq,
                    entry,
                    payload,
                });
            }
            self.reply(seq, SKIPPED, Body::Inline(&[]));
        }
    }

    /// How long to spin for the next task.
    pub(super) fn spin_time(&self) -> Duration {
        self.replies.core.note();
        if self.requests.wake_requests.core.is_mine() {
            return Duration::ZERO;
        }
        let copies = self.large.min(MOST_BYTES) / BYTES_PER_NANOSECOND;
        SPIN + Duration::from_nanos(copies.into())
    }

    #[inline]
    fn is_there(&self, seq: Seq) -> bool {
        self.requests.slots[seq.slot()].committed(seq).is_some()
    }

    /// Sleeps until a notification, unless `something` says that there is something to do. Returns whether the lane was
    /// closed before that check.
    #[cold]
    fn park(&mut self, something: impl Fn(&Self, bool) -> bool) -> bool {
        // ORDERING: requests.event Acquire -> pairs with requests.close and requests.notify: all tasks that were published
        // before the lane was closed.
        let event = self.requests.event.load(Acquire);
        let closed = event & CLOSED != 0;
        // WAKE: the other end is `ParentEnd::publish`, or `Locked::release`.
        self.replies.wake_request.post();
        if !something(self, closed) {
            // WAKE: the other end is `ParentEnd::notify_worker`.
            let _ = futex::wait_shared(&self.requests.event, event, None);
        }
        self.replies.wake_request.withdraw();
        closed
    }

    /// The memory of a large argument.
    ///
    /// # Panics
    ///
    /// If it is not within the arena. Only a broken parent does that.
    pub fn request_region(&self, span: Span) -> Region<'_> {
        self.requests
            .region(span)
            .expect("the parent's span is within its arena")
    }

    /// Has this task been asked to stop?
    #[inline]
    pub fn is_stop_requested(&self, seq: Seq) -> bool {
        // ORDERING: lane.stop-requested Relaxed: the flag publishes nothing.
        self.requests.stop_requests[seq.slot()].load(Relaxed) == seq.mark()
    }

    /// Allocates a span for a reply. Sleeps while earlier replies, which the parent has not read yet, fill the arena.
    ///
    /// # Errors
    ///
    /// The span would not fit even after the parent has read everything.
    pub fn allocate(&mut self, len: u32) -> Result<Span, TooLarge> {
        if !self.spans.fits(len) {
            return Err(self.too_large());
        }
        loop {
            self.collect();
            if let Some(span) = self.spans.allocate(len) {
                return Ok(span);
            }
            // The parent has nothing left to release: the caller holds the rest of the arena.
            let &(oldest, _) = self.unreleased.front().ok_or_else(|| self.too_large())?;
            self.park(|worker, _| worker.is_released(oldest));
        }
    }

    /// The error for a payload that does not fit the arena.
    #[cold]
    pub fn too_large(&self) -> TooLarge {
        TooLarge {
            limit: self.replies.longest(),
        }
    }

    fn is_released(&self, seq: Seq) -> bool {
        // ORDERING: requests.released Acquire -> pairs with requests.release: the spans have been read.
        let released = self.requests.released.load(Acquire);
        // Signed, because the small difference may have either sign.
        seq.0.wrapping_sub(released).cast_signed() < 0
    }

    /// Frees the spans that the parent has read.
    fn collect(&mut self) {
        while let Some(&(seq, span)) = self.unreleased.front() {
            if !self.is_released(seq) {
                break;
            }
            self.unreleased.pop_front();
            self.give_back(span);
        }
    }

    fn give_back(&mut self, span: Span) {
        if let Some(hole) = self.spans.free(span) {
            self.replies.punch(hole);
            self.spans.punched(hole);
        }
    }

    /// Frees a span that no reply uses.
    pub fn free(&mut self, span: Span) {
        self.give_back(span);
    }

    /// The memory of an allocated span, for writing a reply.
    ///
    /// # Panics
    ///
    /// If the span is not within the arena.
    pub fn reply_region(&self, span: Span) -> Region<'_> {
        self.replies.region(span).expect("a span of this arena")
    }

    /// Borrows the bytes of a large argument in place.
    ///
    /// # Safety
    ///
    /// `'a` ends before the reply. Until then the parent does not touch the bytes.
    ///
    /// # Panics
    ///
    /// As [`request_region`](Self::request_region).
    pub unsafe fn borrow_request<'a>(&self, span: Span) -> &'a [u8] {
        let region = self.request_region(span);
        // SAFETY: within the mapping, which outlives every request; neither side writes to it for 'a.
        unsafe { std::slice::from_raw_parts(region.base().as_ptr(), region.len()) }
    }

    /// Borrows the bytes of an [allocated](Self::allocate) span in place. Their content is arbitrary.
    ///
    /// # Safety
    ///
    /// The caller allocated the span and borrows it once. `'a` ends before the reply that uses it, or before it is freed.
    ///
    /// # Panics
    ///
    /// As [`reply_region`](Self::reply_region).
    pub unsafe fn borrow_allocated<'a>(&self, span: Span) -> &'a mut [u8] {
        let region = self.reply_region(span);
        // SAFETY: within the mapping, which outlives every reply; allocated by the caller alone. The parent never writes
        // there, and does not read a span before its reply.
        unsafe { std::slice::from_raw_parts_mut(region.base().as_ptr(), region.len()) }
    }

    /// Replies to a task, and notifies the parent's threads that have asked for it. Wait-free.
    ///
    /// # Panics
    ///
    /// If an inline body is longer than [`INLINE`](super::INLINE), or a span shorter.
    #[inline]
    pub fn reply(&mut self, seq: Seq, status: u32, body: Body<'_>) {
        if let Body::Span(span) = body {
            self.unreleased.push_back((seq, span));
        }
        self.commit(seq, status, body);
    }

    /// As [`reply`](Self::reply), with the first `len` bytes of a span.
    pub fn reply_part(&mut self, seq: Seq, status: u32, span: Span, len: u32) {
        assert!(len <= span.len, "more than was allocated");
        self.unreleased.push_back((seq, span));
        self.commit(seq, status, Body::Span(Span { len, ..span }));
    }

    #[inline]
    fn commit(&mut self, seq: Seq, status: u32, body: Body<'_>) {
        if let Body::Span(span) = body {
            self.large = self.large.max(span.len);
        }
        self.replies.slots[seq.slot()].write(seq, status, body);
        // CRASH: the reply is there; the recovery notifies a sleeping waiter.
        // WAKE: the other end is `ParentEnd::arm`, or `ParentEnd::arm_event`.
        // ORDERING: reply.fence SeqCst -> pairs with wake_request.fence: the commit before the look.
        fence(SeqCst);
        if let Some(request) = self
            .requests
            .wake_requests
            .waiter
            .look()
            .filter(|&request| request != self.notified_waiter)
        {
            self.notified_waiter = request;
            self.notify();
        }
        if let Some(request) = self
            .requests
            .wake_requests
            .listener
            .look()
            .filter(|&request| request != self.notified_listener)
        {
            self.notified_listener = request;
            (self.notify_listener)();
        }
    }

    #[cold]
    fn notify(&self) {
        // ORDERING: replies.notify Release -> pairs with replies.event: the reply.
        self.replies.event.fetch_add(1, Release);
        // WAKE: the other end is `ParentEnd::sleep`.
        futex::wake_all_shared(&raw const *self.replies.event);
    }
}
