//! The scenarios under shuttle. Empty unless built with `--cfg raddle_shuttle`.
#![cfg(raddle_shuttle)]

mod futex;
