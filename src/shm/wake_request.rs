//! "I am about to sleep: call me." Answered once for each time that it is said.
//!
//! # The word
//! Bit 0: wanted. Bits 1 to 7 stay as they were when the file began. The rest counts the wishes.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | any | wanted, counted | who will sleep | [`WakeRequest::post`] | Relaxed, then a fence |
//! | wanted | not wanted | who has slept | [`WakeRequest::withdraw`] | Relaxed |
//!
//! Who sleeps reads the bell, makes a wish, looks whether there is something, and if not sleeps unless the
//! bell has changed. Who brings something brings it, passes a fence, and looks for a wish
//! ([`WakeRequest::look`]). Of the two fences one is first, so the sleeper sees what was brought or the other sees
//! the wish. A wish that has been answered need not be answered again: the answer changed the bell
//! after the sleeper had read it, and a new sleep needs a new wish.
//! Models: `verify/src/scenarios/lane_bells.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*, fence};

const WANTED: u32 = 0b1;
/// The lowest bit of the count: the bits below stay.
const STEP: u32 = 0b1_0000_0000;

#[repr(transparent)]
pub struct WakeRequest(AtomicU32);

impl WakeRequest {
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// The first state in a new file. Wishes of one generation are none of another's, as far as its lowest bits say.
    pub fn begin(&self, generation: u32) {
        // ORDERING: wake_request.begin Relaxed: before anybody has the file who could make a wish.
        self.0.swap((generation << 1) & (STEP - 1), Relaxed);
    }

    /// For the one who sleeps: says so. Looks for what it waits for after this.
    pub fn post(&self) {
        // ORDERING: wake_request.make Relaxed: the fence orders it; the exchange sees the newest count.
        let mut now = self.0.load(Relaxed);
        let new = |now: u32| now.wrapping_add(STEP) | WANTED;
        // ORDERING: wake_request.count Relaxed: as above.
        while let Err(newer) = self
            .0
            .compare_exchange_weak(now, new(now), Relaxed, Relaxed)
        {
            now = newer;
        }
        // WAKE: the other end is `look`, after a fence of its own.
        // ORDERING: wake_request.sleeper-fence SeqCst -> pairs with the fence before `look`.
        fence(SeqCst);
    }

    /// For the one who slept.
    pub fn withdraw(&self) {
        // ORDERING: wake_request.withdraw Relaxed: a call that comes for nothing does no harm.
        self.0.fetch_and(!WANTED, Relaxed);
    }

    /// For the one who has brought something and has passed a fence since: the wish, if there is one.
    #[inline]
    pub fn look(&self) -> Option<u32> {
        // ORDERING: wake_request.look Relaxed: after a fence that pairs with wake_request.sleeper-fence.
        let now = self.0.load(Relaxed);
        (now & WANTED != 0).then_some(now)
    }

    /// A guess.
    pub fn is_posted(&self) -> bool {
        // ORDERING: wake_request.guess Relaxed: a hint.
        self.0.load(Relaxed) & WANTED != 0
    }
}
