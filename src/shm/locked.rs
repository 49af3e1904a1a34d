//! The consumer's side of a lane, under its lock: answers in order, taking back, recovery.
//!
//! It and [`parent`](super::parent) import each other: this is the parent's end while its lock is held.

use super::layout::{Committed, Replies, RequestSlot, SKIPPED, SLOTS, Seq, Shared};
use super::parent::ParentEnd;
use super::{Payload, claim};
use crate::sync::MutexGuard;
use crate::sync::atomic::{Ordering::*, fence};
use std::io;

/// What only the consumer knows.
pub(super) struct ConsumerState {
    /// The next number to be answered.
    next: Seq,
    /// The first number whose slots and span are in use.
    released: Seq,
    /// How many workers the lane has had before this one; it wraps.
    generation: u32,
    slots: Box<[Entry]>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// Taken back, or the casualty: the worker has to skip it.
    revoked: bool,
    /// Taken, and its payload is still being read.
    reading: bool,
}

impl ConsumerState {
    pub fn new(first: Seq) -> Self {
        Self {
            next: first,
            released: first,
            generation: 0,
            slots: vec![Entry::default(); SLOTS].into_boxed_slice(),
        }
    }
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Whose.
    pub seq: Seq,
    /// [`SKIPPED`] for a task that was taken back, or else as the worker said: any number.
    pub status: u32,
    /// A span is to be [released](Locked::release) when it has been read.
    pub payload: Payload,
}

/// Who has a task that was to be taken back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Revoke {
    /// The parent: the worker will not run it. Its answer will say [`SKIPPED`].
    Won,
    /// The worker has begun it, or it is answered already.
    Claimed,
}

/// What a worker cannot have done without being broken or hostile. Its lane is of no use any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProtocolViolation {
    /// An answer to a task that it does not have.
    NoTask(Seq),
    /// The word that says whether a task is answered says something else.
    Commit { seq: Seq, found: u32 },
    /// It has run a task that was taken back.
    RanRevoked(Seq),
    /// It has skipped a task that was not taken back.
    Skipped(Seq),
    /// It has skipped a task, and given a payload with that.
    SkippedWith(Seq),
    /// The word that says who has a task says something else.
    Claim { seq: Seq, found: u64 },
    /// A payload that is not within the arena.
    Span { seq: Seq, offset: u64, len: u32 },
}

impl std::fmt::Display for ProtocolViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTask(seq) => write!(f, "answered number {}, which it does not have", seq.0),
            Self::Commit { seq, found } => {
                write!(
                    f,
                    "wrote {found:#x} where the answer to number {} is marked",
                    seq.0
                )
            }
            Self::RanRevoked(seq) => write!(f, "ran number {}, which was taken back", seq.0),
            Self::Skipped(seq) => write!(f, "skipped number {}, which was not taken back", seq.0),
            Self::SkippedWith(seq) => write!(f, "skipped number {} with a payload", seq.0),
            Self::Claim { seq, found } => {
                write!(f, "wrote {found:#x} where number {} is claimed", seq.0)
            }
            Self::Span { seq, offset, len } => write!(
                f,
                "answered number {} with {len} bytes at {offset:#x}, outside of its memory",
                seq.0
            ),
        }
    }
}

impl std::error::Error for ProtocolViolation {}

/// A number that has been published and is not answered: what the parent knows of the task belongs to who holds the lock
/// that this comes from. Its request may still be on its way into the slot: see [`Locked::request`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting(Seq);

impl Waiting {
    /// The number.
    #[inline]
    pub fn seq(self) -> Seq {
        self.0
    }
}

/// The lock of a lane, held.
pub struct Locked<'a, T> {
    parent: &'a ParentEnd<T>,
    books: MutexGuard<'a, (ConsumerState, T)>,
}

impl<'a, T> Locked<'a, T> {
    pub(super) fn new(parent: &'a ParentEnd<T>, books: MutexGuard<'a, (ConsumerState, T)>) -> Self {
        Self { parent, books }
    }

    /// What the lane's owner keeps under this lock.
    pub fn data(&mut self) -> &mut T {
        &mut self.books.1
    }

    /// The next number to be answered; where a new worker begins.
    pub fn next(&self) -> Seq {
        self.books.0.next
    }

    /// The numbers that have been given out and not been answered.
    pub fn pending(&self) -> impl Iterator<Item = Seq> + use<T> {
        let (next, tail) = (self.next(), self.parent.tail());
        (0..self.count(tail)).map(move |n| Seq(next.0.wrapping_add(n)))
    }

    fn count(&self, tail: Seq) -> u32 {
        tail.since(self.next())
    }

    /// Has this number been given out, and not been answered?
    fn is_pending(&self, seq: Seq) -> bool {
        seq.since(self.next()) < self.count(self.parent.tail())
    }

    /// This number, if it has been published and not been answered.
    pub fn waiting(&self, seq: Seq) -> Option<Waiting> {
        (self.is_pending(seq) && self.parent.is_published(seq)).then_some(Waiting(seq))
    }

    /// All such numbers, oldest first.
    pub fn all_waiting(&self) -> impl Iterator<Item = Waiting> {
        self.pending().filter_map(|seq| self.waiting(seq))
    }

    /// What was published for a number: its entry and its payload, which lies where the parent has put it. None while its
    /// submitter is still at work: the slot may hold what an older number left.
    pub fn request(&self, waiting: Waiting) -> Option<(u64, Payload)> {
        self.committed(waiting).map(|request| request.read())
    }

    /// Can a worker have seen this number?
    pub fn is_committed(&self, waiting: Waiting) -> bool {
        self.committed(waiting).is_some()
    }

    fn committed(&self, Waiting(seq): Waiting) -> Option<Committed<'_, RequestSlot>> {
        self.parent.requests.slots[seq.slot()].committed(seq)
    }

    /// [`take_with`](Self::take_with) nothing.
    ///
    /// # Errors
    ///
    /// As there.
    #[cfg(any(test, raddle_loom, raddle_shuttle))]
    pub fn take(&mut self) -> Result<Option<Reply>, ProtocolViolation> {
        self.take_with(|reply| reply)
    }

    /// The next answer, if it is there. Header and inline payload are copied out once and then looked
    /// at. Slots without a span are released with this. `with` is what becomes of the answer when
    /// it is accepted, before its slot can be given to another task. Whoever looked at the slot before this would not
    /// know what this finds: the worker may commit in between.
    ///
    /// # Errors
    ///
    /// The worker is wild; nothing was taken, and `with` has not run.
    #[inline(always)]
    pub fn take_with<R>(
        &mut self,
        with: impl FnOnce(Reply) -> R,
    ) -> Result<Option<R>, ProtocolViolation> {
        let parent = self.parent;
        let seq = self.next();
        let reply = match parent.replies.slots[seq.slot()].committed(seq) {
            Ok(reply) => reply,
            Err(found) => return Self::nothing(seq, found).map(|()| None),
        };
        // Both: the first is the parent's own word, and the second keeps the slot from being given away under a submitter
        // that still writes it.
        let request = &parent.requests.slots[seq.slot()];
        if !parent.is_published(seq) || request.committed(seq).is_none() {
            return Err(ProtocolViolation::NoTask(seq));
        }
        let (status, payload) = reply.read();
        let books = &mut self.books.0;
        let entry = &mut books.slots[seq.slot()];
        match (entry.revoked, status == SKIPPED) {
            (true, false) => return Err(ProtocolViolation::RanRevoked(seq)),
            (false, true) => return Err(ProtocolViolation::Skipped(seq)),
            // Nobody would read the payload, and so nobody release it.
            (true, true) if matches!(payload, Payload::Span(_)) => {
                return Err(ProtocolViolation::SkippedWith(seq));
            }
            _ => {}
        }
        if let Payload::Span(span) = payload {
            if parent.replies.region(span).is_none() {
                let (offset, len) = (span.offset, span.len);
                return Err(ProtocolViolation::Span { seq, offset, len });
            }
            entry.reading = true;
        }
        entry.revoked = false;
        books.next = seq.next();
        let with = with(Reply {
            seq,
            status,
            payload,
        });
        // ORDERING: lane.next Relaxed: for guesses.
        parent.consumer.next.store(books.next.0, Relaxed);
        self.settle(false);
        Ok(Some(with))
    }

    /// There is no answer: is what is there possible?
    fn nothing(seq: Seq, found: u32) -> Result<(), ProtocolViolation> {
        let before = seq.mark().wrapping_sub(SLOTS as u32);
        // New files begin with 0, and with 1 in the last slot.
        if found != before && found > 1 {
            return Err(ProtocolViolation::Commit { seq, found });
        }
        Ok(())
    }

    /// The payload of a taken answer has been read. In any order; the slots and the worker's memory are
    /// used again up to the first that has not.
    pub fn release(&mut self, seq: Seq) {
        self.books.0.slots[seq.slot()].reading = false;
        self.settle(true);
    }

    /// How many answers have been taken whose payloads may still be read: their memory must not be
    /// [replaced](Self::replace) before it is 0.
    pub fn reading(&self) -> u32 {
        self.next().since(self.books.0.released)
    }

    #[inline]
    fn settle(&mut self, spans: bool) {
        let parent = self.parent;
        let books = &mut self.books.0;
        let before = books.released;
        while books.released != books.next && !books.slots[books.released.slot()].reading {
            books.released = books.released.next();
        }
        if books.released == before {
            return;
        }
        let released = books.released.0;
        // ORDERING: lane.release Release -> pairs with lane.released: the slots have been read.
        parent.consumer.released.store(released, Release);
        // ORDERING: requests.release Release -> pairs with requests.released: the spans have been read.
        parent.requests.released.store(released, Release);
        if spans {
            // WAKE: the other end is `WorkerEnd::space`.
            // ORDERING: lane.release-fence SeqCst -> pairs with wake_request.sleeper-fence: the release before
            // the look.
            fence(SeqCst);
            if parent.replies.sleeps.look().is_some() {
                parent.notify_worker();
            }
        }
    }

    /// Takes a task back, if the worker has not begun it. Wait-free.
    ///
    /// # Errors
    ///
    /// The worker is wild. The task has not been taken back.
    pub fn revoke(&mut self, seq: Seq) -> Result<Revoke, ProtocolViolation> {
        if !self.is_pending(seq) {
            return Ok(Revoke::Claimed);
        }
        match claim::revoke(&self.parent.replies.claims[seq.slot()], seq) {
            Ok(true) => {
                self.books.0.slots[seq.slot()].revoked = true;
                Ok(Revoke::Won)
            }
            Ok(false) => Ok(Revoke::Claimed),
            Err(found) => Err(ProtocolViolation::Claim { seq, found }),
        }
    }

    /// A number that is not answered, and a later one that the worker has claimed all the same, which no worker does.
    pub fn claimed_ahead(&self) -> Option<(Seq, Seq)> {
        let answered = |&seq: &Seq| self.parent.answered(seq);
        let mut waiting = self.pending().skip_while(answered);
        let current = waiting.next()?;
        let ahead = waiting.find(|&seq| self.parent.is_started(seq))?;
        // It may have been answered since: a claim shows the answers before it.
        (!answered(&current)).then_some((current, ahead))
    }

    /// The worker is dead, and what it has answered has been taken: the task that it was running, if it
    /// was. Its number is skipped by the next worker; all behind it wait as before.
    pub fn in_flight(&mut self) -> Option<Waiting> {
        let waiting = self.waiting(self.next())?;
        let seq = waiting.seq();
        if self.books.0.slots[seq.slot()].revoked {
            return None;
        }
        // An answer that was refused is one, too, and so is a claim that says nothing.
        let claim = &self.parent.replies.claims[seq.slot()];
        let began = !claim::is_untouched(claim, seq) || self.parent.answered(seq);
        if began {
            self.books.0.slots[seq.slot()].revoked = true;
        }
        began.then_some(waiting)
    }

    /// The number of a [casualty](Self::in_flight) is not skipped after all: the next worker runs its task again.
    pub fn run_again(&mut self, seq: Seq) {
        self.books.0.slots[seq.slot()].revoked = false;
    }

    /// Gives the lane a fresh `Replies`: `fresh` is the new file, mapped anywhere; `install` puts it in the
    /// place of the old one. The new worker begins at [`next`](Self::next). Whoever sleeps is rung.
    ///
    /// # Errors
    ///
    /// Those of `install`: no worker will ever answer then, and all that is left to do is to
    /// [revoke](Self::revoke) what waits.
    ///
    /// # Panics
    ///
    /// If answers are still being [read](Self::reading).
    pub fn replace(
        &mut self,
        fresh: &Replies,
        install: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        assert_eq!(
            self.reading(),
            0,
            "answers of the old worker are being read"
        );
        let books = &mut self.books.0;
        books.generation = books.generation.wrapping_add(1);
        fresh.begin(books.generation);
        for seq in self
            .pending()
            .filter(|seq| self.books.0.slots[seq.slot()].revoked)
        {
            claim::begin_revoked(&fresh.claims[seq.slot()], seq);
        }
        install()?;
        // Whoever sleeps on the old file comes back, and sleeps on the new one.
        self.parent.notify();
        Ok(())
    }
}
