//! New descriptors, with numbers above those of the standard streams.

use super::refusal::refused;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Owns a descriptor that the system has just made. If the program has closed a standard stream, the new descriptor may have
/// that stream's number, and output to the stream would go into it. It then gets another number.
///
/// # Errors
///
/// The kernel's error if no other descriptor number is free.
pub fn own(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the system has just given it to the caller, and nothing else owns it.
    away_from_streams(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// As [`own`], for a descriptor that is owned already.
pub fn away_from_streams(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: passes numbers only.
    let other = unsafe {
        libc::fcntl(
            fd.as_raw_fd(),
            libc::F_DUPFD_CLOEXEC,
            libc::STDERR_FILENO + 1,
        )
    };
    if other < 0 {
        return Err(refused("fcntl (F_DUPFD_CLOEXEC)")(
            io::Error::last_os_error(),
        ));
    }
    // SAFETY: a new descriptor, which nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(other) })
}
