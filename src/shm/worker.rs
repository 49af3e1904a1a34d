//! The worker's end of a lane: one thread that takes tasks in order and answers them.

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

/// How long a worker looks for the next task before it sleeps.
const SPIN: Duration = Duration::from_micros(50);
/// So many bytes that went with the last task are a nanosecond more: the parent copies them out, and the next ones in
/// (bench: P3-1M).
const BYTES_PER_NANOSECOND: u32 = 5;
/// From here on the copies take longer than a sleep is worth avoiding.
const MOST_BYTES: u32 = 1 << 20;

/// A task, claimed.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub seq: Seq,
    pub entry: u64,
    pub payload: Payload,
}

/// A payload for which there will be no room, whatever the parent reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooLarge {
    /// The most there can be.
    pub limit: usize,
}

/// The worker's view of a lane.
pub struct WorkerEnd {
    requests: Segment<Requests>,
    replies: Segment<Replies>,
    next: Seq,
    /// Bytes of the last task's argument or result, whichever was longer, if they were not in the slot.
    large: u32,
    spans: SpanAllocator,
    /// What answers occupy, oldest first, until the parent has released their numbers.
    out: VecDeque<(Seq, Span)>,
    /// The wishes of the parent that were answered last.
    rung: u32,
    called: u32,
    event: Box<dyn FnMut() + Send>,
}

impl WorkerEnd {
    /// `first` is the first number of this worker; `event` is called when the parent's listener is to be
    /// told of an answer.
    pub fn new(
        requests: Segment<Requests>,
        replies: Segment<Replies>,
        first: Seq,
        event: impl FnMut() + Send + 'static,
    ) -> Self {
        let spans = SpanAllocator::new(replies.arena());
        Self {
            requests,
            replies,
            next: first,
            large: 0,
            spans,
            out: VecDeque::new(),
            rung: 0,
            called: 0,
            event: Box::new(event),
        }
    }

    /// The next task, which must then be [answered](Self::reply). Spins, then sleeps. Tasks that were
    /// taken back are answered here. `None`: the lane is closed, and everything is answered.
    #[allow(clippy::should_implement_trait)] // Answers come between: this is no iterator.
    pub fn next(&mut self) -> Option<Request> {
        loop {
            let seq = self.next;
            let Some(request) = self.requests.slots[seq.slot()].committed(seq) else {
                // What a closer has published is there, if it is not taken.
                if !spin::until(|| self.patience(), || self.is_there(seq))
                    && self.park(|worker, closed| closed || worker.is_there(seq))
                    && !self.is_there(seq)
                {
                    return None;
                }
                continue;
            };
            self.next = seq.next();
            // CRASH: before the claim the task is nobody's; after it, it is ours.
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

    pub(super) fn patience(&self) -> Duration {
        self.replies.core.note();
        if self.requests.wanted.core.is_mine() {
            return Duration::ZERO;
        }
        let copies = self.large.min(MOST_BYTES) / BYTES_PER_NANOSECOND;
        SPIN + Duration::from_nanos(copies.into())
    }

    #[inline]
    fn is_there(&self, seq: Seq) -> bool {
        self.requests.slots[seq.slot()].committed(seq).is_some()
    }

    /// Sleeps, unless there is something already. Says whether the lane was closed before that.
    #[cold]
    fn park(&mut self, something: impl Fn(&Self, bool) -> bool) -> bool {
        // ORDERING: requests.bell Acquire -> pairs with requests.close and requests.ring: all that was
        // published before the lane was closed.
        let bell = self.requests.bell.load(Acquire);
        let closed = bell & CLOSED != 0;
        // WAKE: the other end is `ParentEnd::publish`, or `Locked::release`.
        self.replies.sleeps.post();
        if !something(self, closed) {
            // WAKE: the other end is `ParentEnd::notify_worker`.
            let _ = futex::wait_shared(&self.requests.bell, bell, None);
        }
        self.replies.sleeps.withdraw();
        closed
    }

    /// Where a large argument lies.
    ///
    /// # Panics
    ///
    /// If it is not within the arena: the parent is broken.
    pub fn request_region(&self, span: Span) -> Region<'_> {
        self.requests
            .region(span)
            .expect("the parent's span is within its arena")
    }

    /// Has this task been asked to stop?
    #[inline]
    pub fn is_asked(&self, seq: Seq) -> bool {
        // ORDERING: lane.asked Relaxed: a wish that publishes nothing.
        self.requests.asked[seq.slot()].load(Relaxed) == seq.mark()
    }

    /// Room for an answer. Sleeps while answers that the parent has not read yet leave none.
    ///
    /// # Errors
    ///
    /// There would be no room even if the parent had read everything.
    pub fn space(&mut self, len: u32) -> Result<Span, TooLarge> {
        if !self.spans.fits(len) {
            return Err(self.too_large());
        }
        loop {
            self.collect();
            if let Some(span) = self.spans.take(len) {
                return Ok(span);
            }
            // Nothing that the parent could release: the caller has the rest.
            let &(oldest, _) = self.out.front().ok_or_else(|| self.too_large())?;
            self.park(|worker, _| worker.is_released(oldest));
        }
    }

    /// What a payload for which there is no room is refused with.
    #[cold]
    pub fn too_large(&self) -> TooLarge {
        TooLarge {
            limit: self.replies.longest(),
        }
    }

    fn is_released(&self, seq: Seq) -> bool {
        // ORDERING: requests.released Acquire -> pairs with requests.release: the spans have been read.
        let released = self.requests.released.load(Acquire);
        // As signed, since the difference is small and may be on either side.
        seq.0.wrapping_sub(released).cast_signed() < 0
    }

    /// Takes back what the parent has read.
    fn collect(&mut self) {
        while let Some(&(seq, span)) = self.out.front() {
            if !self.is_released(seq) {
                break;
            }
            self.out.pop_front();
            self.give_back(span);
        }
    }

    fn give_back(&mut self, span: Span) {
        if let Some(hole) = self.spans.free(span) {
            self.replies.punch(hole);
            self.spans.punched(hole);
        }
    }

    /// Gives room back that no answer uses.
    pub fn free(&mut self, span: Span) {
        self.give_back(span);
    }

    /// Where to write an answer.
    ///
    /// # Panics
    ///
    /// If the span is none of this arena.
    pub fn reply_region(&self, span: Span) -> Region<'_> {
        self.replies.region(span).expect("a span of this arena")
    }

    /// The bytes of a large argument, where they lie.
    ///
    /// # Safety
    ///
    /// `'a` ends before the request is answered, until when the parent leaves them alone.
    ///
    /// # Panics
    ///
    /// As [`request_region`](Self::request_region).
    pub unsafe fn borrow_request<'a>(&self, span: Span) -> &'a [u8] {
        let region = self.request_region(span);
        // SAFETY: within the mapping, which outlives every request; nobody writes to it for 'a.
        unsafe { std::slice::from_raw_parts(region.base().as_ptr(), region.len()) }
    }

    /// The bytes of a [`space`](Self::space), whatever they say.
    ///
    /// # Safety
    ///
    /// The caller took the space, borrows it once, and `'a` ends before it is answered with or freed.
    ///
    /// # Panics
    ///
    /// As [`reply_region`](Self::reply_region).
    pub unsafe fn borrow_space<'a>(&self, span: Span) -> &'a mut [u8] {
        let region = self.reply_region(span);
        // SAFETY: within the mapping, which outlives every answer; taken by the caller alone, and the parent
        // neither writes there nor reads what is not answered.
        unsafe { std::slice::from_raw_parts_mut(region.base().as_ptr(), region.len()) }
    }

    /// Answers a task, and rings as the parent wishes. Wait-free.
    ///
    /// # Panics
    ///
    /// If an inline body is longer than [`INLINE`](super::INLINE), or a span shorter.
    #[inline]
    pub fn reply(&mut self, seq: Seq, status: u32, body: Body<'_>) {
        if let Body::Span(span) = body {
            self.out.push_back((seq, span));
        }
        self.commit(seq, status, body);
    }

    /// As [`reply`](Self::reply), with the first `len` bytes of a space.
    pub fn reply_part(&mut self, seq: Seq, status: u32, space: Span, len: u32) {
        assert!(len <= space.len, "more than was taken");
        self.out.push_back((seq, space));
        self.commit(seq, status, Body::Span(Span { len, ..space }));
    }

    #[inline]
    fn commit(&mut self, seq: Seq, status: u32, body: Body<'_>) {
        if let Body::Span(span) = body {
            self.large = self.large.max(span.len);
        }
        self.replies.slots[seq.slot()].write(seq, status, body);
        // CRASH: the answer is there; whoever sleeps is rung by the recovery.
        // WAKE: the other end is `ParentEnd::arm`, or `ParentEnd::listen`.
        // ORDERING: reply.fence SeqCst -> pairs with wake_request.sleeper-fence: the commit before the look.
        fence(SeqCst);
        if let Some(wish) = self
            .requests
            .wanted
            .sleeper
            .look()
            .filter(|&wish| wish != self.rung)
        {
            self.rung = wish;
            self.notify();
        }
        if let Some(wish) = self
            .requests
            .wanted
            .listener
            .look()
            .filter(|&wish| wish != self.called)
        {
            self.called = wish;
            (self.event)();
        }
    }

    #[cold]
    fn notify(&self) {
        // ORDERING: replies.ring Release -> pairs with replies.bell: the answer.
        self.replies.bell.fetch_add(1, Release);
        // WAKE: the other end is `ParentEnd::sleep`.
        futex::wake_all_shared(&raw const *self.replies.bell);
    }
}
