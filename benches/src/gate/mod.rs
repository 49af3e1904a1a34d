//! Is one result worse than another? `cargo gate` asks this of two files, two folders or two commits.
//!
//! Instruction counts are exact: a count that grew by more than [`Limits`] allows is a regression. Times are not:
//! raddle's own rows, each over the floor of its own run, are compared by [`change`](fn@crate::statistics::change), and where noise,
//! dirty rounds, another machine or another compiler stand in between, the verdict is that there is none.

pub mod commits;
mod counts;
mod report;
mod set;
mod times;

pub use report::{Report, Row, Verdict};
pub use set::{Counts, Set};

use crate::statistics::Parameters;
use serde::Serialize;

/// When a count has grown.
///
/// The same compiler gives the same counts, so any difference is real; but unchanged code may change by a few
/// instructions when its neighbours do (registers, inlining). One part in a hundred or four instructions, whichever
/// is more, lets that pass. The baseline stays the same, so small steps add up until they are seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Limits {
    /// A part of the old count.
    pub part: f64,
    /// Instructions, for short paths.
    pub instructions: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            part: 0.01,
            instructions: 4,
        }
    }
}

/// Compares two sets.
pub fn compare(old: &Set, new: &Set, limits: &Limits, parameters: &Parameters) -> Report {
    let mut rows = counts::rows(old, new, limits);
    rows.extend(times::rows(old, new, parameters));
    Report::new(old, new, *limits, *parameters, rows)
}
