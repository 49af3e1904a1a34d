//! Descriptions that no writer wrote.

use super::random::{Random, Tree};
use super::*;
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Number(f64),
    Text(String),
    List(Vec<Any>),
    Map(BTreeMap<String, Any>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: HashMap<String, Any>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Tagged {
    One { inner: Option<Box<Tagged>> },
    Row { row: Vec<u32> },
}

/// Accepts any value.
#[derive(Debug, Serialize)]
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

fn bytes_of<T: Serialize>(value: &T) -> Vec<u8> {
    let description = Description::of(value, Part::Result).expect("it has one");
    decode(&encode(&description).unwrap()[..]).expect("it is bytes")
}

fn read_description<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadReason> {
    let description: Description = decode(&encode(bytes).unwrap()).expect("they are bytes");
    let read = description.read(Part::Result);
    read.map_err(|error| error.reason().clone())
}

/// Changes a description as a hostile writer could.
fn spoil<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = bytes_of(value);
    assert_eq!(read_description::<T>(&bytes).as_ref(), Ok(value));
    for length in (0..bytes.len()).step_by(STEP) {
        read_description::<T>(&bytes[..length]).expect_err("the bytes end too early");
    }
    let longer = [&bytes[..], &[0]].concat();
    let trailing = PayloadReason::Trailing { bytes: 1 };
    assert_eq!(read_description::<T>(&longer), Err(trailing));
    let mut spoilt = bytes.clone();
    for at in (0..bytes.len()).step_by(STEP) {
        for mask in [0xFF, 0x01, 0x02, 0x04, 0x08, 0x10, 0x80] {
            spoilt[at] ^= mask;
            let (_, largest) = Meter::largest(|| read_description::<T>(&spoilt));
            assert!(largest <= 1 << 16, "asked for {largest}");
            let _ = read_description::<Any>(&spoilt);
            let _ = read_description::<Vec<Option<String>>>(&spoilt);
            let _ = read_description::<Anything>(&spoilt);
            spoilt[at] = bytes[at];
        }
    }
}

#[test]
fn spoilt_descriptions_do_no_harm() {
    let text = || Any::Text("text".into());
    spoil(&Any::List(vec![
        Any::Number(1.5),
        text(),
        Any::List(vec![]),
    ]));
    spoil(&Any::Map(BTreeMap::from([("k".into(), text())])));
    spoil(&Flat {
        a: 1,
        rest: HashMap::from([("b".into(), text())]),
    });
    spoil(&Tagged::One {
        inner: Some(Box::new(Tagged::Row { row: vec![1, 2, 3] })),
    });
    spoil(&(i128::MIN, u128::MAX, 'x', (), Some(true), [1.5_f32; 3]));
    for seed in 0..if cfg!(miri) { 2 } else { 60 } {
        spoil(&Tree::random(&mut Random(seed), 2));
    }
}

#[test]
fn a_count_beyond_the_bytes_reserves_nothing() {
    let seq = bytes_of(&vec!["x"; 3])[0];
    let map = bytes_of(&BTreeMap::from([(1_u8, 'x')]))[0];
    let row = bytes_of(&vec![1_u64])[0];
    let number = bytes_of(&vec![1_u64])[1];
    let text = bytes_of(&"x")[0];
    for length in [200, 1 << 16, 1 << 31, u32::MAX] {
        for head in [&[seq][..], &[map], &[row, number], &[text]] {
            let bytes = [head, &length.to_ne_bytes(), &[0; 100]].concat();
            let all = || {
                let a = read_description::<Vec<[u64; 32]>>(&bytes).err();
                let b = read_description::<Vec<u64>>(&bytes).err();
                let c = read_description::<Any>(&bytes).err();
                let d = read_description::<BTreeMap<u8, u8>>(&bytes).err();
                [a, b, c, d]
            };
            let (errors, largest) = Meter::largest(all);
            assert!(largest <= 512, "asked for {largest} bytes");
            let truncated = Some(PayloadReason::Truncated);
            assert_eq!(errors, std::array::from_fn(|_| truncated.clone()));
        }
    }
}

/// Every kind of nesting is counted, and the limit fits on a small stack.
#[test]
fn descriptions_are_only_so_deep() {
    let too_deep = PayloadReason::TooDeep { limit: MOST_DEPTH };
    let nest = |depth| {
        let one = |inner, _| Tagged::One {
            inner: Some(Box::new(inner)),
        };
        (0..depth).fold(Tagged::Row { row: vec![] }, one)
    };
    let most = MOST_DEPTH as usize / 2 - 1;
    let deepest = nest(most);
    assert_eq!(read_description(&bytes_of(&deepest)), Ok(deepest));
    let deeper = Description::of(&nest(most + 1), Part::Argument).unwrap_err();
    assert_eq!(deeper.reason(), &too_deep);
    // A hostile writer does not count its levels; the reader does.
    let some = bytes_of(&Some(1_u8))[0];
    let seq = &bytes_of(&vec!["x"])[..5];
    for head in [&[some][..], seq] {
        let bytes = [&head.repeat(10_000), &[0; 8][..]].concat();
        for error in [
            read_description::<Any>(&bytes).err(),
            read_description::<Anything>(&bytes).err(),
        ] {
            assert_eq!(error, Some(too_deep.clone()));
        }
    }
    // A type that goes down by itself, without a byte.
    #[derive(Debug, Serialize, Deserialize)]
    struct Newtype(#[allow(dead_code)] Option<Box<Newtype>>);
    #[derive(Debug, Serialize, Deserialize)]
    struct Inner(#[allow(dead_code)] Box<Inner>);
    for bytes in [bytes_of(&1_u8), bytes_of(&"x"), bytes_of(&vec![1_u8])] {
        let error = read_description::<Newtype>(&bytes).err();
        assert_eq!(error, Some(too_deep.clone()));
        let error = read_description::<Inner>(&bytes).err();
        assert_eq!(error, Some(too_deep.clone()));
        let error = read_description::<Vec<Newtype>>(&bytes).err();
        assert!(error.is_some());
    }
}

/// Levels that cost their writer nine bytes each.
#[test]
fn variants_in_variants_are_only_so_deep() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Fields {
        Two(u8, u8),
        Named { a: u8 },
    }
    for value in [Fields::Two(1, 2), Fields::Named { a: 1 }] {
        let tag = bytes_of(&value)[0];
        let level = [tag, 0, 0, 0, 0, 0, 0, 0, 0];
        let bytes = level.repeat(1_000_000);
        assert!(read_description::<Anything>(&bytes).is_err());
        assert!(read_description::<Any>(&bytes).is_err());
        assert_eq!(read_description(&bytes_of(&value)), Ok(value));
    }
}

/// A row is one copy for a visitor that wants its numbers, and single numbers for all others.
#[test]
fn every_visitor_can_read_a_row() {
    let row = bytes_of(&vec![1_u16, 2, 3]);
    assert_eq!(row.len(), 1 + 1 + 4 + 6);
    assert_eq!(read_description::<Vec<u16>>(&row), Ok(vec![1, 2, 3]));
    assert_eq!(read_description::<Vec<u64>>(&row), Ok(vec![1, 2, 3]));
    assert_eq!(read_description::<[i8; 3]>(&row), Ok([1, 2, 3]));
    assert_eq!(
        read_description::<Vec<Option<f32>>>(&row),
        Ok([1.0, 2.0, 3.0].map(Some).to_vec())
    );
    assert_eq!(
        read_description::<serde_json::Value>(&row),
        Ok(serde_json::json!([1, 2, 3]))
    );
    assert!(read_description::<Vec<bool>>(&row).is_err());
    assert!(read_description::<Vec<u16>>(&row[..11]).is_err());
}
