//! What a worker answers, and how the parent reads it.
//!
//! The status is the reply's small number. A value travels as itself; everything else as a text or a struct of texts, so
//! that it can be read whatever the task's types are.

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

/// What kind of answer a reply is. The number is what travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Status {
    /// The result, encoded. Zero is not ours: the lane answers so for what was taken back.
    Value = 1,
    /// The task's own error: a [`Chain`].
    Failed = 2,
    /// It panicked: a [`Panic`].
    Panicked = 3,
    /// The argument could not be decoded, or the result not be encoded: a `PayloadError`.
    Payload = 4,
    /// The entry is no code of the worker's program. Nothing follows.
    NoSuchCode = 5,
    /// The result, as a [`Description`]; of a chunk, [`DescribedOutcomes`].
    Described = 7,
}

/// The number of an answer that is the large argument itself, which the parent still has where it wrote it. It is no
/// [`Status`]: the lane makes a [`Status::Value`] of it.
pub const RETURNED: u32 = 6;

impl Status {
    /// None: the worker is wild.
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

/// Who answered: for the reports of panics, which the parent completes.
#[derive(Debug, Clone, Copy, Default)]
pub struct OutcomeContext<'a> {
    /// The task's name, if it had one.
    pub task: Option<&'a str>,
    /// The worker's name.
    pub worker: &'a str,
}

/// In the parent: the outcome of `submit` and `try_submit`. Decoding runs code of the user: the caller
/// contains its panics.
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

/// In the parent: the outcome of `submit_chunk`.
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

/// The error of an item that could not be read.
#[cold]
pub fn unread_error(unread: Unread, task: Option<&str>) -> TaskError {
    match unread {
        Unread::Payload(error) => TaskError::Payload(error),
        Unread::Panicked(payload) => TaskError::Panicked(panics::report(payload, task)),
    }
}

/// In the parent: the outcome of `submit_bytes`.
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

#[cold]
fn error(failure: Status, body: impl Source, context: OutcomeContext<'_>) -> TaskError {
    let read = match failure {
        Status::Failed => codec::read(Part::Result, body).map(Chain::into_error),
        Status::Panicked => {
            codec::read(Part::Result, body).map(|panic: Panic| panic.into_error(context))
        }
        Status::Payload => codec::read(Part::Result, body).map(TaskError::Payload),
        // A worker that describes bytes is wild; what it says is of no use.
        Status::NoSuchCode | Status::Value | Status::Described => {
            Ok(Chain(vec!["the worker does not know the task's code".to_owned()]).into_error())
        }
    };
    read.unwrap_or_else(TaskError::Payload)
}

/// What travels back from a chunk: how long it took, then the outcomes; those of numbers as one [`Outcomes`], all
/// others as [`Frames`] of results.
#[derive(Debug)]
pub struct ChunkOutcomes<R> {
    outcomes: Outcomes<R>,
    took: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
enum Outcomes<R> {
    /// What the codec copies as a whole.
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
    /// In the worker.
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

    /// In the worker, where they cannot travel as they are: those that have no description are errors.
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
            // UNWIND: the user's Serialize: what it leaves half-made is its own.
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

/// What travels back from a chunk whose results are described.
#[derive(Debug, Serialize, Deserialize)]
pub struct DescribedOutcomes {
    outcomes: Vec<Result<Description, Failure>>,
    took: Duration,
}

impl DescribedOutcomes {
    /// In the parent.
    fn into_chunk<R: Serialize + DeserializeOwned>(self, context: OutcomeContext<'_>) -> Chunk<R> {
        let one = |outcome: Result<Description, Failure>| {
            let description = outcome.map_err(|failure| failure.into_error(context))?;
            // UNWIND: the user's Deserialize: what it leaves half-made is its own.
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
    /// In the parent.
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

/// An error and its sources, each as a text: the types stay in the worker.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain(Vec<String>);

impl Chain {
    /// More than so many sources are a circle.
    const LONGEST: usize = 64;

    /// Runs code of the user.
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

/// An error that came as a text.
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

/// What is known of a panic in the worker. Who it was, the parent knows better.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panic {
    message: String,
    location: Option<String>,
    backtrace: Option<String>,
}

impl Panic {
    /// In the worker.
    pub fn new(report: &PanicReport) -> Self {
        Self {
            message: report.message().to_owned(),
            location: report.location().map(ToOwned::to_owned),
            backtrace: report.backtrace().map(ToString::to_string),
        }
    }

    /// In the parent. The payload is the message: what the task threw has stayed in the worker.
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
        let told = value::<u8>(Status::Failed, &bytes[..], CONTEXT).unwrap_err();
        assert_eq!(
            format!("{told:#}"),
            "the task failed: the task failed: disk is gone"
        );
        let chain = Chain::new(told.source().unwrap());
        assert_eq!(chain, Chain::new(&error));
    }

    #[test]
    fn a_panic_is_completed_by_the_parent() {
        let panic = Panic {
            message: "no such row".to_owned(),
            location: Some("src/db.rs:3:5".to_owned()),
            backtrace: Some("0: main".to_owned()),
        };
        let told = value::<u8>(Status::Panicked, &encoded(&panic)[..], CONTEXT).unwrap_err();
        let TaskError::Panicked(report) = told else {
            panic!("{told}")
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
        let told = chunk::<u32>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        let texts = told.outcomes.iter().map(|outcome| match outcome {
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
        let told = chunk::<String>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        assert!(
            matches!(&told.outcomes[..], [Ok(a), Err(TaskError::Failed(_)), Ok(b)] if a == "0" && b == "2")
        );
        let sent = ChunkOutcomes::new(Chunk::run(|n: u32| Ok(n), vec![7, 8]));
        let told = chunk::<u32>(Status::Value, &encoded(&sent)[..], CONTEXT).unwrap();
        assert!(matches!(told.outcomes[..], [Ok(7), Ok(8)]));
    }

    #[test]
    fn a_status_is_one_of_those_or_none() {
        for number in 1..=5 {
            assert_eq!(Status::from_number(number).unwrap() as u32, number);
        }
        assert_eq!(Status::from_number(0), None);
        assert_eq!(Status::from_number(RETURNED), None);
        assert_eq!(Status::from_number(7), Some(Status::Described));
        assert_eq!(Status::from_number(8), None);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_of_the_payload() {
        for status in [
            Status::Value,
            Status::Failed,
            Status::Panicked,
            Status::Payload,
        ] {
            let told = value::<u64>(status, &[1u8, 2, 3][..], CONTEXT).unwrap_err();
            assert!(matches!(told, TaskError::Payload(_)), "{told}");
        }
    }
}
