//! Why a value could not be moved to another process.

#[cfg(feature = "process")]
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// The largest number of bytes that one payload may take, in any pool.
pub(crate) const MOST_BYTES: usize = 1 << 31;

/// Why an argument or a result could not be moved to another process: the stage, the
/// type, and the reason. If the argument is the cause, the task did not run.
///
/// It owns its texts, because an error of a worker travels to the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "process", derive(Serialize, Deserialize))]
pub struct PayloadError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "process", derive(Serialize, Deserialize))]
struct Details {
    stage: PayloadStage,
    type_name: String,
    reason: PayloadReason,
}

impl PayloadError {
    #[cold]
    pub(crate) fn new(stage: PayloadStage, type_name: &str, reason: PayloadReason) -> Self {
        Self(Box::new(Details {
            stage,
            type_name: type_name.to_owned(),
            reason,
        }))
    }

    /// The step that failed.
    pub fn stage(&self) -> PayloadStage {
        self.0.stage
    }

    /// The name of the argument's or the result's type.
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// Whether the plain form cannot carry the value, so that the described form may be tried.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(
            self.0.reason,
            PayloadReason::SkippedField { .. }
                | PayloadReason::WrongCount { .. }
                | PayloadReason::Changed
        )
    }

    /// The reason why it failed.
    pub fn reason(&self) -> &PayloadReason {
        &self.0.reason
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            stage,
            type_name,
            reason,
        } = &*self.0;
        write!(f, "{stage} (`{type_name}`) failed: {reason}")
    }
}

impl Error for PayloadError {}

/// Which of the four steps of moving a value failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "process", derive(Serialize, Deserialize))]
pub enum PayloadStage {
    /// In the parent, before the task was sent.
    EncodeArgument,
    /// In the worker, before the task ran.
    DecodeArgument,
    /// In the worker, after the task ran.
    EncodeResult,
    /// In the parent, after the task ran.
    DecodeResult,
}

impl PayloadStage {
    /// The step that encodes `part`.
    pub(crate) fn encode(part: Part) -> Self {
        match part {
            Part::Argument => Self::EncodeArgument,
            Part::Result => Self::EncodeResult,
        }
    }

    /// The step that decodes `part`.
    pub(crate) fn decode(part: Part) -> Self {
        match part {
            Part::Argument => Self::DecodeArgument,
            Part::Result => Self::DecodeResult,
        }
    }
}

impl fmt::Display for PayloadStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EncodeArgument => "encoding the argument",
            Self::DecodeArgument => "decoding the argument in the worker",
            Self::EncodeResult => "encoding the result in the worker",
            Self::DecodeResult => "decoding the result",
        })
    }
}

/// What is wrong with a value, or with the bytes that encode it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "process", derive(Serialize, Deserialize))]
#[non_exhaustive]
pub enum PayloadReason {
    /// It takes more than 2 GiB, the limit for one payload.
    TooLarge,
    /// It takes more than fits in the arena of the pool's lanes. The pool was built with a small `arena`, or a resource limit
    /// made it small.
    NoRoom {
        /// The largest number of bytes that fits.
        limit: usize,
    },
    /// It is nested deeper than the limit, which protects the reader's stack.
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// Its `Serialize` left out a field (`skip_serializing_if`). The plain form cannot express that; such a value travels
    /// in the described form instead.
    SkippedField {
        /// The field.
        field: String,
    },
    /// Its `Deserialize` called `deserialize_any`, though it did not when its type was probed. The plain form does not say
    /// which kind of value comes next.
    NotSelfDescribing,
    /// Its `Serialize` announced one number of elements and wrote another. Such a value travels in the described form
    /// instead.
    WrongCount {
        /// The announced number.
        announced: usize,
    },
    /// Its `Serialize` wrote more, or less, than when its size was measured.
    Changed,
    /// The bytes end too early, or a length in them goes beyond their end.
    Truncated,
    /// Its `Deserialize` did not read all elements that its `Serialize` wrote.
    Untaken {
        /// How many it did not read.
        left: usize,
    },
    /// Bytes follow the value.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The bytes do not encode a value of the type.
    Invalid {
        /// What was expected.
        kind: String,
    },
    /// A field or a variant is written under a name that its `Deserialize` does not know. It is unclear whether it is read
    /// under another name (`rename(serialize = "..", deserialize = "..")`) or not at all.
    NameUnclear {
        /// The name.
        name: String,
    },
    /// Its `Serialize` or `Deserialize` returned this error.
    Custom(String),
}

impl fmt::Display for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it takes more than 2 GiB; pass a file, or pass it in pieces"),
            Self::NoRoom { limit } => write!(
                f,
                "it takes more than the {limit} bytes that fit in the arena of the pool's lanes; build the pool with a \
                 larger `ProcessPoolBuilder::arena`"
            ),
            Self::TooDeep { limit } => write!(f, "it is nested more than {limit} levels deep"),
            Self::SkippedField { field } => write!(
                f,
                "its Serialize left out the field `{field}` (skip_serializing_if); write all fields"
            ),
            Self::NotSelfDescribing => f.write_str(
                "its Deserialize calls deserialize_any for some values only; let it call it for all values, or for none",
            ),
            Self::WrongCount { announced } => write!(
                f,
                "its Serialize announced {announced} elements and wrote another number of them"
            ),
            Self::Changed => f.write_str(
                "its Serialize wrote more or less than when its size was measured",
            ),
            Self::Truncated => f.write_str("the bytes end too early"),
            Self::Untaken { left } => {
                write!(f, "its Deserialize did not read {left} elements")
            }
            Self::Trailing { bytes } => write!(f, "{bytes} bytes follow the value"),
            Self::Invalid { kind } => write!(f, "the bytes are not valid: expected {kind}"),
            Self::NameUnclear { name } => write!(
                f,
                "a field or variant is written as `{name}`, and it is unclear under which name it is read; let its \
                 Deserialize accept this name, too (alias = \"{name}\")"
            ),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

/// Whether an argument or a result is encoded or decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A task's argument: written in the parent, read in the worker.
    Argument,
    /// A task's result: written in the worker, read in the parent.
    Result,
}
