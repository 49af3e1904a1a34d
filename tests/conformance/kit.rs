//! Gates, barriers and processes for the tests of pools: everything waits for a condition.

use super::common::Gate;
use raddle::{Future, ThreadPool};
use std::process::Command;
use std::sync::{Arc, Barrier, Mutex};

/// Workers that are held at a gate; dropping it lets them go.
pub struct Held {
    gate: Gate,
    pub tasks: Vec<Future<()>>,
}

impl Held {
    pub fn release(&self) {
        self.gate.open();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.open();
    }
}

/// Holds every worker of the pool. On return each of them runs a task that waits at the gate.
pub fn hold(pool: &ThreadPool) -> Held {
    let gate = Gate::default();
    let all = Arc::new(Barrier::new(pool.workers() + 1));
    let tasks = (0..pool.workers())
        .map(|_| {
            let (all, gate) = (Arc::clone(&all), gate.clone());
            pool.spawn(move || {
                all.wait();
                gate.wait();
            })
        })
        .collect();
    all.wait();
    Held { gate, tasks }
}

/// True in a process of its own in which this test is the only one. Elsewhere it starts that process,
/// insists on its success, and says false. For tests that look at the process as a whole.
pub fn alone(module: &str, test: &str) -> bool {
    const MARK: &str = "RADDLE_TEST_ALONE";
    let module = module.split_once("::").expect("a module of this crate").1;
    let path = format!("{module}::{test}");
    if std::env::var(MARK).is_ok_and(|mark| mark == path) {
        return true;
    }
    let out = Command::new(std::env::current_exe().unwrap())
        .args([&path, "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert!(
        out.status.success() && said.contains("1 passed"),
        "{path} alone: {}\n{said}\n{}",
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    false
}

/// How many threads this process has.
pub fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits until there are so many: a thread that was joined stays listed until the kernel has put it away.
pub fn until_threads_are(count: usize) {
    super::common::until(|| threads() == count);
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
pub fn reports() -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&lines);
    raddle::set_report_hook(move |report| heard.lock().unwrap().push(report.to_string()));
    lines
}
