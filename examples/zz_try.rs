use raddle::{Executor, ProcessPool};
use std::time::Instant;
fn main() {
    env_logger();
    let t = Instant::now();
    let pool = ProcessPool::new(1).unwrap();
    println!("built in {:?}", t.elapsed());
    println!("{:?}", pool.submit(|n: u64| n + 1, 41).result());
    println!(
        "{:?}",
        pool.submit(|v: Vec<u64>| v.len(), vec![1; 100_000])
            .result()
    );
    println!(
        "{:?}",
        pool.submit(|n: usize| vec![7u8; n], 1 << 20)
            .result()
            .map(|v| v.len())
    );
    println!(
        "{:?}",
        pool.submit(|_: ()| -> u8 { panic!("ouch") }, ()).result()
    );
    println!(
        "{:?}",
        pool.submit(|_: ()| -> u8 { std::process::abort() }, ())
            .result()
    );
    println!("{:?}", pool.submit(|n: u64| n + 1, 41).result());
    println!("{:?}", pool.stats());
    let rounds = 200_000u32;
    let t = Instant::now();
    for n in 0..rounds {
        assert_eq!(
            pool.submit(|n: u64| n, n as u64).result().unwrap(),
            n as u64
        );
    }
    println!("round trip {:?}", t.elapsed() / rounds);
    for _ in 0..3 {
        let t = Instant::now();
        let all: Vec<_> = (0..200_000u64)
            .map(|n| pool.submit(|n: u64| n, n))
            .collect();
        let s = t.elapsed();
        let sum: u64 = all.into_iter().map(|f| f.result().unwrap()).sum();
        println!(
            "200k: submit {:?} total {:?} per task, sum {sum}",
            s / 200_000,
            t.elapsed() / 200_000
        );
    }
    let t = Instant::now();
    drop(pool);
    println!("dropped in {:?}", t.elapsed());
}
fn env_logger() {}
