//! The work-stealing deque of one worker: bounded, preallocated, one word.
//!
//! # The word
//! One `AtomicU64`: `back` (16 bits, at the top), `removals` (32 bits), `front` (16 bits). Items lie in
//! `slots[front .. back]`, indices modulo the capacity. `removals` counts every removal, so that a
//! word that comes back to the same indices is still another word.
//!
//! # Owners
//! The owner (whoever holds the worker's core) pushes and pops at the back and may pop at the
//! front; thieves take half from the front. A slot outside of `front .. back` is the owner's to
//! write. A taker reads slots *before* its exchange; the exchange succeeding proves that nothing
//! was removed meanwhile, so what was read was there.
//!
//! # Transitions
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | write slot, `back + 1` | owner | [`Deque::push`], [`Deque::push_many`] | AcqRel |
//! | `back - 1` | owner | [`Deque::pop_back`] | Relaxed |
//! | `front + 1` | owner | [`Deque::pop_front`] | Relaxed |
//! | `front + n` | thief | [`Deque::steal_into`] | Release |
//! | `back + n - 1` of its own | thief | [`Deque::steal_into`] | AcqRel |
//! | add zero | who is about to sleep | [`Deque::look`] | Release |
//!
//! Every write to the word is a read-modify-write, so a worker that announces its sleep and then
//! looks, and a pusher that pushes and then looks for sleepers, cannot both miss the other.
//! Guarantees: each item comes out exactly once; lock-free, `push` wait-free.
//! Models: `verify/models/deque.rs`.

use super::slots::Slots;
use crate::sync;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

/// Items that a worker may have of its own; more go to the pool's injector. 32 KiB of slots. Under a model the
/// fewest with which a thief takes more than one.
pub const CAPACITY: usize = sync::bound(4096, 4);
/// The most that one theft takes.
const THEFT: usize = sync::bound(256, 2);

const BACK: u32 = 48;
const REMOVALS: u32 = 16;

/// A copy of the word.
#[derive(Clone, Copy)]
struct Indices(u64);

impl Indices {
    fn front(self) -> u16 {
        self.0 as u16
    }

    fn back(self) -> u16 {
        (self.0 >> BACK) as u16
    }

    fn len(self) -> usize {
        usize::from(self.back().wrapping_sub(self.front()))
    }

    fn without_front(self, count: usize) -> u64 {
        let front = self.front().wrapping_add(count as u16);
        (self.0 & !0xffff | u64::from(front)).wrapping_add(1 << REMOVALS) & !(0xffff << BACK)
            | u64::from(self.back()) << BACK
    }

    fn without_back(self) -> u64 {
        let back = self.back().wrapping_sub(1);
        self.0.wrapping_add(1 << REMOVALS) & !(0xffff << BACK) | u64::from(back) << BACK
    }
}

/// See the module. Holds pointers, and does not own what they point to.
pub struct Deque<T> {
    word: CachePadded<AtomicU64>,
    slots: Slots<T, CAPACITY>,
}

impl<T> Deque<T> {
    pub fn new() -> Self {
        Self::with(Slots::new())
    }

    /// So many, with their slots in one piece of memory.
    pub fn many(count: usize) -> impl Iterator<Item = Self> {
        Slots::many(count).map(Self::with)
    }

    fn with(slots: Slots<T, CAPACITY>) -> Self {
        Self {
            word: CachePadded::new(AtomicU64::new(0)),
            slots,
        }
    }

    /// As after so many pushes and pops: for models of what happens when an index wraps around.
    #[cfg(any(raddle_loom, raddle_shuttle))]
    pub fn starting_at(index: u16, removals: u32) -> Self {
        let index = u64::from(index);
        let word = index << BACK | u64::from(removals) << REMOVALS | index;
        Self {
            word: CachePadded::new(AtomicU64::new(word)),
            ..Self::new()
        }
    }

    fn slot(&self, index: u16) -> &AtomicPtr<T> {
        &self.slots[usize::from(index) % CAPACITY]
    }

    fn indices(&self) -> Indices {
        // ORDERING: deque.load Acquire -> pairs with deque.push: the slots up to `back`; and with
        // deque.steal: a slot that a thief has left is read before the owner writes it again.
        Indices(self.word.load(Acquire))
    }

    /// How many items there are, at some moment.
    pub fn len(&self) -> usize {
        // ORDERING: deque.len Relaxed: a number to decide by, not to read slots by.
        Indices(self.word.load(Relaxed)).len()
    }

    /// Where the back stands, for [`Deque::len_above`].
    pub fn back(&self) -> u16 {
        // ORDERING: deque.back Relaxed: only the owner moves the back, and it is the owner who asks.
        Indices(self.word.load(Relaxed)).back()
    }

    /// The owner: how many items lie above `mark`, an earlier [`Deque::back`].
    pub fn len_above(&self, mark: u16) -> usize {
        // ORDERING: deque.above Relaxed: as deque.back.
        let now = Indices(self.word.load(Relaxed));
        let above = now.back().wrapping_sub(mark);
        // Thieves may have passed the mark; the back may have been taken below it.
        if above > u16::MAX / 2 {
            0
        } else {
            usize::from(above).min(now.len())
        }
    }

    /// The owner adds an item; gives it back if there is no room.
    #[inline]
    pub fn push(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        let now = self.indices();
        if now.len() >= CAPACITY {
            return Err(item);
        }
        // ORDERING: deque.slot Relaxed: published by deque.push.
        self.slot(now.back()).store(item.as_ptr(), Relaxed);
        // ORDERING: deque.push AcqRel -> release pairs with deque.load in a thief: the slot and the
        // item; acquire pairs with deque.look: whoever looked before us had announced its sleep.
        self.word.fetch_add(1 << BACK, AcqRel);
        Ok(())
    }

    /// The owner adds items in one step, as many as there is room for, taken from `next`.
    pub fn push_many(&self, limit: usize, mut next: impl FnMut() -> Option<NonNull<T>>) -> usize {
        let now = self.indices();
        let room = (CAPACITY - now.len()).min(limit);
        let mut count = 0;
        while count < room {
            let Some(item) = next() else { break };
            // ORDERING: deque.slots Relaxed: published by deque.push-many.
            self.slot(now.back().wrapping_add(count as u16))
                .store(item.as_ptr(), Relaxed);
            count += 1;
        }
        if count > 0 {
            // ORDERING: deque.push-many AcqRel -> both as deque.push.
            self.word.fetch_add((count as u64) << BACK, AcqRel);
        }
        count
    }

    /// The owner takes its newest item.
    #[inline]
    pub fn pop_back(&self) -> Option<NonNull<T>> {
        // ORDERING: deque.pop-look Relaxed: the exchange below decides; the slots are the owner's.
        let mut now = Indices(self.word.load(Relaxed));
        while now.len() > 0 {
            // ORDERING: deque.pop-back Relaxed: nothing is passed on: a thief that does not know of it fails in its
            // exchange, and one that does acquires the pushes before it, whose release sequence goes on here.
            match self
                .word
                .compare_exchange(now.0, now.without_back(), Relaxed, Relaxed)
            {
                Ok(_) => {
                    // ORDERING: deque.own-slot Relaxed: the owner wrote it.
                    return NonNull::new(self.slot(now.back().wrapping_sub(1)).load(Relaxed));
                }
                Err(seen) => now = Indices(seen),
            }
        }
        None
    }

    /// The owner takes its oldest item.
    #[inline]
    pub fn pop_front(&self) -> Option<NonNull<T>> {
        // ORDERING: deque.front-look Relaxed: as deque.pop-look.
        let mut now = Indices(self.word.load(Relaxed));
        while now.len() > 0 {
            // ORDERING: deque.front-slot Relaxed: the owner wrote it.
            let item = self.slot(now.front()).load(Relaxed);
            // ORDERING: deque.pop-front Relaxed: as deque.pop-back.
            match self
                .word
                .compare_exchange(now.0, now.without_front(1), Relaxed, Relaxed)
            {
                Ok(_) => return NonNull::new(item),
                Err(seen) => now = Indices(seen),
            }
        }
        None
    }

    /// A thief takes the older half: the oldest for itself, the others into its own deque. The
    /// second number is how many in all. `None`: nothing there, or somebody was faster.
    pub fn steal_into(&self, own: &Self) -> Option<(NonNull<T>, usize)> {
        let now = self.indices();
        if now.len() == 0 {
            return None;
        }
        let mine = own.indices();
        let room = CAPACITY - mine.len() + 1;
        let count = now.len().div_ceil(2).min(THEFT).min(room);
        // ORDERING: deque.steal-first Relaxed: ordered by deque.load and proved by deque.steal.
        let first = self.slot(now.front()).load(Relaxed);
        for offset in 1..count as u16 {
            // ORDERING: deque.steal-slot Relaxed: as deque.steal-first.
            let item = self.slot(now.front().wrapping_add(offset)).load(Relaxed);
            // ORDERING: deque.steal-copy Relaxed: published by deque.steal-keep.
            own.slot(mine.back().wrapping_add(offset - 1))
                .store(item, Relaxed);
        }
        // ORDERING: deque.steal Release -> pairs with deque.load in the owner: our reads of the slots come before it
        // writes them again. The items were acquired by deque.load: the word is still the one that it read.
        self.word
            .compare_exchange(now.0, now.without_front(count), Release, Relaxed)
            .ok()?;
        if count > 1 {
            // ORDERING: deque.steal-keep AcqRel -> both as deque.push.
            own.word.fetch_add((count as u64 - 1) << BACK, AcqRel);
        }
        NonNull::new(first).map(|first| (first, count))
    }

    /// For a worker that has announced its sleep: is there an item? Unlike [`Deque::len`] it cannot
    /// miss a push whose pusher did not see the announcement.
    pub fn look(&self) -> bool {
        // ORDERING: deque.look Release -> pairs with deque.push, deque.push-many and deque.steal-keep: our
        // announcement. An addition of zero, so that it reads the newest word. Whoever takes the item acquires it.
        Indices(self.word.fetch_add(0, Release)).len() > 0
    }
}
