//! What the last run says beside the runs before it.

use crate::document::Better;
use crate::history::{History, Line};
use crate::setup::Setup;
use crate::statistics::median;

/// Runs that the last one is held against, at most.
pub const WINDOW: usize = 10;
/// With fewer there is no verdict.
pub const LEAST_RUNS: usize = 5;
/// A smaller difference is none.
pub const LEAST_CHANGE: f64 = 0.03;
/// A difference has to be so many times the runs' usual distance from each other.
pub const TIMES_SPREAD: f64 = 4.0;
/// What turns a median distance into a standard deviation, for normal noise.
const MAD_TO_DEVIATION: f64 = 1.4826;

/// What happened to a contender's figure in the last run.
#[derive(Clone, Debug, PartialEq)]
pub enum Latest {
    /// Worse than the runs before: the figure over theirs.
    Worse(f64),
    /// Better: the figure over theirs.
    Better(f64),
    /// Within what the runs before differ by: the figure over theirs.
    Same(f64),
    /// Cannot tell, and why.
    Unclear(&'static str),
}

impl Latest {
    /// The figure over that of the runs before, where that can be told.
    pub fn ratio(&self) -> Option<f64> {
        match self {
            Latest::Worse(ratio) | Latest::Better(ratio) | Latest::Same(ratio) => Some(*ratio),
            Latest::Unclear(_) => None,
        }
    }

    /// One word.
    pub fn word(&self) -> &'static str {
        match self {
            Latest::Worse(_) => "worse",
            Latest::Better(_) => "better",
            Latest::Same(_) => "same",
            Latest::Unclear(_) => "cannot tell",
        }
    }

    /// The word for style sheets and filters.
    pub fn class(&self) -> &'static str {
        match self {
            Latest::Unclear(_) => "unclear",
            other => other.word(),
        }
    }
}

/// Judges a contender's figure in the last run. `level_since` is the first run at the present level.
pub fn latest(setup: &Setup, history: &History<'_>, line: &Line<'_>, level_since: usize) -> Latest {
    let Some(last) = line.last() else {
        return Latest::Unclear("it is not in the last run");
    };
    if !last.clean {
        return Latest::Unclear("too few of its rounds were clean");
    }
    let earlier = level_since..setup.runs.len() - 1;
    let before: Vec<f64> = earlier
        .rev()
        .filter(|run| setup.runs[*run].is_attributable())
        .filter_map(|run| line.points[run])
        .map(|point| point.median)
        .filter(|figure| *figure > 0.0)
        .take(WINDOW)
        .collect();
    if before.len() < LEAST_RUNS {
        return Latest::Unclear("fewer than five runs before it at this level");
    }
    if last.median <= 0.0 {
        return Latest::Unclear("a figure of zero has no ratio");
    }
    let logs: Vec<f64> = before.iter().map(|figure| figure.ln()).collect();
    let level = median(&logs);
    let distances: Vec<f64> = logs.iter().map(|log| (log - level).abs()).collect();
    let usual = MAD_TO_DEVIATION * median(&distances);
    let change = last.median.ln() - level;
    let ratio = change.exp();
    if change.abs() < (TIMES_SPREAD * usual).max(LEAST_CHANGE.ln_1p()) {
        return Latest::Same(ratio);
    }
    let lower_is_better = history.about.better == Better::Lower;
    if (change > 0.0) == lower_is_better {
        Latest::Worse(ratio)
    } else {
        Latest::Better(ratio)
    }
}
