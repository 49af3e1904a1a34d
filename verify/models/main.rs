//! The scenarios under loom. Empty unless built with `--cfg raddle_loom`.
#![cfg(raddle_loom)]

mod futex;
mod harness;
mod litmus;
mod litmus_token;
