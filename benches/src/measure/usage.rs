//! What the whole process has used, by getrusage.

use std::mem::zeroed;

/// CPU time and context switches of the process.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// User and system time in microseconds.
    pub cpu_us: f64,
    /// Context switches, voluntary or not.
    pub switches: i64,
}

impl Usage {
    /// Up to now.
    pub fn now() -> Usage {
        // SAFETY: rusage is plain numbers, for which zero is a value.
        let mut usage: libc::rusage = unsafe { zeroed() };
        // SAFETY: the kernel writes one rusage.
        let rc = unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
        assert_eq!(rc, 0, "getrusage: {}", std::io::Error::last_os_error());
        let us = |t: libc::timeval| t.tv_sec as f64 * 1e6 + t.tv_usec as f64;
        Usage {
            cpu_us: us(usage.ru_utime) + us(usage.ru_stime),
            switches: usage.ru_nvcsw + usage.ru_nivcsw,
        }
    }

    /// What was used since `earlier`.
    pub fn since(self, earlier: Usage) -> Usage {
        Usage {
            cpu_us: self.cpu_us - earlier.cpu_us,
            switches: self.switches - earlier.switches,
        }
    }
}
