//! Can the plain form carry every value of a type? Asked once for each type, by trying.
//!
//! The plain form works if `Serialize` gives the same things, in the same order, as `Deserialize` takes without being told what
//! comes next. So a type's `Deserialize` is given made-up values, by a format that knows nothing and notes what it was asked for
//! ([`feed`]). What comes out of it is handed to its `Serialize`, and what that gives is held against the notes ([`agree`]).
//!
//! One such run sees one variant of each enum; runs go on until each variant was seen, of all enums that are somewhere inside. All
//! of it is done in several moods: everything empty and zero, everything there, and other numbers. What
//! a type refuses (a date that is none, a zero that may not be) is tried again with something else.
//!
//! Only what was seen is believed: whatever was not made, or asks for `deserialize_any`, or panics, or writes another thing than it
//! read is not plain, and then nor is what holds it. Nor is a tuple that is taken with an element less.
//!
//! What a type gives for some values alone is not found by luck: each of its visitors is also given what it did not ask for
//! ([`trial`]). What a value may still do that its type was not seen doing is leave out a field and say so, or count
//! wrongly: the writer notices.

mod agree;
mod feed;
mod made;
mod refused;
mod seen;
mod trial;
mod words;

use super::described::{self, Tag};
use feed::{Feeder, Moods};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::collections::HashSet;
use trial::{Offer, Outcome, Question, What};

/// How many runs may fail, in one mood, before we give up.
const MOST_FAILURES: u32 = 300;
/// How many runs there may be in one mood.
const MOST_RUNS: u32 = 5_000;

/// Runs code of the user, which may panic: that is a no.
pub fn is_plain<T: Serialize + DeserializeOwned>() -> bool {
    let mut tried = trial::usual();
    Moods::all().all(|mood| is_plain_in::<T>(mood, &mut tried))
}

/// Is what comes of an unusual answer written as what was taken in this run?
fn is_usual<T: Serialize>(feeder: &Feeder, value: &T) -> bool {
    let given = described::given_with_skipped(value);
    given.is_ok_and(|given| agree::alike(feeder.fed(), &given))
}

/// Are the visitors of the last run as they seem, whatever they are given?
fn is_steady<T: Serialize + DeserializeOwned>(feeder: &mut Feeder) -> bool {
    let untried = feeder.untried();
    let mut all = untried.into_iter();
    all.all(|(at, question)| {
        takes_its_kind::<T>(feeder, at, &question) && has_all_fields::<T>(feeder, at, &question)
    })
}

/// Whatever else a visitor takes, it makes what it asks for of it.
fn takes_its_kind<T: Serialize + DeserializeOwned>(
    feeder: &Feeder,
    at: usize,
    question: &Question,
) -> bool {
    let mut refused = Vec::new();
    let mut taken = Vec::new();
    for offer in Offer::all(question.asked) {
        let mut again = feeder.tried(at, What::Foreign(offer));
        let made = again.feed::<T>();
        match (again.outcome(), made) {
            (Outcome::Taken, Ok(value)) if is_usual(feeder, &value) => taken.push(offer.kind()),
            (Outcome::Taken, Ok(_)) => return false,
            (Outcome::Taken | Outcome::Refused, _) => refused.push(offer.kind()),
            (Outcome::OfKind | Outcome::NotMet, _) => {}
        }
    }
    // A kind of which it wants something that is not among ours.
    refused.iter().all(|kind| taken.contains(kind))
}

/// A field that need not be there is written all the same.
fn has_all_fields<T: Serialize + DeserializeOwned>(
    feeder: &Feeder,
    at: usize,
    question: &Question,
) -> bool {
    if question.names.is_empty() {
        return true;
    }
    let without = |what| {
        let mut again = feeder.tried(at, what);
        let made = again.feed::<T>().ok();
        made.map(|value| is_usual(&again, &value))
    };
    let mut needless = Vec::new();
    for field in 0..question.names.len() {
        match without(What::Lacking([field].into())) {
            None => {}
            Some(true) => needless.push(field),
            Some(false) => return false,
        }
    }
    without(What::Lacking(needless.into())) != Some(false) && without(What::Short) != Some(false)
}

/// Is one of the tuples of the last run taken with an element less, too? Then its `Serialize` may leave one out, of which the
/// writer hears nothing: serde's derive announces fewer, and skips none.
fn may_be_shorter<T: DeserializeOwned>(feeder: &Feeder) -> bool {
    (0..feeder.tuples()).any(|tuple| feeder.shortened(tuple).feed::<T>().is_ok())
}

fn is_plain_in<T: Serialize + DeserializeOwned>(
    mood: usize,
    tried: &mut HashSet<(TypeId, Tag)>,
) -> bool {
    let mut feeder = Feeder::new(mood, std::mem::take(tried));
    let mut failures = 0;
    for _ in 0..MOST_RUNS {
        feeder.begin();
        let made = feeder.feed::<T>();
        if feeder.is_unsure() {
            return false;
        }
        match made {
            Ok(value) => {
                let Ok(given) = described::given(&value) else {
                    return false;
                };
                let is_it = agree::agree(feeder.fed(), &given)
                    && !may_be_shorter::<T>(&feeder)
                    && is_steady::<T>(&mut feeder);
                if !is_it {
                    return false;
                }
                match feeder.succeed() {
                    feed::Next::Done => {
                        *tried = feeder.into_tried();
                        return true;
                    }
                    feed::Next::More => {}
                    feed::Next::Stuck => return false,
                }
            }
            Err(_) => {
                failures += 1;
                if failures > MOST_FAILURES || !feeder.retreat() {
                    return false;
                }
            }
        }
    }
    false
}
