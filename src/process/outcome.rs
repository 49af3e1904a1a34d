//! What a worker answers, and how the parent reads it.
//!
//! The status is the reply's small number. A value travels as itself; everything else as a text or a struct of texts, so
//! that it can be read whatever the task's types are.

use super::codec::{self, Part, PayloadError, Source};
use crate::error::{BoxError, PanicDetails, PanicReport, TaskError};
use crate::executor::Chunk;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What kind of answer a reply is. The number is what travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// The result, encoded.
    Value = 0,
    /// The task's own error: a [`Chain`].
    Failed = 1,
    /// It panicked: a [`Panic`].
    Panicked = 2,
    /// The argument could not be decoded, or the result not be encoded: a [`PayloadError`].
    Payload = 3,
    /// The entry is no code of the worker's program. Nothing follows.
    NoSuchCode = 4,
}

impl Status {
    /// None: the worker is wild.
    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::Value,
            Self::Failed,
            Self::Panicked,
            Self::Payload,
            Self::NoSuchCode,
        ]
        .into_iter()
        .find(|status| *status as u32 == number)
    }
}

/// Who answered: for the reports of panics, which the parent completes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The task's name, if it had one.
    pub task: Option<&'a str>,
    /// The worker's name.
    pub worker: &'a str,
}

/// In the parent: the outcome of `submit` and `try_submit`. Decoding runs code of the user: the caller
/// contains its panics.
pub fn value<R: DeserializeOwned>(
    status: Status,
    body: impl Source,
    asked: Asked<'_>,
) -> Result<R, TaskError> {
    match status {
        Status::Value => Ok(codec::read(Part::Result, body)?),
        failure => Err(error(failure, body, asked)),
    }
}

/// In the parent: the outcome of `submit_chunk`.
pub fn chunk<R: DeserializeOwned>(
    status: Status,
    body: impl Source,
    asked: Asked<'_>,
) -> Result<Chunk<R>, TaskError> {
    let outcomes: ChunkOutcomes<R> = value(status, body, asked)?;
    Ok(outcomes.into_chunk(asked))
}

#[cold]
fn error(status: Status, body: impl Source, asked: Asked<'_>) -> TaskError {
    let _ = (status, body, asked);
    todo!()
}

/// What travels back from a chunk.
#[derive(Serialize, Deserialize)]
pub struct ChunkOutcomes<R> {
    outcomes: Outcomes<R>,
    took: Duration,
}

#[derive(Serialize, Deserialize)]
enum Outcomes<R> {
    /// The usual case is one that the codec may copy as a whole.
    Values(Vec<R>),
    Mixed(Vec<Result<R, Failure>>),
}

/// A task's error on its way.
#[derive(Debug, Serialize, Deserialize)]
pub enum Failure {
    Failed(Chain),
    Panicked(Panic),
}

/// An error and its sources, each as a text.
#[derive(Debug, Serialize, Deserialize)]
pub struct Chain(Vec<String>);

/// What is known of a panic in the worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Panic {
    message: String,
    location: Option<String>,
    backtrace: Option<String>,
}

impl<R> ChunkOutcomes<R> {
    pub fn new(chunk: Chunk<R>) -> Self {
        let _ = chunk;
        todo!()
    }

    fn into_chunk(self, asked: Asked<'_>) -> Chunk<R> {
        let _ = asked;
        todo!()
    }
}
