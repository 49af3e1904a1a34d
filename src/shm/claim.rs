//! The claim word: it decides whether the worker runs a task or the parent revokes it.
//!
//! # The word
//! There is one word for each slot. Bits 2 to 33 hold the number of the task, bits 0 and 1 hold `CLAIMED` or `REVOKED`. A
//! new file begins with 0. The value 0, and a word with the slot's previous number, say nothing about the current number:
//! the table calls both *older*.
//!
//! # States
//! | state | owner of the task |
//! |---|---|
//! | older | undecided: the worker may claim the task, the parent may revoke it |
//! | claimed | the worker: it has *begun* the task, runs it and replies |
//! | revoked | the parent: the worker skips the task |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | older | claimed | worker | [`claim`] | Release |
//! | older | revoked | parent | [`revoke`] | Relaxed |
//!
//! One compare-exchange decides. Neither side retries: the word changes only when one side gets the task. The parent
//! finds any other value only after a protocol violation of the worker.
//!
//! The claim does not publish the request. The commit of the request slot has done that, and the worker reads the request
//! after it has claimed the task. The claim is a Release because of the replies before it: the worker claims a task only
//! after it has replied to all earlier ones, so a thread that sees the claim sees those replies
//! ([`Locked::claimed_ahead`](super::Locked::claimed_ahead)).
//!
//! `// CRASH:` a worker that dies between its claim and its reply leaves that task in flight. A worker that dies before the
//! claim leaves none.
//!
//! # Guarantees
//! Both transitions are wait-free.
//!
//! Models: `verify/src/scenarios/lane_claim.rs`.

use super::{SLOTS, Seq};
use crate::sync::atomic::{AtomicU64, Ordering::*};

const CLAIMED: u64 = 0b01;
const REVOKED: u64 = 0b10;

fn word(seq: Seq, state: u64) -> u64 {
    u64::from(seq.0) << 2 | state
}

/// The worker claims the task. False: the parent has revoked it.
#[inline]
pub fn claim(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.old Relaxed: the exchange decides.
    let old = at.load(Relaxed);
    if old == word(seq, REVOKED) {
        return false;
    }
    // ORDERING: claim.claim Release -> pairs with claim.look: the replies before it.
    at.compare_exchange(old, word(seq, CLAIMED), Release, Relaxed)
        .is_ok()
}

/// The parent revokes the task. False: the worker has claimed it. `Err`: the word has an impossible value, this one.
pub fn revoke(at: &AtomicU64, seq: Seq) -> Result<bool, u64> {
    let decided = |now: u64| match now {
        now if now == word(seq, REVOKED) => Some(true),
        now if now == word(seq, CLAIMED) => Some(false),
        _ => None,
    };
    // ORDERING: claim.look-old Relaxed: the exchange decides.
    let old = at.load(Relaxed);
    if let Some(decided) = decided(old) {
        return Ok(decided);
    }
    if !is_older(old, seq) {
        return Err(old);
    }
    // ORDERING: claim.revoke Relaxed: the exchange decides and publishes nothing.
    match at.compare_exchange(old, word(seq, REVOKED), Relaxed, Relaxed) {
        Ok(_) => Ok(true),
        Err(now) => decided(now).ok_or(now),
    }
}

/// Has the worker claimed this task?
pub fn is_claimed(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look Acquire -> pairs with claim.claim: the replies before it.
    at.load(Acquire) == word(seq, CLAIMED)
}

/// Is the word as it was before this task was claimed or revoked? An impossible value counts as touched, so that the task
/// does not run again.
pub fn is_untouched(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look-older Relaxed: the worker is dead.
    is_older(at.load(Relaxed), seq)
}

/// Zero, or the claim of the slot's previous number.
fn is_older(now: u64, seq: Seq) -> bool {
    let older = Seq(seq.0.wrapping_sub(SLOTS as u32));
    now == 0 || now == word(older, CLAIMED) || now == word(older, REVOKED)
}

/// Marks the task as revoked in a new file, which no worker has yet.
pub fn begin_revoked(at: &AtomicU64, seq: Seq) {
    // ORDERING: claim.begin Relaxed: the worker gets the file later.
    at.store(word(seq, REVOKED), Relaxed);
}
