//! For the tests that look at the process: tests that run alone, threads, files and cores.

use super::shared;
use std::sync::{Arc, Mutex};

/// [`shared::alone`] for a test of this module.
pub fn alone(module: &str, test: &str) -> bool {
    let module = module.split_once("::").expect("a module of this crate").1;
    shared::alone(&format!("{module}::{test}"))
}

/// How many threads this process has.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits until there are so many: a thread that was joined stays listed until the kernel has put it away.
pub fn until_threads_are(count: usize) {
    shared::until(|| threads() == count);
}

/// How many files this process has open.
pub fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The cores that the calling thread may use, ascending.
pub fn allowed_cores() -> Vec<usize> {
    // SAFETY: a plain array of bits.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: fills the set, of the size that it is told.
    let got = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    assert_eq!(got, 0);
    (0..libc::CPU_SETSIZE as usize)
        // SAFETY: below the size of the set.
        .filter(|&core| unsafe { libc::CPU_ISSET(core, &set) })
        .collect()
}

/// Keeps the calling thread on these cores.
pub fn stay_on(cores: &[usize]) {
    // SAFETY: a plain array of bits.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    for &core in cores {
        // SAFETY: a bit beyond the set is a panic, not a write.
        unsafe { libc::CPU_SET(core, &mut set) };
    }
    // SAFETY: reads the set, of the size that it is told.
    let done = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    assert_eq!(done, 0);
}

/// The events that reach the report hook from now on. For tests that run alone.
pub fn report_lines() -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    raddle::set_report_hook(move |report| heard.lock().unwrap().push(report.to_string()));
    lines
}
