//! Options of one task: its name and its time limit.

use crate::function::{self, BytesFunction, Named, Pool};
use crate::pool::WasmPool;
use crate::stop::Interrupted;
use crate::worker::Worker;
use raddle::executor::Chunk;
use raddle::{Future, TaskError, isolate, promise};
use raddle_guest::encoding::{Encoding, decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

/// Begins a task that may have a name and a time limit. Made by [`WasmPool::task`].
#[must_use = "nothing runs until a task is submitted with it"]
pub struct TaskBuilder<'a> {
    pool: &'a WasmPool,
    task: isolate::TaskBuilder<'a, Worker>,
}

impl<'a> TaskBuilder<'a> {
    pub(crate) fn new(pool: &'a WasmPool) -> Self {
        let task = pool.isolates().task();
        let task = match pool.task_timeout() {
            Some(limit) => task.timeout(limit),
            None => task,
        };
        Self { pool, task }
    }

    /// Sets the task's name, which stands in reports, `Debug` output and panic messages.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.task = self.task.name(name);
        self
    }

    /// Sets a time limit that starts now: the same as [`deadline`](Self::deadline) with the current time plus `limit`.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.task = self.task.timeout(limit);
        self
    }

    /// Sets the time at which the task is ended. If it has not started by then it never starts: a worker finds that out when it comes
    /// to the task. If it runs, the guest is stopped, at its next loop or call, or where it waits for a time or a socket, and its
    /// instance made anew. A system call in which the kernel blocks is waited for. The future ends with [`TaskError::TimedOut`]. A later call of this or of [`timeout`](Self::timeout) replaces an earlier one,
    /// and the pool's [`task_timeout`](crate::WasmPoolBuilder::task_timeout).
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.task = self.task.deadline(deadline);
        self
    }

    /// As [`WasmPool::submit`].
    pub fn submit<A, R>(self, function: impl Named<A, R>, arg: A) -> Future<R>
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        match function.resolve(&Pool(self.pool.shared())) {
            Ok((number, encoding)) => self.task.try_submit_with(
                move |worker, arg: A| {
                    worker.run(
                        number,
                        |out| encode(encoding, &arg, out),
                        |bytes| decode(encoding, bytes),
                    )
                },
                arg,
            ),
            Err(error) => failed(error),
        }
    }

    /// Calls a function with each item of a chunk of a map.
    pub(crate) fn submit_chunk<A, R>(
        self,
        number: u32,
        encoding: Encoding,
        chunk: Vec<A>,
    ) -> Future<Chunk<R>>
    where
        A: Serialize + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let task = move |worker: &mut Worker, chunk: Vec<A>| {
            let call = |arg: A| {
                let encode = |out: &mut Vec<u8>| encode(encoding, &arg, out);
                let done = worker.run(number, encode, |bytes| decode(encoding, bytes));
                done.map_err(|error| TaskError::Failed(Box::new(error)))
            };
            let done = Chunk::run(call, chunk);
            // An item may have been stopped. Then the error of all of them is the cause, which replaces this one.
            if isolate::interrupted() {
                return Err(Interrupted);
            }
            Ok(done)
        };
        self.task.try_submit_with(task, chunk)
    }

    /// As [`WasmPool::submit_bytes`].
    pub fn submit_bytes(self, function: &BytesFunction, arg: Vec<u8>) -> Future<Vec<u8>> {
        match function::resolve_bytes(function, self.pool.shared()) {
            Ok(number) => self.task.try_submit_with(
                move |worker, arg: Vec<u8>| {
                    worker.run_encoded(number, &arg, |bytes| Ok(std::mem::take(bytes)))
                },
                arg,
            ),
            Err(error) => failed(error),
        }
    }
}

/// A future that has failed.
fn failed<R>(error: impl Error + Send + Sync + 'static) -> Future<R> {
    let (promise, future) = promise();
    // The future is here, so the promise can be kept.
    let _ = promise.fail(TaskError::Failed(Box::new(error)));
    future
}

impl fmt::Debug for TaskBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskBuilder")
            .field("task", &self.task)
            .finish_non_exhaustive()
    }
}
