//! A bounded spin before a sleep.

use super::{MODEL, hint};
use std::time::{Duration, Instant};

/// Spins until `ready` returns true, or until the budget is used up. Returns whether it became ready. `budget` is called only
/// if the first check fails. The clock is read once in several rounds. Under a checker there is only the first check.
pub fn until(budget: impl FnOnce() -> Duration, ready: impl Fn() -> bool) -> bool {
    /// How many rounds there are between two readings of the clock.
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
