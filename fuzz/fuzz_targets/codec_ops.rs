//! Payloads of processes: `raddle_fuzz::codec_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::codec_ops::SUBJECT);
