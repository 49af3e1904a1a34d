//! The interest flag of a lane: whether the completer listens to it.
//!
//! # The word
//! One `AtomicBool`. *Set*: the completer listens until the lane is empty. *Clear*: it does not listen.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | clear | set; the caller notifies the completer | a thread that adds a hook, drops a handle, or sleeps on a wait set | [`Interest::register`] | fence, Relaxed |
//! | set | clear, if the lane is still empty; else set again | the completer | [`Interest::try_clear`] | Relaxed, fence, check |
//!
//! # Guarantees
//! The completer handles each task that is in the lane when `register` is called for it. The registering thread publishes
//! the task, passes its fence, and then reads the flag; the completer clears the flag, passes its fence, and then checks the lane
//! (store, fence, load on both sides). One of the two fences comes first:
//! - The registering thread's fence: the completer's check finds the task, and it sets the flag again.
//! - The completer's fence: the registering thread finds the flag clear, sets it, and notifies the completer.
//!
//! Both methods are wait-free.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::sync::atomic::{AtomicBool, Ordering::*, fence};

/// What [`Interest::register`] found.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registered {
    /// The flag was clear: the caller has to notify the completer.
    First,
    /// The flag was set already.
    Already,
}

/// See the module.
pub struct Interest(AtomicBool);

impl Interest {
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets the flag. Called when the task is in the lane.
    #[inline]
    pub fn register(&self) -> Registered {
        // ORDERING: interest.register-fence SeqCst -> pairs with interest.clear-fence: the completer's check finds our task, or
        // our read finds the flag clear.
        fence(SeqCst);
        // ORDERING: interest.read Relaxed: after the fence.
        if self.0.load(Relaxed) {
            return Registered::Already;
        }
        // ORDERING: interest.register Relaxed: the flag publishes nothing; the task is in the lane.
        if self.0.swap(true, Relaxed) {
            Registered::Already
        } else {
            Registered::First
        }
    }

    pub fn is_set(&self) -> bool {
        // ORDERING: interest.is-set Relaxed: as interest.register.
        self.0.load(Relaxed)
    }

    /// Clears the flag, unless the lane is not empty any more (`false`). Called by the completer when it has found the lane empty.
    #[must_use]
    pub fn try_clear(&self, is_empty: impl Fn() -> bool) -> bool {
        // ORDERING: interest.clear Relaxed: the fence orders it.
        self.0.swap(false, Relaxed);
        // ORDERING: interest.clear-fence SeqCst -> pairs with interest.register-fence.
        fence(SeqCst);
        if is_empty() {
            return true;
        }
        // ORDERING: interest.again Relaxed: as interest.register.
        self.0.swap(true, Relaxed);
        false
    }
}
