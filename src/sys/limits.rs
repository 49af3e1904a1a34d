//! Limits that explain a refused thread.

/// The soft limit on processes and threads of this user, if there is one.
pub fn processes() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: fills the struct that it is given.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_NPROC, &raw mut limit) };
    (asked == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}
