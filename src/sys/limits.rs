//! Resource limits of a process (`getrlimit`).

use super::refusal::refused;
use std::io;

/// The type of a resource's number differs between C libraries.
type Resource = std::ffi::c_uint;

pub const ADDRESS_SPACE: Resource = libc::RLIMIT_AS as Resource;
pub const DATA: Resource = libc::RLIMIT_DATA as Resource;
pub const STACK: Resource = libc::RLIMIT_STACK as Resource;
pub const PROCESSOR_SECONDS: Resource = libc::RLIMIT_CPU as Resource;
pub const FILE_SIZE: Resource = libc::RLIMIT_FSIZE as Resource;
pub const OPEN_FILES: Resource = libc::RLIMIT_NOFILE as Resource;
pub const CORE_DUMP: Resource = libc::RLIMIT_CORE as Resource;
const PROCESSES: Resource = libc::RLIMIT_NPROC as Resource;

fn get(resource: Resource) -> Option<libc::rlimit> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: writes one struct, which outlives the call.
    let asked = unsafe { libc::getrlimit(resource as _, &raw mut limit) };
    (asked == 0).then_some(limit)
}

/// The soft limit, if there is one.
pub fn soft(resource: Resource) -> Option<u64> {
    get(resource)
        .map(|limit| limit.rlim_cur)
        .filter(|&soft| soft != libc::RLIM_INFINITY)
}

/// The soft limit on processes and threads of this user, if there is one.
pub fn processes() -> Option<u64> {
    soft(PROCESSES)
}

/// How many bytes of address space this process may still map. None: there is no limit.
pub fn address_space_left() -> Option<u64> {
    let limit = soft(ADDRESS_SPACE)?;
    // Without /proc this counts nothing as used. That does no harm, because no worker can be started without /proc.
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm
        .split(' ')
        .next()
        .and_then(|pages| pages.parse().ok())
        .unwrap_or(0);
    Some(limit.saturating_sub(pages.saturating_mul(page_size())))
}

/// Whether the kernel would map so many bytes. Err: it refuses, as it would refuse a stack of that size.
pub fn try_reserve(bytes: usize) -> io::Result<()> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
    // SAFETY: an anonymous mapping at an address of the kernel's choice, which nothing uses.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
    if base == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: mapped above.
    unsafe { libc::munmap(base, bytes) };
    Ok(())
}

/// The size of the kernel's pages in bytes.
pub fn page_size() -> u64 {
    // SAFETY: returns a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// Sets a limit of this process, soft and hard.
pub fn set(resource: Resource, value: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: reads one struct, which outlives the call.
    if unsafe { libc::setrlimit(resource as _, &raw const limit) } != 0 {
        return Err(refused("setrlimit")(io::Error::last_os_error()));
    }
    Ok(())
}

/// As [`set`], but if the hard limit is lower than `value` and cannot be raised, sets both to the hard limit.
pub fn set_at_most(resource: Resource, value: u64) -> io::Result<()> {
    match set(resource, value) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let hard = get(resource).map_or(value, |limit| limit.rlim_max);
            set(resource, hard.min(value))
        }
        outcome => outcome,
    }
}
