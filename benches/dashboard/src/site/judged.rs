//! All histories of a setup with what the tests say of them.

use crate::document::{Better, Role};
use crate::history::{History, Line, histories};
use crate::latest::{Latest, latest};
use crate::look::{Look, looks};
use crate::setup::{Setup, slug, unused};
use crate::shift::{Shift, shifts};
use std::collections::BTreeMap;

pub struct Judged<'a> {
    pub benchmarks: Vec<Benchmark<'a>>,
    pub looks: BTreeMap<String, Look>,
}

pub struct Benchmark<'a> {
    pub history: History<'a>,
    /// The name of its page, without folder and ending.
    pub slug: String,
    /// By line.
    pub latest: Vec<Latest>,
    /// Of all lines, by run.
    pub shifts: Vec<LineShift>,
}

/// A shift and whose.
pub struct LineShift {
    /// Which contender.
    pub line: usize,
    /// The first run at the new level.
    pub run: usize,
    /// The last run at the old one.
    pub since: usize,
    pub shift: Shift,
    pub worse: bool,
    /// Of how many others the level went the same way at about the same run, and how many others there are.
    pub others: (usize, usize),
}

impl Benchmark<'_> {
    /// From the setup's folder.
    pub fn page(&self) -> String {
        format!("benchmark/{}.html", self.slug)
    }

    pub fn line(&self, shift: &LineShift) -> &Line<'_> {
        &self.history.lines[shift.line]
    }

    /// What the last run says of raddle.
    pub fn raddle_latest(&self) -> Option<&Latest> {
        let raddle = self.history.raddle()?.name;
        let at = self.history.lines.iter().position(|l| l.name == raddle)?;
        Some(&self.latest[at])
    }
}

/// Runs that a shift found in one line may be off by, beside another's.
const ABOUT: usize = 1;

pub fn judge(setup: &Setup) -> Judged<'_> {
    let histories = histories(setup);
    let looks = looks(&histories);
    let mut benchmarks: Vec<Benchmark<'_>> = Vec::new();
    for history in histories {
        let base = slug(&history.about.id);
        let slug = unused(base, |name| benchmarks.iter().any(|b| b.slug == name));
        let mut found = Vec::new();
        let mut verdicts = Vec::new();
        for (at, line) in history.lines.iter().enumerate() {
            let shifts = line_shifts(setup, &history, line, at);
            let level_since = shifts.last().map_or(0, |shift| shift.run);
            verdicts.push(latest(setup, &history, line, level_since));
            found.extend(shifts);
        }
        let same = |shift: &LineShift| {
            let others = |other: &&LineShift| {
                other.line != shift.line
                    && history.lines[other.line].role != Role::Raddle
                    && other.worse == shift.worse
                    && other.run.abs_diff(shift.run) <= ABOUT
            };
            let present = history.lines.iter().enumerate().filter(|(at, line)| {
                *at != shift.line && line.role != Role::Raddle && line.points[shift.run].is_some()
            });
            (found.iter().filter(others).count(), present.count())
        };
        let counts: Vec<(usize, usize)> = found.iter().map(same).collect();
        for (shift, others) in found.iter_mut().zip(counts) {
            shift.others = others;
        }
        found.sort_by_key(|shift| (shift.run, shift.line));
        benchmarks.push(Benchmark {
            history,
            slug,
            latest: verdicts,
            shifts: found,
        });
    }
    Judged { benchmarks, looks }
}

/// Of the runs whose commit is known for sure.
fn line_shifts(setup: &Setup, history: &History<'_>, line: &Line<'_>, at: usize) -> Vec<LineShift> {
    let present: Vec<(usize, f64)> = line
        .points
        .iter()
        .enumerate()
        .filter(|(run, _)| setup.runs[*run].is_attributable())
        .filter_map(|(run, point)| Some((run, point.as_ref()?.median)))
        .collect();
    let series: Vec<f64> = present.iter().map(|(_, figure)| *figure).collect();
    let found = shifts(&series).into_iter().map(|shift| LineShift {
        line: at,
        run: present[shift.at].0,
        since: present[shift.at - 1].0,
        worse: (shift.ratio() > 1.0) == (history.about.better == Better::Lower),
        shift,
        others: (0, 0),
    });
    found.collect()
}
