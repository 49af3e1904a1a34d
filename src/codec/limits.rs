//! What a value may take at most.

/// The most bytes that a value may take; a length on the wire is a `u32`.
pub const MOST_BYTES: usize = u32::MAX as usize;

/// How deep values may be nested: every sequence, map, tuple, struct, variant, newtype and `Some` counts.
pub const MOST_DEPTH: u32 = 256;
