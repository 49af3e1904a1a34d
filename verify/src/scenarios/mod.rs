//! The scenarios: small programs against the shipped code, one file per protocol.

pub mod futex;
