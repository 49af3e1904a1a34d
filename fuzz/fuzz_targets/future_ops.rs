//! Programs over promises and futures: `raddle_fuzz::future_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::future_ops::SUBJECT);
