//! Rounds in a process of their own: this program started again for one round of one contender, whose figures it prints.

use super::place::allowed;
use super::round::{Options, Round};
use crate::contender::processes::SERVE;
use crate::workload;
use std::process::{Command, Stdio};

impl Options {
    /// For this machine.
    pub fn new(workers: usize, scale: f64) -> Options {
        let cores = allowed();
        Options {
            workers,
            scale,
            repeat: true,
            cores: (cores.len() > 1).then(|| (cores[0], cores[1])),
            contenders: Vec::new(),
        }
    }
}

/// A round of contender `name` in workload `id`, over there.
pub fn round(id: &str, name: &str, options: &Options) -> Round {
    let program = std::env::current_exe().expect("a running program has a file");
    let output = Command::new(program)
        .args([SERVE, "round", id, name])
        .args([options.workers.to_string(), options.scale.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program starts again");
    assert!(output.status.success(), "{name} in {id}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("a round is printed as JSON")
}

/// The other side.
pub fn serve(id: &str, name: &str, workers: &str, scale: &str) {
    let workers = workers.parse().expect("a count");
    let options = Options::new(workers, scale.parse().expect("a number"));
    let mut workloads = workload::all(&options).into_iter();
    let workload = workloads.find(|workload| workload.id == id);
    let round = workload.and_then(|mut workload| workload.once(name));
    let round = round.expect("the workload and the contender that was asked for");
    println!(
        "{}",
        serde_json::to_string(&round).expect("figures serialise")
    );
}
