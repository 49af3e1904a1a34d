//! The questions, one module each. Every one checks the answers it gets.

pub mod cancel;
pub mod completion;
pub mod fork_join;
pub mod idle;
pub mod limits;
pub mod map;
pub mod memory;
pub mod nested;
pub mod processes;
pub mod round_trip;
pub mod scaling;
pub mod start;
pub mod submit;

use crate::measure::round::Options;
pub use crate::measure::round::Workload;

/// All workloads in the order in which they run.
pub fn all(options: &Options) -> Vec<Workload> {
    let mut all = limits::workloads(options);
    all.extend(round_trip::workloads(options));
    all.extend(submit::workloads(options));
    all.extend(fork_join::workloads(options));
    all.extend(nested::workloads(options));
    all.extend(map::workloads(options));
    all.extend(completion::workloads(options));
    all.extend(idle::workloads(options));
    all.extend(memory::workloads(options));
    all.extend(cancel::workloads(options));
    all.extend(start::workloads(options));
    all.extend(scaling::workloads(options));
    all.extend(processes::workloads(options));
    all
}
