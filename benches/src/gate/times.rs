//! raddle's own rows, over the floors of their runs.

use super::Set;
use super::report::{Row, Verdict};
use crate::document::{Benchmark, Better, Contender, Document, Role};
use crate::statistics::{Change, Parameters, Sample, change, median};

/// One row for each benchmark and each row of raddle's in it; none if a set has no runs with benchmarks.
pub fn rows(old: &Set, new: &Set, parameters: &Parameters) -> Vec<Row> {
    let (was, is) = (keys(old), keys(new));
    if was.is_empty() || is.is_empty() {
        return Vec::new();
    }
    let other_place = difference(old, new);
    let common = was.iter().filter(|key| is.contains(key)).count();
    let mut rows = Vec::new();
    for key in &was {
        let mut row = row(old, new, key);
        if !is.contains(key) {
            row.verdict = Verdict::Gone;
            row.why = Some("measured no more".to_owned());
        } else if let Some(why) = &other_place {
            row.why = Some(why.clone());
        } else {
            judge(&mut row, old, new, key, common, parameters);
        }
        rows.push(row);
    }
    for key in is.iter().filter(|key| !was.contains(key)) {
        let mut row = row(old, new, key);
        row.verdict = Verdict::New;
        rows.push(row);
    }
    rows
}

/// A benchmark and a contender.
type Key = (String, String);

fn keys(set: &Set) -> Vec<Key> {
    let mut keys = Vec::new();
    for benchmark in set.runs.iter().flat_map(|run| &run.benchmarks) {
        for contender in of_raddle(benchmark) {
            let key = (benchmark.id.clone(), contender.name.clone());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

fn of_raddle(benchmark: &Benchmark) -> impl Iterator<Item = &Contender> {
    let all = benchmark.contenders.iter();
    all.filter(|contender| contender.role == Role::Raddle)
}

/// The benchmark and raddle's row of it, in each run that has them.
fn found<'a>(set: &'a Set, key: &Key) -> Vec<(&'a Benchmark, &'a Contender)> {
    let benchmarks = set.runs.iter().flat_map(|run| &run.benchmarks);
    benchmarks
        .filter(|benchmark| benchmark.id == key.0)
        .filter_map(|benchmark| {
            let ours = of_raddle(benchmark).find(|contender| contender.name == key.1)?;
            Some((benchmark, ours))
        })
        .collect()
}

/// With the medians over all runs, and no verdict.
fn row(old: &Set, new: &Set, key: &Key) -> Row {
    let (was, is) = (found(old, key), found(new, key));
    let middle = |runs: &[(&Benchmark, &Contender)]| {
        let medians: Vec<f64> = runs.iter().map(|(_, ours)| ours.median).collect();
        (!medians.is_empty()).then(|| median(&medians))
    };
    let benchmark = is.first().or(was.first()).map(|(benchmark, _)| *benchmark);
    Row {
        id: key.0.clone(),
        contender: Some(key.1.clone()),
        title: benchmark.map_or(String::new(), |benchmark| benchmark.title.clone()),
        unit: benchmark.map_or(String::new(), |benchmark| benchmark.unit.clone()),
        old: middle(&was),
        new: middle(&is),
        interval: None,
        verdict: Verdict::Unknown,
        why: None,
    }
}

fn judge(row: &mut Row, old: &Set, new: &Set, key: &Key, rows: usize, parameters: &Parameters) {
    let (was, is) = (found(old, key), found(new, key));
    let meaning = |(benchmark, _): &(&Benchmark, &Contender)| {
        (
            benchmark.unit.clone(),
            benchmark.statistic.clone(),
            benchmark.better,
        )
    };
    let first = meaning(&was[0]);
    if was.iter().chain(&is).any(|run| meaning(run) != first) {
        row.why = Some("it measures something else now".to_owned());
        return;
    }
    let (was, is) = match (sample(&was), sample(&is)) {
        (Ok(was), Ok(is)) => (was, is),
        (Err(why), _) | (_, Err(why)) => {
            row.why = Some(why);
            return;
        }
    };
    // With a floor on one side only, neither is used.
    let (was, is) = if was.floors.is_empty() == is.floors.is_empty() {
        (was, is)
    } else {
        let bare = |sample: Sample| Sample {
            floors: Vec::new(),
            ..sample
        };
        (bare(was), bare(is))
    };
    let (found, interval) = change(&was, &is, rows, parameters);
    row.interval = Some(interval);
    row.verdict = match (found, first.2) {
        (Change::Same, _) => Verdict::Same,
        (Change::Greater, Better::Lower) | (Change::Less, Better::Higher) => Verdict::Regression,
        (Change::Less, Better::Lower) | (Change::Greater, Better::Higher) => Verdict::Improvement,
        (Change::Unsure, _) => {
            row.why = Some("the rounds spread too far".to_owned());
            Verdict::Unknown
        }
    };
}

/// What is clean. A floor counts where every run has a clean one that is more than nothing.
fn sample(runs: &[(&Benchmark, &Contender)]) -> Result<Sample, String> {
    let clean: Vec<_> = runs
        .iter()
        .filter(|(_, ours)| ours.clean && !ours.rounds.is_empty())
        .collect();
    if clean.is_empty() {
        return Err("too few clean rounds".to_owned());
    }
    let floor_of = |benchmark: &Benchmark| {
        let mut all = benchmark.contenders.iter();
        all.find(|contender| contender.role == Role::Floor).cloned()
    };
    let floors: Vec<_> = clean
        .iter()
        .map(|(benchmark, _)| floor_of(benchmark))
        .collect();
    let has_floor = |floor: &Option<Contender>| {
        let rounds = floor.as_ref().map_or(&[][..], |floor| &floor.rounds);
        median(rounds) > 0.0
    };
    let with_floor = floors.iter().all(has_floor);
    if with_floor && floors.iter().flatten().any(|floor| !floor.clean) {
        return Err("too few clean rounds of the floor".to_owned());
    }
    Ok(Sample {
        runs: clean.iter().map(|(_, ours)| ours.rounds.clone()).collect(),
        floors: if with_floor {
            floors
                .into_iter()
                .flatten()
                .map(|floor| floor.rounds)
                .collect()
        } else {
            Vec::new()
        },
    })
}

/// What has to be the same in all runs, and where a run says it.
type Condition = (&'static str, fn(&Document) -> String);

/// Why no time of one set can be compared to one of the other.
fn difference(old: &Set, new: &Set) -> Option<String> {
    let first = &old.runs[0];
    let all = || old.runs.iter().chain(&new.runs);
    let conditions: [Condition; 7] = [
        ("machine", |run| run.machine.name.clone()),
        ("set of cores", |run| format!("{:?}", run.machine.allowed)),
        ("malloc", |run| run.machine.allocator.clone()),
        ("compiler", |run| run.toolchain.rustc.clone()),
        ("profile", |run| {
            format!("{} {}", run.toolchain.profile, run.toolchain.flags)
        }),
        ("mode", |run| format!("{:?}", run.run.mode)),
        ("number of workers", |run| run.run.workers.to_string()),
    ];
    conditions.into_iter().find_map(|(what, of)| {
        let other = all().find(|run| of(run) != of(first))?;
        let (was, is) = (of(first), of(other));
        Some(format!("another {what}: {was}, then {is}"))
    })
}
