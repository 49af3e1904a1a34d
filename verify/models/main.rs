//! The scenarios under loom. Empty unless built with `--cfg raddle_loom`.
#![cfg(raddle_loom)]

mod cell;
mod deque;
mod futex;
mod harness;
mod hooks;
mod litmus;
mod litmus_token;
mod memory;
mod park;
mod promise;
mod set;
mod state;
