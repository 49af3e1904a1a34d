//! P1: one trivial task in another process and its result, one after the other. `P1` back to back;
//! `P1b` after the caller had nothing to do for 200 us and stayed awake; `P1one` back to back on one core. One worker.

use crate::callers;
#[cfg(feature = "iceoryx2")]
use crate::contender::processes::iceoryx2;
use crate::contender::processes::{Call, OneCore, Workers};
use crate::contender::python::{self, Ask, Pool};
use crate::document::Role;
use crate::floor::shared::{Parked, Spinning};
use crate::measure::place::on_core;
use crate::measure::round::{Options, Round, Workload};
use crate::workload::round_trip::{Between, trips};

const HOT: usize = 20_000;
const AFTER_IDLE: usize = 2_000;

/// P1, P1b, P1one.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "round trip of a u64 to another process, back to back";
    let mut hot = Workload::new("P1", title, "ns");
    floors(&mut hot, options, Between::Nothing);
    fn run_hot<C: Call>(pool: &mut C, options: &Options) -> Round {
        measured(pool, options, Between::Nothing)
    }
    #[cfg(feature = "iceoryx2")]
    hot.polling(Role::Peer, options, run_hot::<iceoryx2::Iceoryx2>);
    python::add(
        &mut hot,
        Pool::Process,
        1,
        Ask::Hot,
        options.tasks(HOT / 20),
    );
    callers!(hot, 1, options, run_hot);

    let title = "round trip to another process after 200 us idle, the caller awake";
    let mut idle = Workload::new("P1b", title, "ns");
    floors(&mut idle, options, Between::Busy);
    fn run_idle<C: Call>(pool: &mut C, options: &Options) -> Round {
        measured(pool, options, Between::Busy)
    }
    #[cfg(feature = "iceoryx2")]
    idle.polling(Role::Peer, options, run_idle::<iceoryx2::Iceoryx2>);
    python::add(
        &mut idle,
        Pool::Process,
        1,
        Ask::AfterIdle,
        options.tasks(AFTER_IDLE / 4),
    );
    callers!(idle, 1, options, run_idle);

    let title = "round trip of a u64 to another process on the caller's core, back to back";
    let mut one = Workload::new("P1one", title, "ns");
    fn run_one<C: Call>(pool: &mut OneCore<C>, options: &Options) -> Round {
        pool.with(|pool| measured(pool, options, Between::Nothing))
    }
    let parked = options.clone();
    one.entry(Role::Floor, Parked::NAME, move || {
        run_one(&mut OneCore::<Parked>::start(1), &parked)
    });
    callers!(one, 1, options, run_one);
    vec![hot, idle, one]
}

fn measured<C: Call>(pool: &mut C, options: &Options, between: Between) -> Round {
    let n = match between {
        Between::Nothing => options.tasks(HOT) / C::SLOWER,
        _ => options.tasks(AFTER_IDLE) / C::SLOWER.min(4),
    };
    Round::of_latencies(trips(n, between, |x| one(pool, x)))
}

/// One round trip to a worker.
#[inline]
pub fn one<C: Call>(pool: &mut C, x: u32) -> u32 {
    u32::try_from(pool.call(u64::from(x))).expect("answers have 30 bits")
}

/// The spinning ring, which always has two cores: on a shared one it would measure the scheduler's
/// time slice. The parked one, once where the scheduler puts it and once on one core, where no wake
/// has to reach a core that sleeps. Ratios refer to the first back to back, to the last after idle.
fn floors(workload: &mut Workload, options: &Options, between: Between) {
    let (hot, idle) = match between {
        Between::Nothing => (Role::Floor, Role::Bound),
        _ => (Role::Bound, Role::Floor),
    };
    workload.polling(hot, options, move |ring: &mut Spinning, options| {
        measured(ring, options, between)
    });
    workload.workers(1, options, move |ring: &mut Parked, options| {
        measured(ring, options, between)
    });
    let caller = options.cores.map(|cores| cores.0);
    let options = options.clone();
    workload.entry(idle, "the same on one core", move || {
        on_core(caller, || {
            measured(&mut Parked::start(1), &options, between)
        })
    });
}
