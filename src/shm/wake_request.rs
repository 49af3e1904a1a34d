//! The wake request: a thread that is about to sleep asks the other side for one notification.
//!
//! It is one half of an event count (Reed & Kanodia, "Synchronization with Eventcounts and Sequencers"). The other half is
//! the *event word*, a counter on which the waiter sleeps.
//!
//! # The word
//! | bits | hold |
//! |---|---|
//! | 0 | `WANTED`: a notification is wanted |
//! | 1 to 7 | the generation of the file, fixed when the file begins |
//! | 8 to 31 | how many requests have been posted |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | any | wanted, counted | waiter, before its sleep | [`WakeRequest::post`] | Relaxed, then a `SeqCst` fence |
//! | wanted | not wanted | waiter, after its sleep | [`WakeRequest::withdraw`] | Relaxed |
//!
//! # The two scripts
//! The waiter:
//! 1. read the event word;
//! 2. post a wake request, which ends with a `SeqCst` fence;
//! 3. check whether there is something to do;
//! 4. if not, sleep unless the event word has changed since step 1;
//! 5. withdraw the request.
//!
//! The notifier:
//! 1. write what the waiter waits for;
//! 2. pass a `SeqCst` fence;
//! 3. look for a request ([`WakeRequest::look`]);
//! 4. if there is one that it has not notified yet, change the event word and wake its sleepers.
//!
//! # Why no wake is lost
//! One of the two fences comes first in their total order.
//! - The notifier's fence is first: the waiter's check (step 3) sees what was written, and the waiter does not sleep.
//! - The waiter's fence is first: the notifier's look (step 3) sees the request. It changes the event word, so the
//!   waiter wakes up or does not fall asleep.
//!
//! One notification for each request is enough. It changed the event word after the waiter had read that word, and each
//! new sleep posts a new request. The count tells a new request from one that was notified already.
//!
//! Lock-free.
//!
//! Models: `verify/src/scenarios/lane_wake.rs`.

use crate::sync::atomic::{AtomicU32, Ordering::*, fence};

const WANTED: u32 = 0b1;
/// The lowest bit of the count. The bits below it never change.
const STEP: u32 = 0b1_0000_0000;

#[repr(transparent)]
pub struct WakeRequest(AtomicU32);

impl WakeRequest {
    pub fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Sets the first state in a new file. The lowest bits of the generation tell its requests from those of other
    /// generations.
    pub fn begin(&self, generation: u32) {
        // ORDERING: wake_request.begin Relaxed: before a worker has the file and could post a request.
        self.0.swap((generation << 1) & (STEP - 1), Relaxed);
    }

    /// For the waiter: asks for a notification. The waiter checks its condition after this, and before it sleeps.
    pub fn post(&self) {
        // ORDERING: wake_request.read Relaxed: the fence below orders it; the exchange sees the newest count.
        let mut now = self.0.load(Relaxed);
        let new = |now: u32| now.wrapping_add(STEP) | WANTED;
        // ORDERING: wake_request.post Relaxed: as above.
        while let Err(newer) = self
            .0
            .compare_exchange_weak(now, new(now), Relaxed, Relaxed)
        {
            now = newer;
        }
        // WAKE: the other end is `look`, after a fence of the notifier.
        // ORDERING: wake_request.fence SeqCst -> pairs with the notifier's fence before `look`: lane.publish-fence,
        // lane.release-fence or reply.fence.
        fence(SeqCst);
    }

    /// For the waiter, after its sleep: no notification is needed any more.
    pub fn withdraw(&self) {
        // ORDERING: wake_request.withdraw Relaxed: a needless notification does no harm.
        self.0.fetch_and(!WANTED, Relaxed);
    }

    /// For the notifier, after it has written what the waiter waits for and passed a fence: the request, if there is one.
    #[inline]
    pub fn look(&self) -> Option<u32> {
        // ORDERING: wake_request.look Relaxed: after a fence that pairs with wake_request.fence.
        let now = self.0.load(Relaxed);
        (now & WANTED != 0).then_some(now)
    }

    /// Is there a request? A guess.
    pub fn is_posted(&self) -> bool {
        // ORDERING: wake_request.hint Relaxed: a hint.
        self.0.load(Relaxed) & WANTED != 0
    }
}
