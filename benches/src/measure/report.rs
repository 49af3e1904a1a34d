//! Tables for people, from the benchmarks of one workload.

use crate::document::{Benchmark, Contender, Noise, Role, Verdict};
use std::fmt;

/// All benchmarks of one workload as one table: the first is its figure, the others add columns.
pub struct Table<'a>(pub &'a [Benchmark]);

impl<'a> Table<'a> {
    /// One table per workload, from all benchmarks of a document.
    pub fn all(benchmarks: &'a [Benchmark]) -> Vec<Table<'a>> {
        let workload = |benchmark: &Benchmark| benchmark.id.split('/').next().map(str::to_owned);
        let chunks = benchmarks.chunk_by(|a, b| workload(a) == workload(b));
        chunks.map(Table).collect()
    }

    /// The workload's figure.
    pub fn main(&self) -> &'a Benchmark {
        &self.0[0]
    }

    /// The benchmark with the latencies, if there are any.
    fn latencies(&self) -> Option<&'a Benchmark> {
        let has = |b: &&Benchmark| b.contenders.iter().any(|c| c.quantiles.is_some());
        self.0.iter().find(has)
    }

    /// The further figures but for the quantiles of rounds, which stand beside those of all latencies.
    fn further(&self) -> impl Iterator<Item = &'a Benchmark> {
        let latencies = self.latencies().map_or("", |benchmark| &benchmark.id);
        let further = self.0.iter().skip(1);
        further.filter(move |b| latencies.is_empty() || !b.id.starts_with(latencies))
    }

    /// The head of the table and a line for each contender.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let main = self.main();
        let mut head = vec![
            "contender".into(),
            "median".into(),
            "min".into(),
            "max".into(),
        ];
        head.extend(["/floor".into(), "/best peer".into()]);
        if self.latencies().is_some() {
            head.extend(["p50 ns", "p90 ns", "p99 ns", "p99.9 ns", "max ns"].map(String::from));
        }
        for benchmark in self.further() {
            let suffix = benchmark
                .id
                .split_once('/')
                .map_or("", |(_, suffix)| suffix);
            let said = benchmark.unit == main.unit || suffix.ends_with(&benchmark.unit);
            head.push(match said {
                true => suffix.to_owned(),
                false => format!("{suffix} {}", benchmark.unit),
            });
        }
        head.extend(["dirty".into(), "verdict".into()]);
        let mut lines = vec![head];
        lines.extend(main.contenders.iter().map(|contender| self.line(contender)));
        lines
    }

    fn line(&self, contender: &Contender) -> Vec<String> {
        let name = &contender.name;
        let ratio = |ratio: Option<f64>| ratio.map_or_else(String::new, |r| format!("{r:.2}"));
        let mut cells = vec![
            match contender.role {
                Role::Floor => format!("(floor) {name}"),
                Role::Bound => format!("(bound) {name}"),
                Role::Peer => name.clone(),
                Role::Raddle => format!("* {name}"),
            },
            figure(contender.median),
            figure(contender.min),
            figure(contender.max),
            ratio(contender.to_floor),
            ratio(contender.to_best_peer),
        ];
        let of = |benchmark: &'a Benchmark| benchmark.contenders.iter().find(|c| c.name == *name);
        if let Some(latencies) = self.latencies() {
            match of(latencies).and_then(|contender| contender.quantiles) {
                Some(q) => cells.extend([q.p50, q.p90, q.p99, q.p999, q.max].map(figure)),
                None => cells.extend([const { String::new() }; 5]),
            }
        }
        let further = self.further().map(of);
        cells.extend(further.map(|c| c.map_or_else(String::new, |c| figure(c.median))));
        cells.push(dirty(&contender.noise));
        cells.push(verdict(contender).into());
        cells
    }
}

/// Dirty rounds, and how many of them were run again.
fn dirty(noise: &Noise) -> String {
    match (noise.dirty_rounds, noise.repeated_rounds) {
        (0, _) => String::new(),
        (dirty, 0) => dirty.to_string(),
        (dirty, again) => format!("{dirty}, {again} again"),
    }
}

fn verdict(contender: &Contender) -> &'static str {
    match (contender.clean, contender.verdict) {
        (false, _) => "noisy",
        (true, Some(Verdict::Better)) => "better",
        (true, Some(Verdict::Worse)) => "worse",
        (true, Some(Verdict::Undecided)) => "cannot tell",
        (true, None) => "",
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let main = self.main();
        let rounds = main.contenders.iter().map(|c| c.rounds.len()).max();
        writeln!(
            f,
            "{}  {}  [{}, {}, {} rounds]",
            main.id,
            main.title,
            main.unit,
            main.statistic,
            rounds.unwrap_or(0)
        )?;
        writeln!(f, "  {}", noise(&main.noise))?;
        let lines = self.lines();
        let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max();
        let widths: Vec<usize> = (0..lines[0].len()).filter_map(width).collect();
        for line in &lines {
            let mut text = String::new();
            for (i, (cell, width)) in line.iter().zip(&widths).enumerate() {
                text += &match i == 0 || i + 1 == line.len() {
                    true => format!("  {cell:<width$}"),
                    false => format!("  {cell:>width$}"),
                };
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

/// What was seen of others, in a line.
pub fn noise(noise: &Noise) -> String {
    format!(
        "load {:.2} to {:.2}, stolen {} ms, others {} ms, involuntary switches {}, dirty rounds {}, run again {}",
        noise.load_before,
        noise.load_after,
        whole(noise.steal_ms),
        whole(noise.others_ms),
        whole(noise.involuntary_switches as f64),
        noise.dirty_rounds,
        noise.repeated_rounds
    )
}

/// Three or four digits that matter, thousands set apart.
pub fn figure(value: f64) -> String {
    match value.abs() < 100.0 {
        true => format!("{value:.2}"),
        false => whole(value),
    }
}

fn whole(value: f64) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn a_workload_is_one_table() {
        let text = include_str!("../../schema/example.json");
        let document = Document::parse(text).unwrap();
        let tables = Table::all(&document.benchmarks);
        assert_eq!(tables.len(), 1);
        let lines = tables[0].lines();
        assert_eq!(lines[0].len(), 13);
        assert!(lines.iter().all(|line| line.len() == lines[0].len()));
        let raddle = lines.last().unwrap();
        assert_eq!((&raddle[0][..], &raddle[12][..]), ("* raddle", "better"));
        assert_eq!(lines[2][11], "1, 1 again");
        assert!(tables[0].to_string().starts_with("W1  round trip"));
    }

    #[test]
    fn figures_are_short() {
        let figures = [0.0, 1.239, 99.0, 1234.5, 1e6, -1e3].map(figure);
        assert_eq!(
            figures,
            ["0.00", "1.24", "99.00", "1,234", "1,000,000", "-1,000"]
        );
    }
}
