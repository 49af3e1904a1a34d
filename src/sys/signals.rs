//! What signals do to this process: a signal that a call would raise is not for the program to see, and a new process
//! begins with none of its parent's arrangements.

use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};

fn empty() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: makes an empty set of what it is given.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it was just filled in.
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
    // SAFETY: fills the set that it is given; then looks into it.
    unsafe { libc::sigpending(&raw mut set) == 0 && libc::sigismember(&raw const set, signal) == 1 }
}

/// Makes a call that may raise this signal for its thread: nobody will see it. One that waited before goes on waiting.
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
            // The one of this thread comes before those of the process.
            let now = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // SAFETY: reads a set and a time; there is no need to know more of the signal.
            unsafe { libc::sigtimedwait(&raw const set, null_mut(), &raw const now) };
        }
        // SAFETY: reads the set that was filled in above.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const before, null_mut()) };
    }
    result
}

/// No signal is blocked, and each does what it does in a process that knows nothing of signals. For a fresh process,
/// which has inherited what its parent blocked and ignored.
pub fn reset() {
    // SAFETY: a struct of numbers and a null pointer, which stands for the default.
    let mut default: libc::sigaction = unsafe { std::mem::zeroed() };
    default.sa_sigaction = libc::SIG_DFL;
    for signal in 1..=libc::SIGRTMAX() {
        let mut now = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: fills the struct that it is given. What nobody can change (SIGKILL, the C library's own) is refused.
        let asked = unsafe { libc::sigaction(signal, null(), now.as_mut_ptr()) };
        // A handler was set by this process itself.
        // SAFETY: zero, or filled in.
        if asked == 0 && unsafe { now.assume_init() }.sa_sigaction == libc::SIG_IGN {
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
    fn a_signal_that_a_call_raises_is_not_seen() {
        // Its default would end this process.
        without(libc::SIGUSR2, || {
            // SAFETY: a signal for this thread alone.
            unsafe { libc::raise(libc::SIGUSR2) };
        });
        assert!(!is_pending(libc::SIGUSR2));
    }

    #[test]
    fn a_signal_that_waited_before_goes_on_waiting() {
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
