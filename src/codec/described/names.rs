//! Names that are written and not read: `rename(serialize = "a", deserialize = "b")`.
//!
//! A field that no reader knows may be one that is not read at all (`skip_deserializing`), or one that is read under another
//! name; the same is true of a variant. The names alone do not say which. The order does not always say it either: derive keeps that
//! of the declaration on both sides, but each side may lack some. So the value is read in every way that keeps the order, and
//! what comes out is described again. A way is right if that gives what was written, at the places in doubt. If it does so
//! by the names alone, then nothing was to be renamed, or it makes no difference.
//!
//! None of this is done for a value all of whose names are known.

use super::super::error::Fault;
use super::read::attempt;
use super::tree::{Node, put_text};
use super::write::{self, Purpose};
use crate::error::payload::PayloadReason;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// How often one value is read at most.
const MOST_RUNS: u32 = 300;
/// How many ways to read one struct are tried.
const MOST_WAYS: usize = 64;
/// How many variants are remembered in one thread.
const MOST_KNOWN: usize = 1024;

/// Under which name each field that was written is read. None: it is not.
pub type Given = Rc<[Option<&'static str>]>;

/// A way to read what is in doubt.
#[derive(Clone, Debug)]
enum Way {
    /// As it is called.
    ByName,
    Fields(Given),
    Variant(&'static str),
}

/// Something whose names are in doubt, wherever it occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Struct(TypeId, Vec<Vec<u8>>),
    Variant(TypeId, u32, Vec<u8>),
}

#[derive(Clone, Debug)]
struct Doubt {
    place: Place,
    ways: Rc<[Way]>,
    /// The one of this run.
    way: usize,
    /// Of a struct: the fields whose names say nothing.
    affected: Vec<bool>,
}

/// What is in doubt.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Reads otherwise than by name. If not, it is only noted that something is in doubt.
    is_armed: bool,
    is_in_doubt: bool,
    /// In the order in which they are met.
    doubts: Vec<Doubt>,
    /// Visitors that did not take an integer as it was written. They get the one that they asked for.
    strict: Vec<TypeId>,
    has_new_strict: bool,
}

thread_local! {
    /// The variants that were in doubt, and how they are read: what is true of one value is true of all.
    static KNOWN: RefCell<HashMap<(TypeId, u32), (Vec<u8>, Option<&'static str>)>> = RefCell::default();
}

impl Names {
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
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
        match self.way(place, affected, || ways(written, known)) {
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
            let others = variants.iter().filter(|variant| **variant != name);
            let mut ways: Vec<_> = others.map(|variant| Way::Variant(variant)).collect();
            // Most likely it is where its index says.
            if let Some(likely) = variants.get(index as usize) {
                let is_likely =
                    |way: &Way| matches!(way, Way::Variant(variant) if variant == likely);
                ways.sort_by_key(|way| !is_likely(way));
            }
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
        let known = self.doubts.iter().find(|doubt| doubt.place == place);
        if let Some(doubt) = known {
            return doubt.ways[doubt.way].clone();
        }
        let ways: Rc<[Way]> = ways().into();
        let first = ways[0].clone();
        self.doubts.push(Doubt {
            place,
            ways,
            way: 0,
            affected,
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

    fn is_by_name(&self) -> bool {
        let is_by_name = |doubt: &Doubt| matches!(doubt.ways[doubt.way], Way::ByName);
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
                    Place::Struct(_, of) if names.clone().eq(of) => Some(&doubt.affected),
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
                    Place::Variant(_, i, of) => i == index || of == name,
                    Place::Struct(..) => false,
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
        let Ok(again) = write::value(value, Purpose::Travel) else {
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

/// The fields whose names say nothing. None: they say it all.
fn affected(written: &[&[u8]], known: &[&str]) -> Option<Vec<bool>> {
    let find = |name: &[u8]| known.iter().position(|known| known.as_bytes() == name);
    let places: Vec<_> = written.iter().map(|name| find(name)).collect();
    if !places.iter().flatten().is_sorted_by(|a, b| a < b) {
        return Some(vec![true; written.len()]);
    }
    let is_read = |at: usize| places.contains(&Some(at));
    if places.iter().all(Option::is_some) || (0..known.len()).all(is_read) {
        return None;
    }
    Some(places.iter().map(Option::is_none).collect())
}

/// The ways to read fields in order: where all have a place that is tried first, and by name last.
fn ways(written: &[&[u8]], known: &'static [&'static str]) -> Vec<Way> {
    let find = |name: &[u8]| known.iter().position(|known| known.as_bytes() == name);
    let places: Vec<_> = written.iter().map(|name| find(name)).collect();
    let is_ordered = places.iter().flatten().is_sorted_by(|a, b| a < b);
    let mut ways = Vec::new();
    if written.len() == known.len() {
        ways.push(known.iter().map(|name| Some(*name)).collect());
    }
    let mut walk = Walk {
        known,
        fixed: match is_ordered {
            true => places,
            false => vec![None; written.len()],
        },
        path: Vec::new(),
        ways,
    };
    walk.go(0);
    let is_other = |way: &Vec<Option<&str>>| {
        let is_same = |(way, name): (&Option<&str>, &&[u8])| match find(name) {
            Some(_) => way.is_some_and(|way| way.as_bytes() == *name),
            None => way.is_none(),
        };
        !way.iter().zip(written).all(is_same)
    };
    let ways = walk.ways.into_iter().filter(is_other);
    let ways = ways.map(|way| Way::Fields(way.into()));
    ways.chain([Way::ByName]).collect()
}

struct Walk {
    known: &'static [&'static str],
    /// Where the names are known.
    fixed: Vec<Option<usize>>,
    path: Vec<Option<usize>>,
    ways: Vec<Vec<Option<&'static str>>>,
}

impl Walk {
    fn go(&mut self, from: usize) {
        if self.ways.len() >= MOST_WAYS {
            return;
        }
        let at = self.path.len();
        let Some(fixed) = self.fixed.get(at) else {
            let name = |place: &Option<usize>| place.map(|place| self.known[place]);
            let way = self.path.iter().map(name).collect();
            self.ways.push(way);
            return;
        };
        if let Some(place) = *fixed {
            self.path.push(Some(place));
            self.go(place + 1);
            self.path.pop();
            return;
        }
        let end = self.fixed[at..].iter().flatten().next();
        let end = end.map_or(self.known.len(), |end| *end);
        for place in from..end {
            self.path.push(Some(place));
            self.go(place + 1);
            self.path.pop();
        }
        self.path.push(None);
        self.go(from);
        self.path.pop();
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
        ..Names::default()
    };
    let mut unclear = None;
    for _ in 0..MOST_RUNS {
        if let Ok(value) = attempt::<T>(bytes, &mut names) {
            match names.score(bytes, &value) {
                0 if names.is_by_name() => {}
                0 => {
                    unclear.get_or_insert_with(|| names.subject());
                }
                score => return Ok(plainest(bytes, names, value, score)),
            }
        }
        if !names.advance() {
            break;
        }
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
        if let Ok(one) = attempt::<T>(bytes, &mut other)
            && other.score(bytes, &one) >= score
        {
            (names, value) = (other, one);
        }
    }
    names.remember();
    value
}
