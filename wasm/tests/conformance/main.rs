//! The rows of `tests/conformance` that hold for each kind of executor, with guests: the same tests, and tasks from the same source.
//! `README.md` lists the rows that guests do not have.

// The files that are shared have more than these tests use.
#![allow(dead_code, unused_imports)]

#[path = "../../../tests/conformance/common.rs"]
mod common;
#[path = "../../../tests/conformance/every_future.rs"]
mod every_future;
#[path = "../../../tests/conformance/every_map.rs"]
mod every_map;
#[path = "../../../tests/conformance/every_shutdown.rs"]
mod every_shutdown;
#[path = "../../../tests/conformance/every_submission.rs"]
mod every_submission;
#[path = "../../../tests/conformance/every_wait.rs"]
mod every_wait;
mod kinds;
mod mixed;
#[path = "../../../tests/common/mod.rs"]
mod shared;
#[path = "../../../tests/conformance/tasks.rs"]
mod tasks;
