//! What the criterion benches share: names that stay as they are, and a pool per bench that is made
//! once and dropped with it.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use raddle_benches::contender::{Config, Contender};
use std::sync::Arc;
use std::time::Duration;

/// Settings under which a whole `cargo bench` takes minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .configure_from_args()
}

/// The benches `group/workload/contender` of one workload.
pub struct Benches<'a, 'c> {
    group: &'a mut BenchmarkGroup<'c, WallTime>,
    workload: &'static str,
}

impl<'a, 'c> Benches<'a, 'c> {
    /// Benches whose figure is per element, `elements` to a call.
    pub fn new(
        group: &'a mut BenchmarkGroup<'c, WallTime>,
        workload: &'static str,
        elements: u64,
    ) -> Self {
        group.throughput(Throughput::Elements(elements));
        Benches { group, workload }
    }

    /// A bench that has no pool.
    pub fn floor(&mut self, name: &'static str, mut run: impl FnMut(u64) -> Duration) {
        let id = BenchmarkId::new(self.workload, name);
        self.group.bench_function(id, |b| b.iter_custom(&mut run));
    }

    /// A contender: `run` gives the time of so many calls. Takes what `spawners!` and its like give.
    pub fn contender<C: Contender>(
        &mut self,
        config: Config,
        _options: &(),
        run: fn(&Arc<C>, u64) -> Duration,
    ) {
        // What keeps its threads for ever would be there for all that follow.
        if C::APART {
            return;
        }
        let id = BenchmarkId::new(self.workload, slug(C::NAME));
        let mut pool = None;
        self.group.bench_function(id, |b| {
            let pool = pool.get_or_insert_with(|| Arc::new(C::new(&config)));
            b.iter_custom(|calls| run(pool, calls));
        });
    }
}

fn slug(name: &str) -> String {
    let words: Vec<&str> = name
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    words.join("-")
}
