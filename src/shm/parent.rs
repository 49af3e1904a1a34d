//! The parent's end of a lane: submitting from many threads, and waiting.
//!
//! The consumer's side (taking replies, revoking tasks, recovery) is behind [`ParentEnd::lock`].

use super::bytes::Region;
use super::layout::{Replies, Requests, SLOTS, Seq};
use super::locked::{ConsumerState, Locked};
use super::segment::Segment;
use super::spans::{Span, SpanAllocator};
use super::{Body, claim};
use crate::sync::atomic::{AtomicU32, Ordering::*, fence};
use crate::sync::{FutexWait, Mutex, Watched, futex};
use crossbeam_utils::CachePadded;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

/// The bit of `Requests::event` that closes the lane: no task will follow.
pub(super) const CLOSED: u32 = 0b1;
const CLOSED_STEP: u32 = 0b10;

/// The parent's view of a lane. `T` is data of the lane's owner, kept under the same lock.
///
/// Nothing here trusts a word of `Replies`: this struct holds the authoritative state.
pub struct ParentEnd<T> {
    pub(super) requests: Segment<Requests>,
    pub(super) replies: Segment<Replies>,
    producers: CachePadded<Producers>,
    pub(super) consumer: CachePadded<Consumer>,
    /// For each slot, the mark of the request that was published last.
    published: Box<[AtomicU32]>,
    /// The parent's own event word. It wakes a waiter whatever the worker writes to `Replies::event`. It counts
    /// notifications.
    own_event: CachePadded<AtomicU32>,
    /// The worker's wake request that was notified last.
    notified: CachePadded<AtomicU32>,
    spans: Mutex<SpanAllocator>,
    state: Mutex<(ConsumerState, T)>,
}

/// Written by the submitters.
struct Producers {
    /// The next number.
    tail: AtomicU32,
    /// A cached copy of `Consumer::released`.
    released: AtomicU32,
}

/// Written under the lock.
pub(super) struct Consumer {
    /// The next number whose reply will be taken.
    pub next: AtomicU32,
    /// The first number whose slots and span are in use.
    pub released: AtomicU32,
}

/// The event words as they were before a waiter checked for replies. [`ParentEnd::sleep`] returns at once if one of them
/// has changed since.
#[derive(Debug)]
#[must_use = "a waiter checks for replies, then sleeps with this"]
pub struct SeenEvent {
    /// `Replies::event`
    workers: u32,
    /// `ParentEnd::own_event`
    own: u32,
}

impl<T> ParentEnd<T> {
    /// A lane whose first task has the number `first`.
    pub fn new(
        requests: Segment<Requests>,
        replies: Segment<Replies>,
        first: Seq,
        data: T,
    ) -> Self {
        let spans = SpanAllocator::new(requests.arena());
        // ORDERING: requests.first Relaxed: before any other thread or process has the lane.
        requests.released.store(first.0, Relaxed);
        Self {
            requests,
            replies,
            producers: CachePadded::new(Producers {
                tail: AtomicU32::new(first.0),
                released: AtomicU32::new(first.0),
            }),
            consumer: CachePadded::new(Consumer {
                next: AtomicU32::new(first.0),
                released: AtomicU32::new(first.0),
            }),
            // No slot has a number yet. `first` is the mark of the number before it.
            published: (0..SLOTS).map(|_| AtomicU32::new(first.0)).collect(),
            own_event: CachePadded::new(AtomicU32::new(0)),
            notified: CachePadded::new(AtomicU32::new(0)),
            spans: Mutex::new(spans),
            state: Mutex::new((ConsumerState::new(first), data)),
        }
    }

    // Submitting, from any thread.

    /// Reserves a number, which must then be [published](Self::publish): the worker stops at an unpublished number.
    /// `None`: all slots are in use. Lock-free.
    #[inline]
    pub fn reserve(&self) -> Option<Seq> {
        let Producers { tail, released } = &*self.producers;
        // ORDERING: lane.tail Relaxed: the exchange decides.
        let mut now = tail.load(Relaxed);
        loop {
            // ORDERING: lane.seen-released Acquire -> pairs with lane.see-released: as lane.released.
            if now.wrapping_sub(released.load(Acquire)) as usize >= SLOTS {
                // ORDERING: lane.released Acquire -> pairs with lane.release: the slots below are free.
                let fresh = self.consumer.released.load(Acquire);
                if now.wrapping_sub(fresh) as usize >= SLOTS {
                    return None;
                }
                // ORDERING: lane.see-released Release -> pairs with lane.seen-released: passes on what lane.released has
                // shown. A late store of an older value costs one more load.
                released.store(fresh, Release);
            }
            // ORDERING: lane.reserve Relaxed: lane.released has shown what the slot's last user did.
            match tail.compare_exchange_weak(now, now.wrapping_add(1), Relaxed, Relaxed) {
                Ok(_) => return Some(Seq(now)),
                Err(newer) => now = newer,
            }
        }
    }

    /// Hands a reserved task to the worker, and wakes the worker if it sleeps. Wait-free. The lane does not interpret
    /// `entry`. Everything that the consumer needs to know of the task must be in place before this call.
    ///
    /// # Panics
    ///
    /// If an inline body is longer than [`INLINE`](super::INLINE), or a span shorter.
    #[inline]
    pub fn publish(&self, seq: Seq, entry: u64, body: Body<'_>) {
        // ORDERING: lane.publish Release -> pairs with lane.published: the parent's record of the task.
        self.published[seq.slot()].store(seq.mark(), Release);
        self.requests.slots[seq.slot()].write(seq, entry, body);
        // WAKE: the other end is `WorkerEnd::park`.
        // ORDERING: lane.publish-fence SeqCst -> pairs with wake_request.fence: the commit before the look.
        fence(SeqCst);
        if let Some(request) = self.replies.wake_request.look() {
            self.wake(request);
        }
    }

    #[cold]
    fn wake(&self, request: u32) {
        // ORDERING: lane.notified Relaxed: of the submitters that see a request, one notifies.
        if self.notified.swap(request, Relaxed) != request {
            self.requests.wake_requests.core.note();
            self.notify_worker();
        }
    }

    /// Makes a sleeping worker look again.
    pub(super) fn notify_worker(&self) {
        // ORDERING: requests.notify Release -> pairs with requests.event: all writes before it.
        self.requests.event.fetch_add(CLOSED_STEP, Release);
        // WAKE: the other end is `WorkerEnd::park`.
        futex::wake_all_shared(&raw const *self.requests.event);
    }

    /// Allocates a span for a payload in the arena of `Requests`. `None`: no span is free until a reply comes.
    pub fn allocate(&self, len: u32) -> Option<Span> {
        self.spans.lock().allocate(len)
    }

    /// Frees a span: the task has its reply or was revoked, or it was never published.
    pub fn free(&self, span: Span) {
        let hole = self.spans.lock().free(span);
        if let Some(hole) = hole {
            self.requests.punch(hole);
            self.spans.lock().punched(hole);
        }
    }

    /// How many spans are allocated.
    #[cfg(raddle_hostile)]
    pub fn spans_in_use(&self) -> usize {
        self.spans.lock().in_use()
    }

    /// The memory of an allocated span, for writing a payload.
    #[inline]
    pub fn request_region(&self, span: Span) -> Region<'_> {
        self.requests.region(span).expect("a span of this arena")
    }

    /// The longest payload that an empty arena can hold.
    pub fn longest(&self) -> usize {
        self.requests.longest()
    }

    /// The size of each arena in bytes; both have the same.
    pub fn arena(&self) -> usize {
        self.replies.arena()
    }

    /// The next number whose reply will be taken. A guess.
    #[inline]
    pub fn next(&self) -> Seq {
        // ORDERING: lane.next-look Relaxed: a guess.
        Seq(self.consumer.next.load(Relaxed))
    }

    /// How many tasks have been accepted and have no taken reply. A guess while other threads submit.
    #[inline]
    pub fn depth(&self) -> u32 {
        // ORDERING: lane.depth-next Relaxed: a guess.
        let next = self.consumer.next.load(Relaxed);
        // ORDERING: lane.depth-tail Relaxed: a guess. A tail older than `next` means an empty lane.
        let depth = self.producers.tail.load(Relaxed).wrapping_sub(next);
        if depth as usize > SLOTS { 0 } else { depth }
    }

    /// Would [`reserve`](Self::reserve) return `None`? A guess.
    pub fn is_full(&self) -> bool {
        // ORDERING: lane.full-released Relaxed: a guess.
        let released = self.consumer.released.load(Relaxed);
        // ORDERING: lane.full-tail Relaxed: a guess.
        self.producers.tail.load(Relaxed).wrapping_sub(released) as usize == SLOTS
    }

    /// Does the worker sleep, so that the next task has to wake it? A guess.
    #[inline]
    pub fn worker_sleeps(&self) -> bool {
        self.replies.wake_request.is_posted()
    }

    /// Would a spin of this thread keep the worker from running? A hint: the worker wrote the core, and may have moved since.
    pub fn shares_core(&self) -> bool {
        self.requests.wake_requests.core.is_every() || self.replies.core.is_mine()
    }

    /// Neither side of this lane spins from now on: both sides together have one core at a time, whichever it is.
    pub fn never_spin(&self) {
        self.requests.wake_requests.core.note_every();
    }

    /// Has the worker begun this task? Only the worker says so: use it for information alone.
    pub fn is_claimed(&self, seq: Seq) -> bool {
        claim::is_claimed(&self.replies.claims[seq.slot()], seq)
    }

    /// Asks the task to stop. It takes effect if the task is still there and checks for it.
    pub fn request_stop(&self, seq: Seq) {
        // ORDERING: lane.request-stop Relaxed: the flag publishes nothing.
        self.requests.stop_requests[seq.slot()].store(seq.mark(), Relaxed);
    }

    /// Closes the lane: no task will follow. After the last task [`WorkerEnd::next`](super::WorkerEnd::next) returns `None`.
    pub fn close(&self) {
        // ORDERING: requests.close Release -> pairs with requests.event: all tasks that were published before.
        self.requests.event.fetch_or(CLOSED, Release);
        self.notify_worker();
    }

    // Waiting. Any thread may check; at most one sleeps, and at most one listens to the event.

    /// Does the slot say that the task has its reply? One load. Only [`Locked::take_with`] decides.
    #[inline]
    pub fn has_reply(&self, seq: Seq) -> bool {
        self.replies.slots[seq.slot()].mark() == seq.mark()
    }

    /// Prepares a sleep: from now on the worker notifies once after a reply. The caller checks for what it waits for after
    /// this call and before [`sleep`](Self::sleep). One thread at a time.
    pub fn arm(&self) -> SeenEvent {
        self.requests.wake_requests.core.note();
        // ORDERING: lane.own-event Acquire -> pairs with lane.own-notify: all writes before it.
        let own = self.own_event.load(Acquire);
        // Read before the request is posted, so that the notification of this request changes the value read here. If the
        // value were read afterwards, a notification in between would use the request up without ending the sleep.
        // ORDERING: replies.event Acquire -> pairs with replies.notify: the reply before the notification.
        let workers = self.replies.event.load(Acquire);
        // WAKE: the other end is `WorkerEnd::notify`.
        self.requests.wake_requests.waiter.post();
        SeenEvent { workers, own }
    }

    /// Sleeps until a notification, the deadline, or a spurious wake-up. Returns at once if there was a notification since
    /// [`arm`](Self::arm).
    pub fn sleep(&self, seen: SeenEvent, deadline: Option<Instant>) -> FutexWait {
        futex::wait_any(&self.watched(&seen), deadline)
    }

    /// The words that [`sleep`](Self::sleep) sleeps on, for a waiter that sleeps on other words, too.
    pub fn watched(&self, seen: &SeenEvent) -> [Watched<'_>; 2] {
        // WAKE: the other end is `WorkerEnd::notify`, or `ParentEnd::notify`. The second one reaches the waiter even if the
        // worker's file was replaced or overwritten.
        [
            Watched::own(&self.own_event, seen.own),
            Watched::shared(&self.replies.event, seen.workers),
        ]
    }

    /// Ends what [`arm`](Self::arm) began, after the last sleep.
    pub fn disarm(&self) {
        self.requests.wake_requests.waiter.withdraw();
    }

    /// From now on the worker notifies its event once after a reply. The caller drains earlier events before this call, and
    /// checks for replies after it: in any other order the only notification is lost. One thread at a time.
    pub fn arm_event(&self) {
        self.requests.wake_requests.core.note();
        self.requests.wake_requests.listener.post();
    }

    /// Ends what [`arm_event`](Self::arm_event) began: the worker no longer notifies its event.
    pub fn disarm_event(&self) {
        self.requests.wake_requests.listener.withdraw();
    }

    /// Wakes the waiter that sleeps on this lane, so that it looks again.
    pub fn notify(&self) {
        // ORDERING: lane.own-notify Release -> pairs with lane.own-event: all writes before it.
        self.own_event.fetch_add(1, Release);
        // WAKE: the other end is `ParentEnd::sleep`.
        futex::wake_all(&raw const *self.own_event);
    }

    /// Locks the consumer's side. The holder does a few loads and copies; it runs no user code and does not sleep.
    #[inline]
    pub fn lock(&self) -> Locked<'_, T> {
        Locked::new(self, self.state.lock())
    }

    /// The bytes of a large reply. They stay until it is [released](Locked::release).
    #[inline]
    pub fn reply_region(&self, span: Span) -> Region<'_> {
        self.replies
            .region(span)
            .expect("the span was checked when the reply was taken")
    }

    /// Maps the new file in place of the old one. [`Locked::replace`] calls this.
    ///
    /// # Errors
    ///
    /// The kernel's error. No worker will ever reply on this lane then: the caller has to [revoke](Locked::revoke) the
    /// waiting tasks.
    pub fn install(&self, fresh: BorrowedFd<'_>) -> io::Result<()> {
        self.replies.replace(fresh)
    }

    pub(super) fn tail(&self) -> Seq {
        // ORDERING: lane.end Relaxed: lane.published shows which of the numbers below it are published.
        Seq(self.producers.tail.load(Relaxed))
    }

    pub(super) fn is_published(&self, seq: Seq) -> bool {
        // ORDERING: lane.published Acquire -> pairs with lane.publish: the parent's record of the task.
        self.published[seq.slot()].load(Acquire) == seq.mark()
    }
}
