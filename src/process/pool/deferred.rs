//! The queue of deferred outcomes: the replies of a dead worker, failed tasks, and callbacks that still have to run.
//!
//! A thread that must not run code of the user puts them here: the supervisor, or a thread that holds replies of its own.
//! [`Pool::run_deferred`](crate::process::pool::shared::Pool::run_deferred) takes them. The completer calls it. So does each
//! thread that waits for a future of the pool, because a callback may hold up the completer, and a submitter that finds the pool closed,
//! because the completer may have ended.

use crate::error::TaskError;
use crate::future::task::{Ended, Task};
use crate::process::pool::finish::Finish;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicUsize, Ordering::*};
use std::collections::VecDeque;

pub enum Item {
    /// A reply of a dead worker, with the index of its lane.
    RecoveredReply(usize, RecoveredReply),
    /// A task that is to end with this error.
    Failed(Task, TaskError),
    /// A task that has its outcome; its callbacks have still to run.
    Ended(Ended),
}

/// A task with the reply that its worker committed before it died.
pub struct RecoveredReply {
    pub task: Task,
    pub finish: Finish,
    pub status: u32,
    pub bytes: Vec<u8>,
}

/// See the module.
pub struct Deferred {
    queue: Mutex<VecDeque<Item>>,
    /// The length of the queue; a hint.
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
        // ORDERING: deferred.count Release -> pairs with deferred.look: the item. Written under the lock.
        self.count.store(queue.len(), Release);
    }

    /// Adds a task that failed. The caller notifies the threads that may wait for it: the completer, and the task's lane.
    pub fn push_failed(&self, task: Task, error: TaskError) {
        self.push(Item::Failed(task, error));
    }

    /// Adds a reply of the lane's dead worker. The caller notifies as for [`push_failed`](Self::push_failed).
    pub fn push_reply(&self, lane: usize, reply: RecoveredReply) {
        self.push(Item::RecoveredReply(lane, reply));
    }

    /// Adds a task that has its outcome. The caller notifies as for [`push_failed`](Self::push_failed).
    pub fn push_ended(&self, ended: Ended) {
        self.push(Item::Ended(ended));
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        // ORDERING: deferred.look Acquire -> pairs with deferred.count: a thread that was woken for an item finds it.
        self.count.load(Acquire) == 0
    }

    /// Takes the oldest item. Each item goes to one thread.
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
