//! What a process does to itself when it becomes a worker.

use super::refusal::refused;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

fn check(answer: libc::c_int, call: &str) -> io::Result<libc::c_int> {
    if answer < 0 {
        Err(refused(call)(io::Error::last_os_error()))
    } else {
        Ok(answer)
    }
}

/// Asks for `SIGKILL` at the end of the *thread* that started this process. To be asked again after a
/// change of user, which cancels it.
pub fn die_with_parent() -> io::Result<()> {
    // SAFETY: numbers only.
    check(
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) },
        "prctl (PR_SET_PDEATHSIG)",
    )
    .map(drop)
}

/// Does the program run with rights that whoever started it does not have?
pub fn is_privileged() -> bool {
    // SAFETY: a number; reads what the kernel gave to this process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

pub fn effective_user() -> u32 {
    // SAFETY: no arguments, no failure.
    unsafe { libc::geteuid() }
}

/// Closes every descriptor but the three standard ones.
pub fn close_inherited() -> io::Result<()> {
    #[allow(clippy::disallowed_methods)] // not every C library has the function
    // SAFETY: the caller's process is a fresh one, in which nobody owns a descriptor yet.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if closed == 0 {
        return Ok(());
    }
    // Linux before 5.9, or a filter that does not know the call.
    let found = std::fs::read_dir("/proc/self/fd").map_err(refused("open (/proc/self/fd)"))?;
    let open: Vec<RawFd> = found
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > libc::STDERR_FILENO)
        .collect();
    for fd in open {
        // SAFETY: as above. The one that listed them is closed already.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// A standard output that is closed would be the next file that is opened: gives it to `/dev/null`.
pub fn fill_standard_outputs() -> io::Result<()> {
    for fd in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        // SAFETY: numbers only.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            // SAFETY: a C string; the lowest free number is this one, since those below are open.
            let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
            check(opened, "open (/dev/null)")?;
        }
    }
    Ok(())
}

/// Another descriptor for standard input, beyond the standard ones and closed on exec.
pub fn move_stdin() -> io::Result<OwnedFd> {
    // SAFETY: numbers only.
    let fd = check(
        unsafe { libc::fcntl(libc::STDIN_FILENO, libc::F_DUPFD_CLOEXEC, 3) },
        "fcntl (F_DUPFD_CLOEXEC)",
    )?;
    // SAFETY: a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Standard input is this from now on.
pub fn replace_stdin(with: impl AsFd) -> io::Result<()> {
    let with = with.as_fd().as_raw_fd();
    // SAFETY: numbers only; what was standard input is closed, which nobody owns.
    check(unsafe { libc::dup2(with, libc::STDIN_FILENO) }, "dup2").map(drop)
}

/// A broken pipe is an error of the write, as in every Rust program.
pub fn ignore_broken_pipes() {
    // SAFETY: numbers only.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Adds to this process's niceness.
pub fn add_nice(more: i32) -> io::Result<()> {
    // SAFETY: numbers only. It cannot fail for the process itself; -1 is a niceness.
    let now = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let wanted = now.saturating_add(more);
    // SAFETY: numbers only.
    check(
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, wanted) },
        "setpriority",
    )
    .map(drop)
}

/// The name that `ps` and `top` show, of which the kernel keeps 15 bytes.
pub fn set_name(name: &str) {
    if let Ok(name) = CString::new(name) {
        // SAFETY: a C string that outlives the call.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
    }
}

/// Ends the process at once: nothing of the program's `main`, which may never have begun, is unwound.
pub fn leave(code: i32) -> ! {
    use std::io::Write;
    let _ = io::stdout().flush();
    // SAFETY: a null pointer stands for all of C's streams.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: a number; does not return.
    unsafe { libc::_exit(code) }
}
