//! The only door to atomics, cells, threads, spin hints and futexes.
//!
//! One API, three flavours, chosen by `RUSTFLAGS`:
//!
//! | flavour | cfg              | what is behind it                                             |
//! |---------|------------------|---------------------------------------------------------------|
//! | std     | (none)           | `std` and the Linux futex, zero-cost wrappers                 |
//! | loom    | `raddle_loom`    | loom, each atomic with a schedule token, each site recorded   |
//! | shuttle | `raddle_shuttle` | shuttle, sequentially consistent, many threads                |
//!
//! With `raddle_delays` beside it, the std flavour is slow now and then between any two of its operations (`delays.rs`).
//!
//! What a writer of a protocol should know:
//!
//! - `new` of atomics, cells and mutexes is `const` in the std flavour only, because loom's objects
//!   belong to one execution. A `static` that is no part of a protocol (a counter for names, a hook)
//!   uses [`unmodelled`], which is `std` in every flavour and invisible to the checkers.
//! - Thread-local keys are used through `with` and `try_with`: the checkers have nothing else.
//! - Under a model nothing can be known about time. A deadline passes when [`futex::wait`] says
//!   [`FutexWait::TimedOut`], which is a choice of the checker; do not ask the clock a second time.
//! - loom does not see the happens-before of `std::sync::Arc`; [`Arc`] is the one that it sees.
//! - To loom an atomic has no end. Here each has a stand-in for its memory: one that ends before the last access to it is
//!   over, on whatever thread, is a failure.

// The door offers the same items in every flavour; not every flavour's users need each of them.
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

/// `std`'s atomics in every flavour, for statics that are no part of a protocol. Nothing that another
/// thread's safety or progress depends on may use them: no checker sees them.
pub mod unmodelled {
    pub use std::sync::atomic::Ordering;

    // Aliases and not re-exports: the lint that guards the door looks at what a path names.
    pub type AtomicBool = std::sync::atomic::AtomicBool;
    pub type AtomicPtr<T> = std::sync::atomic::AtomicPtr<T>;
    pub type AtomicU32 = std::sync::atomic::AtomicU32;
    pub type AtomicU64 = std::sync::atomic::AtomicU64;
    pub type AtomicUsize = std::sync::atomic::AtomicUsize;
}

/// A word to sleep on, and what it holds as long as there is nothing to wake up for.
#[derive(Clone, Copy)]
pub struct Watched<'a> {
    word: &'a atomic::AtomicU32,
    expected: u32,
    /// Other processes have mapped it, too.
    is_shared: bool,
}

impl<'a> Watched<'a> {
    /// A word that this process alone can write.
    pub fn own(word: &'a atomic::AtomicU32, expected: u32) -> Self {
        Self {
            word,
            expected,
            is_shared: false,
        }
    }

    /// A word that other processes have mapped, too.
    pub fn shared(word: &'a atomic::AtomicU32, expected: u32) -> Self {
        Self {
            word,
            expected,
            is_shared: true,
        }
    }
}

/// What a futex wait came back with. The word can have any value by now: the caller reads it again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FutexWait {
    /// A wake was spent on this thread, or the kernel woke it for no reason of ours.
    Woken,
    /// The word did not hold the expected value; the thread did not sleep.
    Changed,
    /// The deadline passed; never reported before it has.
    TimedOut,
    /// A signal handler ran.
    Interrupted,
}
