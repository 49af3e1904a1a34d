//! Takes values of a type to a process and back, on all ways that a program has.

use raddle::{Executor, ProcessPool, promise};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::type_name;
use std::fmt::Debug;
use std::sync::OnceLock;

/// What can be sent, and looked at when it is back.
pub trait Value:
    Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static
{
}

impl<T> Value for T where
    T: Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + 'static
{
}

fn pool() -> &'static ProcessPool {
    static POOL: OnceLock<ProcessPool> = OnceLock::new();
    POOL.get_or_init(|| ProcessPool::new(1).expect("a pool of one worker"))
}

fn same<T>(value: T) -> T {
    value
}

/// Each of the values, and all of them together, come back as they went: alone, through a promise, in chunks of a map, in an
/// `Ok` and in an `Err`.
#[track_caller]
pub fn there_and_back<T: Value>(values: &[T]) {
    let pool = pool();
    let name = type_name::<T>();
    for value in values {
        let back = pool.submit(same::<T>, value.clone()).result();
        let back = back.unwrap_or_else(|error| panic!("{name}: {value:?}: {error}"));
        assert_eq!(back, *value, "{name}");
    }
    let (promised, future) = promise::<Vec<T>>();
    let task = pool.submit(same::<Vec<T>>, values.to_vec());
    task.add_done_callback(move |done| {
        if let Ok(value) = done {
            let _ = promised.complete(value.clone());
        }
    });
    assert_eq!(future.result().unwrap(), values, "{name}");
    let odd = |(index, value): (usize, &T)| (index % 2 == 1, value.clone());
    let back = pool.map(
        |(odd, value): (bool, T)| if odd { Err(value) } else { Ok(value) },
        values.iter().enumerate().map(odd),
    );
    for (index, back) in back.enumerate() {
        let back = back.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(back.is_err(), index % 2 == 1, "{name}");
        assert_eq!(back.unwrap_or_else(same), values[index], "{name}");
    }
}

/// As [`there_and_back`] on one way alone: what hundreds of types can be compiled for.
#[track_caller]
pub fn travel<T: Value>(values: &[T]) {
    let back = pool().submit(same::<Vec<T>>, values.to_vec()).result();
    let back = back.unwrap_or_else(|error| panic!("{}: {values:?}: {error}", type_name::<T>()));
    assert_eq!(back, values);
}

/// Splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.word() % limit
    }

    pub fn is(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Also of few digits.
    pub fn number(&mut self) -> i64 {
        let shift = self.below(64);
        self.word() as i64 >> shift
    }

    pub fn float(&mut self) -> f64 {
        self.number() as f64 / 16.0
    }

    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(6)).map(|_| item(self)).collect()
    }

    pub fn text(&mut self) -> String {
        let letter = |random: &mut Self| char::from_u32(random.below(0x3000) as u32);
        self.list(letter).into_iter().flatten().collect()
    }

    pub fn option<T>(&mut self, item: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.is().then(|| item(self))
    }
}

/// Takes random values there and back.
#[track_caller]
pub fn check<T: Value>(mut make: impl FnMut(&mut Random) -> T) {
    let values: Vec<T> = (0..12).map(|seed| make(&mut Random(seed))).collect();
    there_and_back(&values);
}
