//! Chooses the form in which the values of a type travel: plain or described. Each process finds the form of a type once.
//!
//! A submitter asks for the type of the argument, a worker for the type of the result. Each message says which form it has. The
//! form of a type is kept in a table of words, so asking again costs one load. No lock is held while the type's own code runs. Two
//! threads that ask for the first time at once find the same form.

use crate::codec;
use crate::report;
use crate::sync::unmodelled::{AtomicU64, Ordering};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many types the table holds; a power of two.
const ENTRIES: usize = 4096;
/// How many entries are probed for a type, since its first entry may be taken.
const PROBES: usize = 64;

/// The table. The word of a type is its hash, with [`PLAIN`] as the lowest bit; zero is a free entry.
static FORMS: [AtomicU64; ENTRIES] = [const { AtomicU64::new(0) }; ENTRIES];

const PLAIN: u64 = 1;

/// Can the plain form carry the type? Runs code of the user the first time.
#[inline]
pub fn is_plain<T: Serialize + DeserializeOwned + 'static>() -> bool {
    if codec::is_known(TypeId::of::<T>()) {
        return true;
    }
    let word = word_of::<T>();
    // ORDERING: form.known Relaxed: the word publishes no other memory.
    FORMS[word as usize % ENTRIES].load(Ordering::Relaxed) == word | PLAIN || find(word, probe::<T>)
}

/// The hash of the type's id. Two types have the same hash with a chance of one in 2^60.
#[inline]
fn word_of<T: 'static>() -> u64 {
    struct Last(u64);
    impl Hasher for Last {
        #[inline]
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
            }
        }
        #[inline]
        fn write_u64(&mut self, word: u64) {
            self.0 = word;
        }
        #[inline]
        fn finish(&self) -> u64 {
            self.0
        }
    }
    let mut hasher = Last(0);
    TypeId::of::<T>().hash(&mut hasher);
    // The lowest bits choose the entry, so they are above the bit of `PLAIN`.
    hasher.finish().rotate_left(1) & !PLAIN | 2
}

/// Finds the form of a type that is not in its first entry, and stores it.
#[cold]
fn find(word: u64, probe: fn() -> bool) -> bool {
    let probed = || (0..PROBES).map(|step| &FORMS[(word as usize + step) % ENTRIES]);
    for entry in probed() {
        // ORDERING: form.probe Relaxed: as form.known.
        match entry.load(Ordering::Relaxed) {
            0 => break,
            known if known & !PLAIN == word => return known & PLAIN != 0,
            _ => {}
        }
    }
    let is_plain = probe();
    let known = word | u64::from(is_plain);
    for entry in probed() {
        // ORDERING: form.store Relaxed: as form.known.
        match entry.compare_exchange(0, known, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => break,
            Err(other) if other & !PLAIN == word => break,
            // If all probed entries are taken, the form is found anew each time.
            Err(_) => {}
        }
    }
    is_plain
}

/// Tries the type's own code. A panic in it is not reported.
fn probe<T: Serialize + DeserializeOwned>() -> bool {
    // UNWIND: the user's Serialize and Deserialize, with made-up values. Only their own values can be half-made.
    report::silenced(|| catch_unwind(AssertUnwindSafe(codec::is_plain::<T>))).unwrap_or_else(
        |payload| {
            report::contain_drop("panic payload", || drop(payload));
            false
        },
    )
}
