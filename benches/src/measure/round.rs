//! Interleaved rounds: every contender once, then all of them again.
//!
//! The machine drifts (other programs, clock frequency, memory layout), and drift between two
//! contenders measured minutes apart looks like a difference. Run A B C A B C and both drift alike.

use super::family;
use super::report::{Row, Table};

/// What a run was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Workers per pool.
    pub workers: usize,
    /// A tenth of the tasks.
    pub quick: bool,
    /// The caller's and the worker's core for the pinned workloads; none where only one is allowed.
    pub cores: Option<(usize, usize)>,
    /// Only contenders whose name contains one of these; floors run in any case. Empty: all.
    pub contenders: Vec<String>,
}

impl Options {
    /// `full`, or a tenth of it in a quick run.
    pub fn tasks(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}

/// What one contender did in one round.
#[derive(Default)]
pub struct Round {
    /// The figure that is compared.
    pub figure: f64,
    /// Single latencies in nanoseconds, pooled over the rounds for the percentiles.
    pub latencies: Vec<u32>,
    /// Further figures, by column.
    pub extra: Vec<(&'static str, f64)>,
}

impl Round {
    /// A round with one figure.
    pub fn of(figure: f64) -> Round {
        Round {
            figure,
            ..Round::default()
        }
    }

    /// A round whose figure is the median of its latencies.
    pub fn of_latencies(mut latencies: Vec<u32>) -> Round {
        latencies.sort_unstable();
        Round {
            figure: percentile(&latencies, 50.0),
            latencies,
            extra: Vec::new(),
        }
    }

    /// A round whose figure is the time for so many bytes, in microseconds.
    pub fn of_bytes(bytes: usize, ns: f64) -> Round {
        Round::of(ns / 1e3).with("GB/s", bytes as f64 / ns)
    }

    /// Adds a column.
    pub fn with(mut self, column: &'static str, figure: f64) -> Round {
        self.extra.push((column, figure));
        self
    }
}

/// What a contender is compared as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The floor that ratios refer to.
    Reference,
    /// Another hand-written bound.
    Floor,
    /// A library, or a pool put together by hand.
    Peer,
    /// raddle.
    Raddle,
}

struct Entry {
    name: String,
    kind: Kind,
    run: Box<dyn FnMut() -> Round>,
}

/// A question and everyone who answers it.
pub struct Workload {
    id: &'static str,
    title: String,
    unit: &'static str,
    most_rounds: usize,
    entries: Vec<Entry>,
}

impl Workload {
    /// A question with no contenders yet. Smaller figures are better.
    pub fn new(id: &'static str, title: impl Into<String>, unit: &'static str) -> Workload {
        Workload {
            id,
            title: title.into(),
            unit,
            most_rounds: usize::MAX,
            entries: Vec::new(),
        }
    }

    /// Its name on the command line.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// What it asks.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// For workloads whose rounds are long and alike.
    pub fn at_most(mut self, rounds: usize) -> Workload {
        self.most_rounds = rounds;
        self
    }

    /// Adds a contender. One run is one round: it makes its pool and drops it.
    pub fn entry(
        &mut self,
        kind: Kind,
        name: impl Into<String>,
        run: impl FnMut() -> Round + 'static,
    ) {
        self.entries.push(Entry {
            name: name.into(),
            kind,
            run: Box::new(run),
        });
    }

    /// Runs the rounds.
    pub fn run(mut self, rounds: usize, options: &Options) -> Table {
        let wanted = |entry: &Entry| {
            matches!(entry.kind, Kind::Reference | Kind::Floor)
                || options.contenders.is_empty()
                || options
                    .contenders
                    .iter()
                    .any(|part| entry.name.contains(part.as_str()))
        };
        self.entries.retain(wanted);
        let rounds = rounds.min(self.most_rounds);
        let mut results: Vec<Vec<Round>> = self.entries.iter().map(|_| Vec::new()).collect();
        for _ in 0..rounds {
            for (entry, result) in self.entries.iter_mut().zip(&mut results) {
                result.push((entry.run)());
                quiet_down(&entry.name);
            }
        }
        let rows = self
            .entries
            .iter()
            .zip(results)
            .map(|(entry, rounds)| Row::from_rounds(&entry.name, entry.kind, rounds))
            .collect();
        Table::new(self.id, self.title, self.unit, rounds, rows)
    }
}

/// Waits until the contender's threads and processes have left: not every pool joins them when it is
/// dropped.
fn quiet_down(name: &str) {
    let alone = || std::fs::read_dir("/proc/self/task").map_or(true, |tasks| tasks.count() <= 1);
    for _ in 0..2_000 {
        // A thread that is left may be about to wait for its process.
        if alone() && !family::reap() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    eprintln!("{name} has left threads or processes behind; what follows runs beside them");
}

/// The `p`th percentile of sorted values; 0 of none.
pub fn percentile(sorted: &[u32], p: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let at = (sorted.len() - 1) as f64 * p / 100.0;
    f64::from(sorted[at.round() as usize])
}

/// The median, lowest and highest of some figures.
pub fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let n = figures.len();
    if n == 0 {
        return (0.0, 0.0, 0.0);
    }
    let median = (figures[(n - 1) / 2] + figures[n / 2]) / 2.0;
    (median, figures[0], figures[n - 1])
}
