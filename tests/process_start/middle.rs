//! A library that computes in processes; its users need not know.

use raddle::{Executor, ProcessPool};

/// The answer, and the process that had it.
pub fn answer() -> (u64, u32) {
    let pool = ProcessPool::new(1).expect("a pool");
    let double = |n: u64| (n * 2, std::process::id());
    pool.submit(double, 21).result().expect("an answer")
}
