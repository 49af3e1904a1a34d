//! The central workloads again with one worker, two, four, and so on up to all cores: `W2@1`, `W2@2`. Smaller than those
//! without a count, and with floors that are one thread's time over the workers.

use super::{fork_join, map, nested, submit};
use crate::measure::place::allowed;
use crate::measure::round::{Options, Workload};

/// Rounds of each.
const ROUNDS: usize = 5;

/// One, two, four, and so on, and all.
pub fn counts(cores: usize) -> Vec<usize> {
    let mut counts: Vec<usize> = (0..).map(|i| 1 << i).take_while(|&n| n < cores).collect();
    counts.push(cores);
    counts
}

/// `W2@n`, `W3@n`, `W4@n`, `W5d@n` for each count of workers.
pub fn workloads(options: &Options) -> Vec<Workload> {
    type Make = fn(&Options) -> Workload;
    let kinds: [(Make, &str); 4] = [
        (
            submit::kept,
            "closures from one thread, then all results, per task",
        ),
        (fork_join::deep, "fib(32) by join, per join"),
        (
            nested::inside,
            "tasks spawn 1000 each inside the pool, per subtask",
        ),
        (map::heavy, "ordered map of items of 10 us, per item"),
    ];
    let mut all = Vec::new();
    for (make, title) in kinds {
        for workers in counts(allowed().len()) {
            let mut workload = make(&Options {
                workers,
                scale: options.scale / 5.0,
                ..options.clone()
            });
            workload.id = format!("{}@{workers}", workload.id);
            let s = if workers == 1 { "" } else { "s" };
            workload.title = format!("{title}; {workers} worker{s}");
            all.push(workload.at_most(ROUNDS));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn the_counts_end_with_all_cores() {
        assert_eq!(counts(1), [1]);
        assert_eq!(counts(2), [1, 2]);
        assert_eq!(counts(6), [1, 2, 4, 6]);
        assert_eq!(counts(8), [1, 2, 4, 8]);
    }
}
