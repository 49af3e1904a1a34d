//! Counted instructions of every path.

use super::frame::Frame;
use crate::figure::{digits, percent};
use crate::history::counts;
use crate::setup::Setup;
use askama::Template;

#[derive(Template)]
#[template(path = "instructions.html")]
pub struct Page {
    frame: Frame,
    valgrind: String,
    rows: Vec<Row>,
    names: Vec<String>,
    runs: Vec<RunRow>,
}

struct Row {
    id: String,
    title: String,
    instructions: String,
    l1: String,
    ll: String,
    ram: String,
    cycles: String,
    class: &'static str,
    change: String,
    /// Not in the last run.
    gone: bool,
}

struct RunRow {
    key: String,
    started: String,
    commit: String,
    cells: Vec<String>,
}

pub fn page(frame: Frame, setup: &Setup) -> Page {
    let counts = counts(setup);
    let rows = counts.iter().map(|path| {
        let about = path.about;
        let last = path.points.iter().rposition(Option::is_some);
        let change = path.changes(setup).pop();
        let change = change.filter(|change| Some(change.run) == last);
        Row {
            id: about.id.clone(),
            title: about.title.clone(),
            instructions: digits(about.instructions as f64),
            l1: digits(about.l1 as f64),
            ll: digits(about.ll as f64),
            ram: digits(about.ram as f64),
            cycles: digits(about.estimated_cycles as f64),
            class: match &change {
                Some(change) if change.after > change.before => "worse",
                Some(_) => "better",
                None => "same",
            },
            change: change.map_or_else(String::new, |change| percent(change.ratio())),
            gone: path.points.last().is_some_and(Option::is_none),
        }
    });
    let runs = setup.runs.iter().enumerate().rev().map(|(at, run)| RunRow {
        key: run.key.clone(),
        started: run.started(),
        commit: run.commit(),
        cells: counts
            .iter()
            .map(|path| {
                path.points[at]
                    .map_or_else(String::new, |counted| digits(counted.instructions as f64))
            })
            .collect(),
    });
    Page {
        valgrind: setup
            .runs
            .iter()
            .rev()
            .find_map(|run| run.document.instruments.valgrind.clone())
            .unwrap_or_default(),
        rows: rows.collect(),
        names: counts.iter().map(|path| path.about.id.clone()).collect(),
        runs: runs.collect(),
        frame,
    }
}
