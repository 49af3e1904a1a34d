//! Programs over thread pools: `raddle_fuzz::pool_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::pool_ops::SUBJECT);
