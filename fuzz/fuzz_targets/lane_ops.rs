//! Lanes with a hostile worker: `raddle_fuzz::lane_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::lane_ops::SUBJECT);
