//! The set of fields of a struct that have a value, and the hash of their names.

use std::hash::{DefaultHasher, Hasher};

/// The smallest number of bytes of a name and its value.
pub const LEAST: usize = 5;

/// One bit for each field, and one for all fields beyond the last bit.
pub type Present = u128;

pub fn bit(at: usize) -> Present {
    1 << at.min(Present::BITS as usize - 1)
}

/// The hash that identifies a list of names.
pub fn hash(names: &[&[u8]]) -> u64 {
    let mut hasher = DefaultHasher::new();
    names.iter().for_each(|name| put(&mut hasher, name));
    hasher.finish()
}

pub fn put(hasher: &mut DefaultHasher, name: &[u8]) {
    hasher.write(name);
    hasher.write_u8(0xFF);
}
