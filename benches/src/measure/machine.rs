//! Where the figures were taken, of what commit, and by which compiler.

use super::place;
use crate::document::{Commit, Machine, Toolchain};
use std::ffi::CStr;
use std::fs;
use std::path::Path;
use std::process::Command;

fn word_of(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// This machine.
pub fn machine() -> Machine {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu(&info);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = cores.max(
        info.lines()
            .filter(|line| line.starts_with("processor"))
            .count(),
    );
    let kernel = word_of("/proc/sys/kernel/osrelease").unwrap_or_else(|| "unknown".into());
    Machine {
        name: name(&cpu, cores, &kernel),
        cpu,
        cores,
        allowed: place::allowed(),
        memory_bytes: memory_bytes(),
        kernel,
        virtualization: virtualization(&info),
        allocator: allocator(),
    }
}

/// The lines over the tables.
pub fn header(machine: &Machine) -> String {
    let guest = machine.virtualization.as_deref().unwrap_or("no guest");
    format!(
        "{}, {} cores, allowed {:?}, {:.1} GiB, {guest}\nLinux {}, {}",
        machine.cpu,
        machine.cores,
        machine.allowed,
        machine.memory_bytes as f64 / f64::from(1 << 30),
        machine.kernel,
        machine.allocator
    )
}

/// A stable name: `intel-xeon-processor-2-60ghz-2-linux6`.
fn name(cpu: &str, cores: usize, kernel: &str) -> String {
    let major = kernel.split('.').next().unwrap_or_default();
    let text = format!("{cpu} {cores} linux{major}").to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

fn cpu(info: &str) -> String {
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let arch = std::env::consts::ARCH;
    let part = || field("CPU part").map(|part| format!("{arch} CPU part {part}"));
    field("model name")
        .or_else(part)
        .unwrap_or_else(|| arch.to_owned())
}

fn memory_bytes() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemTotal:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

fn virtualization(info: &str) -> Option<String> {
    let container = word_of("/run/systemd/container").or_else(|| {
        Path::new("/.dockerenv")
            .exists()
            .then(|| "docker".to_owned())
    });
    let flagged = info
        .lines()
        .any(|line| line.starts_with("flags") && line.contains(" hypervisor"));
    let guest = word_of("/sys/hypervisor/type")
        .or_else(|| word_of("/sys/class/dmi/id/product_name").filter(|_| flagged))
        .or_else(|| flagged.then(|| "a hypervisor".to_owned()));
    match (container, guest) {
        (Some(container), Some(guest)) => Some(format!("{container} on {guest}")),
        (container, guest) => container.or(guest),
    }
}

fn allocator() -> String {
    if let Some(preload) = std::env::var("LD_PRELOAD").ok().filter(|v| !v.is_empty()) {
        return format!("{preload} (preloaded)");
    }
    #[cfg(target_env = "gnu")]
    {
        // SAFETY: the call gives a static string that ends with a zero.
        let version = unsafe { CStr::from_ptr(libc::gnu_get_libc_version()) };
        format!("glibc {}", version.to_string_lossy())
    }
    #[cfg(not(target_env = "gnu"))]
    {
        "the libc's".to_owned()
    }
}

/// What this program is compiled with.
pub fn toolchain() -> Toolchain {
    Toolchain {
        rustc: env!("BENCHES_RUSTC").to_owned(),
        profile: env!("BENCHES_PROFILE").to_owned(),
        flags: env!("BENCHES_FLAGS").to_owned(),
    }
}

/// The commit of the work tree that this program was built in, if there is one.
pub fn commit() -> Option<Commit> {
    let git = |arguments: &[&str]| {
        let git = Command::new("git")
            .args(["-C", env!("CARGO_MANIFEST_DIR")])
            .args(arguments)
            .output()
            .ok()?;
        let text = String::from_utf8(git.stdout).ok()?;
        git.status.success().then_some(text)
    };
    let log = git(&["log", "-1", "--format=%H%n%cI%n%s"])?;
    let mut lines = log.lines().map(str::to_owned);
    Some(Commit {
        hash: lines.next()?,
        time: lines.next()?,
        subject: lines.next()?,
        dirty: !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_by_what_makes_figures_comparable() {
        let cpu = "Intel(R) Xeon(R) Processor @ 2.60GHz";
        let name = name(cpu, 2, "6.18.44-fc");
        assert_eq!(name, "intel-r-xeon-r-processor-2-60ghz-2-linux6");
    }
}
