//! The worker's side of a lane: takes requests, runs their tasks, answers.

use crate::error::BoxError;
use crate::executor::Payload;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// One request while it is being served.
pub struct Call<'a> {
    lane: PhantomData<&'a ()>,
}

impl Call<'_> {
    /// Decodes the argument, runs the task, answers. Whatever of that panics is the answer, too.
    pub fn serve<A: DeserializeOwned, R: Serialize>(
        &mut self,
        task: impl FnOnce(A) -> Result<R, BoxError>,
    ) {
        let _ = task;
        todo!()
    }
}
