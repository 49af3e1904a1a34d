//! Which fields of a struct are there, and what stands for their names.

use std::hash::{DefaultHasher, Hasher};

/// The fewest bytes that a name and its value take.
pub const LEAST: usize = 5;

/// A bit for each field; one for all that are beyond.
pub type Present = u128;

pub fn bit(at: usize) -> Present {
    1 << at.min(Present::BITS as usize - 1)
}

/// How names are told from their hash.
pub fn hash(names: &[&[u8]]) -> u64 {
    let mut hasher = DefaultHasher::new();
    names.iter().for_each(|name| put(&mut hasher, name));
    hasher.finish()
}

pub fn put(hasher: &mut DefaultHasher, name: &[u8]) {
    hasher.write(name);
    hasher.write_u8(0xFF);
}
