//! Instructions of each hot path, counted by callgrind. Ids are `path/case`: the function's name and the case's.
//!
//! Each case is a process of its own and counts one thread while it runs one path once, after the same path has
//! run some times. No other thread runs meanwhile: the worker of a pool waits, or is the counted thread.

// What a counted path gives back is of no interest.
#![allow(unused_must_use)]

#[cfg(raddle_counts)]
mod futures;
#[cfg(raddle_counts)]
mod lanes;
#[cfg(raddle_counts)]
mod queues;
#[cfg(raddle_counts)]
mod threads;

#[cfg(raddle_counts)]
use {futures::future_paths, lanes::lane_paths, queues::queue_paths, threads::thread_paths};

#[cfg(raddle_counts)]
gungraun::main!(
    config = gungraun::LibraryBenchmarkConfig::default()
        // The copies of glibc that every x86-64 processor can run: counts do not depend on the one that is here.
        .env("GLIBC_TUNABLES", "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512VL,-ERMS,-FSRM")
        .tool(
        gungraun::Callgrind::default()
            .entry_point(gungraun::EntryPoint::Custom("raddle_instructions::counted*".into()))
    );
    library_benchmark_groups = future_paths, thread_paths, queue_paths, lane_paths
);

#[cfg(not(raddle_counts))]
fn main() {
    println!(
        "built without `--cfg raddle_counts`, which ci/instructions.sh gives: nothing is counted"
    );
}
