//! The limits of a value.

/// The largest number of bytes that a value may take; a length on the wire is a `u32`.
pub const MOST_BYTES: usize = u32::MAX as usize;

/// How deep values may be nested. Every sequence, map, tuple, struct, variant, newtype and `Some` is one level.
pub const MOST_DEPTH: u32 = 256;
