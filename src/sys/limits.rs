//! Limits of the system on a process.

use std::io;

/// The type of a limit's number differs between C libraries.
type Resource = std::ffi::c_uint;

pub const ADDRESS_SPACE: Resource = libc::RLIMIT_AS as Resource;
pub const DATA: Resource = libc::RLIMIT_DATA as Resource;
pub const STACK: Resource = libc::RLIMIT_STACK as Resource;
pub const PROCESSOR_SECONDS: Resource = libc::RLIMIT_CPU as Resource;
pub const FILE_SIZE: Resource = libc::RLIMIT_FSIZE as Resource;
pub const OPEN_FILES: Resource = libc::RLIMIT_NOFILE as Resource;
pub const CORE_DUMP: Resource = libc::RLIMIT_CORE as Resource;

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

/// Sets one for this process, soft and hard.
pub fn set(resource: Resource, value: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: reads the struct that it is given.
    if unsafe { libc::setrlimit(resource as _, &raw const limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
