//! The ends of a queue that the maker has sent to guests: one word for each.
//!
//! # The word
//! | bits | hold |
//! |---|---|
//! | 0 to 21 | the guest that has the end |
//! | 22, 23 | the state |
//! | 24 | `TIED`: the task that the end was sent with is not over |
//! | 25 | `RECEIVER`: it is a receiver |
//!
//! # States
//! | state | the end | counts as an end |
//! |---|---|---|
//! | free (the word is 0) | there is none | no |
//! | sent | is in the argument of a task | yes |
//! | held | is a guest's | yes |
//! | done | was dropped by a guest whose task is not over | no |
//!
//! # Transitions
//! | from | to | by | method | ordering |
//! |---|---|---|---|---|
//! | free | sent, tied | maker | [`Ends::offer`] | Relaxed |
//! | sent or done, tied | held, tied | the guest that decodes the argument | [`Ends::accept`] | Relaxed |
//! | held, tied | done, tied | the guest, when it drops the end | [`Ends::leave`] | Release |
//! | held | free | the guest, when it drops the end | [`Ends::leave`] | Release |
//! | sent or done, tied | free | maker, when the task is over | [`Ends::untie`] | Release |
//! | held, tied | held | maker, when the task is over | [`Ends::untie`] | Release |
//! | held, tied, by a dead guest | sent, tied: the task may run again | maker | [`Ends::abandon`] | Release |
//! | held, by a dead guest | free | maker | [`Ends::abandon`] | Release |
//! | impossible | free | maker | [`Ends::abandon`] | Release |
//!
//! # Who finds that a kind has no end any more
//! Each process that takes an end away passes a `SeqCst` fence and then looks at all ends ([`Ends::any`]). Of two that take the last two
//! ends away, the one with the later fence sees both gone. The maker offers an end only while it has one of that kind itself. The look
//! begins with the maker's own ends: if it has none, no end is added afterwards.

use super::lock::Holder;
use crate::sync::atomic::{AtomicU32, Ordering::*, fence};

const HOLDER: u32 = 0x003f_ffff;
const STATE: u32 = 0x00c0_0000;
const SENT: u32 = 0x0040_0000;
const HELD: u32 = 0x0080_0000;
const DONE: u32 = 0x00c0_0000;
const TIED: u32 = 0x0100_0000;
const RECEIVER: u32 = 0x0200_0000;
const FREE: u32 = 0;

/// Which kind of end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sender,
    Receiver,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Sender, Self::Receiver];

    fn bit(self) -> u32 {
        match self {
            Self::Sender => 0,
            Self::Receiver => RECEIVER,
        }
    }

    /// The bit in makers.
    fn maker(self) -> u32 {
        1 << self as u32
    }
}

/// The words of the ends.
pub struct Ends<'a> {
    /// The kinds of which the maker has ends.
    pub makers: &'a AtomicU32,
    /// How many words were ever used.
    pub used: &'a AtomicU32,
    pub words: &'a [AtomicU32],
}

impl Ends<'_> {
    /// Sets the kinds of which the maker has ends: both at the beginning, and fewer later.
    pub fn set_makers(&self, kinds: &[Kind]) {
        let bits = kinds.iter().fold(0, |bits, kind| bits | kind.maker());
        // ORDERING: ends.unmake Release -> pairs with ends.makers: the ends that were offered before.
        self.makers.swap(bits, Release);
    }

    /// The maker sends an end with a task. `may_use` says whether the maker has a word in no other use. `None`: all words are in use.
    pub fn offer(&self, kind: Kind, may_use: impl Fn(usize) -> bool) -> Option<usize> {
        let sent = SENT | TIED | kind.bit();
        let index = (0..self.words.len()).find(|&index| {
            // ORDERING: ends.offer Relaxed: the request, and ends.unmake, publish the end.
            may_use(index)
                && self.words[index]
                    .compare_exchange(FREE, sent, Relaxed, Relaxed)
                    .is_ok()
        })?;
        // ORDERING: ends.used Relaxed: published as the end.
        self.used.fetch_max(index as u32 + 1, Relaxed);
        Some(index)
    }

    /// A guest takes the end of a task's argument. False: there is no such end for it.
    #[must_use]
    pub fn accept(&self, index: usize, kind: Kind, me: u32) -> bool {
        let Some(word) = self.words.get(index) else {
            return false;
        };
        let held = HELD | TIED | kind.bit() | me;
        [SENT, DONE].into_iter().any(|state| {
            let from = state | TIED | kind.bit();
            // CRASH: before it the end is sent, after it the dead guest has it.
            // ORDERING: ends.accept Relaxed: the request has published the end.
            word.compare_exchange(from, held, Relaxed, Relaxed).is_ok()
        })
    }

    /// A guest drops its end.
    pub fn leave(&self, index: usize, me: u32) {
        self.change(index, |word| {
            (word & STATE == HELD && word & HOLDER == me).then_some(match word & TIED {
                0 => FREE,
                _ => DONE | TIED | word & RECEIVER,
            })
        });
    }

    /// The task that the end was sent with is over.
    pub fn untie(&self, index: usize) {
        self.change(index, |word| {
            Some(match word & STATE {
                HELD => word & !TIED,
                _ => FREE,
            })
        });
    }

    /// A guest is dead: its ends are given up. So are ends that cannot be: those of a process that `judge` does not know, and those that
    /// are tied to no task by `is_tied`.
    pub fn abandon(
        &self,
        dead: u32,
        is_tied: impl Fn(usize) -> bool,
        judge: impl Fn(u32) -> Holder,
    ) {
        // The last process that the judge was asked about, and the answer. The dead one may still look alive to it.
        let mut known = (dead, Holder::Gone);
        for index in 0..self.words.len() {
            let tied = is_tied(index);
            self.change(index, |word| {
                let holder = word & HOLDER;
                if word & STATE == HELD && holder != dead {
                    if known.0 != holder {
                        known = (holder, judge(holder));
                    }
                    if known.1 != Holder::Gone {
                        return None;
                    }
                }
                let after = match (word & STATE, tied) {
                    (FREE, _) | (_, false) => FREE,
                    (DONE, true) => return None,
                    (_, true) => SENT | TIED | word & RECEIVER,
                };
                (after != word).then_some(after)
            });
        }
    }

    /// Is there an end of this kind, the maker's or a guest's? The caller has taken one away.
    #[must_use]
    pub fn any(&self, kind: Kind) -> bool {
        // ORDERING: ends.gone SeqCst -> pairs with itself in the other process that takes an end away: of two, the later one
        // sees both gone.
        fence(SeqCst);
        // ORDERING: ends.makers Acquire -> pairs with ends.unmake: the ends that were offered before.
        if self.makers.load(Acquire) & kind.maker() != 0 {
            return true;
        }
        // ORDERING: ends.count Relaxed: as ends.makers.
        let used = self.used.load(Relaxed) as usize;
        self.words.iter().take(used).any(|word| {
            // ORDERING: ends.look Acquire -> pairs with ends.change: what the end's owner put before it dropped the end.
            let word = word.load(Acquire);
            matches!(word & STATE, SENT | HELD) && word & RECEIVER == kind.bit()
        })
    }

    /// Changes a word as `next` says; `None` leaves it.
    fn change(&self, index: usize, mut next: impl FnMut(u32) -> Option<u32>) {
        let Some(word) = self.words.get(index) else {
            return;
        };
        // ORDERING: ends.old Relaxed: the exchange decides.
        let mut now = word.load(Relaxed);
        while let Some(after) = next(now) {
            // CRASH: before it the end is as it was, after it the end is gone; recovery looks whether it was the last.
            // ORDERING: ends.change Release -> pairs with ends.look: what the end's owner put before.
            match word.compare_exchange_weak(now, after, Release, Relaxed) {
                Ok(_) => return,
                Err(newer) => now = newer,
            }
        }
    }
}
