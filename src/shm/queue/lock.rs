//! The lock of a queue: one word, which names the process that has it.
//!
//! # The word
//! | bits | hold |
//! |---|---|
//! | 0 to 21 | the holder's process id; 0: the lock is free |
//! | 22 | `WAITERS`: a process sleeps until the lock is free, or is about to |
//! | 23 to 31 | how often the lock was taken; it wraps |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | free | held, counted | a process | [`Lock::try_take`] | Acquire |
//! | held | held, with waiters | a process that waits | [`Lock::announce`] | Relaxed |
//! | held | free | the holder | [`Lock::release`] | Release |
//! | held by a dead process | free | the maker | [`Lock::free_of`] | Release |
//!
//! The threads of one process take turns before they come here, so the process id says enough.
//!
//! # Why no wake is lost
//! A waiter sleeps only while the word is what [`Lock::announce`] returned, with `WAITERS` set. Each step that frees the lock
//! changes the word, and says whether there were waiters. All of them are woken. `// CRASH:` a holder that dies between the release and the
//! wake owes it to them; [`QueueSide::recover`](super::QueueSide::recover) wakes them.
//!
//! Blocking: a process that stops while it holds the lock holds up the others until it goes on or dies.

use crate::sync::atomic::{AtomicU32, Ordering::*};

const HOLDER: u32 = 0x003f_ffff;
const WAITERS: u32 = 0x0040_0000;
/// The lowest bit of the count.
const TAKEN: u32 = 0x0080_0000;
const COUNT: u32 = !(HOLDER | WAITERS);

/// What the maker knows of a process that has the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    /// It is no process that can have it.
    Gone,
    /// It is alive, and has had time to give the lock back.
    Alive,
    /// It is alive, and stopped, or hardly ran.
    Delayed,
}

/// Judges the process that has the lock. The second argument is for the judge: 0 at the first look at a holder, and then what it left
/// there.
pub type Judge = fn(u32, &mut u64) -> Holder;

/// What [`Lock::free_of`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Freed {
    /// That process did not have the lock.
    No,
    Yes,
}

#[repr(transparent)]
pub struct Lock(AtomicU32);

impl Lock {
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The word, to sleep on and to wake.
    pub fn word(&self) -> &AtomicU32 {
        &self.0
    }

    /// The process that has the lock, by this word. `None`: it is free.
    pub fn holder(word: u32) -> Option<u32> {
        Some(word & HOLDER).filter(|&holder| holder != 0)
    }

    /// Takes the lock, if it is free. `Err`: it is not; the word.
    #[inline]
    pub fn try_take(&self, me: u32) -> Result<(), u32> {
        // ORDERING: queue_lock.look Relaxed: the exchange decides.
        let mut now = self.0.load(Relaxed);
        while now & HOLDER == 0 {
            let taken = (now.wrapping_add(TAKEN) & COUNT) | me;
            // CRASH: the word names the dead process from here on.
            // ORDERING: queue_lock.take Acquire -> pairs with queue_lock.release and queue_lock.free: the slots and the
            // positions.
            match self.0.compare_exchange_weak(now, taken, Acquire, Relaxed) {
                Ok(_) => return Ok(()),
                Err(newer) => now = newer,
            }
        }
        Err(now)
    }

    /// Announces that this process is about to sleep. Returns the word to sleep on. `None`: the lock has changed since `now`.
    pub fn announce(&self, now: u32) -> Option<u32> {
        let announced = now | WAITERS;
        if now == announced {
            return Some(now);
        }
        // ORDERING: queue_lock.announce Relaxed: the word publishes nothing of the waiter's.
        self.0
            .compare_exchange(now, announced, Relaxed, Relaxed)
            .ok()
            .map(|_| announced)
    }

    /// Gives the lock back. True: processes wait for it, and the caller has to wake them.
    #[inline]
    #[must_use]
    pub fn release(&self) -> bool {
        // ORDERING: queue_lock.release Release -> pairs with queue_lock.take: the slots and the positions.
        self.0.fetch_and(COUNT, Release) & WAITERS != 0
    }

    /// Frees the lock if this process, which is dead, has it. The caller wakes all waiters.
    pub fn free_of(&self, dead: u32) -> Freed {
        // ORDERING: queue_lock.look-dead Relaxed: the exchange decides; the dead process writes nothing any more.
        let mut now = self.0.load(Relaxed);
        while now & HOLDER == dead {
            // ORDERING: queue_lock.free Release -> pairs with queue_lock.take: the maker has seen the death, and so all that the dead
            // process wrote.
            match self
                .0
                .compare_exchange_weak(now, now & COUNT, Release, Relaxed)
            {
                Ok(_) => return Freed::Yes,
                Err(newer) => now = newer,
            }
        }
        Freed::No
    }
}
