//! The request of a visitor, and the other kinds of values that it is given in a trial.

use super::super::described::Tag;
use super::refused::Refused;
use super::words::COUNTS;
use std::any::TypeId;
use std::rc::Rc;

/// A request of a visitor.
#[derive(Clone, Debug)]
pub struct Question {
    pub visitor: TypeId,
    /// `Some` for an option, `UnitVariant` for an enum, `NewtypeVariant` for a newtype.
    pub asked: Tag,
    /// The fields of a struct.
    pub names: &'static [&'static str],
    /// How many choices were made before each element.
    pub starts: Vec<usize>,
    /// How many choices were made after all elements.
    pub made: usize,
}

#[derive(Clone)]
pub struct Trial {
    pub question: usize,
    pub asked: Question,
    pub what: What,
    pub outcome: Outcome,
}

/// What a visitor is given instead.
#[derive(Clone)]
pub enum What {
    Foreign(Offer),
    /// The fields by name, without these.
    Lacking(Rc<[usize]>),
    /// The fields in a row, without the last one.
    Short,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    NotMet,
    /// The visitor accepted it.
    Taken,
    /// It accepts no value of the kind.
    OfKind,
    /// It refused this value.
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
    /// With the requested kind inside.
    Some,
    Seq(u32),
    Map(u32),
    Enum,
}

/// For visitors that ask for a number, a string or bytes.
const TO_LEAVES: [Offer; 48] = [
    Offer::Bool(true),
    Offer::I8(1),
    Offer::I8(100),
    Offer::I16(1),
    Offer::I16(100),
    Offer::I32(1),
    Offer::I32(100),
    Offer::I64(1),
    Offer::I64(-1),
    Offer::I64(100),
    Offer::I128(1),
    Offer::U8(1),
    Offer::U8(100),
    Offer::U16(1),
    Offer::U16(100),
    Offer::U32(1),
    Offer::U32(100),
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

/// For visitors that ask for a value that contains others.
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
    /// The values of other kinds for a visitor that asks for `asked`; several of each kind.
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

    /// Whether it is text where the visitor asks for bytes, or bytes or a character where it asks for text.
    pub fn is_text_for(self, asked: Tag) -> bool {
        match asked {
            Tag::Str => matches!(self, Self::Bytes(_) | Self::Char(_)),
            Tag::Bytes => matches!(self, Self::Str(_)),
            _ => false,
        }
    }

    /// The kind of the value.
    pub fn kind(self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(&self)
    }

    /// Whether serde's own and derived visitors accept it for `asked`.
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
