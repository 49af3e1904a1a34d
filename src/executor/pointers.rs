//! References to executors, and boxes and `Arc`s of them, are executors.

use super::{Chunk, Executor, Payload, Shutdown};
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::future::Future;
use std::sync::Arc;

macro_rules! executor_behind {
    ($($pointer:ty),+) => {$(
        impl<X: Executor + ?Sized> Executor for $pointer {
            #[inline]
            fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
            where
                F: Fn(A) -> R + Copy + Send + 'static,
                A: Payload,
                R: Payload,
            {
                (**self).submit(task, arg)
            }

            fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
            where
                F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
                A: Payload,
                R: Payload,
                E: Into<BoxError> + 'static,
            {
                (**self).try_submit(task, arg)
            }

            fn submit_chunk<F, A, R>(&self, task: F, args: Vec<A>) -> Future<Chunk<R>>
            where
                F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
                A: Payload,
                R: Payload,
            {
                (**self).submit_chunk(task, args)
            }

            fn workers(&self) -> usize {
                (**self).workers()
            }

            fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
                (**self).shutdown(how)
            }
        }
    )+};
}

executor_behind!(&X, Box<X>, Arc<X>);
