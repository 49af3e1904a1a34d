//! Writing a description.

use super::super::bulk;
use super::super::error::Fault;
use super::super::limits::{MOST_BYTES, MOST_DEPTH};
use super::tag::Tag;
use crate::error::payload::PayloadReason;
use serde::ser::{self, Serialize, Serializer};
use std::fmt::{Display, Write};

/// A description that is being written.
#[derive(Clone, Debug, Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn tag(&mut self, tag: Tag) {
        self.0.push(tag as u8);
    }

    pub fn put(&mut self, tag: Tag, bytes: &[u8]) {
        self.tag(tag);
        self.0.extend_from_slice(bytes);
    }

    /// Reserves a count, which is patched in when all elements have been written. Returns its position.
    fn count(&mut self) -> usize {
        let at = self.0.len();
        self.length(0);
        at
    }

    pub fn length(&mut self, length: u32) {
        self.0.extend_from_slice(&length.to_ne_bytes());
    }

    pub fn text(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.length(length(bytes.len())?);
        self.0.extend_from_slice(bytes);
        self.check()
    }

    fn patch(&mut self, at: usize, number: usize) -> Result<(), Fault> {
        let number = length(number)?;
        self.0[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        Ok(())
    }

    /// An error if the description is larger than the limit. Checked while it grows, so that memory does not run out first.
    fn check(&self) -> Result<(), Fault> {
        length(self.0.len()).map(drop)
    }

    pub fn variant(&mut self, tag: Tag, index: u32, name: &str) -> Result<(), Fault> {
        self.put(tag, &index.to_ne_bytes());
        self.text(name.as_bytes())
    }
}

fn length(length: usize) -> Result<u32, Fault> {
    match length <= MOST_BYTES {
        true => Ok(length as u32),
        false => Err(Fault::new(PayloadReason::TooLarge)),
    }
}

/// What a value is described for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be sent to a reader.
    Travel,
    /// To be compared with what the plain form reads.
    Comparison,
    /// The same, but a field may be skipped (`skip_field`).
    ComparisonWithSkipped,
}

/// Describes `value`.
pub fn value<T: Serialize + ?Sized>(value: &T, purpose: Purpose) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer {
        out: Out::default(),
        depth: MOST_DEPTH,
        purpose,
    };
    value.serialize(&mut writer)?;
    writer.out.check()?;
    Ok(writer.out.0)
}

struct Writer {
    out: Out,
    /// How many more levels are allowed.
    depth: u32,
    purpose: Purpose,
}

impl Writer {
    fn enter(&mut self) -> Result<(), Fault> {
        self.depth = self.depth.checked_sub(1).ok_or_else(Fault::too_deep)?;
        self.out.check()
    }

    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.enter()?;
        value.serialize(&mut *self)?;
        self.depth += 1;
        Ok(())
    }

    fn one_by_one<I>(&mut self, items: I) -> Result<(), Fault>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        let mut elements = self.elements(Tag::Seq)?;
        for item in items {
            elements.put(&item)?;
        }
        elements.finish()
    }

    fn elements(&mut self, tag: Tag) -> Result<Elements<'_>, Fault> {
        self.enter()?;
        self.out.tag(tag);
        let at = self.out.count();
        Ok(Elements {
            writer: self,
            at,
            given: 0,
        })
    }
}

macro_rules! numbers {
    ($($method:ident: $number:ty as $tag:ident,)*) => {
        $(
            fn $method(self, value: $number) -> Result<(), Fault> {
                self.out.put(Tag::$tag, &value.to_ne_bytes());
                Ok(())
            }
        )*
    };
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Elements<'w>;
    type SerializeTuple = Elements<'w>;
    type SerializeTupleStruct = Elements<'w>;
    type SerializeTupleVariant = Elements<'w>;
    type SerializeMap = Elements<'w>;
    type SerializeStruct = Elements<'w>;
    type SerializeStructVariant = Elements<'w>;

    numbers! {
        serialize_i8: i8 as I8,
        serialize_i16: i16 as I16,
        serialize_i32: i32 as I32,
        serialize_i64: i64 as I64,
        serialize_i128: i128 as I128,
        serialize_u8: u8 as U8,
        serialize_u16: u16 as U16,
        serialize_u32: u32 as U32,
        serialize_u64: u64 as U64,
        serialize_u128: u128 as U128,
        serialize_f32: f32 as F32,
        serialize_f64: f64 as F64,
    }

    fn is_human_readable(&self) -> bool {
        self.purpose == Purpose::Travel
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.out.put(Tag::Bool, &[u8::from(value)]);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.out.put(Tag::Char, &u32::from(value).to_ne_bytes());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.out.tag(Tag::Str);
        self.out.text(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.out.tag(Tag::Bytes);
        self.out.text(value)
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.out.tag(Tag::None);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.out.tag(Tag::Some);
        self.inside(value)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        self.out.tag(Tag::Unit);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        name: &'static str,
    ) -> Result<(), Fault> {
        self.out.variant(Tag::UnitVariant, variant, name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.inside(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.out.variant(Tag::NewtypeVariant, variant, name)?;
        self.inside(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'w>, Fault> {
        self.elements(Tag::Seq)
    }

    fn serialize_tuple(self, _: usize) -> Result<Elements<'w>, Fault> {
        self.elements(Tag::Tuple)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'w>, Fault> {
        self.elements(Tag::Tuple)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Elements<'w>, Fault> {
        self.out.variant(Tag::FieldsVariant, variant, name)?;
        self.elements(Tag::Tuple)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'w>, Fault> {
        self.elements(Tag::Map)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Elements<'w>, Fault> {
        self.elements(Tag::Struct)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        variant: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Elements<'w>, Fault> {
        self.out.variant(Tag::FieldsVariant, variant, name)?;
        self.elements(Tag::Struct)
    }

    fn collect_seq<I>(self, items: I) -> Result<(), Fault>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        if self.purpose != Purpose::Travel {
            return self.one_by_one(items);
        }
        match bulk::numbers(items) {
            Ok(row) => {
                self.enter()?;
                self.out.put(Tag::Row, &[row.tag as u8]);
                self.out.length(length(row.count)?);
                self.out.0.extend_from_slice(row.bytes);
                self.depth += 1;
                self.out.check()
            }
            Err(items) => self.one_by_one(items),
        }
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        let mut text = String::new();
        write!(text, "{value}").map_err(|_| ser::Error::custom("its Display failed"))?;
        self.serialize_str(&text)
    }
}

/// Writes elements and counts them. An announced number is ignored.
struct Elements<'w> {
    writer: &'w mut Writer,
    /// The position of their number.
    at: usize,
    given: usize,
}

impl Elements<'_> {
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.given += 1;
        value.serialize(&mut *self.writer)
    }

    fn finish(self) -> Result<(), Fault> {
        self.writer.depth += 1;
        self.writer.out.patch(self.at, self.given)?;
        self.writer.out.check()
    }
}

macro_rules! elements {
    ($($kind:ident.$method:ident($($name:ident)?),)*) => {
        $(
            impl ser::$kind for Elements<'_> {
                type Ok = ();
                type Error = Fault;

                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($name: &'static str,)?
                    value: &T,
                ) -> Result<(), Fault> {
                    $(self.writer.out.text($name.as_bytes())?;)?
                    self.put(value)
                }

                $(
                    /// Its name is written, with `Skipped` in place of the value.
                    fn skip_field(&mut self, $name: &'static str) -> Result<(), Fault> {
                        if self.writer.purpose != Purpose::Comparison {
                            self.given += 1;
                            self.writer.out.text($name.as_bytes())?;
                            self.writer.out.tag(Tag::Skipped);
                        }
                        Ok(())
                    }
                )?

                fn end(self) -> Result<(), Fault> {
                    self.finish()
                }
            }
        )*
    };
}

elements! {
    SerializeSeq.serialize_element(),
    SerializeTuple.serialize_element(),
    SerializeTupleStruct.serialize_field(),
    SerializeTupleVariant.serialize_field(),
    SerializeStruct.serialize_field(name),
    SerializeStructVariant.serialize_field(name),
}

impl ser::SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.put(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Fault> {
        self.finish()
    }
}
