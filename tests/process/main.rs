//! The process pool: rows P of the semantics inventory, each test named after its row.

// The tests stand outside of the house: they synchronise with the standard library, so that a fault
// in the library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod balance;
mod bytes;
mod crash;
mod hostile;
mod kit;
mod options;
mod payload;
mod pool;
mod queue;
mod recycle;
mod refused;
#[path = "../common/mod.rs"]
mod shared;
mod stop;
mod storm;
mod unique;
