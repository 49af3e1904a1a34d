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
    let mut left = reader.length(LEAST)?;
    let is_ignored = typeid::of::<V>() == typeid::of::<IgnoredAny>();
    reader.inside(|reader| {
        let keys = match reader.names.is_armed() && !is_ignored {
            true => {
                let (written, present) = written(reader, left)?;
                reader.names.of_buffered(&written, present)
            }
            false => Keys::Names,
        };
        reader.names.has_buffered |= !is_ignored;
        let mut hasher = DefaultHasher::new();
        let mut present = 0;
        let value = visitor.visit_map(Buffered {
            at: 0,
            reader,
            left: &mut left,
            hasher: &mut hasher,
            present: &mut present,
            keys,
            again: None,
            name: "",
        })?;
        reader.all_taken(left)?;
        if !is_ignored {
            reader.names.note_buffered(hasher.finish(), present);
        }
        Ok(value)
    })
}

struct Buffered<'r, 'n, 'de> {
    reader: &'r mut Reader<'n, 'de>,
    left: &'r mut usize,
    /// The hash of the names so far.
    hasher: &'r mut DefaultHasher,
    present: &'r mut Present,
    keys: Keys,
    /// How many names were read.
    at: usize,
    name: &'de str,
    /// The value of a field that is given twice, for the second time.
    again: Option<&'de [u8]>,
}

impl<'de> MapAccess<'de> for Buffered<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        if let Some(value) = self.again.take() {
            self.reader.rest = value;
            self.keys = Keys::Names;
            let name = BorrowedStrDeserializer::new(self.name);
            return seed.deserialize(name).map(Some);
        }
        while let Some(left) = self.left.checked_sub(1) {
            *self.left = left;
            self.name = self.reader.text()?;
            put(self.hasher, self.name.as_bytes());
            self.at += 1;
            if self.reader.is_skipped() {
                continue;
            }
            *self.present |= bit(self.at - 1);
            if let Keys::Places(first) = self.keys
                && let Some(place) = (self.at - 1).checked_sub(first)
            {
                let place: U64Deserializer<Fault> = (place as u64).into_deserializer();
                return seed.deserialize(place).map(Some);
            }
            let name = BorrowedStrDeserializer::new(self.name);
            return seed.deserialize(name).map(Some);
        }
        Ok(None)
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
        Some(*self.left)
    }
}
