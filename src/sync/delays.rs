//! Random delays before every atomic operation, fence and lock, for builds with `--cfg raddle_delays`. They imitate a busy
//! machine, on which a thread can stall between any two operations. The tests' results must not change.
//!
//! Most points do nothing. Some spin, some yield the core, and a few sleep. Each thread has its own random generator. Its
//! seed is made of `RADDLE_DELAYS_SEED` (0 if it is not set), the process id, and the number of the thread in the process.

use super::unmodelled::{AtomicU64, Ordering};
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

std::thread_local! {
    static RANDOM: Cell<u64> = const { Cell::new(0) };
}

static THREADS: AtomicU64 = AtomicU64::new(0);

#[cold]
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    let seed = *SEED.get_or_init(|| {
        let text = std::env::var("RADDLE_DELAYS_SEED").ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(0)
    });
    // ORDERING: delays.thread Relaxed: only the number matters.
    let thread = THREADS.fetch_add(1, Ordering::Relaxed);
    let mixed = (seed << 40 ^ u64::from(std::process::id()) << 16 ^ thread)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed | 1
}

/// A point at which this thread may stall.
pub(super) fn point() {
    // At the end of a thread its generator is gone.
    let Ok(now) = RANDOM.try_with(Cell::get) else {
        return;
    };
    let mut next = if now == 0 { seed() } else { now };
    next ^= next << 13;
    next ^= next >> 7;
    next ^= next << 17;
    RANDOM.set(next);
    // The high bits are more random than the low ones.
    match (next >> 40) % 4096 {
        0..4 => std::thread::sleep(Duration::from_micros(next >> 54)),
        4..64 => std::thread::yield_now(),
        64..128 => (0..next >> 56).for_each(|_| std::hint::spin_loop()),
        _ => {}
    }
}
