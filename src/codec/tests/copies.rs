//! Rows of numbers are one copy, however they are wrapped.

use super::*;
use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// A slice that counts how it is read.
struct Counting<'a> {
    bytes: &'a [u8],
    /// Of more than a few bytes.
    copies: usize,
    small: usize,
}

// SAFETY: the slice's.
unsafe impl Source for Counting<'_> {
    fn left(&self) -> usize {
        self.bytes.left()
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Exhausted> {
        self.small += 1;
        self.bytes.take()
    }

    fn take_all(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<(), Exhausted> {
        self.copies += 1;
        self.bytes.take_all(to)
    }
}

/// How many copies, and how many small reads, it takes to read the value.
fn counted<T>(value: &T) -> (usize, usize)
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let bytes = encode(value).expect("it can be encoded");
    let mut source = Counting {
        bytes: &bytes,
        copies: 0,
        small: 0,
    };
    let read: T = read(Part::Argument, &mut source).expect("it can be read");
    assert_eq!(read, *value);
    (source.copies, source.small)
}

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Samples(Vec<f32>);

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
#[serde(transparent)]
struct Rate {
    per_second: Box<[u16]>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Track {
    id: u32,
    left: Samples,
    right: Option<Samples>,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Load {
    Row(Vec<u64>),
    Both { one: Vec<i8>, other: Samples },
}

#[test]
fn a_row_is_one_copy_however_it_is_wrapped() {
    let samples = || Samples(vec![1.5; 1000]);
    // One small read each for a length, an option and a variant.
    assert_eq!(counted(&vec![7u8; 1000]), (1, 1));
    assert_eq!(counted(&vec![-1i128; 1000].into_boxed_slice()), (1, 1));
    assert_eq!(counted(&Some(vec![7usize; 1000])), (1, 2));
    assert_eq!(counted(&Cow::<[f64]>::Owned(vec![0.5; 1000])), (1, 1));
    assert_eq!(counted(&samples()), (1, 1));
    let per_second = vec![9; 1000].into();
    assert_eq!(counted(&Rate { per_second }), (1, 1));
    let track = Track {
        id: 3,
        left: samples(),
        right: Some(samples()),
    };
    assert_eq!(counted(&track), (2, 4));
    assert_eq!(counted(&Load::Row(vec![1; 1000])), (1, 2));
    let both = Load::Both {
        one: vec![-1; 1000],
        other: samples(),
    };
    assert_eq!(counted(&both), (2, 3));
    assert_eq!(counted(&vec![vec![1u32; 1000]; 3]), (3, 4));
    assert_eq!(counted(&vec![(1u8, samples()); 3]), (3, 7));
}

#[test]
fn arrays_and_other_things_go_one_by_one() {
    assert_eq!(counted(&[1.0f32; 16]), (0, 16));
    assert_eq!(counted(&vec![[1u16; 3]; 10]), (0, 31));
    assert_eq!(counted(&vec![true; 10]), (0, 11));
    assert_eq!(counted(&vec!['x'; 10]), (0, 11));
    assert_eq!(counted(&vec![Some(1u8); 10]), (0, 21));
}

/// A visitor that turns a row of numbers into something else gets the numbers.
#[test]
fn a_users_visitor_is_called() {
    #[derive(Serialize, Debug, PartialEq)]
    struct Halved(Vec<f32>);

    struct Doubling;

    impl<'de> Visitor<'de> for Doubling {
        type Value = Vec<f32>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("numbers")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Vec<f32>, A::Error> {
            let mut row = Vec::new();
            while let Some(number) = from.next_element::<f32>()? {
                row.push(number * 2.0);
            }
            Ok(row)
        }
    }

    impl<'de> Deserialize<'de> for Halved {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_seq(Doubling).map(Self)
        }
    }

    let bytes = encode(&Halved(vec![1.0, 2.5])).unwrap();
    assert_eq!(decode_both::<Halved>(&bytes), Ok(Halved(vec![2.0, 5.0])));
}
