//! The tag before each described value: its kind.

use super::super::error::Fault;

/// A kind of value. Numbers, `Bool` and `Char` are followed by their bytes; `Str` and `Bytes` by a length and their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Tag {
    None,
    /// The value follows.
    Some,
    Unit,
    Bool,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Str,
    Bytes,
    /// A count, and as many values.
    Seq,
    /// The tag of a number, a count, and as many numbers without their tags.
    Row,
    /// As `Seq`, of a tuple or tuple struct.
    Tuple,
    /// A count, and as many pairs of values.
    Map,
    /// A count, and as many pairs of a name and a value or `Skipped`.
    Struct,
    /// Index and name.
    UnitVariant,
    /// Index, name, and the value.
    NewtypeVariant,
    /// Index, name, and a `Tuple` or a `Struct`.
    FieldsVariant,
    /// In a `Struct`, in place of a value that was left out.
    Skipped,
}

impl Tag {
    const ALL: [Self; 28] = [
        Self::None,
        Self::Some,
        Self::Unit,
        Self::Bool,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::I128,
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::U128,
        Self::F32,
        Self::F64,
        Self::Char,
        Self::Str,
        Self::Bytes,
        Self::Seq,
        Self::Row,
        Self::Tuple,
        Self::Map,
        Self::Struct,
        Self::UnitVariant,
        Self::NewtypeVariant,
        Self::FieldsVariant,
        Self::Skipped,
    ];

    pub fn from_byte(byte: u8) -> Result<Self, Fault> {
        let tag = Self::ALL.get(usize::from(byte));
        tag.copied().ok_or_else(|| Fault::invalid("description"))
    }

    /// How many bytes a number of this kind takes. `None`: it is not a number.
    pub fn width(self) -> Option<usize> {
        match self {
            Self::I8 | Self::U8 => Some(1),
            Self::I16 | Self::U16 => Some(2),
            Self::I32 | Self::U32 | Self::F32 => Some(4),
            Self::I64 | Self::U64 | Self::F64 => Some(8),
            Self::I128 | Self::U128 => Some(16),
            _ => None,
        }
    }

    /// Whether an integer of this kind can have this value.
    pub fn holds(self, number: i128) -> bool {
        match self {
            Self::I8 => i8::try_from(number).is_ok(),
            Self::I16 => i16::try_from(number).is_ok(),
            Self::I32 => i32::try_from(number).is_ok(),
            Self::I64 => i64::try_from(number).is_ok(),
            Self::I128 => true,
            Self::U8 => u8::try_from(number).is_ok(),
            Self::U16 => u16::try_from(number).is_ok(),
            Self::U32 => u32::try_from(number).is_ok(),
            Self::U64 => u64::try_from(number).is_ok(),
            Self::U128 => u128::try_from(number).is_ok(),
            _ => false,
        }
    }
}

#[test]
fn each_tag_has_its_own_byte() {
    for (byte, tag) in (0..).zip(Tag::ALL) {
        assert_eq!(tag as u8, byte);
        assert_eq!(Tag::from_byte(byte).ok(), Some(tag));
    }
    assert!(Tag::from_byte(Tag::ALL.len() as u8).is_err());
}
