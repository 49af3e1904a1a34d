//! All runs of a setup: machine, toolchain and noise.

use super::frame::Frame;
use crate::document::Noise;
use crate::figure::{digits, figure};
use crate::setup::{Run, Setup};
use askama::Template;

#[derive(Template)]
#[template(path = "runs.html")]
pub struct Page {
    frame: Frame,
    facts: Facts,
    rows: Vec<Row>,
}

/// A run's circumstances.
pub struct Facts {
    /// The same in a sentence.
    pub summary: String,
    pub machine: Vec<(&'static str, String)>,
    pub noise: Vec<(&'static str, String)>,
}

struct Row {
    key: String,
    started: String,
    commit: String,
    subject: String,
    dirty: bool,
    rustc: String,
    kernel: String,
    benchmarks: usize,
    counts: usize,
    rounds: usize,
    load: String,
    steal: String,
    others: String,
    switches: String,
    dirty_rounds: String,
}

/// Where a run was made, and how quiet it was there.
pub fn facts(run: &Run) -> Facts {
    let document = &run.document;
    let (machine, noise) = (&document.machine, &document.noise);
    let commit = document.commit.as_ref();
    let cores: Vec<String> = machine.allowed.iter().map(usize::to_string).collect();
    let guest = match &machine.virtualization {
        Some(name) => format!(", guest of {name}"),
        None => String::new(),
    };
    let summary = format!(
        "{}, {} cores{guest}, Linux {}. Load average {} before and {} after, {} stolen by the hypervisor, {} used by \
         others, {} dirty rounds.",
        machine.cpu,
        machine.cores,
        machine.kernel,
        digits(noise.load_before),
        digits(noise.load_after),
        figure(noise.steal_ms, "ms"),
        figure(noise.others_ms, "ms"),
        noise.dirty_rounds
    );
    Facts {
        summary,
        machine: vec![
            ("Run", run.started()),
            (
                "Commit",
                match commit {
                    Some(commit) => format!("{} {}", run.commit(), commit.subject),
                    None => "none".into(),
                },
            ),
            ("CPU", machine.cpu.clone()),
            (
                "Cores",
                format!("{}, allowed: {}", machine.cores, cores.join(", ")),
            ),
            ("Memory", figure(machine.memory_bytes as f64, "B")),
            ("Linux", machine.kernel.clone()),
            (
                "Guest of",
                machine
                    .virtualization
                    .clone()
                    .unwrap_or("nothing that shows".into()),
            ),
            ("malloc", machine.allocator.clone()),
            ("Compiler", document.toolchain.rustc.clone()),
            (
                "Profile",
                format!(
                    "{} {}",
                    document.toolchain.profile, document.toolchain.flags
                ),
            ),
            (
                "Asked for",
                format!(
                    "{} rounds, {} workers",
                    document.run.rounds, document.run.workers
                ),
            ),
        ],
        noise: noise_facts(noise),
    }
}

/// Signs of others on the machine, in words.
pub fn noise_facts(noise: &Noise) -> Vec<(&'static str, String)> {
    vec![
        (
            "Load average",
            format!(
                "{} before, {} after",
                digits(noise.load_before),
                digits(noise.load_after)
            ),
        ),
        ("Stolen by the hypervisor", figure(noise.steal_ms, "ms")),
        ("Used by other processes", figure(noise.others_ms, "ms")),
        (
            "Involuntary switches",
            digits(noise.involuntary_switches as f64),
        ),
        (
            "Dirty rounds",
            format!(
                "{}, {} of them run again",
                noise.dirty_rounds, noise.repeated_rounds
            ),
        ),
    ]
}

pub fn page(frame: Frame, setup: &Setup) -> Page {
    let rows = setup.runs.iter().rev().map(|run| {
        let document = &run.document;
        let noise = &document.noise;
        let commit = document.commit.as_ref();
        Row {
            key: run.key.clone(),
            started: run.started(),
            commit: run.commit(),
            subject: commit.map_or_else(String::new, |commit| commit.subject.clone()),
            dirty: commit.is_some_and(|commit| commit.dirty),
            rustc: document.toolchain.rustc.clone(),
            kernel: document.machine.kernel.clone(),
            benchmarks: document.benchmarks.len(),
            counts: document.instructions.len(),
            rounds: document.run.rounds,
            load: format!(
                "{} / {}",
                digits(noise.load_before),
                digits(noise.load_after)
            ),
            steal: figure(noise.steal_ms, "ms"),
            others: figure(noise.others_ms, "ms"),
            switches: digits(noise.involuntary_switches as f64),
            dirty_rounds: format!("{} / {}", noise.dirty_rounds, noise.repeated_rounds),
        }
    });
    Page {
        facts: facts(setup.last()),
        rows: rows.collect(),
        frame,
    }
}
