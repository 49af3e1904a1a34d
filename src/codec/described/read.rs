//! Reading a description. A visitor gets the kind of value that the bytes say, whatever it asked for. What it asked for
//! matters only where a type's `Serialize` and `Deserialize` may differ legitimately.

use super::super::bulk;
use super::super::error::Fault;
use super::super::limits::MOST_DEPTH;
use super::buffered;
use super::fields;
use super::leaf::Given;
use super::names::Names;
use super::reader::Reader;
use super::row::Number;
use super::tag::Tag;
use super::variant::{self, Variant};
use crate::error::payload::PayloadReason;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Reads the value under the names that `names` has chosen. Reads it again when a visitor turned out to be strict.
pub fn attempt<T: DeserializeOwned>(bytes: &[u8], names: &mut Names) -> Result<T, Fault> {
    loop {
        match once(bytes, names) {
            Err(_) if names.take_new_strict() => {}
            read => return read,
        }
    }
}

fn once<T: DeserializeOwned>(bytes: &[u8], names: &mut Names) -> Result<T, Fault> {
    let mut reader = Reader {
        rest: bytes,
        depth: MOST_DEPTH,
        names,
    };
    let value = T::deserialize(&mut reader)?;
    match reader.rest.len() {
        0 => Ok(value),
        bytes => Err(Fault::new(PayloadReason::Trailing { bytes })),
    }
}

/// The form of the elements.
#[derive(Clone, Copy)]
enum Kind {
    Values,
    /// Without their tags.
    Numbers(Tag),
    /// With a name before each.
    Named,
}

impl Kind {
    /// The smallest number of bytes of one element.
    fn least(self) -> usize {
        match self {
            Self::Values => 1,
            Self::Numbers(tag) => tag.width().unwrap_or(1),
            Self::Named => 5,
        }
    }
}

impl<'n, 'de> Reader<'n, 'de> {
    /// The number of the elements that come next, each of which takes at least `least` bytes. They are a level deeper.
    fn begin(&mut self, least: usize) -> Result<usize, Fault> {
        let count = self.length(least)?;
        self.enter()?;
        Ok(count)
    }

    /// The end of elements, of which so many were not taken.
    fn end(&mut self, left: usize, kind: Kind) -> Result<(), Fault> {
        match (left, kind) {
            (0, _) => {}
            (left, Kind::Named) => self.all_taken(left)?,
            (left, _) => return Err(Fault::new(PayloadReason::Untaken { left })),
        }
        self.leave();
        Ok(())
    }

    fn values<V: Visitor<'de>>(
        &mut self,
        kind: Kind,
        least: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut left = self.begin(least)?;
        let value = visitor.visit_seq(Elements {
            reader: &mut *self,
            left: &mut left,
            kind,
        })?;
        self.end(left, kind)?;
        Ok(value)
    }

    /// Reads a sequence, if the next value can be read as one.
    fn sequence<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let kind = match self.peek()? {
            Tag::Bytes => Kind::Numbers(Tag::U8),
            Tag::Struct => Kind::Named,
            _ => return self.deserialize_any(visitor),
        };
        self.tag()?;
        self.values(kind, kind.least(), visitor)
    }

    fn some<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        self.enter()?;
        let value = visitor.visit_some(&mut *self)?;
        self.leave();
        Ok(value)
    }
}

macro_rules! integers {
    ($($method:ident: $visit:ident($number:ty) as $tag:ident,)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                let reader = self.unwrapped()?;
                let asks = typeid::of::<V>();
                match reader.given(Tag::$tag, asks)? {
                    Given::Exactly => visitor.$visit(<$number>::from_ne_bytes(reader.take()?)),
                    Given::Converted(number) => visitor.$visit(number as $number),
                    Given::AsWritten { fits } => {
                        let value = reader.deserialize_any(visitor);
                        if fits && value.is_err() {
                            reader.names.note_strict(asks);
                        }
                        value
                    }
                }
            }
        )*
    };
}

macro_rules! anything {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                self.unwrapped()?.deserialize_any(visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'_, 'de> {
    type Error = Fault;

    /// As serde's own buffers represent a value, and as JSON does where they cannot.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let tag = self.tag()?;
        match tag {
            Tag::Some => self.some(visitor),
            Tag::Seq | Tag::Tuple => self.values(Kind::Values, 1, visitor),
            Tag::Row => {
                let tag = self.tag()?;
                let width = tag.width().ok_or_else(|| Fault::invalid("number"))?;
                if let Some(row) = bulk::wanted::<V, _>()
                    && row.tag == tag
                {
                    return row.read::<V>(&mut self.rest);
                }
                self.values(Kind::Numbers(tag), width, visitor)
            }
            Tag::Map => {
                let kind = Kind::Values;
                let mut left = self.begin(2)?;
                let value = visitor.visit_map(Elements {
                    reader: &mut *self,
                    left: &mut left,
                    kind,
                })?;
                self.end(left, kind)?;
                Ok(value)
            }
            Tag::Struct => buffered::read(self, visitor),
            Tag::NewtypeVariant | Tag::FieldsVariant => self.entry(tag, visitor),
            tag => self.leaf(tag)?.visit(visitor),
        }
    }

    integers! {
        deserialize_i8: visit_i8(i8) as I8,
        deserialize_i16: visit_i16(i16) as I16,
        deserialize_i32: visit_i32(i32) as I32,
        deserialize_i64: visit_i64(i64) as I64,
        deserialize_i128: visit_i128(i128) as I128,
        deserialize_u8: visit_u8(u8) as U8,
        deserialize_u16: visit_u16(u16) as U16,
        deserialize_u32: visit_u32(u32) as U32,
        deserialize_u64: visit_u64(u64) as U64,
        deserialize_u128: visit_u128(u128) as U128,
    }

    anything! {
        deserialize_bool deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier
    }

    serde::forward_to_deserialize_any! { ignored_any }

    fn is_human_readable(&self) -> bool {
        true
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek()? {
            Tag::None | Tag::Some | Tag::Unit => self.deserialize_any(visitor),
            // Its Serialize wrote the value without `Some`.
            _ => self.some(visitor),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let reader = self.unwrapped()?;
        match reader.peek()? {
            Tag::None => {
                reader.tag()?;
                visitor.visit_unit()
            }
            _ => reader.deserialize_any(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // `RawValue` of serde_json: it is written as a struct whose only field has the name of the struct.
        if name.starts_with('$') && self.peek()? == Tag::Struct {
            return self.deserialize_any(visitor);
        }
        self.enter()?;
        let value = visitor.visit_newtype_struct(&mut *self)?;
        self.leave();
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.unwrapped()?.sequence(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let reader = self.unwrapped()?;
        if fields == 0 && reader.peek()? == Tag::Unit {
            reader.tag()?;
            let nothing = std::iter::empty::<()>();
            return visitor.visit_seq(SeqDeserializer::new(nothing));
        }
        reader.sequence(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(fields, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.unwrapped()?.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let reader = self.unwrapped()?;
        if reader.peek()? != Tag::Struct {
            return reader.deserialize_any(visitor);
        }
        reader.tag()?;
        fields::read(reader, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let reader = self.unwrapped()?;
        let (kind, least) = match reader.peek()? {
            tag @ (Tag::UnitVariant | Tag::NewtypeVariant | Tag::FieldsVariant) => {
                reader.tag()?;
                let name = variant::name::<V>(reader, variants)?;
                return visitor.visit_enum(Variant { reader, tag, name });
            }
            // As JSON represents it.
            Tag::Str => {
                reader.tag()?;
                let name = BorrowedStrDeserializer::new(reader.text()?);
                return visitor.visit_enum(name);
            }
            Tag::Map => (Kind::Values, 2),
            Tag::Struct => (Kind::Named, Kind::Named.least()),
            _ => return reader.deserialize_any(visitor),
        };
        reader.tag()?;
        let mut left = reader.begin(least)?;
        let value = visitor.visit_enum(MapAccessDeserializer::new(Elements {
            reader: &mut *reader,
            left: &mut left,
            kind,
        }))?;
        reader.end(left, kind)?;
        Ok(value)
    }
}

/// Reads the elements of a sequence or a map.
struct Elements<'r, 'n, 'de> {
    reader: &'r mut Reader<'n, 'de>,
    /// How many were not read.
    left: &'r mut usize,
    kind: Kind,
}

impl<'de> Elements<'_, '_, 'de> {
    /// Counts the next element. False: there is none.
    fn next(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => *self.left = left,
            None => return false,
        }
        true
    }

    /// Steps to the next element that was not skipped; its name, if it has one. `None`: there is none.
    fn next_named(&mut self) -> Result<Option<Option<&'de str>>, Fault> {
        while self.next() {
            let Kind::Named = self.kind else {
                return Ok(Some(None));
            };
            let name = self.reader.text()?;
            if !self.reader.is_skipped() {
                return Ok(Some(Some(name)));
            }
        }
        Ok(None)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if self.next_named()?.is_none() {
            return Ok(None);
        }
        let reader = &mut *self.reader;
        let value = match self.kind {
            Kind::Numbers(tag) => seed.deserialize(Number { reader, tag })?,
            Kind::Values | Kind::Named => seed.deserialize(reader)?,
        };
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let key = match self.next_named()? {
            None => return Ok(None),
            Some(None) => seed.deserialize(&mut *self.reader)?,
            Some(Some(name)) => seed.deserialize(BorrowedStrDeserializer::new(name))?,
        };
        Ok(Some(key))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}
