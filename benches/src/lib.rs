//! raddle, its peers and the floors of the machine, measured side by side.
//!
//! [`contender`] has one module per pool, [`floor`] the hand-written hand-overs with no pool around
//! them, [`workload`] one module per question asked of all of them, [`measure`] the clocks,
//! counters, rounds and tables, and [`tool`] the program around them; [`counts`] counts instructions, [`gate`] compares results, by [`statistics`]; [`document`] is
//! what a run leaves behind. `docs/benchmarks.md` says what each workload is and how to run them.

pub mod contender;
pub mod counts;
pub mod floor;
pub mod gate;
pub mod measure;
pub mod tool;
pub mod workload;

pub use raddle_document as document;
pub use raddle_document::statistics;

/// Says how a program is used, if `--help` or `-h` is among its arguments.
pub fn is_help_asked_for(usage: &str) -> bool {
    let asked = std::env::args().any(|one| one == "--help" || one == "-h");
    if asked {
        println!("{usage}");
    }
    asked
}
