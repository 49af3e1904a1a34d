//! Reading a description. A visitor gets the kind of value that the bytes say, whatever it asked for. What it asked for
//! matters only where a type's `Serialize` and `Deserialize` may differ legitimately.

use super::super::bulk;
use super::super::error::Fault;
use super::super::limits::MOST_DEPTH;
use super::buffered;
use super::fields;
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
    /// Reads elements of these kinds.
    fn elements<T>(
        &mut self,
        kind: Kind,
        least: usize,
        visit: impl FnOnce(Elements<'_, 'n, 'de>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut left = self.length(least)?;
        self.inside(|reader| {
            let value = visit(Elements {
                reader,
                left: &mut left,
                kind,
            })?;
            match (left, kind) {
                (0, _) => {}
                (left, Kind::Named) => reader.all_taken(left)?,
                (left, _) => return Err(Fault::new(PayloadReason::Untaken { left })),
            }
            Ok(value)
        })
    }

    /// Reads a sequence, if the next value can be read as one.
    fn sequence<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Fault> {
        let kind = match self.peek()? {
            Tag::Bytes => Kind::Numbers(Tag::U8),
            Tag::Struct => Kind::Named,
            _ => return self.deserialize_any(visitor),
        };
        self.tag()?;
        let least = kind.least();
        self.elements(kind, least, |elements| visitor.visit_seq(elements))
    }
}

macro_rules! integers {
    ($($method:ident: $visit:ident($number:ty) as $tag:ident,)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                let reader = self.unwrapped()?;
                let before = reader.rest;
                let tag = reader.tag()?;
                if tag == Tag::$tag {
                    return visitor.$visit(<$number>::from_ne_bytes(reader.take()?));
                }
                let Some(number) = reader.integer(tag)? else {
                    reader.rest = before;
                    return reader.deserialize_any(visitor);
                };
                // The written kind may matter to a visitor that accepts several kinds.
                let asks = typeid::of::<V>();
                let number = <$number>::try_from(number);
                match number {
                    Ok(number) if reader.names.is_strict(asks) => visitor.$visit(number),
                    _ => {
                        reader.rest = before;
                        let value = reader.deserialize_any(visitor);
                        if value.is_err() && number.is_ok() {
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
        match self.tag()? {
            Tag::None => visitor.visit_none(),
            Tag::Some => self.inside(|reader| visitor.visit_some(reader)),
            Tag::Unit => visitor.visit_unit(),
            Tag::Bool => match self.take()? {
                [0] => visitor.visit_bool(false),
                [1] => visitor.visit_bool(true),
                _ => Err(Fault::invalid("bool")),
            },
            Tag::Char => match char::from_u32(u32::from_ne_bytes(self.take()?)) {
                Some(character) => visitor.visit_char(character),
                None => Err(Fault::invalid("char")),
            },
            Tag::Str => visitor.visit_borrowed_str(self.text()?),
            Tag::Bytes => visitor.visit_borrowed_bytes(self.blob()?),
            Tag::Seq | Tag::Tuple => {
                self.elements(Kind::Values, 1, |elements| visitor.visit_seq(elements))
            }
            Tag::Row => {
                let tag = self.tag()?;
                let width = tag.width().ok_or_else(|| Fault::invalid("number"))?;
                if bulk::wanted::<V>() == Some(tag)
                    && let Some(row) = bulk::read::<V, _>(&mut self.rest)
                {
                    return row;
                }
                let kind = Kind::Numbers(tag);
                self.elements(kind, width, |elements| visitor.visit_seq(elements))
            }
            Tag::Map => self.elements(Kind::Values, 2, |elements| visitor.visit_map(elements)),
            Tag::Struct => buffered::read(self, visitor),
            Tag::UnitVariant => visitor.visit_borrowed_str(self.variant()?.1),
            Tag::NewtypeVariant => self.inside(|reader| reader.entry(visitor)),
            Tag::FieldsVariant => self.entry_of_fields(visitor),
            tag => self.number(tag, visitor),
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
            _ => self.inside(|reader| visitor.visit_some(reader)),
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
        self.inside(|reader| visitor.visit_newtype_struct(reader))
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
        reader.elements(kind, least, |elements| {
            visitor.visit_enum(MapAccessDeserializer::new(elements))
        })
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
    /// Counts the next element. `None`: there is none.
    fn next(&mut self) -> Option<()> {
        *self.left = self.left.checked_sub(1)?;
        Some(())
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, '_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        while self.next().is_some() {
            let reader = &mut *self.reader;
            match self.kind {
                Kind::Values => return seed.deserialize(reader).map(Some),
                Kind::Numbers(tag) => return seed.deserialize(Number { reader, tag }).map(Some),
                Kind::Named => {
                    reader.text()?;
                    if !reader.is_skipped() {
                        return seed.deserialize(reader).map(Some);
                    }
                }
            }
        }
        Ok(None)
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
        while self.next().is_some() {
            if !matches!(self.kind, Kind::Named) {
                return seed.deserialize(&mut *self.reader).map(Some);
            }
            let name = self.reader.text()?;
            if !self.reader.is_skipped() {
                let name = BorrowedStrDeserializer::new(name);
                return seed.deserialize(name).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}
