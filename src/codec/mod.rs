//! How an argument and a result travel between two processes of the same build.
//!
//! This is a serde format of its own: native byte order, fixed widths, no types on the wire. Both sides are the
//! same program, so there is no other version and no other machine to support. A value that is contiguous in memory
//! (`bulk`) is one copy.
//!
//! | kind | bytes |
//! |---|---|
//! | `bool`, integers, floats | their own, in native order; `bool` is 0 or 1 |
//! | `char` | its code point as `u32` |
//! | unit, unit struct, a struct or tuple without fields | one zero byte |
//! | `str`, bytes | length as `u32`, then the bytes |
//! | `Option` | 0, or 1 and the value |
//! | newtype | the value inside |
//! | sequence, map | number of elements (of pairs) as `u32`, then the elements |
//! | tuple, struct | the fields |
//! | an element of [`Frames`] | its length as `u32`, then the element |
//! | enum | index of the variant as `u32`, then its content as a struct, tuple or newtype, or nothing |
//!
//! That is the plain form. It does not say which kind of value comes next. A type whose `Deserialize` has to know that
//! travels in the described form instead (`described`): as the bytes of a description. Which types those are is found by
//! probing each type once: [`is_plain`]. A writer of the plain form fails on a value that the form cannot carry (a field is
//! left out, or the number of elements differs from the announced one); the value is then described. The form is sent beside the
//! bytes: in the entry of a request, in the status of a reply.
//!
//! Every value takes at least one byte. So a reader refuses a length that claims more elements than there are bytes left,
//! before it reserves memory or spends time on it.
//!
//! A reader does not trust the bytes. It reads each byte once, from memory that another process may write meanwhile, and
//! the result is a value or an error. User code (`Serialize`, `Deserialize`) runs in all functions here and may panic. The
//! caller contains the panic; no state of this module outlives the call.

mod bulk;
mod described;
mod error;
mod frame;
mod limits;
mod memory;
mod probe;
mod read;
mod size;
#[cfg(test)]
mod tests;
mod write;

pub use crate::error::payload::{Part, PayloadError, PayloadReason, PayloadStage};
pub use bulk::{is_known, is_number};
pub use described::Description;
pub use frame::{Frames, Unread, frames};
pub use memory::{Copies, Exhausted, SharedSink, SharedSource, Sink, SliceSink, Source};

pub use probe::is_plain;

use error::Fault;
use limits::MOST_BYTES;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many bytes [`write()`] will write. Contiguous rows of numbers are not read.
#[inline]
pub fn size<T: Serialize + ?Sized>(value: &T, part: Part) -> Result<usize, PayloadError> {
    let mut counter = size::Counter::default();
    write::value(value, &mut counter)
        .and_then(|()| match counter.position() {
            size if size <= MOST_BYTES => Ok(size),
            _ => Err(Fault::new(PayloadReason::TooLarge)),
        })
        .map_err(|fault| fault.at::<T>(PayloadStage::encode(part)))
}

/// Writes `value` into `sink`, whose capacity is exactly its [`size()`]. A value that does not fill it, or would
/// overflow it, wrote something else when it was measured: that is an error.
#[inline]
pub fn write<T: Serialize + ?Sized, S: Sink>(
    value: &T,
    part: Part,
    mut sink: S,
) -> Result<(), PayloadError> {
    write::value(value, &mut sink)
        .and_then(|()| match sink.finish() {
            true => Ok(()),
            false => Err(Fault::new(PayloadReason::Changed)),
        })
        .map_err(|fault| fault.at::<T>(PayloadStage::encode(part)))
}

/// Reads a value from the beginning of `source`.
#[inline]
pub fn first<T: DeserializeOwned, S: Source>(
    part: Part,
    source: &mut S,
) -> Result<T, PayloadError> {
    read::value(source).map_err(|fault| fault.at::<T>(PayloadStage::decode(part)))
}

/// Reads the value that `source` holds. Bytes that follow it are an error.
#[inline]
pub fn read<T: DeserializeOwned, S: Source>(part: Part, mut source: S) -> Result<T, PayloadError> {
    read::value(&mut source)
        .and_then(|value| match source.left() {
            0 => Ok(value),
            bytes => Err(Fault::new(PayloadReason::Trailing { bytes })),
        })
        .map_err(|fault| fault.at::<T>(PayloadStage::decode(part)))
}

/// All bytes that `source` holds, which were not written by [`write()`].
#[inline]
pub fn rest<S: Source>(part: Part, mut source: S) -> Result<Vec<u8>, PayloadError> {
    let count = source.left();
    bulk::numbers_of(&mut source, count)
        .map_err(|fault| fault.at::<Vec<u8>>(PayloadStage::decode(part)))
}
