//! The questions to process pools. Workers are as many as it says, whatever `--workers` says.

pub mod idle;
pub mod payload;
pub mod round_trip;
pub mod start;
pub mod submit;

use crate::measure::round::{Options, Workload};

/// P1 to P7.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let mut all = round_trip::workloads(options);
    all.push(submit::workload(options));
    all.extend(payload::workloads(options));
    all.extend(start::workloads(options));
    all.push(idle::workload(options));
    all
}
