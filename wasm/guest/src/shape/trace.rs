//! Asks a type for its shape: a deserializer that notes what it is asked for, and answers with made-up values.
//!
//! A type may refuse a value. Then the part of it that is nearest to the refusal answers in another way in the next attempt, if it can:
//! an option with nothing, a sequence with no items, an enum with its next variant, a struct with its fields in another order. The
//! attempts share one tree of [`Slot`]s, so each of them adds to what is known.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use super::text::write_name;

/// How many values all attempts may make up. It bounds the time for types with many ways to contain themselves.
const MAX_STEPS: usize = 20_000;
/// How deep values may be nested.
const MAX_DEPTH: usize = 64;
/// How often a type may occur inside itself, counting the outermost one.
const MAX_SELF: usize = 2;
/// The longest tuple whose items are all written.
const MAX_ITEMS: usize = 16;

/// What is known of `T`.
pub fn trace<T: DeserializeOwned>(human_readable: bool) -> Slot {
    let mut slot = Slot::default();
    let context = Context {
        human_readable,
        steps: Cell::new(0),
        adapted: Cell::new(false),
        around: RefCell::default(),
        depth: Cell::new(0),
    };
    loop {
        context.adapted.set(false);
        context.around.borrow_mut().clear();
        context.depth.set(0);
        let tracer = Tracer {
            slot: &mut slot,
            context: &context,
        };
        // UNWIND: the value is gone, the slots hold what was noted until then.
        let traced = catch_unwind(AssertUnwindSafe(|| T::deserialize(tracer).is_ok()));
        // No part could answer in another way: the next attempt would end like this one.
        let again = matches!(traced, Ok(false)) && context.adapted.get();
        if !again || context.steps.get() >= MAX_STEPS {
            return slot;
        }
    }
}

struct Context {
    human_readable: bool,
    steps: Cell<usize>,
    /// Some part answers in another way in the next attempt.
    adapted: Cell<bool>,
    /// The named types around the value that is being made.
    around: RefCell<Vec<Named>>,
    depth: Cell<usize>,
}

/// The name of a type, and its fields or variants: types of one name in different modules are rarely equal in these.
type Named = (&'static str, Names);
type Names = &'static [&'static str];

impl Context {
    /// True for the first part that asks in an attempt: the nearest to the refusal.
    fn may_adapt(&self) -> bool {
        !self.adapted.replace(true)
    }
}

/// What is known of one value.
#[derive(Default)]
pub struct Slot {
    kind: Kind,
    /// For an option, a sequence or a map: to be empty in the next attempt.
    empty: bool,
    /// A key that is no value but the name of a field.
    identifier: bool,
}

#[derive(Default)]
enum Kind {
    #[default]
    Unknown,
    Word(&'static str),
    Option(Box<Slot>),
    Sequence(Box<Slot>),
    Map(Box<(Slot, Slot)>),
    /// Of a long one there is only the first item.
    Tuple(Vec<Slot>, usize),
    Struct(Struct),
    Enum(Enum),
}

struct Struct {
    names: Names,
    fields: Vec<Field>,
    /// The order in which the fields are given, as indices.
    order: Vec<usize>,
}

#[derive(Default)]
struct Field {
    slot: Slot,
    failed: bool,
    alias: bool,
}

struct Enum {
    names: Names,
    /// The variant that is given.
    at: usize,
    content: Box<Slot>,
}

impl Struct {
    fn new(names: Names) -> Self {
        Self {
            names,
            fields: names.iter().map(|_| Field::default()).collect(),
            order: (0..names.len()).collect(),
        }
    }

    /// The type refused this field, or the value given for it. True if the fields come in another order from now on.
    fn adapt(&mut self, at: usize, given: bool, error: &Error) -> bool {
        match error.duplicate {
            Some(name) if !given && self.names[at] != name => {
                self.fields[at].alias = true;
                self.order.retain(|&other| other != at);
                true
            }
            // One before it is an alias of this one.
            Some(_) if !given && self.order.first() != Some(&at) => {
                self.order.retain(|&other| other != at);
                self.order.insert(0, at);
                true
            }
            _ if given && !self.fields[at].failed => {
                self.fields[at].failed = true;
                self.order.retain(|&other| other != at);
                self.order.push(at);
                true
            }
            _ => false,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Unknown => out.write_str("?"),
            Kind::Word(word) => out.write_str(word),
            Kind::Option(inner) => write!(out, "{inner}?"),
            Kind::Sequence(item) => write!(out, "[{item}]"),
            // A struct with a flattened field: its fields are not to be had.
            Kind::Map(entry) if entry.0.identifier => out.write_str("?"),
            Kind::Map(entry) => write!(out, "[{}:{}]", entry.0, entry.1),
            // Not `()`, which is a value of its own and no empty list.
            Kind::Tuple(_, 0) => out.write_str("(?;0)"),
            Kind::Tuple(items, length) if items.len() < *length => {
                write!(out, "({};{length})", items[0])
            }
            Kind::Tuple(items, _) => {
                list(out, "(", ",", ")", items, |item, out| write!(out, "{item}"))
            }
            Kind::Struct(Struct { names, fields, .. }) => {
                let fields = names.iter().zip(fields).filter(|(_, field)| !field.alias);
                list(out, "{", ",", "}", fields, |(name, field), out| {
                    write_name(name, out)?;
                    write!(out, ":{}", field.slot)
                })
            }
            Kind::Enum(Enum { names, .. }) => list(out, "<", "|", ">", *names, |name, out| {
                write_name(name, out)
            }),
        }
    }
}

fn list<T>(
    out: &mut fmt::Formatter<'_>,
    open: &str,
    between: &str,
    close: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    out.write_str(open)?;
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.write_str(between)?;
        }
        write(item, out)?;
    }
    out.write_str(close)
}

#[derive(Debug)]
struct Error {
    /// The field that the type has already.
    duplicate: Option<&'static str>,
}

const REFUSED: Error = Error { duplicate: None };

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the type refuses a value that was made up to learn its shape")
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(_: T) -> Self {
        REFUSED
    }

    fn duplicate_field(field: &'static str) -> Self {
        Error {
            duplicate: Some(field),
        }
    }
}

/// Deserializes into one slot.
struct Tracer<'a> {
    slot: &'a mut Slot,
    context: &'a Context,
}

impl<'a> Tracer<'a> {
    fn word(&mut self, word: &'static str) -> Result<(), Error> {
        self.step()?;
        self.slot.kind = Kind::Word(word);
        Ok(())
    }

    fn step(&self) -> Result<(), Error> {
        let steps = self.context.steps.get() + 1;
        self.context.steps.set(steps);
        if steps > MAX_STEPS || self.context.depth.get() >= MAX_DEPTH {
            return Err(REFUSED);
        }
        Ok(())
    }

    /// Runs `trace` one level deeper.
    fn deeper<T>(self, trace: impl FnOnce(Self) -> Result<T, Error>) -> Result<T, Error> {
        self.step()?;
        let context = self.context;
        let depth = context.depth.get();
        context.depth.set(depth + 1);
        let traced = trace(self);
        context.depth.set(depth);
        traced
    }

    /// Runs `trace` inside of a type with a name, unless the type is inside of itself too often.
    fn named<T>(
        self,
        name: &'static str,
        names: Names,
        trace: impl FnOnce(Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let context = self.context;
        let around = |named: &Vec<Named>| named.iter().filter(|&&n| n == (name, names)).count();
        if around(&context.around.borrow()) >= MAX_SELF {
            return Err(REFUSED);
        }
        context.around.borrow_mut().push((name, names));
        let traced = self.deeper(trace);
        context.around.borrow_mut().pop();
        traced
    }

    /// For what may be empty. `trace` gets the kind, and whether it has to be.
    fn maybe_empty<T>(
        self,
        trace: impl FnOnce(&'a mut Kind, bool, &'a Context) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.deeper(|Tracer { slot, context }| {
            let Slot { kind, empty, .. } = slot;
            let traced = trace(kind, *empty, context);
            if traced.is_err() && !*empty && context.may_adapt() {
                *empty = true;
            }
            traced
        })
    }

    fn tuple<'de, V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.deeper(|Tracer { slot, context }| {
            if !matches!(slot.kind, Kind::Tuple(_, known) if known == length) {
                let written = if length > MAX_ITEMS { 1 } else { length };
                let items = (0..written).map(|_| Slot::default()).collect();
                slot.kind = Kind::Tuple(items, length);
            }
            let Kind::Tuple(items, _) = &mut slot.kind else {
                return Err(REFUSED);
            };
            visitor.visit_seq(Items {
                items,
                at: 0,
                length,
                context,
            })
        })
    }

    fn fields<'de, V: Visitor<'de>>(self, names: Names, visitor: V) -> Result<V::Value, Error> {
        let Tracer { slot, context } = self;
        if !matches!(&slot.kind, Kind::Struct(known) if known.names == names) {
            slot.kind = Kind::Struct(Struct::new(names));
        }
        let Kind::Struct(known) = &mut slot.kind else {
            return Err(REFUSED);
        };
        let mut last = None;
        let traced = visitor.visit_map(Fields {
            known,
            next: 0,
            last: &mut last,
            context,
        });
        if let (Err(error), Some((at, given))) = (&traced, last)
            && !context.adapted.get()
            && known.adapt(at, given, error)
        {
            context.adapted.set(true);
        }
        traced
    }
}

macro_rules! words {
    ($($method:ident $word:literal $visit:ident($($value:expr)?);)*) => {
        $(fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
            self.word($word)?;
            visitor.$visit($($value)?)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    // One and not zero, so that numbers that must not be zero are content. A text that many types can read.
    words! {
        deserialize_bool "bool" visit_bool(true);
        deserialize_i8 "i8" visit_i8(1);
        deserialize_i16 "i16" visit_i16(1);
        deserialize_i32 "i32" visit_i32(1);
        deserialize_i64 "i64" visit_i64(1);
        deserialize_i128 "i128" visit_i128(1);
        deserialize_u8 "u8" visit_u8(1);
        deserialize_u16 "u16" visit_u16(1);
        deserialize_u32 "u32" visit_u32(1);
        deserialize_u64 "u64" visit_u64(1);
        deserialize_u128 "u128" visit_u128(1);
        deserialize_f32 "f32" visit_f32(1.0);
        deserialize_f64 "f64" visit_f64(1.0);
        deserialize_char "char" visit_char('1');
        deserialize_str "string" visit_borrowed_str("1");
        deserialize_string "string" visit_string("1".to_owned());
        deserialize_bytes "bytes" visit_borrowed_bytes(b"1");
        deserialize_byte_buf "bytes" visit_byte_buf(b"1".to_vec());
        deserialize_unit "()" visit_unit();
    }

    fn is_human_readable(&self) -> bool {
        self.context.human_readable
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.step()?;
        self.slot.kind = Kind::Unknown;
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.step()?;
        self.slot.kind = Kind::Unknown;
        self.slot.identifier = true;
        visitor.visit_borrowed_str("1")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.maybe_empty(|kind, empty, context| {
            if !matches!(kind, Kind::Option(_)) {
                *kind = Kind::Option(Box::default());
            }
            match kind {
                Kind::Option(slot) if !empty => visitor.visit_some(Tracer { slot, context }),
                _ => visitor.visit_none(),
            }
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.maybe_empty(|kind, empty, context| {
            if !matches!(kind, Kind::Sequence(_)) {
                *kind = Kind::Sequence(Box::default());
            }
            let Kind::Sequence(item) = kind else {
                return Err(REFUSED);
            };
            visitor.visit_seq(Items {
                items: std::slice::from_mut(&mut **item),
                at: 0,
                length: usize::from(!empty),
                context,
            })
        })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.maybe_empty(|kind, empty, context| {
            if !matches!(kind, Kind::Map(_)) {
                *kind = Kind::Map(Box::default());
            }
            let Kind::Map(entry) = kind else {
                return Err(REFUSED);
            };
            visitor.visit_map(Entry {
                entry,
                done: empty,
                context,
            })
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.tuple(length, visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.word("unit")?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_private(name) {
            return self.deserialize_any(visitor);
        }
        self.named(name, &[], |tracer| visitor.visit_newtype_struct(tracer))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.named(name, &[], |tracer| tracer.tuple(length, visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value, Error> {
        if is_private(name) {
            return self.deserialize_any(visitor);
        }
        self.named(name, names, |tracer| tracer.fields(names, visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: Names,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.named(name, names, |Tracer { slot, context }| {
            if !matches!(&slot.kind, Kind::Enum(known) if known.names == names) {
                slot.kind = Kind::Enum(Enum {
                    names,
                    at: 0,
                    content: Box::default(),
                });
            }
            let Kind::Enum(Enum { at, content, .. }) = &mut slot.kind else {
                return Err(REFUSED);
            };
            let traced = visitor.visit_enum(Variant {
                name: names.get(*at).ok_or(REFUSED)?,
                content,
                context,
            });
            if traced.is_err() && *at + 1 < names.len() && context.may_adapt() {
                *at += 1;
                **content = Slot::default();
            }
            traced
        })
    }
}

/// Names such as `$serde_json::private::RawValue` are a signal between a type and the deserializer of its crate.
fn is_private(name: &str) -> bool {
    name.starts_with('$')
}

/// The items of a sequence or tuple. The last slot is for all others.
struct Items<'a> {
    items: &'a mut [Slot],
    at: usize,
    length: usize,
    context: &'a Context,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.at >= self.length {
            return Ok(None);
        }
        let last = self.items.len().saturating_sub(1);
        let slot = self.items.get_mut(self.at.min(last)).ok_or(REFUSED)?;
        self.at += 1;
        let context = self.context;
        seed.deserialize(Tracer { slot, context }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.length - self.at)
    }
}

/// The entry of a map.
struct Entry<'a> {
    entry: &'a mut (Slot, Slot),
    done: bool,
    context: &'a Context,
}

impl<'de> de::MapAccess<'de> for Entry<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(None);
        }
        let (slot, context) = (&mut self.entry.0, self.context);
        seed.deserialize(Tracer { slot, context }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (slot, context) = (&mut self.entry.1, self.context);
        seed.deserialize(Tracer { slot, context })
    }
}

/// The fields of a struct.
struct Fields<'a> {
    known: &'a mut Struct,
    next: usize,
    /// The field that was given last, and whether its value was asked for.
    last: &'a mut Option<(usize, bool)>,
    context: &'a Context,
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(&at) = self.known.order.get(self.next) else {
            *self.last = None;
            return Ok(None);
        };
        self.next += 1;
        *self.last = Some((at, false));
        let name: &'static str = self.known.names[at];
        let name: de::value::StrDeserializer<'static, Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let at = match self.last {
            Some((at, given)) => {
                *given = true;
                *at
            }
            None => return Err(REFUSED),
        };
        let (slot, context) = (&mut self.known.fields[at].slot, self.context);
        seed.deserialize(Tracer { slot, context })
    }
}

/// One variant of an enum.
struct Variant<'a> {
    name: &'static str,
    content: &'a mut Slot,
    context: &'a Context,
}

impl<'a, 'de> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Tracer<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Tracer<'a>), Error> {
        let name: de::value::StrDeserializer<'static, Error> = self.name.into_deserializer();
        let content = Tracer {
            slot: self.content,
            context: self.context,
        };
        Ok((seed.deserialize(name)?, content))
    }
}

/// What a variant holds.
impl<'de> de::VariantAccess<'de> for Tracer<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, names: Names, visitor: V) -> Result<V::Value, Error> {
        self.deeper(|tracer| tracer.fields(names, visitor))
    }
}
