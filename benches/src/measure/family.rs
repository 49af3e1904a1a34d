//! This process and those below it: their ids and what they have used.

use std::fs;
use std::mem::zeroed;

/// CPU time and context switches of this process and every process below it.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// User and system time in microseconds.
    pub cpu_us: f64,
    /// Context switches of the threads that are alive.
    pub switches: f64,
}

impl Usage {
    /// What is used while `f` runs. The looking itself is not in it.
    pub fn during(f: impl FnOnce()) -> Usage {
        let below = descendants();
        let own = std::process::id();
        let switches = || below.iter().map(|&pid| switches(pid)).sum::<f64>() + switches(own);
        let cpu_us_below = || below.iter().map(|&pid| cpu_us(pid)).sum::<f64>();
        let before = (switches(), cpu_us_below(), cpu_us(own));
        f();
        let after = (cpu_us(own), cpu_us_below(), switches());
        Usage {
            cpu_us: after.0 - before.2 + after.1 - before.1,
            switches: after.2 - before.0,
        }
    }
}

/// All processes below this one, those that ended and were not waited for among them.
pub fn descendants() -> Vec<u32> {
    let mut found = Vec::new();
    let mut look_at = vec![std::process::id()];
    while let Some(pid) = look_at.pop() {
        for tid in threads(pid) {
            // Ids that were read once may be gone when they are looked at.
            let path = format!("/proc/{pid}/task/{tid}/children");
            let children = fs::read_to_string(path).unwrap_or_default();
            let children = children
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok());
            let before = found.len();
            found.extend(children);
            look_at.extend(&found[before..]);
        }
    }
    found
}

/// Waits for children that ended and were not waited for; whether any child is left.
/// Not while another thread may be about to wait for one.
pub fn reap() -> bool {
    loop {
        // SAFETY: no status is asked for; the call only takes ended children off the list.
        match unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) } {
            -1 => return false,
            0 => return true,
            _ => {}
        }
    }
}

fn threads(pid: u32) -> Vec<u32> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    tasks
        .filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// The process's CPU clock, which other than its `stat` counts nanoseconds and not ticks.
fn cpu_us(pid: u32) -> f64 {
    let mut clock = 0;
    // SAFETY: both structures are plain numbers, for which zero is a value.
    let mut time: libc::timespec = unsafe { zeroed() };
    // SAFETY: the call writes one clock id.
    let found = unsafe { libc::clock_getcpuclockid(pid.cast_signed(), &mut clock) };
    // SAFETY: the call writes one timespec; a clock of a process that is gone is refused.
    if found != 0 || unsafe { libc::clock_gettime(clock, &mut time) } != 0 {
        return 0.0;
    }
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn switches(pid: u32) -> f64 {
    let of_thread = |tid| {
        let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status"));
        let status = status.unwrap_or_default();
        let lines = status.lines().filter(|line| line.contains("ctxt_switches"));
        let counts = lines.filter_map(|line| line.split_whitespace().last()?.parse::<f64>().ok());
        counts.sum::<f64>()
    };
    threads(pid).into_iter().map(of_thread).sum()
}
