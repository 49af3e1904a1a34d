//! The payloads of a process pool: arbitrary bytes are a value or an error, and values come back as they were.

use crate::Subject;
use crate::marks::Marks;
use arbitrary::{Arbitrary, Unstructured};
use raddle::codec::{self, Description, Part, PayloadError, PayloadReason, SliceSink};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Debug;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "codec_ops",
    run,
    show,
    reachable: &[
        "came back",
        "custom",
        "description read",
        "described",
        "invalid",
        "read",
        "too deep",
        "trailing",
        "truncated",
    ],
};

/// Some of everything.
#[derive(Arbitrary, Debug, Serialize, Deserialize)]
enum Tree {
    Nothing,
    Unit(()),
    Flag(bool, Option<Option<char>>),
    Number(u64),
    Wide(i128, u128, (i8, u16)),
    Text { text: String, mark: Option<char> },
    Floats(Vec<f32>, [f64; 3]),
    Bytes(Box<[u8]>),
    MaybeRow(Option<Vec<i64>>),
    Wrapped(Wrapped),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    Pair(Box<(Tree, Tree)>),
    Either(Result<Box<Tree>, String>),
}

#[derive(Arbitrary, Debug, Serialize, Deserialize)]
struct Wrapped(Vec<u16>);

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

/// What has to be told what comes next.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    Number(f64),
    Text(String),
    Wide(Option<i64>),
    List(Vec<Any>),
    Inner(Tagged),
    Map(BTreeMap<String, Any>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Tagged {
    Nothing,
    Struct {
        one: Option<Box<Any>>,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    },
}

/// Whatever it is.
#[derive(Debug, Serialize)]
struct Anything;

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// What is done with the bytes.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Way {
    RoundTrip,
    Numbers,
    Tree,
    Trees,
    Small,
    Rows,
    Strings,
    Maps,
    Units,
    Chain,
    Error,
    Described,
    Descriptions,
}

fn split(data: &[u8]) -> (Way, &[u8]) {
    let (head, rest) = data.split_at(data.len().min(4));
    let way = Way::arbitrary(&mut Unstructured::new(head)).expect("missing bytes are zeros");
    (way, rest)
}

fn show(data: &[u8]) -> String {
    let (way, bytes) = split(data);
    match way {
        Way::RoundTrip | Way::Described => format!("{way:?} {:?}", tree(bytes)),
        _ => format!("{way:?} {bytes:?}"),
    }
}

fn tree(bytes: &[u8]) -> Tree {
    Tree::arbitrary(&mut Unstructured::new(bytes)).unwrap_or(Tree::Nothing)
}

fn run(data: &[u8]) -> Marks {
    let mut marks = Marks::default();
    let (way, bytes) = split(data);
    match way {
        Way::RoundTrip => {
            if came_back(&tree(bytes)) {
                marks.reach("came back");
            }
        }
        Way::Numbers => read::<(u64, f32)>(bytes, &mut marks),
        Way::Tree => read::<Tree>(bytes, &mut marks),
        Way::Trees => read::<Vec<Tree>>(bytes, &mut marks),
        Way::Small => read::<(bool, char, Option<u8>, Result<i16, f32>)>(bytes, &mut marks),
        Way::Rows => read::<(Vec<u8>, Option<Vec<f64>>, Box<[u128]>)>(bytes, &mut marks),
        Way::Strings => read::<VecDeque<Option<String>>>(bytes, &mut marks),
        Way::Maps => read::<BTreeMap<u8, BTreeMap<String, Wrapped>>>(bytes, &mut marks),
        Way::Units => read::<(Vec<()>, HashMap<(), [u8; 0]>)>(bytes, &mut marks),
        Way::Chain => {
            // As long as the bytes are many.
            let mut links = vec![1; bytes.len()];
            links.push(0);
            read::<Chain>(&links, &mut marks);
        }
        Way::Error => read::<PayloadError>(bytes, &mut marks),
        Way::Described => {
            if came_back_described(&tree(bytes)) {
                marks.reach("described");
            }
        }
        Way::Descriptions => {
            let encoded = encode(&bytes).expect("they are bytes");
            let description: Description =
                codec::read(Part::Result, &encoded[..]).expect("they are bytes");
            // And one that is right, read by types that did not write it.
            let right = Description::of(&tree(bytes), Part::Argument).ok();
            for description in std::iter::once(description).chain(right) {
                read_description::<Tree>(&description, &mut marks);
                read_description::<Any>(&description, &mut marks);
                read_description::<Vec<Tagged>>(&description, &mut marks);
                read_description::<(Vec<f32>, Option<Wrapped>)>(&description, &mut marks);
                read_description::<Anything>(&description, &mut marks);
            }
        }
    }
    marks
}

fn encode<T: Serialize + Debug>(value: &T) -> Result<Vec<u8>, PayloadReason> {
    let size = codec::size(value, Part::Argument).map_err(|error| error.reason().clone())?;
    let mut bytes = vec![0; size];
    codec::write(value, Part::Argument, SliceSink::new(&mut bytes))
        .unwrap_or_else(|error| panic!("it was measured: {error}: {value:?}"));
    Ok(bytes)
}

/// What is written is read as the same again; NaN is no reason to doubt it.
fn came_back<T: Serialize + DeserializeOwned + Debug>(value: &T) -> bool {
    let bytes = match encode(value) {
        Ok(bytes) => bytes,
        Err(PayloadReason::TooDeep { .. }) => return false,
        Err(why) => panic!("{why}: {value:?}"),
    };
    let back: T = codec::read(Part::Result, &bytes[..])
        .unwrap_or_else(|error| panic!("it was written: {error}: {value:?}"));
    assert_eq!(encode(&back).as_deref(), Ok(&bytes[..]), "{value:?}");
    assert_eq!(format!("{back:?}"), format!("{value:?}"));
    for length in [0, bytes.len() / 2, bytes.len() - 1] {
        let cut = codec::read::<T, _>(Part::Result, &bytes[..length]);
        assert!(cut.is_err(), "{length} bytes of {value:?}");
    }
    true
}

/// A value is described and read as the same again.
fn came_back_described(value: &Tree) -> bool {
    let description = match Description::of(value, Part::Argument) {
        Ok(description) => description,
        Err(error) if matches!(error.reason(), PayloadReason::TooDeep { .. }) => return false,
        Err(why) => panic!("{why}: {value:?}"),
    };
    let back: Tree = description
        .read(Part::Result)
        .unwrap_or_else(|error| panic!("it was described: {error}: {value:?}"));
    assert_eq!(format!("{back:?}"), format!("{value:?}"));
    true
}

fn read_description<T: Serialize + DeserializeOwned>(description: &Description, marks: &mut Marks) {
    if description.read::<T>(Part::Result).is_ok() {
        marks.reach("description read");
    }
}

fn read<T: Serialize + DeserializeOwned + Debug>(bytes: &[u8], marks: &mut Marks) {
    let error = match codec::read::<T, _>(Part::Argument, bytes) {
        Ok(value) => {
            // A map may hold less than the bytes did, never anything else.
            let again = encode(&value).expect("what was read can be written");
            assert!(again.len() <= bytes.len());
            came_back(&value);
            return marks.reach("read");
        }
        Err(error) => error,
    };
    marks.reach(match error.reason() {
        PayloadReason::Truncated => "truncated",
        PayloadReason::Trailing { .. } => "trailing",
        PayloadReason::TooDeep { .. } => "too deep",
        PayloadReason::Invalid { .. } => "invalid",
        PayloadReason::Custom(_) => "custom",
        _ => "unexpected",
    });
}
