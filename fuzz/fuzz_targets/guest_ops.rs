//! Answers of WebAssembly guests: `raddle_fuzz::guest_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::guest_ops::SUBJECT);
