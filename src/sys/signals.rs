//! Signal masks and dispositions: hides a signal that a system call raises, and resets what a new process has inherited from
//! its parent.

use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: initialises the set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was just initialised.
    unsafe { set.assume_init() }
}

fn only(signal: libc::c_int) -> libc::sigset_t {
    let mut set = empty();
    // SAFETY: a set of ours.
    unsafe { libc::sigaddset(&raw mut set, signal) };
    set
}

fn is_pending(signal: libc::c_int) -> bool {
    let mut set = empty();
    // SAFETY: fills a set of ours, then reads it.
    unsafe { libc::sigpending(&raw mut set) == 0 && libc::sigismember(&raw const set, signal) == 1 }
}

/// Runs `call`, which may raise this signal for the calling thread, and discards that signal. A signal that was pending
/// before stays pending.
pub fn without<R>(signal: libc::c_int, call: impl FnOnce() -> R) -> R {
    let set = only(signal);
    let mut before = empty();
    // SAFETY: reads one set and fills the other; only this thread's mask changes.
    let blocked =
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) == 0 };
    let waited = is_pending(signal);
    let result = call();
    if blocked {
        if !waited && is_pending(signal) {
            // A signal that is pending for the thread is taken before one that is pending for the process.
            let now = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // SAFETY: reads a set and a time; the null pointer means that the signal's details are not wanted.
            unsafe { libc::sigtimedwait(&raw const set, null_mut(), &raw const now) };
        }
        // SAFETY: reads the set that was filled in above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut()) };
    }
    result
}

/// Unblocks all signals and sets ignored ones to their default action. For a fresh process, which inherits the signals that
/// its parent blocked and ignored.
pub fn reset() {
    // SAFETY: a struct of numbers and pointers, for which zero is a value.
    let mut default: libc::sigaction = unsafe { std::mem::zeroed() };
    default.sa_sigaction = libc::SIG_DFL;
    for signal in 1..=libc::SIGRTMAX() {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: fills the struct that it is given. It fails for the C library's internal signals.
        let result = unsafe { libc::sigaction(signal, null(), now.as_mut_ptr()) };
        // Handlers are left alone: they are not inherited, so this process has set them itself.
        // SAFETY: zeroed or filled in, and both are valid.
        if result == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN {
            // SAFETY: reads the struct.
            unsafe { libc::sigaction(signal, &raw const default, null_mut()) };
        }
    }
    let none = empty();
    // SAFETY: reads the set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, null_mut()) };
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_a_call_raises_is_discarded() {
        // The default action would end this process.
        without(libc::SIGUSR2, || {
            // SAFETY: a signal for this thread alone.
            unsafe { libc::raise(libc::SIGUSR2) };
        });
        assert!(!is_pending(libc::SIGUSR2));
    }

    #[test]
    fn a_signal_that_was_pending_before_stays_pending() {
        let set = only(libc::SIGUSR2);
        // SAFETY: as above.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, null_mut()) };
        // SAFETY: a signal for this thread alone, which has blocked it.
        unsafe { libc::raise(libc::SIGUSR2) };
        without(libc::SIGUSR2, || {});
        assert!(is_pending(libc::SIGUSR2));
        // SAFETY: as above: this thread has it pending.
        unsafe { libc::sigtimedwait(&raw const set, null_mut(), null()) };
    }
}
