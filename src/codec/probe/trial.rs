//! Questions that are answered otherwise than asked.
//!
//! A visitor may take more than what it asks for, since its type's `Serialize` gives more: an integer for most values and a
//! fraction for some. No made-up value of the kind that is asked for shows that. So each visitor is given the other kinds,
//! too, and structs without some of their fields. What it makes of them has to be written as what it asks for, like everything else;
//! where it has a way to take a kind and none of ours will do, nobody knows.

use super::super::described::Tag;
use super::feed::Feeder;
use super::made::Variant;
use super::refused::Refused;
use super::words::COUNTS;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, MapAccess, Visitor};
use std::any::TypeId;
use std::collections::HashSet;
use std::rc::Rc;

/// What a visitor asked for.
#[derive(Clone, Debug)]
pub struct Question {
    pub visitor: TypeId,
    /// `Some` for an option, `UnitVariant` for an enum, `NewtypeVariant` for a newtype.
    pub asked: Tag,
    /// Of a struct.
    pub names: &'static [&'static str],
    /// How many choices had been made before each element.
    pub starts: Vec<usize>,
    /// And after all.
    pub made: usize,
}

#[derive(Clone)]
pub struct Trial {
    pub question: usize,
    pub asked: Question,
    pub what: What,
    pub outcome: Outcome,
}

/// What is given instead.
#[derive(Clone)]
pub enum What {
    Foreign(Offer),
    /// The fields by their names, without these.
    Lacking(Rc<[usize]>),
    /// The fields in a row, without the last.
    Short,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    NotMet,
    /// The visitor took it.
    Taken,
    /// It takes nothing of the kind.
    OfKind,
    /// It did not take this one.
    Refused,
}

impl Outcome {
    pub fn of<T>(value: &Result<T, Refused>) -> Self {
        match value {
            Ok(_) => Self::Taken,
            Err(refused) if refused.is_of_kind => Self::OfKind,
            Err(_) => Self::Refused,
        }
    }
}

/// A value of another kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Offer {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
    Char(char),
    Str(&'static str),
    Bytes(&'static [u8]),
    Unit,
    None,
    /// And what is asked for inside.
    Some,
    Seq(u32),
    Map(u32),
    Enum,
}

/// For what asks for a number, a text or bytes.
const TO_LEAVES: [Offer; 42] = [
    Offer::Bool(true),
    Offer::I8(1),
    Offer::I16(1),
    Offer::I32(1),
    Offer::I64(1),
    Offer::I64(-1),
    Offer::I64(100),
    Offer::I128(1),
    Offer::U8(1),
    Offer::U16(1),
    Offer::U32(1),
    Offer::U64(1),
    Offer::U64(100),
    Offer::U64(300),
    Offer::U128(1),
    Offer::F32(1.5),
    Offer::F64(1.5),
    Offer::F64(1.0),
    Offer::Char('a'),
    Offer::Char('1'),
    Offer::Str(""),
    Offer::Str("a"),
    Offer::Str("1"),
    Offer::Str("1.5"),
    Offer::Str("2000-01-01"),
    Offer::Str("2000-01-01T00:00:00Z"),
    Offer::Str("127.0.0.1"),
    Offer::Str("00000000-0000-0000-0000-000000000000"),
    Offer::Str("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    Offer::Bytes(b""),
    Offer::Bytes(b"1"),
    Offer::Bytes(b"1111"),
    Offer::Bytes(b"11111111"),
    Offer::Bytes(b"1111111111111111"),
    Offer::Bytes(b"11111111111111111111111111111111"),
    Offer::Unit,
    Offer::None,
    Offer::Some,
    Offer::Map(0),
    Offer::Map(1),
    Offer::Enum,
    Offer::Bool(false),
];

/// For what asks for something with something inside.
const TO_OTHERS: [Offer; 16] = [
    Offer::Bool(true),
    Offer::I64(1),
    Offer::U64(1),
    Offer::U128(1),
    Offer::F64(1.5),
    Offer::Char('a'),
    Offer::Str("a"),
    Offer::Str("1"),
    Offer::Bytes(b"1"),
    Offer::Bytes(b"1111"),
    Offer::Unit,
    Offer::None,
    Offer::Some,
    Offer::Map(0),
    Offer::Map(1),
    Offer::Enum,
];

impl Offer {
    /// What may be given to one who asks for this, of each kind several values.
    pub fn all(asked: Tag) -> impl Iterator<Item = Self> {
        let is_leaf = asked.width().is_some()
            || matches!(
                asked,
                Tag::Bool | Tag::Char | Tag::Str | Tag::Bytes | Tag::Unit
            );
        let offers: &[Self] = match is_leaf {
            true => &TO_LEAVES,
            false => &TO_OTHERS,
        };
        let seqs = COUNTS.into_iter().map(Self::Seq);
        let all = offers.iter().copied().chain(seqs);
        all.filter(move |offer| !offer.is_usual(asked))
    }

    /// Of which kind it is.
    pub fn kind(self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(&self)
    }

    /// Is it what serde's own and derived visitors take for this?
    fn is_usual(self, asked: Tag) -> bool {
        match asked {
            Tag::Some => matches!(self, Self::Some | Self::None | Self::Unit),
            Tag::Unit => self == Self::Unit,
            Tag::Bool => matches!(self, Self::Bool(_)),
            Tag::Char => matches!(self, Self::Char(_)),
            Tag::Str => matches!(self, Self::Str(_)),
            Tag::Bytes => matches!(self, Self::Bytes(_)),
            Tag::Seq | Tag::Tuple | Tag::NewtypeVariant => matches!(self, Self::Seq(_)),
            Tag::Struct => matches!(self, Self::Seq(_) | Self::Map(_)),
            Tag::Map => matches!(self, Self::Map(_)),
            Tag::UnitVariant => self == Self::Enum,
            _ => false,
        }
    }
}

impl Feeder {
    /// Gives what is tried.
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

    /// Notes a field that is not there.
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
            Offer::Enum => visitor.visit_enum(Nobody),
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

/// A variant that there is not: only a visitor that takes variants asks for it.
struct Nobody;

impl<'de> EnumAccess<'de> for Nobody {
    type Error = Refused;
    type Variant = Variant<'static>;

    fn variant_seed<T: DeserializeSeed<'de>>(
        self,
        _: T,
    ) -> Result<(T::Value, Self::Variant), Refused> {
        Err(Refused::OTHER)
    }
}

/// The visitors of serde for what is one value. They take many kinds, and it is known what they are for.
pub fn usual() -> HashSet<(TypeId, Tag)> {
    let mut usual = HashSet::new();
    macro_rules! ask {
        ($($kind:ty),*) => {
            $({
                let mut feeder = Feeder::new(1, HashSet::new());
                // Only the question matters.
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
