//! A row of elements, each with its length before it. An element that cannot be read is skipped, so the others are not
//! lost.

use super::error::Fault;
use super::memory::{Exhausted, Source};
use super::{Part, read};
use crate::error::payload::{PayloadError, PayloadReason, PayloadStage};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use std::any::Any;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The name of the newtype that the writer puts a length before.
pub(super) const FRAME: &str = "raddle::codec::Frame";

/// The fewest bytes that a frame takes: a length and a value.
const LEAST: usize = 5;

/// For how many elements at most memory is reserved before they are read.
const CAUTIOUS: usize = 1024;

/// Writes a row so that [`frames`] can read it.
#[derive(Debug)]
pub struct Frames<'a, T>(pub &'a [T]);

impl<T: Serialize> Serialize for Frames<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Frame))
    }
}

struct Frame<'a, T>(&'a T);

impl<T: Serialize> Serialize for Frame<'_, T> {
    #[inline]
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_newtype_struct(FRAME, self.0)
    }
}

/// Why an element could not be read.
#[derive(Debug)]
pub enum Unread {
    /// Its bytes are not a value of its type.
    Payload(PayloadError),
    /// Its `Deserialize` panicked.
    Panicked(Box<dyn Any + Send>),
}

/// Reads the [`Frames`] that `source` holds. An element that cannot be read becomes what `unread` makes of its error, which
/// names the element's type as `N`.
///
/// # Errors
/// If the row itself is damaged, or bytes follow it.
pub fn frames<N, T: DeserializeOwned, E, S: Source>(
    part: Part,
    mut source: S,
    unread: impl Fn(Unread) -> E,
) -> Result<Vec<Result<T, E>>, PayloadError> {
    let stage = PayloadStage::decode(part);
    let one = |window: &mut Window<'_, S>| {
        // UNWIND: the user's Deserialize may leave its own value unfinished; the window counts the bytes that it read.
        match catch_unwind(AssertUnwindSafe(|| whole(window))) {
            Ok(read) => read.map_err(|fault| unread(Unread::Payload(fault.at::<N>(stage)))),
            Err(payload) => Err(unread(Unread::Panicked(payload))),
        }
    };
    row(&mut source, one).map_err(|fault| fault.at::<Vec<N>>(stage))
}

fn row<S: Source, R>(
    source: &mut S,
    one: impl Fn(&mut Window<'_, S>) -> R,
) -> Result<Vec<R>, Fault> {
    let count = read::length(source, LEAST)?;
    let mut row = Vec::with_capacity(count.min(CAUTIOUS));
    for _ in 0..count {
        let left = read::length(source, 1)?;
        let mut window = Window { source, left };
        row.push(one(&mut window));
        window.skip().map_err(|Exhausted| Fault::truncated())?;
    }
    match source.left() {
        0 => Ok(row),
        bytes => Err(Fault::new(PayloadReason::Trailing { bytes })),
    }
}

fn whole<T: DeserializeOwned>(source: &mut impl Source) -> Result<T, Fault> {
    let value = read::value(source)?;
    match source.left() {
        0 => Ok(value),
        bytes => Err(Fault::new(PayloadReason::Trailing { bytes })),
    }
}

/// The bytes of one frame, as a source.
struct Window<'a, S> {
    source: &'a mut S,
    left: usize,
}

impl<S: Source> Window<'_, S> {
    /// Skips the bytes of the frame that were not read.
    fn skip(&mut self) -> Result<(), Exhausted> {
        let mut waste = [MaybeUninit::uninit(); 256];
        while self.left > 0 {
            let some = self.left.min(waste.len());
            self.take_all(&mut waste[..some])?;
        }
        Ok(())
    }
}

// SAFETY: the inner source writes all of `to`.
unsafe impl<S: Source> Source for Window<'_, S> {
    #[inline]
    fn left(&self) -> usize {
        self.left
    }

    #[inline]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        let left = self.left.checked_sub(N).ok_or(Exhausted)?;
        let bytes = self.source.take()?;
        self.left = left;
        Ok(bytes)
    }

    #[inline]
    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        let left = self.left.checked_sub(to.len()).ok_or(Exhausted)?;
        self.source.take_all(to)?;
        self.left = left;
        Ok(())
    }
}
