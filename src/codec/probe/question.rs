//! What a visitor asked for, and what is given instead.

use super::super::described::Tag;
use super::refused::Refused;
use super::words::COUNTS;
use std::any::TypeId;
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
