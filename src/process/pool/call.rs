//! A task of a process pool without its argument: its code, and the function that completes it.

use crate::error::{BoxError, CodeError};
use crate::executor::Payload;
use crate::process::pool::finish::{Finish, finish_bytes, finish_value};
use crate::process::wire::in_place::{BytesIn, BytesOut};
use crate::process::worker::task_code;

/// A task without its argument.
pub struct RemoteCall {
    /// The offset of the task's code, or why a worker would not find it.
    pub entry: Result<u64, CodeError>,
    /// Completes the task with the worker's reply.
    pub finish: Finish,
}

impl RemoteCall {
    /// The same task, for an argument in the described form.
    pub fn described(&self) -> Self {
        Self {
            entry: self.entry.clone().map(task_code::described),
            finish: self.finish,
        }
    }

    /// A task of `submit`.
    #[inline]
    pub fn submit<F, A, R>() -> Self
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        Self {
            entry: task_code::of_submit::<F, A, R>(),
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
            entry: task_code::of_try_submit::<F, A, R, E>(),
            finish: finish_value::<R>,
        }
    }

    /// A task of `submit_bytes`.
    pub fn bytes<F>() -> Self
    where
        F: Fn(BytesIn<'_>) -> BytesOut<'_> + Copy + Send + 'static,
    {
        Self {
            entry: task_code::of_bytes::<F>(),
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
            entry: task_code::of_try_bytes::<F, E>(),
            finish: finish_bytes,
        }
    }
}
