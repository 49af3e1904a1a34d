//! Which parts of an arena are in use. Private to the side that writes the arena.
//!
//! Sizes are powers of two, each with a list of free spans; the last freed is taken first, since its
//! pages are there and its lines may be in the cache. When nothing is in use the arena is whole again.

use crate::sync::bound;
use crate::sys::memfd::PAGE;

/// A part of an arena.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    pub(super) offset: u64,
    pub(super) len: u32,
}

impl Span {
    /// Bytes.
    pub fn len(&self) -> usize {
        self.len as usize
    }
}

/// Memory to give back to the kernel, with [`Spans::punched`] afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub struct Hole {
    pub offset: usize,
    pub len: usize,
}

/// The smallest span is a line.
const SMALLEST: u32 = 6;
const CLASSES: usize = 40;
/// Free memory that is kept for the next payloads. Spans of less than a page are kept in any case.
const KEPT: usize = bound(64 << 20, 0);

#[derive(Default)]
struct Class {
    /// With memory behind them.
    warm: Vec<u64>,
    /// Holes.
    cold: Vec<u64>,
}

/// See the module.
pub struct Spans {
    classes: [Class; CLASSES],
    /// Nothing from here on has been used.
    top: usize,
    end: usize,
    used: usize,
    /// Bytes in warm spans.
    warm: usize,
}

fn class(len: u32) -> usize {
    len.next_power_of_two().trailing_zeros().max(SMALLEST) as usize
}

impl Spans {
    pub fn new(arena: usize) -> Self {
        Self {
            classes: std::array::from_fn(|_| Class::default()),
            top: 0,
            end: arena,
            used: 0,
            warm: 0,
        }
    }

    /// Room for a payload; `None` if there is none now.
    pub fn take(&mut self, len: u32) -> Option<Span> {
        if len > 1 << 31 {
            return None;
        }
        let class = class(len);
        let size = 1 << class;
        let Class { warm, cold } = &mut self.classes[class];
        let offset = if let Some(offset) = warm.pop() {
            self.warm -= size;
            offset
        } else if let Some(offset) = cold.pop() {
            offset
        } else {
            // Holes are whole pages.
            let offset = self.top.next_multiple_of(size.min(PAGE));
            let top = offset.checked_add(size).filter(|&top| top <= self.end)?;
            self.top = top;
            offset as u64
        };
        self.used += 1;
        Some(Span { offset, len })
    }

    /// Takes a span back. What comes out is to be punched.
    pub fn free(&mut self, span: Span) -> Option<Hole> {
        self.used -= 1;
        let class = class(span.len);
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

    /// The hole can be used again.
    pub fn punched(&mut self, hole: Hole) {
        let class = hole.len.trailing_zeros() as usize;
        self.classes[class].cold.push(hole.offset as u64);
    }

    /// Nothing is in use.
    pub fn is_unused(&self) -> bool {
        self.used == 0
    }
}
