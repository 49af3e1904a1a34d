//! One benchmark: now, over time, by latency, and beside counted instructions.

use super::frame::Frame;
use super::judged::{Benchmark, Judged};
use super::overview::{direction, group_title, standing};
use super::runs::noise_facts;
use crate::document::{Better, Contender, Role};
use crate::figure::{figure, percent, times};
use crate::setup::Setup;
use askama::Template;
use serde_json::{Value, json};

#[derive(Template)]
#[template(path = "benchmark.html")]
pub struct Page {
    frame: Frame,
    id: String,
    title: String,
    group: &'static str,
    statistic: String,
    better: &'static str,
    /// The other figures of the same workload.
    siblings: Vec<Sibling>,
    noise: Vec<(&'static str, String)>,
    latest: Option<LatestView>,
    /// Of the last run; empty if it left this out.
    rows: Vec<Row>,
    lines: Vec<LineView>,
    runs: Vec<RunRow>,
    quantiles: Vec<QuantileRow>,
    has_floor: bool,
    has_counts: bool,
    data: Value,
}

struct Sibling {
    id: String,
    href: String,
    current: bool,
}

struct LatestView {
    class: &'static str,
    word: &'static str,
    text: String,
}

struct Row {
    name: String,
    role: &'static str,
    raddle: bool,
    median: String,
    spread: String,
    mad: String,
    rounds: usize,
    clean: bool,
    to_peer: String,
    to_limit: String,
    latest: &'static str,
    latest_word: &'static str,
    percent: String,
}

struct LineView {
    name: String,
    role: &'static str,
    colour: String,
    shown: bool,
    /// Not in the last run.
    gone: bool,
}

struct RunRow {
    key: String,
    started: String,
    commit: String,
    subject: String,
    note: &'static str,
    cells: Vec<Cell>,
}

struct Cell {
    median: String,
    spread: String,
}

struct QuantileRow {
    name: String,
    colour: String,
    figures: [String; 5],
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Raddle => "raddle",
        Role::Peer => "peer",
        Role::Floor => "limit",
        Role::Bound => "other bound",
    }
}

pub fn page(frame: Frame, setup: &Setup, judged: &Judged<'_>, this: &Benchmark<'_>) -> Page {
    let history = &this.history;
    let about = history.about;
    let show = |value: f64| figure(value, &about.unit);
    let floor = history.floor().and_then(|line| line.last());
    let peer = history.best_peer();
    let raddle = history.raddle().map(|line| line.name);
    // raddle, the limit and the best peer are what one wants to see; the rest is a click away.
    let shown = |name: &str| {
        raddle == Some(name)
            || history.floor().is_some_and(|line| line.name == name)
            || peer.is_some_and(|(line, _)| line.name == name)
    };
    let all = |_: &str| history.lines.len() <= 3;
    let lines: Vec<LineView> = history
        .lines
        .iter()
        .map(|line| LineView {
            name: line.name.to_owned(),
            role: role(line.role),
            colour: judged.looks[line.name].colour.clone(),
            shown: shown(line.name) || all(line.name),
            gone: line.last().is_none(),
        })
        .collect();
    let row = |(at, last): (usize, &Contender)| {
        let line = &history.lines[at];
        let latest = &this.latest[at];
        let beside = |other: Option<&Contender>| history.behind(last.median, other?.median);
        Row {
            name: line.name.to_owned(),
            role: role(line.role),
            raddle: line.role == Role::Raddle,
            median: show(last.median),
            spread: format!("{} to {}", show(last.min), show(last.max)),
            mad: show(last.mad),
            rounds: last.rounds.len(),
            clean: last.clean,
            to_peer: match line.role {
                Role::Raddle => standing(beside(peer.map(|(_, point)| point))),
                _ => String::new(),
            },
            to_limit: beside(floor).map_or_else(String::new, times),
            latest: latest.class(),
            latest_word: latest.word(),
            percent: latest.ratio().map_or_else(String::new, percent),
        }
    };
    let present = history.lines.iter().enumerate();
    let mut present: Vec<(usize, &Contender)> = present
        .filter_map(|(at, line)| Some((at, line.last()?)))
        .collect();
    // The best first.
    present.sort_by(|(_, a), (_, b)| match about.better {
        Better::Lower => a.median.total_cmp(&b.median),
        Better::Higher => b.median.total_cmp(&a.median),
    });
    let rows: Vec<Row> = present.iter().copied().map(row).collect();
    let quantiles = present.iter().filter_map(|(_, contender)| {
        let q = contender.quantiles.as_ref()?;
        Some(QuantileRow {
            name: contender.name.clone(),
            colour: judged.looks[contender.name.as_str()].colour.clone(),
            figures: [q.p50, q.p90, q.p99, q.p999, q.max].map(|ns| figure(ns, "ns")),
        })
    });
    Page {
        siblings: siblings(judged, this),
        latest: latest_view(this),
        quantiles: quantiles.collect(),
        runs: run_rows(setup, this),
        data: data(judged, this, &lines, &present),
        id: about.id.clone(),
        title: about.title.clone(),
        group: group_title(about.group),
        statistic: about.statistic.clone(),
        better: direction(about.better),
        noise: noise_facts(&about.noise),
        has_floor: history.floor().is_some(),
        has_counts: setup
            .runs
            .iter()
            .any(|run| !run.document.instructions.is_empty()),
        rows,
        lines,
        frame,
    }
}

fn siblings(judged: &Judged<'_>, this: &Benchmark<'_>) -> Vec<Sibling> {
    let workload = |id: &str| id.split('/').next().unwrap_or_default().to_owned();
    let mine = workload(&this.history.about.id);
    let same = judged
        .benchmarks
        .iter()
        .filter(|other| workload(&other.history.about.id) == mine)
        .map(|other| Sibling {
            id: other.history.about.id.clone(),
            href: format!("{}.html", other.slug),
            current: other.slug == this.slug,
        });
    let same: Vec<Sibling> = same.collect();
    if same.len() > 1 { same } else { Vec::new() }
}

fn latest_view(this: &Benchmark<'_>) -> Option<LatestView> {
    use crate::latest::Latest;
    let latest = this.raddle_latest()?;
    Some(LatestView {
        class: latest.class(),
        word: latest.word(),
        text: match latest {
            Latest::Unclear(why) => (*why).to_owned(),
            Latest::Same(ratio) => {
                format!(
                    "{} from the runs before, within their noise",
                    percent(*ratio)
                )
            }
            Latest::Worse(ratio) | Latest::Better(ratio) => {
                format!("{} from the runs before", percent(*ratio))
            }
        },
    })
}

fn run_rows(setup: &Setup, this: &Benchmark<'_>) -> Vec<RunRow> {
    let about = this.history.about;
    let show = |value: f64| figure(value, &about.unit);
    let rows = setup.runs.iter().enumerate().rev().map(|(at, run)| {
        let commit = run.document.commit.as_ref();
        RunRow {
            key: run.key.clone(),
            started: run.started(),
            commit: run.commit(),
            subject: commit.map_or_else(String::new, |commit| commit.subject.clone()),
            note: run.note(),
            cells: this
                .history
                .lines
                .iter()
                .map(|line| match line.points[at] {
                    Some(point) => Cell {
                        median: show(point.median),
                        spread: format!("{} to {}", show(point.min), show(point.max)),
                    },
                    None => Cell {
                        median: String::new(),
                        spread: String::new(),
                    },
                })
                .collect(),
        }
    });
    rows.collect()
}

/// The counted path that a workload leans on most, which is shown beside it at first.
fn leans_on(id: &str) -> Option<&'static str> {
    let workload = id.split('/').next().unwrap_or_default();
    Some(match workload {
        "W1" | "W1p" | "W2" | "W2b" | "W2c" | "W2d" => "submit/outside",
        "W1b" | "W1bp" | "W1s" => "submit/wakes",
        "W3" | "W3t" => "join/inside",
        "W3c" => "join/outside",
        "W4" | "W41" | "W4w" => "submit/inside",
        "W6" => "as_completed/step",
        "W9" => "cancel/queued",
        "P1" | "P1b" | "P1one" => "ring/round",
        "P2" => "ring/publish",
        _ if workload.starts_with("P3") => "ring/take",
        _ => return None,
    })
}

fn data(
    judged: &Judged<'_>,
    this: &Benchmark<'_>,
    views: &[LineView],
    present: &[(usize, &Contender)],
) -> Value {
    let history = &this.history;
    let about = history.about;
    let lines: Vec<Value> = history
        .lines
        .iter()
        .zip(views)
        .map(|(line, view)| {
            let points: Vec<Value> = line
                .points
                .iter()
                .map(|point| match point {
                    Some(p) => json!([p.median, p.min, p.max, p.clean]),
                    None => Value::Null,
                })
                .collect();
            let look = &judged.looks[line.name];
            json!({
                "name": line.name, "role": view.role, "colour": look.colour, "dash": look.dash,
                "shown": view.shown, "points": points,
            })
        })
        .collect();
    let shifts: Vec<Value> = this
        .shifts
        .iter()
        .map(|found| {
            json!({
                "line": found.line, "run": found.run, "worse": found.worse,
                "percent": percent(found.shift.ratio()),
            })
        })
        .collect();
    let latencies: Vec<Value> = present
        .iter()
        .filter(|(_, contender)| contender.quantiles.is_some() || contender.histogram.is_some())
        .map(|(at, contender)| {
            json!({
                "line": at, "quantiles": contender.quantiles, "histogram": contender.histogram,
            })
        })
        .collect();
    json!({
        "id": about.id, "unit": about.unit, "better": direction(about.better),
        "statistic": about.statistic, "lines": lines, "shifts": shifts,
        "latencies": latencies, "count": leans_on(&about.id),
        "order": present.iter().map(|(at, _)| at).collect::<Vec<_>>(),
    })
}
