//! Delays at every atomic operation, fence and lock, for builds with `--cfg raddle_delays`: what lies between two of them
//! takes long now and then, as on a machine that is busy. The tests' answers must not change.
//!
//! Most points do nothing, some give up the core, few sleep. Which ones, the thread's own dice say, which begin with
//! `RADDLE_DELAYS_SEED` (0 if it is not set), the process and how many threads it has had.

use super::unmodelled::{AtomicU64, Ordering};
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

std::thread_local! {
    static DICE: Cell<u64> = const { Cell::new(0) };
}

static THREADS: AtomicU64 = AtomicU64::new(0);

#[cold]
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    let seed = *SEED.get_or_init(|| {
        let text = std::env::var("RADDLE_DELAYS_SEED").ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    });
    // ORDERING: delays.thread Relaxed: a number.
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    let mixed = (seed << 40 ^ u64::from(std::process::id()) << 16 ^ thread)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed | 1
}

/// Here something may take long.
pub(super) fn point() {
    // At the end of a thread there are no dice any more.
    let Ok(now) = DICE.try_with(Cell::get) else {
        return;
    };
    let mut next = if now == 0 { seed() } else { now };
    next ^= next << 13;
    next ^= next >> 7;
    next ^= next << 17;
    DICE.set(next);
    // The high bits are the better ones.
    match (next >> 40) % 4096 {
        0..4 => std::thread::sleep(Duration::from_micros(next >> 54)),
        4..64 => std::thread::yield_now(),
        64..128 => (0..next >> 56).for_each(|_| std::hint::spin_loop()),
        _ => {}
    }
}
