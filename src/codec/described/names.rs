//! Names that are written but not read: `rename(serialize = "a", deserialize = "b")`.
//!
//! A field whose name the reader does not know is either not read at all (`skip_deserializing`), or is read under another
//! name; the same holds for a variant. The names alone do not say which. Nor does the order: derive keeps the order of the
//! declaration on both sides, but each side may lack some fields. So the value is read in every way that keeps the order,
//! and each result is described again. A way is right if that description equals the written one where names are in doubt.
//! If reading by the names alone is right, then no name was changed, or it makes no difference.
//!
//! A visitor that buffers what it reads does not say which names it knows. So each name is given to it twice, once for each type: a
//! visitor that knows the name reports a duplicate field. If it does not know a name, the fields are also identified by their
//! positions, which derive accepts in place of names.
//!
//! None of this is done for a value whose names are all known.

use super::super::error::Fault;
use super::present::{self, Present};
use super::tree::{Node, put_text};
use super::ways::{Given, affected, in_order};
use super::write::{self, Purpose};
use crate::report;
use serde::Serialize;
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// How often one value is read at most.
pub const MOST_RUNS: u32 = 120;
/// How many of these reads change one doubt at a time.
pub const MOST_GUIDED: u32 = 60;
/// How many variants one thread remembers.
pub const MOST_KNOWN: usize = 1024;

/// A way to read a struct or a variant whose names are in doubt.
#[derive(Clone, Debug)]
pub enum Way {
    /// Under the written names.
    ByName,
    Fields(Given),
    Variant(&'static str),
    Places(usize),
}

/// How the fields of a struct are identified to a visitor that does not say which names it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keys {
    #[default]
    Names,
    /// From this field on by position, which derive accepts in place of a name.
    Places(usize),
    /// By name, and this field twice: a visitor that knows it reports an error.
    Twice(usize),
}

/// A struct or a variant whose names are in doubt, wherever it occurs in the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Struct(TypeId, Vec<Vec<u8>>),
    Variant(TypeId, u32, Vec<u8>),
    Buffered(Vec<Vec<u8>>),
}

#[derive(Clone, Debug)]
pub struct Doubt {
    pub place: Place,
    pub ways: Rc<[Way]>,
    /// The index of the current way.
    pub way: usize,
    /// For a struct: the fields whose names are in doubt.
    pub affected: Vec<bool>,
    /// The time at which the reader met it last.
    pub met: u64,
}

/// The names in doubt in one value.
#[derive(Clone, Debug)]
pub struct Names {
    /// The type that is read.
    pub of: TypeId,
    /// Whether other ways than the names are tried. If not, a read only notes that something is in doubt.
    pub is_armed: bool,
    pub is_in_doubt: bool,
    /// In the order in which the reader meets them.
    pub doubts: Vec<Doubt>,
    /// A clock that counts the doubts met.
    pub time: u64,
    /// Visitors that refused an integer of the written kind. They get the kind that they ask for.
    pub strict: Vec<TypeId>,
    pub has_new_strict: bool,
    /// There were structs whose visitors do not say which names they know.
    pub has_buffered: bool,
    /// A name that is given twice: the hash of the struct's names, and the field.
    pub twice: Option<(u64, usize)>,
    pub has_given_twice: bool,
}

/// The name under which a variant was written, and the one under which it is read if that differs.
type Known = (Vec<u8>, Option<&'static str>);

thread_local! {
    /// For structs whose visitor does not say which names it knows: the fields that it knows, and those that it does not.
    pub static PROBED: RefCell<HashMap<(TypeId, u64), [Present; 2]>> = RefCell::default();
    /// The variants that were in doubt, and how they are read, which is the same for all values.
    static KNOWN: RefCell<HashMap<(TypeId, u32), Known>> = RefCell::default();
}

impl Names {
    /// The state for reading a `T`.
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

    /// Notes that a visitor that does not say which names it knows has read a struct with these names.
    pub fn note_buffered(&mut self, names: u64, present: Present) {
        if !self.is_armed {
            let [known, _] = probed(self.of, names);
            self.is_in_doubt |= present & !known != 0;
        }
    }

    /// How the fields of such a struct are identified.
    pub fn of_buffered(&mut self, written: &[&[u8]], present: Present) -> Keys {
        if let Some((of, twice)) = self.twice
            && of == present::hash(written)
        {
            return Keys::Twice(twice);
        }
        let [known, _] = probed(self.of, present::hash(written));
        if present & !known == 0 {
            return Keys::Names;
        }
        let place = Place::Buffered(written.iter().map(|name| name.to_vec()).collect());
        // By position, after a tag before them or from the first one on.
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

    /// Whether a visitor was added to `strict`, so that another read may succeed.
    pub fn take_new_strict(&mut self) -> bool {
        std::mem::take(&mut self.has_new_strict)
    }

    /// Notes a struct in which a name is unknown, or not at the expected position.
    #[cold]
    pub fn note_struct(&mut self, written: &[&[u8]], known: &[&'static str]) {
        self.is_in_doubt |= affected(written, known).is_some();
    }

    /// The names under which the fields of a struct are read. `None`: the written ones.
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

    /// The name under which the variant with this index and name is read. `None`: the written one.
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
            // Most likely it is at its index or near it: one side may lack variants, the other may have several names for one.
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

    pub fn way(
        &mut self,
        place: Place,
        affected: Vec<bool>,
        ways: impl FnOnce() -> Vec<Way>,
    ) -> Way {
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

    /// Chooses the next combination of ways. False: there is none.
    pub fn advance(&mut self) -> bool {
        while let Some(mut last) = self.doubts.pop() {
            last.way += 1;
            if last.way < last.ways.len() {
                self.doubts.push(last);
                return true;
            }
        }
        false
    }

    /// Chooses the next way of one doubt. False: there is none.
    pub fn bump(&mut self, at: usize) -> bool {
        match self.doubts.get_mut(at) {
            Some(doubt) if doubt.way + 1 < doubt.ways.len() => doubt.way += 1,
            _ => return false,
        }
        true
    }

    /// After a failed run: chooses the next way of the doubt that was met last, since time `since`. If it has no further way,
    /// it gets its first one again, and the doubt met before it is changed. False: no doubt has a further way.
    pub fn bump_last(&mut self, since: u64) -> bool {
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

    /// A copy with only the doubts for which `is_it` is true.
    pub fn only(&self, is_it: impl Fn(&Doubt) -> bool) -> Self {
        let mut only = self.clone();
        only.doubts.retain(is_it);
        only
    }

    /// The first doubt whose part of the value does not come back as written. Variants come before structs, because a struct is
    /// missing where another variant was read.
    pub fn wrong<T: Serialize>(&self, bytes: &[u8], value: &T) -> Option<usize> {
        let is_wrong = |at: &usize| {
            let place = &self.doubts[*at].place;
            self.only(|doubt| doubt.place == *place).score(bytes, value) == 0
        };
        let is_variant = |at: &usize| matches!(self.doubts[*at].place, Place::Variant(..));
        let (variants, others): (Vec<_>, Vec<_>) = (0..self.doubts.len()).partition(is_variant);
        variants.into_iter().chain(others).find(is_wrong)
    }

    /// Whether everything is read by name, except for buffered structs.
    pub fn is_by_name(&self) -> bool {
        let is_by_name =
            |doubt: &Doubt| matches!(doubt.ways[doubt.way], Way::ByName | Way::Places(_));
        self.doubts.iter().all(is_by_name)
    }

    /// Appends the parts of a description whose names are in doubt.
    pub fn put(&self, node: &Node<'_>, is_set: bool, out: &mut Vec<u8>) {
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

    /// How well `value`, described again, matches the written bytes. 2: it is the same. 1: except for the order of elements
    /// that may have none. 0: it differs.
    pub fn score<T: Serialize>(&self, bytes: &[u8], value: &T) -> u8 {
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

    /// The first name in doubt, for the error.
    pub fn subject(&self) -> String {
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

    pub fn remember(&self) {
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

/// Runs user code in an attempt. `None`: it failed or panicked. The panic is not reported.
pub fn contained<T>(f: impl FnOnce() -> Result<T, Fault>) -> Option<T> {
    // UNWIND: the user's Serialize and Deserialize may leave only their own value unfinished. The user did not ask for this
    // attempt, so its panic is silenced.
    match report::silenced(|| catch_unwind(AssertUnwindSafe(f))) {
        Ok(made) => made.ok(),
        Err(payload) => {
            crate::report::contain_drop("panic payload", || drop(payload));
            None
        }
    }
}

pub fn probed(of: TypeId, names: u64) -> [Present; 2] {
    PROBED.with_borrow(|probed| probed.get(&(of, names)).copied().unwrap_or_default())
}
