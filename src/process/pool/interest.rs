//! Whether the attendant listens to a lane.
//!
//! # The word
//! `engaged`: it listens until the lane is empty.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | not engaged | engaged; the caller rings the attendant | who adds a hook, drops a handle, or sleeps elsewhere | [`Interest::register`] | fence, Relaxed |
//! | engaged | not engaged, if the lane is empty | the attendant | [`Interest::try_clear`] | Relaxed, fence, look |
//!
//! # Guarantees
//! Whoever engages after he has put a task into the lane is heard: of the two fences one is first, so he finds the
//! attendant at rest and rings, or the attendant finds his task. Wait-free.
//! Models: `verify/src/scenarios/remote.rs`.

use crate::sync::atomic::{AtomicBool, Ordering::*, fence};

/// What [`Interest::register`] found.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Registered {
    /// The attendant has to be rung.
    First,
    Already,
}

/// See the module.
pub struct Interest(AtomicBool);

impl Interest {
    pub fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// From now on the attendant has to listen.
    #[inline]
    pub fn register(&self) -> Registered {
        // ORDERING: interest.engage-fence SeqCst -> pairs with interest.rest-fence: our task in the lane before
        // the look, or its end before theirs.
        fence(SeqCst);
        // ORDERING: interest.look Relaxed: after the fence.
        if self.0.load(Relaxed) {
            return Registered::Already;
        }
        // ORDERING: interest.engage Relaxed: the word says nothing but itself; what there is to hear lies in the lane.
        if self.0.swap(true, Relaxed) {
            Registered::Already
        } else {
            Registered::First
        }
    }

    pub fn is_set(&self) -> bool {
        // ORDERING: interest.engaged Relaxed: as interest.engage.
        self.0.load(Relaxed)
    }

    /// For the attendant, which has found the lane empty: it listens no more, unless the lane is not empty
    /// any more (false).
    #[must_use]
    pub fn try_clear(&self, is_empty: impl Fn() -> bool) -> bool {
        // ORDERING: interest.rest Relaxed: the fence orders it.
        self.0.swap(false, Relaxed);
        // ORDERING: interest.rest-fence SeqCst -> pairs with interest.engage-fence.
        fence(SeqCst);
        if is_empty() {
            return true;
        }
        // ORDERING: interest.again Relaxed: as interest.engage.
        self.0.swap(true, Relaxed);
        false
    }
}
