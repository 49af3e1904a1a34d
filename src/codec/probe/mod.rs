//! Finds out, once for each type, whether the plain form can carry every value of the type.
//!
//! The plain form works if `Serialize` writes the same kinds, in the same order, as `Deserialize` reads without being told
//! which kind comes next. One run of the probe tests that:
//! 1. `Deserialize` reads made-up values, from a format that has no data and notes what it is asked for ([`feed`]).
//! 2. `Serialize` writes the value that came out.
//! 3. What it wrote is compared with the notes ([`agree`]).
//!
//! A run makes one variant of each enum. Runs go on until each variant of all enums inside the type was made. All this
//! is done in several moods: everything empty and zero, everything present, and other numbers. If a type refuses a
//! value (an invalid date, a zero that is not allowed), another one is tried.
//!
//! A type is plain only if that was observed. A type is not plain if it cannot be made, asks for `deserialize_any`, panics, or
//! writes something else than it read; then no type that contains it is plain. Nor is a tuple that also reads with one
//! element less.
//!
//! Some types write another kind for a few values only, which made-up values would miss. So each visitor is also given kinds
//! that it did not ask for ([`trial`]). What remains are values that skip a field (`skip_field`) or count
//! wrongly: the writer of the plain form reports those.

mod agree;
mod feed;
mod feeder;
mod made;
mod question;
mod refused;
mod seen;
mod trial;
mod words;

use super::described::{self, Tag};
use feeder::{Feeder, Moods};
use question::{Offer, Outcome, Question, What};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::TypeId;
use std::collections::HashSet;

/// How many runs may fail in one mood. With more, the type is not plain.
const MOST_FAILURES: u32 = 300;
/// How many runs there may be in one mood.
const MOST_RUNS: u32 = 5_000;

/// Whether the plain form can carry every value of `T`. Runs user code, which may panic: the caller takes that for a no.
pub fn is_plain<T: Serialize + DeserializeOwned>() -> bool {
    let mut tried = trial::usual();
    Moods::all().all(|mood| is_plain_in::<T>(mood, &mut tried))
}

/// Whether a value that was read from an unusual answer is written as what was read in this run.
fn is_usual<T: Serialize>(feeder: &Feeder, value: &T) -> bool {
    let given = described::given_with_skipped(value);
    given.is_ok_and(|given| agree::alike(feeder.fed(), &given))
}

/// Whether the visitors of the last run, given other kinds, still yield values that are written as what they ask for.
fn is_steady<T: Serialize + DeserializeOwned>(feeder: &mut Feeder) -> bool {
    let untried = feeder.untried();
    let mut all = untried.into_iter();
    all.all(|(at, question)| {
        takes_its_kind::<T>(feeder, at, &question) && has_all_fields::<T>(feeder, at, &question)
    })
}

/// Whether every value that a visitor reads from another kind is written as the kind that it asks for.
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
            // A text that is spelt in bytes: a visitor of serde's takes either, and refuses what is not its text.
            (Outcome::Taken | Outcome::Refused, _) if offer.is_text_for(question.asked) => {}
            (Outcome::Taken | Outcome::Refused, _) => refused.push(offer.kind()),
            (Outcome::OfKind | Outcome::NotMet, _) => {}
        }
    }
    // A kind that it accepts, but none of our values: it is unknown what it does with others.
    refused.iter().all(|kind| taken.contains(kind))
}

/// Whether fields that `Deserialize` does not need are written all the same.
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

/// Whether a tuple of the last run also reads with one element less. Then its `Serialize` may leave one out, and the
/// writer does not notice: serde's derive announces fewer elements, and skips none.
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
                    feeder::Next::Done => {
                        *tried = feeder.into_tried();
                        return true;
                    }
                    feeder::Next::More => {}
                    feeder::Next::Stuck => return false,
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
