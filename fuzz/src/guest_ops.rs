//! What a WebAssembly guest may answer: arbitrary bytes are a value or an error, values come back as they were, and the texts of shapes
//! are compared whatever they say.

use crate::Subject;
use crate::marks::Marks;
use arbitrary::{Arbitrary, Unstructured};
use raddle_guest::encoding::{Encoding, decode, encode};
use raddle_guest::shape;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "guest_ops",
    run,
    show,
    reachable: &["agree", "came back", "differ", "read", "refused"],
};

/// Some of everything that both encodings have.
#[derive(Arbitrary, Debug, Serialize, Deserialize)]
enum Tree {
    Nothing,
    Flag(bool, Option<char>),
    Number(u64),
    Small(i8, (i16, u32)),
    Text { text: String, mark: Option<char> },
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
    Pair(Box<(Tree, Tree)>),
    Either(Result<Box<Tree>, String>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Chain {
    next: Option<Box<Chain>>,
}

/// What is done with the bytes.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Way {
    RoundTrip,
    Number,
    Text,
    Tree,
    Maps,
    Chain,
    Wide,
    Shapes,
    NearShapes,
}

fn split(data: &[u8]) -> (Encoding, Way, &[u8]) {
    let (head, rest) = data.split_at(data.len().min(5));
    let (is_json, way) =
        Arbitrary::arbitrary(&mut Unstructured::new(head)).expect("missing bytes are zeros");
    let encoding = if is_json {
        Encoding::Json
    } else {
        Encoding::MessagePack
    };
    (encoding, way, rest)
}

fn show(data: &[u8]) -> String {
    let (encoding, way, bytes) = split(data);
    match way {
        Way::RoundTrip => format!("{encoding:?} {way:?} {:?}", tree(bytes)),
        Way::Shapes | Way::NearShapes => format!("{way:?} {:?}", texts(bytes)),
        _ => format!("{encoding:?} {way:?} {bytes:?}"),
    }
}

fn tree(bytes: &[u8]) -> Tree {
    Tree::arbitrary(&mut Unstructured::new(bytes)).unwrap_or(Tree::Nothing)
}

/// A few of the bytes: all of them are seldom one small value.
fn short(bytes: &[u8]) -> &[u8] {
    let Some((first, rest)) = bytes.split_first() else {
        return bytes;
    };
    &rest[..rest.len().min(usize::from(first % 12))]
}

fn texts(bytes: &[u8]) -> (String, String) {
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(left), text(right))
}

fn run(data: &[u8]) -> Marks {
    let mut marks = Marks::default();
    let (encoding, way, bytes) = split(data);
    match way {
        Way::RoundTrip => {
            came_back(encoding, &tree(bytes));
            marks.reach("came back");
        }
        Way::Number => read::<u64>(encoding, short(bytes), &mut marks),
        Way::Text => read::<Option<String>>(encoding, short(bytes), &mut marks),
        Way::Tree => read::<Vec<Tree>>(encoding, bytes, &mut marks),
        Way::Maps => {
            read::<BTreeMap<String, BTreeMap<String, Vec<i32>>>>(encoding, bytes, &mut marks)
        }
        Way::Wide => read::<(f64, [u8; 3], Result<(), char>)>(encoding, bytes, &mut marks),
        Way::Chain => {
            // As deep as the bytes are many, and deeper than a stack would take.
            let deep = match encoding {
                Encoding::Json => "{\"next\":".repeat(bytes.len() * 40).into_bytes(),
                _ => b"\x81\xa4next".repeat(bytes.len() * 40),
            };
            read::<Chain>(encoding, &deep, &mut marks);
        }
        Way::Shapes => {
            let (left, right) = texts(bytes);
            compare(&left, &right, &mut marks);
            let deep = "[".repeat(bytes.len() * 1_000);
            compare(&deep, &deep.replace('[', "("), &mut marks);
        }
        Way::NearShapes => {
            // A shape of ours, with up to three bytes of it changed.
            let changes = usize::from(bytes.first().map_or(0, |byte| byte % 4));
            let right = shape::of_encoded::<(Tree, Vec<Option<Chain>>, u8)>(encoding);
            let mut near = right.clone().into_bytes();
            for pair in bytes.chunks_exact(2).take(changes) {
                let at = usize::from(pair[0]) % near.len();
                near[at] = pair[1];
            }
            compare(&String::from_utf8_lossy(&near), &right, &mut marks);
        }
    }
    marks
}

fn compare(left: &str, right: &str, marks: &mut Marks) {
    let agree = shape::agree(left, right);
    assert_eq!(agree, shape::agree(right, left), "{left:?} {right:?}");
    assert!(shape::agree(left, left), "{left:?}");
    marks.reach(if agree { "agree" } else { "differ" });
}

fn came_back<T: Serialize + DeserializeOwned + Debug>(encoding: Encoding, value: &T) {
    let mut bytes = Vec::new();
    if encode(encoding, value, &mut bytes).is_err() {
        return;
    }
    // A value that is nested too deep for a reader is refused, and nothing else is.
    let Ok(back) = decode::<T>(encoding, &bytes) else {
        let depth = format!("{value:?}").matches('(').count();
        assert!(depth > 20, "{value:?}");
        return;
    };
    assert_eq!(format!("{back:?}"), format!("{value:?}"));
    bytes.push(b']');
    assert!(
        decode::<T>(encoding, &bytes).is_err(),
        "a byte follows {value:?}"
    );
}

fn read<T: Serialize + DeserializeOwned + Debug>(
    encoding: Encoding,
    bytes: &[u8],
    marks: &mut Marks,
) {
    match decode::<T>(encoding, bytes) {
        Ok(value) => {
            came_back(encoding, &value);
            marks.reach("read");
        }
        Err(why) => {
            assert!(!why.is_empty());
            marks.reach("refused");
        }
    }
}
