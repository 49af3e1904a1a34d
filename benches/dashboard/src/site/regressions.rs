//! Where levels shifted and counts changed, by run.

use super::frame::Frame;
use super::judged::{Benchmark, Judged, LineShift};
use crate::document::Role;
use crate::figure::{digits, figure, percent};
use crate::history::{LEAST_COUNT_CHANGE, counts};
use crate::latest;
use crate::setup::Setup;
use crate::shift;
use askama::Template;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "regressions.html")]
pub struct Page {
    frame: Frame,
    rows: Vec<Row>,
    counts: Vec<CountRow>,
    parameters: Vec<(&'static str, String)>,
    data: Value,
}

/// A shift in words.
pub struct Row {
    pub key: String,
    pub run: usize,
    pub raddle: bool,
    pub class: &'static str,
    pub id: String,
    pub title: String,
    pub href: String,
    pub contender: String,
    pub started: String,
    pub commit: String,
    pub subject: String,
    pub since: String,
    pub before: String,
    pub after: String,
    pub percent: String,
    pub interval: String,
    pub p: String,
    pub others: String,
}

struct CountRow {
    key: String,
    class: &'static str,
    id: String,
    title: String,
    href: String,
    started: String,
    commit: String,
    subject: String,
    since: String,
    before: String,
    after: String,
    percent: String,
    other_tools: bool,
}

/// A value for the part of a link behind `#`.
fn fragment(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                text.push(byte as char);
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

fn row(setup: &Setup, this: &Benchmark<'_>, found: &LineShift, home: &str) -> Row {
    let about = this.history.about;
    let line = this.line(found);
    let run = &setup.runs[found.run];
    let shift = &found.shift;
    let show = |value: f64| figure(value, &about.unit);
    let commit = run.document.commit.as_ref();
    Row {
        key: format!("{}.{}.{}", about.id, line.name, run.key),
        run: found.run,
        raddle: line.role == Role::Raddle,
        class: if found.worse { "worse" } else { "better" },
        id: about.id.clone(),
        title: about.title.clone(),
        href: format!(
            "{home}{}#run={}&contender={}",
            this.page(),
            fragment(&run.key),
            fragment(line.name)
        ),
        contender: line.name.to_owned(),
        started: run.started(),
        commit: run.commit(),
        subject: commit.map_or_else(String::new, |commit| commit.subject.clone()),
        since: setup.runs[found.since].commit(),
        before: show(shift.before),
        after: show(shift.after),
        percent: percent(shift.ratio()),
        interval: format!(
            "{} to {}",
            percent(shift.interval.0),
            percent(shift.interval.1)
        ),
        p: format!("{:.4}", shift.p),
        others: match found.others {
            (_, 0) => "nobody else".into(),
            (0, all) => format!("none of {all}"),
            (same, all) => format!("{same} of {all}"),
        },
    }
}

/// raddle's shifts, the latest first.
pub fn raddle_rows(setup: &Setup, judged: &Judged<'_>, home: &str) -> Vec<Row> {
    let mut rows = all_rows(setup, judged, home);
    rows.retain(|row| row.raddle);
    rows
}

fn all_rows(setup: &Setup, judged: &Judged<'_>, home: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = judged
        .benchmarks
        .iter()
        .flat_map(|this| {
            let rows = this.shifts.iter();
            rows.map(move |found| row(setup, this, found, home))
        })
        .collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.run), row.class == "better"));
    rows
}

fn count_rows(setup: &Setup, home: &str) -> Vec<CountRow> {
    let mut rows: Vec<(usize, CountRow)> = Vec::new();
    for counts in counts(setup) {
        for change in counts.changes(setup) {
            let run = &setup.runs[change.run];
            let commit = run.document.commit.as_ref();
            let row = CountRow {
                key: format!("{}.{}", counts.about.id, run.key),
                class: if change.after > change.before {
                    "worse"
                } else {
                    "better"
                },
                id: counts.about.id.clone(),
                title: counts.about.title.clone(),
                href: format!(
                    "{home}instructions.html#path={}&run={}",
                    fragment(&counts.about.id),
                    fragment(&run.key)
                ),
                started: run.started(),
                commit: run.commit(),
                subject: commit.map_or_else(String::new, |commit| commit.subject.clone()),
                since: setup.runs[change.since].commit(),
                before: digits(change.before as f64),
                after: digits(change.after as f64),
                percent: percent(change.ratio()),
                other_tools: change.other_tools,
            };
            rows.push((change.run, row));
        }
    }
    rows.sort_by_key(|(run, _)| std::cmp::Reverse(*run));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn parameters() -> Vec<(&'static str, String)> {
    vec![
        (
            "Test",
            "change points by circular binary segmentation of the logarithms of the runs' medians: the stretch of runs \
             whose mean differs most from the rest, held against shuffles of the same figures"
                .into(),
        ),
        (
            "It is listed if",
            format!(
                "at most {} in 1,000 of {} shuffles have as good a one, each level has {} runs or more, and levels \
                 (medians) differ by {} or more",
                shift::ALPHA * 1000.0,
                digits(shift::SHUFFLES as f64),
                shift::LEAST_RUNS,
                share(shift::LEAST_SHIFT)
            ),
        ),
        (
            "Interval",
            format!(
                "{} percentile bootstrap of the ratio of the medians, {} resamples of the runs on both sides",
                share(shift::CONFIDENCE),
                shift::RESAMPLES
            ),
        ),
        (
            "Left out",
            "runs of a changed work tree, since no commit is to blame for them".into(),
        ),
        (
            "The last run",
            format!(
                "is held against up to {} runs before it at the same level, {} at least: it is worse or better if it is \
                 off their median by {} or more, and by {} times their usual distance (MAD × 1.4826) or more",
                latest::WINDOW,
                latest::LEAST_RUNS,
                share(latest::LEAST_CHANGE),
                latest::TIMES_SPREAD
            ),
        ),
        (
            "Instructions",
            format!(
                "are counted exactly: every change by {} or more from one count to the next is listed",
                share(LEAST_COUNT_CHANGE)
            ),
        ),
    ]
}

fn share(of: f64) -> String {
    format!("{}%", of * 100.0)
}

pub fn page(frame: Frame, setup: &Setup, judged: &Judged<'_>) -> Page {
    let rows = all_rows(setup, judged, &frame.home);
    let points: Vec<Value> = rows
        .iter()
        .map(|row| json!({"key": row.key, "run": row.run, "raddle": row.raddle}))
        .collect();
    Page {
        counts: count_rows(setup, &frame.home),
        rows,
        parameters: parameters(),
        data: json!({ "shifts": points }),
        frame,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fragments_hold_no_sign_of_their_own() {
        assert_eq!(super::fragment("a&b=c d/µ"), "a%26b%3Dc%20d%2F%C2%B5");
    }
}
