//! Tables: for people in columns, for programs in JSON.

use super::machine::Machine;
use super::round::{Kind, Round, percentile, spread};
use serde::Serialize;
use std::fmt;

/// One contender's line.
#[derive(Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The median over the rounds.
    pub median: f64,
    /// The best round.
    pub min: f64,
    /// The worst round.
    pub max: f64,
    /// Percentiles of all single latencies in nanoseconds, where the workload has any.
    pub latency_ns: Option<Percentiles>,
    /// Medians of further columns.
    pub extra: Vec<(&'static str, f64)>,
    /// The median over that of the reference floor.
    pub of_floor: Option<f64>,
    /// The median over that of the best peer.
    pub of_best_peer: Option<f64>,
}

/// Of latencies pooled over all rounds.
#[derive(Serialize)]
pub struct Percentiles {
    /// Half are below.
    pub p50: f64,
    /// 99 in 100 are below.
    pub p99: f64,
    /// 999 in 1000 are below.
    pub p999: f64,
}

impl Row {
    /// Sums up a contender's rounds.
    pub fn from_rounds(name: &str, kind: Kind, rounds: Vec<Round>) -> Row {
        let (median, min, max) = spread(rounds.iter().map(|round| round.figure).collect());
        let columns: Vec<&'static str> = rounds.first().map_or_else(Vec::new, |round| {
            round.extra.iter().map(|(column, _)| *column).collect()
        });
        let extra = columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let figures = rounds.iter().map(|round| round.extra[i].1).collect();
                (*column, spread(figures).0)
            })
            .collect();
        let mut latencies: Vec<u32> = rounds.into_iter().flat_map(|r| r.latencies).collect();
        latencies.sort_unstable();
        Row {
            name: name.to_owned(),
            kind,
            median,
            min,
            max,
            latency_ns: (!latencies.is_empty()).then(|| Percentiles {
                p50: percentile(&latencies, 50.0),
                p99: percentile(&latencies, 99.0),
                p999: percentile(&latencies, 99.9),
            }),
            extra,
            of_floor: None,
            of_best_peer: None,
        }
    }
}

/// All contenders of one workload.
#[derive(Serialize)]
pub struct Table {
    /// The workload.
    pub id: &'static str,
    /// What it asks.
    pub title: String,
    /// Of `median`, `min` and `max`.
    pub unit: &'static str,
    /// Rounds run.
    pub rounds: usize,
    /// In the order in which they ran.
    pub rows: Vec<Row>,
}

impl Table {
    /// Fills in the ratios.
    pub fn new(
        id: &'static str,
        title: String,
        unit: &'static str,
        rounds: usize,
        mut rows: Vec<Row>,
    ) -> Table {
        let floor = rows
            .iter()
            .find(|row| row.kind == Kind::Reference)
            .map(|row| row.median);
        let best = rows
            .iter()
            .filter(|row| row.kind == Kind::Peer)
            .map(|row| row.median)
            .min_by(f64::total_cmp);
        for row in &mut rows {
            row.of_floor = floor.filter(|f| *f > 0.0).map(|f| row.median / f);
            row.of_best_peer = best.filter(|b| *b > 0.0).map(|b| row.median / b);
        }
        Table {
            id,
            title,
            unit,
            rounds,
            rows,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}  {}  [{}, {} rounds]",
            self.id, self.title, self.unit, self.rounds
        )?;
        let latencies = self.rows.iter().any(|row| row.latency_ns.is_some());
        let mut columns = vec!["contender", "median", "min", "max", "/floor", "/best peer"];
        if latencies {
            columns.extend(["p50 ns", "p99 ns", "p99.9 ns"]);
        }
        if let Some(row) = self.rows.first() {
            columns.extend(row.extra.iter().map(|(column, _)| *column));
        }
        let mut lines = vec![columns.iter().map(|&column| column.to_owned()).collect()];
        for row in &self.rows {
            lines.push(cells(row, latencies));
        }
        let widths: Vec<usize> = (0..columns.len())
            .map(|i| {
                lines
                    .iter()
                    .map(|line: &Vec<String>| width(line, i))
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        for line in &lines {
            for (i, cell) in line.iter().enumerate() {
                let width = widths[i];
                if i == 0 {
                    write!(f, "  {cell:<width$}")?;
                } else {
                    write!(f, "  {cell:>width$}")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn width(line: &[String], column: usize) -> usize {
    line.get(column).map_or(0, |cell| cell.chars().count())
}

fn cells(row: &Row, latencies: bool) -> Vec<String> {
    let name = match row.kind {
        Kind::Reference => format!("(floor) {}", row.name),
        Kind::Floor => format!("(bound) {}", row.name),
        Kind::Peer => row.name.clone(),
        Kind::Raddle => format!("* {}", row.name),
    };
    let ratio = |ratio: Option<f64>| ratio.map_or_else(String::new, |r| format!("{r:.2}"));
    let mut cells = vec![
        name,
        figure(row.median),
        figure(row.min),
        figure(row.max),
        ratio(row.of_floor),
        ratio(row.of_best_peer),
    ];
    if latencies {
        match &row.latency_ns {
            Some(p) => cells.extend([figure(p.p50), figure(p.p99), figure(p.p999)]),
            None => cells.extend([String::new(), String::new(), String::new()]),
        }
    }
    cells.extend(row.extra.iter().map(|(_, value)| figure(*value)));
    cells
}

/// Three or four digits that matter, thousands set apart.
fn figure(value: f64) -> String {
    if value.abs() < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A whole run, for programs.
#[derive(Serialize)]
pub struct Report {
    /// Where.
    pub machine: Machine,
    /// Workers per pool.
    pub workers: usize,
    /// Whether the workloads were cut to a tenth.
    pub quick: bool,
    /// One per workload.
    pub tables: Vec<Table>,
}
