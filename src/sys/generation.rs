//! The fork generation of a process: one more than that of the process that it was forked from.
//!
//! # The words
//! | word | where | holds |
//! |---|---|---|
//! | `kept` | ordinary memory: a forked child has a copy | the generation that was counted last |
//! | `next`, `known` | a page that the kernel wipes in a forked child | 0, or the generation of this process |
//!
//! In the first process the page is new, so it holds zeroes.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | `next` 0 | one more than `kept` | the first thread that gets there | [`Page::generation`] | exchange, Relaxed |
//! | `kept` smaller | `next` | each thread that finds `known` 0 | the same | maximum, Relaxed |
//! | `known` 0 | `next` | the same, after its step on `kept` | the same | Release |
//!
//! # Guarantees
//! All threads of a process get the same number. No thread gets it before it is in `kept`. So if a thread has the number, or
//! has seen an object that was made with it, then a child that the thread forks is one generation further.
//!
//! `kept` changes only after `next` is set. So the thread that sets `next` has read the value of `kept` that came from the
//! parent.
//!
//! Each step can be done twice, so no thread waits for another. Wait-free, and one load once the number is known.
//!
//! Where the kernel has no such page, the process id takes its place: [`Named`] is one word with one transition.
//!
//! Models: `verify/src/scenarios/generation.rs`.

use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// The words in the page that the kernel wipes. Their first state is all zero.
#[repr(C)]
pub struct Page {
    next: AtomicU32,
    known: AtomicU32,
}

impl Page {
    /// For memory that does not come from the kernel.
    #[cfg(any(test, raddle_loom, raddle_shuttle))]
    pub fn new() -> Self {
        Self {
            next: AtomicU32::new(0),
            known: AtomicU32::new(0),
        }
    }

    /// The generation of this process.
    #[inline]
    pub fn generation(&self, kept: &AtomicU32) -> u32 {
        // ORDERING: generation.look Acquire -> pairs with generation.known: the value of `kept`.
        match self.known.load(Acquire) {
            0 => self.count(kept),
            known => known,
        }
    }

    #[cold]
    fn count(&self, kept: &AtomicU32) -> u32 {
        // ORDERING: generation.kept Relaxed: if this process has written the value, `next` was set before, and the exchange
        // below fails.
        let mine = kept.load(Relaxed).wrapping_add(1);
        // ORDERING: generation.next Relaxed: an exchange sees the newest value, and the number publishes nothing else.
        let next = match self.next.compare_exchange(0, mine, Relaxed, Relaxed) {
            Ok(_) => mine,
            Err(theirs) => theirs,
        };
        // ORDERING: generation.keep Relaxed: published by generation.known. If several threads get here, each does it.
        kept.fetch_max(next, Relaxed);
        // ORDERING: generation.known Release -> pairs with generation.look: the value of `kept`.
        self.known.store(next, Release);
        next
    }
}

/// The generation, and the id of the process that counted it.
pub struct Named(AtomicU64);

impl Named {
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The generation of the process with this id.
    pub fn generation(&self, id: u32) -> u32 {
        let word = |generation: u32| u64::from(id) << 32 | u64::from(generation);
        // ORDERING: named.look Relaxed: the word publishes no other memory.
        let mut now = self.0.load(Relaxed);
        while (now >> 32) as u32 != id {
            let next = word((now as u32).wrapping_add(1));
            // ORDERING: named.count Relaxed: as named.look.
            match self.0.compare_exchange(now, next, Relaxed, Relaxed) {
                Ok(_) => now = next,
                Err(newer) => now = newer,
            }
        }
        now as u32
    }
}

#[cfg(test)]
mod tests {
    use super::{Named, Page};
    use crate::sync::atomic::AtomicU32;

    #[test]
    fn each_process_is_one_further() {
        let kept = AtomicU32::new(0);
        for generation in 1..5 {
            let wiped = Page::new();
            assert_eq!(wiped.generation(&kept), generation);
            assert_eq!(wiped.generation(&kept), generation);
        }
    }

    #[test]
    fn each_new_process_id_is_one_further() {
        let named = Named::new();
        for (id, generation) in [(7, 1), (9, 2), (9, 2), (7, 3)] {
            assert_eq!(named.generation(id), generation);
        }
    }
}
