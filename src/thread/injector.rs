//! Where tasks from outside wait: an unbounded queue that anybody pushes to and any worker pops from.
//!
//! # The words
//! `tail` and `head` positions, each with the block that it stands in. Positions count slots; the
//! last position of each block is no slot but the moment in which the next block is put in place.
//! The lowest bit of `tail` says that the inbox is closed: then no push succeeds ever again.
//!
//! # Owners
//! A push owns the slot whose position it moved the tail over, until it has written it; a pop owns
//! those that it moved the head over. The block goes back to the shelf with the last of its slots.
//!
//! # Transitions
//! | step | by | method | ordering |
//! |---|---|---|---|
//! | `tail + 1`, then write the slot | anybody | [`Injector::push`] | Acquire, slot Release |
//! | `tail + n`, then write the slots | anybody | [`Injector::push_many`] | Acquire, slots Release |
//! | the tail into the next block, then the link to it | who pushed the last | [`Injector::push`] | Release |
//! | `head + n`, then read the slots | any worker | [`Injector::pop_many`] | Relaxed, slots Acquire |
//! | the head along the link | who popped the last | [`Injector::pop_many`] | Release |
//! | close | pool | [`Injector::close`] | Release |
//! | add zero to `tail` | who is about to sleep | [`Injector::look`] | AcqRel |
//!
//! Guarantees: first in, first out as positions go; each item comes out once; a push after `close`
//! fails, a push before it is popped. A pusher that is held up between its two steps holds up only
//! the pops that reach its slot (they spin), and at the end of a block the other pushes. As for the
//! deque, an addition of zero to the tail closes the window between looking and sleeping.
//! Models: `verify/models/injector.rs`.

use crate::sync;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ptr::{self, NonNull};

/// Slots of a block: with its two words 512 bytes.
const SLOTS: usize = sync::bound(62, 2);
/// Positions of a block.
const LAP: u64 = SLOTS as u64 + 1;
/// Blocks on the shelf, ready for use again (1 MiB).
const SHELF: usize = sync::bound(2048, 1);

const CLOSED: u64 = 1;
const ONE: u64 = 2;

struct Block<T> {
    slots: [AtomicPtr<T>; SLOTS],
    next: AtomicPtr<Block<T>>,
    /// Slots that have been read.
    read: AtomicUsize,
}

impl<T> Block<T> {
    fn new() -> Box<Self> {
        Box::new(Self {
            slots: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            next: AtomicPtr::new(ptr::null_mut()),
            read: AtomicUsize::new(0),
        })
    }
}

struct End<T> {
    /// Twice the position; at the tail the lowest bit is `CLOSED`.
    position: AtomicU64,
    block: AtomicPtr<Block<T>>,
}

impl<T> End<T> {
    fn new() -> Self {
        Self {
            position: AtomicU64::new(0),
            block: AtomicPtr::new(ptr::null_mut()),
        }
    }
}

/// See the module. Holds pointers, and does not own what they point to.
pub struct Injector<T> {
    tail: CachePadded<End<T>>,
    head: CachePadded<End<T>>,
    // Boxed, since a block is not moved from its address while it is in use.
    #[allow(clippy::vec_box)]
    shelf: Mutex<Vec<Box<Block<T>>>>,
}

impl<T> Injector<T> {
    pub fn new() -> Self {
        Self {
            tail: CachePadded::new(End::new()),
            head: CachePadded::new(End::new()),
            shelf: Mutex::new(Vec::new()),
        }
    }

    fn fresh_block(&self) -> Box<Block<T>> {
        self.shelf.lock().pop().unwrap_or_else(Block::new)
    }

    fn shelve(&self, mut block: Box<Block<T>>) {
        for slot in &mut block.slots {
            slot.with_mut(|slot| *slot = ptr::null_mut());
        }
        block.next.with_mut(|next| *next = ptr::null_mut());
        block.read.with_mut(|read| *read = 0);
        let mut shelf = self.shelf.lock();
        if shelf.len() < SHELF {
            shelf.push(block);
        }
    }

    /// Adds an item; gives it back if the injector is closed.
    #[inline]
    pub fn push(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        match self.push_some(&[item]) {
            0 => Err(item),
            _ => Ok(()),
        }
    }

    /// Adds items, those of one block in one step. How many: fewer than there are if the injector is closed.
    pub fn push_many(&self, items: &[NonNull<T>]) -> usize {
        let mut count = 0;
        while count < items.len() {
            match self.push_some(&items[count..]) {
                0 => break,
                more => count += more,
            }
        }
        count
    }

    /// Adds as many of the items as the block has room for, in one step. None: the injector is closed.
    #[inline(always)]
    fn push_some(&self, items: &[NonNull<T>]) -> usize {
        let mut next: Option<Box<Block<T>>> = None;
        loop {
            // ORDERING: injector.tail Acquire -> pairs with injector.turn: the block of this position.
            let tail = self.tail.position.load(Acquire);
            if tail & CLOSED != 0 {
                return 0;
            }
            // ORDERING: injector.tail-block Acquire -> pairs with injector.first: its contents.
            let block = self.tail.block.load(Acquire);
            let offset = (tail / ONE % LAP) as usize;
            if offset == SLOTS {
                // Somebody is putting the next block in place.
                sync::hint::spin_loop();
                continue;
            }
            if block.is_null() {
                self.put_first_block();
                continue;
            }
            // One item always has room, which spares `push` the comparison.
            let count = match items.len() {
                1 => 1,
                many => many.min(SLOTS - offset),
            };
            if offset + count == SLOTS && next.is_none() {
                next = Some(self.fresh_block());
            }
            // ORDERING: injector.push Acquire -> pairs with injector.look: whoever looked before had announced its sleep. What
            // others have to see is in the slot, and in the block: injector.turn, whose release sequence goes on here.
            if self
                .tail
                .position
                .compare_exchange(tail, tail + ONE * count as u64, Acquire, Relaxed)
                .is_err()
            {
                sync::hint::spin_loop();
                continue;
            }
            // SAFETY: the exchange proves that the block was still the tail's; it stays until our
            // slots have been read, which is after we write them.
            let block = unsafe { &*block };
            if offset + count == SLOTS {
                let next = Box::into_raw(next.take().expect("prepared above"));
                // ORDERING: injector.next-block Relaxed: published by injector.turn; who sees it sooner fails in its exchange.
                self.tail.block.store(next, Relaxed);
                // ORDERING: injector.turn Release -> pairs with injector.tail: the block and its address.
                self.tail.position.fetch_add(ONE, Release);
                // ORDERING: injector.link Release -> pairs with injector.follow: the block, and that the tail has turned.
                block.next.store(next, Release);
            }
            for (slot, item) in block.slots[offset..offset + count].iter().zip(items) {
                // ORDERING: injector.write Release -> pairs with injector.read: the item.
                slot.store(item.as_ptr(), Release);
            }
            if let Some(unused) = next {
                self.shelve(unused);
            }
            return count;
        }
    }

    #[cold]
    fn put_first_block(&self) {
        let first = Box::into_raw(Block::new());
        // ORDERING: injector.first Release -> pairs with injector.tail-block: the block.
        if self
            .tail
            .block
            .compare_exchange(ptr::null_mut(), first, Release, Relaxed)
            .is_ok()
        {
            // ORDERING: injector.first-head Release -> pairs with injector.head-block: the block.
            self.head.block.store(first, Release);
        } else {
            // SAFETY: made above and given to nobody.
            drop(unsafe { Box::from_raw(first) });
        }
    }

    /// Takes up to `limit` items that lie in one block, oldest first. Returns how many.
    pub fn pop_many(&self, limit: usize, mut each: impl FnMut(NonNull<T>)) -> usize {
        loop {
            // ORDERING: injector.head Acquire -> pairs with injector.head-turn: the block and its address, and that the tail is
            // in it or beyond: an older one would look like a block that is full.
            let head = self.head.position.load(Acquire);
            // ORDERING: injector.head-block Acquire -> pairs with injector.first-head: the block.
            let block = self.head.block.load(Acquire);
            let offset = (head % LAP) as usize;
            // ORDERING: injector.seen Relaxed: positions that are taken stay so; who took one publishes the slot.
            let tail = self.tail.position.load(Relaxed) / ONE;
            if head == tail {
                return 0;
            }
            if offset == SLOTS || block.is_null() {
                sync::hint::spin_loop();
                continue;
            }
            let end = if tail / LAP == head / LAP {
                (tail % LAP) as usize
            } else {
                SLOTS
            };
            let count = limit.min(end.saturating_sub(offset));
            if count == 0 {
                // The tail was read before the head moved past it, or nothing was asked for.
                if limit == 0 {
                    return 0;
                }
                continue;
            }
            // ORDERING: injector.pop Relaxed: the block is still the head's if the exchange succeeds; the release sequence of
            // injector.head-turn goes on here.
            if self
                .head
                .position
                .compare_exchange(head, head + count as u64, Relaxed, Relaxed)
                .is_err()
            {
                sync::hint::spin_loop();
                continue;
            }
            // SAFETY: the exchange proves that the block was still the head's; it stays until the
            // slots that we now own have been read.
            self.read_out(
                unsafe { NonNull::new_unchecked(block) },
                offset,
                count,
                &mut each,
            );
            return count;
        }
    }

    fn read_out(
        &self,
        block: NonNull<Block<T>>,
        offset: usize,
        count: usize,
        each: &mut impl FnMut(NonNull<T>),
    ) {
        // SAFETY: the caller owns slots of it.
        let this = unsafe { block.as_ref() };
        if offset + count == SLOTS {
            let next = loop {
                // ORDERING: injector.follow Acquire -> pairs with injector.link: the block, and that the tail has turned.
                let next = this.next.load(Acquire);
                if !next.is_null() {
                    break next;
                }
                sync::hint::spin_loop();
            };
            // ORDERING: injector.head-next Relaxed: published by injector.head-turn.
            self.head.block.store(next, Relaxed);
            // ORDERING: injector.head-turn Release -> pairs with injector.head: what injector.follow acquired, and the address.
            self.head.position.fetch_add(1, Release);
        }
        for slot in &this.slots[offset..offset + count] {
            let item = loop {
                // ORDERING: injector.read Acquire -> pairs with injector.write: the item.
                match NonNull::new(slot.load(Acquire)) {
                    Some(item) => break item,
                    None => sync::hint::spin_loop(),
                }
            };
            each(item);
        }
        // ORDERING: injector.done AcqRel -> release: our reads are over; acquire: so are everybody's,
        // for the last one, which takes the block.
        if this.read.fetch_add(count, AcqRel) + count == SLOTS {
            // SAFETY: every slot was read, and both ends have moved on.
            self.shelve(unsafe { Box::from_raw(block.as_ptr()) });
        }
    }

    /// From here on every push fails.
    pub fn close(&self) {
        // ORDERING: injector.close Release -> pairs with injector.look: why it was closed. In one order with injector.push: that
        // came before, or fails.
        self.tail.position.fetch_or(CLOSED, Release);
    }

    /// Is it closed, and has everything been taken out? Then nothing will ever come again.
    pub fn is_over(&self) -> bool {
        // ORDERING: injector.over Relaxed: an addition of zero, so that it reads the newest position.
        let tail = self.tail.position.fetch_add(0, Relaxed);
        // ORDERING: injector.over-head Relaxed: an old head makes us look once more, no worse.
        let head = self.head.position.load(Relaxed);
        tail & CLOSED != 0 && Self::between(head, tail / ONE) == 0
    }

    /// How many items there are, at some moment; never fewer than have been pushed and not popped
    /// by this thread.
    pub fn len(&self) -> usize {
        // ORDERING: injector.len-head Relaxed: a number to decide by.
        let head = self.head.position.load(Relaxed);
        // ORDERING: injector.len-tail Relaxed: as above.
        Self::between(head, self.tail.position.load(Relaxed) / ONE)
    }

    fn between(head: u64, tail: u64) -> usize {
        let items =
            |position: u64| position / LAP * SLOTS as u64 + (position % LAP).min(SLOTS as u64);
        items(tail).saturating_sub(items(head)) as usize
    }

    /// For a worker that has announced its sleep: is there an item? It cannot miss a push whose
    /// pusher did not see the announcement.
    pub fn look(&self) -> bool {
        // ORDERING: injector.look AcqRel -> release pairs with injector.push: our announcement; acquire
        // pairs with injector.push. An addition of zero, so that it reads the newest position.
        let tail = self.tail.position.fetch_add(0, AcqRel) / ONE;
        // ORDERING: injector.look-head Relaxed: an old head makes us look once more, no worse.
        Self::between(self.head.position.load(Relaxed), tail) > 0
    }
}

impl<T> Drop for Injector<T> {
    fn drop(&mut self) {
        self.pop_many(usize::MAX, |_| {
            debug_assert!(false, "an item was left in an inbox")
        });
        let block = self.head.block.with_mut(|block| *block);
        if !block.is_null() {
            // SAFETY: the only block left: the inbox is empty, so both ends stand in it.
            drop(unsafe { Box::from_raw(block) });
        }
    }
}
