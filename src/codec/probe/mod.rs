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
//! read is not plain, and then nor is what holds it. Nor is a tuple that is taken with an element less. What a value may still do
//! that its type was not seen doing is leave out a field, or count wrongly: the writer notices.

mod agree;
mod feed;
mod seen;
mod words;

use super::described;
use feed::{Feeder, Moods};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How many runs may fail, in one mood, before we give up.
const MOST_FAILURES: u32 = 300;
/// How many runs there may be in one mood.
const MOST_RUNS: u32 = 5_000;

/// Runs code of the user, which may panic: that is a no.
pub fn is_plain<T: Serialize + DeserializeOwned>() -> bool {
    Moods::all().all(is_plain_in::<T>)
}

/// Is one of the tuples of the last run taken with an element less, too? Then its `Serialize` may leave one out, of which the
/// writer hears nothing: serde's derive announces fewer, and skips none.
fn may_be_shorter<T: DeserializeOwned>(feeder: &Feeder) -> bool {
    (0..feeder.tuples()).any(|tuple| feeder.shortened(tuple).feed::<T>().is_ok())
}

fn is_plain_in<T: Serialize + DeserializeOwned>(mood: usize) -> bool {
    let mut feeder = Feeder::new(mood);
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
                if !agree::agree(feeder.fed(), &given) || may_be_shorter::<T>(&feeder) {
                    return false;
                }
                match feeder.succeed() {
                    feed::Next::Done => return true,
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
