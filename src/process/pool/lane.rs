//! The parent's half of a lane: the memory that is shared with one worker, and a record of the task behind each number.
//!
//! # The records
//! There is one record for each slot.
//!
//! | state of the number | the record belongs to | the record is |
//! |---|---|---|
//! | reserved | the thread that reserved the number: a submitter, a thread that moves the task, or the supervisor (a retirement) | written by that thread |
//! | published | the thread that holds the lane's lock | the task; empty if the task was revoked or taken |
//! | replied, and the reply taken | the next thread that reserves the slot | empty |
//!
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | empty | a task | the thread that reserved the number, before the publication | [`Lane::put`] | `ParentEnd::publish`, Release |
//! | a task, with a reply | empty | any thread of the parent | [`Lane::take_reply`] | the lane's lock |
//! | a task, not claimed | empty, revoked | a thread that cancels, moves or expires it | [`Lane::revoke_record`] | the lane's lock |
//! | a task | empty | the supervisor, when the worker is dead ([`Lane::recover`]); a thread at the pool's end ([`Lane::take_all_waiting`]) | | the lane's lock |
//!
//! The records are in the parent's own memory. The parent checks what the worker writes against them, never the reverse.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::future::raw_task::RawTask;
use crate::future::task::Task;
use crate::process::pool::finish::Finish;
use crate::process::pool::interest::Interest;
use crate::process::pool::stats::WorkerStats;
use crate::process::pool::wait_queue::{WaitFor, WaitQueue};
use crate::process::pool::worker_id::WorkerId;
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

/// The task behind a number that is in the lane.
pub struct Record {
    pub task: Task,
    pub finish: Finish,
    /// The memory of the argument, if it is not in the slot.
    pub span: Option<Span>,
}

impl Record {
    /// Takes the argument's span, if the reply says that the task returned its argument unchanged.
    pub fn returned(&mut self, reply: &Reply) -> Option<Span> {
        // A reply with this status and a payload is a protocol violation.
        let is_empty =
            matches!(&reply.payload, Payload::Inline(bytes) if bytes.as_slice().is_empty());
        self.span.take_if(|_| reply.status == RETURNED && is_empty)
    }
}

/// What is under the lane's lock.
#[derive(Default)]
pub struct LaneState {
    /// How the worker violated the protocol. While this is set, no reply is taken from the lane.
    pub quarantined: Option<String>,
    /// The supervisor checks whether the worker skips revoked tasks.
    pub watched: bool,
    /// How many threads sleep until there is capacity.
    pub capacity_waiters: usize,
    /// The number of the retirement task. It is for this worker alone, and never moves.
    pub retirement: Option<Seq>,
    /// The number that was next at the last check, if the worker had not begun it.
    pub(super) unbegun: Option<Seq>,
    /// The number that two checks in a row found unbegun.
    pub(super) stuck: Option<Seq>,
    /// How many replies of tasks were taken.
    pub(super) done: u64,
}

/// See the module.
pub struct Lane {
    pub index: usize,
    pub worker: WorkerId,
    pub core: Option<usize>,
    pub shm: ParentEnd<LaneState>,
    records: Box<[UnsafeCell<Option<Record>>]>,
    /// The event by which the worker notifies the completer. Each worker has an event of its own, which its descendants may keep.
    pub event: Mutex<Event>,
    pub files: Files,
    /// The threads that sleep for the lane's replies or for its capacity.
    pub wait_queue: WaitQueue,
    /// Whether the completer listens to the lane.
    pub interest: CachePadded<Interest>,
    pub(super) done: AtomicU64,
}

/// The descriptors of the lane's memory, for the next worker.
pub struct Files {
    pub requests: OwnedFd,
    pub replies: Mutex<OwnedFd>,
}

// SAFETY: one thread at a time has access to a record (see the module); all other fields are `Sync`.
unsafe impl Sync for Lane {}
// SAFETY: as above; the contents of a record are `Send`.
unsafe impl Send for Lane {}

impl Lane {
    /// Makes a lane whose arenas have `arena` bytes each.
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

    /// Stores the record of a number. Called by the submitter, by the thread that moves the task, or by the
    /// supervisor (a retirement).
    ///
    /// # Safety
    /// The caller has reserved the number and has not published it.
    #[inline]
    pub unsafe fn put(&self, seq: Seq, record: Record) {
        self.records[seq.slot()].with_mut(|slot| {
            // SAFETY: between reservation and publication the record belongs to the caller.
            debug_assert!(unsafe { (*slot).is_none() }, "a number was reserved twice");
            // SAFETY: as above; the record is empty, so nothing is leaked.
            unsafe { slot.write(Some(record)) };
        });
    }

    /// Passes the record of a published number to `f`. The record belongs to the holder of the lane's lock.
    pub fn record<R>(
        &self,
        _: &Locked<'_, LaneState>,
        waiting: Waiting,
        f: impl FnOnce(&mut Option<Record>) -> R,
    ) -> R {
        // SAFETY: the lane is locked, and the number published: the record belongs to the caller.
        self.records[waiting.seq().slot()].with_mut(|slot| f(unsafe { &mut *slot }))
    }

    /// Is there a task behind the number, or was it revoked?
    pub(super) fn has_record(&self, locked: &Locked<'_, LaneState>, waiting: Waiting) -> bool {
        self.record(locked, waiting, |record| record.is_some())
    }

    /// Takes the record of a number whose reply has come. `None`: the task was revoked.
    ///
    /// # Safety
    /// The lane is locked, and the reply was accepted under this lock.
    #[inline(always)]
    pub(super) unsafe fn take_record(&self, seq: Seq) -> Option<Record> {
        // SAFETY: a number with a reply was published: the record belongs to the caller.
        self.records[seq.slot()].with_mut(|slot| unsafe { (*slot).take() })
    }

    /// Is there a task, and has the worker not begun the next one? A hint: reads without the lock.
    pub fn awaits_begin(&self) -> bool {
        self.depth() > 0 && !self.shm.is_claimed(self.shm.next())
    }

    /// Wakes all threads that sleep for this lane. Each checks its condition again.
    pub fn notify(&self) {
        self.wait_queue.notify_all();
        self.shm.notify();
    }

    /// Frees the memory of an argument that was not submitted, and wakes the threads that wait for capacity.
    #[cold]
    pub fn release_argument(&self, span: Option<Span>) {
        self.free(span);
        let notify = span.is_some() && self.shm.lock().data().capacity_waiters > 0;
        if notify {
            self.notify_capacity();
        }
    }

    /// Wakes the threads that wait for capacity in this lane.
    pub fn notify_capacity(&self) {
        if self.wait_queue.notify(WaitFor::Capacity) {
            self.shm.notify();
        }
    }

    /// Wakes the threads that wait for this task in this lane.
    #[cold]
    pub fn notify_waiter(&self, cell: RawTask) {
        if self.wait_queue.notify(WaitFor::Task(cell)) {
            self.shm.notify();
        }
    }

    /// How many numbers are in the lane without a reply that was taken. A hint: reads without the lock.
    #[inline]
    pub fn depth(&self) -> u32 {
        self.shm.depth()
    }

    /// The process id of the worker; 0 while there is no worker that is ready.
    #[inline]
    pub fn pid(&self) -> u32 {
        self.worker.pid()
    }

    pub fn done(&self) -> u64 {
        // ORDERING: lane.done-read Relaxed: a counter.
        self.done.load(Relaxed)
    }

    /// The lane's figures, under its lock. In a forked child (`forked`) the lock is not taken: a thread that does not exist in
    /// the child may hold it.
    pub fn stats(&self, forked: bool) -> WorkerStats {
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
        WorkerStats {
            pid: Some(self.pid()).filter(|&pid| pid != 0),
            done: self.done(),
            running,
            queued: depth.saturating_sub(usize::from(running) + revoked),
        }
    }

    /// Does the worker run the next number? It says that it has begun it, and there is no reply.
    fn is_running(&self, locked: &Locked<'_, LaneState>) -> bool {
        let next = locked.next();
        locked.waiting(next).is_some() && self.shm.is_claimed(next) && !self.shm.has_reply(next)
    }

    /// Is there no task in the lane? Revoked tasks do not count. Takes the lane's lock.
    pub fn is_empty(&self) -> bool {
        if self.depth() == 0 {
            return true;
        }
        let locked = self.shm.lock();
        // A reserved number counts as a task: it will be published.
        let is_task = |waiting| self.has_record(&locked, waiting);
        locked
            .reserved()
            .all(|seq| locked.waiting(seq).is_some_and(|waiting| !is_task(waiting)))
    }

    /// Has the worker violated the protocol? Takes the lane's lock.
    pub fn is_quarantined(&self) -> bool {
        self.shm.lock().data().quarantined.is_some()
    }

    /// Has this task, which could not be revoked, no reply yet? Also true of a task that the worker has not begun. Reliable only
    /// while the worker is stopped. Called by the supervisor. Takes the lane's lock.
    pub fn lacks_reply(&self, seq: Seq) -> bool {
        let locked = self.shm.lock();
        locked.waiting(seq).is_some() && !self.shm.has_reply(seq)
    }

    /// Is there a task here that an idle worker could run? A hint: reads without the lock.
    pub fn has_backlog(&self) -> bool {
        match self.depth() {
            0 => false,
            1 => !self.shm.is_claimed(self.shm.next()),
            _ => true,
        }
    }

    /// Frees the memory of an argument, if it has some.
    pub fn free(&self, span: Option<Span>) {
        if let Some(span) = span {
            self.shm.free(span);
        }
    }
}
