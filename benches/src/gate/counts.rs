//! Counts are exact.

use super::report::{Row, Verdict};
use super::{Limits, Set};
use crate::counts::{Tools, title};
use crate::statistics::Interval;
use std::collections::BTreeSet;

/// One row for each path that either set knows; none if a set has no counts.
pub fn rows(old: &Set, new: &Set, limits: &Limits) -> Vec<Row> {
    let (Some(old), Some(new)) = (&old.counts, &new.counts) else {
        return Vec::new();
    };
    let other_tools = difference(&old.tools, &new.tools);
    let ids: BTreeSet<_> = old.of.keys().chain(new.of.keys()).collect();
    ids.into_iter()
        .map(|id| {
            let (was, is) = (old.of.get(id), new.of.get(id));
            let mut row = Row {
                id: id.clone(),
                contender: None,
                title: title(id).to_owned(),
                unit: "instructions".to_owned(),
                old: was.map(|counts| counts[0] as f64),
                new: is.map(|counts| counts[0] as f64),
                interval: None,
                verdict: Verdict::Unknown,
                why: None,
            };
            (row.verdict, row.why) = match (was.map(Vec::as_slice), is.map(Vec::as_slice)) {
                (Some(_), None) => (Verdict::Gone, Some("counted no more".to_owned())),
                (None, _) => (Verdict::New, None),
                _ if other_tools.is_some() => (Verdict::Unknown, other_tools.clone()),
                (Some(&[was]), Some(&[is])) => {
                    let ratio = is as f64 / was as f64;
                    row.interval = Some(Interval {
                        ratio,
                        low: ratio,
                        high: ratio,
                    });
                    (verdict(was, is, limits), None)
                }
                _ => {
                    let why = "the runs of one set differ; counts should repeat exactly";
                    (Verdict::Unknown, Some(why.to_owned()))
                }
            };
            row
        })
        .collect()
}

fn verdict(was: u64, is: u64, limits: &Limits) -> Verdict {
    let allowed = (was as f64 * limits.part).max(limits.instructions as f64);
    if is.abs_diff(was) as f64 <= allowed {
        Verdict::Same
    } else if is > was {
        Verdict::Regression
    } else {
        Verdict::Improvement
    }
}

/// The first tool that differs. A tool that is not known does not count as different.
fn difference(old: &Tools, new: &Tools) -> Option<String> {
    let pairs = [
        ("compiler", &old.rustc, &new.rustc),
        ("platform", &old.target, &new.target),
        ("C library", &old.libc, &new.libc),
        ("valgrind", &old.valgrind, &new.valgrind),
    ];
    pairs
        .into_iter()
        .find(|(_, old, new)| old != new && !old.is_empty() && !new.is_empty())
        .map(|(what, old, new)| format!("another {what}: {old}, now {new}"))
}
