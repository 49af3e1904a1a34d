//! The parent's end of a lane: submitting from many threads, and waiting.
//!
//! What the consumer does (taking answers, taking tasks back, recovery) is behind [`ParentEnd::lock`].

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

/// The worker sleeps on a word of which this bit says that no task will follow.
pub(super) const CLOSED: u32 = 0b1;
const CLOSED_STEP: u32 = 0b10;

/// The parent's view of a lane. `T` is what its owner keeps under the same lock.
///
/// Nothing here trusts a word of `Replies`: the truth is in this struct.
pub struct ParentEnd<T> {
    pub(super) requests: Segment<Requests>,
    pub(super) replies: Segment<Replies>,
    producers: CachePadded<Producers>,
    pub(super) consumer: CachePadded<Consumer>,
    /// For each slot the mark of the request that was published last.
    published: Box<[AtomicU32]>,
    /// The parent's own bell: what wakes a sleeper whatever the worker does to the other one. It counts.
    bell: CachePadded<AtomicU32>,
    /// The wish of the worker that was answered last.
    rung: CachePadded<AtomicU32>,
    spans: Mutex<SpanAllocator>,
    books: Mutex<(ConsumerState, T)>,
}

/// Written by who submits.
struct Producers {
    /// The next number.
    tail: AtomicU32,
    /// What `Consumer::released` was when somebody looked last.
    released: AtomicU32,
}

/// Written under the lock.
pub(super) struct Consumer {
    /// The next number to be answered.
    pub next: AtomicU32,
    /// The first number whose slots and span are in use.
    pub released: AtomicU32,
}

/// The bells as they were before a waiter looked for answers: [`ParentEnd::sleep`] does not if one has rung since.
#[derive(Debug)]
#[must_use = "a waiter looks for answers, then sleeps with this"]
pub struct SeenEvent {
    workers: u32,
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
        // ORDERING: requests.first Relaxed: before the lane is shared with anybody.
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
            // No slot has a number yet; `first` itself is the mark of the one before it.
            published: (0..SLOTS).map(|_| AtomicU32::new(first.0)).collect(),
            bell: CachePadded::new(AtomicU32::new(0)),
            rung: CachePadded::new(AtomicU32::new(0)),
            spans: Mutex::new(spans),
            books: Mutex::new((ConsumerState::new(first), data)),
        }
    }

    // Submitting. Any thread.

    /// Takes a number, which must then be [published](Self::publish): the worker goes no further until
    /// it is. `None`: all slots are in use. Lock-free.
    #[inline]
    pub fn reserve(&self) -> Option<Seq> {
        let Producers { tail, released } = &*self.producers;
        // ORDERING: lane.tail Relaxed: the exchange decides.
        let mut now = tail.load(Relaxed);
        loop {
            // ORDERING: lane.seen-released Acquire -> pairs with lane.see-released: as lane.released.
            if now.wrapping_sub(released.load(Acquire)) as usize >= SLOTS {
                // ORDERING: lane.released Acquire -> pairs with lane.release: nobody uses the slots below.
                let fresh = self.consumer.released.load(Acquire);
                if now.wrapping_sub(fresh) as usize >= SLOTS {
                    return None;
                }
                // ORDERING: lane.see-released Release -> pairs with lane.seen-released: passes on what
                // lane.released has shown. A late store of an older value is one more look.
                released.store(fresh, Release);
            }
            // ORDERING: lane.reserve Relaxed: what the slot's last user did came through lane.released.
            match tail.compare_exchange_weak(now, now.wrapping_add(1), Relaxed, Relaxed) {
                Ok(_) => return Some(Seq(now)),
                Err(newer) => now = newer,
            }
        }
    }

    /// Hands a reserved task to the worker, and wakes it if it sleeps. Wait-free. `entry` means nothing
    /// to the lane. Everything the consumer has to know of the task must be in place before.
    ///
    /// # Panics
    ///
    /// If an inline body is longer than [`INLINE`](super::INLINE), or a span shorter.
    #[inline]
    pub fn publish(&self, seq: Seq, entry: u64, body: Body<'_>) {
        // ORDERING: lane.publish Release -> pairs with lane.published: what the parent knows of the task.
        self.published[seq.slot()].store(seq.mark(), Release);
        self.requests.slots[seq.slot()].write(seq, entry, body);
        // WAKE: the other end is `WorkerEnd::park`.
        // ORDERING: lane.publish-fence SeqCst -> pairs with wake_request.sleeper-fence: the commit before the look.
        fence(SeqCst);
        if let Some(wish) = self.replies.sleeps.look() {
            self.wake(wish);
        }
    }

    #[cold]
    fn wake(&self, wish: u32) {
        // ORDERING: lane.rung Relaxed: one of those who see a wish answers it.
        if self.rung.swap(wish, Relaxed) != wish {
            self.requests.wanted.core.note();
            self.notify_worker();
        }
    }

    /// Makes a sleeping worker look again.
    pub(super) fn notify_worker(&self) {
        // ORDERING: requests.ring Release -> pairs with requests.bell: what was written before.
        self.requests.bell.fetch_add(CLOSED_STEP, Release);
        // WAKE: the other end is `WorkerEnd::park`.
        futex::wake_all_shared(&raw const *self.requests.bell);
    }

    /// Room for a payload in the arena of `Requests`; `None` if there is none until an answer comes.
    pub fn space(&self, len: u32) -> Option<Span> {
        self.spans.lock().take(len)
    }

    /// Gives room back: the task has been answered or taken back, or it was never published.
    pub fn free(&self, span: Span) {
        let hole = self.spans.lock().free(span);
        if let Some(hole) = hole {
            self.requests.punch(hole);
            self.spans.lock().punched(hole);
        }
    }

    /// Spans that were taken and not given back.
    #[cfg(raddle_hostile)]
    pub fn spans_in_use(&self) -> usize {
        self.spans.lock().in_use()
    }

    /// Where to write a payload.
    #[inline]
    pub fn request_region(&self, span: Span) -> Region<'_> {
        self.requests.region(span).expect("a span of this arena")
    }

    /// The longest payload that finds room if there is no other.
    pub fn longest(&self) -> usize {
        self.requests.longest()
    }

    /// Bytes of an arena; both are alike.
    pub fn arena(&self) -> usize {
        self.replies.arena()
    }

    /// The next number to be answered. A guess.
    #[inline]
    pub fn next(&self) -> Seq {
        // ORDERING: lane.next-look Relaxed: a guess.
        Seq(self.consumer.next.load(Relaxed))
    }

    /// Tasks that have been accepted and not been answered. A guess while others submit.
    #[inline]
    pub fn depth(&self) -> u32 {
        // ORDERING: lane.depth-next Relaxed: a guess.
        let next = self.consumer.next.load(Relaxed);
        // ORDERING: lane.depth-tail Relaxed: a guess. An older tail than `next` is an empty lane.
        let depth = self.producers.tail.load(Relaxed).wrapping_sub(next);
        if depth as usize > SLOTS { 0 } else { depth }
    }

    /// Would [`reserve`](Self::reserve) be refused? A guess.
    pub fn is_full(&self) -> bool {
        // ORDERING: lane.full-released Relaxed: a guess.
        let released = self.consumer.released.load(Relaxed);
        // ORDERING: lane.full-tail Relaxed: a guess.
        self.producers.tail.load(Relaxed).wrapping_sub(released) as usize == SLOTS
    }

    /// Would the next task have to wake the worker? A guess.
    #[inline]
    pub fn worker_sleeps(&self) -> bool {
        self.replies.sleeps.is_posted()
    }

    /// Would a spin for the worker keep it from running? What it says, and it may be elsewhere by now.
    pub fn shares_core(&self) -> bool {
        self.requests.wanted.core.is_every() || self.replies.core.is_mine()
    }

    /// Nobody spins for this lane, on either side: together they have one core at a time, though it may be any.
    pub fn never_spin(&self) {
        self.requests.wanted.core.note_every();
    }

    /// Has the worker begun this task? What it says, for information alone.
    pub fn is_started(&self, seq: Seq) -> bool {
        claim::is_claimed(&self.replies.claims[seq.slot()], seq)
    }

    /// Asks the task to stop, if it is there and looks.
    pub fn ask(&self, seq: Seq) {
        // ORDERING: lane.ask Relaxed: a wish that publishes nothing.
        self.requests.asked[seq.slot()].store(seq.mark(), Relaxed);
    }

    /// No task will follow: [`WorkerEnd::next`](super::WorkerEnd::next) says so after the last one.
    pub fn close(&self) {
        // ORDERING: requests.close Release -> pairs with requests.bell: all that was published before.
        self.requests.bell.fetch_or(CLOSED, Release);
        self.notify_worker();
    }

    // Waiting. Any thread looks; one sleeps, one listens.

    /// Does the slot say that it is answered? One load; the truth comes with [`Locked::take`].
    #[inline]
    pub fn answered(&self, seq: Seq) -> bool {
        self.replies.slots[seq.slot()].mark() == seq.mark()
    }

    /// Before a sleep: from now on the worker rings after an answer, once. The caller looks for what it
    /// waits for after this and before [`sleep`](Self::sleep). One thread at a time.
    pub fn arm(&self) -> SeenEvent {
        self.requests.wanted.core.note();
        // ORDERING: lane.own-bell Acquire -> pairs with lane.ring: what was written before.
        let own = self.bell.load(Acquire);
        // Before the wish, so that the ring that answers it changes what is seen here. A ring that came
        // between the two would have used the wish up, for an answer that may be known already.
        // ORDERING: replies.bell Acquire -> pairs with replies.ring: the answer before the ring.
        let workers = self.replies.bell.load(Acquire);
        // WAKE: the other end is `WorkerEnd::notify`.
        self.requests.wanted.sleeper.post();
        SeenEvent { workers, own }
    }

    /// Sleeps until the bell rings, the deadline comes, or for no reason. Returns at once if the bell
    /// has rung since [`arm`](Self::arm).
    pub fn sleep(&self, seen: SeenEvent, deadline: Option<Instant>) -> FutexWait {
        futex::wait_any(&self.watched(&seen), deadline)
    }

    /// What [`sleep`](Self::sleep) sleeps on, for who sleeps on other words, too.
    pub fn watched(&self, seen: &SeenEvent) -> [Watched<'_>; 2] {
        // WAKE: the other end is `WorkerEnd::notify`, or `ring`: the second reaches us whatever the first one's file is by
        // now, and whatever is in it.
        [
            Watched::own(&self.bell, seen.own),
            Watched::shared(&self.replies.bell, seen.workers),
        ]
    }

    /// After the last sleep.
    pub fn disarm(&self) {
        self.requests.wanted.sleeper.withdraw();
    }

    /// The worker calls its event after an answer, once. The caller has read away the events of before,
    /// and looks for answers after this: in this order, or the only call is lost. One thread at a time.
    pub fn listen(&self) {
        self.requests.wanted.core.note();
        self.requests.wanted.listener.post();
    }

    /// The worker calls its event no more.
    pub fn stop_listening(&self) {
        self.requests.wanted.listener.withdraw();
    }

    /// Wakes who sleeps on this lane, to look again.
    pub fn notify(&self) {
        // ORDERING: lane.ring Release -> pairs with lane.own-bell: what was written before.
        self.bell.fetch_add(1, Release);
        // WAKE: the other end is `sleep`.
        futex::wake_all(&raw const *self.bell);
    }

    /// The consumer's side: a few loads and copies; no user code runs and nobody sleeps under it.
    #[inline]
    pub fn lock(&self) -> Locked<'_, T> {
        Locked::new(self, self.books.lock())
    }

    /// Where a large answer lies, until it is [released](Locked::release).
    #[inline]
    pub fn reply_region(&self, span: Span) -> Region<'_> {
        self.replies
            .region(span)
            .expect("checked when it was taken")
    }

    /// What [`Locked::replace`] is to call: the new file in the place of the old one.
    ///
    /// # Errors
    ///
    /// What the kernel says. No worker will ever answer then, and all that is left to do is to
    /// [revoke](Locked::revoke) what waits.
    pub fn install(&self, fresh: BorrowedFd<'_>) -> io::Result<()> {
        self.replies.replace(fresh)
    }

    pub(super) fn tail(&self) -> Seq {
        // ORDERING: lane.end Relaxed: what is below it and published is seen through lane.published.
        Seq(self.producers.tail.load(Relaxed))
    }

    pub(super) fn is_published(&self, seq: Seq) -> bool {
        // ORDERING: lane.published Acquire -> pairs with lane.publish: what the parent knows of the task.
        self.published[seq.slot()].load(Acquire) == seq.mark()
    }
}
