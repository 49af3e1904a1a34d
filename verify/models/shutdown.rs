//! The end of a pool: the real one, small. `schedules/pool.rs` has the large ones.

use raddle_verify::scenarios::{pool, pool_spares};

#[test]
fn smallest() {
    pool::SMALLEST
        .model()
        .bound(Some(1))
        .min_executions(1_800)
        .check();
}

#[test]
fn race() {
    pool::SMALLEST_RACE
        .model()
        .bound(Some(1))
        .min_executions(1_600)
        .check();
}

#[test]
fn nothing_to_do() {
    pool::NOTHING_TO_DO
        .model()
        .bound(Some(3))
        .min_executions(11_000)
        .check();
}

#[test]
fn closed() {
    pool::CLOSED
        .model()
        .bound(Some(2))
        .min_executions(18_000)
        .check();
}

#[test]
fn limit_closed() {
    pool::LIMIT_CLOSED
        .model()
        .bound(Some(1))
        .min_executions(2_900)
        .check();
}

#[test]
fn hook() {
    pool_spares::HOOK
        .model()
        .bound(Some(2))
        .min_executions(2_800)
        .check();
}
