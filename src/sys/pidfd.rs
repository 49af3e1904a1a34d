//! A child process, referred to by a descriptor (pidfd). Unlike a process id, the descriptor never refers to another process.

use super::descriptor;
use super::refusal::refused;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It exited with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
    /// The status was lost: the program ignores `SIGCHLD`, or other code of the program waited for any child.
    Unknown,
}

/// What `/proc/PID/stat` says of a process.
struct Stat {
    state: char,
    parent: u32,
    /// The processor time that it has used, in ticks (hundredths of a second).
    ticks: u64,
}

impl Stat {
    fn has_had_time(&self, before: Option<u64>) -> bool {
        /// One tick could be chance.
        const ENOUGH: u64 = 2;
        match self.state {
            'R' => before.is_some_and(|before| self.ticks >= before + ENOUGH),
            'D' | 'T' | 't' => false,
            _ => true,
        }
    }
}

fn stat(pid: u32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it ends with the last parenthesis, because it can contain any character.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let parent = fields.next()?.parse().ok()?;
    let mut ticks = fields.skip(9).map_while(|field| field.parse::<u64>().ok());
    Some(Stat {
        state,
        parent,
        ticks: ticks.next()? + ticks.next()?,
    })
}

/// What is known of a process that may be a child of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    /// It is none, or has been reaped.
    No,
    /// It has used this many ticks of processor time. Has it had enough time for a short action since it had used the number of
    /// ticks that the caller gave?
    Yes { ticks: u64, had_time: bool },
    /// There is such a process, and the system does not say whose child it is.
    Unknown,
}

impl Child {
    /// Looks at a process by its id. `before`: the ticks that it had used at an earlier look.
    pub fn look(pid: u32, before: Option<u64>) -> Self {
        // SAFETY: passes two numbers; the signal 0 only asks whether the process exists.
        let exists = unsafe { libc::kill(pid as libc::pid_t, 0) } == 0;
        if !exists && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
            return Self::No;
        }
        match stat(pid) {
            None => Self::Unknown,
            Some(stat) if stat.parent != std::process::id() => Self::No,
            Some(stat) => Self::Yes {
                ticks: stat.ticks,
                had_time: stat.has_had_time(before),
            },
        }
    }
}

/// A child of this process. The descriptor is readable after the child has ended.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    fd: OwnedFd,
}

impl Process {
    /// Opens the pidfd of a child that has not been waited for yet.
    pub fn open(pid: u32) -> io::Result<Self> {
        #[allow(clippy::disallowed_methods)] // libc has no function of that name
        // SAFETY: passes two numbers; returns a new descriptor, closed on exec.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
        if fd < 0 {
            return Err(refused("pidfd_open")(io::Error::last_os_error()));
        }
        let fd = descriptor::own(fd as RawFd)?;
        Ok(Self { pid, fd })
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal. Does nothing if the process has ended.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let fd = self.fd.as_raw_fd();
        #[allow(clippy::disallowed_methods)] // libc has no function of that name
        // SAFETY: the only pointer is null, which means the same signal details as for kill.
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                fd,
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        if sent == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => self.signal_by_number(signal, error),
        }
    }

    /// Sends a signal by process id, for seccomp filters that refuse `pidfd_send_signal`. The id cannot belong to another
    /// process while the child has not ended.
    #[cold]
    fn signal_by_number(&self, signal: i32, refusal: io::Error) -> io::Result<()> {
        // SAFETY: passes two numbers.
        if self.is_over()? || unsafe { libc::kill(self.pid as libc::pid_t, signal) } == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            _ => Err(refused("pidfd_send_signal")(refusal)),
        }
    }

    /// Reaps the child and returns how it ended. None while it lives. Never blocks. After the child was reaped, each further
    /// call returns [`Ended::Unknown`].
    pub fn ended(&self) -> io::Result<Option<Ended>> {
        self.wait(libc::WNOHANG)
    }

    /// As [`ended`](Self::ended), but blocks until the child has ended.
    pub fn wait_for_end(&self) -> io::Result<Ended> {
        Ok(self.wait(0)?.unwrap_or(Ended::Unknown))
    }

    /// Has a signal stopped the child, so that it does nothing until another signal continues it? Never blocks.
    pub fn has_stopped(&self) -> bool {
        // SAFETY: a struct of numbers and pointers, for which zero is a value.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let id = self.fd.as_raw_fd() as libc::id_t;
        let flags = libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: fills the struct that it is given. An error leaves it as it is.
        unsafe { libc::waitid(libc::P_PIDFD, id, &raw mut info, flags) };
        // SAFETY: waitid has filled in the fields of a child, or left them zero.
        let reported = unsafe { info.si_pid() != 0 };
        // Other code of the program that waits for any child may have taken the report, or a filter refuses the call.
        reported || self.state().is_some_and(|state| "Tt".contains(state))
    }

    /// The kernel's letter for the child's state, and the CPU time that it has used, in ticks (hundredths of a second).
    fn stat(&self) -> Option<(char, u64)> {
        let stat = stat(self.pid)?;
        Some((stat.state, stat.ticks))
    }

    fn state(&self) -> Option<char> {
        Some(self.stat()?.0)
    }

    /// The CPU time used so far, for [`has_had_time`](Self::has_had_time).
    pub fn ticks(&self) -> Option<u64> {
        Some(self.stat()?.1)
    }

    /// Has the child had enough time for a short action since it had used `before` ticks? False if it is ready to run but has
    /// hardly run, if it waits for a disk, or if it is stopped.
    pub fn has_had_time(&self, before: Option<u64>) -> bool {
        stat(self.pid).is_none_or(|stat| stat.has_had_time(before))
    }

    fn wait(&self, flags: libc::c_int) -> io::Result<Option<Ended>> {
        // SAFETY: a struct of numbers and pointers, for which zero is a value.
        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
        let id = self.fd.as_raw_fd() as libc::id_t;
        // SAFETY: fills the struct that it is given.
        while unsafe { libc::waitid(libc::P_PIDFD, id, &raw mut info, libc::WEXITED | flags) } != 0
        {
            match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error if error.raw_os_error() == Some(libc::ECHILD) => {
                    return Ok(self.is_over()?.then_some(Ended::Unknown));
                }
                _ => {
                    let waited = self.wait_by_number(flags);
                    return waited.or_else(|_| Ok(self.is_over()?.then_some(Ended::Unknown)));
                }
            }
        }
        // SAFETY: waitid has filled in the fields of a child, or left them zero.
        let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
        Ok((pid != 0).then_some(if info.si_code == libc::CLD_EXITED {
            Ended::Exited(status)
        } else {
            Ended::Signaled(status)
        }))
    }

    /// Waits by process id, for seccomp filters that refuse `waitid`.
    #[cold]
    fn wait_by_number(&self, flags: libc::c_int) -> io::Result<Option<Ended>> {
        let mut status = 0;
        let waited = loop {
            // SAFETY: passes the id of a child, and a word for the status.
            match unsafe { libc::waitpid(self.pid as libc::pid_t, &raw mut status, flags) } {
                -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                waited => break waited,
            }
        };
        match waited {
            0 => Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                match error.raw_os_error() {
                    Some(libc::ECHILD) => Ok(self.is_over()?.then_some(Ended::Unknown)),
                    _ => Err(error),
                }
            }
            _ if libc::WIFEXITED(status) => Ok(Some(Ended::Exited(libc::WEXITSTATUS(status)))),
            _ => Ok(Some(Ended::Signaled(libc::WTERMSIG(status)))),
        }
    }

    /// Has the child ended? Also works if its status was taken by other code.
    pub fn is_over(&self) -> io::Result<bool> {
        let mut poll = libc::pollfd {
            fd: self.fd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one struct, which outlives the call.
        match unsafe { libc::poll(&raw mut poll, 1, 0) } {
            -1 => Err(io::Error::last_os_error()),
            ready => Ok(ready > 0),
        }
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn start(program: &str) -> Process {
        let child = Command::new("sh")
            .args(["-c", program])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let process = Process::open(child.id()).unwrap();
        // Keeps the write end of the pipe open, so that the shell's `read` waits.
        std::mem::forget(child);
        process
    }

    #[test]
    fn a_process_that_exits_has_a_code() {
        let process = start("exit 7");
        assert_eq!(process.wait_for_end().unwrap(), Ended::Exited(7));
        assert_eq!(process.ended().unwrap(), Some(Ended::Unknown));
        process.signal(libc::SIGKILL).unwrap();
    }

    #[test]
    fn a_process_that_lives_can_be_signalled() {
        let process = start("read line");
        assert_eq!(process.ended().unwrap(), None);
        process.signal(libc::SIGKILL).unwrap();
        assert_eq!(
            process.wait_for_end().unwrap(),
            Ended::Signaled(libc::SIGKILL)
        );
    }
}
