//! A worker's shared half: its queues and counters, which other threads read, steal from or push to.
//!
//! The other half is [`super::worker::Worker`], the state of the thread that holds the worker's token. The words in here
//! have their protocols in their own modules.

use super::deque::Deque;
use super::handoff::HandoffSlot;
use super::injector::Injector;
use super::join::shared_job::SharedJob;
use super::stats::Counter;
use crate::executor::WorkerInfo;
use crate::future::raw_task::Header;
use crate::sync::atomic::AtomicU32;
use crossbeam_utils::CachePadded;

/// See the module. There is one for each worker, for as long as the pool lives.
pub struct WorkerShared {
    pub info: WorkerInfo,
    /// Tasks that its own tasks have spawned, and what it took from the injector or stole.
    pub deque: Deque<Header>,
    /// Tasks that only this worker may run.
    pub pinned: Injector<Header>,
    pub handoff: CachePadded<HandoffSlot<Header>>,
    /// The second half of a join, which another worker may take.
    pub shared_job: CachePadded<SharedJob>,
    /// The CPU core that the worker was on when it last opened its handoff slot, plus one.
    pub last_core: AtomicU32,
    /// Tasks that started here.
    pub started: Counter,
    /// Tasks that ended here.
    pub done: Counter,
    /// Tasks that started here and continue on threads that have lent the token.
    pub continued_elsewhere: Counter,
    pub stolen: Counter,
    pub parked: Counter,
}

impl WorkerShared {
    pub fn new(info: WorkerInfo, deque: Deque<Header>) -> Self {
        Self {
            info,
            deque,
            pinned: Injector::new(),
            handoff: CachePadded::new(HandoffSlot::new()),
            shared_job: CachePadded::new(SharedJob::new()),
            last_core: AtomicU32::new(0),
            started: Counter::new(),
            done: Counter::new(),
            continued_elsewhere: Counter::new(),
            stolen: Counter::new(),
            parked: Counter::new(),
        }
    }

    /// The holder of the token is about to lend it: the tasks that run here are counted as continued elsewhere. Returns how many.
    pub fn count_continued_elsewhere(&self) -> u64 {
        let running = self.started.get() - self.done.get() - self.continued_elsewhere.get();
        self.continued_elsewhere.add(running);
        running
    }
}
