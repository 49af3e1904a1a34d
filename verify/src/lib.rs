//! Models and schedules of raddle's protocols.
//!
//! A [`Scenario`] is a small program against the shipped code, written once, with what may come of it and how far each
//! checker explores it. The test `models` runs all of them under loom (orderings, exhaustive within a bound), `schedules`
//! under shuttle (schedules: exhaustive, random, PCT). Both exist only in the builds that ask for them:
//!
//! ```text
//! RUSTFLAGS="--cfg raddle_loom"    cargo test --release -p raddle-verify --test models
//! RUSTFLAGS="--cfg raddle_shuttle" cargo test --release -p raddle-verify --test schedules
//! ```
//!
//! Environment:
//!
//! | variable                | effect                                                                    |
//! |-------------------------|---------------------------------------------------------------------------|
//! | `LOOM_MAX_PREEMPTIONS`  | overrides the bound of every model                                        |
//! | `RADDLE_SCHEDULES`      | number of random schedules, instead of each test's own                    |
//! | `SHUTTLE_RANDOM_SEED`   | seed of the random schedules, instead of the fixed one                    |
//! | `RADDLE_REPLAY`         | a schedule that shuttle printed (or a file with one), run instead         |
//! | `RADDLE_REPLAY_PLAN`    | the fault plan that it failed under, as the failure line names it         |
//! | `RADDLE_MODEL_REPORT`   | file to which each run appends one JSON line                              |
//! | `RADDLE_MODEL_SITES`    | file to which the atomic sites that were executed are appended            |
//! | `RADDLE_MUTATE`         | weakens one site, see `raddle`'s `sync::sites`                            |
//! | `RADDLE_TABLES_WRITE`   | the test of the docs' tables writes them instead of comparing             |
//! | `RADDLE_PLANT`          | in the copy that `bin/planted` makes: the logic bug that is wanted        |

#![cfg_attr(
    not(any(raddle_loom, raddle_shuttle)),
    doc = "\nThis build has neither flavour: there is nothing in it."
)]

#[cfg(any(raddle_loom, raddle_shuttle))]
mod drops;
#[cfg(any(raddle_loom, raddle_shuttle))]
mod harness;
#[cfg(any(raddle_loom, raddle_shuttle))]
mod report;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod runner;
#[cfg(any(raddle_loom, raddle_shuttle))]
mod scatter;
#[cfg(any(raddle_loom, raddle_shuttle))]
mod scenario;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod scenarios;

#[cfg(any(raddle_loom, raddle_shuttle))]
pub use {
    drops::{Counted, DropCount},
    harness::{Model, Outcomes},
    raddle::sync,
    scenario::{Loom, Scenario, Shuttle},
};
