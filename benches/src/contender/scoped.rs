//! No pool at all: `std::thread::scope` with one thread per worker and an even split.

use super::{Config, Contender, Map};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::thread;

/// See the module.
pub struct Scoped(usize);

impl Contender for Scoped {
    const NAME: &'static str = "scoped threads";

    fn new(config: &Config) -> Scoped {
        Scoped(config.workers)
    }
}

impl Map for Scoped {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        let chunk = items.len().div_ceil(self.0).max(1);
        let mut out: Vec<u64> = Vec::with_capacity(items.len());
        let slots = &mut out.spare_capacity_mut()[..items.len()];
        thread::scope(|scope| {
            let mut parts = items.chunks(chunk).zip(slots.chunks_mut(chunk));
            let mine = parts.next();
            for (items, slots) in parts {
                scope.spawn(move || fill(items, slots, f));
            }
            if let Some((items, slots)) = mine {
                fill(items, slots, f);
            }
        });
        // SAFETY: the scope has ended, so every part wrote all of its slots.
        unsafe { out.set_len(items.len()) };
        out
    }
}

fn fill(items: &[u64], slots: &mut [MaybeUninit<u64>], f: impl Fn(u64) -> u64) {
    for (slot, &item) in slots.iter_mut().zip(items) {
        slot.write(f(item));
    }
}
