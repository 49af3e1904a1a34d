//! Reading variants of enums.

use super::super::error::Fault;
use super::reader::Reader;
use super::tag::Tag;
use crate::error::payload::PayloadReason;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess,
    Unexpected, VariantAccess, Visitor,
};

/// Reads a variant's name, for a visitor that knows the names `variants`. Returns the name to visit.
pub fn name<'de, V: Visitor<'de>>(
    reader: &mut Reader<'_, 'de>,
    variants: &'static [&'static str],
) -> Result<&'de str, Fault> {
    let (index, name) = reader.variant()?;
    if variants
        .get(index as usize)
        .is_some_and(|variant| *variant == name)
    {
        return Ok(name);
    }
    let other = reader
        .names
        .of_variant(typeid::of::<V>(), index, name, variants);
    Ok(other.unwrap_or(name))
}

impl<'de> Reader<'_, 'de> {
    /// A variant's index and its name.
    pub fn variant(&mut self) -> Result<(u32, &'de str), Fault> {
        let index = u32::from_ne_bytes(self.take()?);
        Ok((index, self.text()?))
    }

    /// The name of a variant with fields. A tuple or a struct has to follow, and that counts the level.
    fn name_before_fields(&mut self) -> Result<&'de str, Fault> {
        let (_, name) = self.variant()?;
        match self.peek()? {
            Tag::Tuple | Tag::Struct => Ok(name),
            _ => Err(Fault::invalid("fields of a variant")),
        }
    }

    /// Reads a variant with a value, after its tag, as JSON represents it: a map from its name to its value.
    pub fn entry<V: Visitor<'de>>(&mut self, tag: Tag, visitor: V) -> Result<V::Value, Fault> {
        let is_level = tag == Tag::NewtypeVariant;
        let name = match is_level {
            true => {
                self.enter()?;
                self.variant()?.1
            }
            false => self.name_before_fields()?,
        };
        let name = Some(name);
        let mut left = 1;
        let value = visitor.visit_map(Entry {
            reader: &mut *self,
            name,
            left: &mut left,
        })?;
        if left > 0 {
            return Err(Fault::new(PayloadReason::Untaken { left }));
        }
        if is_level {
            self.leave();
        }
        Ok(value)
    }
}

/// See [`Reader::entry`].
struct Entry<'r, 'n, 'de> {
    reader: &'r mut Reader<'n, 'de>,
    name: Option<&'de str>,
    /// One until the value is taken.
    left: &'r mut usize,
}

impl<'de> MapAccess<'de> for Entry<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let name = self.name.take();
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        *self.left = 0;
        seed.deserialize(&mut *self.reader)
    }
}

/// Reads a variant of an enum.
pub struct Variant<'r, 'n, 'de> {
    pub reader: &'r mut Reader<'n, 'de>,
    /// The kind of variant.
    pub tag: Tag,
    pub name: &'de str,
}

impl<'de> EnumAccess<'de> for Variant<'_, '_, 'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let variant = seed.deserialize(BorrowedStrDeserializer::new(self.name))?;
        Ok((variant, self))
    }
}

impl<'r, 'n, 'de> Variant<'r, 'n, 'de> {
    /// A reader of the variant's content. Err: it has none.
    fn content(self) -> Result<&'r mut Reader<'n, 'de>, Fault> {
        match self.tag {
            Tag::UnitVariant => {
                let is = Unexpected::UnitVariant;
                Err(de::Error::invalid_type(is, &"a variant with a value"))
            }
            _ => Ok(self.reader),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, '_, 'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.tag {
            Tag::UnitVariant => Ok(()),
            // `#[serde(other)]` accepts any content.
            _ => IgnoredAny::deserialize(self.reader).map(drop),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        let reader = self.content()?;
        reader.enter()?;
        let value = seed.deserialize(&mut *reader)?;
        reader.leave();
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, fields: usize, visitor: V) -> Result<V::Value, Fault> {
        self.content()?.deserialize_tuple(fields, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.content()?.deserialize_struct("", fields, visitor)
    }
}
