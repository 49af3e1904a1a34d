//! Who has a task: the worker, which is about to run it, or the parent, which has taken it back.
//!
//! # The word
//! Bits 2 to 33: the number. Bits 0 and 1: `CLAIMED` or `REVOKED`. What an older number left is no claim.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | older | claimed | worker | [`claim`] | Release |
//! | older | revoked | parent | [`revoke`] | Relaxed |
//!
//! One compare-exchange decides. The request is not published through the word: that was done by its own commit, and who
//! runs it reads it after its claim. But a worker claims what is next when it has answered all before, so who sees
//! the claim sees those answers ([`Locked::claimed_ahead`](super::Locked::claimed_ahead)). Neither side tries twice: what the word was at first it
//! is until one of them has the task. The parent finds anything else only if the worker is wild.
//! `// CRASH:` a worker that dies after its claim and before its answer has this task on its conscience; one
//! that dies before the claim has none.
//! Models: `verify/src/scenarios/lane_claim.rs`.

use super::{SLOTS, Seq};
use crate::sync::atomic::{AtomicU64, Ordering::*};

const CLAIMED: u64 = 0b01;
const REVOKED: u64 = 0b10;

fn word(seq: Seq, state: u64) -> u64 {
    u64::from(seq.0) << 2 | state
}

/// The worker takes the task. False: the parent has taken it back.
#[inline]
pub fn claim(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.old Relaxed: the exchange decides.
    let old = at.load(Relaxed);
    if old == word(seq, REVOKED) {
        return false;
    }
    // ORDERING: claim.claim Release -> pairs with claim.look: the answers before it.
    at.compare_exchange(old, word(seq, CLAIMED), Release, Relaxed)
        .is_ok()
}

/// The parent takes the task back. False: the worker has it. `Err`: what the worker has written there.
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
    // ORDERING: claim.revoke Relaxed: decides and publishes nothing.
    match at.compare_exchange(old, word(seq, REVOKED), Relaxed, Relaxed) {
        Ok(_) => Ok(true),
        Err(now) => decided(now).ok_or(now),
    }
}

/// Has the worker taken this task?
pub fn is_claimed(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look Acquire -> pairs with claim.claim: the answers before it.
    at.load(Acquire) == word(seq, CLAIMED)
}

/// Is the word as it was before anybody had this task? What nobody writes there is no reason to run it again.
pub fn is_untouched(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look-older Relaxed: the worker is dead.
    is_older(at.load(Relaxed), seq)
}

/// Nothing yet, or what became of the number that had the slot before.
fn is_older(now: u64, seq: Seq) -> bool {
    let older = Seq(seq.0.wrapping_sub(SLOTS as u32));
    now == 0 || now == word(older, CLAIMED) || now == word(older, REVOKED)
}

/// Writes the word of a file that no worker has yet.
pub fn begin_revoked(at: &AtomicU64, seq: Seq) {
    // ORDERING: claim.begin Relaxed: the worker gets the file later.
    at.store(word(seq, REVOKED), Relaxed);
}
