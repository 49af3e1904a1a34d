//! One test for every row of the semantics inventory, named after it; `docs/differences.md` has the
//! rows that were decided otherwise.

// The tests stand outside of the house: they synchronise with the standard library, so that a fault
// in the library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod as_completed;
mod async_runtimes;
mod batch;
mod borrowing;
mod callbacks;
mod common;
mod errors;
mod every_future;
mod every_map;
mod every_shutdown;
mod every_submission;
mod every_wait;
mod executor;
mod fork;
mod fork_processes;
mod future;
mod interrupts;
mod isolates;
mod kinds;
mod kit;
mod map;
mod map_owned;
mod misuse;
mod nested;
mod own_tasks;
mod pool;
mod quota;
mod reports;
mod room;
#[path = "../common/mod.rs"]
mod shared;
mod shutdown;
mod tasks;
mod then;
mod waiting;
