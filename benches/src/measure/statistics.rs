//! Medians, percentiles, histograms, and whether two sets of figures differ.

use crate::document::Quantiles;
use hdrhistogram::Histogram;

/// The `p`th percentile of sorted values; 0 of none.
pub fn percentile(sorted: &[u32], p: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let at = (sorted.len() - 1) as f64 * p / 100.0;
    f64::from(sorted[at.round() as usize])
}

/// The median, lowest and highest of some figures; zeros of none.
pub fn spread(figures: &[f64]) -> (f64, f64, f64) {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 {
        return (0.0, 0.0, 0.0);
    }
    let median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
    (median, sorted[0], sorted[n - 1])
}

/// The median of some figures; 0 of none.
pub fn median(figures: &[f64]) -> f64 {
    spread(figures).0
}

/// The median distance from the median.
pub fn mad(figures: &[f64]) -> f64 {
    let middle = median(figures);
    let distances: Vec<f64> = figures.iter().map(|x| (x - middle).abs()).collect();
    median(&distances)
}

/// Quantiles of latencies, and their histogram as pairs of a bucket's upper bound and its count. Quantiles come from an HDR
/// histogram with three significant digits, pairs from one with one: 16 to an octave.
pub fn distribution<'a>(
    latencies: impl Iterator<Item = &'a u32>,
) -> Option<(Quantiles, Vec<(u64, u64)>)> {
    let new = |digits| Histogram::<u64>::new(digits).expect("one and three digits are allowed");
    let (mut fine, mut coarse) = (new(3), new(1));
    for &latency in latencies {
        fine += u64::from(latency);
        coarse += u64::from(latency);
    }
    if fine.is_empty() {
        return None;
    }
    let at = |q| fine.value_at_quantile(q) as f64;
    let quantiles = Quantiles {
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        p999: at(0.999),
        max: fine.max() as f64,
    };
    let buckets = coarse.iter_recorded();
    let pairs = buckets.map(|b| {
        (
            coarse.highest_equivalent(b.value_iterated_to()),
            b.count_at_value(),
        )
    });
    Some((quantiles, pairs.collect()))
}

/// How probable it is, if both sets are drawn from one distribution, that their ranks differ by as much as they do: the
/// two-sided Mann-Whitney test, exact, ties included.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = a.iter().map(|&x| (x, true)).collect();
    all.extend(b.iter().map(|&x| (x, false)));
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    // Twice the rank, so that the mean rank of ties is whole.
    let mut ranks = vec![0_usize; all.len()];
    let mut start = 0;
    while start < all.len() {
        let alike = all[start..]
            .iter()
            .take_while(|x| x.0 == all[start].0)
            .count();
        ranks[start..start + alike].fill(2 * start + alike + 1);
        start += alike;
    }
    let seen: usize = (0..all.len()).filter(|&i| all[i].1).map(|i| ranks[i]).sum();
    // ways[k][s]: how many sets of k figures have ranks that sum up to s.
    let most: usize = ranks.iter().sum();
    let mut ways = vec![vec![0.0_f64; most + 1]; a.len() + 1];
    ways[0][0] = 1.0;
    for &rank in &ranks {
        for k in (1..=a.len()).rev() {
            for s in rank..=most {
                ways[k][s] += ways[k - 1][s - rank];
            }
        }
    }
    let middle = a.len() as f64 * most as f64 / all.len().max(1) as f64;
    let distance = (seen as f64 - middle).abs();
    let total: f64 = ways[a.len()].iter().sum();
    let as_far = ways[a.len()].iter().enumerate();
    let as_far = as_far.filter(|(s, _)| (*s as f64 - middle).abs() >= distance - 1e-9);
    as_far.map(|(_, ways)| ways).sum::<f64>() / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_of_figures() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (2.0, 1.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), (2.5, 1.0, 4.0));
        assert_eq!(mad(&[1.0, 2.0, 3.0, 10.0]), 1.0);
        assert_eq!(percentile(&[10, 20, 30], 50.0), 20.0);
    }

    /// From the exact tables of the test: n = m = 4, U = 0 has 2 ways in 70; n = 3, m = 3, U = 0 has 2 in 20.
    #[test]
    fn ranks_are_tested_exactly() {
        let p = mann_whitney(&[1.0, 2.0, 3.0, 4.0], &[5.0, 6.0, 7.0, 8.0]);
        assert!((p - 2.0 / 70.0).abs() < 1e-12);
        let p = mann_whitney(&[5.0, 6.0, 7.0], &[1.0, 2.0, 3.0]);
        assert!((p - 2.0 / 20.0).abs() < 1e-12);
        // U = 2 of n = m = 3: 0, 1, 2 and 7, 8, 9 in 1 + 1 + 2 ways each.
        let p = mann_whitney(&[1.0, 3.0, 4.0], &[2.0, 5.0, 6.0]);
        assert!((p - 8.0 / 20.0).abs() < 1e-12);
        assert!((mann_whitney(&[1.0; 5], &[1.0; 5]) - 1.0).abs() < 1e-12);
        // Two sets of equal figures that are apart: as extreme as it gets.
        let p = mann_whitney(&[1.0; 4], &[2.0; 4]);
        assert!((p - 2.0 / 70.0).abs() < 1e-12);
    }

    #[test]
    fn a_histogram_keeps_every_latency_in_few_buckets() {
        let latencies: Vec<u32> = (1..=100_000).collect();
        let (quantiles, pairs) = distribution(latencies.iter()).unwrap();
        assert_eq!(pairs.iter().map(|pair| pair.1).sum::<u64>(), 100_000);
        assert!(pairs.len() < 250, "{}", pairs.len());
        assert!(pairs.is_sorted());
        assert!((quantiles.p50 / 50_000.0 - 1.0).abs() < 1e-3);
        assert!((quantiles.p999 / 99_900.0 - 1.0).abs() < 1e-3);
        assert!((quantiles.max / 100_000.0 - 1.0).abs() < 1e-3);
        assert!(pairs.iter().all(|&(bound, _)| bound > 0));
        assert!(distribution([].iter()).is_none());
    }
}
