//! Who has a task: the worker, which is about to run it, or the parent, which has taken it back.
//!
//! # The word
//! Bits 2 to 33: the number. Bits 0 and 1: `CLAIMED` or `REVOKED`. What an older number left is no claim.
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | older | claimed | worker | [`claim`] | Relaxed |
//! | older | revoked | parent | [`revoke`] | Relaxed |
//!
//! One compare-exchange decides. Nothing else is published through the word: the request was published by
//! its own commit, and who runs it reads it after its claim.
//! `// CRASH:` a worker that dies after its claim and before its answer has this task on its conscience; one
//! that dies before the claim has none.
//! Models: `verify/models/lane_claim.rs`.

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
    settle(at, seq, CLAIMED)
}

/// The parent takes the task back. False: the worker has it.
pub fn revoke(at: &AtomicU64, seq: Seq) -> bool {
    settle(at, seq, REVOKED)
}

/// Has the worker taken this task?
pub fn is_claimed(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look Relaxed: says nothing about other memory.
    at.load(Relaxed) == word(seq, CLAIMED)
}

/// Is the word as it was before anybody had this task? What nobody writes there is no reason to run it again.
pub fn is_untouched(at: &AtomicU64, seq: Seq) -> bool {
    // ORDERING: claim.look-older Relaxed: the worker is dead.
    let now = at.load(Relaxed);
    let older = Seq(seq.0.wrapping_sub(SLOTS as u32));
    now == 0 || now == word(older, CLAIMED) || now == word(older, REVOKED)
}

/// Writes the word of a file that no worker has yet.
pub fn begin_revoked(at: &AtomicU64, seq: Seq) {
    // ORDERING: claim.begin Relaxed: the worker gets the file later.
    at.store(word(seq, REVOKED), Relaxed);
}

fn settle(at: &AtomicU64, seq: Seq, state: u64) -> bool {
    // ORDERING: claim.old Relaxed: the exchange decides.
    let mut now = at.load(Relaxed);
    loop {
        if now == word(seq, CLAIMED) || now == word(seq, REVOKED) {
            return now == word(seq, state);
        }
        // ORDERING: claim.settle Relaxed: decides and publishes nothing.
        match at.compare_exchange_weak(now, word(seq, state), Relaxed, Relaxed) {
            Ok(_) => return true,
            Err(newer) => now = newer,
        }
    }
}
