//! Pools in hostile surroundings: each cell is a process of its own, which arranges its surroundings, builds a thread pool
//! and a process pool, gives them tasks, and drops them. It ends in one of two ways: everything works; or `build`, or the
//! future that is affected, says which limit or call it was. Never a dead program, a panic of the library, a hang, or
//! something left behind.
//!
//! What comes of it is docs/surroundings.md. With `RADDLE_SURROUNDINGS_WRITE=1` its tables are written anew.
//! An argument chooses cells by a part of their name.

// The tests stand outside of the house: they ask the kernel themselves, so that a fault in the
// library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

mod cells;
mod inside;
mod namespaces;
mod outside;
mod page;
mod seccomp;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// In the environment of a cell: its name.
pub const CELL: &str = "RADDLE_SURROUNDINGS_CELL";
/// Cells that run at a time: most of them wait for something most of the time.
const AT_A_TIME: usize = 4;

fn main() -> ExitCode {
    // For the cells whose workers begin in `main`.
    raddle::process::worker_main();
    if let Ok(name) = std::env::var(CELL) {
        return inside::run(&name);
    }
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    if std::env::args().any(|arg| arg == "--list") {
        return ExitCode::SUCCESS;
    }
    let mut cells = cells::all();
    cells.retain(|cell| {
        wanted
            .as_ref()
            .is_none_or(|wanted| cell.name.contains(wanted))
    });
    let begin = Instant::now();
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = outside::run(cell);
                    if let outside::Outcome::Skipped(why) = &outcome {
                        println!("skipped: {}: {why}", cell.name);
                    }
                    outcomes.lock().unwrap().insert(cell.name.clone(), outcome);
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let mut faults: Vec<String> = Vec::new();
    for (name, outcome) in &outcomes {
        if let outside::Outcome::Fault(what) = outcome {
            faults.push(format!("{name}: {what}"));
        }
    }
    if wanted.is_none() {
        faults.extend(page::compare(&outcomes));
    } else {
        for (name, outcome) in &outcomes {
            println!("{name}: {outcome:?}");
        }
    }
    println!(
        "surroundings: {} cells, {} faults, {:.1} s",
        outcomes.len(),
        faults.len(),
        begin.elapsed().as_secs_f32()
    );
    for fault in &faults {
        println!("FAULT {fault}");
    }
    if faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
