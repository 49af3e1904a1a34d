//! A format that holds nothing: whatever it is asked for it makes up, and notes.

use super::super::described::{Out, Tag};
use super::made::{Elements, Variant};
use super::refused::Refused;
use super::seen::{self, Enum, Seen};
use super::trial::{Outcome, Question, Trial, What};
use super::words::{BYTES, CHARS, COUNTS, NUMBERS, WORDS};
use serde::de::{Deserialize, Deserializer, Visitor};
use std::any::TypeId;
use std::collections::HashSet;

/// How deep made-up values are nested at most.
const MOST_DEPTH: usize = 96;
/// How many bytes of notes one run may make.
const MOST_NOTES: usize = 1 << 18;

/// What is made up in general: in the first, as little as can be.
pub struct Moods;

impl Moods {
    pub fn all() -> impl Iterator<Item = usize> {
        0..4
    }
}

/// What comes after a run that went well.
pub enum Next {
    /// All has been seen.
    Done,
    /// There are variants that have not been.
    More,
    /// And nothing leads to them.
    Stuck,
}

/// Something that could have been chosen otherwise.
#[derive(Clone, Copy)]
enum Choice {
    /// Which one of several was tried last.
    Of { tried: usize, of: usize },
    /// A variant is not chosen again: all of them have to be seen.
    Variant(usize),
}

/// Makes values up, run after run.
#[derive(Clone)]
pub struct Feeder {
    mood: usize,
    /// The choices of this run; those of the last one are made again as far as they are kept.
    choices: Vec<Choice>,
    /// How many have been made.
    pub made: usize,
    pub fed: Out,
    /// The visitors that are at work, outermost first.
    visitors: Vec<TypeId>,
    enums: Vec<Enum>,
    /// The variants that are being made: enum and index.
    open: Vec<(usize, usize)>,
    /// The variant that nobody can read: its choice, its enum, its index.
    refused: Option<(usize, usize, usize)>,
    /// Something was refused, in this run.
    has_failed: bool,
    is_unsure: bool,
    /// How many tuples there were in this run.
    tuples: usize,
    /// The one of them that lacks its last element.
    short: Option<usize>,
    /// What was asked in this run.
    pub questions: Vec<Question>,
    trial: Option<Trial>,
    /// The visitors that have been tried, by what they ask for.
    tried: HashSet<(TypeId, Tag)>,
}

impl Feeder {
    /// Of `tried` all is known that trials say.
    pub fn new(mood: usize, tried: HashSet<(TypeId, Tag)>) -> Self {
        Self {
            mood,
            choices: Vec::new(),
            made: 0,
            fed: Out::default(),
            visitors: Vec::new(),
            enums: Vec::new(),
            open: Vec::new(),
            refused: None,
            has_failed: false,
            is_unsure: false,
            tuples: 0,
            short: None,
            questions: Vec::new(),
            trial: None,
            tried,
        }
    }

    /// What was tried, for the next mood.
    pub fn into_tried(self) -> HashSet<(TypeId, Tag)> {
        self.tried
    }

    /// The questions of the last run whose visitors have not been tried.
    pub fn untried(&mut self) -> Vec<(usize, Question)> {
        let questions = self.questions.iter().enumerate();
        let new = questions.filter(|(_, one)| self.tried.insert((one.visitor, one.asked)));
        new.map(|(at, one)| (at, one.clone())).collect()
    }

    /// The same run again, in which one question is answered otherwise.
    pub fn tried(&self, question: usize, what: What) -> Self {
        let mut again = self.clone();
        again.trial = Some(Trial {
            question,
            asked: self.questions[question].clone(),
            what,
            outcome: Outcome::NotMet,
        });
        again.begin();
        again
    }

    /// How the trial went.
    pub fn outcome(&self) -> Outcome {
        let outcome = self.trial.as_ref().map(|trial| trial.outcome);
        outcome.unwrap_or(Outcome::NotMet)
    }

    /// How many tuples, tuple structs and tuple variants there were in this run.
    pub fn tuples(&self) -> usize {
        self.tuples
    }

    /// The same run again, in which one tuple lacks its last element.
    pub fn shortened(&self, tuple: usize) -> Self {
        let mut again = self.clone();
        again.short = Some(tuple);
        again.begin();
        again
    }

    pub fn begin(&mut self) {
        self.made = 0;
        self.tuples = 0;
        self.questions.clear();
        self.fed.0.clear();
        self.visitors.clear();
        self.open.clear();
        self.refused = None;
        self.has_failed = false;
        for seen in self.enums.iter_mut().flat_map(|one| &mut one.variants) {
            seen.is_busy = false;
        }
    }

    pub fn feed<'de, T: Deserialize<'de>>(&mut self) -> Result<T, Refused> {
        let value = T::deserialize(&mut *self)?;
        // Whoever makes something else of what it cannot read would, in the plain form, read on in the middle of it.
        self.is_unsure |= self.has_failed;
        Ok(value)
    }

    /// Was something asked for that the plain form does not have?
    pub fn is_unsure(&self) -> bool {
        self.is_unsure
    }

    /// What was taken.
    pub fn fed(&self) -> &[u8] {
        &self.fed.0
    }

    pub fn succeed(&mut self) -> Next {
        self.choices.clear();
        let mut went_on = false;
        for seen in self.enums.iter_mut().flat_map(|one| &mut one.variants) {
            went_on |= seen.is_busy && !seen.is_done;
            seen.is_done |= seen.is_busy;
        }
        match self.enums.iter().all(Enum::is_complete) {
            true => Next::Done,
            false if went_on => Next::More,
            false => Next::Stuck,
        }
    }

    /// Chooses otherwise where it was chosen last. False: there is nothing else to choose.
    pub fn retreat(&mut self) -> bool {
        self.choices.truncate(self.made);
        if let Some((choice, of, index)) = self.refused {
            self.enums[of].variants[index].is_refused = true;
            self.choices.truncate(choice);
            return true;
        }
        while let Some(last) = self.choices.pop() {
            if let Choice::Of { tried, of } = last
                && tried + 1 < of
            {
                let tried = tried + 1;
                self.choices.push(Choice::Of { tried, of });
                return true;
            }
        }
        false
    }

    /// One of so many, beginning with this one.
    fn choose(&mut self, first: usize, of: usize) -> usize {
        let tried = match self.choices.get(self.made) {
            Some(Choice::Of { tried, .. }) => *tried,
            _ => {
                self.choices.truncate(self.made);
                self.choices.push(Choice::Of { tried: 0, of });
                0
            }
        };
        self.made += 1;
        (first + tried) % of
    }

    fn unsure<T>(&mut self) -> Result<T, Refused> {
        self.is_unsure = true;
        Err(Refused::OTHER)
    }

    /// Answers a question, or tries another answer.
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

    /// Lets a visitor take something, which may be more of the same: `again` tells.
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

    /// How many elements a sequence or a map has.
    fn count(&mut self, again: bool) -> u32 {
        match (again, self.mood) {
            (true, _) => 0,
            (false, 0) => COUNTS[self.choose(0, COUNTS.len())],
            (false, _) => COUNTS[1 + self.choose(0, COUNTS.len() - 1)],
        }
    }

    /// So many elements, with these names if they have any.
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

    /// So many pairs.
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

    /// The enum whose visitor this is.
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
            // Of those that hold themselves it is the innermost that leads here.
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
