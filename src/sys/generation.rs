//! Which fork generation a process is of: one further than the one that it was forked in.
//!
//! # The words
//! `kept`, in plain memory: the generation that was counted last. A forked child has its copy.
//! `next` and `known`, in a page that the kernel wipes in a forked child, and which is new in the first process: 0, or the
//! generation of this process.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | `next` 0 | one more than `kept` | the first thread that gets there | [`Page::generation`] | exchange, Relaxed |
//! | `kept` smaller | `next` | each thread that finds `known` 0 | the same | maximum, Relaxed |
//! | `known` 0 | `next` | the same, after its step on `kept` | the same | Release |
//!
//! # Guarantees
//! All threads of a process get the same number, and nobody gets it before it is in `kept`: so a child that is forked by
//! anybody who has it, or has seen what was made with it, is one further. `kept` grows only when `next` is set, and so
//! whoever sets `next` has read what came from the parent. Each step can be done twice: nobody waits for anybody. Wait-free,
//! and one load once it is known.
//!
//! Where there is no such page the process id stands for it: [`Named`], one word, whose one exchange is all.
//! Models: `verify/src/scenarios/generation.rs`.

use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};

/// What the kernel wipes. All bits zero are its first state.
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
        // ORDERING: generation.look Acquire -> pairs with generation.known: what was kept before.
        match self.known.load(Acquire) {
            0 => self.count(kept),
            known => known,
        }
    }

    #[cold]
    fn count(&self, kept: &AtomicU32) -> u32 {
        // ORDERING: generation.kept Relaxed: what this process has kept itself it has kept after `next` was set, and then
        // the exchange fails.
        let mine = kept.load(Relaxed).wrapping_add(1);
        // ORDERING: generation.next Relaxed: an exchange sees the newest value, and the number says nothing but itself.
        let next = match self.next.compare_exchange(0, mine, Relaxed, Relaxed) {
            Ok(_) => mine,
            Err(theirs) => theirs,
        };
        // ORDERING: generation.keep Relaxed: published by generation.known. Of several threads each does it.
        kept.fetch_max(next, Relaxed);
        // ORDERING: generation.known Release -> pairs with generation.look.
        self.known.store(next, Release);
        next
    }
}

/// The generation, and the id of the process that has counted it.
pub struct Named(AtomicU64);

impl Named {
    pub fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The generation of the process of this id.
    pub fn generation(&self, id: u32) -> u32 {
        let word = |generation: u32| u64::from(id) << 32 | u64::from(generation);
        // ORDERING: named.look Relaxed: one word, which says nothing of other memory.
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
    fn each_name_is_one_further() {
        let named = Named::new();
        for (id, generation) in [(7, 1), (9, 2), (9, 2), (7, 3)] {
            assert_eq!(named.generation(id), generation);
        }
    }
}
