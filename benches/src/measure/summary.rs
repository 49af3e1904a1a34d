//! From rounds to benchmarks: medians, ratios, quantiles, and whether there is a verdict.

use super::round::{Column, Round, Taken, Workload};
use super::statistics::{distribution, mad, mann_whitney, percentile, spread};
use crate::document::{Benchmark, Better, Contender, Noise, Role, Verdict};

/// Differences are told apart at this probability of being wrong.
const SIGNIFICANT: f64 = 0.05;

/// Quantiles of a round that are benchmarks of their own; its median is the figure itself.
const TAILS: [(&str, f64); 2] = [("p99", 99.0), ("p99.9", 99.9)];

/// How a round gives one of its figures, if it has it.
type Figure<'a> = Box<dyn Fn(&Round) -> Option<f64> + 'a>;

/// One benchmark for the figure of a workload, and one for each of its further figures.
pub fn summarise(workload: &Workload, noise: Noise, taken: Vec<Taken>) -> Vec<Benchmark> {
    let rounds = || taken.iter().flat_map(|taken| &taken.rounds);
    let mut columns: Vec<Column> = Vec::new();
    for (round, _) in rounds() {
        for (column, _) in &round.extra {
            if !columns.iter().any(|known| known.suffix == column.suffix) {
                columns.push(column.clone());
            }
        }
    }
    let has_latencies = rounds().any(|(round, _)| !round.latencies.is_empty());
    let latencies_of = workload.latencies_of;
    let figure_is_latency = has_latencies && latencies_of.is_empty();

    let blank = Benchmark {
        id: workload.id.clone(),
        group: workload.group(),
        title: workload.title.clone(),
        unit: workload.unit.to_owned(),
        better: Better::Lower,
        statistic: workload.statistic.to_owned(),
        noise,
        contenders: Vec::new(),
    };
    let mut all = vec![Benchmark {
        statistic: match figure_is_latency {
            true => "p50 of a round".to_owned(),
            false => blank.statistic.clone(),
        },
        contenders: contenders(&taken, &|round| Some(round.figure)),
        ..blank.clone()
    }];
    if has_latencies {
        let quantile = |p: f64| -> Figure<'_> {
            Box::new(move |round| {
                (!round.latencies.is_empty()).then(|| percentile(&round.latencies, p))
            })
        };
        let of = |suffix: &str, name: &str, p| Benchmark {
            id: format!("{}/{suffix}", workload.id),
            title: format!("{}: {}", workload.title, suffix.replace('/', " ")),
            unit: "ns".to_owned(),
            statistic: format!("{name} of a round"),
            contenders: contenders(&taken, &*quantile(p)),
            ..blank.clone()
        };
        if !figure_is_latency {
            all.push(of(latencies_of, "p50", 50.0));
        }
        let latency = all.last_mut().expect("there is one at least");
        add_distributions(latency, &taken);
        for (name, p) in TAILS {
            let suffix = match latencies_of {
                "" => name.to_owned(),
                of => format!("{of}/{name}"),
            };
            all.push(of(&suffix, name, p));
        }
    }
    for column in columns {
        let figure = |round: &Round| {
            let mut extra = round.extra.iter();
            extra
                .find(|(c, _)| c.suffix == column.suffix)
                .map(|(_, figure)| *figure)
        };
        all.push(Benchmark {
            id: format!("{}/{}", workload.id, column.suffix),
            title: format!("{}: {}", workload.title, column.title),
            unit: column.unit.clone().into_owned(),
            better: column.better,
            contenders: contenders(&taken, &figure),
            ..blank.clone()
        });
    }
    all.iter_mut().for_each(compare);
    all
}

/// The rounds that count: the clean ones if they are at least half, else all.
fn counted(taken: &Taken) -> (Vec<&Round>, bool) {
    let clean = taken.rounds.iter().filter(|(_, clean)| *clean);
    let clean: Vec<&Round> = clean.map(|(round, _)| round).collect();
    if 2 * clean.len() >= taken.rounds.len() {
        return (clean, true);
    }
    (taken.rounds.iter().map(|(round, _)| round).collect(), false)
}

fn contenders(taken: &[Taken], figure: &dyn Fn(&Round) -> Option<f64>) -> Vec<Contender> {
    let one = |taken: &Taken| {
        let (rounds, clean) = counted(taken);
        let rounds: Vec<f64> = rounds.into_iter().filter_map(figure).collect();
        let (median, min, max) = spread(&rounds);
        (!rounds.is_empty()).then(|| Contender {
            name: taken.name.clone(),
            role: taken.role,
            median,
            min,
            max,
            mad: mad(&rounds),
            rounds,
            clean,
            noise: taken.noise.clone(),
            to_floor: None,
            to_best_peer: None,
            verdict: None,
            quantiles: None,
            histogram: None,
        })
    };
    taken.iter().filter_map(one).collect()
}

fn add_distributions(benchmark: &mut Benchmark, taken: &[Taken]) {
    for contender in &mut benchmark.contenders {
        let rounds = taken.iter().find(|taken| taken.name == contender.name);
        let (rounds, _) = counted(rounds.expect("contenders are made from these"));
        let latencies = rounds.iter().flat_map(|round| &round.latencies);
        if let Some((quantiles, histogram)) = distribution(latencies) {
            contender.quantiles = Some(quantiles);
            contender.histogram = Some(histogram);
        }
    }
}

/// Fills in the ratios and verdicts.
fn compare(benchmark: &mut Benchmark) {
    let floor = benchmark
        .contenders
        .iter()
        .find(|c| c.role == Role::Floor)
        .map(|c| c.median);
    let best = benchmark.best_peer().cloned();
    for contender in &mut benchmark.contenders {
        let over = |other: f64| (other > 0.0).then(|| contender.median / other);
        contender.to_floor = floor.and_then(over);
        contender.to_best_peer = best.as_ref().and_then(|best| over(best.median));
        if contender.role == Role::Raddle {
            contender.verdict = best
                .as_ref()
                .map(|best| verdict(benchmark.better, contender, best));
        }
    }
}

/// How raddle's rounds stand beside those of the best peer.
fn verdict(better: Better, raddle: &Contender, best: &Contender) -> Verdict {
    let trusted = raddle.clean && best.clean;
    if !trusted || mann_whitney(&raddle.rounds, &best.rounds) > SIGNIFICANT {
        return Verdict::Undecided;
    }
    match (better, raddle.median < best.median) {
        (Better::Lower, true) | (Better::Higher, false) => Verdict::Better,
        _ => Verdict::Worse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, role: Role, figures: &[f64], dirty: usize) -> Taken {
        let round = |(i, &figure): (usize, &f64)| (Round::of(figure), i >= dirty);
        Taken {
            name: name.into(),
            role,
            rounds: figures.iter().enumerate().map(round).collect(),
            noise: Noise::default(),
        }
    }

    fn summed_up(raddle: &[f64], dirty: usize) -> Contender {
        let peers = [10.0, 11.0, 12.0, 13.0, 14.0];
        let all = vec![
            taken("floor", Role::Floor, &[5.0], 0),
            taken("slow", Role::Peer, &[90.0; 5], 0),
            taken("peer", Role::Peer, &peers, 0),
            taken("raddle", Role::Raddle, raddle, dirty),
        ];
        let workload = Workload::new("W0", "nothing", "ns");
        let mut benchmarks = summarise(&workload, Noise::default(), all);
        assert_eq!(benchmarks.len(), 1);
        benchmarks[0].contenders.pop().unwrap()
    }

    #[test]
    fn ratios_are_those_of_medians() {
        let raddle = summed_up(&[3.0, 4.0, 5.0, 6.0, 20.0], 0);
        assert_eq!((raddle.median, raddle.min, raddle.max), (5.0, 3.0, 20.0));
        assert_eq!(raddle.to_floor, Some(1.0));
        assert_eq!(raddle.to_best_peer, Some(5.0 / 12.0));
    }

    #[test]
    fn a_verdict_needs_rounds_that_are_apart_enough_and_clean() {
        let verdict = |raddle: &[f64], dirty| summed_up(raddle, dirty).verdict.unwrap();
        assert_eq!(verdict(&[1.0, 2.0, 3.0, 4.0, 5.0], 0), Verdict::Better);
        assert_eq!(verdict(&[31.0, 32.0, 33.0, 34.0], 0), Verdict::Worse);
        assert_eq!(
            verdict(&[10.5, 11.5, 12.5, 13.5, 9.0], 0),
            Verdict::Undecided
        );
        assert_eq!(verdict(&[1.0], 0), Verdict::Undecided, "one round is none");
        assert_eq!(verdict(&[1.0, 2.0, 3.0, 4.0, 5.0], 3), Verdict::Undecided);
    }

    #[test]
    fn dirty_rounds_count_only_where_too_few_are_clean() {
        let some = summed_up(&[100.0, 1.0, 2.0, 3.0, 4.0], 1);
        assert_eq!((some.clean, some.rounds.len(), some.max), (true, 4, 4.0));
        let most = summed_up(&[100.0, 100.0, 100.0, 3.0, 4.0], 3);
        assert_eq!((most.clean, most.rounds.len()), (false, 5));
    }

    #[test]
    fn further_figures_are_benchmarks_of_their_own() {
        let speed = Column::high("speed", "how fast", "GB/s");
        let mut one = taken("peer", Role::Peer, &[], 0);
        let latencies = vec![1, 2, 3];
        one.rounds
            .push((Round::of_latencies(latencies).with(speed, 7.0), true));
        let floor = taken("floor", Role::Floor, &[1.0], 0);
        let workload = Workload::new("W0", "trip", "ns");
        let all = summarise(&workload, Noise::default(), vec![floor, one]);
        let ids: Vec<&str> = all.iter().map(|b| &b.id[..]).collect();
        assert_eq!(ids, ["W0", "W0/p99", "W0/p99.9", "W0/speed"]);
        assert_eq!(all[0].contenders.len(), 2);
        assert!(all[0].contenders[1].quantiles.is_some());
        assert_eq!(all[3].contenders.len(), 1, "the floor has no speed");
        assert_eq!(all[3].better, Better::Higher);
        assert_eq!(all[1].statistic, "p99 of a round");
    }
}
