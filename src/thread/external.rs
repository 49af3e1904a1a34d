//! External joiners: threads that take part in a join without being a worker. They come from outside of the pool, or
//! have lost their worker token to a spare while they were blocked.
//!
//! # The words
//! `slots`: as many slots for shared jobs as there are workers, each null or one job. More slots would not find a worker with
//! time for their jobs. No joiner owns a slot: it puts its job into any empty one, by the exchange from null to the job, and the
//! exchange back, by the owner of the job or a thief, frees the slot for the next joiner (the table of transitions is in
//! `join/shared_job.rs`). The argument in `shared_job.rs` about a thief that finds another job at the same address
//! covers these slots, too.
//!
//! `count`: how many external joiners are at work.
//!
//! # No wake-up is lost
//! A joiner that finds no empty slot keeps its job in its list and tries again at its next poll; nothing depends on the
//! job being seen. One that has shared its job may not poll again before this job is done. So a worker that has announced its
//! park looks at the count and the slots ([`ExternalJoiners::look`]). A joiner that comes too late for this look finds the
//! announcement.
//! Models: `verify/src/scenarios/join.rs`.

use super::join::shared_job::SharedJob;
use crate::sync::atomic::{AtomicU32, Ordering::*};
use crossbeam_utils::CachePadded;

/// See the module.
pub struct ExternalJoiners {
    slots: Box<[CachePadded<SharedJob>]>,
    count: CachePadded<AtomicU32>,
}

impl ExternalJoiners {
    pub fn new(workers: usize) -> Self {
        Self {
            slots: (0..workers)
                .map(|_| CachePadded::new(SharedJob::new()))
                .collect(),
            count: CachePadded::new(AtomicU32::new(0)),
        }
    }

    pub fn slots(&self) -> impl Iterator<Item = &SharedJob> {
        self.slots.iter().map(|slot| &**slot)
    }

    /// An external joiner begins to work, or goes on after a wait. Called by the joiner.
    pub fn enter(&self) {
        // ORDERING: external_joiners.enter Acquire -> pairs with external_joiners.look: a park that was announced before.
        self.count.fetch_add(1, Acquire);
    }

    /// An external joiner is done, or waits for a thief. Called by the joiner.
    pub fn leave(&self) {
        // ORDERING: external_joiners.leave Relaxed: a hint.
        self.count.fetch_sub(1, Relaxed);
    }

    /// For a worker that has announced its park: is there a shared job? It cannot miss one whose owner did not see the
    /// announcement.
    pub fn look(&self) -> bool {
        // ORDERING: external_joiners.look Release -> pairs with external_joiners.enter: our announcement. It adds zero, so that
        // it reads the newest count.
        self.count.fetch_add(0, Release) > 0 && self.slots().any(SharedJob::look)
    }

    /// How many external joiners are at work. A hint.
    pub fn count(&self) -> usize {
        // ORDERING: external_joiners.count Relaxed: a hint.
        self.count.load(Relaxed) as usize
    }
}
