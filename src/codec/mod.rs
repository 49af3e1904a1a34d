//! How an argument and a result travel between two processes of the same build.
//!
//! A serde format of its own: native byte order, fixed widths, nothing about types on the wire. Both sides are the
//! same program, so neither versions nor other machines have to be thought of, and what is contiguous in memory
//! ([`bulk`]) is copied as a whole.
//!
//! | kind | bytes |
//! |---|---|
//! | `bool`, integers, floats | their own, in native order; `bool` is 0 or 1 |
//! | `char` | its code point as `u32` |
//! | unit, unit struct, a struct or tuple without fields | one zero byte |
//! | `str`, bytes | length as `u32`, then the bytes |
//! | `Option` | 0, or 1 and the value |
//! | newtype | the value inside |
//! | sequence, map | number of elements (of pairs) as `u32`, then they |
//! | tuple, struct | the fields |
//! | an element of [`Frames`] | its length as `u32`, then it |
//! | enum | index of the variant as `u32`, then as the struct, tuple, newtype, or nothing |
//!
//! That is the plain form. It has nothing for whoever has to be told what comes next; what needs that is [`described`], and travels as the
//! bytes of its description. Which types do is found by trying, once for each: [`is_plain`]. A writer of the plain form that meets
//! what it cannot carry (a field that is left out, another number of elements than was announced) says so, and the value is
//! described. The reader is told beside the bytes which form it is: by the entry of a request, by the status of an answer.
//!
//! Every value takes at least one byte. That is why a length that claims more elements than bytes are left is refused
//! before anything is done with it: neither memory nor time can be spent on what is not there.
//!
//! A reader trusts nothing: each byte is fetched once from memory that another process may be writing meanwhile, and
//! whatever it finds is a value or an error. Code of the user (`Serialize`, `Deserialize`) runs in all three
//! functions and may panic; the caller contains it, and nothing here is left in a state that matters.

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

/// How many bytes [`write()`] will write. What is contiguous is not looked through.
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

/// Writes `value` into `sink`, which has room for exactly its [`size()`]. A value that does not fill it, or would
/// overflow it, gave something else when it was measured: that is an error.
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

/// Reads the value that `source` holds, and nothing besides: bytes that are left over are an error.
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
