//! The process pool keeps the contract of every executor.

use super::ProcessPool;
use super::answer::{finish_bytes, finish_chunk, finish_value};
use super::entry;
use super::form;
use super::in_place::{BytesIn, BytesOut};
use super::submit::{Call, submit, submit_as};
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::executor::{Chunk, Executor, Payload, Shutdown};
use crate::future::Future;
use crate::process::codec::{self, Frames};
use crate::process::sift::{is_unwritten, sift};

impl Call {
    /// A task of `submit`.
    #[inline]
    pub fn submit<F, A, R>() -> Self
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        Self {
            entry: entry::of_submit::<F, A, R>(),
            finish: finish_value::<R>,
        }
    }

    /// A task of `try_submit`.
    #[inline]
    pub fn try_submit<F, A, R, E>() -> Self
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        Self {
            entry: entry::of_try_submit::<F, A, R, E>(),
            finish: finish_value::<R>,
        }
    }

    /// A task of `submit_bytes`.
    pub fn bytes<F>() -> Self
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        Self {
            entry: entry::of_bytes::<F>(),
            finish: finish_bytes,
        }
    }

    /// A task of `try_submit_bytes`.
    pub fn try_bytes<F, E>() -> Self
    where
        F: Fn(BytesIn<'_>) -> Result<BytesOut<'_>, E> + Copy + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        Self {
            entry: entry::of_try_bytes::<F, E>(),
            finish: finish_bytes,
        }
    }
}

/// A task here captures nothing; that is checked when the program is compiled.
impl Executor for ProcessPool {
    #[inline]
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let _ = task;
        submit(&self.pool, &Call::submit::<F, A, R>(), &arg, None)
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        let _ = task;
        submit(&self.pool, &Call::try_submit::<F, A, R, E>(), &arg, None)
    }

    fn submit_chunk<F, A, R>(&self, task: F, chunk: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let _ = task;
        let call = Call {
            entry: entry::of_chunk::<F, A, R>(),
            finish: finish_chunk::<R>,
        };
        if form::is_plain::<A>() {
            let future = match codec::is_number::<A>() {
                true => submit_as(&self.pool, &call, &chunk, None),
                false => submit_as(&self.pool, &call, &Frames(&chunk), None),
            };
            if !is_unwritten(&future) {
                return future;
            }
        }
        let call = Call {
            entry: entry::of_described_chunk::<F, A, R>(),
            finish: finish_chunk::<R>,
        };
        submit_as(&self.pool, &call, &Frames(&sift(chunk)), None)
    }

    fn workers(&self) -> usize {
        Self::workers(self)
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        Self::shutdown(self, how)
    }
}
