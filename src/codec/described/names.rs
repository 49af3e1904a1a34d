//! Names that are written and not read: `rename(serialize = "a", deserialize = "b")`.
//!
//! A field that no reader knows may be one that is not read at all (`skip_deserializing`), or one that is read under another
//! name; the same is true of a variant. The names alone do not say which. The order does not always say it either: derive keeps that
//! of the declaration on both sides, but each side may lack some. So the value is read in every way that keeps the order, and
//! what comes out is described again. A way is right if that gives what was written, at the places in doubt. If it does so
//! by the names alone, then nothing was to be renamed, or it makes no difference.
//!
//! A visitor that buffers what it reads does not say which names it knows. There each name is given twice, once for each type: whoever
//! knows it takes that for an error. Where one is not known, the fields are also told by their places, which derive takes for names.
//!
//! None of this is done for a value all of whose names are known.

use super::super::error::Fault;
use super::buffered;
use super::fields::{Present, bit};
use super::read::attempt;
use super::tree::{Node, put_text};
use super::ways::{Given, affected, in_order};
use super::write::{self, Purpose};
use crate::error::payload::PayloadReason;
use crate::report;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// How often one value is read at most.
const MOST_RUNS: u32 = 120;
/// How often, as long as it is seen what is wrong.
const MOST_GUIDED: u32 = 60;
/// How many variants are remembered in one thread.
const MOST_KNOWN: usize = 1024;

/// A way to read what is in doubt.
#[derive(Clone, Debug)]
enum Way {
    /// As it is called.
    ByName,
    Fields(Given),
    Variant(&'static str),
    Places(usize),
}

/// What the fields of a struct are told by, to a visitor that does not say what it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    #[default]
    Names,
    /// From this one on by their place: derive takes it for its name.
    Places(usize),
    /// By their names, this one twice: whoever knows it is not content with that.
    Twice(usize),
}

/// Something whose names are in doubt, wherever it occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Struct(TypeId, Vec<Vec<u8>>),
    Variant(TypeId, u32, Vec<u8>),
    Buffered(Vec<Vec<u8>>),
}

#[derive(Clone, Debug)]
struct Doubt {
    place: Place,
    ways: Rc<[Way]>,
    /// The one of this run.
    way: usize,
    /// Of a struct: the fields whose names say nothing.
    affected: Vec<bool>,
    /// When it was met last.
    met: u64,
}

/// What is in doubt.
#[derive(Clone, Debug)]
pub struct Names {
    /// The type that is read.
    of: TypeId,
    /// Reads otherwise than by name. If not, it is only noted that something is in doubt.
    is_armed: bool,
    is_in_doubt: bool,
    /// In the order in which they are met.
    doubts: Vec<Doubt>,
    /// Counts what is met.
    time: u64,
    /// Visitors that did not take an integer as it was written. They get the one that they asked for.
    strict: Vec<TypeId>,
    has_new_strict: bool,
    /// There were structs whose visitors do not say what they know.
    pub has_buffered: bool,
    /// A name that is given twice: the struct, and which.
    twice: Option<(u64, usize)>,
    pub has_given_twice: bool,
}

/// The name under which a variant was written, and the one under which it is read if that differs.
type Known = (Vec<u8>, Option<&'static str>);

thread_local! {
    /// Of structs that are read by a visitor that does not say which names it knows: those that it knows, and those that it does not.
    static HEARD: RefCell<HashMap<(TypeId, u64), [Present; 2]>> = RefCell::default();
    /// The variants that were in doubt, and how they are read: what is true of one value is true of all.
    static KNOWN: RefCell<HashMap<(TypeId, u32), Known>> = RefCell::default();
}

impl Names {
    /// To read a `T`.
    pub fn of<T>() -> Self {
        Self {
            of: typeid::of::<T>(),
            is_armed: false,
            is_in_doubt: false,
            doubts: Vec::new(),
            time: 0,
            strict: Vec::new(),
            has_new_strict: false,
            has_buffered: false,
            twice: None,
            has_given_twice: false,
        }
    }

    pub fn is_in_doubt(&self, is_read: bool) -> bool {
        self.is_in_doubt || !is_read && self.has_buffered
    }

    /// A struct with these names was read by a visitor that does not say what it knows.
    pub fn note_buffered(&mut self, names: u64, present: Present) {
        if !self.is_armed {
            let [known, _] = heard(self.of, names);
            self.is_in_doubt |= present & !known != 0;
        }
    }

    /// What the fields of such a struct are told by.
    pub fn of_buffered(&mut self, written: &[&[u8]], present: Present) -> Keys {
        if let Some((of, twice)) = self.twice
            && of == buffered::hash(written)
        {
            return Keys::Twice(twice);
        }
        let [known, _] = heard(self.of, buffered::hash(written));
        if present & !known == 0 {
            return Keys::Names;
        }
        let place = Place::Buffered(written.iter().map(|name| name.to_vec()).collect());
        // By their places, but for a tag before them.
        let ways = || vec![Way::ByName, Way::Places(1), Way::Places(0)];
        match self.way(place, vec![true; written.len()], ways) {
            Way::Places(first) => Keys::Places(first),
            _ => Keys::Names,
        }
    }

    pub fn is_armed(&self) -> bool {
        self.is_armed
    }

    pub fn is_strict(&self, visitor: TypeId) -> bool {
        self.strict.contains(&visitor)
    }

    #[cold]
    pub fn note_strict(&mut self, visitor: TypeId) {
        self.strict.push(visitor);
        self.has_new_strict = true;
    }

    /// Is there a visitor that may take more when it is asked again?
    pub fn take_new_strict(&mut self) -> bool {
        std::mem::take(&mut self.has_new_strict)
    }

    /// A struct was met in which a name is unknown, or not where it is expected.
    #[cold]
    pub fn note_struct(&mut self, written: &[&[u8]], known: &[&'static str]) {
        self.is_in_doubt |= affected(written, known).is_some();
    }

    /// How the fields of a struct are called. None: as they are.
    pub fn of_struct(
        &mut self,
        visitor: TypeId,
        written: &[&[u8]],
        known: &'static [&'static str],
    ) -> Option<Given> {
        let affected = affected(written, known)?;
        let place = Place::Struct(visitor, written.iter().map(|name| name.to_vec()).collect());
        match self.way(place, affected, || {
            let ways = in_order(written, known).into_iter().map(Way::Fields);
            ways.chain([Way::ByName]).collect()
        }) {
            Way::Fields(given) => Some(given),
            _ => None,
        }
    }

    /// How the variant is called that was written under this index and name. None: as it is.
    pub fn of_variant(
        &mut self,
        visitor: TypeId,
        index: u32,
        name: &str,
        variants: &'static [&'static str],
    ) -> Option<&'static str> {
        let at = variants.iter().position(|variant| *variant == name);
        if at == Some(index as usize) {
            return None;
        }
        let known = KNOWN.with_borrow(|known| {
            let known = known.get(&(visitor, index));
            known.and_then(|(of, way)| (of == name.as_bytes()).then_some(*way))
        });
        if let Some(way) = known {
            return way;
        }
        self.is_in_doubt = true;
        if !self.is_armed {
            return None;
        }
        let place = Place::Variant(visitor, index, name.as_bytes().to_vec());
        let ways = || {
            // Most likely it is where its index says, or near: one side may lack some, the other have more names for one.
            let mut others: Vec<_> = variants.iter().enumerate().collect();
            others.retain(|(_, variant)| **variant != name);
            others.sort_by_key(|(place, _)| place.abs_diff(index as usize));
            let way = |(_, variant): (usize, &&'static str)| Way::Variant(variant);
            let mut ways: Vec<_> = others.into_iter().map(way).collect();
            let by_name = match at {
                Some(_) => 0,
                None => ways.len(),
            };
            ways.insert(by_name, Way::ByName);
            ways
        };
        match self.way(place, Vec::new(), ways) {
            Way::Variant(variant) => Some(variant),
            _ => None,
        }
    }

    fn way(&mut self, place: Place, affected: Vec<bool>, ways: impl FnOnce() -> Vec<Way>) -> Way {
        self.time += 1;
        let known = self.doubts.iter_mut().find(|doubt| doubt.place == place);
        if let Some(doubt) = known {
            doubt.met = self.time;
            return doubt.ways[doubt.way].clone();
        }
        let ways: Rc<[Way]> = ways().into();
        let first = ways[0].clone();
        self.doubts.push(Doubt {
            place,
            ways,
            way: 0,
            affected,
            met: self.time,
        });
        first
    }

    /// Goes on to the next way to read it all. False: there is none.
    fn advance(&mut self) -> bool {
        while let Some(mut last) = self.doubts.pop() {
            last.way += 1;
            if last.way < last.ways.len() {
                self.doubts.push(last);
                return true;
            }
        }
        false
    }

    /// Goes on to the next way to read this alone. False: there is none.
    fn bump(&mut self, at: usize) -> bool {
        match self.doubts.get_mut(at) {
            Some(doubt) if doubt.way + 1 < doubt.ways.len() => doubt.way += 1,
            _ => return false,
        }
        true
    }

    /// Goes on to the next way of what was met last before a run failed; where that has none, of what was met before it.
    fn bump_last(&mut self, since: u64) -> bool {
        let mut met: Vec<_> = (0..self.doubts.len()).collect();
        met.retain(|at| self.doubts[*at].met > since);
        met.sort_by_key(|at| std::cmp::Reverse(self.doubts[*at].met));
        met.into_iter().any(|at| {
            let is_bumped = self.bump(at);
            if !is_bumped {
                self.doubts[at].way = 0;
            }
            is_bumped
        })
    }

    /// Only with the doubts that are such.
    fn only(&self, is_it: impl Fn(&Doubt) -> bool) -> Self {
        let mut only = self.clone();
        only.doubts.retain(is_it);
        only
    }

    /// The first thing that does not come back. Variants before structs, which are only missing where another variant was read.
    fn wrong<T: Serialize>(&self, bytes: &[u8], value: &T) -> Option<usize> {
        let is_wrong = |at: &usize| {
            let place = &self.doubts[*at].place;
            self.only(|doubt| doubt.place == *place).score(bytes, value) == 0
        };
        let is_variant = |at: &usize| matches!(self.doubts[*at].place, Place::Variant(..));
        let (variants, others): (Vec<_>, Vec<_>) = (0..self.doubts.len()).partition(is_variant);
        variants.into_iter().chain(others).find(is_wrong)
    }

    /// But for what is buffered.
    fn is_by_name(&self) -> bool {
        let is_by_name =
            |doubt: &Doubt| matches!(doubt.ways[doubt.way], Way::ByName | Way::Places(_));
        self.doubts.iter().all(is_by_name)
    }

    /// What was written where something is in doubt.
    fn put(&self, node: &Node<'_>, is_set: bool, out: &mut Vec<u8>) {
        match node {
            Node::Leaf(_) => {}
            Node::Some(node) => self.put(node, is_set, out),
            Node::Seq(nodes) | Node::Tuple(nodes) => {
                nodes.iter().for_each(|node| self.put(node, is_set, out));
            }
            Node::Map(entries) => {
                let pair = |(key, value): &(Node<'_>, Node<'_>)| {
                    let mut bytes = Vec::new();
                    self.put(key, is_set, &mut bytes);
                    self.put(value, is_set, &mut bytes);
                    if !bytes.is_empty() {
                        key.put(is_set, &mut bytes);
                    }
                    bytes
                };
                let mut all: Vec<_> = entries.iter().map(pair).collect();
                all.sort_unstable();
                all.concat().iter().for_each(|byte| out.push(*byte));
            }
            Node::Struct(fields) => {
                let names = fields.iter().map(|(name, _)| *name);
                let affected = self.doubts.iter().find_map(|doubt| match &doubt.place {
                    Place::Struct(_, of) | Place::Buffered(of) if names.clone().eq(of) => {
                        Some(&doubt.affected)
                    }
                    _ => None,
                });
                for (at, (name, node)) in fields.iter().enumerate() {
                    let Some(node) = node else { continue };
                    if affected.is_some_and(|affected| affected[at]) {
                        put_text(name, out);
                        node.put(is_set, out);
                    }
                    self.put(node, is_set, out);
                }
            }
            Node::Variant(index, name, node) => {
                let is_it = |doubt: &Doubt| match &doubt.place {
                    Place::Variant(_, i, of) => i == index && of == name,
                    Place::Struct(..) | Place::Buffered(_) => false,
                };
                if self.doubts.iter().any(is_it) {
                    out.extend_from_slice(&index.to_ne_bytes());
                    put_text(name, out);
                }
                if let Some(node) = node {
                    self.put(node, is_set, out);
                }
            }
        }
    }

    /// Does the value give again what was written? Two: the same. One: but for the order of what may have none.
    fn score<T: Serialize>(&self, bytes: &[u8], value: &T) -> u8 {
        let Some(again) = contained(|| write::value(value, Purpose::Travel)) else {
            return 0;
        };
        let (Ok(before), Ok(after)) = (Node::of(bytes), Node::of(&again)) else {
            return 0;
        };
        let is_same = |is_set| {
            let put = |node| {
                let mut out = Vec::new();
                self.put(node, is_set, &mut out);
                out
            };
            put(&before) == put(&after)
        };
        match (is_same(false), is_same(true)) {
            (true, _) => 2,
            (_, true) => 1,
            _ => 0,
        }
    }

    /// The name of what is in doubt, for the error.
    fn subject(&self) -> String {
        let name = self.doubts.iter().find_map(|doubt| match &doubt.place {
            Place::Variant(_, _, name) => Some(name),
            Place::Buffered(_) => None,
            Place::Struct(_, names) => {
                let at = doubt.affected.iter().position(|is| *is)?;
                names.get(at)
            }
        });
        String::from_utf8_lossy(name.map_or(&[], |name| name)).into_owned()
    }

    fn remember(&self) {
        for doubt in &self.doubts {
            let Place::Variant(visitor, index, name) = &doubt.place else {
                continue;
            };
            let way = match doubt.ways[doubt.way] {
                Way::Variant(variant) => Some(variant),
                _ => None,
            };
            KNOWN.with_borrow_mut(|known| {
                if known.len() < MOST_KNOWN {
                    known.insert((*visitor, *index), (name.clone(), way));
                }
            });
        }
    }
}

/// What the user's code makes of an attempt, which may be more than it can bear: a panic is a no, of which nobody hears.
fn contained<T>(f: impl FnOnce() -> Result<T, Fault>) -> Option<T> {
    // UNWIND: the user's Serialize and Deserialize, on an attempt that nobody asked for: what they leave half-made is their own.
    match report::silenced(|| catch_unwind(AssertUnwindSafe(f))) {
        Ok(made) => made.ok(),
        Err(payload) => {
            crate::report::contain_drop("panic payload", || drop(payload));
            None
        }
    }
}

/// Reads what is in doubt. `by_name` is what was read by the names alone.
#[cold]
pub fn settle<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    by_name: Result<T, Fault>,
) -> Result<T, Fault> {
    let mut names = Names {
        is_armed: true,
        ..Names::of::<T>()
    };
    let is_buffered = |doubt: &Doubt| matches!(doubt.place, Place::Buffered(_));
    // First each doubt by itself, as long as it is seen which one is wrong; then all ways.
    let mut is_guided = true;
    let mut is_all = false;
    let mut unclear = None;
    let mut but_for_buffers = None;
    for run in 0..MOST_RUNS {
        let mut wrong = None;
        let since = names.time;
        if let Some(value) = contained(|| attempt::<T>(bytes, &mut names)) {
            if hear::<T>(bytes, &names) {
                names.doubts.clear();
                continue;
            }
            match names.score(bytes, &value) {
                0 => wrong = names.wrong(bytes, &value),
                score => return Ok(plainest(bytes, names, value, score)),
            }
            let others = names.only(|doubt| !is_buffered(doubt));
            if !names.is_by_name() {
                unclear.get_or_insert_with(|| names.subject());
                if others.score(bytes, &value) > 0 {
                    but_for_buffers.get_or_insert(value);
                }
            }
        }
        if is_guided {
            is_guided = run < MOST_GUIDED
                && match wrong {
                    Some(wrong) => names.bump(wrong),
                    None => names.bump_last(since),
                };
            if !is_guided {
                names.doubts.clear();
            }
        } else if !names.advance() {
            is_all = true;
            break;
        }
    }
    if !is_all && by_name.is_ok() && names.doubts.iter().any(|doubt| !is_buffered(doubt)) {
        unclear.get_or_insert_with(|| names.subject());
    }
    if let Some(value) = but_for_buffers {
        return Ok(value);
    }
    match unclear {
        // No other way leads to a value.
        None => by_name,
        Some(name) => Err(Fault::new(PayloadReason::NameUnclear { name })),
    }
}

/// The value that was found, or a better one: with fewer names that were changed.
fn plainest<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    mut names: Names,
    mut value: T,
    score: u8,
) -> T {
    for at in 0..names.doubts.len() {
        let mut other = names.clone();
        let Some(doubt) = other.doubts.get_mut(at) else {
            break;
        };
        let is_by_name = |way: &Way| matches!(way, Way::ByName);
        match doubt.ways.iter().position(is_by_name) {
            Some(way) if way != doubt.way => doubt.way = way,
            _ => continue,
        }
        if let Some(one) = contained(|| attempt::<T>(bytes, &mut other))
            && other.score(bytes, &one) >= score
        {
            (names, value) = (other, one);
        }
    }
    names.remember();
    value
}

/// Finds out whether the names that are told to visitors that do not say what they know are known to them: a field that is there twice is an
/// error. Says whether that is news.
fn hear<T: DeserializeOwned>(bytes: &[u8], names: &Names) -> bool {
    let mut is_news = false;
    for doubt in &names.doubts {
        let Place::Buffered(written) = &doubt.place else {
            continue;
        };
        let written: Vec<&[u8]> = written.iter().map(|name| &name[..]).collect();
        let hash = buffered::hash(&written);
        if !matches!(doubt.ways[doubt.way], Way::ByName) {
            continue;
        }
        let is_known = |at| {
            let mut twice = Names {
                twice: Some((hash, at)),
                ..names.clone()
            };
            let is_known = contained(|| attempt::<T>(bytes, &mut twice)).is_none();
            // A field that this value leaves out says nothing.
            twice.has_given_twice.then_some(is_known)
        };
        let before = heard(names.of, hash);
        let [mut known, mut unknown] = before;
        // What has no bit of its own stays in doubt.
        for at in 0..written.len().min(Present::BITS as usize - 1) {
            if (known | unknown) & bit(at) == 0 {
                match is_known(at) {
                    Some(true) => known |= bit(at),
                    Some(false) => unknown |= bit(at),
                    None => {}
                }
            }
        }
        HEARD.with_borrow_mut(|heard| {
            if heard.len() < MOST_KNOWN {
                heard.insert((names.of, hash), [known, unknown]);
                is_news |= known != before[0];
            }
        });
    }
    is_news
}

fn heard(of: TypeId, names: u64) -> [Present; 2] {
    HEARD.with_borrow(|heard| heard.get(&(of, names)).copied().unwrap_or_default())
}
