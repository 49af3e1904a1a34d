//! `wasm-call`: a call of an empty function from outside and its result, one after the other; `wasm-call-p` the same with
//! caller and worker on a core each; `wasm-call-b` after the caller had nothing to do for 200 us and stayed awake.
//! `wasm-fresh` and `wasm-fresh-b`: an instance for each call. One worker.

use crate::contender::{
    Anew, Empty, Fresh, FreshWasi, Interruptible, Isolates, Processes, Reused, Threads, Wasm,
    WasmWasi,
};
use raddle_benches::document::Role;
use raddle_benches::floor::parked::answer;
use raddle_benches::measure::place::on_core;
use raddle_benches::measure::round::{Column, Options, Round, Workload};
use raddle_benches::workload::round_trip::{Between, trips};
use std::time::Instant;

const HOT: usize = 20_000;
const PINNED: usize = 10_000;
const AFTER_IDLE: usize = 2_000;
const FRESH: usize = 4_000;

const RATE: Column = Column::high(
    "rate",
    "calls in a second by one worker, 1,000 submitted at once",
    "calls/s",
);

/// A workload and how its rounds go.
struct Calls {
    workload: Workload,
    options: Options,
    calls: usize,
    between: Between,
    /// Of the caller and of the worker.
    cores: Option<(usize, usize)>,
}

impl Calls {
    fn new(id: &str, title: &str, options: &Options, calls: usize, between: Between) -> Calls {
        Calls {
            workload: Workload::new(id, title, "ns"),
            options: options.clone(),
            calls,
            between,
            cores: None,
        }
    }

    /// Adds a contender as what it is.
    fn add<C: Empty>(&mut self) {
        self.add_as::<C>(C::ROLE);
    }

    fn add_as<C: Empty>(&mut self, role: Role) {
        let n = self.options.tasks(self.calls);
        let many = self.options.tasks(1_000);
        let between = self.between;
        let (caller, worker) = self.cores.unzip();
        self.workload.entry(role, C::NAME, move || {
            let mut pool = C::start(worker);
            on_core(caller, || {
                let call = |x| {
                    pool.call();
                    answer(x)
                };
                let round = Round::of_latencies(trips(n, between, call));
                if between != Between::Nothing {
                    return round;
                }
                pool.many(many);
                let start = Instant::now();
                pool.many(many);
                round.with(RATE, many as f64 / start.elapsed().as_secs_f64())
            })
        });
    }

    fn all(mut self) -> Workload {
        self.add::<Reused>();
        self.add::<Threads>();
        self.add::<Isolates>();
        self.add::<Interruptible>();
        self.add::<Processes>();
        self.add::<Wasm>();
        self.add::<WasmWasi>();
        self.workload
    }

    fn all_fresh(mut self) -> Workload {
        self.add::<Anew>();
        self.add_as::<Wasm>(Role::Bound);
        self.add::<Processes>();
        self.add::<Fresh>();
        self.add::<FreshWasi>();
        self.workload
    }
}

/// `wasm-call`, `wasm-call-p`, `wasm-call-b`.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let title = "call of an empty function and its result, back to back";
    let hot = Calls::new("wasm-call", title, options, HOT, Between::Nothing);
    let title = "call of an empty function after 200 us idle, the caller awake";
    let idle = Calls::new("wasm-call-b", title, options, AFTER_IDLE, Between::Busy);
    let mut all = vec![hot.all()];
    if options.cores.is_some() {
        let title = "call of an empty function, back to back, caller and worker on two cores";
        let mut pinned = Calls::new("wasm-call-p", title, options, PINNED, Between::Nothing);
        pinned.cores = options.cores;
        all.push(pinned.all());
    }
    all.push(idle.all());
    all
}

/// `wasm-fresh`, `wasm-fresh-b`.
pub fn fresh_workloads(options: &Options) -> Vec<Workload> {
    let title = "call of an empty function in an instance of its own, back to back";
    let hot = Calls::new("wasm-fresh", title, options, FRESH, Between::Nothing);
    let title = "call of an empty function in an instance of its own after 200 us idle";
    let idle = Calls::new("wasm-fresh-b", title, options, AFTER_IDLE, Between::Busy);
    vec![hot.all_fresh(), idle.all_fresh()]
}
