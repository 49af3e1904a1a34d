//! A value without others inside: what was read does not depend on the type that is read, so it is compiled once.

use super::super::error::Fault;
use super::reader::Reader;
use super::tag::Tag;
use serde::de::Visitor;
use std::any::TypeId;

/// A value without others inside, as a visitor gets it.
pub enum Leaf<'de> {
    None,
    Unit,
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
    Str(&'de str),
    Bytes(&'de [u8]),
}

impl<'de> Leaf<'de> {
    pub fn visit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Self::None => visitor.visit_none(),
            Self::Unit => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::I8(value) => visitor.visit_i8(value),
            Self::I16(value) => visitor.visit_i16(value),
            Self::I32(value) => visitor.visit_i32(value),
            Self::I64(value) => visitor.visit_i64(value),
            Self::I128(value) => visitor.visit_i128(value),
            Self::U8(value) => visitor.visit_u8(value),
            Self::U16(value) => visitor.visit_u16(value),
            Self::U32(value) => visitor.visit_u32(value),
            Self::U64(value) => visitor.visit_u64(value),
            Self::U128(value) => visitor.visit_u128(value),
            Self::F32(value) => visitor.visit_f32(value),
            Self::F64(value) => visitor.visit_f64(value),
            Self::Char(value) => visitor.visit_char(value),
            Self::Str(value) => visitor.visit_borrowed_str(value),
            Self::Bytes(value) => visitor.visit_borrowed_bytes(value),
        }
    }
}

/// How an integer is given to a visitor that asks for one kind.
pub enum Given {
    /// As it was written, which is the kind that the visitor asks for. Its bytes come next.
    Exactly,
    /// Converted to the kind that the visitor asks for.
    Converted(i128),
    /// As it was written, which is another kind. Its tag comes next.
    AsWritten {
        /// Whether it could be converted.
        fits: bool,
    },
}

impl<'de> Reader<'_, 'de> {
    /// Reads a value without others inside, after its tag.
    pub fn leaf(&mut self, tag: Tag) -> Result<Leaf<'de>, Fault> {
        Ok(match tag {
            Tag::None => Leaf::None,
            Tag::Unit => Leaf::Unit,
            Tag::Bool => match self.take()? {
                [0] => Leaf::Bool(false),
                [1] => Leaf::Bool(true),
                _ => return Err(Fault::invalid("bool")),
            },
            Tag::Char => match char::from_u32(u32::from_ne_bytes(self.take()?)) {
                Some(character) => Leaf::Char(character),
                None => return Err(Fault::invalid("char")),
            },
            Tag::Str => Leaf::Str(self.text()?),
            Tag::Bytes => Leaf::Bytes(self.blob()?),
            Tag::UnitVariant => Leaf::Str(self.variant()?.1),
            tag => return self.number(tag),
        })
    }

    /// Reads a number, after its tag or the tag of its row.
    pub fn number(&mut self, tag: Tag) -> Result<Leaf<'de>, Fault> {
        macro_rules! take {
            ($($tag:ident: $number:ty,)*) => {
                match tag {
                    $(Tag::$tag => Leaf::$tag(<$number>::from_ne_bytes(self.take()?)),)*
                    // Many visitors of `deserialize_any` accept no more than 64 bits.
                    Tag::U128 => {
                        let number = u128::from_ne_bytes(self.take()?);
                        u64::try_from(number).map_or(Leaf::U128(number), Leaf::U64)
                    }
                    Tag::I128 => {
                        let number = i128::from_ne_bytes(self.take()?);
                        i64::try_from(number).map_or(Leaf::I128(number), Leaf::I64)
                    }
                    _ => return Err(Fault::invalid("number")),
                }
            };
        }
        Ok(take! {
            I8: i8, I16: i16, I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64, F32: f32, F64: f64,
        })
    }

    /// Reads an integer, for a conversion to another width. `None`: it does not fit, or is not an integer.
    fn integer(&mut self, tag: Tag) -> Result<Option<i128>, Fault> {
        macro_rules! take {
            ($($tag:ident: $number:ty,)*) => {
                match tag {
                    $(Tag::$tag => Some(i128::from(<$number>::from_ne_bytes(self.take()?))),)*
                    Tag::U128 => i128::try_from(u128::from_ne_bytes(self.take()?)).ok(),
                    _ => None,
                }
            };
        }
        Ok(take! {
            I8: i8, I16: i16, I32: i32, I64: i64, I128: i128, U8: u8, U16: u16, U32: u32, U64: u64,
        })
    }

    /// How the visitor `asks` gets the next value, if it asks for an integer of the kind `kind`.
    pub fn given(&mut self, kind: Tag, asks: TypeId) -> Result<Given, Fault> {
        let before = self.rest;
        let tag = self.tag()?;
        if tag == kind {
            return Ok(Given::Exactly);
        }
        let number = self.integer(tag)?.filter(|number| kind.holds(*number));
        // The written kind may matter to a visitor that accepts several kinds.
        match number {
            Some(number) if self.names.is_strict(asks) => Ok(Given::Converted(number)),
            number => {
                self.rest = before;
                let fits = number.is_some();
                Ok(Given::AsWritten { fits })
            }
        }
    }
}
