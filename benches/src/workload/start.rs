//! W10: from nothing to the first result of a thread pool.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Config, Spawn};
use crate::document::Role;
use crate::measure::round::{Options, Round, Workload};
use crate::spawners;
use crate::statistics::median;
use std::marker::PhantomData;
use std::thread;
use std::time::{Duration, Instant};

const TIMES: usize = 20;

fn round(start: impl Fn() -> Duration) -> Round {
    let times: Vec<f64> = (0..TIMES)
        .map(|_| start().as_nanos() as f64 / 1e3)
        .collect();
    Round::of(median(&times))
}

/// A pool and its first result. The end of the pool is not in the figure.
pub fn start_and_call<C: Spawn>(_: PhantomData<C>, config: &Config) -> Duration {
    let start = Instant::now();
    let pool = C::new(config);
    let answer = pool.wait(pool.spawn(|| 42));
    let took = start.elapsed();
    assert_eq!(answer, 42, "a wrong answer came back");
    took
}

/// The floor: bare threads, one of which answers.
pub fn threads(workers: usize) -> Duration {
    let start = Instant::now();
    let (sender, receiver) = oneshot::channel();
    let mut threads = vec![thread::spawn(move || {
        sender.send(42).expect("somebody waits")
    })];
    threads.extend((1..workers).map(|_| thread::spawn(|| ())));
    let answer = receiver.recv();
    let took = start.elapsed();
    assert_eq!(answer, Ok(42), "a wrong answer came back");
    for thread in threads {
        thread.join().expect("it ends well");
    }
    took
}

/// Takes contenders as a workload does, to start them again and again.
struct Starts(Workload);

impl Starts {
    fn contender<C: Spawn>(
        &mut self,
        config: Config,
        _: &Options,
        run: fn(PhantomData<C>, &Config) -> Duration,
    ) {
        // What has one pool per process starts it once.
        if !C::APART {
            let once = move || run(PhantomData, &config);
            self.0.entry(C::ROLE, C::NAME, move || round(once));
        }
    }
}

/// W10.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "start-up of a thread pool to its first result";
    let workload = Workload::new("W10", title, "us").statistic("median of 20 in a round");
    let mut starts = Starts(workload);
    let workers = options.workers;
    let floor = move || round(|| threads(workers));
    starts
        .0
        .entry(Role::Floor, "threads, one of which answers", floor);
    python::add(&mut starts.0, Pool::Thread, workers, Ask::Start(1e3), TIMES);
    spawners!(starts, Config::new(workers), options, start_and_call);
    vec![starts.0]
}
