//! A segment: one file of a lane as this process maps it, with the words first and the arena behind them.

use super::bytes::Region;
use super::layout::LaneFile;
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

/// The default size of the arena of one direction, in bytes of address space. Memory is used only where a payload has been.
pub const ARENA: usize = 16 << 30;
/// The longest payload in bytes: a span's length is a `u32`, and its size is rounded up to a power of two.
pub const LONGEST: usize = 1 << (u32::BITS - 1);
/// The smallest arena.
pub const MIN_ARENA: usize = PAGE;
/// The largest arena.
pub const MAX_ARENA: usize = 1 << 40;

/// The offset of the arena in the file.
const fn head<T>() -> usize {
    size_of::<T>().next_multiple_of(PAGE)
}

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
const _: () = assert!(head::<Requests>() == 131_072 && head::<Replies>() == 131_072);

/// The longest payload that fits an empty arena of this size. A span's size is rounded up to a power of two.
pub const fn longest(arena: usize) -> usize {
    match arena.checked_ilog2() {
        Some(bits) if 1 << bits < LONGEST => 1 << bits,
        Some(_) => LONGEST,
        None => 0,
    }
}

/// The total size of a lane's two files, with arenas of this size.
pub const fn lane_bytes(arena: usize) -> usize {
    head::<Requests>() + head::<Replies>() + 2 * arena
}

/// The size of the larger of a lane's two files, with arenas of this size.
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
    /// For the checkers and Miri, which have no files.
    Heap(Arc<Heap<T>>),
}

struct Heap<T> {
    shared: T,
    /// Leaked from a box, and turned back into one on drop.
    arena: NonNull<[u8]>,
    #[cfg(raddle_loom)]
    lines: Box<[UnsafeCell<()>]>,
}

/// A mapped file, or heap memory in its place. Dereferences to the words. See the module.
pub struct Segment<T> {
    shared: NonNull<T>,
    arena: NonNull<u8>,
    arena_len: usize,
    backing: Backing<T>,
}

// SAFETY: the words are `Sync` (`LaneFile`); the arena is accessed by copies, or borrowed under the promises of `WorkerEnd`.
unsafe impl<T: LaneFile> Send for Segment<T> {}
// SAFETY: as above.
unsafe impl<T: LaneFile> Sync for Segment<T> {}

impl<T: LaneFile> Segment<T> {
    /// Creates a file, writes its first state and maps it for writing. The descriptor is for the other side. `arena` is the
    /// size of the arena in bytes, a multiple of [`PAGE`].
    ///
    /// # Errors
    ///
    /// The kernel's error, with the name of the call that failed.
    pub fn create(arena: usize) -> io::Result<(Self, OwnedFd)> {
        Self::create_with(arena, arena)
    }

    /// As [`create`](Self::create), but maps only the words. For a file that will [replace](Self::replace) another one.
    ///
    /// # Errors
    ///
    /// The kernel's error, with the name of the call that failed.
    pub fn create_words(arena: usize) -> io::Result<(Self, OwnedFd)> {
        Self::create_with(arena, 0)
    }

    fn create_with(arena: usize, mapped: usize) -> io::Result<(Self, OwnedFd)> {
        let fd = memfd::create(T::NAME, head::<T>() + arena)?;
        let segment = Self::map(&fd, mapped, Access::ReadWrite)?;
        segment.begin(0);
        Ok((segment, fd))
    }

    /// Opens a read-only descriptor of the same file.
    ///
    /// # Errors
    ///
    /// The kernel's error.
    pub fn read_only(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        memfd::read_only(fd)
    }

    /// For the worker: maps a file that the parent has made, `Requests` read-only. The arena's size follows from the file's
    /// length, which the seals fix.
    ///
    /// # Errors
    ///
    /// `InvalidData` if it is not a file of a lane: its seals are missing, or its length is impossible.
    pub fn open(fd: &OwnedFd) -> io::Result<Self> {
        let len = memfd::verify(fd.as_fd())?;
        let arena = len.checked_sub(head::<T>());
        let Some(arena) = arena.filter(|arena| arena.is_multiple_of(PAGE)) else {
            let what = format!("a memfd of {len} bytes, which cannot be a file of a lane");
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

    /// Maps another file of the same length in place of this one, at the same address. References to the words stay valid
    /// and see the other file's words.
    ///
    /// # Errors
    ///
    /// The kernel's error. The memory there is then zero and private to this process: it can be read, and says nothing.
    pub fn replace(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        match &self.backing {
            Backing::Mapped(mapping) => mapping.replace(fd),
            Backing::Heap(_) => Ok(()),
        }
    }

    /// The size of the arena in bytes.
    pub fn arena(&self) -> usize {
        self.arena_len
    }

    /// The longest payload that fits the empty arena.
    pub fn longest(&self) -> usize {
        longest(self.arena_len)
    }

    /// The bytes of a span. `None` if the span is not within the arena, or longer than any payload.
    #[inline]
    pub fn region(&self, span: Span) -> Option<Region<'_>> {
        let offset = usize::try_from(span.offset).ok()?;
        if span.len() > self.longest() || offset > self.arena_len - span.len() {
            return None;
        }
        // SAFETY: within the arena.
        let base = unsafe { self.arena.add(offset) };
        // SAFETY: mapped as long as the segment is borrowed. References to bytes of the arena exist only in a worker, under
        // the promises of `WorkerEnd::borrow_request` and `WorkerEnd::borrow_allocated`.
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

    /// Gives memory of the arena back to the kernel. It is only advice: if the kernel refuses, the memory stays.
    pub(super) fn punch(&self, hole: Hole) {
        if let Backing::Mapped(mapping) = &self.backing {
            let _ = mapping.punch(head::<T>() + hole.offset, hole.len);
        }
    }
}

// Only tests and checkers have lanes in heap memory.
#[cfg_attr(not(any(test, raddle_loom, raddle_shuttle)), allow(dead_code))]
impl<T: LaneFile> Segment<T> {
    /// A segment in heap memory, with an arena of this many bytes.
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
            Backing::Mapped(_) => {
                panic!("only heap segments can be shared: a mapped file is opened")
            }
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
        // SAFETY: leaked from a box by `Segment::heap`; no segment refers to it any more.
        drop(unsafe { Box::from_raw(self.arena.as_ptr()) });
    }
}

// SAFETY: as for `Segment`.
unsafe impl<T: LaneFile> Send for Heap<T> {}
// SAFETY: as above.
unsafe impl<T: LaneFile> Sync for Heap<T> {}

impl<T> Deref for Segment<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: mapped or allocated as long as the segment lives; all fields are atomics, for which any bytes are valid.
        unsafe { self.shared.as_ref() }
    }
}
