//! In which form the values of a type travel: found once for each type, in each process.
//!
//! A submitter asks for the type of the argument, a worker for that of the result; each tells the other side what it did. What is
//! found is kept in a table of words, so that asking again is one look. No lock is held while the type's own code runs,
//! and two threads that ask for the first time at once both find the same.

use crate::codec;
use crate::future::panics;
use crate::sync::unmodelled::{AtomicU64, Ordering};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Places for types; a power of two.
const ENTRIES: usize = 4096;
/// Where a type's place may be taken, the next one may do.
const PROBES: usize = 64;

/// A type's word is its hash with the lowest bit for [`PLAIN`]; zero is a free place.
static FORMS: [AtomicU64; ENTRIES] = [const { AtomicU64::new(0) }; ENTRIES];

const PLAIN: u64 = 1;

/// Does the plain form carry the type? Runs code of the user the first time.
#[inline]
pub fn is_plain<T: Serialize + DeserializeOwned + 'static>() -> bool {
    if codec::is_known::<T>() {
        return true;
    }
    let word = word_of::<T>();
    // ORDERING: form.known Relaxed: nothing else is told by the word.
    FORMS[word as usize % ENTRIES].load(Ordering::Relaxed) == word | PLAIN || find(word, probe::<T>)
}

/// The hash of its id, which differs for any two types but for a chance of one in 2^60.
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
    // The lowest bits choose the place: above the one that is ours.
    hasher.finish().rotate_left(1) & !PLAIN | 2
}

/// The form of a type that was not found at once.
#[cold]
fn find(word: u64, probe: fn() -> bool) -> bool {
    let probed = || (0..PROBES).map(|step| &FORMS[(word as usize + step) % ENTRIES]);
    for entry in probed() {
        // ORDERING: form.near Relaxed: as form.known.
        match entry.load(Ordering::Relaxed) {
            0 => break,
            known if known & !PLAIN == word => return known & PLAIN != 0,
            _ => {}
        }
    }
    let is_plain = probe();
    let known = word | u64::from(is_plain);
    for entry in probed() {
        // ORDERING: form.found Relaxed: as form.known.
        match entry.compare_exchange(0, known, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => break,
            Err(other) if other & !PLAIN == word => break,
            // Where there is no place, it is found anew each time.
            Err(_) => {}
        }
    }
    is_plain
}

/// Asks the type. A panic is its own affair: nobody hears of it.
fn probe<T: Serialize + DeserializeOwned>() -> bool {
    // UNWIND: the user's Serialize and Deserialize, with values that are made up: what they leave half-made is their own.
    panics::silenced(|| catch_unwind(AssertUnwindSafe(codec::is_plain::<T>))).unwrap_or_else(
        |payload| {
            crate::report::contain_drop("panic payload", || drop(payload));
            false
        },
    )
}
