//! The present state beside peers and limits, and what changed.

use super::frame::Frame;
use super::judged::{Benchmark, Judged};
use super::regressions::{Row as ShiftRow, raddle_rows};
use super::runs::{Facts, facts};
use crate::document::{Better, Group, Verdict};
use crate::figure::{figure, percent, times};
use crate::latest::Latest;
use crate::setup::Setup;
use askama::Template;
use serde::Serialize;
use serde_json::{Value, json};

/// A shift in so many last runs is news.
const RECENT: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
pub struct Page {
    frame: Frame,
    facts: Facts,
    worse: usize,
    better: usize,
    same: usize,
    unclear: usize,
    changed: Vec<Changed>,
    recent: Vec<ShiftRow>,
    recent_runs: usize,
    groups: Vec<GroupView>,
    limits: Vec<LimitRow>,
    ahead: usize,
    behind: usize,
    undecided: usize,
    gone: Vec<Gone>,
    data: Value,
}

struct Changed {
    id: String,
    title: String,
    href: String,
    class: &'static str,
    word: &'static str,
    percent: String,
    figure: String,
}

struct LimitRow {
    id: String,
    title: String,
    href: String,
    name: String,
    figure: String,
    spread: String,
}

struct Gone {
    id: String,
    title: String,
    href: String,
}

struct GroupView {
    slug: &'static str,
    title: &'static str,
    rows: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    title: String,
    href: String,
    /// Not a workload's first figure.
    further: bool,
    group: &'static str,
    better: &'static str,
    raddle: String,
    spread: String,
    peer: String,
    peer_name: String,
    limit: String,
    limit_name: String,
    /// How many times worse than the best peer.
    to_peer: Option<f64>,
    to_limit: Option<f64>,
    peer_to_limit: Option<f64>,
    to_peer_text: String,
    to_limit_text: String,
    verdict: &'static str,
    latest: &'static str,
    latest_word: &'static str,
    latest_percent: String,
}

pub fn group_title(group: Group) -> &'static str {
    match group {
        Group::Threads => "Thread pools",
        Group::Processes => "Process pools",
        Group::Wasm => "WebAssembly pools",
        Group::Limits => "The machine's limits",
    }
}

/// `1.27× behind`, `6.2× ahead`.
pub fn standing(behind: Option<f64>) -> String {
    match behind {
        None => String::new(),
        Some(ratio) if (0.995..1.005).contains(&ratio) => "level".into(),
        Some(ratio) if ratio < 1.0 => format!("{} ahead", times(1.0 / ratio)),
        Some(ratio) => format!("{} behind", times(ratio)),
    }
}

fn row(this: &Benchmark<'_>, frame: &Frame) -> Option<Row> {
    let history = &this.history;
    let about = history.about;
    let shown = history
        .raddle()
        .or_else(|| history.floor())
        .or_else(|| history.lines.first())?;
    let ours = shown.last()?;
    let is_raddle = history.raddle().is_some_and(|line| line.name == shown.name);
    let peer = history.best_peer();
    let limit = history
        .floor()
        .and_then(|line| Some((line, line.last()?)))
        .filter(|(line, _)| line.name != shown.name);
    let show = |value: f64| figure(value, &about.unit);
    let beside = |other: Option<f64>| history.behind(ours.median, other?);
    let to_peer = beside(peer.map(|(_, point)| point.median)).filter(|_| is_raddle);
    let to_limit = beside(limit.map(|(_, point)| point.median)).filter(|_| is_raddle);
    let peer_to_limit = match (peer, limit) {
        (Some((_, peer)), Some((_, limit))) => history.behind(peer.median, limit.median),
        _ => None,
    };
    let latest = this.raddle_latest().filter(|_| is_raddle);
    Some(Row {
        id: about.id.clone(),
        title: about.title.clone(),
        href: format!("{}{}", frame.home, this.page()),
        further: about.id.contains('/'),
        group: group_slug(about.group),
        better: direction(about.better),
        raddle: show(ours.median),
        spread: format!("{} to {}", show(ours.min), show(ours.max)),
        peer: peer.map_or_else(String::new, |(_, point)| show(point.median)),
        peer_name: peer.map_or_else(String::new, |(line, _)| line.name.to_owned()),
        limit: limit.map_or_else(String::new, |(_, point)| show(point.median)),
        limit_name: limit.map_or_else(String::new, |(line, _)| line.name.to_owned()),
        to_peer,
        to_limit,
        peer_to_limit,
        to_peer_text: standing(to_peer),
        to_limit_text: to_limit.map_or_else(String::new, times),
        verdict: match history.verdict() {
            Some(Verdict::Undecided) => "undecided",
            Some(Verdict::Better) => "better",
            Some(Verdict::Worse) => "worse",
            None => "",
        },
        latest: latest.map_or("none", Latest::class),
        latest_word: latest.map_or("", Latest::word),
        latest_percent: latest
            .and_then(Latest::ratio)
            .map_or_else(String::new, percent),
    })
}

/// All limits that a benchmark of the machine itself found.
fn limit_rows(this: &Benchmark<'_>, frame: &Frame) -> Vec<LimitRow> {
    let about = this.history.about;
    let show = |value: f64| figure(value, &about.unit);
    let present = this.history.lines.iter().filter_map(|line| line.last());
    let rows = present.map(|limit| LimitRow {
        id: about.id.clone(),
        title: about.title.clone(),
        href: format!("{}{}", frame.home, this.page()),
        name: limit.name.clone(),
        figure: show(limit.median),
        spread: format!("{} to {}", show(limit.min), show(limit.max)),
    });
    rows.collect()
}

pub fn direction(better: Better) -> &'static str {
    match better {
        Better::Lower => "lower is better",
        Better::Higher => "higher is better",
    }
}

fn group_slug(group: Group) -> &'static str {
    match group {
        Group::Threads => "threads",
        Group::Processes => "processes",
        Group::Wasm => "wasm",
        Group::Limits => "limits",
    }
}

pub fn page(frame: Frame, setup: &Setup, judged: &Judged<'_>) -> Page {
    let present = |this: &&Benchmark<'_>| this.history.runs.last().is_some_and(Option::is_some);
    let mut groups: Vec<GroupView> = Vec::new();
    let mut limits = Vec::new();
    for this in judged.benchmarks.iter().filter(present) {
        if this.history.about.group == Group::Limits {
            limits.extend(limit_rows(this, &frame));
            continue;
        }
        let Some(row) = row(this, &frame) else {
            continue;
        };
        let group = this.history.about.group;
        match groups.iter_mut().find(|g| g.slug == group_slug(group)) {
            Some(known) => known.rows.push(row),
            None => groups.push(GroupView {
                slug: group_slug(group),
                title: group_title(group),
                rows: vec![row],
            }),
        }
    }
    let rows = || groups.iter().flat_map(|group| &group.rows);
    let count = |class: &str| rows().filter(|row| row.latest == class).count();
    let changed = rows()
        .filter(|row| matches!(row.latest, "worse" | "better"))
        .map(|row| Changed {
            id: row.id.clone(),
            title: row.title.clone(),
            href: row.href.clone(),
            class: row.latest,
            word: row.latest_word,
            percent: row.latest_percent.clone(),
            figure: row.raddle.clone(),
        });
    let mut changed: Vec<Changed> = changed.collect();
    changed.sort_by_key(|change| change.class == "better");
    let first = setup.runs.len().saturating_sub(RECENT);
    let recent = raddle_rows(setup, judged, &frame.home)
        .into_iter()
        .filter(|row| row.run >= first)
        .collect();
    let standing = |wanted: &dyn Fn(&Row, f64) -> bool| {
        let beside = rows().filter_map(|row| Some((row, row.to_peer?)));
        beside.filter(|(row, ratio)| wanted(row, *ratio)).count()
    };
    let gone = judged.benchmarks.iter().filter(|this| !present(this));
    Page {
        facts: facts(setup.last()),
        worse: count("worse"),
        better: count("better"),
        same: count("same"),
        unclear: count("unclear"),
        changed,
        recent,
        recent_runs: RECENT,
        gone: gone
            .map(|this| Gone {
                id: this.history.about.id.clone(),
                title: this.history.about.title.clone(),
                href: format!("{}{}", frame.home, this.page()),
            })
            .collect(),
        limits,
        ahead: standing(&|row, ratio| row.verdict != "undecided" && ratio < 1.0),
        behind: standing(&|row, ratio| row.verdict != "undecided" && ratio > 1.0),
        undecided: standing(&|row, ratio| row.verdict == "undecided" || ratio == 1.0),
        data: json!({ "rows": rows().collect::<Vec<_>>() }),
        groups,
        frame,
    }
}
