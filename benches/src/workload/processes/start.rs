//! P4: from nothing to the first result of two workers. P5: from the death of the only worker to the
//! next result, which is that of its replacement.

#[cfg(feature = "raddle")]
use crate::contender::processes::raddle::Raddle;
use crate::contender::processes::{Call, Replace, ipc_channel, procspawn, socketpair, task};
use crate::contender::python::{self, Ask, Pool};
use crate::floor::exec::Exec;
use crate::measure::round::{Options, Round, Workload};
use crate::measure::statistics::median;
use std::time::Instant;

const TIMES: usize = 5;

/// P4, P5.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "start-up of 2 workers to the first result";
    let mut start = Workload::new("P4", title, "ms").statistic("median of 5 in a round");
    add_start::<Exec>(&mut start);
    add_start::<procspawn::Procspawn>(&mut start);
    add_start::<ipc_channel::IpcChannel>(&mut start);
    add_start::<socketpair::Socketpair>(&mut start);
    python::add(&mut start, Pool::Process, 2, Ask::Start(1e6), TIMES);
    #[cfg(feature = "raddle")]
    add_start::<Raddle>(&mut start);

    let title = "SIGKILL of the only worker to the next result from its replacement";
    let mut death = Workload::new("P5", title, "ms").statistic("median of 5 in a round");
    death.workers(1, options, replaced::<Exec>);
    death.workers(1, options, replaced::<procspawn::Procspawn>);
    death.workers(1, options, replaced::<socketpair::Socketpair>);
    #[cfg(feature = "raddle")]
    death.workers(1, options, replaced::<Raddle>);
    vec![start, death]
}

fn round(times: impl Iterator<Item = f64>) -> Round {
    Round::of(median(&times.collect::<Vec<_>>()))
}

fn add_start<C: Call>(workload: &mut Workload) {
    workload.entry(C::ROLE, C::NAME, || {
        round((0..TIMES).map(|_| start_and_call::<C>()))
    });
}

/// The end of the workers is not in the figure.
fn start_and_call<C: Call>() -> f64 {
    let start = Instant::now();
    let mut pool = C::start(2);
    let answer = pool.call(1);
    let took = start.elapsed();
    assert_eq!(answer, task::answer64(1), "a wrong answer came back");
    took.as_nanos() as f64 / 1e6
}

fn replaced<C: Replace>(pool: &mut C, _: &Options) -> Round {
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
        took.as_nanos() as f64 / 1e6
    };
    round((1..=TIMES as u64).map(die))
}
