//! W7: what a pool with nothing to do costs: CPU time of the process in a second, from two seconds.

use crate::contender::python::{self, Pool};
use crate::contender::{Config, ForkJoin, Spawn};
use crate::document::Role;
use crate::measure::family;
use crate::measure::round::{Column, Options, Round, Workload};
use crate::measure::usage::Usage;
use crate::spawners;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const SWITCHES: Column = Column::low("switches", "context switches", "switches");

/// How long to look: two seconds in a full run.
pub fn window(options: &Options) -> Duration {
    Duration::from_millis(options.tasks(2_000) as u64)
}

/// CPU time and context switches of `window`, as those of a second.
pub fn per_second(cpu_us: f64, switches: f64, window: Duration) -> Round {
    let seconds = window.as_secs_f64();
    Round::of(cpu_us / seconds).with(SWITCHES, switches / seconds)
}

fn measure(options: &Options) -> Round {
    // Whatever spinning a pool does after its last task is over by then.
    thread::sleep(Duration::from_millis(300));
    let window = window(options);
    let before = Usage::now();
    thread::sleep(window);
    let used = Usage::now().since(before);
    per_second(used.cpu_us, used.switches as f64, window)
}

/// W7.
pub fn workloads(options: &Options) -> Vec<Workload> {
    fn after_a_task<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        for i in 0..100_u64 {
            assert_eq!(pool.wait(pool.spawn(move || i)), i);
        }
        measure(options)
    }
    fn after_a_join<C: ForkJoin>(pool: &Arc<C>, options: &Options) -> Round {
        assert_eq!(pool.fib(20), 6_765);
        measure(options)
    }
    let title = "CPU time of the process in a second with an idle pool";
    let mut workload = Workload::new("W7", title, "us")
        .at_most(5)
        .statistic("mean over two seconds");
    let o = options.clone();
    workload.entry(Role::Floor, "no pool", move || measure(&o));
    let config = Config::new(options.workers);
    let o = options.clone();
    python::add_idle(&mut workload, Pool::Thread, options.workers, move || {
        let used = family::Usage::during(|| thread::sleep(window(&o)));
        per_second(used.cpu_us, used.switches, window(&o))
    });
    spawners!(workload, config, options, after_a_task);
    workload.contender(
        config,
        options,
        after_a_join::<crate::contender::chili::Chili>,
    );
    vec![workload]
}
