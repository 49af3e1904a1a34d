//! The ratio of two samples' medians, and how sure it is: a seeded bootstrap.
//!
//! With enough runs on both sides, runs are drawn anew: their figures hold the noise of their rounds and what makes one process
//! differ from the next. With fewer, rounds are, and the interval is widened by what runs are supposed to differ.

use super::{Random, median};
use serde::Serialize;

/// One benchmark in one result set: for each run its rounds, and the rounds of the floor of the same run, if there is one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The rounds of each run; no run is empty.
    pub runs: Vec<Vec<f64>>,
    /// The floor's rounds of each run. Either as many as there are runs, or none at all.
    pub floors: Vec<Vec<f64>>,
}

impl Sample {
    /// One figure per run: the median of its rounds over that of its floor's.
    pub fn figures(&self) -> Vec<f64> {
        let of_run = |(at, run): (usize, &Vec<f64>)| {
            median(run) / self.floors.get(at).map_or(1.0, |floor| median(floor))
        };
        self.runs.iter().enumerate().map(of_run).collect()
    }

    /// The figure again, with every run's rounds drawn anew.
    fn of_other_rounds(&self, random: &mut Random) -> f64 {
        let of_run = |(at, run): (usize, &Vec<f64>)| {
            let floor = self
                .floors
                .get(at)
                .map_or(1.0, |floor| drawn(floor, random));
            drawn(run, random) / floor
        };
        median(&self.runs.iter().enumerate().map(of_run).collect::<Vec<_>>())
    }
}

/// The median of as many figures, drawn from these.
fn drawn(figures: &[f64], random: &mut Random) -> f64 {
    let drawn: Vec<f64> = figures
        .iter()
        .map(|_| figures[random.below(figures.len())])
        .collect();
    median(&drawn)
}

/// What decides whether a change is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Parameters {
    /// Where the resampling begins: with the same seed the same verdicts.
    pub seed: u64,
    /// How often it is resampled.
    pub resamples: usize,
    /// The chance of a wrong alarm anywhere, shared evenly by all benchmarks of the comparison (Bonferroni).
    pub alarms: f64,
    /// The smallest change that counts, as a part of the old figure.
    pub smallest: f64,
    /// Changes that are surely within this part of the old figure are none.
    pub same: f64,
    /// Where figures lie further apart than this part of their median (by their median distance from it), nothing is said.
    pub spread: f64,
    /// With fewer runs than this on a side, it is not known how far apart its runs are.
    pub runs: usize,
    /// How far apart they then are supposed to be: the interval is widened by this part on both sides.
    pub between_runs: f64,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            seed: 1,
            resamples: 10_000,
            alarms: 0.01,
            smallest: 0.02,
            same: 0.05,
            spread: 0.1,
            runs: 5,
            between_runs: 0.04,
        }
    }
}

/// A ratio, new over old, and the interval that it surely lies in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Of the samples as they are.
    pub ratio: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Which way a ratio went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Surely greater.
    Greater,
    /// Surely less.
    Less,
    /// Surely about the same.
    Same,
    /// The interval is too wide for any of these.
    Unsure,
}

/// Compares two samples, as one of `benchmarks` that are compared in all.
pub fn change(
    old: &Sample,
    new: &Sample,
    benchmarks: usize,
    parameters: &Parameters,
) -> (Change, Interval) {
    // What is counted rather than measured, zeros among it.
    let figure = |sample: &Sample| sample.runs.first().and_then(|run| run.first()).copied();
    let constant = |sample: &Sample| {
        let same = |round: &f64| Some(*round) == figure(sample);
        sample.floors.is_empty() && sample.runs.iter().flatten().all(same)
    };
    if figure(old) == figure(new) && constant(old) && constant(new) {
        let (ratio, low, high) = (1.0, 1.0, 1.0);
        return (Change::Same, Interval { ratio, low, high });
    }
    let mut random = Random::new(parameters.seed);
    let few = old.runs.len().min(new.runs.len()) < parameters.runs;
    let (was, is) = (old.figures(), new.figures());
    let mut ratios: Vec<f64> = (0..parameters.resamples)
        .map(|_| {
            if few {
                new.of_other_rounds(&mut random) / old.of_other_rounds(&mut random)
            } else {
                drawn(&is, &mut random) / drawn(&was, &mut random)
            }
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    // Two tails, and one chance for all benchmarks together.
    let tail = parameters.alarms / benchmarks.max(1) as f64 / 2.0;
    let cut = ((ratios.len() as f64 * tail) as usize).min(ratios.len() / 2);
    let noisy = |sample: &Sample, figures: &[f64]| {
        if few {
            sample
                .runs
                .iter()
                .any(|rounds| spread(rounds) > parameters.spread)
        } else {
            spread(figures) > parameters.spread
        }
    };
    let wider = 1.0 + if few { parameters.between_runs } else { 0.0 };
    let interval = Interval {
        ratio: median(&is) / median(&was),
        low: ratios[cut] / wider,
        high: ratios[ratios.len() - 1 - cut] * wider,
    };
    if noisy(old, &was) || noisy(new, &is) {
        return (Change::Unsure, interval);
    }
    (verdict(&interval, parameters), interval)
}

/// The median distance from the median, as a part of it.
fn spread(figures: &[f64]) -> f64 {
    let middle = median(figures);
    let distances: Vec<f64> = figures
        .iter()
        .map(|figure| (figure - middle).abs())
        .collect();
    median(&distances) / middle
}

fn verdict(&Interval { ratio, low, high }: &Interval, parameters: &Parameters) -> Change {
    // A figure of 0 or none at all makes a ratio that is no number: nothing is sure then.
    if !(ratio.is_finite() && low.is_finite() && high.is_finite()) {
        return Change::Unsure;
    }
    if low > 1.0 && ratio >= 1.0 + parameters.smallest {
        Change::Greater
    } else if high < 1.0 && ratio <= 1.0 / (1.0 + parameters.smallest) {
        Change::Less
    } else if low >= 1.0 / (1.0 + parameters.same) && high <= 1.0 + parameters.same {
        Change::Same
    } else {
        Change::Unsure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of nine rounds around `centre`: the runs spread by `between`, the rounds of one by `within`.
    fn sample(seed: u64, runs: usize, centre: f64, between: f64, within: f64) -> Sample {
        let mut random = Random::new(seed);
        let mut sample = Sample::default();
        for _ in 0..runs {
            // A machine that is faster or slower in this run, which the floor sees too.
            let machine = 1.0 + 0.1 * random.normal();
            let run = centre * machine * (1.0 + between * random.normal());
            let mut rounds = |of: f64| {
                (0..9)
                    .map(|_| of * (1.0 + within * random.normal()))
                    .collect()
            };
            sample.runs.push(rounds(run));
            sample.floors.push(rounds(100.0 * machine));
        }
        sample
    }

    fn verdict_of(old: &Sample, new: &Sample) -> Change {
        change(old, new, 20, &Parameters::default()).0
    }

    #[test]
    fn five_percent_are_found_over_runs_that_spread_by_one_percent() {
        for seed in 0..20 {
            let old = sample(seed, 7, 1000.0, 0.008, 0.015);
            let slower = sample(seed + 100, 7, 1050.0, 0.008, 0.015);
            let found = change(&old, &slower, 20, &Parameters::default());
            assert_eq!(found.0, Change::Greater, "seed {seed}: {found:?}");
            assert_eq!(verdict_of(&slower, &old), Change::Less, "seed {seed}");
        }
    }

    #[test]
    fn the_same_is_never_a_change() {
        for seed in 0..40 {
            for spread in [0.005, 0.02, 0.1] {
                let old = sample(seed, 5, 1000.0, spread, 0.03);
                let new = sample(seed + 100, 5, 1000.0, spread, 0.03);
                let found = change(&old, &new, 20, &Parameters::default());
                assert!(
                    matches!(found.0, Change::Same | Change::Unsure),
                    "seed {seed}, spread {spread}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn little_noise_lets_it_say_that_nothing_changed() {
        for seed in 0..20 {
            let old = sample(seed, 7, 1000.0, 0.005, 0.01);
            let new = sample(seed + 100, 7, 1000.0, 0.005, 0.01);
            assert_eq!(verdict_of(&old, &new), Change::Same, "seed {seed}");
        }
    }

    #[test]
    fn much_noise_lets_it_say_nothing() {
        for seed in 0..20 {
            let old = sample(seed, 5, 1000.0, 0.2, 0.2);
            let new = sample(seed + 100, 5, 1050.0, 0.2, 0.2);
            assert_eq!(verdict_of(&old, &new), Change::Unsure, "seed {seed}");
        }
    }

    #[test]
    fn one_run_a_side_does_not_know_how_far_apart_runs_are() {
        let old = sample(1, 1, 1000.0, 0.0, 0.001);
        let same = sample(2, 1, 1000.0, 0.0, 0.001);
        let slower = sample(3, 1, 1030.0, 0.0, 0.001);
        let much_slower = sample(4, 1, 1200.0, 0.0, 0.001);
        assert_eq!(verdict_of(&old, &same), Change::Same);
        assert_eq!(verdict_of(&old, &slower), Change::Unsure);
        assert_eq!(verdict_of(&old, &much_slower), Change::Greater);
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let (old, new) = (sample(1, 5, 1.0, 0.05, 0.05), sample(2, 5, 1.1, 0.05, 0.05));
        let parameters = Parameters::default();
        let first = change(&old, &new, 5, &parameters);
        assert_eq!(first, change(&old, &new, 5, &parameters));
    }

    #[test]
    fn zeros_and_gaps_are_no_verdict() {
        let zero = Sample {
            runs: vec![vec![0.0; 5]],
            floors: Vec::new(),
        };
        assert_eq!(
            verdict_of(&zero, &zero),
            Change::Same,
            "idle, and idle still"
        );
        let one = Sample {
            runs: vec![vec![1.0; 5]],
            floors: Vec::new(),
        };
        assert_eq!(verdict_of(&zero, &one), Change::Unsure);
    }
}
