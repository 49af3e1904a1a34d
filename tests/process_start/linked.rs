//! A program whose task is a function of tests/process_start/shared.rs.

use raddle::{Executor, ProcessPool};

fn main() {
    let pool = ProcessPool::new(1).expect("a pool");
    let worker = pool.submit(|()| std::process::id(), ()).result().expect("a pid");
    let answer = pool.submit(shared::double, 21).result().expect("an answer");
    println!("{answer} {worker} {}", std::process::id());
}
