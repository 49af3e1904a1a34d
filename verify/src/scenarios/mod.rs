//! The scenarios: small programs against the shipped code, one file per protocol.

pub mod adopt;
pub mod after;
pub mod cell;
pub mod cell_kit;
pub mod deque;
pub mod deque_kit;
pub mod futex;
pub mod hand;
pub mod hooks;
pub mod idle;
pub mod inbox;
pub mod join;
pub mod lane_bells;
pub mod lane_claim;
pub mod lane_kit;
pub mod lane_publish;
pub mod lane_recovery;
pub mod limit;
pub mod memory;
pub mod pool;
pub mod promise;
pub mod remote;
pub mod scope;
pub mod set;
pub mod state;
pub mod wake;
