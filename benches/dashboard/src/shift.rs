//! Where a history's level shifts: change points by a permutation test.
//!
//! Circular binary segmentation (Olshen and others, 2004): of a series of medians, by their logarithms, the stretch is
//! looked for whose mean differs most from that of the rest. It may reach to an end, which is one cut, or not, which is
//! there and back. The same is asked of the series shuffled: under no change any order is as likely as another, so the
//! share of shuffles with as good a stretch is the probability of such a one by chance. One that is rarer than `ALPHA`
//! stays, and each part is looked at in turn. Of the cuts, those whose levels differ by less than `LEAST_SHIFT` are
//! dropped. Levels are medians; the interval of their ratio is a bootstrap's.

use crate::statistics::{Parameters, Random, Sample, change, median};
use std::ops::Range;

/// Shuffles per test.
pub const SHUFFLES: usize = 1999;
/// A stretch more probable by chance than this is none.
pub const ALPHA: f64 = 0.001;
/// Runs at a level, at least.
pub const LEAST_RUNS: usize = 5;
/// A level that differs by a smaller share has not shifted.
pub const LEAST_SHIFT: f64 = 0.03;
/// Resamples of the interval.
pub const RESAMPLES: usize = 999;
/// How much of the resamples the interval holds.
pub const CONFIDENCE: f64 = 0.99;
/// Everything random begins here, so that a site built twice is the same.
const SEED: u64 = 0x7261_6464_6c65;

/// A shift of a series' level.
#[derive(Clone, Debug)]
pub struct Shift {
    /// The first figure of the new level.
    pub at: usize,
    /// The level before.
    pub before: f64,
    /// The new level.
    pub after: f64,
    /// The share of shuffles with as good a stretch.
    pub p: f64,
    /// The interval of `after` over `before`.
    pub interval: (f64, f64),
}

impl Shift {
    /// The new level over the old one.
    pub fn ratio(&self) -> f64 {
        self.after / self.before
    }
}

/// The shifts of a series, in order. Figures that are not above zero cannot be judged: none are found then.
pub fn shifts(series: &[f64]) -> Vec<Shift> {
    if series
        .iter()
        .any(|figure| !figure.is_finite() || *figure <= 0.0)
    {
        return Vec::new();
    }
    let logs: Vec<f64> = series.iter().map(|figure| figure.ln()).collect();
    let mut random = Random::new(SEED);
    let mut cuts = Vec::new();
    segment(&logs, 0, &mut random, &mut cuts);
    cuts.sort_by_key(|(at, _)| *at);
    // The least difference first: without it its neighbours' levels are others.
    loop {
        let level = |i: usize, cuts: &[(usize, f64)]| {
            let begin = if i == 0 { 0 } else { cuts[i - 1].0 };
            let end = cuts.get(i).map_or(series.len(), |(at, _)| *at);
            (begin, end)
        };
        let shift = |i: usize, cuts: &[(usize, f64)]| {
            let (begin, at) = level(i, cuts);
            let (_, end) = level(i + 1, cuts);
            median(&logs[at..end]) - median(&logs[begin..at])
        };
        let least = (0..cuts.len())
            .min_by(|a, b| shift(*a, &cuts).abs().total_cmp(&shift(*b, &cuts).abs()));
        match least {
            Some(i) if (shift(i, &cuts).exp() - 1.0).abs() < LEAST_SHIFT => {
                cuts.remove(i);
            }
            _ => {
                return (0..cuts.len())
                    .map(|i| {
                        let ((begin, at), (_, end)) = (level(i, &cuts), level(i + 1, &cuts));
                        let (before, after) = (&series[begin..at], &series[at..end]);
                        Shift {
                            at,
                            before: median(before),
                            after: median(after),
                            p: cuts[i].1,
                            interval: interval(before, after),
                        }
                    })
                    .collect();
            }
        }
    }
}

fn segment(logs: &[f64], offset: usize, random: &mut Random, cuts: &mut Vec<(usize, f64)>) {
    let Some((stretch, best)) = best_stretch(logs) else {
        return;
    };
    let mut shuffled = logs.to_vec();
    let most = (ALPHA * (SHUFFLES + 1) as f64) as usize;
    // The order that was seen is one of the orders.
    let mut as_good = 1;
    for _ in 0..SHUFFLES {
        shuffle(&mut shuffled, random);
        if best_stretch(&shuffled).is_some_and(|(_, other)| other >= best) {
            as_good += 1;
            if as_good > most {
                return;
            }
        }
    }
    let p = as_good as f64 / (SHUFFLES + 1) as f64;
    let parts = [0..stretch.start, stretch.clone(), stretch.end..logs.len()];
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        if part.start > 0 {
            cuts.push((offset + part.start, p));
        }
        segment(&logs[part.clone()], offset + part.start, random, cuts);
    }
}

/// The stretch whose mean differs most from that of the rest, by their numbers, and the square of that difference. It
/// and what is left on either side, if anything, are at least `LEAST_RUNS` long; none if there is no such stretch.
fn best_stretch(logs: &[f64]) -> Option<(Range<usize>, f64)> {
    let n = logs.len();
    let mut sums = vec![0.0];
    for log in logs {
        sums.push(sums[sums.len() - 1] + log);
    }
    let mut best: Option<(Range<usize>, f64)> = None;
    let starts = (0..n).filter(|start| *start == 0 || *start >= LEAST_RUNS);
    for start in starts {
        let ends = (start + LEAST_RUNS..=n).filter(|end| *end == n || n - *end >= LEAST_RUNS);
        for end in ends.filter(|end| end - start < n) {
            let (inside, outside) = ((end - start) as f64, (n - (end - start)) as f64);
            let sum = sums[end] - sums[start];
            let difference = sum / inside - (sums[n] - sum) / outside;
            let weight = difference * difference * inside * outside;
            if best.as_ref().is_none_or(|(_, most)| weight > *most) {
                best = Some((start..end, weight));
            }
        }
    }
    best
}

/// The gate's bootstrap of the ratio of the medians, the runs on both sides drawn anew.
fn interval(before: &[f64], after: &[f64]) -> (f64, f64) {
    let sample = |figures: &[f64]| Sample {
        runs: figures.iter().map(|figure| vec![*figure]).collect(),
        floors: Vec::new(),
    };
    let parameters = Parameters {
        resamples: RESAMPLES,
        alarms: 1.0 - CONFIDENCE,
        runs: LEAST_RUNS,
        ..Parameters::default()
    };
    let (_, interval) = change(&sample(before), &sample(after), 1, &parameters);
    (interval.low, interval.high)
}

/// Fisher and Yates's.
fn shuffle(figures: &mut [f64], random: &mut Random) {
    for last in (1..figures.len()).rev() {
        figures.swap(last, random.below(last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(levels: &[(usize, f64)], noise: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut series = Vec::new();
        for (runs, level) in levels {
            // The sum of a few even draws is about normal.
            let draw = || (0..6).map(|_| random.unit() - 0.5).sum::<f64>() * noise;
            let draws = std::iter::repeat_with(draw).take(*runs);
            series.extend(draws.map(|off| level * (1.0 + off)));
        }
        series
    }

    #[test]
    fn a_planted_shift_is_found_where_it_is() {
        for seed in 0..20 {
            let found = shifts(&noisy(&[(25, 1000.0), (15, 1050.0)], 0.014, seed));
            assert_eq!(found.len(), 1, "{found:?}");
            assert!((24..=26).contains(&found[0].at), "{found:?}");
            assert!((found[0].ratio() - 1.05).abs() < 0.02);
            assert!(found[0].interval.0 > 1.0 && found[0].interval.1 < 1.1);
            assert!(found[0].p <= ALPHA);
        }
    }

    #[test]
    fn there_and_back_are_two_shifts() {
        let found = shifts(&noisy(&[(15, 100.0), (10, 130.0), (15, 100.0)], 0.02, 1));
        let at: Vec<usize> = found.iter().map(|shift| shift.at).collect();
        assert_eq!(at, [15, 25]);
        assert!(found[0].ratio() > 1.2 && found[1].ratio() < 0.85);
    }

    #[test]
    fn noise_alone_shifts_nothing() {
        let found: usize = (0..300)
            .map(|seed| shifts(&noisy(&[(40, 1000.0)], 0.05, seed)).len())
            .sum();
        assert!(found <= 1, "{found} of 300");
    }

    #[test]
    fn what_cannot_be_judged_is_not() {
        assert!(shifts(&[]).is_empty());
        assert!(shifts(&[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0]).is_empty());
        assert!(shifts(&[0.0; 20]).is_empty());
        assert!(shifts(&[5.0; 20]).is_empty());
    }
}
