//! Waiting for descriptors (`epoll`), and a descriptor to be woken by (`eventfd`).

use super::descriptor;
use super::refusal::refused;
use crate::sync::atomic::AtomicU32;
use crate::sync::futex;
use std::io::{self, Error};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

pub use event::Event;

fn check(result: libc::c_int, call: &str) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(refused(call)(Error::last_os_error()))
    } else {
        Ok(result)
    }
}

fn was_interrupted() -> bool {
    Error::last_os_error().kind() == io::ErrorKind::Interrupted
}

/// How long to pause if the system does not allow waiting for descriptors.
const NAP: Duration = Duration::from_millis(1);

#[cold]
fn nap(deadline: Option<Instant>) {
    let soon = Instant::now() + NAP;
    let until = deadline.map_or(soon, |deadline| deadline.min(soon));
    // WAKE: there is no other end: the word is local, and the deadline ends the wait.
    futex::wait(&AtomicU32::new(0), 0, Some(until));
}

/// A set of descriptors to wait for, each with a number that the caller chose.
#[derive(Debug)]
pub struct Poller(OwnedFd);

impl Poller {
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers.
        let fd = check(
            unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) },
            "epoll_create1",
        )?;
        Ok(Self(descriptor::own(fd)?))
    }

    /// Adds a descriptor: it counts as ready when it is readable, or when its other end is closed.
    pub fn add(&self, fd: &impl AsFd, number: u64) -> io::Result<()> {
        self.add_for(libc::EPOLLIN as u32, fd, number)
    }

    /// Adds an event that another process has, too. It counts as ready once for each notification (edge-triggered), and is
    /// never drained: the other process could make the read block.
    pub fn add_foreign(&self, event: &Event, number: u64) -> io::Result<()> {
        self.add_for((libc::EPOLLIN | libc::EPOLLET) as u32, event, number)
    }

    fn add_for(&self, events: u32, fd: &impl AsFd, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events,
            u64: number,
        };
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: the event is read within the call.
        let added =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &raw mut event) };
        check(added, "epoll_ctl")?;
        Ok(())
    }

    /// Removes a descriptor. Call this before the descriptor is closed: a copy of it in a child would keep it in the set.
    pub fn remove(&self, fd: &impl AsFd) {
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: the call reads no event. It fails only if the descriptor is not in the set, which is the wanted state.
        unsafe {
            libc::epoll_ctl(
                self.0.as_raw_fd(),
                libc::EPOLL_CTL_DEL,
                fd,
                std::ptr::null_mut(),
            )
        };
    }

    /// Sleeps until a descriptor is ready, a signal handler ran, or the deadline passed. Returns the numbers of the ready
    /// descriptors, at most 64 of them. None: the system does not allow waiting, and any descriptor may be ready.
    pub fn wait(&self, deadline: Option<Instant>) -> Option<Vec<u64>> {
        let timeout = deadline.map_or(-1, |deadline| {
            // Rounded up, because after an early wake-up the caller would only wait again.
            let left = deadline.saturating_duration_since(Instant::now());
            let left = left + Duration::from_nanos(999_999);
            left.as_millis().try_into().unwrap_or(libc::c_int::MAX)
        });
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let fd = self.0.as_raw_fd();
        // SAFETY: the array has space for 64 events.
        let mut count = unsafe { libc::epoll_wait(fd, events.as_mut_ptr(), 64, timeout) };
        if count < 0 && !was_interrupted() {
            // A seccomp filter may allow only one of the two calls.
            // SAFETY: as above; without a signal mask the two calls do the same.
            count = unsafe {
                libc::epoll_pwait(fd, events.as_mut_ptr(), 64, timeout, std::ptr::null())
            };
            if count < 0 && !was_interrupted() {
                nap(deadline);
                return None;
            }
        }
        let count = usize::try_from(count).unwrap_or(0);
        Some(events[..count].iter().map(|event| event.u64).collect())
    }
}

#[cfg(not(any(raddle_loom, raddle_shuttle)))]
mod event {
    use super::check;
    use crate::sys::descriptor;
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, OwnedFd};

    /// An eventfd: it is readable after it has been notified, until it is drained.
    #[derive(Debug)]
    pub struct Event(OwnedFd);

    impl Event {
        pub fn new() -> io::Result<Self> {
            // SAFETY: no pointers.
            let fd = check(
                unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) },
                "eventfd2",
            )?;
            Ok(Self(descriptor::own(fd)?))
        }

        /// Makes the event readable.
        pub fn notify(&self) {
            let one = 1u64;
            // SAFETY: 8 bytes, as the kernel demands. It fails only if the count is at its maximum, and then it is readable.
            unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
        }

        /// Takes all notifications: the event is no longer readable.
        pub fn drain(&self) {
            let mut count = 0u64;
            // SAFETY: space for 8 bytes. It fails only if there was no notification.
            unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
        }
    }

    impl AsFd for Event {
        fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
            self.0.as_fd()
        }
    }
}

#[cfg(any(raddle_loom, raddle_shuttle))]
mod event {
    use crate::sync::atomic::{AtomicU32, Ordering::*};
    use crate::sync::{Arc, futex};
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    /// The event under a checker. Clones share one word, which stands for the poller that waits for the events.
    #[derive(Clone)]
    pub struct Event(Arc<AtomicU32>);

    impl Event {
        #[allow(clippy::unnecessary_wraps)]
        pub fn new() -> io::Result<Self> {
            Ok(Self(Arc::new(AtomicU32::new(0))))
        }

        pub fn notify(&self) {
            // ORDERING: event.notify Release -> pairs with event.seen: as a write to a descriptor.
            self.0.fetch_add(1, Release);
            // WAKE: the other end is `wait`.
            futex::wake_all(&raw const *self.0);
        }

        pub fn drain(&self) {}

        /// How many notifications there have been.
        pub fn seen(&self) -> u32 {
            // ORDERING: event.seen Acquire -> pairs with event.notify: all writes before it.
            self.0.load(Acquire)
        }

        /// Sleeps until there is a notification after `seen`.
        pub fn wait(&self, seen: u32) {
            while self.seen() == seen {
                // WAKE: the other end is `notify`.
                let _ = futex::wait(&self.0, seen, None);
            }
        }
    }

    impl AsFd for Event {
        fn as_fd(&self) -> BorrowedFd<'_> {
            unreachable!("under a checker an event has no descriptor")
        }
    }
}
