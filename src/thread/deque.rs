//! The work-stealing deque of one worker: a bounded, preallocated ring of pointers, governed by one word.
//!
//! It descends from Chase & Lev, "Dynamic Circular Work-Stealing Deque", and Lê et al., "Correct and Efficient
//! Work-Stealing for Weak Memory Models". Unlike theirs it keeps both ends in one word, and a theft takes several items.
//!
//! # The word
//! One `AtomicU64`. All three fields change in one step.
//!
//! | bits | field | meaning |
//! |---|---|---|
//! | 48 to 63 | `back` | the index that the owner writes next |
//! | 16 to 47 | `removals` | how many removals there have been, by owner and thieves |
//! | 0 to 15 | `front` | the index of the oldest item |
//!
//! The items are in `slots[front .. back]`, indices modulo the capacity. `removals` makes the word differ when both
//! indices return to earlier values.
//!
//! # Owners
//! The owner is the thread that holds the worker's token. It pushes and pops at the back, may pop at the front, and
//! is the only one to write slots, which it does outside of `front .. back`. Thieves take the older half from the front.
//!
//! A thief reads the slots *before* its exchange. If the exchange succeeds, nothing was removed in between, so the
//! thief has read the items that were there. If it fails, the thief discards what it read. Slots are therefore
//! atomics, accessed Relaxed: a thief may read a slot while the owner writes it again.
//!
//! # Transitions
//! | change | by | method | ordering | publishes |
//! |---|---|---|---|---|
//! | write slots, then `back + n` | owner | [`Deque::push`], [`Deque::push_many`] | AcqRel | slots and items |
//! | `back - 1`, `removals + 1` | owner | [`Deque::pop_back`] | Relaxed | nothing |
//! | `front + 1`, `removals + 1` | owner | [`Deque::pop_front`] | Relaxed | nothing |
//! | `front + n`, `removals + 1` | thief | [`Deque::steal_into`] | Release | that the slots have been read |
//! | `back + n - 1` of its own deque | thief | [`Deque::steal_into`] | AcqRel | the stolen items, to the next thief |
//! | add zero | a worker that has announced a park | [`Deque::look`] | Release | the announcement |
//!
//! Every write to the word is a read-modify-write. A worker announces its park and then looks; a pusher pushes and then
//! looks for sleepers. So one of them sees the other (`docs/protocols/idle.md`).
//!
//! # Guarantees
//! Each item comes out exactly once. `push` is wait-free, the other methods are lock-free.
//! Models: `verify/src/scenarios/deque.rs`.

use super::slots::Slots;
use crate::sync;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ptr::NonNull;

/// How many items a deque holds; a worker puts further ones into the pool's injector. The slots take 32 KiB. Under a
/// model it is the smallest capacity with which a theft takes more than one item.
pub const CAPACITY: usize = sync::bound(4096, 4);
/// The most items that one theft takes.
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

/// See the module. It holds pointers and does not own what they point to.
pub struct Deque<T> {
    word: CachePadded<AtomicU64>,
    slots: Slots<T, CAPACITY>,
}

impl<T> Deque<T> {
    pub fn new() -> Self {
        Self::with(Slots::new())
    }

    /// `count` deques, with their slots in one piece of memory.
    pub fn many(count: usize) -> impl Iterator<Item = Self> {
        Slots::many(count).map(Self::with)
    }

    fn with(slots: Slots<T, CAPACITY>) -> Self {
        Self {
            word: CachePadded::new(AtomicU64::new(0)),
            slots,
        }
    }

    /// An empty deque in the state after many pushes and pops: for models in which an index wraps around.
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
        // deque.steal: a thief's reads of a slot come before the owner writes it again.
        Indices(self.word.load(Acquire))
    }

    /// How many items there are. Another thread may change it at once.
    pub fn len(&self) -> usize {
        // ORDERING: deque.len Relaxed: the caller decides by the number and reads no slot by it.
        Indices(self.word.load(Relaxed)).len()
    }

    /// The owner: the index of the back, as a mark for [`Deque::len_above`].
    pub fn back(&self) -> u16 {
        // ORDERING: deque.back Relaxed: only the owner moves the back, and the owner is the caller.
        Indices(self.word.load(Relaxed)).back()
    }

    /// The owner: how many items were pushed above `mark`, an earlier [`Deque::back`], and are still there.
    pub fn len_above(&self, mark: u16) -> usize {
        // ORDERING: deque.above Relaxed: as deque.back.
        let now = Indices(self.word.load(Relaxed));
        let above = now.back().wrapping_sub(mark);
        // Thieves may have moved the front past the mark, and the owner may have popped the back below it.
        if above > u16::MAX / 2 {
            0
        } else {
            usize::from(above).min(now.len())
        }
    }

    /// The owner adds an item. `Err` returns it: the deque is full.
    #[inline]
    pub fn push(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        let now = self.indices();
        if now.len() >= CAPACITY {
            return Err(item);
        }
        // ORDERING: deque.slot Relaxed: published by deque.push.
        self.slot(now.back()).store(item.as_ptr(), Relaxed);
        // ORDERING: deque.push AcqRel -> release pairs with deque.load in a thief: the slot and the
        // item; acquire pairs with deque.look: a worker that looked before us had announced its park.
        self.word.fetch_add(1 << BACK, AcqRel);
        Ok(())
    }

    /// The owner adds items from `next` in one step: at most `limit`, and no more than fit. Returns how many.
    pub fn push_many(&self, limit: usize, mut next: impl FnMut() -> Option<NonNull<T>>) -> usize {
        let now = self.indices();
        let free = (CAPACITY - now.len()).min(limit);
        let mut count = 0;
        while count < free {
            let Some(item) = next() else { break };
            // ORDERING: deque.slots Relaxed: published by deque.push-many.
            self.slot(now.back().wrapping_add(count as u16))
                .store(item.as_ptr(), Relaxed);
            count += 1;
        }
        if count > 0 {
            // ORDERING: deque.push-many AcqRel -> both as deque.push: they pair with deque.load and deque.look.
            self.word.fetch_add((count as u64) << BACK, AcqRel);
        }
        count
    }

    /// The owner takes its newest item.
    #[inline]
    pub fn pop_back(&self) -> Option<NonNull<T>> {
        // ORDERING: deque.pop-look Relaxed: the exchange below decides, and the owner wrote the slots itself.
        let mut now = Indices(self.word.load(Relaxed));
        while now.len() > 0 {
            // ORDERING: deque.pop-back Relaxed: it publishes nothing. A thief that has not seen it fails in its exchange. One
            // that has seen it acquires the pushes before it, since their release sequence continues here.
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

    /// A thief takes the older half: at most [`THEFT`] items, and no more than its own deque `own` has space for. The
    /// oldest item is returned, the others go into `own`; the number is how many there are in all. `None`: the deque
    /// is empty, or another thread changed it in between.
    pub fn steal_into(&self, own: &Self) -> Option<(NonNull<T>, usize)> {
        let now = self.indices();
        if now.len() == 0 {
            return None;
        }
        let mine = own.indices();
        let free = CAPACITY - mine.len() + 1;
        let count = now.len().div_ceil(2).min(THEFT).min(free);
        // ORDERING: deque.steal-first Relaxed: deque.load comes before it, and deque.steal proves that the slot was unchanged.
        let first = self.slot(now.front()).load(Relaxed);
        for offset in 1..count as u16 {
            // ORDERING: deque.steal-slot Relaxed: as deque.steal-first.
            let item = self.slot(now.front().wrapping_add(offset)).load(Relaxed);
            // ORDERING: deque.steal-copy Relaxed: published by deque.steal-keep.
            own.slot(mine.back().wrapping_add(offset - 1))
                .store(item, Relaxed);
        }
        // ORDERING: deque.steal Release -> pairs with deque.load in the owner: our reads of the slots come before it
        // writes them again. deque.load has acquired the items, since the word is still the one that it read.
        self.word
            .compare_exchange(now.0, now.without_front(count), Release, Relaxed)
            .ok()?;
        if count > 1 {
            // ORDERING: deque.steal-keep AcqRel -> both as deque.push: they pair with deque.load and deque.look.
            own.word.fetch_add((count as u64 - 1) << BACK, AcqRel);
        }
        NonNull::new(first).map(|first| (first, count))
    }

    /// For a worker that has announced its park ([`Sleepers::announce_park`](super::idle::Sleepers::announce_park)): is there an
    /// item? Unlike [`Deque::len`] it cannot miss a push whose pusher did not see the announcement.
    pub fn look(&self) -> bool {
        // ORDERING: deque.look Release -> pairs with deque.push, deque.push-many and deque.steal-keep: our
        // announcement. It adds zero, so that it reads the newest word. The thread that takes the item acquires it.
        Indices(self.word.fetch_add(0, Release)).len() > 0
    }
}
