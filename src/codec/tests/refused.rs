//! What cannot be sent, and what the error says.

use super::*;
use serde::ser::{SerializeSeq, SerializeTuple};
use serde::{Deserializer, Serializer};
use std::collections::BTreeMap;

#[test]
fn the_error_says_where_of_which_type_and_why() {
    let error = read::<Vec<u8>, _>(Part::Argument, &[9, 0, 0, 0, 1][..]).unwrap_err();
    assert_eq!(error.stage(), PayloadStage::DecodeArgument);
    assert_eq!(error.type_name(), "alloc::vec::Vec<u8>");
    assert_eq!(error.reason(), &PayloadReason::Truncated);
    assert_eq!(
        error.to_string(),
        "decoding the argument in the worker (`alloc::vec::Vec<u8>`) failed: the bytes end too early"
    );
    let error = read::<bool, _>(Part::Result, &[2][..]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "decoding the result (`bool`) failed: the bytes are not valid: expected bool"
    );
}

#[test]
fn an_error_can_be_sent() {
    let error = size(&Deep::new(10_000), Part::Result).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("encoding the result in the worker")
    );
    round(error);
    struct Never;
    impl Serialize for Never {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("words"))
        }
    }
    let error = size(&[Never], Part::Argument).unwrap_err();
    assert!(error.to_string().starts_with("encoding the argument"));
    assert!(error.to_string().ends_with("failed: words"));
    round(error);
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Text(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    One { number: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value")]
enum Adjacent {
    Empty,
    Number(u64),
}

#[derive(Debug, Serialize, Deserialize)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, u32>,
}

/// The plain form alone, which is not asked for such types.
#[test]
fn formats_that_describe_themselves_are_needed() {
    fn check<T: Serialize + DeserializeOwned + Debug>(value: T) {
        let bytes = encode(&value).unwrap();
        let error = decode::<T>(&bytes).unwrap_err();
        assert_eq!(error, PayloadReason::NotSelfDescribing, "{value:?}");
        assert!(error.to_string().contains("deserialize_any"));
    }
    check(Untagged::Number(1));
    check(Untagged::Text("t".into()));
    check(Internal::One { number: 1 });
    check(Flat {
        a: 1,
        rest: BTreeMap::from([("b".into(), 2)]),
    });
    check(Adjacent::Empty);
    check(Adjacent::Number(1));
    check(serde_json::json!({"a": [1, null]}));
    let bytes = encode(&1_u8).unwrap();
    let ignored = decode::<serde::de::IgnoredAny>(&bytes).unwrap_err();
    assert_eq!(ignored, PayloadReason::NotSelfDescribing);
}

#[test]
fn a_field_left_out_is_noticed() {
    #[derive(Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: u8,
    }
    #[derive(Serialize)]
    enum Variant {
        Sparse {
            #[serde(skip_serializing_if = "Vec::is_empty")]
            list: Vec<u8>,
        },
    }
    assert!(encode(&Sparse { a: Some(1), b: 2 }).is_ok());
    let field = |field: &str| PayloadReason::SkippedField {
        field: field.into(),
    };
    assert_eq!(encode(&Sparse { a: None, b: 2 }), Err(field("a")));
    assert_eq!(
        encode(&Variant::Sparse { list: vec![] }),
        Err(field("list"))
    );
}

pub struct Miscounted(pub fn() -> (usize, usize), pub bool);

impl Serialize for Miscounted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (announced, given) = self.0();
        if self.1 {
            let mut tuple = serializer.serialize_tuple(announced)?;
            for _ in 0..given {
                tuple.serialize_element(&1_u8)?;
            }
            return tuple.end();
        }
        let mut seq = serializer.serialize_seq(Some(announced))?;
        for _ in 0..given {
            seq.serialize_element(&1_u8)?;
        }
        seq.end()
    }
}

#[test]
fn a_wrong_count_is_noticed() {
    for is_tuple in [false, true] {
        let wrong = |announced| Err(PayloadReason::WrongCount { announced });
        assert_eq!(encode(&Miscounted(|| (2, 3), is_tuple)), wrong(2));
        assert_eq!(encode(&Miscounted(|| (3, 2), is_tuple)), wrong(3));
        assert_eq!(encode(&Miscounted(|| (0, 1), is_tuple)), wrong(0));
        assert!(encode(&Miscounted(|| (2, 2), is_tuple)).is_ok());
    }
    let most = Miscounted(|| (1 << 40, 0), false);
    assert_eq!(encode(&most), Err(PayloadReason::TooLarge));
}

/// Another length each time.
pub struct Moody(pub Cell<usize>, pub isize);

impl Serialize for Moody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let length = self.0.get();
        self.0.set(length.saturating_add_signed(self.1));
        serializer.collect_seq(std::iter::repeat_n(1_u8, length))
    }
}

#[test]
fn a_value_that_changes_is_noticed() {
    for by in [1, -1, 90, -90] {
        let moody = || Moody(Cell::new(100), by);
        assert_eq!(encode(&moody()), Err(PayloadReason::Changed));
        let moody = moody();
        let size = size(&moody, Part::Argument).unwrap();
        let mut shared = vec![0; size].into_boxed_slice();
        // SAFETY: the box is there until after the call.
        let sink = unsafe { SharedSink::<Plain, WINDOW>::new(shared.as_mut_ptr(), size) };
        let error = write(&moody, Part::Argument, sink).unwrap_err();
        assert_eq!(error.reason(), &PayloadReason::Changed);
    }
    struct Shown(Cell<usize>);
    impl Serialize for Shown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let width = self.0.get();
            self.0.set(width + 1);
            serializer.collect_str(&format_args!("{:width$}", 1))
        }
    }
    assert_eq!(encode(&Shown(Cell::new(50))), Err(PayloadReason::Changed));
}

#[test]
fn errors_of_the_user_come_through() {
    struct Never;
    impl Serialize for Never {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("not today"))
        }
    }
    impl<'de> Deserialize<'de> for Never {
        fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(serde::de::Error::custom("not here"))
        }
    }
    let custom = |text: &str| PayloadReason::Custom(text.into());
    assert_eq!(encode(&vec![Never]), Err(custom("not today")));
    assert_eq!(decode::<Never>(&[]).err(), Some(custom("not here")));
    struct Broken;
    impl std::fmt::Display for Broken {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Err(std::fmt::Error)
        }
    }
    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    assert_eq!(encode(&Broken), Err(custom("its Display failed")));
}

#[test]
fn a_reader_that_stops_halfway_is_noticed() {
    #[derive(Debug)]
    struct First;
    impl<'de> Deserialize<'de> for First {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = First;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a sequence")
                }
                fn visit_seq<A: serde::de::SeqAccess<'de>>(
                    self,
                    mut seq: A,
                ) -> Result<First, A::Error> {
                    seq.next_element::<u8>().map(|_| First)
                }
            }
            from.deserialize_seq(Visitor)
        }
    }
    let bytes = encode(&vec![1_u8, 2, 3]).unwrap();
    let error = decode::<First>(&bytes).unwrap_err();
    assert_eq!(error, PayloadReason::Untaken { left: 2 });
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Deep {
    next: Option<Box<Deep>>,
}

impl Deep {
    fn new(length: usize) -> Self {
        let next = (1..length).fold(None, |next, _| Some(Box::new(Deep { next })));
        Self { next }
    }
}

#[test]
fn depth_is_limited() {
    let too_deep = PayloadReason::TooDeep { limit: MOST_DEPTH };
    // A struct and its `Some`; the last one holds nothing.
    let most = MOST_DEPTH as usize / 2;
    let bytes = encode(&Deep::new(most)).unwrap();
    assert_eq!(decode_both::<Deep>(&bytes), Ok(Deep::new(most)));
    assert_eq!(encode(&Deep::new(most + 1)), Err(too_deep.clone()));
    // A hostile writer does not count its levels; the reader does.
    let bytes = vec![1; 1 << 16];
    assert_eq!(decode_both::<Deep>(&bytes), Err(too_deep));
}

/// What is at the limit for the writer is not beyond it for the reader, whichever way it takes.
#[test]
fn both_sides_count_alike() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Nest {
        Leaf,
        Row(Vec<u32>),
        Wrapped(Wrapped),
        Tuple((), Box<Nest>),
        Struct { inner: Vec<Nest> },
        Some(Option<Box<Nest>>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Wrapped(Vec<u32>);
    for pick in 0..3 {
        let mut nest = match pick {
            0 => Nest::Leaf,
            1 => Nest::Row(vec![1]),
            _ => Nest::Wrapped(Wrapped(vec![1])),
        };
        let mut depth = 0;
        loop {
            match encode(&nest) {
                // Miri looks at the last ones.
                Ok(_) if cfg!(miri) && depth < 148 => {}
                Ok(bytes) => assert_eq!(decode_both::<Nest>(&bytes).as_ref(), Ok(&nest)),
                Err(why) => {
                    assert_eq!(why, PayloadReason::TooDeep { limit: MOST_DEPTH });
                    break;
                }
            }
            depth += 1;
            nest = match depth % 3 {
                0 => Nest::Tuple((), Box::new(nest)),
                1 => Nest::Struct { inner: vec![nest] },
                _ => Nest::Some(Some(Box::new(nest))),
            };
        }
        assert!(depth > 100);
    }
}

/// A test's thread has 2 MiB, and nothing is optimised here.
#[test]
fn the_limit_fits_on_a_small_stack() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Fat {
        a: [u64; 24],
        b: (String, Vec<u8>, Option<String>),
        inner: Vec<Fat>,
        c: [u32; 16],
    }
    let nest = |depth| {
        (0..depth).fold(Fat::default(), |fat, _| Fat {
            inner: vec![fat],
            ..Fat::default()
        })
    };
    // The last one holds a row in a tuple.
    let most = MOST_DEPTH as usize / 2 - 2;
    let bytes = encode(&nest(most)).unwrap();
    assert_eq!(decode_both::<Fat>(&bytes), Ok(nest(most)));
}
