//! The scenarios under shuttle. Empty unless built with `--cfg raddle_shuttle`.
#![cfg(raddle_shuttle)]

mod adopt;
mod after;
mod cell;
mod deque;
mod futex;
mod generation;
mod hand;
mod hooks;
mod idle;
mod inbox;
mod join;
mod lane_bells;
mod lane_claim;
mod lane_publish;
mod lane_recovery;
mod limit;
mod memory;
mod park;
mod pool;
mod promise;
mod ranges;
mod remote;
mod remote_balance;
mod remote_bury;
mod remote_close;
mod remote_ready;
mod remote_room;
mod remote_timed;
mod scope;
mod set;
mod state;
