//! Outcomes that wait for somebody to complete their tasks: what a dead worker had answered, and what became of its
//! other tasks.
//!
//! The supervisor puts them here, since it must not run code of the user. The attendant takes them; so does whoever
//! waits for a future of the pool, because the attendant may be held up by a callback.

use crate::error::TaskError;
use crate::future::task::{Ended, Task};
use crate::process::pool::finish::Finish;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering::*};
use std::collections::VecDeque;

pub enum Item {
    RecoveredReply(usize, RecoveredReply),
    Failed(Task, TaskError),
    /// All but the callbacks has been done.
    Ended(Ended),
}

/// A task that the dead worker had answered.
pub struct RecoveredReply {
    pub task: Task,
    pub finish: Finish,
    pub status: u32,
    pub bytes: Vec<u8>,
}

/// See the module.
pub struct Deferred {
    queue: Mutex<VecDeque<Item>>,
    /// How many there are; a hint.
    count: AtomicUsize,
}

impl Deferred {
    pub fn new() -> Self {
        Self {
            queue: Mutex::new(VecDeque::new()),
            count: AtomicUsize::new(0),
        }
    }

    fn push(&self, item: Item) {
        let mut queue = self.queue.lock();
        queue.push_back(item);
        // ORDERING: deferred.count Release -> pairs with deferred.look; written under the lock.
        self.count.store(queue.len(), Release);
    }

    /// The task failed. The caller wakes who may wait for it: the attendant, and the leader of its lane.
    pub fn push_failed(&self, task: Task, error: TaskError) {
        self.push(Item::Failed(task, error));
    }

    /// The worker of this lane had answered the task. As above.
    pub fn push_reply(&self, lane: usize, reply: RecoveredReply) {
        self.push(Item::RecoveredReply(lane, reply));
    }

    /// The task has an outcome. As above.
    pub fn push_ended(&self, ended: Ended) {
        self.push(Item::Ended(ended));
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: deferred.look Acquire -> pairs with deferred.count: who was woken for an item finds it.
        self.count.load(Acquire) == 0
    }

    /// The next one.
    pub fn pop(&self) -> Option<Item> {
        if self.is_empty() {
            return None;
        }
        let mut queue = self.queue.lock();
        let item = queue.pop_front();
        // ORDERING: deferred.taken Release -> as deferred.count.
        self.count.store(queue.len(), Release);
        item
    }
}
