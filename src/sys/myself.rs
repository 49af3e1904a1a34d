//! System calls with which a process turns itself into a worker.

use super::refusal::refused;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};

fn check(result: libc::c_int, call: &str) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(refused(call)(io::Error::last_os_error()))
    } else {
        Ok(result)
    }
}

/// Requests `SIGKILL` for this process when the *thread* that started it ends. Call it again after a change of user, which
/// cancels the request.
pub fn die_with_parent() -> io::Result<()> {
    // SAFETY: passes numbers only.
    check(
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) },
        "prctl (PR_SET_PDEATHSIG)",
    )
    .map(drop)
}

/// Does the program run with more rights than its caller has, for example set-user-ID?
pub fn is_privileged() -> bool {
    // SAFETY: takes a number; reads the auxiliary vector of this process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

pub fn effective_user() -> u32 {
    // SAFETY: takes no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// Closes every descriptor but the three standard ones.
pub fn close_inherited() -> io::Result<()> {
    #[allow(clippy::disallowed_methods)] // not every C library has the function
    // SAFETY: the calling process is fresh, and no code in it owns a descriptor yet.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, 0u32) };
    if closed == 0 {
        return Ok(());
    }
    // Linux before 5.9, or a seccomp filter that refuses the call.
    let found = std::fs::read_dir("/proc/self/fd").map_err(refused("open (/proc/self/fd)"))?;
    let open: Vec<RawFd> = found
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|&fd| fd > libc::STDERR_FILENO)
        .collect();
    for fd in open {
        // SAFETY: as above. The descriptor that listed them is closed already.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Opens `/dev/null` for each closed standard output, whose number would otherwise go to the next file that is opened.
pub fn fill_standard_outputs() -> io::Result<()> {
    for fd in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        // SAFETY: passes numbers only.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
            // SAFETY: passes a C string. The file gets this number, which is the lowest free one.
            let opened = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) };
            check(opened, "open (/dev/null)")?;
        }
    }
    Ok(())
}

/// Duplicates standard input to a descriptor beyond the standard ones, closed on exec.
pub fn move_stdin() -> io::Result<OwnedFd> {
    // SAFETY: passes numbers only.
    let fd = check(
        unsafe { libc::fcntl(libc::STDIN_FILENO, libc::F_DUPFD_CLOEXEC, 3) },
        "fcntl (F_DUPFD_CLOEXEC)",
    )?;
    // SAFETY: a new descriptor, which nothing else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Makes this descriptor the standard input.
pub fn replace_stdin(with: impl AsFd) -> io::Result<()> {
    let with = with.as_fd().as_raw_fd();
    // SAFETY: passes numbers only; it closes the old standard input, which nothing owns.
    check(unsafe { libc::dup2(with, libc::STDIN_FILENO) }, "dup2").map(drop)
}

/// Ignores `SIGPIPE`: a write to a broken pipe returns an error, as in every Rust program.
pub fn ignore_broken_pipes() {
    // SAFETY: passes numbers only.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Adds `more` to this process's nice value.
pub fn add_nice(more: i32) -> io::Result<()> {
    // SAFETY: passes numbers only. It cannot fail for the process itself, so -1 is a nice value.
    let now = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    let wanted = now.saturating_add(more);
    // SAFETY: passes numbers only.
    check(
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, wanted) },
        "setpriority",
    )
    .map(drop)
}

/// Sets the name that `ps` and `top` show. The kernel keeps its first 15 bytes.
pub fn set_name(name: &str) {
    if let Ok(name) = CString::new(name) {
        // SAFETY: passes a C string that outlives the call.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
    }
}

/// Flushes the output streams and ends the process at once. It does not unwind or return to the program's `main`, which may
/// never have begun.
pub fn leave(code: i32) -> ! {
    use std::io::Write;
    let _ = io::stdout().flush();
    // SAFETY: a null pointer means all C streams.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: passes a number; does not return.
    unsafe { libc::_exit(code) }
}
