//! Work of a known size: a chain of dependent steps whose pace is measured once.
//!
//! A task that watched the clock instead would be "done" after being off its core, and so would hide
//! every core that a pool takes away from its own workers.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// `steps` dependent steps, a few tenths of a nanosecond to a few nanoseconds each.
#[inline(never)]
pub fn steps(steps: u64, seed: u64) -> u64 {
    let mut x = seed | 1;
    for _ in 0..steps {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

/// Steps that take a microsecond on a core of one's own. The fastest of many tries: a slower one was
/// disturbed.
pub fn steps_per_us() -> f64 {
    static PACE: OnceLock<f64> = OnceLock::new();
    *PACE.get_or_init(|| {
        const STEPS: u64 = 100_000;
        let fastest = (0..200)
            .map(|seed| {
                let start = Instant::now();
                black_box(steps(black_box(STEPS), seed));
                start.elapsed()
            })
            .min()
            .unwrap();
        STEPS as f64 * 1_000.0 / fastest.as_nanos() as f64
    })
}

/// Steps that take `us` microseconds.
pub fn steps_for(us: f64) -> u64 {
    (us * steps_per_us()) as u64
}

/// A few nanoseconds of arithmetic that the compiler cannot vectorise away into less.
#[inline]
pub fn cheap(x: u64) -> u64 {
    let mut x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Keeps the calling thread busy, by the clock.
pub fn busy_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Nanoseconds since the first call in this program, for time stamps that cross threads.
pub fn stamp() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
