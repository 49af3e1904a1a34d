//! A document in the formats that other dashboards read.
//!
//! - Bencher: Bencher Metric Format (BMF) JSON, for its `json` adapter. Times are the measure `latency`, in nanoseconds as
//!   that measure has them; other measures are named after their unit.
//! - github-action-benchmark: the arrays of its tools `customSmallerIsBetter` and `customBiggerIsBetter`. A file belongs
//!   to one tool, so there are two formats here.
//!
//! Names are `benchmark/contender`, as in `W1/p99/raddle`. Counted instructions have the name of their path.

use super::{Better, Document};
use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A format of another tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Bencher Metric Format.
    Bencher,
    /// github-action-benchmark's `customSmallerIsBetter`.
    GithubSmaller,
    /// github-action-benchmark's `customBiggerIsBetter`.
    GithubBigger,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        match name {
            "bencher" => Ok(Format::Bencher),
            "github-smaller" => Ok(Format::GithubSmaller),
            "github-bigger" => Ok(Format::GithubBigger),
            _ => Err(format!(
                "no format {name}: bencher, github-smaller and github-bigger are known"
            )),
        }
    }
}

impl Format {
    /// The document in this format.
    pub fn write(self, document: &Document) -> String {
        let text = match self {
            Format::Bencher => serde_json::to_string_pretty(&bencher(document)),
            Format::GithubSmaller => serde_json::to_string_pretty(&github(document, Better::Lower)),
            Format::GithubBigger => serde_json::to_string_pretty(&github(document, Better::Higher)),
        };
        text.expect("figures and names serialise") + "\n"
    }
}

/// Benchmarks, their measures, and the figures of each.
type Bmf = BTreeMap<String, BTreeMap<String, Metric>>;

#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

fn bencher(document: &Document) -> Bmf {
    let mut all = Bmf::new();
    for (name, figure) in figures(document) {
        let (measure, scale) = measure(&figure.unit);
        let metric = Metric {
            value: figure.value * scale,
            lower_value: figure.spread.map(|(min, _)| min * scale),
            upper_value: figure.spread.map(|(_, max)| max * scale),
        };
        all.entry(name).or_default().insert(measure, metric);
    }
    all
}

/// Bencher's measure for a unit, and what a figure is to be multiplied with. Slugs have small letters and dashes.
fn measure(unit: &str) -> (String, f64) {
    let latency = |scale| ("latency".to_owned(), scale);
    match unit {
        "ns" => latency(1.0),
        "us" => latency(1e3),
        "ms" => latency(1e6),
        "B" => ("bytes".to_owned(), 1.0),
        "GB/s" => ("gigabytes-per-second".to_owned(), 1.0),
        other => (other.to_lowercase().replace([' ', '/'], "-"), 1.0),
    }
}

/// One entry of the array.
#[derive(Serialize)]
struct Entry {
    name: String,
    unit: String,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

fn github(document: &Document, better: Better) -> Vec<Entry> {
    let figures = figures(document).into_iter();
    let wanted = figures.filter(|(_, figure)| figure.better == better);
    let entry = |(name, figure): (String, Figure)| Entry {
        name,
        unit: figure.unit,
        value: figure.value,
        range: figure
            .spread
            .map(|(min, max)| format!("{min:.2} to {max:.2}")),
        extra: figure.extra,
    };
    wanted.map(entry).collect()
}

struct Figure {
    unit: String,
    better: Better,
    value: f64,
    spread: Option<(f64, f64)>,
    extra: String,
}

fn figures(document: &Document) -> Vec<(String, Figure)> {
    let mut all = Vec::new();
    for benchmark in &document.benchmarks {
        for contender in &benchmark.contenders {
            let figure = Figure {
                unit: benchmark.unit.clone(),
                better: benchmark.better,
                value: contender.median,
                spread: Some((contender.min, contender.max)),
                extra: format!(
                    "{}; {}; median of {} rounds",
                    benchmark.title,
                    benchmark.statistic,
                    contender.rounds.len()
                ),
            };
            all.push((format!("{}/{}", benchmark.id, contender.name), figure));
        }
    }
    for counted in &document.instructions {
        let figure = Figure {
            unit: "instructions".to_owned(),
            better: Better::Lower,
            value: counted.instructions as f64,
            spread: None,
            extra: counted.title.clone(),
        };
        all.push((counted.id.clone(), figure));
    }
    all
}
