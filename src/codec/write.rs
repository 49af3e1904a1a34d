//! Writing the plain form: a `Serializer` over a sink. Measuring runs the same code over a sink that only counts.

use super::bulk;
use super::error::Fault;
use super::frame::FRAME;
use super::limits::{MOST_BYTES, MOST_DEPTH};
use super::memory::{Exhausted, Sink};
use crate::error::payload::PayloadReason;
use serde::ser::{self, Serialize, Serializer};
use std::fmt::{self, Display, Write};

/// Writes `value` into `sink`.
#[inline]
pub fn value<T: Serialize + ?Sized>(value: &T, sink: &mut impl Sink) -> Result<(), Fault> {
    let depth = MOST_DEPTH;
    value.serialize(&mut Writer { sink, depth })
}

/// The error for a full sink. Its capacity is the measured size, so the value has grown since.
#[cold]
#[inline(never)]
fn changed(_: Exhausted) -> Fault {
    Fault::new(PayloadReason::Changed)
}

struct Writer<'a, S> {
    sink: &'a mut S,
    /// How many more levels are allowed.
    depth: u32,
}

impl<S: Sink> Writer<'_, S> {
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) -> Result<(), Fault> {
        self.sink.put(bytes).map_err(changed)
    }

    #[inline]
    fn length(&mut self, length: usize) -> Result<(), Fault> {
        if length > MOST_BYTES {
            return Err(Fault::new(PayloadReason::TooLarge));
        }
        self.put((length as u32).to_ne_bytes())
    }

    /// Writes `length`, then `bytes`.
    #[inline]
    fn row(&mut self, length: usize, bytes: &[u8]) -> Result<(), Fault> {
        self.length(length)?;
        self.sink.put_all(bytes).map_err(changed)
    }

    /// Goes one level deeper; [`leave`](Self::leave) goes back. After an error the depth does not matter.
    #[inline]
    fn enter(&mut self) -> Result<(), Fault> {
        match self.depth.checked_sub(1) {
            Some(depth) => self.depth = depth,
            None => return Err(Fault::too_deep()),
        }
        Ok(())
    }

    #[inline]
    fn leave(&mut self) {
        self.depth += 1;
    }

    #[inline]
    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.enter()?;
        value.serialize(&mut *self)?;
        self.leave();
        Ok(())
    }
}

macro_rules! numbers {
    ($($method:ident: $number:ty,)*) => {
        $(
            #[inline]
            fn $method(self, value: $number) -> Result<(), Fault> {
                self.put(value.to_ne_bytes())
            }
        )*
    };
}

impl<'w, 'a, S: Sink> Serializer for &'w mut Writer<'a, S> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Elements<'w, 'a, S>;
    type SerializeTuple = Fields<'w, 'a, S>;
    type SerializeTupleStruct = Fields<'w, 'a, S>;
    type SerializeTupleVariant = Fields<'w, 'a, S>;
    type SerializeMap = Elements<'w, 'a, S>;
    type SerializeStruct = Fields<'w, 'a, S>;
    type SerializeStructVariant = Fields<'w, 'a, S>;

    numbers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.put([u8::from(value)])
    }

    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.put(u32::from(value).to_ne_bytes())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.row(value.len(), value.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.row(value.len(), value)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Fault> {
        self.put([0])
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.put([1])?;
        self.inside(value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Fault> {
        self.put([0])
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        self.put([0])
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
    ) -> Result<(), Fault> {
        self.put(variant.to_ne_bytes())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        if name != FRAME {
            return self.inside(value);
        }
        let at = self.sink.position();
        self.length(0)?;
        let first = self.sink.position();
        value.serialize(&mut *self)?;
        patch(self.sink, at, self.sink.position() - first)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.put(variant.to_ne_bytes())?;
        self.inside(value)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Elements<'w, 'a, S>, Fault> {
        Elements::new(self, length)
    }

    #[inline]
    fn serialize_tuple(self, fields: usize) -> Result<Fields<'w, 'a, S>, Fault> {
        if fields == 0 {
            self.put([0])?;
        }
        Fields::new(self, fields)
    }

    #[inline]
    fn serialize_tuple_struct(
        self,
        _: &'static str,
        fields: usize,
    ) -> Result<Fields<'w, 'a, S>, Fault> {
        self.serialize_tuple(fields)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        fields: usize,
    ) -> Result<Fields<'w, 'a, S>, Fault> {
        self.put(variant.to_ne_bytes())?;
        Fields::new(self, fields)
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Elements<'w, 'a, S>, Fault> {
        Elements::new(self, length)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, fields: usize) -> Result<Fields<'w, 'a, S>, Fault> {
        self.serialize_tuple(fields)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        name: &'static str,
        variant: u32,
        variant_name: &'static str,
        fields: usize,
    ) -> Result<Fields<'w, 'a, S>, Fault> {
        self.serialize_tuple_variant(name, variant, variant_name, fields)
    }

    /// serde's impls for slices and vectors all call this, whatever wraps them.
    #[inline]
    fn collect_seq<I>(self, items: I) -> Result<(), Fault>
    where
        I: IntoIterator,
        I::Item: Serialize,
    {
        let items = match bulk::numbers(items) {
            Ok(row) => {
                // A row counts as a level, as for a reader that reads it number by number.
                self.enter()?;
                self.row(row.count, row.bytes)?;
                self.leave();
                return Ok(());
            }
            Err(items) => items.into_iter(),
        };
        let length = match items.size_hint() {
            (least, Some(most)) if least == most => Some(least),
            _ => None,
        };
        let mut elements = Elements::new(self, length)?;
        for item in items {
            elements.put(&item)?;
        }
        elements.finish()
    }

    /// Writes what `value` displays piece by piece, without a `String`.
    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Fault> {
        struct Pieces<'s, S> {
            sink: &'s mut S,
            is_full: bool,
        }
        impl<S: Sink> Write for Pieces<'_, S> {
            fn write_str(&mut self, piece: &str) -> fmt::Result {
                let put = self.sink.put_all(piece.as_bytes());
                self.is_full |= put.is_err();
                put.map_err(|_| fmt::Error)
            }
        }
        let at = self.sink.position();
        self.length(0)?;
        let first = self.sink.position();
        let mut pieces = Pieces {
            sink: &mut *self.sink,
            is_full: false,
        };
        let written = write!(pieces, "{value}");
        if pieces.is_full {
            return Err(changed(Exhausted));
        }
        written.map_err(|_| ser::Error::custom("its Display failed"))?;
        patch(self.sink, at, self.sink.position() - first)
    }
}

/// Writes, at `at`, a length that was not known before.
#[inline]
fn patch(sink: &mut impl Sink, at: usize, length: usize) -> Result<(), Fault> {
    if length > MOST_BYTES {
        return Err(Fault::new(PayloadReason::TooLarge));
    }
    sink.patch(at, (length as u32).to_ne_bytes());
    Ok(())
}

/// Writes a sequence or a map, whose number of elements is on the wire.
struct Elements<'w, 'a, S> {
    writer: &'w mut Writer<'a, S>,
    announced: Option<usize>,
    given: usize,
    /// The position of the number of elements.
    at: usize,
}

impl<'w, 'a, S: Sink> Elements<'w, 'a, S> {
    #[inline]
    fn new(writer: &'w mut Writer<'a, S>, announced: Option<usize>) -> Result<Self, Fault> {
        writer.enter()?;
        let at = writer.sink.position();
        writer.length(announced.unwrap_or(0))?;
        Ok(Self {
            writer,
            announced,
            given: 0,
            at,
        })
    }

    #[inline]
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.given += 1;
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn finish(self) -> Result<(), Fault> {
        match self.announced {
            Some(announced) if announced == self.given => {}
            Some(announced) => return Err(Fault::wrong_count(announced)),
            None => patch(self.writer.sink, self.at, self.given)?,
        }
        self.writer.leave();
        Ok(())
    }
}

impl<S: Sink> ser::SerializeSeq for Elements<'_, '_, S> {
    type Ok = ();
    type Error = Fault;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.put(value)
    }

    #[inline]
    fn end(self) -> Result<(), Fault> {
        self.finish()
    }
}

impl<S: Sink> ser::SerializeMap for Elements<'_, '_, S> {
    type Ok = ();
    type Error = Fault;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.put(key)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn end(self) -> Result<(), Fault> {
        self.finish()
    }
}

/// Writes a tuple or a struct, whose number of fields both sides know.
struct Fields<'w, 'a, S> {
    writer: &'w mut Writer<'a, S>,
    announced: usize,
    given: usize,
}

impl<'w, 'a, S: Sink> Fields<'w, 'a, S> {
    #[inline]
    fn new(writer: &'w mut Writer<'a, S>, announced: usize) -> Result<Self, Fault> {
        writer.enter()?;
        Ok(Self {
            writer,
            announced,
            given: 0,
        })
    }

    #[inline]
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.given += 1;
        value.serialize(&mut *self.writer)
    }

    #[inline]
    fn finish(self) -> Result<(), Fault> {
        if self.given != self.announced {
            return Err(Fault::wrong_count(self.announced));
        }
        self.writer.leave();
        Ok(())
    }
}

macro_rules! fields {
    ($($kind:ident.$method:ident($($name:ident)?),)*) => {
        $(
            impl<S: Sink> ser::$kind for Fields<'_, '_, S> {
                type Ok = ();
                type Error = Fault;

                #[inline]
                fn $method<T: Serialize + ?Sized>(
                    &mut self,
                    $($name: &'static str,)?
                    value: &T,
                ) -> Result<(), Fault> {
                    $(let _ = $name;)?
                    self.put(value)
                }

                $(
                    #[cold]
                    fn skip_field(&mut self, $name: &'static str) -> Result<(), Fault> {
                        Err(Fault::skipped($name))
                    }
                )?

                #[inline]
                fn end(self) -> Result<(), Fault> {
                    self.finish()
                }
            }
        )*
    };
}

fields! {
    SerializeTuple.serialize_element(),
    SerializeTupleStruct.serialize_field(),
    SerializeTupleVariant.serialize_field(),
    SerializeStruct.serialize_field(name),
    SerializeStructVariant.serialize_field(name),
}
