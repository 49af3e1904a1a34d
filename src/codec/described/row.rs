//! Reading the numbers of a row, which have no tags of their own.

use super::super::error::Fault;
use super::reader::Reader;
use super::tag::Tag;
use serde::de::{Deserializer, Visitor};

/// A number of a row. Its tag was read before the row.
pub struct Number<'r, 'n, 'de> {
    pub reader: &'r mut Reader<'n, 'de>,
    pub tag: Tag,
}

impl<'de> Deserializer<'de> for Number<'_, '_, 'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.reader.number(self.tag)?.visit(visitor)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.tag {
            Tag::U128 => visitor.visit_u128(u128::from_ne_bytes(self.reader.take()?)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.tag {
            Tag::I128 => visitor.visit_i128(i128::from_ne_bytes(self.reader.take()?)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Self { reader, tag } = self;
        reader.enter()?;
        let value = visitor.visit_some(Number { reader, tag })?;
        reader.leave();
        Ok(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let Self { reader, tag } = self;
        reader.enter()?;
        let value = visitor.visit_newtype_struct(Number { reader, tag })?;
        reader.leave();
        Ok(value)
    }

    fn is_human_readable(&self) -> bool {
        true
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
