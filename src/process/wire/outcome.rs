//! The content of a reply: the worker encodes it, and the parent decodes it.
//!
//! A reply has a [`Status`], which is a small number. A value is encoded as itself. Errors and panics are encoded as texts or
//! structs of texts, so the parent can decode them whatever the task's types are.

use crate::codec::{self, Description, Frames, Part, PayloadError, Source, Unread};
use crate::error::{PanicDetails, PanicReport, TaskError, Trace};
use crate::executor::Chunk;
use crate::future::panics;
use crate::report;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// The kind of a reply. Its number travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// The encoded result. (Zero is not used here: it is the lane's status of a skipped number.)
    Value = 1,
    /// The task returned an error: a [`Chain`].
    Failed = 2,
    /// The task panicked: a [`Panic`].
    Panicked = 3,
    /// The argument could not be decoded, or the result could not be encoded: a `PayloadError`.
    Payload = 4,
    /// The request's entry names no code of the worker's program. There is no payload.
    NoSuchCode = 5,
    /// The result, as a [`Description`]; of a chunk, [`DescribedOutcomes`].
    Described = 7,
}

/// The number of a reply whose result is the large argument itself, unchanged. The parent still has it where it wrote it. It is no
/// [`Status`]: the lane turns it into a [`Status::Value`].
pub const RETURNED: u32 = 6;

impl Status {
    /// The status with this number. `None`: the worker violated the protocol.
    pub fn from_number(number: u32) -> Option<Self> {
        [
            Self::Value,
            Self::Failed,
            Self::Panicked,
            Self::Payload,
            Self::NoSuchCode,
            Self::Described,
        ]
        .into_iter()
        .find(|status| *status as u32 == number)
    }
}

/// The task and the worker of a reply, for reports of panics: the parent adds both to the report.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutcomeContext<'a> {
    /// The task's name, if it had one.
    pub task: Option<&'a str>,
    /// The worker's name.
    pub worker: &'a str,
}

/// In the parent: decodes the outcome of `submit` and `try_submit`. Runs code of the user; the caller contains its panics.
pub fn value<R: Serialize + DeserializeOwned>(
    status: Status,
    body: impl Source,
    context: OutcomeContext<'_>,
) -> Result<R, TaskError> {
    match status {
        Status::Value => Ok(codec::read(Part::Result, body)?),
        Status::Described => {
            let description: Description = codec::read(Part::Result, body)?;
            Ok(description.read(Part::Result)?)
        }
        failure => Err(error(failure, body, context)),
    }
}

/// In the parent: decodes the outcome of `submit_chunk`. Runs code of the user.
pub fn chunk<R: Serialize + DeserializeOwned>(
    status: Status,
    body: impl Source,
    context: OutcomeContext<'_>,
) -> Result<Chunk<R>, TaskError> {
    match status {
        Status::Value => {}
        Status::Described => {
            let sent: DescribedOutcomes = codec::read(Part::Result, body)?;
            return Ok(sent.into_chunk(context));
        }
        failure => return Err(error(failure, body, context)),
    }
    let mut body = body;
    let took = codec::first(Part::Result, &mut body)?;
    let outcomes = if codec::is_number::<R>() {
        let outcomes: Outcomes<R> = codec::read(Part::Result, body)?;
        outcomes.into_results(context)
    } else {
        let unread = |unread| unread_error(unread, context.task);
        let frames = codec::frames::<R, Result<R, Failure>, _, _>(Part::Result, body, unread)?;
        let one = |frame: Result<Result<R, Failure>, TaskError>| {
            frame?.map_err(|failure| failure.into_error(context))
        };
        frames.into_iter().map(one).collect()
    };
    Ok(Chunk { outcomes, took })
}

/// The error of an item that could not be decoded.
#[cold]
pub fn unread_error(unread: Unread, task: Option<&str>) -> TaskError {
    match unread {
        Unread::Payload(error) => TaskError::Payload(error),
        Unread::Panicked(payload) => TaskError::Panicked(panics::report(payload, task)),
    }
}

/// In the parent: copies the outcome of `submit_bytes`.
pub fn bytes(
    status: Status,
    body: impl Source,
    context: OutcomeContext<'_>,
) -> Result<Vec<u8>, TaskError> {
    match status {
        Status::Value => Ok(codec::rest(Part::Result, body)?),
        failure => Err(error(failure, body, context)),
    }
}

/// Decodes the outcome of a task that did not succeed.
#[cold]
fn error(failure: Status, body: impl Source, context: OutcomeContext<'_>) -> TaskError {
    let read = match failure {
        Status::Failed => codec::read(Part::Result, body).map(Chain::into_error),
        Status::Panicked => {
            codec::read(Part::Result, body).map(|panic: Panic| panic.into_error(context))
        }
        Status::Payload => codec::read(Part::Result, body).map(TaskError::Payload),
        // A description as the outcome of `submit_bytes` violates the protocol, so its content is ignored.
        Status::NoSuchCode | Status::Value | Status::Described => {
            Ok(Chain(vec!["the worker does not know the task's code".to_owned()]).into_error())
        }
    };
    read.unwrap_or_else(TaskError::Payload)
}

/// The outcome of a chunk as it travels: first how long the chunk took, then its outcomes. Those of numbers are one [`Outcomes`];
/// all others are [`Frames`] of results.
#[derive(Debug)]
pub struct ChunkOutcomes<R> {
    outcomes: Outcomes<R>,
    took: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
enum Outcomes<R> {
    /// Numbers without a failure, which the codec copies as a whole.
    Values(Vec<R>),
    Mixed(Vec<Result<R, Failure>>),
}

impl<R: Serialize> Serialize for ChunkOutcomes<R> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { outcomes, took } = self;
        match outcomes {
            Outcomes::Mixed(outcomes) if !codec::is_number::<R>() => {
                (took, Frames(outcomes)).serialize(to)
            }
            outcomes => (took, outcomes).serialize(to),
        }
    }
}

impl<R> ChunkOutcomes<R> {
    /// In the worker: takes the outcome of a chunk. Formats errors, which runs code of the user.
    pub fn new(chunk: Chunk<R>) -> Self {
        let Chunk { outcomes, took } = chunk;
        let outcomes = if codec::is_number::<R>() && outcomes.iter().all(Result::is_ok) {
            Outcomes::Values(outcomes.into_iter().flatten().collect())
        } else {
            let one = |outcome: Result<R, TaskError>| outcome.map_err(|error| Failure::new(&error));
            Outcomes::Mixed(outcomes.into_iter().map(one).collect())
        };
        Self { outcomes, took }
    }

    /// In the worker: describes each outcome, for results that the plain form cannot carry. A result that cannot be described
    /// becomes an error of its own.
    #[cold]
    pub fn described(self) -> DescribedOutcomes
    where
        R: Serialize,
    {
        let Self { outcomes, took } = self;
        let outcomes: Vec<_> = match outcomes {
            Outcomes::Values(values) => values.into_iter().map(Ok).collect(),
            Outcomes::Mixed(outcomes) => outcomes,
        };
        let one = |outcome: Result<R, Failure>| {
            let value = outcome?;
            // UNWIND: the user's Serialize. Only its own values can be half-made.
            let described =
                catch_unwind(AssertUnwindSafe(|| Description::of(&value, Part::Result)));
            let described = match described {
                Ok(described) => described.map_err(Failure::Payload),
                Err(payload) => {
                    let report = panics::report(payload, None);
                    let failure = Failure::Panicked(Panic::new(&report));
                    report::contain_drop("panic payload", || drop(report));
                    Err(failure)
                }
            };
            report::contain_drop("result", || drop(value));
            described
        };
        let outcomes = outcomes.into_iter().map(one).collect();
        DescribedOutcomes { outcomes, took }
    }
}

/// The outcome of a chunk whose results are described.
#[derive(Debug, Serialize, Deserialize)]
pub struct DescribedOutcomes {
    outcomes: Vec<Result<Description, Failure>>,
    took: Duration,
}

impl DescribedOutcomes {
    /// In the parent: decodes each outcome.
    fn into_chunk<R: Serialize + DeserializeOwned>(self, context: OutcomeContext<'_>) -> Chunk<R> {
        let one = |outcome: Result<Description, Failure>| {
            let description = outcome.map_err(|failure| failure.into_error(context))?;
            // UNWIND: the user's Deserialize. Only its own values can be half-made.
            let read = catch_unwind(AssertUnwindSafe(|| description.read(Part::Result)));
            let unread = match read {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => Unread::Payload(error),
                Err(payload) => Unread::Panicked(payload),
            };
            Err(unread_error(unread, context.task))
        };
        let Self { outcomes, took } = self;
        let outcomes = outcomes.into_iter().map(one).collect();
        Chunk { outcomes, took }
    }
}

impl<R> Outcomes<R> {
    /// In the parent: turns failures into errors.
    fn into_results(self, context: OutcomeContext<'_>) -> Vec<Result<R, TaskError>> {
        let one =
            |outcome: Result<R, Failure>| outcome.map_err(|failure| failure.into_error(context));
        match self {
            Self::Values(values) => values.into_iter().map(Ok).collect(),
            Self::Mixed(outcomes) => outcomes.into_iter().map(one).collect(),
        }
    }
}

/// The error of one item of a chunk.
#[derive(Debug, Serialize, Deserialize)]
enum Failure {
    Failed(Chain),
    Panicked(Panic),
    Payload(PayloadError),
}

impl Failure {
    fn new(error: &TaskError) -> Self {
        match error {
            TaskError::Panicked(report) => Self::Panicked(Panic::new(report)),
            TaskError::Failed(error) => Self::Failed(Chain::new(&**error)),
            TaskError::Payload(error) => Self::Payload(error.clone()),
            other => Self::Failed(Chain::new(other)),
        }
    }

    fn into_error(self, context: OutcomeContext<'_>) -> TaskError {
        match self {
            Self::Failed(chain) => chain.into_error(),
            Self::Panicked(panic) => panic.into_error(context),
            Self::Payload(error) => TaskError::Payload(error),
        }
    }
}

/// An error and its sources, each as a text. Their types do not travel.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain(Vec<String>);

impl Chain {
    /// The most sources that are read: a longer chain may be a cycle.
    const LONGEST: usize = 64;

    /// Formats the error and its sources. Runs code of the user.
    pub fn new(error: &(dyn Error + 'static)) -> Self {
        let chain = std::iter::successors(Some(error), |&error| error.source());
        let texts = chain.take(Self::LONGEST).map(ToString::to_string);
        Self(texts.collect())
    }

    fn into_error(self) -> TaskError {
        let link = |source, message| Some(Box::new(RemoteError { message, source }));
        let error = self.0.into_iter().rev().fold(None, link);
        let error = error.unwrap_or_default();
        TaskError::Failed(error)
    }
}

/// An error that travelled as a text.
#[derive(Default)]
struct RemoteError {
    message: String,
    source: Option<Box<RemoteError>>,
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(f)
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// What the worker knows of a panic. The parent adds the names of the task and the worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    message: String,
    location: Option<String>,
    backtrace: Option<String>,
}

impl Panic {
    /// In the worker: takes what travels from a report.
    pub fn new(report: &PanicReport) -> Self {
        Self {
            message: report.message().to_owned(),
            location: report.location().map(ToOwned::to_owned),
            backtrace: report.backtrace().map(ToString::to_string),
        }
    }

    /// In the parent: makes a report. Its payload is the message, since the original payload stays in the worker.
    fn into_error(self, context: OutcomeContext<'_>) -> TaskError {
        TaskError::Panicked(PanicReport::new(PanicDetails {
            payload: Box::new(self.message.clone()),
            message: self.message,
            location: self.location,
            task: context.task.map(ToOwned::to_owned),
            worker: Some(context.worker.to_owned()),
            backtrace: self.backtrace.map(Trace::There),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::SliceSink;

    const CONTEXT: OutcomeContext<'_> = OutcomeContext {
        task: Some("load"),
        worker: "db-0",
    };

    fn encoded<T: Serialize>(value: &T) -> Vec<u8> {
        let mut bytes = vec![0; codec::size(value, Part::Result).unwrap()];
        codec::write(value, Part::Result, SliceSink::new(&mut bytes)).unwrap();
        bytes
    }

    #[test]
    fn an_error_keeps_its_sources() {
        let source = std::io::Error::other("disk is gone");
        let error = TaskError::Failed(Box::new(source));
        let bytes = encoded(&Chain::new(&error));
        let decoded = value::<u8>(Status::Failed, &bytes[..], CONTEXT).unwrap_err();
        assert_eq!(
            format!("{decoded:#}"),
            "the task failed: the task failed: disk is gone"
        );
        let chain = Chain::new(decoded.source().unwrap());
        assert_eq!(chain, Chain::new(&error));
    }

    #[test]
    fn a_panic_is_completed_by_the_parent() {
        let panic = Panic {
            message: "no such row".to_owned(),
            location: Some("src/db.rs:3:5".to_owned()),
            backtrace: Some("0: main".to_owned()),
        };
        let decoded = value::<u8>(Status::Panicked, &encoded(&panic)[..], CONTEXT).unwrap_err();
        let TaskError::Panicked(report) = decoded else {
            panic!("{decoded}")
        };
        assert_eq!(report.task(), Some("load"));
        assert_eq!(report.worker(), Some("db-0"));
        assert_eq!(Panic::new(&report), panic);
        assert_eq!(
            *report.into_payload().downcast::<String>().unwrap(),
            "no such row"
        );
    }

    #[test]
    fn each_item_of_a_chunk_keeps_its_outcome() {
        let task = |n: u32| match n {
            2 => Err(TaskError::Failed("two".into())),
            3 => panic!("three"),
            n => Ok(n * 10),
        };
        let sent = ChunkOutcomes::new(Chunk::run(task, vec![1, 2, 3, 4]));
        let decoded = chunk::<u32>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        let texts = decoded.outcomes.iter().map(|outcome| match outcome {
            Ok(value) => value.to_string(),
            Err(error) => format!("{error:#}"),
        });
        let texts: Vec<String> = texts.collect();
        assert_eq!(texts[0], "10");
        assert_eq!(texts[1], "the task failed: two");
        assert!(texts[2].starts_with("task 'load' panicked on worker 'db-0'"));
        assert!(texts[2].ends_with(": three"), "{}", texts[2]);
        assert_eq!(texts[3], "40");
        let sent = ChunkOutcomes::new(Chunk::run(
            |n: u32| match n {
                1 => Err(TaskError::Failed("one".into())),
                n => Ok(n.to_string()),
            },
            vec![0, 1, 2],
        ));
        let decoded = chunk::<String>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        assert!(
            matches!(&decoded.outcomes[..], [Ok(a), Err(TaskError::Failed(_)), Ok(b)] if a == "0" && b == "2")
        );
        let sent = ChunkOutcomes::new(Chunk::run(|n: u32| Ok(n), vec![7, 8]));
        let decoded = chunk::<u32>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        assert!(matches!(decoded.outcomes[..], [Ok(7), Ok(8)]));
    }

    #[test]
    fn an_unknown_number_is_no_status() {
        for number in 1..=5 {
            assert_eq!(Status::from_number(number).unwrap() as u32, number);
        }
        assert_eq!(Status::from_number(0), None);
        assert_eq!(Status::from_number(RETURNED), None);
        assert_eq!(Status::from_number(7), Some(Status::Described));
        assert_eq!(Status::from_number(8), None);
    }

    #[test]
    fn an_outcome_that_cannot_be_decoded_is_a_payload_error() {
        for status in [
            Status::Value,
            Status::Failed,
            Status::Panicked,
            Status::Payload,
        ] {
            let decoded = value::<u64>(status, &[1u8, 2, 3][..], CONTEXT).unwrap_err();
            assert!(matches!(decoded, TaskError::Payload(_)), "{decoded}");
        }
    }
}
