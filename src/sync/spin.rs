//! Looking again and again for a while, before a sleep.

use super::{MODEL, hint};
use std::time::{Duration, Instant};

/// Spins until `ready` (true) or until the time is over; looks at the clock rarely. How long it may be is asked after the
/// first look. Under a checker one look is all.
pub fn until(budget: impl FnOnce() -> Duration, ready: impl Fn() -> bool) -> bool {
    /// Looks at the clock once in so many rounds.
    const ROUNDS: u32 = 8;
    if ready() {
        return true;
    }
    if MODEL {
        return false;
    }
    let budget = budget();
    if budget.is_zero() {
        return false;
    }
    let start = Instant::now();
    loop {
        for _ in 0..ROUNDS {
            if ready() {
                return true;
            }
            hint::spin_loop();
        }
        if start.elapsed() >= budget {
            return ready();
        }
    }
}
