//! The consumer's side of a lane, under its lock: taking replies in order, revoking tasks, recovery.
//!
//! It and [`parent`](super::parent) import each other: this is the parent's end while its lock is held.

use super::layout::{Committed, LaneFile, Replies, RequestSlot, SKIPPED, SLOTS, Seq};
use super::parent::ParentEnd;
use super::{Payload, claim};
use crate::sync::MutexGuard;
use crate::sync::atomic::{Ordering::*, fence};
use std::io;

/// State that only the consumer reads and writes.
pub(super) struct ConsumerState {
    /// The next number whose reply will be taken.
    next: Seq,
    /// The first number whose slots and span are in use.
    released: Seq,
    /// How many workers the lane has had before this one; it wraps.
    generation: u32,
    slots: Box<[SlotFlags]>,
}

/// What the consumer notes of a slot's number.
#[derive(Clone, Copy, Default)]
struct SlotFlags {
    /// The task was revoked, or was in flight when its worker died: the worker has to skip it.
    revoked: bool,
    /// The reply was taken, and its payload is still being read.
    reading: bool,
}

impl ConsumerState {
    pub fn new(first: Seq) -> Self {
        Self {
            next: first,
            released: first,
            generation: 0,
            slots: vec![SlotFlags::default(); SLOTS].into_boxed_slice(),
        }
    }
}

/// A reply.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// The number of its task.
    pub seq: Seq,
    /// [`SKIPPED`] for a revoked task. Otherwise the worker's status, which can be any number.
    pub status: u32,
    /// A span must be [released](Locked::release) after it has been read.
    pub payload: Payload,
}

/// The result of [`Locked::revoke`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Revoke {
    /// The parent has the task: the worker will not run it. The status of its reply will be [`SKIPPED`].
    Won,
    /// The worker has claimed the task; it may have replied already.
    Claimed,
}

/// Something that only a broken or hostile worker does. Its lane cannot be used any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProtocolViolation {
    /// It replied to a task that it does not have.
    NoTask(Seq),
    /// The commit word of its reply has an impossible value.
    Commit { seq: Seq, found: u32 },
    /// It ran a revoked task.
    RanRevoked(Seq),
    /// It skipped a task that was not revoked.
    Skipped(Seq),
    /// It skipped a task, and its reply has a payload in the arena.
    SkippedWith(Seq),
    /// The claim word has an impossible value.
    Claim { seq: Seq, found: u64 },
    /// The payload of its reply is not within the arena.
    Span { seq: Seq, offset: u64, len: u32 },
}

impl std::fmt::Display for ProtocolViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoTask(seq) => {
                write!(
                    f,
                    "replied to task number {}, which it does not have",
                    seq.0
                )
            }
            Self::Commit { seq, found } => write!(
                f,
                "wrote {found:#x} to the commit word of its reply to task number {}",
                seq.0
            ),
            Self::RanRevoked(seq) => write!(f, "ran task number {}, which was revoked", seq.0),
            Self::Skipped(seq) => {
                write!(f, "skipped task number {}, which was not revoked", seq.0)
            }
            Self::SkippedWith(seq) => {
                write!(
                    f,
                    "skipped task number {}, but replied with a payload",
                    seq.0
                )
            }
            Self::Claim { seq, found } => {
                write!(
                    f,
                    "wrote {found:#x} to the claim word of task number {}",
                    seq.0
                )
            }
            Self::Span { seq, offset, len } => write!(
                f,
                "replied to task number {} with {len} bytes at offset {offset:#x}, outside its arena",
                seq.0
            ),
        }
    }
}

impl std::error::Error for ProtocolViolation {}

/// A number that is published and whose reply has not been taken. The parent's record of the task belongs to the holder of
/// the lock that gave out this value. The submitter may still be writing its request into the slot: see
/// [`Locked::request`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting(Seq);

impl Waiting {
    /// The number.
    #[inline]
    pub fn seq(self) -> Seq {
        self.0
    }
}

/// The held lock of a lane.
pub struct Locked<'a, T> {
    parent: &'a ParentEnd<T>,
    state: MutexGuard<'a, (ConsumerState, T)>,
}

impl<'a, T> Locked<'a, T> {
    pub(super) fn new(parent: &'a ParentEnd<T>, state: MutexGuard<'a, (ConsumerState, T)>) -> Self {
        Self { parent, state }
    }

    /// The data that the lane's owner keeps under this lock.
    pub fn data(&mut self) -> &mut T {
        &mut self.state.1
    }

    /// The next number whose reply will be taken. A new worker begins there.
    pub fn next(&self) -> Seq {
        self.state.0.next
    }

    /// The numbers that are reserved and whose replies have not been taken.
    pub fn reserved(&self) -> impl Iterator<Item = Seq> + use<T> {
        let (next, tail) = (self.next(), self.parent.tail());
        (0..self.count(tail)).map(move |n| Seq(next.0.wrapping_add(n)))
    }

    fn count(&self, tail: Seq) -> u32 {
        tail.since(self.next())
    }

    /// Is this number reserved, and its reply not taken?
    fn is_reserved(&self, seq: Seq) -> bool {
        seq.since(self.next()) < self.count(self.parent.tail())
    }

    /// This number, if it is published and its reply has not been taken.
    pub fn waiting(&self, seq: Seq) -> Option<Waiting> {
        (self.is_reserved(seq) && self.parent.is_published(seq)).then_some(Waiting(seq))
    }

    /// All [waiting](Self::waiting) numbers, oldest first.
    pub fn all_waiting(&self) -> impl Iterator<Item = Waiting> {
        self.reserved().filter_map(|seq| self.waiting(seq))
    }

    /// The entry and the payload of a number's request. The payload is where the parent has put it. None while the submitter
    /// has not committed the request: the slot may still hold an older number's.
    pub fn request(&self, waiting: Waiting) -> Option<(u64, Payload)> {
        self.committed(waiting).map(|request| request.read())
    }

    /// Is the number's request committed, so that a worker may have seen it?
    pub fn is_committed(&self, waiting: Waiting) -> bool {
        self.committed(waiting).is_some()
    }

    fn committed(&self, Waiting(seq): Waiting) -> Option<Committed<'_, RequestSlot>> {
        self.parent.requests.slots[seq.slot()].committed(seq)
    }

    /// [`take_with`](Self::take_with) that returns the reply.
    ///
    /// # Errors
    ///
    /// As [`take_with`](Self::take_with).
    #[cfg(any(test, raddle_loom, raddle_shuttle))]
    pub fn take(&mut self) -> Result<Option<Reply>, ProtocolViolation> {
        self.take_with(|reply| reply)
    }

    /// Takes the next reply, if it is there. Header and inline payload are copied out once and then checked. A slot without
    /// a span is released by this call.
    ///
    /// `with` consumes an accepted reply. It runs before another task can get the slot. A caller cannot check the slot first
    /// and act on that: the worker may commit between the check and this call.
    ///
    /// # Errors
    ///
    /// The worker violated the protocol. Nothing was taken, and `with` has not run.
    #[inline(always)]
    pub fn take_with<R>(
        &mut self,
        with: impl FnOnce(Reply) -> R,
    ) -> Result<Option<R>, ProtocolViolation> {
        let parent = self.parent;
        let seq = self.next();
        let reply = match parent.replies.slots[seq.slot()].committed(seq) {
            Ok(reply) => reply,
            Err(found) => return Self::check_uncommitted(seq, found).map(|()| None),
        };
        // Both checks are needed. The first reads the parent's own word. The second keeps the slot from being reused while
        // its submitter still writes it.
        let request = &parent.requests.slots[seq.slot()];
        if !parent.is_published(seq) || request.committed(seq).is_none() {
            return Err(ProtocolViolation::NoTask(seq));
        }
        let (status, payload) = reply.read();
        let state = &mut self.state.0;
        let flags = &mut state.slots[seq.slot()];
        match (flags.revoked, status == SKIPPED) {
            (true, false) => return Err(ProtocolViolation::RanRevoked(seq)),
            (false, true) => return Err(ProtocolViolation::Skipped(seq)),
            // The payload would never be read, and so never be released.
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
            flags.reading = true;
        }
        flags.revoked = false;
        state.next = seq.next();
        let with = with(Reply {
            seq,
            status,
            payload,
        });
        // ORDERING: lane.next Relaxed: for guesses.
        parent.consumer.next.store(state.next.0, Relaxed);
        self.advance_released(false);
        Ok(Some(with))
    }

    /// There is no reply: checks that the slot's mark is a possible one.
    fn check_uncommitted(seq: Seq, found: u32) -> Result<(), ProtocolViolation> {
        let before = seq.mark().wrapping_sub(SLOTS as u32);
        // New files begin with 0, and with 1 in the last slot.
        if found != before && found > 1 {
            return Err(ProtocolViolation::Commit { seq, found });
        }
        Ok(())
    }

    /// Releases the payload of a taken reply, which has been read. Replies can be released in any order. Slots and spans
    /// become free up to the first reply that is still being read.
    pub fn release(&mut self, seq: Seq) {
        self.state.0.slots[seq.slot()].reading = false;
        self.advance_released(true);
    }

    /// How many numbers are taken and not released, because a payload is still being read. The memory must not be
    /// [replaced](Self::replace) before this is 0.
    pub fn reading(&self) -> u32 {
        self.next().since(self.state.0.released)
    }

    /// Advances `released` past all replies that have been read, and publishes it. `spans`: the worker may wait for a span.
    #[inline]
    fn advance_released(&mut self, spans: bool) {
        let parent = self.parent;
        let state = &mut self.state.0;
        let before = state.released;
        while state.released != state.next && !state.slots[state.released.slot()].reading {
            state.released = state.released.next();
        }
        if state.released == before {
            return;
        }
        let released = state.released.0;
        // ORDERING: lane.release Release -> pairs with lane.released: the slots have been read.
        parent.consumer.released.store(released, Release);
        // ORDERING: requests.release Release -> pairs with requests.released: the spans have been read.
        parent.requests.released.store(released, Release);
        if spans {
            // WAKE: the other end is `WorkerEnd::allocate`.
            // ORDERING: lane.release-fence SeqCst -> pairs with wake_request.fence: the release before
            // the look.
            fence(SeqCst);
            if parent.replies.wake_request.look().is_some() {
                parent.notify_worker();
            }
        }
    }

    /// Revokes a task, unless the worker has begun it. Wait-free.
    ///
    /// # Errors
    ///
    /// The worker violated the protocol. The task has not been revoked.
    pub fn revoke(&mut self, seq: Seq) -> Result<Revoke, ProtocolViolation> {
        if !self.is_reserved(seq) {
            return Ok(Revoke::Claimed);
        }
        match claim::revoke(&self.parent.replies.claims[seq.slot()], seq) {
            Ok(true) => {
                self.state.0.slots[seq.slot()].revoked = true;
                Ok(Revoke::Won)
            }
            Ok(false) => Ok(Revoke::Claimed),
            Err(found) => Err(ProtocolViolation::Claim { seq, found }),
        }
    }

    /// A number without a reply, and a later number that the worker has claimed. An honest worker never does that.
    pub fn claimed_ahead(&self) -> Option<(Seq, Seq)> {
        let has_reply = |&seq: &Seq| self.parent.has_reply(seq);
        let mut waiting = self.reserved().skip_while(has_reply);
        let current = waiting.next()?;
        let ahead = waiting.find(|&seq| self.parent.is_claimed(seq))?;
        // Checked again: a reply may have come since the first check, and a claim shows the replies before it.
        (!has_reply(&current)).then_some((current, ahead))
    }

    /// The in-flight tasks of a dead worker, oldest first. Call this after its replies have been taken. The next worker skips
    /// their numbers. All other tasks wait as before.
    ///
    /// An honest worker leaves one, the task that it ran, or none. After a protocol violation its later replies are not taken.
    /// Their tasks are in flight too: they have run, and must not run again. What it has claimed ahead of the task that it ran
    /// is not in flight.
    pub fn in_flight(&mut self) -> Vec<Waiting> {
        let mut in_flight = Vec::new();
        for seq in self.reserved() {
            let Some(waiting) = self.waiting(seq) else {
                break;
            };
            let revoked = &mut self.state.0.slots[seq.slot()].revoked;
            let is_replied = self.parent.has_reply(seq);
            // An impossible claim word also counts as claimed.
            let claim = &self.parent.replies.claims[seq.slot()];
            if !*revoked && (is_replied || !claim::is_untouched(claim, seq)) {
                *revoked = true;
                in_flight.push(waiting);
            }
            if !is_replied {
                break;
            }
        }
        in_flight
    }

    /// The next worker does not skip this [in-flight](Self::in_flight) task, but runs it again.
    pub fn run_again(&mut self, seq: Seq) {
        self.state.0.slots[seq.slot()].revoked = false;
    }

    /// Gives the lane a fresh `Replies` file. `fresh` is the new file, mapped anywhere; `install` maps it in place of the
    /// old one. The new worker begins at [`next`](Self::next). A sleeping waiter is notified.
    ///
    /// # Errors
    ///
    /// Those of `install`. No worker will ever reply on this lane then: the caller has to [revoke](Self::revoke) the waiting
    /// tasks.
    ///
    /// # Panics
    ///
    /// If replies are still being [read](Self::reading).
    pub fn replace(
        &mut self,
        fresh: &Replies,
        install: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        assert_eq!(
            self.reading(),
            0,
            "replies of the old worker are still being read"
        );
        let state = &mut self.state.0;
        state.generation = state.generation.wrapping_add(1);
        fresh.begin(state.generation);
        for seq in self
            .reserved()
            .filter(|seq| self.state.0.slots[seq.slot()].revoked)
        {
            claim::begin_revoked(&fresh.claims[seq.slot()], seq);
        }
        install()?;
        // A waiter that sleeps on the old file wakes up, and then sleeps on the new one.
        self.parent.notify();
        Ok(())
    }
}
