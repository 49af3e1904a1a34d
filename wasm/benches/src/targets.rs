//! What raddle-wasm has to reach, beside what a run shows.

use raddle_benches::document::Benchmark;
use raddle_benches::measure::report::figure;

struct Figures<'a>(&'a [Benchmark]);

impl Figures<'_> {
    /// The median of a contender.
    fn of(&self, id: &str, name: &str) -> Option<f64> {
        let benchmark = self.0.iter().find(|benchmark| benchmark.id == id)?;
        let mut contenders = benchmark.contenders.iter();
        Some(contenders.find(|one| one.name == name)?.median)
    }
}

/// A line for each target whose figures are there.
pub fn remarks(benchmarks: &[Benchmark]) -> Vec<String> {
    let f = Figures(benchmarks);
    let wasm = "raddle-wasm";
    let call = |id: &'static str| {
        let limit = f.of(id, "raddle threads")? + 1.5 * f.of(id, "bare wasmtime")?;
        most(
            id,
            "a thread's round trip and 1.5 bare calls",
            f.of(id, wasm)?,
            limit,
            "ns",
        )
    };
    let isolate = |id: &'static str| {
        let limit = 1.1 * f.of(id, "raddle threads")?;
        let isolates = f.of(id, "raddle isolates")?;
        most(
            id,
            "isolates: 1.1 of a thread's round trip",
            isolates,
            limit,
            "ns",
        )
    };
    let fresh = |id: &'static str| {
        let limit = f.of(id, wasm)? + 50_000.0;
        let fresh = f.of(id, "raddle-wasm, an instance per call")?;
        most(
            id,
            "50 us over a call of an instance that is there",
            fresh,
            limit,
            "ns",
        )
    };
    let start = || {
        let id = "wasm-start";
        let limit = f.of(id, "raddle processes")?;
        most(id, "the start of processes", f.of(id, wasm)?, limit, "us")
    };
    let bytes = || {
        let id = "wasm-bytes";
        let limit = f.of(id, "memcpy, once in and once out")? / 0.6;
        most(
            id,
            "0.6 of the bandwidth of memcpy",
            f.of(id, wasm)?,
            limit,
            "us",
        )
    };
    let allocations = || {
        let id = "wasm-allocations";
        // One that happens once in a thousand calls is not a call's.
        most(id, "none", f.of(id, wasm)?, 0.01, "allocations")
    };
    let ids = ["wasm-call", "wasm-call-p", "wasm-call-b"];
    let mut all: Vec<Option<String>> = ids.iter().flat_map(|id| [call(id), isolate(id)]).collect();
    all.extend(["wasm-fresh", "wasm-fresh-b"].map(fresh));
    all.extend([start(), bytes(), allocations()]);
    all.into_iter().flatten().collect()
}

fn most(id: &str, what: &str, is: f64, limit: f64, unit: &str) -> Option<String> {
    let met = if is <= limit { "met" } else { "missed" };
    let (is, limit) = (figure(is), figure(limit));
    Some(format!(
        "target of {id}: {what}: {is} of at most {limit} {unit}: {met}"
    ))
}
