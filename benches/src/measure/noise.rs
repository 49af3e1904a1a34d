//! Signs of others on the machine, looked for around every round.
//!
//! Two of them make a round dirty: time that the hypervisor stole, and CPU time on the run's cores that no process of this run
//! used. The kernel counts both in ticks of 10 ms. Switches that a thread did not ask for are recorded and do
//! not make a round dirty: pools with more threads than cores take the cores from each other.

use super::place::allowed;
use crate::document::Noise;
use std::fs;
use std::mem::zeroed;
use std::time::Instant;

/// A round is dirty if others had more than this share of the cores' time in it ...
pub const DIRTY_SHARE: f64 = 0.02;
/// ... and more than this, in milliseconds: less than two ticks is within the counting error.
pub const DIRTY_MS: f64 = 20.0;
/// A dirty round is run again at most so many times; then it stays dirty.
pub const REPEATS: usize = 2;

/// Counters that only rise.
struct Counters {
    steal_ms: f64,
    busy_ms: f64,
    own_ms: f64,
    involuntary: i64,
}

impl Counters {
    fn now(cores: &[usize]) -> Counters {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let (steal_ms, busy_ms) = machine(&stat, cores);
        let (own_ms, involuntary) = own();
        Counters {
            steal_ms,
            busy_ms,
            own_ms,
            involuntary,
        }
    }
}

/// Stolen and busy time of some cores, in milliseconds.
fn machine(stat: &str, cores: &[usize]) -> (f64, f64) {
    // SAFETY: the call only looks a number up.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    let ms = 1e3 / ticks.max(1) as f64;
    let mut sum = (0.0, 0.0);
    for line in stat.lines() {
        let mut words = line.split_whitespace();
        let core = words.next().and_then(|word| word.strip_prefix("cpu"));
        let Some(core) = core.and_then(|core| core.parse::<usize>().ok()) else {
            continue;
        };
        if cores.contains(&core) {
            // user nice system idle iowait irq softirq steal
            let field: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
            let at = |i: usize| field.get(i).copied().unwrap_or(0.0) * ms;
            sum.0 += at(7);
            sum.1 += at(0) + at(1) + at(2) + at(5) + at(6);
        }
    }
    sum
}

/// CPU time in milliseconds and involuntary switches of this process and of those that it has waited for.
fn own() -> (f64, i64) {
    let mut sum = (0.0, 0);
    for who in [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN] {
        // SAFETY: rusage is plain numbers, for which zero is a value.
        let mut usage: libc::rusage = unsafe { zeroed() };
        // SAFETY: the kernel writes one rusage.
        let rc = unsafe { libc::getrusage(who, &mut usage) };
        assert_eq!(rc, 0, "getrusage: {}", std::io::Error::last_os_error());
        let ms = |t: libc::timeval| t.tv_sec as f64 * 1e3 + t.tv_usec as f64 / 1e3;
        sum.0 += ms(usage.ru_utime) + ms(usage.ru_stime);
        sum.1 += usage.ru_nivcsw;
    }
    sum
}

/// One look at the machine, to be compared with a later one.
pub struct Watch {
    cores: Vec<usize>,
    start: Instant,
    before: Counters,
}

impl Watch {
    /// From now on.
    pub fn start() -> Watch {
        let cores = allowed();
        let before = Counters::now(&cores);
        Watch {
            cores,
            start: Instant::now(),
            before,
        }
    }

    /// What was seen since; processes of this run that are still alive count as others.
    pub fn seen(&self) -> Seen {
        let after = Counters::now(&self.cores);
        let busy = after.busy_ms - self.before.busy_ms;
        let own = after.own_ms - self.before.own_ms;
        Seen {
            steal_ms: after.steal_ms - self.before.steal_ms,
            others_ms: (busy - own).max(0.0),
            involuntary: after.involuntary - self.before.involuntary,
            cores_ms: self.start.elapsed().as_secs_f64() * 1e3 * self.cores.len() as f64,
        }
    }
}

/// What a [`Watch`] has seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Time that the hypervisor took.
    pub steal_ms: f64,
    /// CPU time of others.
    pub others_ms: f64,
    /// Switches that a thread of this run did not ask for.
    pub involuntary: i64,
    /// The time there was, over all cores.
    pub cores_ms: f64,
}

impl Seen {
    /// Whether others had too much of it.
    pub fn dirty(&self) -> bool {
        let lost = self.steal_ms + self.others_ms;
        lost > DIRTY_MS && lost > DIRTY_SHARE * self.cores_ms
    }

    /// Adds one round to a run's noise; it may be `repeated` only if it is dirty.
    pub fn add_to(&self, noise: &mut Noise, repeated: bool) {
        noise.steal_ms += self.steal_ms;
        noise.others_ms += self.others_ms;
        noise.involuntary_switches += self.involuntary.max(0) as u64;
        noise.dirty_rounds += u64::from(self.dirty());
        noise.repeated_rounds += u64::from(repeated);
    }
}

/// The load average over the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_allowed_cores_are_looked_at() {
        let stat = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 4 8 16 32 64 128 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\n";
        let (steal, busy) = machine(stat, &[0]);
        let (all_steal, all_busy) = machine(stat, &[0, 1]);
        assert_eq!(busy / steal, (1 + 2 + 4 + 32 + 64) as f64 / 128.0);
        assert!((all_steal / steal - 129.0 / 128.0).abs() < 1e-9);
        assert!((all_busy / busy - 108.0 / 103.0).abs() < 1e-9);
    }

    #[test]
    fn a_round_is_dirty_by_share_and_by_amount() {
        let seen = |steal_ms, others_ms, cores_ms| Seen {
            steal_ms,
            others_ms,
            involuntary: 1_000_000,
            cores_ms,
        };
        assert!(!seen(0.0, 20.0, 100.0).dirty(), "two ticks are nothing");
        assert!(seen(10.0, 20.0, 100.0).dirty());
        assert!(!seen(10.0, 20.0, 10_000.0).dirty(), "a small share");
        assert!(seen(100.0, 101.0, 10_000.0).dirty());
    }
}
