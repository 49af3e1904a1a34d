//! A lane as its pool sees it: the memory that is shared with one worker, and for each number in it the task that
//! has it.
//!
//! # The records
//! One for each slot. A submitter has the record of a number from its reservation to its publication; from then on it
//! belongs to whoever holds the lane's lock. It is empty when the task was taken back. The worker knows nothing of
//! records: what it writes is judged by them, and never the other way round.
//! Models: `verify/src/scenarios/remote.rs`.

use super::answer::Finish;
use super::attendant;
use super::desk::Command;
use super::ear::{Ear, Engaged};
use super::entry;
use super::lead::{self, Aim, Lead};
use super::outcome::RETURNED;
use super::pool::Pool;
use super::stats::ProcessWorkerStats;
use super::ticket::{Place, Ticket};
use crate::future::cell::Raw;
use crate::future::task::Task;
use crate::shm::{
    Body, Inline, Locked, Parent, Payload, Replies, Reply, Requests, SLOTS, Segment, Seq, Span,
    Waiting,
};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use crate::sync::cell::UnsafeCell;
use crate::sync::{FutexWait, Mutex};
use crate::sys::events::Event;
use crossbeam_utils::CachePadded;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Instant;

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
pub struct Desk {
    /// What the worker did that no worker does: nothing is taken from it any more.
    pub condemned: Option<String>,
    /// The supervisor looks whether the worker skips what was taken back.
    pub watched: bool,
    /// How many threads sleep until there is room.
    pub wanting: usize,
    /// The number of the task that makes the worker leave, which is for no other one.
    pub retirement: Option<Seq>,
    /// What the attendant found next at its last look, if the worker had not begun it.
    unbegun: Option<Seq>,
    /// What it has found so twice.
    stuck: Option<Seq>,
    pub(super) done: u64,
}

/// See the module.
pub struct Lane {
    pub index: usize,
    /// The worker's name.
    pub name: String,
    pub core: Option<usize>,
    pub shm: Parent<Desk>,
    records: Box<[UnsafeCell<Option<Record>>]>,
    /// Rung by the worker for the attendant. Each worker has one of its own, which its descendants may keep.
    pub event: Mutex<Event>,
    pub files: Files,
    /// Who sleeps for its answers.
    pub lead: Lead,
    /// Whether the attendant listens to it.
    pub ear: CachePadded<Ear>,
    /// The worker's process id; 0 if there is none that is ready.
    pid: AtomicU32,
    pub(super) done: AtomicU64,
}

/// How a sleep for a lane ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slept {
    Heard,
    /// The deadline has passed.
    Late,
    /// The worker has not begun what is next for some time.
    Unbegun,
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
        let shm = Parent::new(requests, replies, Seq(0), Desk::default());
        let files = Files {
            requests: read_only,
            replies: Mutex::new(replies_fd),
        };
        let event = Event::new()?;
        Ok(Self::of(index, name, core, shm, event, files))
    }

    pub(super) fn of(
        index: usize,
        name: String,
        core: Option<usize>,
        shm: Parent<Desk>,
        event: Event,
        files: Files,
    ) -> Self {
        Self {
            index,
            name,
            core,
            shm,
            records: (0..SLOTS).map(|_| UnsafeCell::new(None)).collect(),
            event: Mutex::new(event),
            files,
            lead: Lead::default(),
            ear: CachePadded::new(Ear::new()),
            pid: AtomicU32::new(0),
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
        _: &Locked<'_, Desk>,
        waiting: Waiting,
        f: impl FnOnce(&mut Option<Record>) -> R,
    ) -> R {
        // SAFETY: the lane is locked, and the number published: the record is the holder's.
        self.records[waiting.seq().slot()].with_mut(|slot| f(unsafe { &mut *slot }))
    }

    /// Does the number stand for a task, or was that taken back?
    fn has_record(&self, locked: &Locked<'_, Desk>, waiting: Waiting) -> bool {
        self.record(locked, waiting, |record| record.is_some())
    }

    /// The worker is wild: nothing is taken from it any more, and the supervisor ends it.
    #[cold]
    pub fn condemn(&self, pool: &Pool, locked: &mut Locked<'_, Desk>, why: String) {
        locked.data().condemned.get_or_insert(why);
        pool.desk.send(Command::Condemn(self.index));
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

    /// Asks the attendant to listen to this lane until it is empty.
    #[inline]
    pub fn engage(&self, pool: &Pool) {
        if self.ear.engage() == Engaged::Now {
            // WAKE: the other end is the attendant's poller.
            pool.bell.ring();
        }
    }

    /// The attendant's part: completes what is there, and either hears of the next answer or is no longer engaged.
    pub fn listen(&self, pool: &Pool) {
        loop {
            // WAKE: the other end is the worker, which rings the event.
            self.shm.listen();
            while self.pump(pool, 64) {}
            if self.depth() != 0 {
                return;
            }
            if self.ear.rest(|| self.depth() == 0) {
                self.shm.stop_listening();
                return;
            }
        }
    }

    /// Sleeps at a place among those who sleep for this lane, until it is told something or there is an answer to be
    /// taken. `changed`: what else is a reason not to. `tends`: a leader looks at a worker that does not begin what is next.
    pub fn sleep(
        &self,
        here: &lead::Place<'_>,
        changed: impl Fn() -> bool,
        deadline: Option<Instant>,
        tends: bool,
    ) -> Slept {
        let slept = |how| match how {
            FutexWait::TimedOut => Slept::Late,
            _ => Slept::Heard,
        };
        if !here.leads() {
            if changed() {
                return Slept::Heard;
            }
            let how = here.sleep(deadline);
            if !here.leads() {
                return slept(how);
            }
        }
        let bell = self.shm.arm();
        let how = if changed() || self.has_answer() {
            Slept::Heard
        } else {
            let tend = (tends && self.awaits_begin()).then(|| attendant::soon(deadline));
            match (self.shm.sleep(bell, tend.flatten().or(deadline)), tend) {
                (FutexWait::TimedOut, Some(Some(_))) => Slept::Unbegun,
                (how, _) => slept(how),
            }
        };
        self.shm.disarm();
        how
    }

    /// Is here something that the worker has not begun, though it has nothing else to do? A guess.
    pub fn awaits_begin(&self) -> bool {
        self.depth() > 0 && !self.shm.is_started(self.shm.next())
    }

    /// Wakes everybody who sleeps for this lane, to look again.
    pub fn ring(&self) {
        self.lead.tell_all();
        self.shm.ring();
    }

    /// Gives memory back that no task will use. Somebody may sleep for it.
    #[cold]
    pub fn give_back(&self, span: Option<Span>) {
        self.free(span);
        let wanted = span.is_some() && self.shm.lock().data().wanting > 0;
        if wanted {
            self.call_for_room();
        }
    }

    /// Wakes who sleeps for room.
    pub fn call_for_room(&self) {
        if self.lead.tell(Aim::Room) {
            self.shm.ring();
        }
    }

    /// Wakes who sleeps for this task.
    #[cold]
    pub fn call(&self, cell: Raw) {
        if self.lead.tell(Aim::Task(cell)) {
            self.shm.ring();
        }
    }

    /// Tasks in the lane that are not answered.
    #[inline]
    pub fn depth(&self) -> u32 {
        self.shm.depth()
    }

    pub fn pid(&self) -> u32 {
        // ORDERING: lane.pid Relaxed: a number.
        self.pid.load(Relaxed)
    }

    /// An event for the next worker.
    ///
    /// # Errors
    /// What the system says.
    pub fn renew_event(&self, pool: &Pool) -> io::Result<()> {
        let fresh = Event::new()?;
        pool.ears.add_foreign(&fresh, self.index as u64)?;
        let old = std::mem::replace(&mut *self.event.lock(), fresh);
        pool.ears.remove(&old);
        Ok(())
    }

    /// A worker is ready, or (0) gone.
    pub fn set_pid(&self, pid: u32) {
        // ORDERING: lane.set-pid Relaxed: as lane.pid.
        self.pid.store(pid, Relaxed);
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

    fn is_running(&self, locked: &Locked<'_, Desk>) -> bool {
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
    pub fn is_condemned(&self) -> bool {
        self.shm.lock().data().condemned.is_some()
    }

    /// Does the worker still run this task, which could not be taken back? To be believed while it is stopped.
    pub fn is_running_task(&self, seq: Seq) -> bool {
        let locked = self.shm.lock();
        locked.waiting(seq).is_some() && !self.shm.answered(seq)
    }

    /// Is here what a worker that has nothing to do could run instead? A guess.
    pub fn is_crowded(&self) -> bool {
        match self.depth() {
            0 => false,
            1 => !self.shm.is_started(self.shm.next()),
            _ => true,
        }
    }

    /// The attendant's look, now and then, whether the worker begins what is next. What it finds unbegun twice in a row
    /// is stuck: the worker is stopped, or does not say what it does. One that has claimed what it does not run, so that
    /// nobody else can, is wild.
    pub fn look(&self, pool: &Pool) {
        let mut locked = self.shm.lock();
        if let Some((current, ahead)) = locked.claimed_ahead() {
            let why = format!(
                "it claimed number {} and had not answered number {}",
                ahead.0, current.0
            );
            self.condemn(pool, &mut locked, why);
        }
        let next = locked.next();
        let begun = self.shm.is_started(next) || self.shm.answered(next);
        let is_there = locked
            .waiting(next)
            .is_some_and(|waiting| locked.is_committed(waiting));
        let unbegun = (is_there && !begun).then_some(next);
        let desk = locked.data();
        let before = std::mem::replace(&mut desk.unbegun, unbegun);
        desk.stuck = unbegun.filter(|_| before == unbegun);
    }

    /// Moves some of what has not begun to `to`, which has nothing to do. How many.
    ///
    /// What is next is the worker's own, which is about to begin it, unless it is stuck or there is no worker. What is
    /// still on its way into its slot is its submitter's. Whatever the worker says of a task, its claim decides whether it
    /// is moved.
    pub fn give(&self, pool: &Pool, to: &Self) -> usize {
        /// The locks are not held for longer than this takes.
        const MOST: usize = 64;
        // One that was crowded a moment ago may be idle by now.
        if self.index == to.index {
            return 0;
        }
        // Both, so that whoever sees a task's new place and locks that lane finds the task there. The lower one first, since
        // another thread may give the other way.
        let (mut locked, mut theirs);
        if self.index < to.index {
            locked = self.shm.lock();
            theirs = to.shm.lock();
        } else {
            theirs = to.shm.lock();
            locked = self.shm.lock();
        }
        // Who closes the pool says so before it locks the lanes one by one: it finds what is moved, or we find the pool closed.
        if pool.is_cancelling() {
            return 0;
        }
        let next = locked.next();
        let desk = locked.data();
        let takes_next = self.pid() == 0 || desk.stuck == Some(next);
        let stay = [desk.retirement, (!takes_next).then_some(next)];
        let waiting: Vec<Waiting> = locked
            .all_waiting()
            .filter(|waiting| !stay.contains(&Some(waiting.seq())))
            .filter(|&waiting| locked.is_committed(waiting))
            .filter(|waiting| !self.shm.is_started(waiting.seq()))
            .filter(|&waiting| self.has_record(&locked, waiting))
            .collect();
        let most = waiting.len().div_ceil(2).min(MOST);
        let moved = waiting
            .into_iter()
            .take(most)
            .take_while(|&waiting| self.give_one(pool, &mut locked, waiting, to, &mut theirs))
            .count();
        drop(theirs);
        drop(locked);
        if moved > 0 {
            if self.ear.is_engaged() {
                to.engage(pool);
            }
            // Who waits for one of them here has to wait there.
            self.ring();
            // ORDERING: process.count-moved Relaxed: a figure.
            pool.moved.fetch_add(moved as u64, Relaxed);
        }
        moved
    }

    /// False: it stays.
    fn give_one(
        &self,
        pool: &Pool,
        locked: &mut Locked<'_, Desk>,
        waiting: Waiting,
        to: &Self,
        theirs: &mut Locked<'_, Desk>,
    ) -> bool {
        let Some((entry, payload)) = locked.request(waiting) else {
            return false;
        };
        let Some(argument) = Argument::of(self, payload) else {
            return false;
        };
        let Some(room) = to.room_for(&argument) else {
            return false;
        };
        let Some(record) = self.revoke(pool, locked, waiting) else {
            // It has started.
            to.free(room.span);
            to.publish_nothing(pool, theirs, room.seq);
            return false;
        };
        to.publish(room, record.task, record.finish, entry, &argument);
        true
    }

    /// A number, and a place for an argument that was in a lane before.
    fn room_for(&self, argument: &Argument) -> Option<Room> {
        let span = match argument {
            Argument::Inline(_) => None,
            Argument::Bytes(bytes) => Some(self.shm.space(bytes.len() as u32)?),
        };
        match self.shm.reserve() {
            Some(seq) => Some(Room { seq, span }),
            None => {
                self.free(span);
                None
            }
        }
    }

    pub fn free(&self, span: Option<Span>) {
        if let Some(span) = span {
            self.shm.free(span);
        }
    }

    /// Gives up a number that was reserved and is not needed.
    pub fn publish_nothing(&self, pool: &Pool, locked: &mut Locked<'_, Desk>, seq: Seq) {
        // With the lane locked nobody takes what the worker may make of it before it is taken back. A worker that has
        // claimed it before it is there is ended, and the next one finds an entry that is none.
        self.take_number_back(pool, locked, seq);
        self.shm.publish(seq, entry::NONE, Body::Inline(&[]));
    }

    /// Hands a task whose argument is encoded to this lane's worker.
    pub(super) fn publish(
        &self,
        room: Room,
        task: Task,
        finish: Finish,
        entry: u64,
        argument: &Argument,
    ) {
        let Room { seq, span } = room;
        // SAFETY: tasks in lanes have tickets.
        let ticket = unsafe { Ticket::of(task.raw()) };
        ticket.set_place(Place {
            lane: self.index,
            seq,
        });
        // SAFETY: reserved by the caller, and published below.
        unsafe { self.put(seq, Record { task, finish, span }) };
        let body = match (argument, span) {
            (Argument::Bytes(bytes), Some(span)) => {
                self.shm.request_region(span).write(0, bytes);
                Body::Span(span)
            }
            (Argument::Bytes(bytes), None) => Body::Inline(bytes),
            (Argument::Inline(bytes), _) => Body::Inline(bytes.as_slice()),
        };
        self.shm.publish(seq, entry, body);
    }
}

/// An argument on its way to another lane.
pub enum Argument {
    Inline(Inline),
    /// More than fits a slot.
    Bytes(Vec<u8>),
}

impl Argument {
    /// None: there is no memory for a copy of it.
    fn of(lane: &Lane, payload: Payload) -> Option<Self> {
        Some(match payload {
            Payload::Inline(bytes) => Self::Inline(bytes),
            Payload::Span(span) => Self::Bytes(lane.shm.request_region(span).try_to_vec()?),
        })
    }
}

/// Where a task can be put.
pub struct Room {
    pub seq: Seq,
    pub span: Option<Span>,
}
