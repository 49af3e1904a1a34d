//! A process held by a descriptor, which cannot come to mean another one.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It left with this code.
    Exited(i32),
    /// This signal ended it.
    Signaled(i32),
    /// Somebody else took the status: the program ignores `SIGCHLD`, or waits for any child.
    Unknown,
}

/// A child of this process. The descriptor is readable when it has ended.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    fd: OwnedFd,
}

impl Process {
    /// Holds a child that nobody has waited for yet.
    pub fn open(pid: u32) -> io::Result<Self> {
        let _ = pid;
        todo!()
    }

    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a signal. Nothing happens if the process has ended.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let _ = signal;
        todo!()
    }

    /// How it ended, and lets the system forget it; none while it lives. Once it has answered, the
    /// next call answers [`Ended::Unknown`].
    pub fn ended(&self) -> io::Result<Option<Ended>> {
        todo!()
    }
}

impl AsFd for Process {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
