//! [`WasmPool`]. It and its builder import each other: each makes the other. So do it and its task builder, and the calls of its maps.

use crate::builder::WasmPoolBuilder;
use crate::calls::Calls;
use crate::error::FunctionError;
use crate::function::{self, BytesFunction, Function, Named};
use crate::module::Module;
use crate::task_builder::TaskBuilder;
use crate::worker::{Shared, Worker};
use raddle::executor::{Map, MapUnordered, Submitter};
use raddle::isolate::Stats;
use raddle::{Future, IsolatePool, Shutdown, ShutdownError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A pool whose workers have an instance of a WebAssembly guest each. See the [crate](crate).
///
/// Dropping a pool drains and joins it: everything accepted is done first. While a panic unwinds, what has not started is cancelled instead.
/// A task that never ends keeps the pool from ending, unless it has a time limit
/// ([`task_timeout`](WasmPoolBuilder::task_timeout)) or is [killed](Future::kill).
pub struct WasmPool {
    isolates: IsolatePool<Worker>,
    shared: Arc<Shared>,
    task_timeout: Option<Duration>,
}

impl WasmPool {
    /// Returns a builder with default settings.
    pub fn builder() -> WasmPoolBuilder {
        WasmPoolBuilder::new()
    }

    pub(crate) fn from_parts(
        isolates: IsolatePool<Worker>,
        shared: Arc<Shared>,
        task_timeout: Option<Duration>,
    ) -> Self {
        Self {
            isolates,
            shared,
            task_timeout,
        }
    }

    /// Finds a function of the guest by its name, and checks its types once.
    ///
    /// `A` and `R` have to look to serde as the guest's types do: the names of fields and variants count, the names of types do
    /// not. Where a type does not let its shape be seen (`serde_json::Value`, an untagged enum), it is accepted.
    ///
    /// # Errors
    /// [`FunctionError`]: there is no such function, or its types are others.
    pub fn function<A, R>(&self, name: &str) -> Result<Function<A, R>, FunctionError>
    where
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        function::find(&self.shared, name)
    }

    /// Finds a function of the guest that takes bytes and returns bytes, without an encoding.
    ///
    /// # Errors
    /// [`FunctionError`]: there is no such function, or it takes values.
    pub fn bytes_function(&self, name: &str) -> Result<BytesFunction, FunctionError> {
        function::find_bytes(&self.shared, name)
    }

    /// The names of the guest's functions.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.shared
            .tasks()
            .entries
            .iter()
            .map(|entry| entry.name.as_str())
    }

    /// Queues a call of a guest's function, which is a [`Function`] or a name, and returns at once. The future may be dropped: the call
    /// is made all the same.
    ///
    /// Blocks only if the pool has a `queue_limit` that blocks.
    ///
    /// What goes wrong in the guest is [`TaskError::Failed`] with a [`GuestError`](crate::GuestError). A name that the guest does not have, or
    /// types that it does not take, are [`TaskError::Failed`] with a [`FunctionError`]. Refusals are [`TaskError::Rejected`], as for
    /// [`IsolatePool::submit_with`].
    pub fn submit<A, R>(&self, function: impl Named<A, R>, arg: A) -> Future<R>
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
    {
        self.task().submit(function, arg)
    }

    /// Queues a call of a function that takes bytes and returns bytes: they are copied into the guest's memory, and the result out of it.
    /// Errors as [`submit`](Self::submit).
    pub fn submit_bytes(&self, function: &BytesFunction, arg: Vec<u8>) -> Future<Vec<u8>> {
        self.task().submit_bytes(function, arg)
    }

    /// Begins a task with a name or a time limit.
    pub fn task(&self) -> TaskBuilder<'_> {
        TaskBuilder::new(self)
    }

    /// Calls a function with each argument and returns an iterator over the outcomes, in the order of the arguments. It is lazy and bounded, and
    /// `next` blocks: see [`Map`].
    ///
    /// If the pool has a [`task_timeout`](WasmPoolBuilder::task_timeout), arguments travel one by one, so that each call has that time. With
    /// [`chunk`](Map::chunk) it is the time of a whole chunk.
    ///
    /// ```no_run
    /// use raddle_wasm::WasmPool;
    ///
    /// let pool = WasmPool::builder().file("guest.wasm").workers(4).build()?;
    /// let double = pool.function::<u64, u64>("double")?;
    /// let doubled: Result<Vec<u64>, _> = pool.map(&double, 0..100).collect();
    /// assert_eq!(doubled?.len(), 100);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn map<A, R, I>(
        &self,
        function: impl Named<A, R>,
        args: I,
    ) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = A>,
    {
        let map = Map::with(Calls::of(self, &function), args);
        match self.task_timeout {
            Some(_) => map.chunk(1),
            None => map,
        }
    }

    /// As [`map`](Self::map), with the outcomes as they become ready, each with the index of its argument: see [`MapUnordered`].
    pub fn map_unordered<A, R, I>(
        &self,
        function: impl Named<A, R>,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        A: Serialize + DeserializeOwned + Send + 'static,
        R: Serialize + DeserializeOwned + Send + 'static,
        I: IntoIterator<Item = A>,
    {
        let map = MapUnordered::with(Calls::of(self, &function), args);
        match self.task_timeout {
            Some(_) => map.chunk(1),
            None => map,
        }
    }

    /// Returns the module that the workers run.
    pub fn module(&self) -> &Module {
        &self.shared.module
    }

    /// Returns how many workers the pool has.
    pub fn workers(&self) -> usize {
        self.isolates.workers()
    }

    /// Returns the pool's name.
    pub fn name(&self) -> &str {
        self.isolates.name()
    }

    /// Returns a snapshot of what the pool has done so far.
    pub fn stats(&self) -> Stats {
        self.isolates.stats()
    }

    /// Stops accepting tasks, without waiting for the end.
    pub fn close(&self, how: Shutdown) {
        self.isolates.close(how);
    }

    /// Stops accepting tasks, and blocks until everything accepted is over and every thread has ended. It may be called again.
    ///
    /// # Errors
    /// As [`IsolatePool::shutdown`].
    pub fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.isolates.shutdown(how)
    }

    /// As [`shutdown`](Self::shutdown), but blocks for at most `limit`.
    ///
    /// # Errors
    /// As [`IsolatePool::shutdown_timeout`].
    pub fn shutdown_timeout(&self, how: Shutdown, limit: Duration) -> Result<(), ShutdownError> {
        self.isolates.shutdown_timeout(how, limit)
    }

    pub(crate) fn isolates(&self) -> &IsolatePool<Worker> {
        &self.isolates
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn task_timeout(&self) -> Option<Duration> {
        self.task_timeout
    }
}

impl fmt::Debug for WasmPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmPool")
            .field("module", &self.shared.module.name())
            .field("isolates", &self.isolates)
            .finish_non_exhaustive()
    }
}
