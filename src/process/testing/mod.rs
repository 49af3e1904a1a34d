//! Test doubles: pools without processes. [`model`] is for the model checkers, [`hostile`] for a fuzzer.

#[cfg(raddle_hostile)]
pub mod hostile;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod model;
