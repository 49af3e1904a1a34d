//! The Linux futex: sleep while a word holds a value, wake who sleeps on it.
//!
//! Two kinds: private ones, whose key is an address of this process, and shared ones (`…_shared`), whose
//! key is a place in a file that several processes have mapped.
//!
//! A private wake takes a raw pointer on purpose. Whoever completes a word and then wakes its sleepers may find
//! that a waiter saw the new value without sleeping, returned, and freed or recycled the memory. That is
//! sound: a private wake uses the address as a key for the kernel's hash table and reads nothing from it,
//! in user space or in the kernel. At worst another word lives there by now and its sleeper wakes for no
//! reason, which every user of a futex must expect anyway.

use super::FutexWait;
use super::atomic::AtomicU32;
use std::io::Error;
use std::ptr;
use std::time::Instant;

/// Sleeps while `*word == expected`, until a wake, a signal, or the deadline.
///
/// A deadline that has passed is [`FutexWait::TimedOut`] without a system call; one that is too far away
/// for the kernel's clock is none. `TimedOut` is never reported before the deadline.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    sleep(word, expected, deadline, libc::FUTEX_PRIVATE_FLAG)
}

/// As [`wait`], on a word that other processes have mapped, too. The mapping may be read-only.
pub fn wait_shared(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    sleep(word, expected, deadline, 0)
}

fn sleep(word: &AtomicU32, expected: u32, deadline: Option<Instant>, kind: i32) -> FutexWait {
    loop {
        let until = match deadline.map(monotonic) {
            None | Some(Until::Never) => None,
            Some(Until::At(at)) => Some(at),
            Some(Until::Passed) => return FutexWait::TimedOut,
        };
        // SAFETY: the word outlives the call, which is borrowed; the time is null or points to a valid
        // timespec; FUTEX_WAIT_BITSET ignores the second address.
        let r = unsafe {
            libc::syscall(
                libc::SYS_futex,
                ptr::from_ref(word),
                libc::FUTEX_WAIT_BITSET | kind,
                expected,
                until.as_ref().map_or(ptr::null(), ptr::from_ref),
                ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if r == 0 {
            return FutexWait::Woken;
        }
        let error = Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::EAGAIN) => FutexWait::Changed,
            Some(libc::EINTR) => FutexWait::Interrupted,
            Some(libc::ETIMEDOUT) => {
                // The kernel's deadline was computed from two readings of the clock and can be early by
                // the time between them.
                if deadline.is_some_and(|d| Instant::now() < d) {
                    continue;
                }
                FutexWait::TimedOut
            }
            _ => panic!("futex wait failed: {error}"),
        };
    }
}

/// Wakes one thread that sleeps on the word at this address, if there is one.
#[inline]
pub fn wake_one(word: *const AtomicU32) {
    wake(word, 1, libc::FUTEX_PRIVATE_FLAG);
}

/// Wakes every thread that sleeps on the word at this address.
#[inline]
pub fn wake_all(word: *const AtomicU32) {
    wake(word, i32::MAX, libc::FUTEX_PRIVATE_FLAG);
}

/// Wakes every thread of any process that sleeps on the word of a file that is mapped at this address.
#[inline]
pub fn wake_all_shared(word: *const AtomicU32) {
    wake(word, i32::MAX, 0);
}

fn wake(word: *const AtomicU32, n: i32, kind: i32) {
    // SAFETY: a private wake dereferences nothing (see the head of this file), a shared one looks up
    // which file is mapped there; any address will do.
    let r = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | kind, n) };
    if r < 0 {
        let error = Error::last_os_error();
        // EFAULT: the memory is gone. EINVAL: a lock of another kind (priority-inheriting) lives at the
        // address by now. Either way our sleeper has left.
        assert!(
            matches!(error.raw_os_error(), Some(libc::EFAULT | libc::EINVAL)),
            "futex wake failed: {error}"
        );
    }
}

enum Until {
    Passed,
    At(libc::timespec),
    Never,
}

/// The instant on the kernel's monotonic clock. `Instant` is that clock but does not say its value, so
/// the distance from now is added to a reading taken just before.
fn monotonic(deadline: Instant) -> Until {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is valid for the write of one timespec.
    let r = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    assert_eq!(r, 0, "no monotonic clock: {}", Error::last_os_error());
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Until::Passed;
    }
    let mut nsec = now.tv_nsec + libc::c_long::from(left.subsec_nanos() as i32);
    let carry = nsec >= 1_000_000_000;
    if carry {
        nsec -= 1_000_000_000;
    }
    i64::try_from(left.as_secs())
        .ok()
        .and_then(|secs| now.tv_sec.checked_add(secs))
        .and_then(|secs| secs.checked_add(i64::from(carry)))
        .map_or(Until::Never, |tv_sec| {
            Until::At(libc::timespec {
                tv_sec,
                tv_nsec: nsec,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::atomic::Ordering::{Acquire, Release};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn another_value_is_changed() {
        let word = AtomicU32::new(1);
        assert_eq!(wait(&word, 0, None), FutexWait::Changed);
        let late = Instant::now() + Duration::from_secs(3600);
        assert_eq!(wait(&word, 0, Some(late)), FutexWait::Changed);
    }

    #[test]
    fn a_passed_deadline_times_out() {
        let word = AtomicU32::new(0);
        assert_eq!(wait(&word, 0, Some(Instant::now())), FutexWait::TimedOut);
    }

    #[test]
    fn a_timeout_is_never_early() {
        let word = AtomicU32::new(0);
        for micros in [1, 20, 300, 2000] {
            let deadline = Instant::now() + Duration::from_micros(micros);
            while wait(&word, 0, Some(deadline)) != FutexWait::TimedOut {}
            assert!(Instant::now() >= deadline);
        }
    }

    #[test]
    fn a_deadline_beyond_the_clock_is_none() {
        let word = AtomicU32::new(1);
        // The largest instant that `Instant` itself can say; the word differs, so nothing sleeps.
        let mut far = Instant::now();
        for bit in (0..64).rev() {
            far = far
                .checked_add(Duration::from_secs(1 << bit))
                .unwrap_or(far);
        }
        assert_eq!(wait(&word, 0, Some(far)), FutexWait::Changed);
    }

    #[test]
    fn a_wake_of_no_word_is_tolerated() {
        wake_one(ptr::without_provenance(usize::MAX & !7));
        wake_all(ptr::without_provenance(8));
    }

    #[test]
    fn sleep_and_wake() {
        let word = Arc::new(AtomicU32::new(0));
        let other = Arc::clone(&word);
        let sleeper = std::thread::spawn(move || {
            while other.load(Acquire) == 0 {
                let _ = wait(&other, 0, None);
            }
        });
        word.store(1, Release);
        wake_all(&raw const *word);
        sleeper.join().unwrap();
    }
}
