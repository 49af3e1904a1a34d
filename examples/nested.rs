//! Tasks that make tasks: `join` to split, `scope` to borrow, and waiting inside a task.
//!
//! `cargo run --release --example nested`

use raddle::ThreadPool;

/// Below this many items a split costs more than it gains.
const SMALL: usize = 1_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPool::new(4)?;
    let numbers: Vec<u64> = (1..=1_000_000).collect();

    // `join` runs both halves, on two workers if one of them is free.
    println!("sum by join: {}", sum(&pool, &numbers));

    // `scope` ends when all of its tasks have ended, so that they may borrow from here.
    let mut lowest = 0;
    let mut highest = 0;
    pool.scope(|s| {
        s.spawn(|| lowest = numbers.iter().copied().min().unwrap_or(0));
        s.spawn(|| highest = numbers.iter().copied().max().unwrap_or(0));
    });
    println!("from {lowest} to {highest}");

    // A task that waits for its own subtask does not block the pool, even with a single worker.
    let single = ThreadPool::new(1)?;
    let nested = single.scope(|s| {
        let outer = s.spawn(|| single.spawn(|| "from the inside").result());
        outer.result()
    });
    println!("nested: {}", nested??);
    Ok(())
}

fn sum(pool: &ThreadPool, numbers: &[u64]) -> u64 {
    if numbers.len() <= SMALL {
        return numbers.iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
    left + right
}
