//! The error of a probe's run.

use serde::de;
use std::fmt;

/// A visitor refused a value, or no value can be made.
#[derive(Debug)]
pub struct Refused {
    /// A visitor accepts no value of this kind.
    pub is_of_kind: bool,
}

impl Refused {
    pub const OTHER: Self = Self { is_of_kind: false };
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a made-up value was refused")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::OTHER
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self { is_of_kind: true }
    }
}
