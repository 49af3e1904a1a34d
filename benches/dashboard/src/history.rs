//! One benchmark over the runs of a setup.

use crate::document::{Benchmark, Better, Contender, Group, Instructions, Role, Verdict};
use crate::setup::Setup;

/// A benchmark's figures in all runs of a setup.
pub struct History<'a> {
    /// As in the last run that has it.
    pub about: &'a Benchmark,
    /// Its figures by run; none where a run left it out.
    pub runs: Vec<Option<&'a Benchmark>>,
    /// Contenders: those of the last run in their order, then those that are gone.
    pub lines: Vec<Line<'a>>,
}

/// A contender's figures in all runs.
pub struct Line<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is compared as.
    pub role: Role,
    /// By run; none where it did not take part.
    pub points: Vec<Option<&'a Contender>>,
}

impl<'a> Line<'a> {
    /// Its figures in the last run.
    pub fn last(&self) -> Option<&'a Contender> {
        self.points.last().copied().flatten()
    }
}

impl<'a> History<'a> {
    /// The contender that speaks for raddle: the one of that name, or else the first of its role.
    pub fn raddle(&self) -> Option<&Line<'a>> {
        let ours = || self.lines.iter().filter(|line| line.role == Role::Raddle);
        ours()
            .find(|line| line.name == "raddle")
            .or_else(|| ours().next())
    }

    /// The limit that ratios refer to.
    pub fn floor(&self) -> Option<&Line<'a>> {
        self.lines.iter().find(|line| line.role == Role::Floor)
    }

    /// The peer with the best figure in the last run.
    pub fn best_peer(&self) -> Option<(&Line<'a>, &'a Contender)> {
        let peers = self.lines.iter().filter(|line| line.role == Role::Peer);
        let present = peers.filter_map(|line| Some((line, line.last()?)));
        match self.about.better {
            Better::Lower => present.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median)),
            Better::Higher => present.max_by(|(_, a), (_, b)| a.median.total_cmp(&b.median)),
        }
    }

    /// How many times worse `figure` is than `other`, whichever way is better: below one it is ahead.
    pub fn behind(&self, figure: f64, other: f64) -> Option<f64> {
        let ratio = match self.about.better {
            Better::Lower => figure / other,
            Better::Higher => other / figure,
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    /// What the last run's own test says of raddle beside the best peer.
    pub fn verdict(&self) -> Option<Verdict> {
        self.raddle()?.last()?.verdict
    }
}

/// The histories of all benchmarks: those of the last run in their order, then those that are gone.
pub fn histories(setup: &Setup) -> Vec<History<'_>> {
    let mut histories: Vec<History<'_>> = Vec::new();
    for run in setup.runs.iter().rev() {
        for about in &run.document.benchmarks {
            if histories.iter().any(|known| known.about.id == about.id) {
                continue;
            }
            let runs: Vec<Option<&Benchmark>> = setup
                .runs
                .iter()
                .map(|run| {
                    let mut all = run.document.benchmarks.iter();
                    all.find(|benchmark| benchmark.id == about.id)
                })
                .collect();
            histories.push(History {
                about,
                lines: lines(&runs),
                runs,
            });
        }
    }
    let place = |group| {
        [Group::Threads, Group::Processes, Group::Wasm, Group::Limits]
            .iter()
            .position(|g| *g == group)
    };
    histories.sort_by_key(|history| place(history.about.group));
    histories
}

fn lines<'a>(runs: &[Option<&'a Benchmark>]) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for benchmark in runs.iter().rev().flatten() {
        for contender in &benchmark.contenders {
            if lines.iter().any(|line| line.name == contender.name) {
                continue;
            }
            let point = |run: &Option<&'a Benchmark>| {
                let mut all = run.as_ref()?.contenders.iter();
                all.find(|other| other.name == contender.name)
            };
            lines.push(Line {
                name: &contender.name,
                role: contender.role,
                points: runs.iter().map(point).collect(),
            });
        }
    }
    lines
}

/// A counted path in all runs of a setup.
pub struct Counts<'a> {
    /// As in the last run that has it.
    pub about: &'a Instructions,
    /// By run; none where nothing was counted.
    pub points: Vec<Option<&'a Instructions>>,
}

/// A count that differs from the one before.
pub struct CountChange {
    /// The run that has the new count.
    pub run: usize,
    /// The run that has the old one.
    pub since: usize,
    /// The old count.
    pub before: u64,
    /// The new one.
    pub after: u64,
    /// Whether compiler or counter are others too.
    pub other_tools: bool,
}

impl CountChange {
    /// The new count over the old one.
    pub fn ratio(&self) -> f64 {
        self.after as f64 / (self.before as f64).max(1.0)
    }
}

/// Counts repeat exactly; what is below this share of a count is not listed.
pub const LEAST_COUNT_CHANGE: f64 = 0.001;

impl Counts<'_> {
    /// All changes from one count to the next, the oldest first.
    pub fn changes(&self, setup: &Setup) -> Vec<CountChange> {
        let present: Vec<(usize, u64)> = self
            .points
            .iter()
            .enumerate()
            .filter_map(|(run, point)| Some((run, point.as_ref()?.instructions)))
            .collect();
        let tools = |run: usize| {
            let document = &setup.runs[run].document;
            (&document.toolchain.rustc, &document.instruments.valgrind)
        };
        let changes = present.windows(2).map(|pair| {
            let [(since, before), (run, after)] = [pair[0], pair[1]];
            CountChange {
                run,
                since,
                before,
                after,
                other_tools: tools(since) != tools(run),
            }
        });
        changes
            .filter(|change| (change.ratio() - 1.0).abs() >= LEAST_COUNT_CHANGE)
            .collect()
    }
}

/// The counts of all paths, by their ids.
pub fn counts(setup: &Setup) -> Vec<Counts<'_>> {
    let mut counts: Vec<Counts<'_>> = Vec::new();
    for run in setup.runs.iter().rev() {
        for about in &run.document.instructions {
            if counts.iter().any(|known| known.about.id == about.id) {
                continue;
            }
            let points = setup.runs.iter().map(|run| {
                let mut all = run.document.instructions.iter();
                all.find(|counted| counted.id == about.id)
            });
            counts.push(Counts {
                about,
                points: points.collect(),
            });
        }
    }
    counts.sort_by(|a, b| a.about.id.cmp(&b.about.id));
    counts
}
