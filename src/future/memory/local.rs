//! The owner's side of the memory: chunks, their free lists, and what is on its way to others.
//!
//! Nothing here is shared: a [`Local`] is used by its thread alone (or under the mutex of the last
//! resort). A chunk knows its [`RemoteFreeList`], so a cell finds its way by masking its address.

use super::CLASSES;
use super::home::{Free, Pushed, RemoteFreeList};
use std::alloc::Layout;
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Bytes of a chunk, and its alignment. 16 KiB: 500 of the smallest cells, four pages.
const CHUNK: usize = 16 << 10;
/// Empty chunks that a thread keeps (4 MiB); the rest goes back to the system.
const KEEP: usize = 256;
/// Cells that are sent home together (the bench is `spawn/no-handle`).
const BATCH: usize = 32;

const LAYOUT: Layout = match Layout::from_size_align(CHUNK, CHUNK) {
    Ok(layout) => layout,
    Err(_) => panic!("a chunk's size is a power of two"),
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// Cells are carved from it now.
    Current,
    /// No cell is free.
    Full,
    /// In the list of its class: some cells are free.
    Partial,
    /// In the list of empty chunks.
    Empty,
}

/// A chunk's first bytes. All of it belongs to the owner, but for `home`, which never changes.
#[repr(C, align(64))]
struct Chunk {
    home: NonNull<Owner>,
    class: Cell<usize>,
    place: Cell<ListKind>,
    /// Cells that are out.
    used: Cell<usize>,
    /// Bytes carved so far.
    carved: Cell<usize>,
    free: Cell<*mut Free>,
    /// Links of the list that it is in: doubly linked, so that it can leave from the middle.
    next: Cell<*const Chunk>,
    previous: Cell<*const Chunk>,
    /// The list of all chunks of this owner.
    all_next: Cell<*const Chunk>,
    all_previous: Cell<*const Chunk>,
}

/// The part that outlives the owner while cells are out.
struct Owner {
    home: RemoteFreeList,
    /// All chunks, written before the home is abandoned, read by whoever frees it.
    all: Cell<*const Chunk>,
}

/// Cells of other threads, linked, not yet sent.
#[derive(Clone, Copy)]
struct Outgoing {
    home: NonNull<Owner>,
    first: NonNull<Free>,
    last: NonNull<Free>,
    count: usize,
}

/// See the module.
pub struct Local {
    shared: NonNull<Owner>,
    current: [Cell<*const Chunk>; CLASSES.len()],
    partial: [Cell<*const Chunk>; CLASSES.len()],
    empty: Cell<*const Chunk>,
    empties: Cell<usize>,
    outgoing: Cell<Option<Outgoing>>,
}

fn chunk_of(memory: NonNull<u8>) -> NonNull<Chunk> {
    memory
        .map_addr(|address| {
            std::num::NonZero::new(address.get() & !(CHUNK - 1)).expect("chunks are not at zero")
        })
        .cast()
}

impl Local {
    pub fn new() -> Self {
        let shared = Box::new(Owner {
            home: RemoteFreeList::new(),
            all: Cell::new(ptr::null()),
        });
        let none = || Cell::new(ptr::null());
        Self {
            shared: NonNull::from(Box::leak(shared)),
            current: std::array::from_fn(|_| none()),
            partial: std::array::from_fn(|_| none()),
            empty: none(),
            empties: Cell::new(0),
            outgoing: Cell::new(None),
        }
    }

    fn shared(&self) -> &Owner {
        // SAFETY: leaked by `new`; freed only after this owner has abandoned it.
        unsafe { self.shared.as_ref() }
    }

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
        self.take_in(self.shared().home.drain());
        loop {
            let current = self.current[class].get();
            if !current.is_null() {
                // SAFETY: as in `allocate`.
                if let Some(memory) = unsafe { Chunk::allocate(current) } {
                    return memory;
                }
                // SAFETY: as in `allocate`.
                unsafe { &*current }.place.set(ListKind::Full);
            }
            let next = self.next_chunk(class);
            // SAFETY: alive, and this owner's.
            unsafe { &*next }.place.set(ListKind::Current);
            self.current[class].set(next);
        }
    }

    /// A chunk with a free cell: a partly used one, an empty one, or a new one.
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
        let all = &self.shared().all;
        let fresh = Chunk {
            home: self.shared,
            class: Cell::new(class),
            place: Cell::new(ListKind::Current),
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

    #[inline]
    pub fn release(&self, memory: NonNull<u8>) {
        // SAFETY: every cell lies in a chunk, which is alive while the cell is out.
        let chunk = unsafe { chunk_of(memory).as_ref() };
        if chunk.home == self.shared {
            self.take_back(chunk, memory.cast());
        } else {
            self.send(chunk.home, memory.cast());
        }
    }

    #[inline]
    fn take_back(&self, chunk: &Chunk, cell: NonNull<Free>) {
        // SAFETY: the cell is free and ours; its first bytes are a link now.
        unsafe {
            cell.write(Free {
                next: chunk.free.get(),
            })
        };
        chunk.free.set(cell.as_ptr());
        let used = chunk.used.get() - 1;
        chunk.used.set(used);
        if used == 0 || chunk.place.get() == ListKind::Full {
            self.move_chunk(chunk, used);
        }
    }

    #[cold]
    fn move_chunk(&self, chunk: &Chunk, used: usize) {
        let class = chunk.class.get();
        match chunk.place.get() {
            ListKind::Current | ListKind::Empty => return,
            ListKind::Full => {}
            ListKind::Partial if used == 0 => unlink(&self.partial[class], chunk),
            ListKind::Partial => return,
        }
        if used > 0 {
            chunk.place.set(ListKind::Partial);
            link(&self.partial[class], chunk);
        } else if self.empties.get() < KEEP {
            chunk.place.set(ListKind::Empty);
            link(&self.empty, chunk);
            self.empties.set(self.empties.get() + 1);
        } else {
            self.give_back(chunk);
        }
    }

    fn give_back(&self, chunk: &Chunk) {
        let (next, previous) = (chunk.all_next.get(), chunk.all_previous.get());
        if !next.is_null() {
            // SAFETY: chunks in the list are alive.
            unsafe { &*next }.all_previous.set(previous);
        }
        if previous.is_null() {
            self.shared().all.set(next);
        } else {
            // SAFETY: chunks in the list are alive.
            unsafe { &*previous }.all_next.set(next);
        }
        // SAFETY: allocated with this layout; no cell of it is out, and no list holds it.
        unsafe { std::alloc::dealloc(ptr::from_ref(chunk).cast_mut().cast(), LAYOUT) };
    }

    fn take_in(&self, mut chain: *mut Free) {
        while let Some(cell) = NonNull::new(chain) {
            // SAFETY: the drained chain is ours.
            chain = unsafe { cell.as_ref() }.next;
            // SAFETY: the cell is one of this home, so its chunk is alive and this owner's.
            self.take_back(unsafe { chunk_of(cell.cast()).as_ref() }, cell);
        }
    }

    fn send(&self, home: NonNull<Owner>, cell: NonNull<Free>) {
        let mut outgoing = match self.outgoing.take() {
            Some(outgoing) if outgoing.home == home => {
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
                    home,
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

    pub fn flush(&self) {
        if let Some(outgoing) = self.outgoing.take() {
            outgoing.send();
        }
    }

    /// The owner ends: what is empty is freed now, the rest with the last cell that comes back.
    pub fn abandon(self) {
        self.flush();
        self.take_in(self.shared().home.drain());
        let rest = self.shared().home.abandon();
        self.take_in(rest);
        let mut out = 0;
        let mut next = self.shared().all.get();
        while !next.is_null() {
            // SAFETY: chunks in the list are alive.
            let chunk = unsafe { &*next };
            next = chunk.all_next.get();
            match chunk.used.get() {
                0 => self.give_back(chunk),
                used => out += used,
            }
        }
        if self.shared().home.settle(out) == Pushed::Last {
            // SAFETY: told to be the last.
            unsafe { free_all(self.shared) };
        }
    }
}

impl Outgoing {
    fn send(self) {
        // SAFETY: the home is alive while cells of it are out, and ours are.
        let pushed = unsafe {
            self.home
                .as_ref()
                .home
                .push(self.first, self.last, self.count)
        };
        if pushed == Pushed::Last {
            // SAFETY: told to be the last.
            unsafe { free_all(self.home) };
        }
    }
}

/// Frees an abandoned home and its chunks.
///
/// # Safety
/// The home's protocol named the caller as the last.
unsafe fn free_all(shared: NonNull<Owner>) {
    // SAFETY: leaked by `Local::new`, and the last user is this one.
    let shared = unsafe { Box::from_raw(shared.as_ptr()) };
    let mut next = shared.all.get();
    while !next.is_null() {
        let chunk = next;
        // SAFETY: chunks in the list are alive until freed here.
        next = unsafe { &*chunk }.all_next.get();
        // SAFETY: allocated with this layout, and no cell of it is out.
        unsafe { std::alloc::dealloc(chunk.cast_mut().cast(), LAYOUT) };
    }
}

impl Chunk {
    fn reset(&self, class: usize) {
        self.class.set(class);
        self.carved
            .set(size_of::<Self>().next_multiple_of(CLASSES[class]));
        self.free.set(ptr::null_mut());
    }

    /// A cell of this chunk. Takes a pointer, since a cell lies outside of the header.
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
