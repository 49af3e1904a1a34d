//! The scenarios: small programs against the shipped code, one file per protocol. Each file ends with the list of its models.

use crate::Scenario;

mod after;
mod cell;
mod cell_kit;
mod deque;
mod deque_kit;
mod futex;
mod generation;
mod handoff;
mod hooks;
mod idle;
mod injector;
mod interrupt;
mod isolate;
mod join;
mod lane_claim;
mod lane_kit;
mod lane_publish;
mod lane_recovery;
mod lane_wake;
mod limit;
pub mod matrix;
mod memory;
mod pool;
mod pool_batch;
mod pool_halves;
mod pool_limit;
mod pool_spares;
mod process_queue;
mod process_queue_death;
mod process_queue_kit;
mod promise;
mod queue;
mod ranges;
mod remote;
mod remote_batch;
mod remote_capacity;
mod remote_capacity_lanes;
mod remote_close;
mod remote_deferred;
mod remote_kit;
mod remote_moves;
mod remote_notify;
mod remote_rebalance;
mod remote_recovery;
mod remote_timed;
mod scope;
mod set;
mod shutdown;
mod state;
mod take_over;
mod then;
mod wake;
mod wasm_signal;

/// The models of each file.
pub static FILES: &[(&str, &[Scenario])] = &[
    ("after", after::MODELS),
    ("cell", cell::MODELS),
    ("deque", deque::MODELS),
    ("futex", futex::MODELS),
    ("generation", generation::MODELS),
    ("handoff", handoff::MODELS),
    ("hooks", hooks::MODELS),
    ("idle", idle::MODELS),
    ("injector", injector::MODELS),
    ("interrupt", interrupt::MODELS),
    ("isolate", isolate::MODELS),
    ("join", join::MODELS),
    ("lane_claim", lane_claim::MODELS),
    ("lane_publish", lane_publish::MODELS),
    ("lane_recovery", lane_recovery::MODELS),
    ("lane_wake", lane_wake::MODELS),
    ("limit", limit::MODELS),
    ("matrix", matrix::MODELS),
    ("memory", memory::MODELS),
    ("pool", pool::MODELS),
    ("pool_batch", pool_batch::MODELS),
    ("pool_halves", pool_halves::MODELS),
    ("pool_limit", pool_limit::MODELS),
    ("pool_spares", pool_spares::MODELS),
    ("process_queue", process_queue::MODELS),
    ("process_queue_death", process_queue_death::MODELS),
    ("promise", promise::MODELS),
    ("queue", queue::MODELS),
    ("ranges", ranges::MODELS),
    ("remote", remote::MODELS),
    ("remote_batch", remote_batch::MODELS),
    ("remote_capacity", remote_capacity::MODELS),
    ("remote_capacity_lanes", remote_capacity_lanes::MODELS),
    ("remote_close", remote_close::MODELS),
    ("remote_deferred", remote_deferred::MODELS),
    ("remote_moves", remote_moves::MODELS),
    ("remote_notify", remote_notify::MODELS),
    ("remote_rebalance", remote_rebalance::MODELS),
    ("remote_recovery", remote_recovery::MODELS),
    ("remote_timed", remote_timed::MODELS),
    ("scope", scope::MODELS),
    ("set", set::MODELS),
    ("shutdown", shutdown::MODELS),
    ("state", state::MODELS),
    ("take_over", take_over::MODELS),
    ("then", then::MODELS),
    ("wake", wake::MODELS),
    ("wasm_signal", wasm_signal::MODELS),
];

/// The models that are tests; those of the [`matrix`] are not here.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    let models = FILES.iter().flat_map(|(_, models)| *models);
    models.filter(|scenario| !scenario.test.is_empty())
}
