//! New descriptors, which keep away from those of the standard streams.

use super::refusal::refused;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A descriptor that the system has just made. Where the program has closed a standard stream it may have got that
/// stream's number: what is printed there would go into it, so it gets another one.
///
/// # Errors
/// There is none left.
pub fn own(fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the caller has just been given it, and nobody else knows it.
    away_from_streams(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// As [`own`].
pub fn away_from_streams(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(fd);
    }
    // SAFETY: numbers only.
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
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(other) })
}
