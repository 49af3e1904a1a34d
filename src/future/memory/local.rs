//! The owner's side of the memory: its chunks, their free lists, and freed cells of other threads that are not returned
//! yet.
//!
//! Only its own thread uses a [`Local`] (or the thread that holds the mutex `LAST_RESORT`). A chunk is aligned to its
//! size and points to its owner, so masking a cell's address leads to the owner's [`RemoteFreeList`].
//!
//! This module and [`memory`](super) import each other: that module holds the [`Local`] of each thread, which has one list for
//! each size class defined there.

use super::CLASSES;
use super::remote_free_list::{Free, Pushed, RemoteFreeList};
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Bytes of a chunk, and its alignment. 16 KiB: 500 of the smallest cells, four pages.
const CHUNK: usize = 16 << 10;
/// Empty chunks that a thread keeps (4 MiB); more are returned to the program's allocator.
const KEEP: usize = 256;
/// Cells that are returned to their owner together. Chosen with the bench `spawn/no-handle`.
const BATCH: usize = 32;

const LAYOUT: Layout = match Layout::from_size_align(CHUNK, CHUNK) {
    Ok(layout) => layout,
    Err(_) => panic!("a chunk's size is a power of two"),
};

/// Which list of its owner a chunk is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// None: it is the chunk of its class that cells are allocated from.
    Current,
    /// None: no cell of it is free.
    Full,
    /// The list of its class: some cells are free.
    Partial,
    /// The list of empty chunks.
    Empty,
}

/// The header of a chunk; cells follow it. Only the owner thread touches it, except for `owner`, which never changes.
#[repr(C, align(64))]
struct Chunk {
    owner: NonNull<Owner>,
    class: Cell<usize>,
    list: Cell<ListKind>,
    /// Cells in use.
    used: Cell<usize>,
    /// Bytes carved so far, header included.
    carved: Cell<usize>,
    /// Freed cells of this chunk.
    free: Cell<*mut Free>,
    /// Links of its list. Doubly linked, so that it can be taken out of the middle.
    next: Cell<*const Chunk>,
    previous: Cell<*const Chunk>,
    /// Links of the list of all chunks of its owner.
    all_next: Cell<*const Chunk>,
    all_previous: Cell<*const Chunk>,
}

/// The part of a [`Local`] that outlives its thread while cells are in use.
struct Owner {
    remote: RemoteFreeList,
    /// The list of all chunks. Written by the owner thread before it settles, then read by the thread that frees all.
    all: Cell<*const Chunk>,
}

/// A chain of freed cells of another owner, not returned yet.
#[derive(Clone, Copy)]
struct Outgoing {
    owner: NonNull<Owner>,
    first: NonNull<Free>,
    last: NonNull<Free>,
    count: usize,
}

/// The memory of one thread. See the module.
pub struct Local {
    owner: NonNull<Owner>,
    /// By class: the chunk that cells are allocated from.
    current: [Cell<*const Chunk>; CLASSES.len()],
    /// By class: the list of partial chunks.
    partial: [Cell<*const Chunk>; CLASSES.len()],
    /// The list of empty chunks, and its length.
    empty: Cell<*const Chunk>,
    empties: Cell<usize>,
    outgoing: Cell<Option<Outgoing>>,
}

/// The chunk that a cell lies in.
fn chunk_of(memory: NonNull<u8>) -> NonNull<Chunk> {
    memory
        .map_addr(|address| {
            std::num::NonZero::new(address.get() & !(CHUNK - 1)).expect("chunks are not at zero")
        })
        .cast()
}

impl Local {
    pub fn new() -> Self {
        let owner = Box::new(Owner {
            remote: RemoteFreeList::new(),
            all: Cell::new(ptr::null()),
        });
        let none = || Cell::new(ptr::null());
        Self {
            owner: NonNull::from(Box::leak(owner)),
            current: std::array::from_fn(|_| none()),
            partial: std::array::from_fn(|_| none()),
            empty: none(),
            empties: Cell::new(0),
            outgoing: Cell::new(None),
        }
    }

    fn owner(&self) -> &Owner {
        // SAFETY: leaked by `new`; freed only after `abandon`, which consumes this.
        unsafe { self.owner.as_ref() }
    }

    /// A cell of `class`.
    #[inline]
    pub fn allocate(&self, class: usize) -> NonNull<u8> {
        let current = self.current[class].get();
        if !current.is_null() {
            // SAFETY: a current chunk is alive and this owner's.
            if let Some(memory) = unsafe { Chunk::allocate(current) } {
                return memory;
            }
        }
        self.allocate_slow(class)
    }

    #[cold]
    fn allocate_slow(&self, class: usize) -> NonNull<u8> {
        self.free_chain(self.owner().remote.drain());
        loop {
            let current = self.current[class].get();
            if !current.is_null() {
                // SAFETY: as in `allocate`.
                if let Some(memory) = unsafe { Chunk::allocate(current) } {
                    return memory;
                }
                // SAFETY: as in `allocate`.
                unsafe { &*current }.list.set(ListKind::Full);
            }
            let next = self.next_chunk(class);
            // SAFETY: alive, and this owner's.
            unsafe { &*next }.list.set(ListKind::Current);
            self.current[class].set(next);
        }
    }

    /// A chunk with a free cell, in no list: a partial one, an empty one, or a new one.
    fn next_chunk(&self, class: usize) -> *const Chunk {
        let partial = self.partial[class].get();
        if !partial.is_null() {
            unlink(&self.partial[class], partial);
            return partial;
        }
        let empty = self.empty.get();
        if !empty.is_null() {
            unlink(&self.empty, empty);
            self.empties.set(self.empties.get() - 1);
            // SAFETY: alive, and this owner's.
            unsafe { &*empty }.reset(class);
            return empty;
        }
        self.new_chunk(class)
    }

    fn new_chunk(&self, class: usize) -> *const Chunk {
        // SAFETY: the layout's size is not zero.
        let memory = unsafe { std::alloc::alloc(LAYOUT) };
        let Some(chunk) = NonNull::new(memory.cast::<Chunk>()) else {
            std::alloc::handle_alloc_error(LAYOUT)
        };
        let all = &self.owner().all;
        let fresh = Chunk {
            owner: self.owner,
            class: Cell::new(class),
            list: Cell::new(ListKind::Current),
            used: Cell::new(0),
            carved: Cell::new(0),
            free: Cell::new(ptr::null_mut()),
            next: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            all_next: Cell::new(all.get()),
            all_previous: Cell::new(ptr::null()),
        };
        // SAFETY: fresh memory, aligned and large enough for the header.
        unsafe { chunk.write(fresh) };
        if !all.get().is_null() {
            // SAFETY: chunks in the list are alive.
            unsafe { &*all.get() }.all_previous.set(chunk.as_ptr());
        }
        all.set(chunk.as_ptr());
        // SAFETY: just written.
        unsafe { chunk.as_ref() }.reset(class);
        chunk.as_ptr()
    }

    /// Frees a cell of any owner.
    #[inline]
    pub fn release(&self, memory: NonNull<u8>) {
        // SAFETY: every cell lies in a chunk, which is alive while the cell is in use.
        let chunk = unsafe { chunk_of(memory).as_ref() };
        if chunk.owner == self.owner {
            self.free_local(chunk, memory.cast());
        } else {
            self.free_remote(chunk.owner, memory.cast());
        }
    }

    /// Frees a cell of this owner.
    #[inline]
    fn free_local(&self, chunk: &Chunk, cell: NonNull<Free>) {
        // SAFETY: the cell is free and ours; its first bytes become a link.
        unsafe {
            cell.write(Free {
                next: chunk.free.get(),
            })
        };
        chunk.free.set(cell.as_ptr());
        let used = chunk.used.get() - 1;
        chunk.used.set(used);
        if used == 0 || chunk.list.get() == ListKind::Full {
            self.relink(chunk, used);
        }
    }

    /// Moves a chunk to the list that fits its `used` cells, or frees it.
    #[cold]
    fn relink(&self, chunk: &Chunk, used: usize) {
        let class = chunk.class.get();
        match chunk.list.get() {
            ListKind::Current | ListKind::Empty => return,
            ListKind::Full => {}
            ListKind::Partial if used == 0 => unlink(&self.partial[class], chunk),
            ListKind::Partial => return,
        }
        if used > 0 {
            chunk.list.set(ListKind::Partial);
            link(&self.partial[class], chunk);
        } else if self.empties.get() < KEEP {
            chunk.list.set(ListKind::Empty);
            link(&self.empty, chunk);
            self.empties.set(self.empties.get() + 1);
        } else {
            self.free_chunk(chunk);
        }
    }

    /// Returns an empty chunk that is in no list of a class to the program's allocator.
    fn free_chunk(&self, chunk: &Chunk) {
        let (next, previous) = (chunk.all_next.get(), chunk.all_previous.get());
        if !next.is_null() {
            // SAFETY: chunks in the list are alive.
            unsafe { &*next }.all_previous.set(previous);
        }
        if previous.is_null() {
            self.owner().all.set(next);
        } else {
            // SAFETY: chunks in the list are alive.
            unsafe { &*previous }.all_next.set(next);
        }
        // SAFETY: allocated with this layout; no cell of it is in use, and no list holds it.
        unsafe { std::alloc::dealloc(ptr::from_ref(chunk).cast_mut().cast(), LAYOUT) };
    }

    /// Frees a chain that other threads returned.
    fn free_chain(&self, mut chain: *mut Free) {
        while let Some(cell) = NonNull::new(chain) {
            // SAFETY: the drained chain is ours.
            chain = unsafe { cell.as_ref() }.next;
            // SAFETY: the cell is one of this owner, so its chunk is alive and this owner's.
            self.free_local(unsafe { chunk_of(cell.cast()).as_ref() }, cell);
        }
    }

    /// Frees a cell of another owner: adds it to the outgoing chain. A chain of a different owner is sent first, and a
    /// chain of [`BATCH`] cells is sent at once.
    fn free_remote(&self, owner: NonNull<Owner>, cell: NonNull<Free>) {
        let mut outgoing = match self.outgoing.take() {
            Some(outgoing) if outgoing.owner == owner => {
                // SAFETY: the cell is free and ours until it is sent.
                unsafe {
                    cell.write(Free {
                        next: outgoing.first.as_ptr(),
                    })
                };
                Outgoing {
                    first: cell,
                    ..outgoing
                }
            }
            other => {
                if let Some(other) = other {
                    other.send();
                }
                // SAFETY: as above.
                unsafe {
                    cell.write(Free {
                        next: ptr::null_mut(),
                    })
                };
                Outgoing {
                    owner,
                    first: cell,
                    last: cell,
                    count: 0,
                }
            }
        };
        outgoing.count += 1;
        if outgoing.count >= BATCH {
            outgoing.send();
        } else {
            self.outgoing.set(Some(outgoing));
        }
    }

    /// Sends the outgoing chain.
    pub fn flush(&self) {
        if let Some(outgoing) = self.outgoing.take() {
            outgoing.send();
        }
    }

    /// The thread ends: frees the empty chunks now. The thread that frees the last cell in use frees the rest.
    pub fn abandon(self) {
        self.flush();
        self.free_chain(self.owner().remote.drain());
        let rest = self.owner().remote.abandon();
        self.free_chain(rest);
        let mut in_use = 0;
        let mut next = self.owner().all.get();
        while !next.is_null() {
            // SAFETY: chunks in the list are alive.
            let chunk = unsafe { &*next };
            next = chunk.all_next.get();
            match chunk.used.get() {
                0 => self.free_chunk(chunk),
                used => in_use += used,
            }
        }
        if self.owner().remote.settle(in_use) == Pushed::Last {
            // SAFETY: `Last` names this thread as the last.
            unsafe { free_all(self.owner) };
        }
    }
}

impl Outgoing {
    /// Returns the chain to its owner.
    fn send(self) {
        // SAFETY: an owner is alive while cells of it are in use; those of the chain still count as such.
        let pushed = unsafe {
            self.owner
                .as_ref()
                .remote
                .push(self.first, self.last, self.count)
        };
        if pushed == Pushed::Last {
            // SAFETY: `Last` names this thread as the last.
            unsafe { free_all(self.owner) };
        }
    }
}

/// Frees an abandoned owner and its chunks.
///
/// # Safety
/// The owner's [`RemoteFreeList`] returned [`Pushed::Last`] to the caller.
unsafe fn free_all(owner: NonNull<Owner>) {
    // SAFETY: leaked by `Local::new`, and the caller is its last user.
    let owner = unsafe { Box::from_raw(owner.as_ptr()) };
    let mut next = owner.all.get();
    while !next.is_null() {
        let chunk = next;
        // SAFETY: chunks in the list are alive until freed here.
        next = unsafe { &*chunk }.all_next.get();
        // SAFETY: allocated with this layout, and no cell of it is in use.
        unsafe { std::alloc::dealloc(chunk.cast_mut().cast(), LAYOUT) };
    }
}

impl Chunk {
    /// Makes an empty chunk one of `class`.
    fn reset(&self, class: usize) {
        self.class.set(class);
        self.carved
            .set(size_of::<Self>().next_multiple_of(CLASSES[class]));
        self.free.set(ptr::null_mut());
    }

    /// A cell of this chunk; `None` if none is free. Takes a pointer, because a cell lies outside of the header.
    ///
    /// # Safety
    /// `this` is a live chunk of the calling owner, from `new_chunk`.
    #[inline]
    unsafe fn allocate(this: *const Self) -> Option<NonNull<u8>> {
        // SAFETY: the caller's promise.
        let chunk = unsafe { &*this };
        let free = chunk.free.get();
        let memory = if let Some(cell) = NonNull::new(free) {
            // SAFETY: the list's cells are free and the owner's.
            chunk.free.set(unsafe { cell.as_ref() }.next);
            cell.cast()
        } else {
            let at = chunk.carved.get();
            let end = at + CLASSES[chunk.class.get()];
            if end > CHUNK {
                return None;
            }
            chunk.carved.set(end);
            // SAFETY: not null, and within the chunk's allocation.
            unsafe { NonNull::new_unchecked(this.cast_mut().cast::<u8>().add(at)) }
        };
        chunk.used.set(chunk.used.get() + 1);
        Some(memory)
    }
}

/// Adds a chunk to the front of a list.
fn link(list: &Cell<*const Chunk>, chunk: &Chunk) {
    let next = list.get();
    chunk.next.set(next);
    chunk.previous.set(ptr::null());
    if !next.is_null() {
        // SAFETY: chunks in a list are alive.
        unsafe { &*next }.previous.set(chunk);
    }
    list.set(chunk);
}

/// Takes a chunk out of its list.
fn unlink(list: &Cell<*const Chunk>, chunk: *const Chunk) {
    // SAFETY: chunks in a list are alive, this one and its neighbours.
    let (next, previous) = unsafe { ((*chunk).next.get(), (*chunk).previous.get()) };
    if !next.is_null() {
        // SAFETY: as above.
        unsafe { &*next }.previous.set(previous);
    }
    if previous.is_null() {
        list.set(next);
    } else {
        // SAFETY: as above.
        unsafe { &*previous }.next.set(next);
    }
}
