//! A process's side of a queue: [`QueueSide`].

use super::QueueViolation;
use super::ends::Kind;
use super::event::{Event, Seen};
use super::lock::{Freed, Holder, Judge, Lock};
use super::words::{ENTRIES, HEAD, QueueWords, Shape};
use crate::shm::{Region, Segment};
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{FutexWait, Mutex, Watched, bound, futex, hint};
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// Bits of the state. They are set once.
const CLOSED: u32 = 0b1;
const NO_SENDER: u32 = 0b10;
const NO_RECEIVER: u32 = 0b100;
const BROKEN: u32 = 0b1000;

/// How often a process looks again at a lock that is held before it sleeps.
const SPINS: usize = bound(200, 0);
/// How often the maker looks at the process that has the lock while it waits for it.
const LOOK: Duration = Duration::from_millis(20);
/// After so many looks, at each of which it had had time, a process that has the lock violates the protocol.
const MOST_LOOKS: u32 = 500;

/// What became of an item that was to go in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Put {
    Done,
    /// There is no room. With the words to sleep on, if the caller wants to wait.
    Full(Option<Seen>),
    Closed,
    Broken(QueueViolation),
}

/// What became of an attempt to take an item.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum Found {
    /// The form and the bytes of an item.
    Item(u32, Vec<u8>),
    /// There is none. With the words to sleep on, if the caller wants to wait.
    Empty(Option<Seen>),
    Closed,
    Broken(QueueViolation),
}

/// What only the maker has.
struct Maker {
    judge: Judge,
    ledger: Mutex<Ledger>,
}

/// What the maker has done itself. It does not take the guests' word for that.
struct Ledger {
    /// The ends that were sent with tasks that are not over.
    tied: Box<[bool]>,
    /// The kinds of which it has ends.
    kinds: Vec<Kind>,
    is_closed: bool,
}

/// A process's side of a queue. All its threads use the same one.
pub struct QueueSide {
    segment: Segment<QueueWords>,
    shape: Shape,
    /// This process in the lock and in the ends.
    me: u32,
    /// The threads of this process take turns.
    turn: Mutex<()>,
    /// `None`: this process is a guest.
    maker: Option<Maker>,
    /// Event words that no other process can write, for the maker's threads. Of receivers, of senders.
    own: [Event; 2],
    /// The violation that this process knows of; 0: none.
    broken: AtomicU32,
}

/// The index of a kind's own event: receivers wait for arrivals, senders for departures.
fn index(kind: Kind) -> usize {
    match kind {
        Kind::Receiver => 0,
        Kind::Sender => 1,
    }
}

fn gone(kind: Kind) -> u32 {
    match kind {
        Kind::Sender => NO_SENDER,
        Kind::Receiver => NO_RECEIVER,
    }
}

impl QueueSide {
    /// The maker's side, with one end of each kind. The memory is new, and has the shape's arena.
    pub fn make(segment: Segment<QueueWords>, shape: Shape, me: u32, judge: Judge) -> Self {
        segment.ends().set_makers(&Kind::BOTH);
        let ledger = Mutex::new(Ledger {
            tied: vec![false; ENTRIES].into_boxed_slice(),
            kinds: Kind::BOTH.to_vec(),
            is_closed: false,
        });
        Self::new(segment, shape, me, Some(Maker { judge, ledger }))
    }

    /// The side of a guest, which takes its ends with [`accept`](Self::accept).
    pub fn join(segment: Segment<QueueWords>, shape: Shape, me: u32) -> Self {
        Self::new(segment, shape, me, None)
    }

    fn new(segment: Segment<QueueWords>, shape: Shape, me: u32, maker: Option<Maker>) -> Self {
        Self {
            segment,
            shape,
            me,
            turn: Mutex::new(()),
            maker,
            own: [Event::new(), Event::new()],
            broken: AtomicU32::new(0),
        }
    }

    /// Puts an item in, if there is room. `waits`: the caller sleeps if there is none.
    ///
    /// # Panics
    ///
    /// If the item is longer than the shape says.
    pub fn put(&self, form: u32, bytes: &[u8], waits: bool) -> Put {
        assert!(bytes.len() as u64 <= self.shape.item_bytes, "too long");
        let words = &*self.segment;
        let turn = self.turn.lock();
        if let Err(violation) = self.take_lock() {
            return Put::Broken(violation);
        }
        let end = CLOSED | NO_RECEIVER;
        let (put, len) = match self.positions() {
            _ if self.has_state(end) => return self.give_back(Put::Closed),
            Err(violation) => return self.give_back(Put::Broken(self.violated(violation))),
            Ok((put, got)) => (put, put - got),
        };
        if len == self.shape.bound {
            let seen = waits.then(|| self.announce(Kind::Sender));
            // The state again: it may have changed before this thread announced itself.
            let closed = waits && self.has_state(end);
            return self.give_back(if closed { Put::Closed } else { Put::Full(seen) });
        }
        let Some(slot) = self.segment.region(self.shape.slot(put)) else {
            return self.give_back(Put::Broken(self.violated(QueueViolation::Positions)));
        };
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&(bytes.len() as u32).to_ne_bytes());
        head[4..].copy_from_slice(&form.to_ne_bytes());
        slot.write(0, &head);
        slot.write(HEAD, bytes);
        // CRASH: before it there is no item, after it there is one. The sleepers are owed a wake until `wake`.
        // ORDERING: queue.put Release -> pairs with queue.put-look: the slot.
        words.put.store(put.wrapping_add(1), Release);
        let wakes = self.notify(Kind::Receiver);
        let done = self.give_back(Put::Done);
        drop(turn);
        self.wake(Kind::Receiver, wakes);
        done
    }

    /// Takes the oldest item, if there is one. `waits`: the caller sleeps if there is none.
    pub fn get(&self, waits: bool) -> Found {
        let words = &*self.segment;
        let turn = self.turn.lock();
        if let Err(violation) = self.take_lock() {
            return Found::Broken(violation);
        }
        let (put, got) = match self.positions() {
            Ok(positions) => positions,
            Err(violation) => return self.give_back(Found::Broken(self.violated(violation))),
        };
        if put == got {
            let seen = waits.then(|| self.announce(Kind::Receiver));
            // After this thread has announced itself: what changes the state later counts an event.
            let closed = self.has_state(CLOSED | NO_SENDER);
            return self.give_back(if closed {
                Found::Closed
            } else {
                Found::Empty(seen)
            });
        }
        let slot = self.segment.region(self.shape.slot(got));
        let Some((form, bytes)) = slot.and_then(|slot| self.read(slot)) else {
            return self.give_back(Found::Broken(self.violated(QueueViolation::Length)));
        };
        // CRASH: before it the item stays, after it the item dies with this process.
        // ORDERING: queue.get Release -> pairs with queue.got-look: the slot has been read.
        words.got.store(got.wrapping_add(1), Release);
        let wakes = self.notify(Kind::Sender);
        let found = self.give_back(Found::Item(form, bytes));
        drop(turn);
        self.wake(Kind::Sender, wakes);
        found
    }

    /// Copies an item out of its slot. `None`: its length is impossible.
    fn read(&self, slot: Region<'_>) -> Option<(u32, Vec<u8>)> {
        let mut head = [MaybeUninit::uninit(); HEAD];
        let head = slot.read(0, &mut head);
        let (len, form) = head.split_first_chunk::<4>()?;
        let len = u32::from_ne_bytes(*len) as usize;
        let form = u32::from_ne_bytes(form.try_into().ok()?);
        if len as u64 > self.shape.item_bytes || len > slot.len() - HEAD {
            return None;
        }
        let mut bytes = Vec::with_capacity(len);
        slot.read(HEAD, &mut bytes.spare_capacity_mut()[..len]);
        // SAFETY: that many bytes have just been written.
        unsafe { bytes.set_len(len) };
        Some((form, bytes))
    }

    /// Sleeps until there was an event for ends of this kind since `seen`. False: the deadline passed first.
    pub fn sleep(&self, kind: Kind, seen: Seen, deadline: Option<Instant>) -> bool {
        let shared = self.event(kind);
        // WAKE: the other ends are `wake`, after an item, and `wake_all`.
        while !self.has_changed(kind, seen) {
            let slept = match self.maker {
                Some(_) => {
                    let own = &self.own[index(kind)];
                    let words = [
                        Watched::shared(shared.word(), seen.shared),
                        Watched::own(own.word(), seen.own),
                    ];
                    futex::wait_any(&words, deadline)
                }
                None => futex::wait_shared(shared.word(), seen.shared, deadline),
            };
            if slept == FutexWait::TimedOut {
                return false;
            }
        }
        true
    }

    /// Was there an event since `seen`?
    pub fn has_changed(&self, kind: Kind, seen: Seen) -> bool {
        let own = &self.own[index(kind)];
        self.event(kind).has_changed(seen.shared) || own.has_changed(seen.own)
    }

    /// Closes the queue: no further item goes in.
    pub fn close(&self) {
        if let Some(maker) = &self.maker {
            maker.ledger.lock().is_closed = true;
        }
        self.set_state(CLOSED);
    }

    /// The maker drops its last end of this kind.
    pub fn unmake(&self, kind: Kind) {
        if let Some(maker) = &self.maker {
            let mut ledger = maker.ledger.lock();
            ledger.kinds.retain(|&other| other != kind);
            self.segment.ends().set_makers(&ledger.kinds);
        }
        self.note_gone(kind);
    }

    /// The maker sends an end with a task, while it has one of this kind. `None`: too many are under way.
    pub fn offer(&self, kind: Kind) -> Option<usize> {
        let tied = &mut self.maker.as_ref()?.ledger.lock().tied;
        let index = self.segment.ends().offer(kind, |index| !tied[index])?;
        tied[index] = true;
        Some(index)
    }

    /// The task that the maker has sent an end with is over.
    pub fn untie(&self, index: usize, kind: Kind) {
        if let Some(maker) = &self.maker {
            let mut ledger = maker.ledger.lock();
            self.segment.ends().untie(index);
            ledger.tied[index] = false;
        }
        self.note_gone(kind);
    }

    /// A guest takes the end that came with its task. False: it is not there.
    #[must_use]
    pub fn accept(&self, index: usize, kind: Kind) -> bool {
        self.segment.ends().accept(index, kind, self.me)
    }

    /// A guest drops its last handle of an end.
    pub fn leave(&self, index: usize, kind: Kind) {
        self.segment.ends().leave(index, self.me);
        self.note_gone(kind);
    }

    /// The maker learns that a guest is dead, and the guest's process id has not come again yet. Never blocks.
    pub fn recover(&self, dead: u32) {
        let Some(maker) = &self.maker else {
            return;
        };
        let _: Freed = self.segment.lock.free_of(dead);
        let is_closed = {
            let ledger = maker.ledger.lock();
            let judge = |holder| (maker.judge)(holder, &mut 0);
            let ends = self.segment.ends();
            // The dead process may have written over this word.
            ends.set_makers(&ledger.kinds);
            ends.abandon(dead, |index| ledger.tied[index], judge);
            ledger.is_closed
        };
        if is_closed {
            self.set_state(CLOSED);
        }
        for kind in Kind::BOTH {
            self.note_gone(kind);
        }
        self.wake_all();
    }

    /// Has the queue ends, in any process?
    pub fn has_ends(&self) -> bool {
        let ends = self.segment.ends();
        Kind::BOTH.into_iter().any(|kind| ends.any(kind))
    }

    /// How many items are in the queue at this moment. A hint.
    pub fn len(&self) -> u64 {
        let words = &*self.segment;
        // ORDERING: queue.len Relaxed: a hint.
        let got = words.got.load(Relaxed);
        // ORDERING: queue.len-put Relaxed: as above.
        let put = words.put.load(Relaxed);
        put.wrapping_sub(got).min(self.shape.bound)
    }

    pub fn shape(&self) -> Shape {
        self.shape
    }

    pub fn id(&self) -> u64 {
        self.segment.id()
    }

    /// Takes the lock. The thread has its process's turn.
    ///
    /// # Errors
    ///
    /// The queue is broken.
    fn take_lock(&self) -> Result<(), QueueViolation> {
        let lock = &self.segment.lock;
        let mut spins = SPINS;
        let mut watch = Suspicion::default();
        loop {
            self.check_broken()?;
            let Err(held) = lock.try_take(self.me) else {
                return Ok(());
            };
            if spins > 0 {
                spins -= 1;
                hint::spin_loop();
                continue;
            }
            let Some(held) = lock.announce(held) else {
                continue;
            };
            let look = self
                .maker
                .as_ref()
                .and_then(|_| Instant::now().checked_add(LOOK));
            // WAKE: the other ends are `give_back` and `wake_all`.
            let slept = futex::wait_shared(lock.word(), held, look);
            if let Some(maker) = &self.maker
                && slept == FutexWait::TimedOut
            {
                self.suspect(maker, held, &mut watch)?;
            }
        }
    }

    /// Looks at the process that has the lock, which the maker has waited for.
    #[cold]
    fn suspect(
        &self,
        maker: &Maker,
        held: u32,
        watch: &mut Suspicion,
    ) -> Result<(), QueueViolation> {
        let Some(holder) = Lock::holder(held) else {
            return Ok(());
        };
        if watch.held != held {
            *watch = Suspicion {
                held,
                ..Suspicion::default()
            };
        }
        match (maker.judge)(holder, &mut watch.judge) {
            // A guest that died is recovered by its pool. This is no guest: another process has written over the word.
            Holder::Gone => self.recover(holder),
            Holder::Delayed => {}
            Holder::Alive => watch.looks += 1,
        }
        if watch.looks > MOST_LOOKS {
            return Err(self.violated(QueueViolation::Holder));
        }
        Ok(())
    }

    /// Gives the lock back, and wakes the processes that wait for it.
    fn give_back<R>(&self, outcome: R) -> R {
        let lock = &self.segment.lock;
        if lock.release() {
            // CRASH: a process that dies here owes the wake; recovery wakes all.
            // WAKE: the other end is `take_lock`.
            futex::wake_all_shared(lock.word());
        }
        outcome
    }

    /// The positions, put and got. The lock is held.
    fn positions(&self) -> Result<(u64, u64), QueueViolation> {
        let words = &*self.segment;
        // ORDERING: queue.put-look Acquire -> pairs with queue.put: the slot, if its process died before it gave the lock back.
        let put = words.put.load(Acquire);
        // ORDERING: queue.got-look Acquire -> pairs with queue.get: the slot has been read, as above.
        let got = words.got.load(Acquire);
        if put.wrapping_sub(got) > self.shape.bound {
            return Err(QueueViolation::Positions);
        }
        // Honest positions do not wrap.
        if put < got {
            return Err(QueueViolation::Positions);
        }
        Ok((put, got))
    }

    fn has_state(&self, bits: u32) -> bool {
        // ORDERING: queue.state Relaxed: after queue_event.announce, or under the lock.
        self.segment.state.load(Relaxed) & bits != 0
    }

    /// Sets bits of the state, and wakes all that wait for items or room.
    fn set_state(&self, bits: u32) {
        // CRASH: a process that dies from here on owes the wake; recovery wakes all.
        // ORDERING: queue.set Release -> pairs with queue_event.announce, through queue_event.count.
        if self.segment.state.fetch_or(bits, Release) & bits != bits {
            self.wake_all();
        }
    }

    /// Sets the state if no end of this kind is left. The caller has taken one away.
    fn note_gone(&self, kind: Kind) {
        if !self.segment.ends().any(kind) {
            self.set_state(gone(kind));
        }
    }

    fn check_broken(&self) -> Result<(), QueueViolation> {
        // ORDERING: queue.broken Relaxed: it publishes nothing else.
        if let Some(violation) = QueueViolation::of(self.broken.load(Relaxed)) {
            return Err(violation);
        }
        if self.has_state(BROKEN) {
            return Err(self.violated(QueueViolation::Reported));
        }
        Ok(())
    }

    /// Marks the queue as broken, here and for all others, and wakes all that wait.
    #[cold]
    fn violated(&self, violation: QueueViolation) -> QueueViolation {
        // ORDERING: queue.break Relaxed: it publishes nothing else.
        self.broken.store(violation.code(), Relaxed);
        // ORDERING: queue.break-state Release -> as queue.set.
        self.segment.state.fetch_or(BROKEN, Release);
        self.wake_all();
        violation
    }

    fn event(&self, kind: Kind) -> &Event {
        match kind {
            Kind::Receiver => &self.segment.arrivals,
            Kind::Sender => &self.segment.departures,
        }
    }

    /// This thread is about to sleep for an end of this kind. The lock is held.
    fn announce(&self, kind: Kind) -> Seen {
        Seen {
            own: self.own[index(kind)].announce(),
            shared: self.event(kind).announce(),
        }
    }

    /// Counts an event for ends of this kind, where a thread waits. Says for which words threads have to be woken: the shared one,
    /// this process's own. The lock is held.
    fn notify(&self, kind: Kind) -> (bool, bool) {
        (
            self.event(kind).notify(),
            self.maker.is_some() && self.own[index(kind)].notify(),
        )
    }

    /// Wakes the threads that wait for ends of this kind.
    fn wake(&self, kind: Kind, (shared, own): (bool, bool)) {
        if shared {
            // WAKE: the other end is `sleep`, in any process.
            futex::wake_all_shared(self.event(kind).word());
        }
        if own {
            // WAKE: the other end is `sleep`, in this process.
            futex::wake_all(self.own[index(kind)].word());
        }
    }

    /// Counts an event on each side and wakes all threads that sleep for the queue.
    fn wake_all(&self) {
        for kind in Kind::BOTH {
            self.event(kind).count();
            self.own[index(kind)].count();
            self.wake(kind, (true, self.maker.is_some()));
        }
        // WAKE: the other end is `take_lock`.
        futex::wake_all_shared(self.segment.lock.word());
    }
}

/// What the maker knows of a process that has had the lock for long.
#[derive(Default)]
struct Suspicion {
    /// The word of the lock then.
    held: u32,
    /// How often it was found with the lock after it had had time.
    looks: u32,
    /// The judge's own.
    judge: u64,
}

/// For checkers: a process that writes over the queue's memory.
#[cfg(any(raddle_loom, raddle_shuttle))]
impl QueueSide {
    /// Overwrites the positions.
    pub fn spoil_positions(&self, put: u64, got: u64) {
        // ORDERING: queue.spoil-put Relaxed: the protocol relies on no order of it.
        self.segment.put.store(put, Relaxed);
        // ORDERING: queue.spoil-got Relaxed: as above.
        self.segment.got.store(got, Relaxed);
    }
}
