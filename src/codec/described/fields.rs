//! Reading structs for a visitor that says which fields it knows.

use super::super::error::Fault;
use super::present::{LEAST, Present, bit};
use super::reader::Reader;
use super::ways::Given;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserialize, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use std::any::TypeId;

/// Reads a struct for a visitor that knows the names `known`.
pub fn read<'de, V: Visitor<'de>>(
    reader: &mut Reader<'_, 'de>,
    known: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Fault> {
    let mut left = 0;
    let fields = Fields::begin(reader, &mut left, known, typeid::of::<V>())?;
    let value = visitor.visit_map(fields)?;
    reader.all_taken(left)?;
    reader.leave();
    Ok(value)
}

/// The names of the struct that comes next, and which of them have a value. Reads ahead; the reader stays where it is.
pub fn written<'de>(
    reader: &mut Reader<'_, 'de>,
    count: usize,
) -> Result<(Vec<&'de [u8]>, Present), Fault> {
    let before = reader.rest;
    let (mut names, mut present) = (Vec::new(), 0);
    for at in 0..count {
        names.push(reader.text()?.as_bytes());
        if !reader.is_skipped() {
            IgnoredAny::deserialize(&mut *reader)?;
            present |= bit(at);
        }
    }
    reader.rest = before;
    Ok((names, present))
}

/// Reads the fields of a struct.
struct Fields<'r, 'n, 'de> {
    reader: &'r mut Reader<'n, 'de>,
    /// How many were not read.
    left: &'r mut usize,
    /// The bytes from the first name on.
    all: &'de [u8],
    count: usize,
    /// The names that the visitor reads. A name that is only written (`skip_deserializing`) is not shown to it, since it may
    /// refuse unknown ones. Empty: the visitor gets all names.
    known: &'static [&'static str],
    /// The smallest expected position of the next name in `known`: both sides have the same order.
    least: usize,
    /// Whether the names have been compared with those that are read.
    is_looked_at: bool,
    /// The names under which the fields are read, if they differ from the written ones.
    given: Option<Given>,
}

impl<'r, 'n, 'de> Fields<'r, 'n, 'de> {
    /// The fields of the struct that comes next, for the visitor `asks`.
    fn begin(
        reader: &'r mut Reader<'n, 'de>,
        left: &'r mut usize,
        known: &'static [&'static str],
        asks: TypeId,
    ) -> Result<Self, Fault> {
        *left = reader.length(LEAST)?;
        reader.enter()?;
        let given = match reader.names.is_armed() && !known.is_empty() {
            true => {
                let (written, _) = written(reader, *left)?;
                reader.names.of_struct(asks, &written, known)
            }
            false => None,
        };
        Ok(Self {
            all: reader.rest,
            count: *left,
            is_looked_at: reader.names.is_armed() || known.is_empty(),
            reader,
            left,
            known,
            least: 0,
            given,
        })
    }

    /// The name under which field `at` is read. `None`: it is not read.
    fn name(&mut self, at: usize, name: &'de str) -> Result<Option<&'de str>, Fault> {
        if let Some(given) = &self.given {
            return Ok(given[at]);
        }
        if self.known.is_empty() {
            return Ok(Some(name));
        }
        let place = self.known.iter().position(|known| *known == name);
        match place {
            Some(place) if place >= self.least => self.least = place + 1,
            _ if self.is_looked_at => {}
            _ => self.compare_names()?,
        }
        Ok(place.map(|_| name))
    }

    /// The name of the next field that is read. Passes over the others.
    fn next_name(&mut self) -> Result<Option<&'de str>, Fault> {
        while let Some(left) = self.left.checked_sub(1) {
            let at = self.count - *self.left;
            *self.left = left;
            let name = self.reader.text()?;
            if self.reader.is_skipped() {
                continue;
            }
            if let Some(name) = self.name(at, name)? {
                return Ok(Some(name));
            }
            IgnoredAny::deserialize(&mut *self.reader)?;
        }
        Ok(None)
    }

    #[cold]
    fn compare_names(&mut self) -> Result<(), Fault> {
        self.is_looked_at = true;
        let before = std::mem::replace(&mut self.reader.rest, self.all);
        let (written, _) = written(self.reader, self.count)?;
        self.reader.rest = before;
        self.reader.names.note_struct(&written, self.known);
        Ok(())
    }
}

impl<'de> MapAccess<'de> for Fields<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some(name) = self.next_name()? else {
            return Ok(None);
        };
        let name = BorrowedStrDeserializer::new(name);
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}
