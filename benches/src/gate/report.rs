//! What was found, as a table for people and as JSON for programs.

use super::{Limits, Set};
use crate::statistics::{Interval, Parameters};
use serde::Serialize;
use std::fmt::{self, Write};

/// What became of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Verdict {
    /// Worse.
    #[serde(rename = "regression")]
    Regression,
    /// No longer measured or counted, so it guards nothing. As bad as a regression.
    #[serde(rename = "gone")]
    Gone,
    /// Nobody knows.
    #[serde(rename = "cannot tell")]
    Unknown,
    /// Better.
    #[serde(rename = "improvement")]
    Improvement,
    /// Not there before.
    #[serde(rename = "new")]
    New,
    /// As it was.
    #[serde(rename = "no change")]
    Same,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Regression => "regression",
            Self::Gone => "gone",
            Self::Unknown => "cannot tell",
            Self::Improvement => "improvement",
            Self::New => "new",
            Self::Same => "no change",
        })
    }
}

/// One figure.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Of the benchmark or of the counted path.
    pub id: String,
    /// raddle's row of the benchmark; none for counts.
    pub contender: Option<String>,
    /// What it is, in a line.
    pub title: String,
    /// Of `old` and `new`.
    pub unit: String,
    /// The median of the runs' medians, as measured; or the count.
    pub old: Option<f64>,
    /// The same now.
    pub new: Option<f64>,
    /// New over old, floors taken out; none without a comparison.
    #[serde(flatten)]
    pub interval: Option<Interval>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why there is no other verdict.
    pub why: Option<String>,
}

/// See the module.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The format and its version.
    pub schema: &'static str,
    /// The worst of the rows.
    pub verdict: Verdict,
    /// What is compared to.
    pub old: Side,
    /// What is judged.
    pub new: Side,
    /// For counts.
    pub limits: Limits,
    /// For times.
    pub parameters: Parameters,
    /// Counts by id, then times in the order of their run.
    pub rows: Vec<Row>,
}

/// One of the two sets.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// The file, folder or commit.
    pub name: String,
    /// Of its documents.
    pub commit: Option<String>,
    /// How many runs.
    pub runs: usize,
}

impl Report {
    pub(super) fn new(
        old: &Set,
        new: &Set,
        limits: Limits,
        parameters: Parameters,
        rows: Vec<Row>,
    ) -> Self {
        let side = |set: &Set| Side {
            name: set.name.clone(),
            commit: set.runs.first().and_then(|run| {
                let commit = run.commit.as_ref()?;
                let dirty = if commit.dirty { ", changed" } else { "" };
                Some(format!(
                    "{} {}{dirty}",
                    &commit.hash[..commit.hash.len().min(9)],
                    commit.subject
                ))
            }),
            runs: set.runs.len(),
        };
        let worst = rows.iter().map(|row| row.verdict).min();
        Self {
            schema: "raddle-gate/1",
            verdict: match worst {
                Some(Verdict::Regression | Verdict::Gone) => Verdict::Regression,
                // Nothing in common, nothing compared.
                Some(Verdict::Unknown) | None => Verdict::Unknown,
                Some(_) => Verdict::Same,
            },
            old: side(old),
            new: side(new),
            limits,
            parameters,
            rows,
        }
    }

    /// 0: nothing is worse. 1: something is. 3: nothing that could be told is, and something could not.
    pub fn exit_code(&self) -> u8 {
        match self.verdict {
            Verdict::Regression => 1,
            Verdict::Unknown => 3,
            _ => 0,
        }
    }

    /// The JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is JSON") + "\n"
    }

    /// The table, with what it was decided by.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text)
            .expect("text takes whatever is written");
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        for (what, side) in [("old", &self.old), ("new", &self.new)] {
            let commit = side.commit.as_deref().unwrap_or("no commit");
            let Side { name, runs, .. } = side;
            writeln!(out, "{what}: {name} ({commit}; {runs} runs)")?;
        }
        writeln!(out)?;
        let name = |row: &Row| match &row.contender {
            Some(contender) => format!("{}, {contender}", row.id),
            None => row.id.clone(),
        };
        let width = self
            .rows
            .iter()
            .map(|row| name(row).len())
            .max()
            .unwrap_or(0);
        for row in &self.rows {
            let figure = |figure: Option<f64>| figure.map_or("-".to_owned(), short);
            write!(
                out,
                "{:<width$}  {:>9} {:>9} {:<12}  ",
                name(row),
                figure(row.old),
                figure(row.new),
                row.unit,
            )?;
            match row.interval {
                Some(Interval { ratio, low, high }) if low < high => {
                    write!(out, "x{ratio:.3} ({low:.3} to {high:.3})  ")?;
                }
                Some(Interval { ratio, .. }) => write!(out, "x{ratio:<24.3}")?,
                None => write!(out, "{:25}", "")?,
            }
            write!(out, "{}", row.verdict)?;
            match &row.why {
                Some(why) => writeln!(out, ": {why}")?,
                None => writeln!(out)?,
            }
        }
        writeln!(out)?;
        let of_times = |row: &Row| row.contender.is_some();
        let percent = |part: f64| format!("{}%", short(part * 100.0));
        if !self.rows.iter().all(of_times) {
            let Limits { part, instructions } = self.limits;
            writeln!(
                out,
                "Counts: a change is more than {} and more than {instructions} instructions.",
                percent(part)
            )?;
        }
        if self.rows.iter().any(of_times) {
            let of = &self.parameters;
            writeln!(
                out,
                "Times: raddle over the floor of its run, new over old. The interval is of a bootstrap (seed {}, {} resamples)\n\
                 with a chance of {} for a wrong alarm anywhere. A change is one of at least {} whose interval leaves out 1;\n\
                 no change is one whose interval is within {}. Nothing is said where figures spread by more than {}.\n\
                 With fewer than {} runs on a side, rounds are drawn instead of runs, and the interval is {} wider both ways.",
                of.seed,
                of.resamples,
                percent(of.alarms),
                percent(of.smallest),
                percent(of.same),
                percent(of.spread),
                of.runs,
                percent(of.between_runs),
            )?;
        }
        let count = |verdict| {
            self.rows
                .iter()
                .filter(|row| row.verdict == verdict)
                .count()
        };
        let kinds = [
            Verdict::Regression,
            Verdict::Gone,
            Verdict::Unknown,
            Verdict::Improvement,
            Verdict::New,
            Verdict::Same,
        ];
        let counted: Vec<_> = kinds
            .into_iter()
            .filter(|&kind| count(kind) > 0)
            .map(|kind| format!("{} {kind}", count(kind)))
            .collect();
        let counted = if counted.is_empty() {
            "nothing in common".to_owned()
        } else {
            counted.join(", ")
        };
        writeln!(
            out,
            "\n{}: {counted}",
            match self.verdict {
                Verdict::Regression => "REGRESSION",
                Verdict::Unknown => "CANNOT TELL",
                _ => "fine",
            }
        )
    }
}

/// Four digits, or the whole of a whole number.
fn short(figure: f64) -> String {
    if figure.fract() == 0.0 && figure.abs() < 1e9 {
        return format!("{figure}");
    }
    let digits = (3 - figure.abs().log10().floor() as i32).clamp(0, 6);
    let text = format!("{figure:.*}", digits as usize);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}
