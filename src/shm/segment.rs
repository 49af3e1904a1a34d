//! One file of a lane in this process: its words, and the arena behind them.

use super::bytes::Region;
use super::layout::Shared;
use super::layout::{Replies, Requests};
use super::spans::{Hole, Span};
use crate::sys::memfd::{self, Access, Mapping, PAGE};
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

#[cfg(raddle_loom)]
use super::bytes::LINE;
use crate::sync::Arc;
#[cfg(raddle_loom)]
use crate::sync::cell::UnsafeCell;

/// Bytes for the payloads of one direction, if nothing speaks against it: address space, and memory only where a payload has
/// been.
pub const ARENA: usize = 16 << 30;
/// The longest payload: the length of a span is an `u32`, and a power of two.
pub const LONGEST: usize = 1 << (u32::BITS - 1);
/// Less is no arena.
pub const LEAST_ARENA: usize = PAGE;
/// The most that one can be asked for.
pub const MOST_ARENA: usize = 1 << 40;

/// Where the arena begins.
const fn head<T>() -> usize {
    size_of::<T>().next_multiple_of(PAGE)
}

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
const _: () = assert!(head::<Requests>() == 131_072 && head::<Replies>() == 131_072);

/// The longest payload that finds room in such an arena: what it takes there is a power of two.
pub const fn longest(arena: usize) -> usize {
    match arena.checked_ilog2() {
        Some(bits) if 1 << bits < LONGEST => 1 << bits,
        Some(_) => LONGEST,
        None => 0,
    }
}

/// How long the two files of a lane with such arenas are together.
pub const fn lane_bytes(arena: usize) -> usize {
    head::<Requests>() + head::<Replies>() + 2 * arena
}

/// How long the longer one is.
pub const fn file_bytes(arena: usize) -> usize {
    let words = [head::<Requests>(), head::<Replies>()];
    arena
        + if words[0] > words[1] {
            words[0]
        } else {
            words[1]
        }
}

enum Backing<T> {
    Mapped(Mapping),
    /// For checkers and interpreters, which have no files.
    Heap(Arc<Heap<T>>),
}

struct Heap<T> {
    shared: T,
    /// From a box, and back into it.
    arena: NonNull<[u8]>,
    #[cfg(raddle_loom)]
    lines: Box<[UnsafeCell<()>]>,
}

/// See the module. Dereferences to the words.
pub struct Segment<T> {
    shared: NonNull<T>,
    arena: NonNull<u8>,
    arena_len: usize,
    backing: Backing<T>,
}

// SAFETY: the words are `Sync` (`Shared`), the arena is accessed by copies alone.
unsafe impl<T: Shared> Send for Segment<T> {}
// SAFETY: as above.
unsafe impl<T: Shared> Sync for Segment<T> {}

impl<T: Shared> Segment<T> {
    /// A new file, begun and mapped for writing. The descriptor is for the other side. The arena is a multiple of
    /// [`PAGE`].
    ///
    /// # Errors
    ///
    /// What the kernel says, with the call that it refused.
    pub fn create(arena: usize) -> io::Result<(Self, OwnedFd)> {
        Self::create_with(arena, arena)
    }

    /// As [`create`](Self::create), but only the words are mapped: of a file that is to take another one's
    /// [place](Self::replace).
    ///
    /// # Errors
    ///
    /// What the kernel says, with the call that it refused.
    pub fn create_words(arena: usize) -> io::Result<(Self, OwnedFd)> {
        Self::create_with(arena, 0)
    }

    fn create_with(arena: usize, mapped: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = memfd::create(c"raddle-lane", head::<T>() + arena)?;
        let segment = Self::map(&fd, mapped, Access::ReadWrite)?;
        segment.begin(0);
        Ok((segment, fd))
    }

    /// A descriptor of the same file, by which it can be read only.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn read_only(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        memfd::read_only(fd)
    }

    /// For the worker: maps a file that the parent has made, `Requests` for reading alone. The file's length, which
    /// nobody can change, tells how large the arena is.
    ///
    /// # Errors
    ///
    /// `InvalidData` if it is no file of a lane: not sealed, or of no lane's size.
    pub fn adopt(fd: &OwnedFd) -> io::Result<Self> {
        let len = memfd::verify(fd.as_fd())?;
        let arena = len.checked_sub(head::<T>());
        let Some(arena) = arena.filter(|arena| arena.is_multiple_of(PAGE)) else {
            let what = format!("a memfd of {len} bytes, which is no lane's");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        };
        Self::map(fd, arena, T::WORKER)
    }

    fn map(fd: &OwnedFd, arena: usize, access: Access) -> io::Result<Self> {
        let mapping = Mapping::new(fd.as_fd(), head::<T>() + arena, access)?;
        Ok(Self {
            shared: mapping.base().cast(),
            // SAFETY: within the mapping.
            arena: unsafe { mapping.base().add(head::<T>()) },
            arena_len: arena,
            backing: Backing::Mapped(mapping),
        })
    }

    /// Puts another file, as long as this one, in its place, at the same address: whoever holds a reference to
    /// the words sees the other file's.
    ///
    /// # Errors
    ///
    /// What the kernel says. Then the memory there is nobody else's, and zero: it can be looked at, and says nothing.
    pub fn replace(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match &self.backing {
            Backing::Mapped(mapping) => mapping.replace(fd),
            Backing::Heap(_) => Ok(()),
        }
    }

    /// Bytes of the arena.
    pub fn arena(&self) -> usize {
        self.arena_len
    }

    /// The longest payload that finds room if there is no other.
    pub fn longest(&self) -> usize {
        longest(self.arena_len)
    }

    /// A part of the arena; `None` if it is not within it, or longer than any payload.
    #[inline]
    pub fn region(&self, span: Span) -> Option<Region<'_>> {
        let offset = usize::try_from(span.offset).ok()?;
        if span.len() > self.longest() || offset > self.arena_len - span.len() {
            return None;
        }
        // SAFETY: within the arena.
        let base = unsafe { self.arena.add(offset) };
        // SAFETY: mapped as long as the segment is borrowed; nobody refers to bytes of the arena.
        Some(unsafe {
            Region::new(
                base,
                span.len(),
                #[cfg(raddle_loom)]
                (self.lines(), offset / LINE),
            )
        })
    }

    #[cfg(raddle_loom)]
    fn lines(&self) -> &[UnsafeCell<()>] {
        match &self.backing {
            Backing::Heap(heap) => &heap.lines,
            Backing::Mapped(_) => panic!("loom has no mappings"),
        }
    }

    /// Gives memory of the arena back. It is advice: what the kernel refuses stays.
    pub(super) fn punch(&self, hole: Hole) {
        if let Backing::Mapped(mapping) = &self.backing {
            let _ = mapping.punch(head::<T>() + hole.offset, hole.len);
        }
    }
}

// Only tests and checkers have lanes in plain memory.
#[cfg_attr(not(any(test, raddle_loom, raddle_shuttle)), allow(dead_code))]
impl<T: Shared> Segment<T> {
    /// A segment in plain memory, with an arena of so many bytes.
    pub fn heap(arena: usize) -> Self {
        let heap = Arc::new(Heap {
            shared: T::new(),
            arena: NonNull::from(Box::leak(vec![0; arena].into_boxed_slice())),
            #[cfg(raddle_loom)]
            lines: (0..arena.div_ceil(LINE))
                .map(|_| UnsafeCell::new(()))
                .collect(),
        });
        heap.shared.begin(0);
        Self::of(heap)
    }

    /// The same segment for the other side.
    pub fn share(&self) -> Self {
        match &self.backing {
            Backing::Heap(heap) => Self::of(Arc::clone(heap)),
            Backing::Mapped(_) => panic!("a mapping is adopted, not shared"),
        }
    }

    fn of(heap: Arc<Heap<T>>) -> Self {
        Self {
            shared: NonNull::from(&heap.shared),
            arena: heap.arena.cast(),
            arena_len: heap.arena.len(),
            backing: Backing::Heap(heap),
        }
    }
}

impl<T> Drop for Heap<T> {
    fn drop(&mut self) {
        // SAFETY: leaked from a box by `Segment::heap`; no segment is left that could reach it.
        drop(unsafe { Box::from_raw(self.arena.as_ptr()) });
    }
}

// SAFETY: the words are `Sync`, the arena is accessed by copies alone.
unsafe impl<T: Shared> Send for Heap<T> {}
// SAFETY: as above.
unsafe impl<T: Shared> Sync for Heap<T> {}

impl<T> Deref for Segment<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: mapped or allocated as long as the segment lives; atomics alone, whatever the bytes.
        unsafe { self.shared.as_ref() }
    }
}
