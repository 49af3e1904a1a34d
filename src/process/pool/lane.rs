//! A lane as its pool sees it: the memory that is shared with one worker, and for each number in it the task that
//! has it.
//!
//! # The records
//! One for each slot. A submitter has the record of a number from its reservation to its publication; from then on it
//! belongs to whoever holds the lane's lock. It is empty when the task was taken back. The worker knows nothing of
//! records: what it writes is judged by them, and never the other way round.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::future::task::Task;
use crate::process::pool::finish::{Finish, WorkerId};
use crate::process::pool::interest::Interest;
use crate::process::pool::stats::ProcessWorkerStats;
use crate::process::pool::wait_queue::{WaitFor, WaitQueue};
use crate::process::wire::outcome::RETURNED;
use crate::shm::{
    Locked, ParentEnd, Payload, Replies, Reply, Requests, SLOTS, Segment, Seq, Span, Waiting,
};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering::*};
use crate::sync::cell::UnsafeCell;
use crate::sys::events::Event;
use crossbeam_utils::CachePadded;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// What the pool knows of a number that is in the lane.
pub struct Record {
    pub task: Task,
    pub finish: Finish,
    /// Where the argument lies, if it is not in the slot.
    pub span: Option<Span>,
}

impl Record {
    /// The argument's span, if the answer is the argument.
    pub fn returned(&mut self, reply: &Reply) -> Option<Span> {
        // With a payload of its own it is none.
        let is_empty =
            matches!(&reply.payload, Payload::Inline(bytes) if bytes.as_slice().is_empty());
        self.span.take_if(|_| reply.status == RETURNED && is_empty)
    }
}

/// What is under the lane's lock.
#[derive(Default)]
pub struct LaneState {
    /// What the worker did that no worker does: nothing is taken from it any more.
    pub quarantined: Option<String>,
    /// The supervisor looks whether the worker skips what was taken back.
    pub watched: bool,
    /// How many threads sleep until there is room.
    pub capacity_waiters: usize,
    /// The number of the task that makes the worker leave, which is for no other one.
    pub retirement: Option<Seq>,
    /// What the attendant found next at its last look, if the worker had not begun it.
    pub(super) unbegun: Option<Seq>,
    /// What it has found so twice.
    pub(super) stuck: Option<Seq>,
    pub(super) done: u64,
}

/// See the module.
pub struct Lane {
    pub index: usize,
    pub worker: WorkerId,
    pub core: Option<usize>,
    pub shm: ParentEnd<LaneState>,
    records: Box<[UnsafeCell<Option<Record>>]>,
    /// Rung by the worker for the attendant. Each worker has one of its own, which its descendants may keep.
    pub event: Mutex<Event>,
    pub files: Files,
    /// Who sleeps for its answers.
    pub wait_queue: WaitQueue,
    /// Whether the attendant listens to it.
    pub interest: CachePadded<Interest>,
    pub(super) done: AtomicU64,
}

/// The descriptors for the next worker.
pub struct Files {
    pub requests: OwnedFd,
    pub replies: Mutex<OwnedFd>,
}

// SAFETY: records are reached by one thread at a time, as the module says; all else is shared by its own means.
unsafe impl Sync for Lane {}
// SAFETY: as above; what is in a record may go to another thread.
unsafe impl Send for Lane {}

impl Lane {
    /// With arenas of so many bytes.
    pub fn new(index: usize, name: String, core: Option<usize>, arena: usize) -> io::Result<Self> {
        let (requests, write) = Segment::<Requests>::create(arena)?;
        let read_only = Segment::<Requests>::read_only(write.as_fd())?;
        let (replies, replies_fd) = Segment::<Replies>::create(arena)?;
        let shm = ParentEnd::new(requests, replies, Seq(0), LaneState::default());
        let files = Files {
            requests: read_only,
            replies: Mutex::new(replies_fd),
        };
        let event = Event::new()?;
        Ok(Self::of(index, name, core, shm, event, files))
    }

    pub(in crate::process) fn of(
        index: usize,
        name: String,
        core: Option<usize>,
        shm: ParentEnd<LaneState>,
        event: Event,
        files: Files,
    ) -> Self {
        Self {
            index,
            worker: WorkerId::new(name),
            core,
            shm,
            records: (0..SLOTS).map(|_| UnsafeCell::new(None)).collect(),
            event: Mutex::new(event),
            files,
            wait_queue: WaitQueue::default(),
            interest: CachePadded::new(Interest::new()),
            done: AtomicU64::new(0),
        }
    }

    /// Puts a record in its place.
    ///
    /// # Safety
    /// The number was reserved by the caller and has not been published.
    #[inline]
    pub unsafe fn put(&self, seq: Seq, record: Record) {
        self.records[seq.slot()].with_mut(|slot| {
            // SAFETY: from its reservation to its publication the record is the caller's.
            debug_assert!(unsafe { (*slot).is_none() }, "a number was given out twice");
            // SAFETY: as above; what was there is none.
            unsafe { slot.write(Some(record)) };
        });
    }

    /// The record of a number that has been published.
    pub fn record<R>(
        &self,
        _: &Locked<'_, LaneState>,
        waiting: Waiting,
        f: impl FnOnce(&mut Option<Record>) -> R,
    ) -> R {
        // SAFETY: the lane is locked, and the number published: the record is the holder's.
        self.records[waiting.seq().slot()].with_mut(|slot| f(unsafe { &mut *slot }))
    }

    /// Does the number stand for a task, or was that taken back?
    pub(super) fn has_record(&self, locked: &Locked<'_, LaneState>, waiting: Waiting) -> bool {
        self.record(locked, waiting, |record| record.is_some())
    }

    /// The record of a number that the worker has answered, if it was not taken back.
    ///
    /// # Safety
    /// The lane is locked, and the answer was accepted under this lock.
    #[inline(always)]
    pub(super) unsafe fn take_record(&self, seq: Seq) -> Option<Record> {
        // SAFETY: answered, and so published: the record is the holder's.
        self.records[seq.slot()].with_mut(|slot| unsafe { (*slot).take() })
    }

    /// Is here something that the worker has not begun, though it has nothing else to do? A guess.
    pub fn awaits_begin(&self) -> bool {
        self.depth() > 0 && !self.shm.is_started(self.shm.next())
    }

    /// Wakes everybody who sleeps for this lane, to look again.
    pub fn notify(&self) {
        self.wait_queue.notify_all();
        self.shm.notify();
    }

    /// Gives memory back that no task will use. Somebody may sleep for it.
    #[cold]
    pub fn release_argument(&self, span: Option<Span>) {
        self.free(span);
        let notify = span.is_some() && self.shm.lock().data().capacity_waiters > 0;
        if notify {
            self.notify_capacity();
        }
    }

    /// Wakes who sleeps for room.
    pub fn notify_capacity(&self) {
        if self.wait_queue.notify(WaitFor::Capacity) {
            self.shm.notify();
        }
    }

    /// Wakes who sleeps for this task.
    #[cold]
    pub fn notify_waiter(&self, cell: RawTask) {
        if self.wait_queue.notify(WaitFor::Task(cell)) {
            self.shm.notify();
        }
    }

    /// Tasks in the lane that are not answered.
    #[inline]
    pub fn depth(&self) -> u32 {
        self.shm.depth()
    }

    /// The process id of its worker; 0 if there is none that is ready.
    #[inline]
    pub fn pid(&self) -> u32 {
        self.worker.pid()
    }

    pub fn done(&self) -> u64 {
        // ORDERING: lane.done-look Relaxed: a figure.
        self.done.load(Relaxed)
    }

    /// In a forked child (`forked`) nobody looks inside: a thread that is not there may hold the lock.
    pub fn stats(&self, forked: bool) -> ProcessWorkerStats {
        let depth = if forked { 0 } else { self.depth() as usize };
        let mut running = false;
        let mut revoked = 0;
        if depth > 0 {
            let locked = self.shm.lock();
            running = self.is_running(&locked);
            revoked = locked
                .all_waiting()
                .filter(|&waiting| !self.has_record(&locked, waiting))
                .count();
        }
        ProcessWorkerStats {
            pid: Some(self.pid()).filter(|&pid| pid != 0),
            done: self.done(),
            running,
            queued: depth.saturating_sub(usize::from(running) + revoked),
        }
    }

    fn is_running(&self, locked: &Locked<'_, LaneState>) -> bool {
        let next = locked.next();
        locked.waiting(next).is_some() && self.shm.is_started(next) && !self.shm.answered(next)
    }

    /// Is nothing here that a worker would run? What was taken back does not count.
    pub fn is_empty(&self) -> bool {
        if self.depth() == 0 {
            return true;
        }
        let locked = self.shm.lock();
        // What is reserved will be published.
        let is_task = |waiting| self.has_record(&locked, waiting);
        locked
            .pending()
            .all(|seq| locked.waiting(seq).is_some_and(|waiting| !is_task(waiting)))
    }

    /// Has the worker done what no worker does?
    pub fn is_quarantined(&self) -> bool {
        self.shm.lock().data().quarantined.is_some()
    }

    /// Does the worker still run this task, which could not be taken back? To be believed while it is stopped.
    pub fn is_running_task(&self, seq: Seq) -> bool {
        let locked = self.shm.lock();
        locked.waiting(seq).is_some() && !self.shm.answered(seq)
    }

    /// Is here what a worker that has nothing to do could run instead? A guess.
    pub fn has_backlog(&self) -> bool {
        match self.depth() {
            0 => false,
            1 => !self.shm.is_started(self.shm.next()),
            _ => true,
        }
    }

    pub fn free(&self, span: Option<Span>) {
        if let Some(span) = span {
            self.shm.free(span);
        }
    }
}
