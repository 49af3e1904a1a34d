//! The submitting side of a pool's maps: a function of the guest, called with each item of a chunk.

use crate::error::FunctionError;
use crate::function::{Named, Pool};
use crate::pool::WasmPool;
use raddle::executor::{Chunk, Submitter};
use raddle::{Future, TaskError, promise};
use raddle_guest::encoding::Encoding;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A function of a pool's guest, or why there is none.
pub struct Calls<'a> {
    pool: &'a WasmPool,
    function: Result<(u32, Encoding), FunctionError>,
}

impl<'a> Calls<'a> {
    pub fn of<A, R>(pool: &'a WasmPool, function: &impl Named<A, R>) -> Self {
        Self {
            pool,
            function: function.resolve(&Pool(pool.shared())),
        }
    }
}

impl<A, R> Submitter<A, R> for Calls<'_>
where
    A: Serialize + DeserializeOwned + Send + 'static,
    R: Serialize + DeserializeOwned + Send + 'static,
{
    fn workers(&self) -> usize {
        self.pool.workers()
    }

    fn submit(&self, chunk: Vec<A>) -> Future<Chunk<R>> {
        match &self.function {
            Ok((number, encoding)) => self.pool.task().submit_chunk(*number, *encoding, chunk),
            Err(error) => {
                let (promise, future) = promise();
                let none = |_| Err(TaskError::Failed(Box::new(error.clone())));
                // The future is here, so the promise can be kept.
                let _ = promise.complete(Chunk::run(none, chunk));
                future
            }
        }
    }
}
