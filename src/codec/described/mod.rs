//! The described form, for values that the plain form cannot carry, or may not be able to.
//!
//! The kind of each value is written before it, and fields and variants are written with their names. So a reader can say which
//! kind comes next: `serde_json::Value`, `#[serde(tag)]`, `untagged`, `flatten` and all other types that need `deserialize_any`
//! work. Of a field that is left out only the name is written. Names are bytes, not addresses in the program, because a worker is
//! not trusted.
//!
//! A description is made and read in private memory. It travels in the plain form, as bytes.
//!
//! The described form reports that it is human-readable; the plain form reports that it is not. The reason is serde: it buffers the
//! content of `untagged`, `tag` and `flatten`, and its buffers report that they are human-readable, whatever the format says. A type
//! with two ways to be written would otherwise be written in one and read in the other.
//!
//! A reader is as safe as that of the plain form: it checks every length against the bytes that are left, each element takes at
//! least one byte, and every level is counted.

mod buffered;
mod fields;
mod leaf;
mod names;
mod present;
mod read;
mod reader;
mod row;
mod settle;
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

/// A described value. It travels in the plain form, as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description(Vec<u8>);

impl Description {
    /// Describes `value`.
    pub fn of<T: Serialize + ?Sized>(value: &T, part: Part) -> Result<Self, PayloadError> {
        write::value(value, Purpose::Travel)
            .map(Self)
            .map_err(|fault| fault.at::<T>(PayloadStage::encode(part)))
    }

    /// Reads the value. This runs user code: `Deserialize`, and also `Serialize` if a name is written that is not read.
    pub fn read<T: Serialize + DeserializeOwned>(&self, part: Part) -> Result<T, PayloadError> {
        settle::value(&self.0).map_err(|fault| fault.at::<T>(PayloadStage::decode(part)))
    }
}

/// What `value` writes in the plain form, with all kinds and names.
pub(super) fn given<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Fault> {
    write::value(value, Purpose::Comparison)
}

/// As [`given`], with the fields that it skips (`skip_field`).
pub(super) fn given_with_skipped<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Fault> {
    write::value(value, Purpose::ComparisonWithSkipped)
}
