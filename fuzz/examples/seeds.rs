//! Writes the seeds of the corpora: few short programs that together reach everything.
//!
//! `cargo run --example seeds`, or with the names of some of them.

use raddle_fuzz::marks::Marks;
use raddle_fuzz::{SUBJECTS, Subject, bytes, replay};
use std::{env, fs, io};

/// How many programs compete for each place.
const CANDIDATES: u64 = 400;
const LONGEST: usize = 160;

fn main() -> io::Result<()> {
    let named: Vec<String> = env::args().skip(1).collect();
    for subject in SUBJECTS {
        if !named.is_empty() && !named.iter().any(|name| name == subject.name) {
            continue;
        }
        let folder = replay::home().join("corpus").join(subject.name);
        fs::create_dir_all(&folder)?;
        for (number, program) in choose(subject).iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:02}")), program)?;
        }
    }
    Ok(())
}

/// Takes the program that reaches the most new things, until there are no more.
fn choose(subject: Subject) -> Vec<Vec<u8>> {
    let mut reached = Marks::default();
    let mut chosen = Vec::new();
    let mut seed = 0;
    while !reached.unreached(subject.reachable).is_empty() {
        let candidates = (0..CANDIDATES).map(|_| {
            seed += 1;
            let mut program = bytes::from_seed(seed);
            program.truncate(LONGEST);
            let marks = replay::run(subject, &format!("candidate {seed}"), &program);
            (marks, program)
        });
        let best = candidates.max_by_key(|(marks, _)| reached.missing_from(marks));
        let (marks, program) = best.expect("there are candidates");
        if reached.add(&marks) > 0 {
            chosen.push(program);
        }
    }
    println!("{}: {} seeds", subject.name, chosen.len());
    chosen
}
