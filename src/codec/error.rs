//! The error type that passes through serde's code.

use super::limits::MOST_DEPTH;
use crate::error::payload::{PayloadError, PayloadReason, PayloadStage};
use std::error::Error;
use std::fmt;

/// The reason of a failure. One word in size, so that results stay small.
#[derive(Debug)]
pub struct Fault(pub Box<PayloadReason>);

impl Fault {
    /// A fault for `reason`.
    #[cold]
    #[inline(never)]
    pub fn new(reason: PayloadReason) -> Self {
        Self(Box::new(reason))
    }

    /// The error that the caller of the codec gets.
    #[cold]
    #[inline(never)]
    pub fn at<T: ?Sized>(self, stage: PayloadStage) -> PayloadError {
        PayloadError::new(stage, std::any::type_name::<T>(), *self.0)
    }

    #[cold]
    #[inline(never)]
    pub fn too_deep() -> Self {
        let limit = MOST_DEPTH;
        Self::new(PayloadReason::TooDeep { limit })
    }

    #[cold]
    #[inline(never)]
    pub fn wrong_count(announced: usize) -> Self {
        Self::new(PayloadReason::WrongCount { announced })
    }

    #[cold]
    #[inline(never)]
    pub fn skipped(field: &str) -> Self {
        let field = field.to_owned();
        Self::new(PayloadReason::SkippedField { field })
    }

    #[cold]
    #[inline(never)]
    pub fn truncated() -> Self {
        Self::new(PayloadReason::Truncated)
    }

    #[cold]
    #[inline(never)]
    pub fn invalid(kind: &str) -> Self {
        let kind = kind.to_owned();
        Self::new(PayloadReason::Invalid { kind })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Fault {}

impl serde::ser::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(PayloadReason::Custom(message.to_string()))
    }
}

impl serde::de::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(PayloadReason::Custom(message.to_string()))
    }
}
