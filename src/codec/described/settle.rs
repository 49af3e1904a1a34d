//! Reads a described value. If names are in doubt, reads it in every way that keeps the order ([`names`](super::names)).

use super::super::error::Fault;
use super::names::{
    Doubt, MOST_GUIDED, MOST_KNOWN, MOST_RUNS, Names, PROBED, Place, Way, contained, probed,
};
use super::present::{self, Present, bit};
use super::read::attempt;
use crate::error::payload::PayloadReason;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads a described value. Bytes that follow it are an error.
pub fn value<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    let mut names = Names::of::<T>();
    let read = attempt(bytes, &mut names);
    match names.is_in_doubt(read.is_ok()) {
        false => read,
        true => settle(bytes, read),
    }
}

/// Reads a value whose names are in doubt. `by_name`: the result of reading by the names alone.
#[cold]
fn settle<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    by_name: Result<T, Fault>,
) -> Result<T, Fault> {
    let mut names = Names {
        is_armed: true,
        ..Names::of::<T>()
    };
    let is_buffered = |doubt: &Doubt| matches!(doubt.place, Place::Buffered(_));
    // First change one doubt at a time: the wrong one or, after a failed run, the one met last. Then try all combinations.
    let mut is_guided = true;
    let mut is_all = false;
    let mut unclear = None;
    let mut but_for_buffers = None;
    for run in 0..MOST_RUNS {
        let mut wrong = None;
        let since = names.time;
        if let Some(value) = contained(|| attempt::<T>(bytes, &mut names)) {
            if probe_names::<T>(bytes, &names) {
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

/// The value that was found, or one that matches as well with fewer changed names.
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

/// Finds out which names are known to visitors that do not say so: a known field that comes twice is an error. True: this
/// learned something new.
fn probe_names<T: DeserializeOwned>(bytes: &[u8], names: &Names) -> bool {
    let mut is_news = false;
    for doubt in &names.doubts {
        let Place::Buffered(written) = &doubt.place else {
            continue;
        };
        let written: Vec<&[u8]> = written.iter().map(|name| &name[..]).collect();
        let hash = present::hash(&written);
        if !matches!(doubt.ways[doubt.way], Way::ByName) {
            continue;
        }
        let is_known = |at| {
            let mut twice = Names {
                twice: Some((hash, at)),
                ..names.clone()
            };
            let is_known = contained(|| attempt::<T>(bytes, &mut twice)).is_none();
            // A field that this value leaves out proves nothing.
            twice.has_given_twice.then_some(is_known)
        };
        let before = probed(names.of, hash);
        let [mut known, mut unknown] = before;
        // A field without a bit of its own stays in doubt.
        for at in 0..written.len().min(Present::BITS as usize - 1) {
            if (known | unknown) & bit(at) == 0 {
                match is_known(at) {
                    Some(true) => known |= bit(at),
                    Some(false) => unknown |= bit(at),
                    None => {}
                }
            }
        }
        PROBED.with_borrow_mut(|probed| {
            if probed.len() < MOST_KNOWN {
                probed.insert((names.of, hash), [known, unknown]);
                is_news |= known != before[0];
            }
        });
    }
    is_news
}
