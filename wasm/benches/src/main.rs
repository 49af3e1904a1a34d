//! raddle-wasm beside what it is made of and what it replaces. The page `docs/benchmarks.md` says what is measured and how.
//!
//! [`bare`] is wasmtime without a pool, the floor; [`contender`] the ways to make an empty call; the others are the questions.

mod allocations;
mod bare;
mod bytes;
mod call;
mod contender;
mod guests;
mod start;
mod targets;

use raddle_benches::measure::heap::Counting;
use raddle_benches::measure::round::{Options, Workload};
use raddle_benches::tool::{self, Tool};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    if guests::compile_if_asked() {
        return ExitCode::SUCCESS;
    }
    tool::run(&Tool {
        name: "compare-wasm",
        workloads,
        remarks: targets::remarks,
    })
}

fn workloads(options: &Options) -> Vec<Workload> {
    let mut all = call::workloads(options);
    all.extend(call::fresh_workloads(options));
    all.push(start::workload(options));
    all.push(bytes::workload(options));
    all.push(allocations::workload(options));
    all
}
