//! Reading the plain form: a `Deserializer` over an untrusted source.

use super::bulk;
use super::error::Fault;
use super::limits::MOST_DEPTH;
use super::memory::Source;
use crate::error::payload::PayloadReason;
use serde::de::value::U32Deserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// Reads a value from the beginning of `source`.
#[inline]
pub fn value<'de, T: Deserialize<'de>>(source: &mut impl Source) -> Result<T, Fault> {
    let depth = MOST_DEPTH;
    T::deserialize(&mut Reader { source, depth })
}

#[inline]
fn take<const N: usize>(source: &mut impl Source) -> Result<[u8; N], Fault> {
    source.take().map_err(|_| Fault::truncated())
}

/// Reads a number of elements, each of which takes at least `least` bytes. Err: the source has fewer bytes than that.
#[inline]
pub fn length(source: &mut impl Source, least: usize) -> Result<usize, Fault> {
    let length = u32::from_ne_bytes(take(source)?) as usize;
    // A u32 times the size of a number does not overflow.
    match length * least <= source.left() {
        true => Ok(length),
        false => Err(Fault::truncated()),
    }
}

/// Reads whether an option holds a value.
#[inline]
pub fn is_some(source: &mut impl Source) -> Result<bool, Fault> {
    match take(source)? {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(Fault::invalid("Option")),
    }
}

struct Reader<'a, S> {
    source: &'a mut S,
    /// How many more levels are allowed.
    depth: u32,
}

impl<S: Source> Reader<'_, S> {
    /// Goes one level deeper; [`leave`](Self::leave) goes back. After an error the depth does not matter.
    #[inline]
    fn enter(&mut self) -> Result<(), Fault> {
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => return Err(Fault::too_deep()),
        }
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth += 1;
    }

    /// Lets `visitor` read `count` elements, a level deeper. It is an error if it does not read all of them.
    #[inline]
    fn elements<'de, V: Visitor<'de>>(
        &mut self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.enter()?;
        let mut left = count;
        let value = visitor.visit_seq(Elements {
            reader: self,
            left: &mut left,
        })?;
        all_taken(left)?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn unit(&mut self) -> Result<(), Fault> {
        match take(self.source)? {
            [0] => Ok(()),
            _ => Err(Fault::invalid("unit")),
        }
    }
}

/// An error if a visitor did not read all elements: the next read would take them for something else.
#[inline]
fn all_taken(left: usize) -> Result<(), Fault> {
    match left {
        0 => Ok(()),
        left => Err(Fault::new(PayloadReason::Untaken { left })),
    }
}

macro_rules! numbers {
    ($($method:ident: $visit:ident($number:ty),)*) => {
        $(
            #[inline]
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
                visitor.$visit(<$number>::from_ne_bytes(take(self.source)?))
            }
        )*
    };
}

macro_rules! unknown {
    ($($method:ident)*) => {
        $(
            #[cold]
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
                Err(Fault::new(PayloadReason::NotSelfDescribing))
            }
        )*
    };
}

impl<'de, S: Source> Deserializer<'de> for &mut Reader<'_, S> {
    type Error = Fault;

    numbers! {
        deserialize_i8: visit_i8(i8),
        deserialize_i16: visit_i16(i16),
        deserialize_i32: visit_i32(i32),
        deserialize_i64: visit_i64(i64),
        deserialize_i128: visit_i128(i128),
        deserialize_u8: visit_u8(u8),
        deserialize_u16: visit_u16(u16),
        deserialize_u32: visit_u32(u32),
        deserialize_u64: visit_u64(u64),
        deserialize_u128: visit_u128(u128),
        deserialize_f32: visit_f32(f32),
        deserialize_f64: visit_f64(f64),
    }

    unknown! { deserialize_any deserialize_identifier deserialize_ignored_any }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match take(self.source)? {
            [0] => visitor.visit_bool(false),
            [1] => visitor.visit_bool(true),
            _ => Err(Fault::invalid("bool")),
        }
    }

    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match char::from_u32(u32::from_ne_bytes(take(self.source)?)) {
            Some(character) => visitor.visit_char(character),
            None => Err(Fault::invalid("char")),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_string(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match String::from_utf8(bulk::row(self.source)?) {
            Ok(string) => visitor.visit_string(string),
            Err(_) => Err(Fault::invalid("UTF-8")),
        }
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_byte_buf(visitor)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_byte_buf(bulk::row(self.source)?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match is_some(self.source)? {
            true => {
                self.enter()?;
                let value = visitor.visit_some(&mut *self)?;
                self.leave();
                Ok(value)
            }
            false => visitor.visit_none(),
        }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.unit()?;
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.enter()?;
        let value = visitor.visit_newtype_struct(&mut *self)?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if let Some(row) = bulk::wanted::<V, S>() {
            // A row counts as a level, as for a writer.
            self.enter()?;
            let value = row.read::<V>(self.source)?;
            self.leave();
            return Ok(value);
        }
        let count = length(self.source, 1)?;
        self.elements(count, visitor)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if fields == 0 {
            self.unit()?;
        }
        self.elements(fields, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(fields, visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut left = length(self.source, 2)?;
        self.enter()?;
        let value = visitor.visit_map(Elements {
            reader: &mut *self,
            left: &mut left,
        })?;
        all_taken(left)?;
        self.leave();
        Ok(value)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Variant { reader: self })
    }
}

/// Reads the elements of a sequence, tuple, struct or map.
struct Elements<'r, 'a, S> {
    reader: &'r mut Reader<'a, S>,
    /// How many were not read.
    left: &'r mut usize,
}

impl<S: Source> Elements<'_, '_, S> {
    /// Counts the next element. `None`: there is none.
    #[inline]
    fn next(&mut self) -> Option<&mut Self> {
        *self.left = self.left.checked_sub(1)?;
        Some(self)
    }
}

impl<'de, S: Source> SeqAccess<'de> for Elements<'_, '_, S> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        match self.next() {
            Some(this) => seed.deserialize(&mut *this.reader).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}

impl<'de, S: Source> MapAccess<'de> for Elements<'_, '_, S> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        match self.next() {
            Some(this) => seed.deserialize(&mut *this.reader).map(Some),
            None => Ok(None),
        }
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(*self.left)
    }
}

/// Reads a variant of an enum.
struct Variant<'r, 'a, S> {
    reader: &'r mut Reader<'a, S>,
}

impl<'de, S: Source> EnumAccess<'de> for Variant<'_, '_, S> {
    type Error = Fault;
    type Variant = Self;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let index = u32::from_ne_bytes(take(self.reader.source)?);
        let index: U32Deserializer<Fault> = index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de, S: Source> VariantAccess<'de> for Variant<'_, '_, S> {
    type Error = Fault;

    #[inline]
    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.reader.enter()?;
        let value = seed.deserialize(&mut *self.reader)?;
        self.reader.leave();
        Ok(value)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, fields: usize, visitor: V) -> Result<V::Value, Fault> {
        self.reader.elements(fields, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.tuple_variant(fields.len(), visitor)
    }
}
