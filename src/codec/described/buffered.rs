//! Reading structs for a visitor that does not say which names it knows: mostly the buffers of `tag`, `untagged` and `content`.

use super::super::error::Fault;
use super::fields::written;
use super::names::Keys;
use super::present::{LEAST, Present, bit, put};
use super::reader::Reader;
use serde::de::value::{BorrowedStrDeserializer, U64Deserializer};
use serde::de::{DeserializeSeed, IgnoredAny, IntoDeserializer, MapAccess, Visitor};
use std::hash::{DefaultHasher, Hasher};

/// Reads a struct for any visitor.
pub fn read<'de, V: Visitor<'de>>(
    reader: &mut Reader<'_, 'de>,
    visitor: V,
) -> Result<V::Value, Fault> {
    let is_ignored = typeid::of::<V>() == typeid::of::<IgnoredAny>();
    let (count, keys) = begin(reader, is_ignored)?;
    let mut done = Done {
        left: count,
        hasher: DefaultHasher::new(),
        present: 0,
    };
    let value = visitor.visit_map(Buffered {
        at: 0,
        reader: &mut *reader,
        done: &mut done,
        keys,
        again: None,
        name: "",
    })?;
    end(reader, done, is_ignored)?;
    Ok(value)
}

/// The number of fields, and what is given as their names.
fn begin(reader: &mut Reader<'_, '_>, is_ignored: bool) -> Result<(usize, Keys), Fault> {
    let count = reader.length(LEAST)?;
    reader.enter()?;
    let keys = match reader.names.is_armed() && !is_ignored {
        true => {
            let (written, present) = written(reader, count)?;
            reader.names.of_buffered(&written, present)
        }
        false => Keys::Names,
    };
    reader.names.has_buffered |= !is_ignored;
    Ok((count, keys))
}

fn end(reader: &mut Reader<'_, '_>, done: Done, is_ignored: bool) -> Result<(), Fault> {
    reader.all_taken(done.left)?;
    if !is_ignored {
        let names = done.hasher.finish();
        reader.names.note_buffered(names, done.present);
    }
    reader.leave();
    Ok(())
}

/// How far a visitor came.
struct Done {
    /// How many fields were not read.
    left: usize,
    /// The hash of the names so far.
    hasher: DefaultHasher,
    present: Present,
}

struct Buffered<'r, 'n, 'de> {
    reader: &'r mut Reader<'n, 'de>,
    done: &'r mut Done,
    keys: Keys,
    /// How many names were read.
    at: usize,
    name: &'de str,
    /// The value of a field that is given twice, for the second time.
    again: Option<&'de [u8]>,
}

/// What is given as the name of a field.
enum Key<'de> {
    Name(&'de str),
    Place(u64),
}

impl<'de> Buffered<'_, '_, 'de> {
    fn next_key(&mut self) -> Result<Option<Key<'de>>, Fault> {
        if let Some(value) = self.again.take() {
            self.reader.rest = value;
            self.keys = Keys::Names;
            return Ok(Some(Key::Name(self.name)));
        }
        while let Some(left) = self.done.left.checked_sub(1) {
            self.done.left = left;
            self.name = self.reader.text()?;
            put(&mut self.done.hasher, self.name.as_bytes());
            self.at += 1;
            if self.reader.is_skipped() {
                continue;
            }
            self.done.present |= bit(self.at - 1);
            return Ok(Some(match self.keys {
                Keys::Places(first) if self.at > first => Key::Place((self.at - 1 - first) as u64),
                _ => Key::Name(self.name),
            }));
        }
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for Buffered<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        Ok(match self.next_key()? {
            None => None,
            Some(Key::Name(name)) => {
                let name = BorrowedStrDeserializer::new(name);
                Some(seed.deserialize(name)?)
            }
            Some(Key::Place(place)) => {
                let place: U64Deserializer<Fault> = place.into_deserializer();
                Some(seed.deserialize(place)?)
            }
        })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        // Only once, because nested repetitions would multiply.
        if self.keys == Keys::Twice(self.at.wrapping_sub(1)) && !self.reader.names.has_given_twice {
            self.again = Some(self.reader.rest);
            self.reader.names.has_given_twice = true;
        }
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.done.left)
    }
}
