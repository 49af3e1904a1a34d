//! The interleaved comparison. The page `docs/benchmarks.md` says what it measures and how.

use raddle_benches::measure::heap::Counting;
use raddle_benches::tool::{self, Tool};
use raddle_benches::workload;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    tool::run(&Tool {
        name: "compare",
        workloads: workload::all,
        remarks: |_| Vec::new(),
    })
}
