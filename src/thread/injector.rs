//! An unbounded first-in first-out queue that any thread pushes to and any worker pops from: the pool's injector, and
//! each worker's pinned queue.
//!
//! It is a list of blocks, like crossbeam's `Injector` and folly's `UnboundedQueue`.
//!
//! # The words
//! Two ends, `tail` and `head`. Each is a position and the block in which this position is. A block has
//! [`SLOTS`] slots and one position more: an end that is at this last position is about to enter the next block. The
//! lowest bit of the tail's position is `CLOSED`: once set, no push succeeds. A block also counts how many of its slots
//! have been read, and links to the next block.
//!
//! # Owners
//! | owner | of | from | until |
//! |---|---|---|---|
//! | a pusher | the slots over whose positions it moved the tail | its exchange | they are written |
//! | the pusher of a block's last slot | the tail: no other push succeeds | its exchange | the tail is in the next block |
//! | a popper | the slots over which it moved the head | its exchange | they are read |
//! | the popper of a block's last slot | the head: no other pop succeeds | its exchange | the head is in the next block |
//! | the thread that reads the last of a block's slots | the block | the block's count is full | the block is a free block again, or freed |
//!
//! Positions only grow. If an exchange succeeds, the block that was read before belongs to that position. So no thread
//! touches a block after it was recycled.
//!
//! # Transitions
//! | change | by | method | ordering |
//! |---|---|---|---|
//! | `tail + 1`, then write the slot | any thread | [`Injector::push`] | Acquire; slot Release |
//! | `tail + n`, then write the slots | any thread | [`Injector::push_many`] | Acquire; slots Release |
//! | the tail into the next block, then the link to this block | the pusher of the last slot | [`Injector::push`] | Release |
//! | `head + n`, then read the slots | any worker | [`Injector::pop_many`] | Relaxed; slots Acquire |
//! | the head along the link | the popper of the last slot | [`Injector::pop_many`] | Release |
//! | `CLOSED` on | the thread that closes the pool | [`Injector::close`] | AcqRel |
//! | add zero to `tail` | a worker that has announced a park | [`Injector::look`] | AcqRel |
//! | add zero to `tail`; is it closed and the queue empty? | any worker | [`Injector::is_over`] | Relaxed |
//!
//! Pushes and looks are read-modify-writes of the tail, so the later one sees the earlier one. As with the deque, a
//! worker that announces its park and then looks, and a pusher that pushes and then looks for sleepers, cannot both miss
//! the other (`docs/protocols/idle.md`).
//!
//! # Guarantees
//! Items come out in the order of their positions, each exactly once. A push before `close` is popped; a push after it
//! fails. A pusher that is descheduled between its two steps holds up the pops that reach its slot (they spin) and, at
//! the end of a block, the other pushes. Nothing else waits for it.
//! Models: `verify/src/scenarios/injector.rs`.

use crate::sync;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::*};
use crossbeam_utils::CachePadded;
use std::ptr::{self, NonNull};

/// Slots of a block. With its two words a block has 512 bytes.
const SLOTS: usize = sync::bound(62, 2);
/// Positions of a block: one for each slot, and the last one.
const LAP: u64 = SLOTS as u64 + 1;
/// How many free blocks are kept for the next use (1 MiB).
const MAX_FREE_BLOCKS: usize = sync::bound(2048, 1);

const CLOSED: u64 = 1;
/// One position in the tail's word, above the `CLOSED` bit.
const ONE: u64 = 2;

struct Block<T> {
    slots: [AtomicPtr<T>; SLOTS],
    next: AtomicPtr<Block<T>>,
    /// How many of the slots have been read.
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
    /// The head: the position. The tail: twice the position, plus `CLOSED`.
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

/// See the module. It holds pointers and does not own what they point to.
pub struct Injector<T> {
    tail: CachePadded<End<T>>,
    head: CachePadded<End<T>>,
    // Boxed, since a block keeps its address while it is in use.
    #[allow(clippy::vec_box)]
    free_blocks: Mutex<Vec<Box<Block<T>>>>,
}

impl<T> Injector<T> {
    pub fn new() -> Self {
        Self {
            tail: CachePadded::new(End::new()),
            head: CachePadded::new(End::new()),
            free_blocks: Mutex::new(Vec::new()),
        }
    }

    /// An empty block: a free one, else a new one.
    fn fresh_block(&self) -> Box<Block<T>> {
        self.free_blocks.lock().pop().unwrap_or_else(Block::new)
    }

    /// Empties a block and keeps it for the next use, or frees it.
    fn recycle(&self, mut block: Box<Block<T>>) {
        for slot in &mut block.slots {
            slot.with_mut(|slot| *slot = ptr::null_mut());
        }
        block.next.with_mut(|next| *next = ptr::null_mut());
        block.read.with_mut(|read| *read = 0);
        let mut free_blocks = self.free_blocks.lock();
        if free_blocks.len() < MAX_FREE_BLOCKS {
            free_blocks.push(block);
        }
    }

    /// Adds an item. `Err` returns it: the queue is closed.
    #[inline]
    pub fn push(&self, item: NonNull<T>) -> Result<(), NonNull<T>> {
        match self.push_some(&[item]) {
            0 => Err(item),
            _ => Ok(()),
        }
    }

    /// Adds items, those of one block in one step. Returns how many: fewer than there are if the queue is closed.
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

    /// Adds as many of the items as fit the block, in one step. Zero: the queue is closed.
    #[inline(always)]
    fn push_some(&self, items: &[NonNull<T>]) -> usize {
        let mut next: Option<Box<Block<T>>> = None;
        loop {
            // ORDERING: injector.tail Acquire -> pairs with injector.advance: the block of this position.
            let tail = self.tail.position.load(Acquire);
            if tail & CLOSED != 0 {
                return 0;
            }
            // ORDERING: injector.tail-block Acquire -> pairs with injector.first: its contents.
            let block = self.tail.block.load(Acquire);
            let offset = (tail / ONE % LAP) as usize;
            if offset == SLOTS {
                // Another pusher is putting the next block in place.
                sync::hint::spin_loop();
                continue;
            }
            if block.is_null() {
                self.put_first_block();
                continue;
            }
            // One item always fits, which spares `push` the comparison.
            let count = match items.len() {
                1 => 1,
                many => many.min(SLOTS - offset),
            };
            if offset + count == SLOTS && next.is_none() {
                next = Some(self.fresh_block());
            }
            // ORDERING: injector.push Acquire -> pairs with injector.look: a worker that looked before us had announced its park.
            // It publishes nothing itself: injector.write publishes the item, and injector.advance the block; the release
            // sequence of the latter continues here.
            if self
                .tail
                .position
                .compare_exchange(tail, tail + ONE * count as u64, Acquire, Relaxed)
                .is_err()
            {
                sync::hint::spin_loop();
                continue;
            }
            // SAFETY: the exchange proves that the block was still the tail's. It stays until our slots have been read, which
            // is after we write them.
            let block = unsafe { &*block };
            if offset + count == SLOTS {
                let next = Box::into_raw(next.take().expect("prepared above"));
                // ORDERING: injector.next-block Relaxed: published by injector.advance. A thread that sees it sooner fails in its
                // exchange.
                self.tail.block.store(next, Relaxed);
                // ORDERING: injector.advance Release -> pairs with injector.tail: the block and its address.
                self.tail.position.fetch_add(ONE, Release);
                // ORDERING: injector.link Release -> pairs with injector.follow: the block, and that the tail is in it or beyond.
                block.next.store(next, Release);
            }
            for (slot, item) in block.slots[offset..offset + count].iter().zip(items) {
                // ORDERING: injector.write Release -> pairs with injector.read: the item.
                slot.store(item.as_ptr(), Release);
            }
            if let Some(unused) = next {
                self.recycle(unused);
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
            // SAFETY: made above; no other thread has its address.
            drop(unsafe { Box::from_raw(first) });
        }
    }

    /// Takes up to `limit` items that are in one block, oldest first, and calls `each` with them. Returns how many.
    pub fn pop_many(&self, limit: usize, mut each: impl FnMut(NonNull<T>)) -> usize {
        loop {
            // ORDERING: injector.head Acquire -> pairs with injector.head-advance: the block and its address, and that the tail is
            // in this block or beyond. An older tail would make the block look full.
            let head = self.head.position.load(Acquire);
            // ORDERING: injector.head-block Acquire -> pairs with injector.first-head: the block.
            let block = self.head.block.load(Acquire);
            let offset = (head % LAP) as usize;
            // ORDERING: injector.seen Relaxed: the tail never moves back, and each pusher publishes its slot itself.
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
                // The caller asked for nothing, or the tail was read before the head moved past it.
                if limit == 0 {
                    return 0;
                }
                continue;
            }
            // ORDERING: injector.pop Relaxed: if the exchange succeeds, the block is still the head's. The release sequence of
            // injector.head-advance continues here.
            if self
                .head
                .position
                .compare_exchange(head, head + count as u64, Relaxed, Relaxed)
                .is_err()
            {
                sync::hint::spin_loop();
                continue;
            }
            // SAFETY: the exchange proves that the block was still the head's. It stays until the slots that we now own
            // have been read.
            self.read_out(
                unsafe { NonNull::new_unchecked(block) },
                offset,
                count,
                &mut each,
            );
            return count;
        }
    }

    /// Reads `count` slots from `offset` on, which the caller owns. With the block's last slot it also moves the head into
    /// the next block; the last reader of a block recycles it.
    fn read_out(
        &self,
        block: NonNull<Block<T>>,
        offset: usize,
        count: usize,
        each: &mut impl FnMut(NonNull<T>),
    ) {
        // SAFETY: the caller owns slots of it that have not been read.
        let this = unsafe { block.as_ref() };
        if offset + count == SLOTS {
            let next = loop {
                // ORDERING: injector.follow Acquire -> pairs with injector.link: the block, and that the tail is in it or beyond.
                let next = this.next.load(Acquire);
                if !next.is_null() {
                    break next;
                }
                sync::hint::spin_loop();
            };
            // ORDERING: injector.head-next Relaxed: published by injector.head-advance.
            self.head.block.store(next, Relaxed);
            // ORDERING: injector.head-advance Release -> pairs with injector.head: what injector.follow acquired, and the address.
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
        // ORDERING: injector.done AcqRel -> pairs with itself: release: our reads are over; acquire, for the last reader, which
        // takes the block: the other readers' are over too.
        if this.read.fetch_add(count, AcqRel) + count == SLOTS {
            // SAFETY: every slot was read, and both ends are in later blocks.
            self.recycle(unsafe { Box::from_raw(block.as_ptr()) });
        }
    }

    /// From here on every push fails.
    pub fn close(&self) {
        // ORDERING: injector.close AcqRel -> release pairs with injector.look: what the closer wrote before, the pool's mode;
        // acquire pairs with injector.look: a park that was announced before. A push is a read-modify-write of the same word: it
        // came before, or fails.
        self.tail.position.fetch_or(CLOSED, AcqRel);
    }

    /// Is it closed and empty? Then it stays so.
    pub fn is_over(&self) -> bool {
        // ORDERING: injector.over Relaxed: it adds zero, so that it reads the newest position.
        let tail = self.tail.position.fetch_add(0, Relaxed);
        // ORDERING: injector.over-head Relaxed: with an old head the caller only looks once more.
        let head = self.head.position.load(Relaxed);
        tail & CLOSED != 0 && Self::between(head, tail / ONE) == 0
    }

    /// How many items there are. Another thread may change it at once. It counts at least those that this thread has
    /// pushed and no thread has popped.
    pub fn len(&self) -> usize {
        // ORDERING: injector.len-head Relaxed: the caller decides by the number and reads no slot by it.
        let head = self.head.position.load(Relaxed);
        // ORDERING: injector.len-tail Relaxed: as injector.len-head.
        Self::between(head, self.tail.position.load(Relaxed) / ONE)
    }

    /// How many slots there are between two positions.
    fn between(head: u64, tail: u64) -> usize {
        let items =
            |position: u64| position / LAP * SLOTS as u64 + (position % LAP).min(SLOTS as u64);
        items(tail).saturating_sub(items(head)) as usize
    }

    /// For a worker that has announced its park ([`Sleepers::announce_park`](super::idle::Sleepers::announce_park)): is there an
    /// item? Unlike [`Injector::len`] it cannot miss a push whose pusher did not see the announcement.
    pub fn look(&self) -> bool {
        // ORDERING: injector.look AcqRel -> release pairs with injector.push and injector.close: our announcement; acquire pairs
        // with injector.close: the pool's mode. It adds zero, so that it reads the newest position.
        let tail = self.tail.position.fetch_add(0, AcqRel) / ONE;
        // ORDERING: injector.look-head Relaxed: with an old head the caller only looks once more.
        Self::between(self.head.position.load(Relaxed), tail) > 0
    }
}

impl<T> Drop for Injector<T> {
    fn drop(&mut self) {
        self.pop_many(usize::MAX, |_| {
            debug_assert!(false, "an item was left in an injector")
        });
        let block = self.head.block.with_mut(|block| *block);
        if !block.is_null() {
            // SAFETY: it is the only block left: the queue is empty, so both ends are in it.
            drop(unsafe { Box::from_raw(block) });
        }
    }
}
