//! The only entry point to atomics, cells, threads, spin hints and futexes.
//!
//! One API, three flavours, chosen by `RUSTFLAGS`:
//!
//! | flavour | cfg              | what is behind it                                             |
//! |---------|------------------|---------------------------------------------------------------|
//! | std     | (none)           | `std` and the Linux futex, zero-cost wrappers                 |
//! | loom    | `raddle_loom`    | loom, each atomic with a schedule token, each site recorded   |
//! | shuttle | `raddle_shuttle` | shuttle, sequentially consistent, many threads                |
//!
//! With `raddle_delays`, the std flavour inserts random delays between its operations (`delays.rs`).
//!
//! Rules for writing a protocol:
//!
//! - `new` of atomics, cells and mutexes is `const` in the std flavour only, because loom's objects
//!   belong to one execution. A `static` that is not part of a protocol (a counter for names, a hook)
//!   uses [`unmodelled`], which is `std` in every flavour and invisible to the checkers.
//! - Thread-local keys are used only through `with` and `try_with`: the checkers offer no other methods.
//! - A model has no clock. A deadline passes when [`futex::wait`] returns [`FutexWait::TimedOut`], which is a choice of the
//!   checker. Do not ask the clock a second time.
//! - loom does not see the happens-before edges of `std::sync::Arc`. It sees those of [`Arc`].
//! - loom does not check that an atomic outlives its last access. In the loom flavour each atomic therefore has a stand-in
//!   for its memory: dropping the atomic before the last access on any thread is over fails the model.

// Each flavour offers the same items; not every flavour's users need all of them.
#![allow(dead_code, unused_imports)]
// This is the one module that may name what the lints forbid elsewhere.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

#[cfg(all(raddle_loom, raddle_shuttle))]
compile_error!("raddle_loom and raddle_shuttle exclude each other");

#[cfg_attr(raddle_loom, path = "loom.rs")]
#[cfg_attr(raddle_shuttle, path = "shuttle.rs")]
#[cfg_attr(not(any(raddle_loom, raddle_shuttle)), path = "std.rs")]
mod imp;

#[cfg_attr(raddle_loom, path = "futex_loom.rs")]
#[cfg_attr(raddle_shuttle, path = "futex_shuttle.rs")]
#[cfg_attr(not(any(raddle_loom, raddle_shuttle)), path = "futex.rs")]
pub mod futex;

#[cfg(raddle_loom)]
mod arc_loom;
#[cfg(raddle_delays)]
mod delays;
#[cfg(any(raddle_loom, raddle_shuttle))]
pub mod faults;
#[cfg(raddle_loom)]
pub mod sites;
pub mod spin;

#[cfg(raddle_loom)]
pub use imp::give_up;
pub(crate) use imp::thread_local;
pub use imp::{Arc, Mutex, MutexGuard, atomic, cell, flavour, hint, thread};

/// Is this build one of the checkers' flavours?
pub const MODEL: bool = cfg!(any(raddle_loom, raddle_shuttle));

/// A capacity, retry count or spin limit: `real` in the product, `model` under a checker.
#[must_use]
pub const fn bound(real: usize, model: usize) -> usize {
    if MODEL { model } else { real }
}

/// `std`'s atomics in every flavour, for statics that are not part of a protocol. The checkers do not see them, so no
/// thread's safety or progress may depend on them.
pub mod unmodelled {
    pub use std::sync::atomic::Ordering;

    // Aliases, not re-exports: the lint that forbids `std`'s atomics elsewhere checks what a path resolves to.
    pub type AtomicBool = std::sync::atomic::AtomicBool;
    pub type AtomicPtr<T> = std::sync::atomic::AtomicPtr<T>;
    pub type AtomicU32 = std::sync::atomic::AtomicU32;
    pub type AtomicU64 = std::sync::atomic::AtomicU64;
    pub type AtomicUsize = std::sync::atomic::AtomicUsize;
}

/// A word to sleep on, and the value that it holds while there is no reason to wake up.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    word: &'a atomic::AtomicU32,
    expected: u32,
    /// Other processes have the word mapped, too.
    is_shared: bool,
}

impl<'a> Watched<'a> {
    /// A word that only this process can write.
    pub fn own(word: &'a atomic::AtomicU32, expected: u32) -> Self {
        Self {
            word,
            expected,
            is_shared: false,
        }
    }

    /// A word that other processes have mapped, too. It lies in a shared file.
    pub fn shared(word: &'a atomic::AtomicU32, expected: u32) -> Self {
        Self {
            word,
            expected,
            is_shared: true,
        }
    }
}

/// The result of a futex wait. The word may have any value by now: the caller reads it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FutexWait {
    /// A wake consumed this waiter, or the wake-up was spurious.
    Woken,
    /// The word did not hold the expected value; the thread did not sleep.
    Changed,
    /// The deadline passed. Never returned before the deadline.
    TimedOut,
    /// A signal handler ran.
    Interrupted,
}
