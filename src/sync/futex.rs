//! The Linux futex: sleep while a word holds a value, and wake the threads that sleep on it.
//!
//! There are two kinds. The key of a private futex is an address of this process. The key of a shared futex (`…_shared`) is
//! an offset in a file that several processes have mapped.
//!
//! A private wake takes a raw pointer, because the word may be gone: after the completer has written the new value, a
//! waiter can see it without sleeping, return, and free or recycle the memory before the completer calls wake. That is
//! sound. A private wake uses the address only as a key for the kernel's hash table, and neither user space nor the kernel
//! reads the memory. At worst another word is there by now, and its waiter wakes up spuriously, which every user of a futex
//! must expect.

use super::atomic::AtomicU32;
use super::{FutexWait, Watched};
use std::io::Error;
use std::mem::MaybeUninit;
use std::ptr;
use std::time::{Duration, Instant};

/// Sleeps while `*word == expected`, until a wake, a signal, or the deadline.
///
/// If the deadline has passed already, this returns [`FutexWait::TimedOut`] without a system call. A deadline beyond the range of
/// the kernel's clock counts as no deadline. `TimedOut` is never returned before the deadline.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    sleep(word, expected, deadline, libc::FUTEX_PRIVATE_FLAG)
}

/// As [`wait`], on a word that other processes have mapped, too. The mapping may be read-only.
pub fn wait_shared(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    sleep(word, expected, deadline, 0)
}

fn sleep(word: &AtomicU32, expected: u32, deadline: Option<Instant>, kind: i32) -> FutexWait {
    let slept = sleep_until(deadline, |until| {
        // SAFETY: the word is borrowed, so it outlives the call; the time is null or points to a valid
        // timespec; FUTEX_WAIT_BITSET ignores the second address.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                ptr::from_ref(word),
                libc::FUTEX_WAIT_BITSET | kind,
                expected,
                until,
                ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        }
    });
    slept.unwrap_or_else(|error| panic!("futex wait failed: {error}"))
}

/// Makes a system call that sleeps until the deadline, and translates its result. Returns `Err` for any errno that does not
/// mean that the sleep ended.
fn sleep_until(
    deadline: Option<Instant>,
    call: impl Fn(*const libc::timespec) -> libc::c_long,
) -> Result<FutexWait, Error> {
    loop {
        let until = match deadline.map(monotonic) {
            None | Some(Until::Never) => None,
            Some(Until::At(at)) => Some(at),
            Some(Until::Passed) => return Ok(FutexWait::TimedOut),
        };
        if call(until.as_ref().map_or(ptr::null(), ptr::from_ref)) >= 0 {
            return Ok(FutexWait::Woken);
        }
        let error = Error::last_os_error();
        return Ok(match error.raw_os_error() {
            Some(libc::EAGAIN) => FutexWait::Changed,
            Some(libc::EINTR) => FutexWait::Interrupted,
            Some(libc::ETIMEDOUT) => {
                // The kernel's deadline was computed from two readings of the clock. It can be early by the time between
                // them.
                if deadline.is_some_and(|d| Instant::now() < d) {
                    continue;
                }
                FutexWait::TimedOut
            }
            _ => return Err(error),
        });
    }
}

/// How many words `futex_waitv` takes at most.
const MOST: usize = 128;

/// Sleeps while all words hold their expected values. A wake of any of them ends the sleep. So whatever other processes
/// write to shared words, a wake of this process's own words arrives.
///
/// Kernels before 5.16 cannot sleep on several words, and later kernels on at most 128. Where the kernel cannot do it, this
/// returns [`FutexWait::Woken`] after [`LONGEST`] at the latest, and the caller looks again.
pub fn wait_any(words: &[Watched<'_>], deadline: Option<Instant>) -> FutexWait {
    /// `struct futex_waitv`
    #[repr(C)]
    struct Word {
        value: u64,
        address: u64,
        flags: u32,
        reserved: u32,
    }
    /// The same number on all architectures.
    const FUTEX_WAITV: libc::c_long = 449;
    const U32: i32 = 2;
    if words.len() > MOST {
        return wait_piecemeal(words, deadline);
    }
    let mut list = [const { MaybeUninit::<Word>::uninit() }; MOST];
    for (entry, watched) in list.iter_mut().zip(words) {
        let kind = if watched.is_shared {
            0
        } else {
            libc::FUTEX_PRIVATE_FLAG
        };
        entry.write(Word {
            value: u64::from(watched.expected),
            address: ptr::from_ref(watched.word).expose_provenance() as u64,
            flags: (U32 | kind) as u32,
            reserved: 0,
        });
    }
    let slept = sleep_until(deadline, |until| {
        // SAFETY: that many entries were written; their words are borrowed and outlive the call; the time is null or points
        // to a valid timespec.
        unsafe {
            libc::syscall(
                FUTEX_WAITV,
                list.as_ptr(),
                words.len(),
                0,
                until,
                libc::CLOCK_MONOTONIC,
            )
        }
    });
    slept.unwrap_or_else(|_| wait_piecemeal(words, deadline))
}

/// How long [`wait_any`] can miss wakes of all words but one, where the kernel cannot sleep on several.
const LONGEST: Duration = Duration::from_millis(20);

/// Checks all words and sleeps on one of them, a shared one if there is one.
#[cold]
fn wait_piecemeal(words: &[Watched<'_>], deadline: Option<Instant>) -> FutexWait {
    for watched in words {
        // ORDERING: futex.own Relaxed: as the kernel compares it; the caller reads the word again.
        if watched.word.load(std::sync::atomic::Ordering::Relaxed) != watched.expected {
            return FutexWait::Changed;
        }
    }
    let soon = Instant::now().checked_add(LONGEST);
    let is_last = deadline.is_some_and(|deadline| soon.is_none_or(|soon| deadline <= soon));
    let until = if is_last { deadline } else { soon };
    let shared = words.iter().find(|watched| watched.is_shared);
    let slept = match shared.or(words.first()) {
        Some(watched) if watched.is_shared => wait_shared(watched.word, watched.expected, until),
        Some(watched) => wait(watched.word, watched.expected, until),
        None => unreachable!("a wait needs at least one word"),
    };
    match slept {
        FutexWait::TimedOut if !is_last => FutexWait::Woken,
        slept => slept,
    }
}

/// Wakes one of the threads that sleep on the word at this address, if there is one.
#[inline]
pub fn wake_one(word: *const AtomicU32) {
    wake(word, 1, libc::FUTEX_PRIVATE_FLAG);
}

/// Wakes every thread that sleeps on the word at this address.
#[inline]
pub fn wake_all(word: *const AtomicU32) {
    wake(word, i32::MAX, libc::FUTEX_PRIVATE_FLAG);
}

/// Wakes every thread, of any process, that sleeps on the word of the shared file mapped at this address.
#[inline]
pub fn wake_all_shared(word: *const AtomicU32) {
    wake(word, i32::MAX, 0);
}

fn wake(word: *const AtomicU32, n: i32, kind: i32) {
    // SAFETY: a private wake dereferences nothing (see the module text). A shared one looks up which file is mapped there.
    // Any address is allowed.
    let r = unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | kind, n) };
    if r < 0 {
        let error = Error::last_os_error();
        // EFAULT: the memory is gone. EINVAL: a priority-inheriting lock is at the address by now. In both cases our waiter
        // has left.
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

/// Converts an instant to the kernel's monotonic clock. `Instant` uses that clock but hides its value, so the time left
/// is added to a reading of the clock that was taken just before.
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
        // The latest instant that `Instant` can represent. The word differs, so the call does not sleep.
        let mut far = Instant::now();
        for bit in (0..64).rev() {
            far = far
                .checked_add(Duration::from_secs(1 << bit))
                .unwrap_or(far);
        }
        assert_eq!(wait(&word, 0, Some(far)), FutexWait::Changed);
    }

    #[test]
    fn two_words() {
        for wait in [wait_any, wait_piecemeal] {
            let (shared, own) = (AtomicU32::new(1), AtomicU32::new(2));
            let wait = |shared_value, own_value, deadline| {
                let words = [
                    Watched::own(&own, own_value),
                    Watched::shared(&shared, shared_value),
                ];
                wait(&words, deadline)
            };
            assert_eq!(wait(0, 2, None), FutexWait::Changed);
            assert_eq!(wait(1, 0, None), FutexWait::Changed);
            let deadline = Instant::now() + Duration::from_millis(1);
            while wait(1, 2, Some(deadline)) != FutexWait::TimedOut {}
            assert!(Instant::now() >= deadline);
            for (word, wake) in [
                (&shared, wake_all_shared as fn(*const AtomicU32)),
                (&own, wake_all),
            ] {
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        while shared.load(Acquire) + own.load(Acquire) == 3 {
                            let _ = wait(1, 2, None);
                        }
                    });
                    word.store(7, Release);
                    wake(word);
                });
                shared.store(1, Release);
                own.store(2, Release);
            }
        }
    }

    /// As many words as the kernel takes, and one more.
    #[test]
    fn many_words() {
        for count in [MOST, MOST + 1] {
            let words: Vec<AtomicU32> = (0..count).map(|_| AtomicU32::new(0)).collect();
            let all =
                || -> Vec<Watched<'_>> { words.iter().map(|word| Watched::own(word, 0)).collect() };
            let deadline = Instant::now() + Duration::from_millis(1);
            while wait_any(&all(), Some(deadline)) != FutexWait::TimedOut {}
            for word in &words {
                std::thread::scope(|scope| {
                    scope.spawn(|| {
                        while word.load(Acquire) == 0 {
                            let _ = wait_any(&all(), None);
                        }
                    });
                    word.store(1, Release);
                    wake_all(word);
                });
                word.store(0, Release);
            }
        }
    }

    #[test]
    fn a_wake_of_an_unmapped_address_is_tolerated() {
        wake_one(ptr::without_provenance(usize::MAX & !7));
        wake_all(ptr::without_provenance(8));
    }

    #[test]
    fn sleep_and_wake() {
        let word = Arc::new(AtomicU32::new(0));
        let other = Arc::clone(&word);
        let waiter = std::thread::spawn(move || {
            while other.load(Acquire) == 0 {
                let _ = wait(&other, 0, None);
            }
        });
        word.store(1, Release);
        wake_all(&raw const *word);
        waiter.join().unwrap();
    }
}
