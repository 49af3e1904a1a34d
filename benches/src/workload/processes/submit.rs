//! P2: 200,000 tasks of a u64 from one thread, then all results in order, per task. One worker.

use crate::callers;
#[cfg(feature = "iceoryx2")]
use crate::contender::processes::iceoryx2;
use crate::contender::processes::{Batch, Call, socketpair, task};
use crate::contender::python::{self, Ask, Pool};
use crate::document::Role;
use crate::floor::shared::Spinning;
use crate::measure::round::{Options, Round, Workload};
use std::time::{Duration, Instant};

const TASKS: usize = 200_000;

/// P2.
pub fn workload(options: &Options) -> Workload {
    let title = "200k tasks to one other process, then all results, per task";
    let mut workload = Workload::new("P2", title, "ns");
    workload.polling(Role::Floor, options, run::<Spinning>);
    workload.workers(1, options, run::<socketpair::Buffered>);
    #[cfg(feature = "iceoryx2")]
    workload.polling(Role::Peer, options, run::<iceoryx2::Iceoryx2>);
    python::add(
        &mut workload,
        Pool::Process,
        1,
        Ask::Batch,
        options.tasks(TASKS / 40),
    );
    callers!(workload, 1, options, run);
    workload
}

fn run<C: Batch + Call>(pool: &mut C, options: &Options) -> Round {
    let n = (options.tasks(TASKS) / C::SLOWER) as u64;
    assert_eq!(pool.call(1), task::answer64(1), "a wrong answer came back");
    Round::of(all_of(pool, n).as_nanos() as f64 / n as f64)
}

/// Submits `n` tasks and takes their results.
pub fn all_of<C: Batch>(pool: &mut C, n: u64) -> Duration {
    let mut next = 0;
    let start = Instant::now();
    pool.batch(n, |answer| {
        assert_eq!(answer, task::answer64(next), "a wrong answer came back");
        next += 1;
    });
    let all = start.elapsed();
    assert_eq!(next, n, "answers were lost");
    all
}
