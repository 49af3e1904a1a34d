//! The form that describes itself: what the plain one cannot carry, or may not be able to.
//!
//! Each value has its kind before it, fields and variants have their names, and whoever asks what comes next is told:
//! `serde_json::Value`, `#[serde(tag)]`, `untagged`, `flatten` and all others that need `deserialize_any`. A field that is left out is
//! not there, but its name is. Names are bytes, not places in the program: what a worker writes is not to be believed.
//!
//! A description is made in private memory, and read there: it travels in the plain form, as the bytes that it is.
//!
//! It says that it is human-readable, and the plain form that it is not. Not because anybody reads it: serde buffers the content of
//! `untagged`, `tag` and `flatten`, and what it reads back from its buffers is told so, whatever the format says. A type with two
//! ways to be written would be written in one and read in the other.
//!
//! A reader is safe in the same way as the plain one: every length is checked against the bytes that are left, each element takes at
//! least one of them, and every level down is counted.

mod buffered;
mod fields;
mod names;
mod read;
mod row;
mod tag;
mod tree;
mod variant;
mod ways;
mod write;

pub use tag::Tag;
pub(super) use write::Out;

use super::error::Fault;
use crate::error::payload::Part;
use crate::error::payload::{PayloadError, PayloadStage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use write::Purpose;

/// A value that describes itself. Its own form is the plain one: bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description(Vec<u8>);

impl Description {
    /// Describes `value`.
    pub fn of<T: Serialize + ?Sized>(value: &T, part: Part) -> Result<Self, PayloadError> {
        write::value(value, Purpose::Travel)
            .map(Self)
            .map_err(|fault| fault.at::<T>(PayloadStage::encode(part)))
    }

    /// The value, which runs code of the user: also its `Serialize`, where a name is not the one that is read.
    pub fn read<T: Serialize + DeserializeOwned>(&self, part: Part) -> Result<T, PayloadError> {
        read::value(&self.0).map_err(|fault| fault.at::<T>(PayloadStage::decode(part)))
    }
}

/// What `value` gives to the plain form, with all its kinds and names.
pub(super) fn given<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Fault> {
    write::value(value, Purpose::Comparison)
}

/// As [`given`], with the fields that it says to leave out.
pub(super) fn given_with_skipped<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Fault> {
    write::value(value, Purpose::ComparisonWithSkipped)
}
