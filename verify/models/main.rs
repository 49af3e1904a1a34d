//! The scenarios under loom. Empty unless built with `--cfg raddle_loom`.
#![cfg(raddle_loom)]

mod adopt;
mod after;
mod cell;
mod deque;
mod futex;
mod generation;
mod hand;
mod harness;
mod hooks;
mod idle;
mod inbox;
mod join;
mod lane_bells;
mod lane_claim;
mod lane_publish;
mod lane_recovery;
mod limit;
mod litmus;
mod litmus_token;
mod memory;
mod park;
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
mod shutdown;
mod state;
