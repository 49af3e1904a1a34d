//! Programs over the maps: `raddle_fuzz::map_ops`.
#![cfg_attr(fuzzing, no_main)]
raddle_fuzz::target!(raddle_fuzz::map_ops::SUBJECT);
