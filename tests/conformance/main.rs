//! One test for every row of the semantics inventory, named after it; `docs/differences.md` has the
//! rows that were decided otherwise.

// The tests stand outside of the house: they synchronise with the standard library, so that a fault
// in the library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod as_completed;
mod async_runtimes;
mod borrowing;
mod callbacks;
mod common;
mod errors;
mod executor;
mod fork;
mod future;
mod kit;
mod map;
mod misuse;
mod nested;
mod pool;
mod quota;
mod shutdown;
mod waiting;
