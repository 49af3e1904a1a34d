//! The scenarios: small programs against the shipped code, one file per protocol.

pub mod cell;
pub mod cell_kit;
pub mod deque;
pub mod deque_kit;
pub mod futex;
pub mod hooks;
pub mod memory;
pub mod promise;
pub mod set;
pub mod state;
pub mod wake;
