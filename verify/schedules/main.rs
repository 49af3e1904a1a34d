//! The scenarios under shuttle. Empty unless built with `--cfg raddle_shuttle`.
#![cfg(raddle_shuttle)]

mod cell;
mod futex;
mod hooks;
mod memory;
mod park;
mod promise;
mod set;
mod state;
