//! Where the figures were taken.

use super::place;
use serde::Serialize;
use std::fs;
use std::process::Command;

/// The facts that go over every table.
#[derive(Serialize)]
pub struct Machine {
    /// The CPU's name.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: Vec<usize>,
    /// The kernel's release.
    pub kernel: String,
    /// The compiler found at run time, which is the one that `cargo run` built with.
    pub rustc: String,
    /// The load average at the start: a figure above zero means that somebody else was there.
    pub load: String,
    /// Libraries preloaded into the program, such as another malloc.
    pub preload: Option<String>,
    /// Steps of calibrated work in a microsecond.
    pub steps_per_us: f64,
}

impl Machine {
    /// This machine, now.
    pub fn here() -> Machine {
        let first_word = |path: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            text.split_whitespace()
                .next()
                .unwrap_or("unknown")
                .to_owned()
        };
        Machine {
            cpu: cpu(),
            cores: place::allowed(),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .map_or_else(|_| "unknown".into(), |text| text.trim().to_owned()),
            rustc: Command::new("rustc")
                .arg("--version")
                .output()
                .ok()
                .and_then(|output| String::from_utf8(output.stdout).ok())
                .map_or_else(|| "unknown".into(), |text| text.trim().to_owned()),
            load: first_word("/proc/loadavg"),
            preload: std::env::var("LD_PRELOAD").ok().filter(|v| !v.is_empty()),
            steps_per_us: super::work::steps_per_us(),
        }
    }

    /// The lines over the tables.
    pub fn header(&self) -> String {
        let preload = match &self.preload {
            Some(libraries) => format!("\npreloaded: {libraries}"),
            None => String::new(),
        };
        format!(
            "{}, {} cores allowed {:?}\nLinux {}, {}, load average {}{preload}\n\
             calibrated work: {:.0} steps per us",
            self.cpu,
            self.cores.len(),
            self.cores,
            self.kernel,
            self.rustc,
            self.load,
            self.steps_per_us
        )
    }
}

fn cpu() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
    };
    field("model name")
        .or_else(|| {
            field("CPU part").map(|part| format!("{} CPU part {part}", std::env::consts::ARCH))
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
