//! Why a value could not be taken from one process to another.

#[cfg(feature = "process")]
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fmt;

/// The most bytes that the payload of one task may take, whatever the pool.
pub(crate) const MOST_BYTES: usize = 1 << 31;

/// Why an argument or a result could not be taken from one process to another: at which stage, of which
/// type, and for what reason. The task did not run if its argument is at fault.
///
/// It owns its texts, so that an error of a worker can be told in the parent.
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

    /// What was being done.
    pub fn stage(&self) -> PayloadStage {
        self.0.stage
    }

    /// The name of the argument's or the result's type.
    pub fn type_name(&self) -> &str {
        &self.0.type_name
    }

    /// Is it the plain form that cannot carry the value? Another one may.
    pub(crate) fn is_of_form(&self) -> bool {
        matches!(
            self.0.reason,
            PayloadReason::SkippedField { .. }
                | PayloadReason::WrongCount { .. }
                | PayloadReason::Changed
        )
    }

    /// Why it could not be done.
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

/// At which of the four steps of its journey a value was stopped.
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
    pub(crate) fn encode(part: Part) -> Self {
        match part {
            Part::Argument => Self::EncodeArgument,
            Part::Result => Self::EncodeResult,
        }
    }

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

/// What is wrong with a value, or with the bytes that should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "process", derive(Serialize, Deserialize))]
#[non_exhaustive]
pub enum PayloadReason {
    /// It takes more than 2 GiB, which is more than a lane carries at once.
    TooLarge,
    /// It takes more than finds room in the lanes of the pool, which was built with a small `arena`, or where a limit made it so.
    NoRoom {
        /// The most there can be in this pool.
        limit: usize,
    },
    /// It is nested deeper than the limit, which keeps a reader's stack safe.
    TooDeep {
        /// The limit.
        limit: u32,
    },
    /// Its `Serialize` left out a field (`skip_serializing_if`), which the plain form cannot tell. Such a value is
    /// described instead.
    SkippedField {
        /// The field.
        field: String,
    },
    /// Its `Deserialize` wants to be told what comes next, though it did not when it was tried: the plain form does not know.
    NotSelfDescribing,
    /// Its `Serialize` announced one number of elements and gave another one. Such a value is described instead.
    WrongCount {
        /// How many it announced.
        announced: usize,
    },
    /// Its `Serialize` gave more, or less, when it was written than when it was measured.
    Changed,
    /// The bytes end too early, or a length in them is longer than they are.
    Truncated,
    /// Its `Deserialize` left elements behind that its `Serialize` had written.
    Untaken {
        /// How many.
        left: usize,
    },
    /// There are bytes after the value.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// The bytes are none of the type's.
    Invalid {
        /// What they were read as.
        kind: String,
    },
    /// A field or a variant is written under a name that its `Deserialize` does not know, and it cannot be told whether it is read
    /// under another one (`rename(serialize = "..", deserialize = "..")`) or not at all.
    NameUnclear {
        /// The name.
        name: String,
    },
    /// Its `Serialize` or `Deserialize` said so.
    Custom(String),
}

impl fmt::Display for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("it takes more than 2 GiB"),
            Self::NoRoom { limit } => write!(
                f,
                "it takes more than the {limit} bytes that find room in the arena of the pool's lanes; build it with a \
                 larger `ProcessPoolBuilder::arena`"
            ),
            Self::TooDeep { limit } => write!(f, "it is nested more than {limit} levels deep"),
            Self::SkippedField { field } => write!(
                f,
                "the field `{field}` was left out (skip_serializing_if); all fields have to be written"
            ),
            Self::NotSelfDescribing => f.write_str(
                "its Deserialize asks for some values only what comes next; let it always ask (deserialize_any), \
                 or never",
            ),
            Self::WrongCount { announced } => write!(
                f,
                "its Serialize announced {announced} elements and gave another number of them"
            ),
            Self::Changed => f.write_str(
                "its Serialize gave something else when it was written than when it was measured",
            ),
            Self::Truncated => f.write_str("the bytes end too early"),
            Self::Untaken { left } => {
                write!(f, "its Deserialize left {left} elements behind")
            }
            Self::Trailing { bytes } => write!(f, "{bytes} bytes are left over"),
            Self::Invalid { kind } => write!(f, "the bytes are no {kind}"),
            Self::NameUnclear { name } => write!(
                f,
                "`{name}` is written under this name, and it is unclear under which one it is read; let it be read under this \
                 one, too (alias = \"{name}\")"
            ),
            Self::Custom(message) => f.write_str(message),
        }
    }
}

/// What is being encoded or decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A task's argument: written in the parent, read in the worker.
    Argument,
    /// A task's result: written in the worker, read in the parent.
    Result,
}
