//! Has a figure changed? Statistics over runs, for the gate and for the dashboard.
//!
//! A run is a handful of rounds of one process. Rounds of one run lie closer together than runs do: each
//! process has its own memory layout and its own luck with the scheduler. So a sample is a list of runs, each a list of rounds,
//! and
//! [`change`](fn@change) knows the difference.

mod change;
mod random;

pub use change::{Change, Interval, Parameters, Sample, change};
pub use random::Random;

/// The median. NaN for nothing.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert!(median(&[]).is_nan());
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
