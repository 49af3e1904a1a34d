//! Why nothing was made.

use serde::de;
use std::fmt;

/// The value was not taken, or cannot be made.
#[derive(Debug)]
pub struct Refused {
    /// Since a visitor takes nothing of this kind.
    pub is_of_kind: bool,
}

impl Refused {
    pub const OTHER: Self = Self { is_of_kind: false };
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it was made up")
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
