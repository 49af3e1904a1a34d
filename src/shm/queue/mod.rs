//! A bounded queue in memory that several processes share: one *maker*, and *guests*, which the maker lets in.
//!
//! # The words
//! | word | holds |
//! |---|---|
//! | lock | the process that puts or gets, and how often the lock was taken: [`lock`] |
//! | `put`, `got` | how many items went in, and came out; the item of position `n` is in slot `n % bound` |
//! | state | bits that are set once: closed, no sender, no receiver, broken |
//! | makers | which kinds of ends the maker has |
//! | ends | one word for each end that was sent to a guest: [`ends`] |
//! | arrivals, departures | event words on which receivers and senders sleep: [`event`] |
//!
//! # Transitions
//! Each step commits with one operation on one word. So a process that dies at any instruction leaves the words whole.
//!
//! | step | by | commit | ordering |
//! |---|---|---|---|
//! | an item goes in | holder of the lock | `put` + 1, after the slot is written | Release |
//! | an item comes out | holder of the lock | `got` + 1, after the slot is read | Release |
//! | an end is sent, taken, dropped, given up | see [`ends`] | its word | |
//! | the maker's last end of a kind goes | maker | the kind's bit in makers | Release |
//! | the last end of a kind is gone | the process that finds it so | the kind's bit in state | Release |
//! | close | any | `CLOSED` in state | Release |
//! | the holder of the lock is dead | maker | the lock is free again | Release |
//!
//! # Owners
//! The slots and both positions belong to the holder of the lock. All other words are changed without the lock, by one
//! read-modify-write. The maker trusts none of them: it checks the positions and the length of an item, it copies an item before
//! it reads it, and it keeps in private memory which ends it has itself, which are under way, and whether it has closed the queue. What cannot be breaks the queue
//! ([`QueueViolation`]).
//!
//! # The death of a guest
//! The maker is told of each death ([`QueueSide::recover`]), before the process id can come again. It frees the lock if the dead
//! process had it, gives up its ends, and wakes every sleeper: the dead process may have owed a wake. Nothing there waits.
//! Sleepers are always woken all at once. A wake of one could reach a process that dies before it takes the item.
//!
//! # Guarantees
//! Put and get take the lock, so they block while another process is in the midst of one. All other steps are lock-free. A step that
//! finds no sleeper makes no system call.
//!
//! `docs/protocols/process-queue.md` has the argument. Models: `verify/src/scenarios/process_queue.rs` and `process_queue_death.rs`.

pub mod ends;
pub mod event;
pub mod lock;
mod side;
mod words;

pub use ends::Kind;
pub use event::Seen;
pub use lock::Holder;
pub use side::{Found, Put, QueueSide};
pub use words::{QueueWords, Shape};

/// What a process found in the queue's memory that no process of the protocol writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueViolation {
    /// More items came out than went in, or more are in it than it has room for.
    Positions,
    /// An item is longer than its slot.
    Length,
    /// A process has the lock for seconds, in which it had time to give it back.
    Holder,
    /// Another process found one of the above.
    Reported,
}

impl QueueViolation {
    const ALL: [Self; 4] = [Self::Positions, Self::Length, Self::Holder, Self::Reported];

    /// A number that is not 0.
    fn code(self) -> u32 {
        self as u32 + 1
    }

    fn of(code: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|violation| violation.code() == code)
    }
}

impl std::fmt::Display for QueueViolation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Positions => "its positions are impossible",
            Self::Length => "an item in it is longer than its slot",
            Self::Holder => "a process does not give its lock back",
            Self::Reported => "another process found its memory damaged",
        })
    }
}
