//! A format without data: it makes up every value that it is asked for, and notes the request.

use super::super::described::Tag;
use super::feeder::{Choice, Feeder};
use super::made::{Elements, Variant};
use super::question::{Outcome, Question, Trial};
use super::refused::Refused;
use super::seen::{self, Enum, Seen};
use super::words::{BYTES, CHARS, COUNTS, NUMBERS, WORDS};
use serde::de::{Deserializer, Visitor};
use std::any::TypeId;

/// How deep made-up values are nested at most.
const MOST_DEPTH: usize = 96;
/// How many bytes of notes one run may make.
const MOST_NOTES: usize = 1 << 18;

impl Feeder {
    /// Answers a request, or gives it the answer of the trial.
    fn ask<'de, V: Visitor<'de>>(
        &mut self,
        asked: Tag,
        names: Option<&'static [&'static str]>,
        visitor: V,
        answer: impl FnOnce(&mut Self, V) -> Result<V::Value, Refused>,
    ) -> Result<V::Value, Refused> {
        let at = self.questions.len();
        self.questions.push(Question {
            visitor: typeid::of::<V>(),
            asked,
            names: names.unwrap_or_default(),
            starts: Vec::new(),
            made: 0,
        });
        if let Some(trial) = self.trial.take_if(|trial| trial.question == at) {
            let value = self.answer(&trial, visitor);
            self.made = trial.asked.made;
            let outcome = Outcome::of(&value);
            self.trial = Some(Trial { outcome, ..trial });
            return value;
        }
        let value = answer(self, visitor);
        self.questions[at].made = self.made;
        value
    }

    /// Runs a visitor. `again`: the same visitor is already active further out.
    fn visit<'de, V: Visitor<'de>>(
        &mut self,
        visit: impl FnOnce(&mut Self, bool) -> Result<V::Value, Refused>,
    ) -> Result<V::Value, Refused> {
        let is_too_much = self.visitors.len() >= MOST_DEPTH || self.fed.0.len() >= MOST_NOTES;
        if is_too_much {
            return self.unsure();
        }
        let visitor = typeid::of::<V>();
        let again = self.visitors.contains(&visitor);
        self.visitors.push(visitor);
        let value = visit(self, again);
        self.visitors.pop();
        self.has_failed |= value.is_err();
        value
    }

    /// Chooses the number of elements of a sequence or a map.
    fn count(&mut self, again: bool) -> u32 {
        match (again, self.mood) {
            (true, _) => 0,
            (false, 0) => COUNTS[self.choose(0, COUNTS.len())],
            (false, _) => COUNTS[1 + self.choose(0, COUNTS.len() - 1)],
        }
    }

    /// Gives a visitor `count` elements, with these names if they have any.
    pub fn elements<'de, V: Visitor<'de>>(
        &mut self,
        question: usize,
        count: u32,
        names: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let mut left = count;
        let value = visitor.visit_seq(Elements {
            feeder: self,
            left: &mut left,
            names: names.unwrap_or_default().iter(),
            question,
        })?;
        match left {
            0 => Ok(value),
            _ => self.unsure(),
        }
    }

    /// Gives a visitor `count` pairs.
    pub fn pairs<'de, V: Visitor<'de>>(
        &mut self,
        question: usize,
        count: u32,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fed.put(Tag::Map, &count.to_ne_bytes());
        let mut left = count;
        let value = visitor.visit_map(Elements {
            feeder: self,
            left: &mut left,
            names: [].iter(),
            question,
        })?;
        match left {
            0 => Ok(value),
            _ => self.unsure(),
        }
    }

    pub fn fields<'de, V: Visitor<'de>>(
        &mut self,
        count: usize,
        names: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let tag = match names {
            Some(_) => Tag::Struct,
            None => Tag::Tuple,
        };
        let question = self.questions.len();
        self.ask(tag, names, visitor, |this, visitor| {
            this.visit::<V>(|this, _| {
                let mut count = u32::try_from(count).map_err(|_| Refused::OTHER)?;
                if names.is_none() && count > 0 {
                    if this.short == Some(this.tuples) {
                        count -= 1;
                    }
                    this.tuples += 1;
                }
                this.fed.put(tag, &count.to_ne_bytes());
                this.elements(question, count, names, visitor)
            })
        })
    }

    /// The index of the enum with this visitor. Notes that the open variants contain it.
    fn met(&mut self, visitor: TypeId, variants: usize) -> usize {
        let known = self.enums.iter().position(|one| one.visitor == visitor);
        let met = known.unwrap_or_else(|| {
            self.enums.push(Enum {
                visitor,
                variants: vec![Seen::default(); variants],
                base: None,
            });
            self.enums.len() - 1
        });
        for (at, &(of, index)) in self.open.iter().enumerate() {
            // Of a variant that contains itself only the innermost leads here.
            if self.open[at + 1..].iter().any(|&(inner, _)| inner == of) {
                continue;
            }
            let inside = &mut self.enums[of].variants[index].inside;
            if !inside.contains(&met) {
                inside.push(met);
            }
        }
        met
    }
}

macro_rules! numbers {
    ($($method:ident: $visit:ident($number:ty) as $tag:ident,)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
                self.ask(Tag::$tag, None, visitor, |this, visitor| {
                    let number = NUMBERS[this.choose(this.mood, NUMBERS.len())] as $number;
                    this.fed.put(Tag::$tag, &number.to_ne_bytes());
                    visitor.$visit(number)
                })
            }
        )*
    };
}

macro_rules! unknown {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
                self.unsure()
            }
        )*
    };
}

impl<'de> Deserializer<'de> for &mut Feeder {
    type Error = Refused;

    numbers! {
        deserialize_i8: visit_i8(i8) as I8,
        deserialize_i16: visit_i16(i16) as I16,
        deserialize_i32: visit_i32(i32) as I32,
        deserialize_i64: visit_i64(i64) as I64,
        deserialize_i128: visit_i128(i128) as I128,
        deserialize_u8: visit_u8(u8) as U8,
        deserialize_u16: visit_u16(u16) as U16,
        deserialize_u32: visit_u32(u32) as U32,
        deserialize_u64: visit_u64(u64) as U64,
        deserialize_u128: visit_u128(u128) as U128,
        deserialize_f32: visit_f32(f32) as F32,
        deserialize_f64: visit_f64(f64) as F64,
    }

    unknown! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Bool, None, visitor, |this, visitor| {
            let is = this.choose(this.mood, 2) == 1;
            this.fed.put(Tag::Bool, &[u8::from(is)]);
            visitor.visit_bool(is)
        })
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Char, None, visitor, |this, visitor| {
            let character = CHARS[this.choose(this.mood, CHARS.len())];
            this.fed.put(Tag::Char, &u32::from(character).to_ne_bytes());
            visitor.visit_char(character)
        })
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Str, None, visitor, |this, visitor| {
            let word = WORDS[this.choose(this.mood, WORDS.len())];
            this.fed.tag(Tag::Str);
            this.fed.text(word.as_bytes()).map_err(|_| Refused::OTHER)?;
            visitor.visit_string(word.to_owned())
        })
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Bytes, None, visitor, |this, visitor| {
            let bytes = vec![b'1'; BYTES[this.choose(this.mood, BYTES.len())]];
            this.fed.tag(Tag::Bytes);
            this.fed.text(&bytes).map_err(|_| Refused::OTHER)?;
            visitor.visit_byte_buf(bytes)
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Some, None, visitor, |this, visitor| {
            this.visit::<V>(|this, again| {
                if again || this.mood == 0 {
                    this.fed.tag(Tag::None);
                    return visitor.visit_none();
                }
                this.fed.tag(Tag::Some);
                visitor.visit_some(this)
            })
        })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.ask(Tag::Unit, None, visitor, |this, visitor| {
            this.fed.tag(Tag::Unit);
            visitor.visit_unit()
        })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.ask(Tag::NewtypeVariant, None, visitor, |this, visitor| {
            this.visit::<V>(|this, _| visitor.visit_newtype_struct(this))
        })
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let question = self.questions.len();
        self.ask(Tag::Seq, None, visitor, |this, visitor| {
            this.visit::<V>(|this, again| {
                let count = this.count(again);
                this.fed.put(Tag::Seq, &count.to_ne_bytes());
                this.elements(question, count, None, visitor)
            })
        })
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fields(fields, None, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fields(fields, None, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let question = self.questions.len();
        self.ask(Tag::Map, None, visitor, |this, visitor| {
            this.visit::<V>(|this, again| {
                let count = this.count(again);
                this.pairs(question, count, visitor)
            })
        })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.fields(fields.len(), Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.ask(Tag::UnitVariant, None, visitor, |this, visitor| {
            this.visit::<V>(|this, again| {
                let of = this.met(typeid::of::<V>(), variants.len());
                let choice = this.made;
                let index = match this.choices.get(choice) {
                    Some(Choice::Variant(index)) => *index,
                    _ => {
                        let Some(index) = seen::pick(&this.enums, of, again) else {
                            return this.unsure();
                        };
                        this.choices.truncate(choice);
                        this.choices.push(Choice::Variant(index));
                        index
                    }
                };
                this.made += 1;
                this.enums[of].variants[index].is_busy = true;
                this.open.push((of, index));
                let mut is_taken = false;
                let made = visitor.visit_enum(Variant {
                    feeder: this,
                    index: index as u32,
                    name: variants[index],
                    is_taken: &mut is_taken,
                });
                this.open.pop();
                match made {
                    Ok(_) if !is_taken => this.unsure(),
                    Ok(value) => {
                        this.enums[of].base.get_or_insert(index);
                        Ok(value)
                    }
                    Err(refused) => {
                        if !is_taken {
                            this.refused = Some((choice, of, index));
                        }
                        Err(refused)
                    }
                }
            })
        })
    }
}
