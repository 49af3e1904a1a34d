//! Reads the parts of a description: tags, lengths, names and numbers.

use super::super::error::Fault;
use super::super::memory::Source;
use super::names::Names;
use super::tag::Tag;
use crate::error::payload::PayloadReason;
use serde::de::Visitor;

/// The bytes of a description that were not read, and what is known about its names. The `Deserializer` is in
/// [`read`](super::read).
pub struct Reader<'n, 'de> {
    pub rest: &'de [u8],
    /// How many more levels are allowed.
    pub depth: u32,
    pub names: &'n mut Names,
}

impl<'n, 'de> Reader<'n, 'de> {
    pub fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        self.rest.take().map_err(|_| Fault::truncated())
    }

    pub fn peek(&self) -> Result<Tag, Fault> {
        match self.rest {
            [byte, ..] => Tag::from_byte(*byte),
            [] => Err(Fault::truncated()),
        }
    }

    pub fn tag(&mut self) -> Result<Tag, Fault> {
        let [byte] = self.take()?;
        Tag::from_byte(byte)
    }

    pub fn bytes(&mut self, length: usize) -> Result<&'de [u8], Fault> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(Fault::truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Reads a number of items, each of which takes at least `least` bytes.
    pub fn length(&mut self, least: usize) -> Result<usize, Fault> {
        let length = u32::from_ne_bytes(self.take()?) as usize;
        match length * least <= self.rest.len() {
            true => Ok(length),
            false => Err(Fault::truncated()),
        }
    }

    pub fn blob(&mut self) -> Result<&'de [u8], Fault> {
        let length = self.length(1)?;
        self.bytes(length)
    }

    pub fn text(&mut self) -> Result<&'de str, Fault> {
        std::str::from_utf8(self.blob()?).map_err(|_| Fault::invalid("UTF-8"))
    }

    /// Runs `f` one level deeper.
    pub fn inside<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth = self.depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
        let value = f(self)?;
        self.depth += 1;
        Ok(value)
    }

    /// An error if elements are left that were not read. Skipped fields do not count.
    pub fn all_taken(&mut self, mut left: usize) -> Result<(), Fault> {
        while left > 0 {
            let before = self.rest;
            if self.blob().is_ok() && self.is_skipped() {
                left -= 1;
                continue;
            }
            self.rest = before;
            return Err(Fault::new(PayloadReason::Untaken { left }));
        }
        Ok(())
    }

    /// Whether a field was skipped; passes over that mark.
    pub fn is_skipped(&mut self) -> bool {
        match self.rest {
            [byte, rest @ ..] if *byte == Tag::Skipped as u8 => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub fn number<V: Visitor<'de>>(&mut self, tag: Tag, visitor: V) -> Result<V::Value, Fault> {
        macro_rules! visit {
            ($($tag:ident: $visit:ident($number:ty),)*) => {
                match tag {
                    $(Tag::$tag => visitor.$visit(<$number>::from_ne_bytes(self.take()?)),)*
                    // Many visitors of `deserialize_any` accept no more than 64 bits.
                    Tag::U128 => {
                        let number = u128::from_ne_bytes(self.take()?);
                        match u64::try_from(number) {
                            Ok(number) => visitor.visit_u64(number),
                            Err(_) => visitor.visit_u128(number),
                        }
                    }
                    Tag::I128 => {
                        let number = i128::from_ne_bytes(self.take()?);
                        match i64::try_from(number) {
                            Ok(number) => visitor.visit_i64(number),
                            Err(_) => visitor.visit_i128(number),
                        }
                    }
                    _ => Err(Fault::invalid("number")),
                }
            };
        }
        visit! {
            I8: visit_i8(i8),
            I16: visit_i16(i16),
            I32: visit_i32(i32),
            I64: visit_i64(i64),
            U8: visit_u8(u8),
            U16: visit_u16(u16),
            U32: visit_u32(u32),
            U64: visit_u64(u64),
            F32: visit_f32(f32),
            F64: visit_f64(f64),
        }
    }

    /// Reads an integer, for a conversion to another width. `None`: it does not fit, or is not an integer.
    pub fn integer(&mut self, tag: Tag) -> Result<Option<i128>, Fault> {
        macro_rules! take {
            ($($tag:ident: $number:ty,)*) => {
                match tag {
                    $(Tag::$tag => Some(i128::from(<$number>::from_ne_bytes(self.take()?))),)*
                    Tag::U128 => i128::try_from(u128::from_ne_bytes(self.take()?)).ok(),
                    _ => None,
                }
            };
        }
        Ok(take! {
            I8: i8, I16: i16, I32: i32, I64: i64, I128: i128, U8: u8, U16: u16, U32: u32, U64: u64,
        })
    }

    /// Steps into a `Some` for a visitor that did not ask for an option.
    pub fn unwrapped(&mut self) -> Result<&mut Self, Fault> {
        while self.peek()? == Tag::Some {
            self.tag()?;
        }
        Ok(self)
    }
}
