//! The process pool as an [`Executor`].

use super::ProcessPool;
use crate::codec::{self, Frames};
use crate::error::{BoxError, ShutdownError, TaskError};
use crate::executor::{Chunk, Executor, Payload, Shutdown};
use crate::future::Future;
use crate::process::pool::call::RemoteCall;
use crate::process::pool::encode_each::{encode_each, is_unencodable};
use crate::process::pool::finish::finish_chunk;
use crate::process::pool::submit::{submit, submit_as};
use crate::process::wire::{attach, form};
use crate::process::worker::task_code;

/// A task captures nothing. The compiler checks this.
impl Executor for ProcessPool {
    #[inline]
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let _ = task;
        submit(&self.pool, &RemoteCall::submit::<F, A, R>(), &arg, None)
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        let _ = task;
        submit(
            &self.pool,
            &RemoteCall::try_submit::<F, A, R, E>(),
            &arg,
            None,
        )
    }

    fn submit_chunk<F, A, R>(&self, task: F, chunk: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let _ = task;
        let call = RemoteCall {
            entry: task_code::of_chunk::<F, A, R>(),
            finish: finish_chunk::<R>,
        };
        if form::is_plain::<A>() {
            let future = match codec::is_number::<A>() {
                true => submit_as(&self.pool, &call, &chunk, None),
                false => submit_as(&self.pool, &call, &Frames(&chunk), None),
            };
            if !is_unencodable(&future) {
                return future;
            }
        }
        let call = RemoteCall {
            entry: task_code::of_described_chunk::<F, A, R>(),
            finish: finish_chunk::<R>,
        };
        let (items, attachments) = attach::describing(|| encode_each(chunk));
        let future = submit_as(&self.pool, &call, &Frames(&items), None);
        attachments.tie_to(&future);
        future
    }

    fn workers(&self) -> usize {
        Self::workers(self)
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        Self::shutdown(self, how)
    }
}
