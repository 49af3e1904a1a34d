//! Starts this program again, as a new process.

use super::pidfd::Process;
use super::refusal::refused;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::{fs, io};

/// A new process, and the read ends of its piped outputs.
pub struct Spawned {
    pub process: Process,
    pub stdout: Option<OwnedFd>,
    pub stderr: Option<OwnedFd>,
}

/// A command that starts this same program in a process group of its own, even if its file has been replaced or deleted
/// meanwhile.
pub fn again(name: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0(name).process_group(0);
    command
}

/// Starts the command. The read ends of its outputs are non-blocking.
///
/// # Errors
///
/// The kernel's error. No process is left then.
pub fn spawn(command: &mut Command) -> io::Result<Spawned> {
    let mut child = command
        .spawn()
        .map_err(|error| refused(&refused_step(command))(error))?;
    hold(&mut child).inspect_err(|_| {
        let _ = child.kill();
        let _ = child.wait();
    })
}

/// The step that failed: the standard library tells of one error for all of them.
fn refused_step(command: &Command) -> String {
    // To look at its `.` takes the rights that it takes to enter the directory.
    match command.get_current_dir() {
        Some(directory) if fs::metadata(directory.join(".")).is_err() => {
            format!(
                "chdir to {} (the pool's `current_dir`)",
                directory.display()
            )
        }
        _ => format!("clone or execve of {}", command.get_program().display()),
    }
}

/// Opens the child's pidfd and takes its pipes.
fn hold(child: &mut Child) -> io::Result<Spawned> {
    let process = Process::open(child.id())?;
    let stdout = child.stdout.take().map(OwnedFd::from);
    let stderr = child.stderr.take().map(OwnedFd::from);
    for fd in [&stdout, &stderr].into_iter().flatten() {
        set_nonblocking(fd)?;
    }
    Ok(Spawned {
        process,
        stdout,
        stderr,
    })
}

/// Makes reads and writes of this descriptor non-blocking.
pub fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    let fd = fd.as_raw_fd();
    // SAFETY: passes numbers only.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    // SAFETY: passes numbers only.
    if flags < 0 || unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) } < 0 {
        return Err(refused("fcntl (F_SETFL)")(io::Error::last_os_error()));
    }
    Ok(())
}

/// Reads the available bytes into `bytes` and returns how many there were.
pub fn read(fd: &OwnedFd, bytes: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `bytes` has space for as many as are requested.
    let count = unsafe { libc::read(fd.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}
