//! W1: one trivial task from outside and its result, one after the other.
//!
//! `W1` back to back; `W1b` after the caller had nothing to do for 200 us and stayed awake; `W1s` the
//! same with the caller asleep meanwhile. A `p` behind the name: the caller on one core and the only
//! worker on another.

use crate::contender::python::{self, Ask, Pool};
use crate::contender::{Config, Spawn};
use crate::document::Role;
use crate::floor::parked::{Parked, answer};
use crate::floor::spinning::Spinning;
use crate::floor::two_lines::TwoLines;
use crate::measure::place::on_core;
use crate::measure::round::{Options, Round, Workload};
use crate::measure::work::busy_for;
use crate::spawners;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long nothing happens before a call of the idle variants.
pub const PAUSE: Duration = Duration::from_micros(200);

/// What the caller does between two calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Between {
    /// Nothing: the next call follows at once.
    Nothing,
    /// Watches the clock for [`PAUSE`].
    Busy,
    /// Sleeps for [`PAUSE`].
    Asleep,
}

/// Calls one after the other; each answer is the next argument, so none can be skipped.
pub fn trips(n: usize, between: Between, mut call: impl FnMut(u32) -> u32) -> Vec<u32> {
    let mut x = 1;
    let mut once = |x: &mut u32| {
        let got = call(*x);
        assert_eq!(got, answer(*x), "a wrong answer came back");
        *x = got;
    };
    for _ in 0..(n / 20).max(10) {
        once(&mut x);
    }
    let mut latencies = Vec::with_capacity(n);
    let mut last = Instant::now();
    for _ in 0..n {
        match between {
            Between::Nothing => {}
            Between::Busy => busy_for(PAUSE),
            Between::Asleep => thread::sleep(PAUSE),
        }
        // Back to back, the end of one call is the start of the next: one look at the clock per call.
        if between != Between::Nothing {
            last = Instant::now();
        }
        once(&mut x);
        let now = Instant::now();
        latencies.push((now - last).as_nanos().min(u128::from(u32::MAX)) as u32);
        last = now;
    }
    latencies
}

/// One round trip through a pool.
#[inline]
pub fn call<C: Spawn>(pool: &C, x: u32) -> u32 {
    pool.wait(pool.spawn(move || answer(x)))
}

/// W1, W1p, W1b, W1bp, W1s.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let mut all = vec![hot(options), idle(options), asleep(options)];
    if let Some(cores) = options.cores {
        all.insert(1, hot_pinned(options, cores));
        all.insert(3, idle_pinned(options, cores));
    }
    all
}

fn hot(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(20_000);
        Round::of_latencies(trips(n, Between::Nothing, |x| call(&**pool, x)))
    }
    let mut workload = Workload::new("W1", "round trip from outside, back to back", "ns");
    floors(
        &mut workload,
        options,
        None,
        Between::Nothing,
        20_000,
        false,
    );
    let (workers, n) = (options.workers, options.tasks(20_000 / 10));
    python::add(&mut workload, Pool::Thread, workers, Ask::Hot, n);
    spawners!(workload, Config::new(options.workers), options, run);
    #[cfg(feature = "raddle")]
    workload.contender(
        Config::new(options.workers),
        options,
        run::<crate::contender::raddle::Isolates>,
    );
    workload
}

fn hot_pinned(options: &Options, cores: (usize, usize)) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(10_000);
        on_core(options.cores.map(|cores| cores.0), || {
            Round::of_latencies(trips(n, Between::Nothing, |x| call(&**pool, x)))
        })
    }
    let title = "round trip, back to back, caller and one worker on two cores";
    let mut workload = Workload::new("W1p", title, "ns");
    floors(
        &mut workload,
        options,
        Some(cores),
        Between::Nothing,
        10_000,
        false,
    );
    spawners!(workload, Config::pinned(1, cores.1), options, run);
    #[cfg(feature = "raddle")]
    workload.contender(
        Config::pinned(1, cores.1),
        options,
        run::<crate::contender::raddle::NeverPark>,
    );
    #[cfg(feature = "raddle")]
    workload.contender(
        Config::pinned(1, cores.1),
        options,
        run::<crate::contender::raddle::Isolates>,
    );
    workload
}

fn idle(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(2_000);
        Round::of_latencies(trips(n, Between::Busy, |x| call(&**pool, x)))
    }
    let title = "round trip after 200 us idle, the caller awake";
    let mut workload = Workload::new("W1b", title, "ns");
    floors(&mut workload, options, None, Between::Busy, 2_000, true);
    let (workers, n) = (options.workers, options.tasks(2_000 / 2));
    python::add(&mut workload, Pool::Thread, workers, Ask::AfterIdle, n);
    spawners!(workload, Config::new(options.workers), options, run);
    workload
}

fn idle_pinned(options: &Options, cores: (usize, usize)) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(1_000);
        on_core(options.cores.map(|cores| cores.0), || {
            Round::of_latencies(trips(n, Between::Busy, |x| call(&**pool, x)))
        })
    }
    let title = "round trip after 200 us idle, caller (awake) and one worker on two cores";
    let mut workload = Workload::new("W1bp", title, "ns");
    floors(
        &mut workload,
        options,
        Some(cores),
        Between::Busy,
        1_000,
        false,
    );
    spawners!(workload, Config::pinned(1, cores.1), options, run);
    #[cfg(feature = "raddle")]
    workload.contender(
        Config::pinned(1, cores.1),
        options,
        run::<crate::contender::raddle::NeverPark>,
    );
    workload
}

fn asleep(options: &Options) -> Workload {
    fn run<C: Spawn>(pool: &Arc<C>, options: &Options) -> Round {
        let n = options.tasks(1_000);
        Round::of_latencies(trips(n, Between::Asleep, |x| call(&**pool, x)))
    }
    let title = "round trip after 200 us idle, the caller asleep meanwhile";
    let mut workload = Workload::new("W1s", title, "ns");
    floors(&mut workload, options, None, Between::Asleep, 1_000, true);
    spawners!(workload, Config::new(options.workers), options, run);
    workload
}

/// Both mailboxes; the one that ratios refer to is the parked one or the spinning one. The spinning
/// one always has two cores: on a shared one it would measure the scheduler's time slice.
fn floors(
    workload: &mut Workload,
    options: &Options,
    cores: Option<(usize, usize)>,
    between: Between,
    trips_of_a_round: usize,
    parked_is_reference: bool,
) {
    let n = options.tasks(trips_of_a_round);
    let (caller, worker) = cores.unzip();
    let roles = if parked_is_reference {
        (Role::Bound, Role::Floor)
    } else {
        (Role::Floor, Role::Bound)
    };
    let (spinning_caller, spinning_worker) = cores.or(options.cores).unzip();
    workload.entry(roles.0, "spinning mailbox", move || {
        let mailbox = Spinning::new(spinning_worker);
        on_core(spinning_caller, || {
            Round::of_latencies(trips(n, between, |x| mailbox.call(x)))
        })
    });
    workload.entry(Role::Bound, "spinning mailbox on two lines", move || {
        let mailbox = TwoLines::new(spinning_worker);
        on_core(spinning_caller, || {
            Round::of_latencies(trips(n, between, |x| mailbox.call(x)))
        })
    });
    workload.entry(roles.1, "parked mailbox", move || {
        let mailbox = Parked::new(worker);
        on_core(caller, || {
            Round::of_latencies(trips(n, between, |x| mailbox.call(x)))
        })
    });
}
