//! The allocator of an arena: which spans are in use. Private to the side that writes the arena.
//!
//! Sizes are powers of two. Each size has a list of free spans. The span that was freed last is reused first, because its
//! pages are in memory and its lines may be in the cache. When no span is in use, the whole arena is free again for any
//! size.

use crate::sync::bound;
use crate::sys::memfd::PAGE;

/// A part of an arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub(super) offset: u64,
    pub(super) len: u32,
}

impl Span {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Do the two spans share a byte? Both must be within an arena.
    pub fn overlaps(&self, other: Self) -> bool {
        let end = |span: &Self| span.offset + u64::from(span.len);
        self.offset < end(&other) && other.offset < end(self)
    }
}

/// Memory to give back to the kernel. Call [`SpanAllocator::punched`] afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Hole {
    pub offset: usize,
    pub len: usize,
}

/// Log2 of the smallest size: one cache line.
const SMALLEST: u32 = 6;
const CLASSES: usize = u32::BITS as usize;
/// How many bytes of free spans keep their memory for the next payloads. More than half of these bytes have memory behind
/// them, because a span's size is its payload's length rounded up to a power of two. Spans smaller than a page always keep
/// their memory. The value lets one span of bench P3-64M stay, whose payload is 64 MiB and a length.
const KEPT: usize = bound(128 << 20, 0);

#[derive(Default)]
struct Class {
    /// Free spans with memory behind them.
    warm: Vec<u64>,
    /// Free spans that were punched.
    cold: Vec<u64>,
}

/// See the module.
pub struct SpanAllocator {
    classes: [Class; CLASSES],
    /// No offset from here on has been used.
    top: usize,
    end: usize,
    /// How many spans are in use.
    used: usize,
    /// How many bytes the warm spans have.
    warm: usize,
}

/// Log2 of the size that a payload of this length takes. None: no size is large enough.
fn class(len: u32) -> Option<usize> {
    let size = len.checked_next_power_of_two()?;
    Some(size.trailing_zeros().max(SMALLEST) as usize)
}

impl SpanAllocator {
    pub fn new(arena: usize) -> Self {
        Self {
            classes: std::array::from_fn(|_| Class::default()),
            top: 0,
            end: arena,
            used: 0,
            warm: 0,
        }
    }

    /// Would a payload of this length fit the empty arena?
    pub fn fits(&self, len: u32) -> bool {
        class(len).is_some_and(|class| 1 << class <= self.end)
    }

    /// Allocates a span for a payload. `None`: no space is free now.
    pub fn allocate(&mut self, len: u32) -> Option<Span> {
        let class = class(len)?;
        self.allocate_of(class)
            .or_else(|| {
                // If no span is in use, only free spans of other sizes are in the way.
                if self.used > 0 {
                    return None;
                }
                *self = Self::new(self.end);
                self.allocate_of(class)
            })
            .map(|offset| {
                self.used += 1;
                Span { offset, len }
            })
    }

    fn allocate_of(&mut self, class: usize) -> Option<u64> {
        let size = 1 << class;
        let Class { warm, cold } = &mut self.classes[class];
        if let Some(offset) = warm.pop() {
            self.warm -= size;
            return Some(offset);
        }
        if let Some(offset) = cold.pop() {
            return Some(offset);
        }
        // Aligned to pages, because a hole consists of whole pages.
        let offset = self.top.next_multiple_of(size.min(PAGE));
        self.top = offset.checked_add(size).filter(|&top| top <= self.end)?;
        Some(offset as u64)
    }

    /// Frees a span. The caller punches the returned hole, if any, and then calls [`punched`](Self::punched).
    pub fn free(&mut self, span: Span) -> Option<Hole> {
        self.used -= 1;
        let class = class(span.len).expect("a span that was allocated");
        let hole = Hole {
            offset: span.offset as usize,
            len: 1 << class,
        };
        if hole.len >= PAGE && self.warm + hole.len > KEPT {
            return Some(hole);
        }
        self.classes[class].warm.push(span.offset);
        self.warm += hole.len;
        None
    }

    /// How many spans are in use.
    #[cfg(raddle_hostile)]
    pub fn in_use(&self) -> usize {
        self.used
    }

    /// Makes a punched hole available again.
    pub fn punched(&mut self, hole: Hole) {
        let class = hole.len.trailing_zeros() as usize;
        self.classes[class].cold.push(hole.offset as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_do_not_overlap_and_are_reused() {
        let mut spans = SpanAllocator::new(1 << 20);
        let taken: Vec<Span> = (0..)
            .map_while(|n| spans.allocate(49 + n * 37 % 5000))
            .collect();
        assert!(taken.len() > 100);
        let mut ranges: Vec<_> = taken
            .iter()
            .map(|s| (s.offset, s.offset + u64::from(s.len)))
            .collect();
        ranges.sort_unstable();
        assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        assert!(ranges.last().unwrap().1 <= 1 << 20);
        let last = *taken.last().unwrap();
        for span in taken {
            assert_eq!(spans.free(span), None);
        }
        // Of each size, the span that was freed last is reused first.
        assert_eq!(spans.allocate(last.len), Some(last));
    }

    #[test]
    fn an_arena_without_spans_in_use_serves_any_size() {
        let mut spans = SpanAllocator::new(1 << 20);
        let small: Vec<_> = (0..1 << 14).map(|_| spans.allocate(64).unwrap()).collect();
        assert_eq!(spans.allocate(64), None);
        for span in small {
            assert_eq!(spans.free(span), None);
        }
        let all = spans.allocate(1 << 20).unwrap();
        assert_eq!((all.offset, all.len()), (0, 1 << 20));
    }

    #[test]
    fn too_long_payloads_never_fit() {
        let mut spans = SpanAllocator::new(1 << 20);
        assert!(spans.fits(1 << 20) && !spans.fits((1 << 20) + 1) && !spans.fits(u32::MAX));
        assert_eq!(spans.allocate((1 << 20) + 1), None);
        assert_eq!(spans.allocate(u32::MAX), None);
    }

    #[test]
    fn free_spans_beyond_the_limit_are_punched() {
        let mut spans = SpanAllocator::new(1 << 30);
        let size = 32 << 20;
        let taken: Vec<_> = (0..8).map(|_| spans.allocate(size).unwrap()).collect();
        let holes: Vec<_> = taken.iter().filter_map(|&span| spans.free(span)).collect();
        assert_eq!(holes.len(), 8 - KEPT / size as usize);
        for &hole in &holes {
            spans.punched(hole);
        }
        // Reuses warm spans first, then punched ones, and then the rest of the arena.
        for _ in 0..8 {
            assert!(taken.contains(&spans.allocate(size).unwrap()));
        }
    }
}
