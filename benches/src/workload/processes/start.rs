//! P4: from nothing to the first result of two workers. P5: from the death of the only worker to the
//! next result, which is that of its replacement.

use crate::contender::processes::{Call, Replace, task};
use crate::contender::python::{self, Ask, Pool};
use crate::floor::exec::Exec;
use crate::measure::round::{Options, Round, Workload};
use crate::statistics::median;
use crate::{callers, replacers};
use std::marker::PhantomData;
use std::time::{Duration, Instant};

const TIMES: usize = 5;

/// P4, P5.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "start-up of 2 workers to the first result";
    let start = Workload::new("P4", title, "ms").statistic("median of 5 in a round");
    let mut starts = Starts(start);
    starts.workers(2, options, start_and_call::<Exec>);
    python::add(&mut starts.0, Pool::Process, 2, Ask::Start(1e6), TIMES);
    callers!(starts, 2, options, start_and_call);

    let title = "SIGKILL of the only worker to the next result from its replacement";
    let mut death = Workload::new("P5", title, "ms").statistic("median of 5 in a round");
    fn deaths<C: Replace>(pool: &mut C, _: &Options) -> Round {
        round(replaced(pool, TIMES))
    }
    death.workers(1, options, deaths::<Exec>);
    replacers!(death, 1, options, deaths);
    vec![starts.0, death]
}

fn round(times: impl IntoIterator<Item = Duration>) -> Round {
    let ms = times.into_iter().map(|time| time.as_nanos() as f64 / 1e6);
    Round::of(median(&ms.collect::<Vec<_>>()))
}

/// Takes contenders as a workload does, to start them again and again.
struct Starts(Workload);

impl Starts {
    fn workers<C: Call>(
        &mut self,
        workers: usize,
        _: &Options,
        run: fn(PhantomData<C>, usize) -> Duration,
    ) {
        let once = move |_| run(PhantomData, workers);
        let all = move || round((0..TIMES).map(once));
        self.0.entry(C::ROLE, C::NAME, all);
    }
}

/// Workers and their first result. The end of the workers is not in the figure.
pub fn start_and_call<C: Call>(_: PhantomData<C>, workers: usize) -> Duration {
    let start = Instant::now();
    let mut pool = C::start(workers);
    let answer = pool.call(1);
    let took = start.elapsed();
    assert_eq!(answer, task::answer64(1), "a wrong answer came back");
    took
}

/// So many deaths of the only worker, one after the other: each until the next result.
pub fn replaced<C: Replace>(pool: &mut C, times: usize) -> Vec<Duration> {
    let (_, mut before) = pool.identify(0);
    let die = |x| {
        let start = Instant::now();
        // SAFETY: the process is a worker that was not waited for yet, so its id is its own.
        let killed = unsafe { libc::kill(before.cast_signed(), libc::SIGKILL) };
        assert_eq!(killed, 0, "the worker was gone already");
        let (answer, pid) = pool.identify(x);
        let took = start.elapsed();
        assert_eq!(answer, task::answer64(x), "a wrong answer came back");
        assert_ne!(pid, before, "the answer of a dead worker");
        before = pid;
        took
    };
    (1..=times as u64).map(die).collect()
}
