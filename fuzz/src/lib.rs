//! Bytes become a short program of calls to raddle's public surface; it runs, and what it shows is compared with
//! a model.
//!
//! - [`future_ops`]: promises, futures, callbacks, polls, waits and wait sets on one thread, where the model
//!   knows every answer.
//! - [`pool_ops`]: thread pools, where the model knows what has to hold under every schedule.
//! - [`map_ops`]: the maps over executors, against the sequence that they have to give.
//! - [`lane_ops`]: the parent's side of a process pool, with a worker that writes what it likes.
//! - [`guest_ops`]: what WebAssembly guests may answer.
//! - [`codec_ops`]: the payloads of processes, written and read; and bytes that read as one though the codec did not write them.
//!
//! The same functions serve cargo-fuzz (`campaign.sh`) and `cargo test`, which runs the corpus and programs
//! from fixed seeds. A violation is an unexpected panic. A program that hangs is one too.

pub mod bytes;
pub mod codec_ops;
pub mod future_ops;
pub mod guest_ops;
pub mod lane_ops;
pub mod ledger;
pub mod map_ops;
pub mod marks;
pub mod pool_ops;
pub mod purpose;
pub mod replay;

use marks::Marks;

#[cfg(fuzzing)]
pub use libfuzzer_sys;

/// What can be fuzzed: an interpreter and what it is expected to reach.
#[derive(Clone, Copy)]
pub struct Subject {
    /// The name of its target and of its corpus.
    pub name: &'static str,
    /// Runs the program that the bytes stand for. Panics if something is wrong.
    pub run: fn(&[u8]) -> Marks,
    /// The program in words.
    pub show: fn(&[u8]) -> String,
    /// Everything that its programs can reach: one that is never reached is not tested.
    pub reachable: &'static [&'static str],
}

/// All subjects.
pub const SUBJECTS: [Subject; 6] = [
    future_ops::SUBJECT,
    pool_ops::SUBJECT,
    map_ops::SUBJECT,
    codec_ops::SUBJECT,
    lane_ops::SUBJECT,
    guest_ops::SUBJECT,
];

/// The body of a target: the engine's entry under cargo-fuzz, else a program that runs the files it is given.
#[cfg(fuzzing)]
#[macro_export]
macro_rules! target {
    ($subject:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(|data: &[u8]| {
            let _reached = ($subject.run)(data);
        });
    };
}

/// The body of a target: the engine's entry under cargo-fuzz, else a program that runs the files it is given.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! target {
    ($subject:expr) => {
        fn main() -> std::io::Result<()> {
            $crate::replay::files($subject)
        }
    };
}
