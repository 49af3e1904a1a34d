//! One program, threads, isolates or processes: a flag decides when it runs.
//!
//! `cargo run --example executors -- --executor process`

use raddle::{AnyExecutor, Executor, IsolatePool, ProcessPool, TaskError, ThreadPool};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let executor: AnyExecutor = match args[..] {
        [] | ["--executor", "thread"] => ThreadPool::new(4)?.into(),
        ["--executor", "isolate"] => IsolatePool::new(4, |_| Ok(()))?.into(),
        ["--executor", "process"] => ProcessPool::new(4)?.into(),
        _ => return Err("usage: executors [--executor thread|isolate|process]".into()),
    };

    let report = Report { executor };
    println!(
        "{} letters, counted by {}",
        report.letters()?,
        report.executor.name()
    );

    // What only one kind can do is behind a `match`.
    match &report.executor {
        AnyExecutor::Processes(pool) => println!("its workers are {:?}", pool.stats().pids()),
        _ => println!("its workers are threads of process {}", std::process::id()),
    }
    Ok(())
}

/// Keeps its executor, whichever it is.
struct Report {
    executor: AnyExecutor,
}

impl Report {
    fn letters(&self) -> Result<usize, TaskError> {
        let words = ["warp", "weft", "shuttle"].map(String::from);
        self.executor.map(|word: String| word.len(), words).sum()
    }
}
