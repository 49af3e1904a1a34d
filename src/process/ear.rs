//! Whether the attendant listens to a lane.
//!
//! # The word
//! `engaged`: it listens until the lane is empty.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | not engaged | engaged; the caller rings the attendant | who adds a hook, drops a handle, or sleeps elsewhere | [`Ear::engage`] | fence, Relaxed |
//! | engaged | not engaged, if the lane is empty | the attendant | [`Ear::rest`] | Relaxed, fence, look |
//!
//! # Guarantees
//! Whoever engages after he has put a task into the lane is heard: of the two fences one is first, so he finds the
//! attendant at rest and rings, or the attendant finds his task. Wait-free.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::sync::atomic::{AtomicBool, Ordering::*, fence};

/// What [`Ear::engage`] found.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Engaged {
    /// The attendant has to be rung.
    Now,
    Already,
}

/// See the module.
pub struct Ear(AtomicBool);

impl Ear {
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// From now on the attendant has to listen.
    #[inline]
    pub fn engage(&self) -> Engaged {
        // ORDERING: ear.engage-fence SeqCst -> pairs with ear.rest-fence: our task in the lane before
        // the look, or its end before theirs.
        fence(SeqCst);
        // ORDERING: ear.look Relaxed: after the fence.
        if self.0.load(Relaxed) {
            return Engaged::Already;
        }
        // ORDERING: ear.engage Relaxed: the word says nothing but itself; what there is to hear lies in the lane.
        if self.0.swap(true, Relaxed) {
            Engaged::Already
        } else {
            Engaged::Now
        }
    }

    pub fn is_engaged(&self) -> bool {
        // ORDERING: ear.engaged Relaxed: as ear.engage.
        self.0.load(Relaxed)
    }

    /// For the attendant, which has found the lane empty: it listens no more, unless the lane is not empty
    /// any more (false).
    #[must_use]
    pub fn rest(&self, is_empty: impl Fn() -> bool) -> bool {
        // ORDERING: ear.rest Relaxed: the fence orders it.
        self.0.swap(false, Relaxed);
        // ORDERING: ear.rest-fence SeqCst -> pairs with ear.engage-fence.
        fence(SeqCst);
        if is_empty() {
            return true;
        }
        // ORDERING: ear.again Relaxed: as ear.engage.
        self.0.swap(true, Relaxed);
        false
    }
}
