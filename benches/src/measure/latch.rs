//! Counting finished tasks without a handle, in the same way for every contender.
//!
//! Tasks come in groups with a counter each, so that two workers seldom write one line; the last task
//! of a group reports to the latch and the last group wakes the waiter. A counter holds the number
//! of its tasks in the upper half and the sum of their answers in the lower, so that counting also
//! checks the answers.

use crossbeam_utils::CachePadded;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::*};
use std::thread::{self, Thread};

/// Groups in a latch.
pub const GROUPS: usize = 1_000;

const ONE: u64 = 1 << 40;

/// See the module.
pub struct Latch {
    groups: Vec<CachePadded<AtomicU64>>,
    left: AtomicUsize,
    waiter: std::sync::Mutex<Option<Thread>>,
}

impl Latch {
    /// The latch of the program. One is enough: workloads run one after the other.
    pub fn get() -> &'static Latch {
        static LATCH: OnceLock<Latch> = OnceLock::new();
        LATCH.get_or_init(|| Latch {
            groups: (0..GROUPS).map(|_| CachePadded::default()).collect(),
            left: AtomicUsize::new(0),
            waiter: std::sync::Mutex::new(None),
        })
    }

    /// Sets the latch for `groups` groups; the calling thread is the one that will wait.
    pub fn set(&self, groups: usize) {
        assert!(groups <= GROUPS, "the latch has {GROUPS} groups");
        for group in &self.groups {
            group.store(0, Relaxed);
        }
        *self.waiter.lock().unwrap() = Some(thread::current());
        self.left.store(groups, Release);
    }

    /// One task of `group` is done with this answer; `of` tasks are in the group.
    #[inline]
    pub fn tick(&self, group: usize, of: u64, answer: u64) {
        debug_assert!(answer < ONE);
        let before = self.groups[group].fetch_add(ONE + answer, AcqRel);
        if before / ONE + 1 == of {
            self.group_done();
        }
    }

    #[cold]
    fn group_done(&self) {
        if self.left.fetch_sub(1, AcqRel) == 1 {
            let waiter = self.waiter.lock().unwrap().clone();
            waiter.expect("a latch is set before it is used").unpark();
        }
    }

    /// Sleeps until all groups are done and gives the sum of all answers.
    pub fn wait(&self) -> u64 {
        while self.left.load(Acquire) != 0 {
            thread::park();
        }
        self.groups
            .iter()
            .map(|group| group.load(Relaxed) % ONE)
            .sum()
    }
}
