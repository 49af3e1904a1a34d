//! Trials: a visitor is given another kind of value than it asks for.
//!
//! A visitor may accept more kinds than the one it asks for, because its type's `Serialize` writes more: an integer for most
//! values and a fraction for some. No made-up value of the requested kind shows that. So each visitor is also given the other
//! kinds, and structs without some of their fields. The values that it reads from them have to be written as the kind that it asks
//! for. If it accepts a kind but none of our values, the result is unknown, and the type is not plain.

use super::super::described::Tag;
use super::feeder::Feeder;
use super::made::Variant;
use super::question::{Offer, Question, Trial, What};
use super::refused::Refused;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, Visitor};
use std::any::TypeId;
use std::collections::HashSet;

impl Feeder {
    /// Gives a visitor the value of the trial.
    pub fn answer<'de, V: Visitor<'de>>(
        &mut self,
        trial: &Trial,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let question = self.questions.len() - 1;
        match &trial.what {
            What::Foreign(offer) => self.offer(*offer, question, visitor),
            What::Lacking(lacking) => {
                let names = trial.asked.names;
                self.fed
                    .put(Tag::Struct, &(names.len() as u32).to_ne_bytes());
                visitor.visit_map(Partial {
                    feeder: self,
                    asked: &trial.asked,
                    lacking,
                    next: 0,
                })
            }
            What::Short => {
                let names = trial.asked.names;
                self.fed
                    .put(Tag::Struct, &(names.len() as u32).to_ne_bytes());
                let count = names.len() as u32 - 1;
                let value = self.elements(question, count, Some(names), visitor)?;
                self.note_skipped(names[names.len() - 1])?;
                Ok(value)
            }
        }
    }

    /// Notes that a field is left out.
    fn note_skipped(&mut self, name: &str) -> Result<(), Refused> {
        let noted = self.fed.text(name.as_bytes());
        self.fed.tag(Tag::Skipped);
        noted.map_err(|_| Refused::OTHER)
    }

    fn offer<'de, V: Visitor<'de>>(
        &mut self,
        offer: Offer,
        question: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match offer {
            Offer::Bool(is) => visitor.visit_bool(is),
            Offer::I8(number) => visitor.visit_i8(number),
            Offer::I16(number) => visitor.visit_i16(number),
            Offer::I32(number) => visitor.visit_i32(number),
            Offer::I64(number) => visitor.visit_i64(number),
            Offer::I128(number) => visitor.visit_i128(number),
            Offer::U8(number) => visitor.visit_u8(number),
            Offer::U16(number) => visitor.visit_u16(number),
            Offer::U32(number) => visitor.visit_u32(number),
            Offer::U64(number) => visitor.visit_u64(number),
            Offer::U128(number) => visitor.visit_u128(number),
            Offer::F32(number) => visitor.visit_f32(number),
            Offer::F64(number) => visitor.visit_f64(number),
            Offer::Char(character) => visitor.visit_char(character),
            Offer::Str(text) => visitor.visit_string(text.to_owned()),
            Offer::Bytes(bytes) => visitor.visit_byte_buf(bytes.to_vec()),
            Offer::Unit => visitor.visit_unit(),
            Offer::None => visitor.visit_none(),
            Offer::Some => visitor.visit_some(self),
            Offer::Seq(count) => self.elements(question, count, None, visitor),
            Offer::Map(count) => self.pairs(question, count, visitor),
            Offer::Enum => visitor.visit_enum(NoVariant),
        }
    }
}

/// A struct that lacks fields.
struct Partial<'f, 't> {
    feeder: &'f mut Feeder,
    asked: &'t Question,
    lacking: &'t [usize],
    next: usize,
}

impl<'de> MapAccess<'de> for Partial<'_, '_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Refused> {
        let names = self.asked.names;
        while self.lacking.contains(&self.next) {
            self.feeder.note_skipped(names[self.next])?;
            self.next += 1;
        }
        let Some(name) = names.get(self.next) else {
            return Ok(None);
        };
        let noted = self.feeder.fed.text(name.as_bytes());
        noted.map_err(|_| Refused::OTHER)?;
        seed.deserialize(BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Refused> {
        if let Some(made) = self.asked.starts.get(self.next) {
            self.feeder.made = *made;
        }
        self.next += 1;
        seed.deserialize(&mut *self.feeder)
    }
}

/// An enum without a variant. Only a visitor that accepts variants asks for one.
struct NoVariant;

impl<'de> EnumAccess<'de> for NoVariant {
    type Error = Refused;
    type Variant = Variant<'static>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        _: T,
    ) -> Result<(T::Value, Self::Variant), Refused> {
        Err(Refused::OTHER)
    }
}

/// serde's visitors of simple values. They accept many kinds, and are known to be plain, so they need no trial.
pub fn usual() -> HashSet<(TypeId, Tag)> {
    let mut usual = HashSet::new();
    macro_rules! ask {
        ($($kind:ty),*) => {
            $({
                let mut feeder = Feeder::new(1, HashSet::new());
                // Only the recorded requests matter.
                let _ = feeder.feed::<$kind>();
                usual.extend(feeder.questions.iter().map(|one| (one.visitor, one.asked)));
            })*
        };
    }
    ask! {
        u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64, bool, char, (), String
    }
    usual
}
