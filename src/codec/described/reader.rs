//! Reads the parts of a description: tags, lengths and names.

use super::super::error::Fault;
use super::super::memory::Source;
use super::names::Names;
use super::tag::Tag;
use crate::error::payload::PayloadReason;

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

    /// Goes one level deeper; [`leave`](Self::leave) goes back. After an error the depth does not matter.
    pub fn enter(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth += 1;
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

    /// Steps into a `Some` for a visitor that did not ask for an option.
    pub fn unwrapped(&mut self) -> Result<&mut Self, Fault> {
        while self.peek()? == Tag::Some {
            self.tag()?;
        }
        Ok(self)
    }
}
