//! Made-up values that contain others.

use super::super::described::Tag;
use super::feeder::Feeder;
use super::refused::Refused;
use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// The elements of a sequence, a tuple, a struct or a map.
pub struct Elements<'f> {
    pub feeder: &'f mut Feeder,
    pub left: &'f mut u32,
    pub names: std::slice::Iter<'static, &'static str>,
    /// The index of the request that they answer.
    pub question: usize,
}

impl Elements<'_> {
    fn next<'de, T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        *self.left = left;
        let made = self.feeder.made;
        self.feeder.questions[self.question].starts.push(made);
        if let Some(name) = self.names.next() {
            let noted = self.feeder.fed.text(name.as_bytes());
            noted.map_err(|_| Refused::OTHER)?;
        }
        seed.deserialize(&mut *self.feeder).map(Some)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Refused> {
        self.next(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left as usize)
    }
}

impl<'de> MapAccess<'de> for Elements<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        self.next(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(&mut *self.feeder)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(*self.left as usize)
    }
}

/// A made-up variant.
pub struct Variant<'f> {
    pub feeder: &'f mut Feeder,
    pub index: u32,
    pub name: &'static str,
    /// Whether its content was asked for.
    pub is_taken: &'f mut bool,
}

impl<'f> Variant<'f> {
    fn take(self, tag: Tag) -> Result<&'f mut Feeder, Refused> {
        *self.is_taken = true;
        let noted = self.feeder.fed.variant(tag, self.index, self.name);
        noted.map_err(|_| Refused::OTHER)?;
        Ok(self.feeder)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refused;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Refused> {
        let index: U32Deserializer<Refused> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refused;

    fn unit_variant(self) -> Result<(), Refused> {
        self.take(Tag::UnitVariant).map(drop)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refused> {
        seed.deserialize(self.take(Tag::NewtypeVariant)?)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.take(Tag::FieldsVariant)?.fields(fields, None, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let feeder = self.take(Tag::FieldsVariant)?;
        feeder.fields(fields.len(), Some(fields), visitor)
    }
}
