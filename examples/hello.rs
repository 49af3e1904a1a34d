//! A first program: one task, many tasks in order, many tasks as they finish.
//!
//! `cargo run --example hello`

use raddle::{ThreadPool, as_completed};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPool::new(4)?;

    let answer = pool.spawn(|| 6 * 7);
    println!("the answer is {}", answer.result()?);

    for square in pool.map(|n: u64| n * n, 1..=5) {
        println!("in order: {}", square?);
    }

    let lengths = ["warp", "weft", "shuttle"].map(|word| (word, pool.spawn(move || word.len())));
    for (word, length) in as_completed(lengths) {
        println!("as it comes: {word} has {} letters", length.result()?);
    }
    Ok(())
}
