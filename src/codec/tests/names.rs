//! Names that are written but not read: the described form carries their fields and variants all the same.

use super::*;
use std::collections::{BTreeMap, HashMap, HashSet};

#[track_caller]
fn described<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    values: impl IntoIterator<Item = T>,
) {
    for value in values {
        let description = Description::of(&value, Part::Argument).expect("it has one");
        assert_eq!(description.read(Part::Result).as_ref(), Ok(&value));
    }
}

fn seven() -> u32 {
    7
}

fn is_seven(number: &u32) -> bool {
    *number == 7
}

fn numbers() -> impl Iterator<Item = u32> {
    [0, 1, 7, u32::MAX].into_iter()
}

fn options() -> impl Iterator<Item = Option<u32>> {
    [None].into_iter().chain(numbers().map(Some))
}

#[test]
fn a_field() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Alone {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        a: u32,
        b: u32,
    }
    described(numbers().map(|a| Alone { a, b: 9 }));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct MayBeMissing {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        a: Option<u32>,
        b: u32,
        #[serde(rename(serialize = "out2", deserialize = "in2"), default = "seven")]
        c: u32,
    }
    described(options().map(|a| MayBeMissing { a, b: 9, c: 5 }));
    described(numbers().map(|c| MayBeMissing { a: None, b: 9, c }));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct LeftOut {
        #[serde(skip_serializing_if = "Option::is_none")]
        x: Option<u32>,
        #[serde(
            rename(serialize = "out", deserialize = "in"),
            skip_serializing_if = "Option::is_none"
        )]
        a: Option<u32>,
        #[serde(
            rename(serialize = "out2", deserialize = "in2"),
            skip_serializing_if = "is_seven",
            default = "seven"
        )]
        c: u32,
    }
    for x in options() {
        for a in options() {
            described(numbers().map(|c| LeftOut { x, a, c }));
        }
    }
}

#[test]
fn names_in_a_circle() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Swapped {
        #[serde(rename(serialize = "b", deserialize = "a"))]
        a: u32,
        #[serde(rename(serialize = "a", deserialize = "b"))]
        b: u32,
    }
    described(numbers().map(|a| Swapped { a, b: 1 }));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Shifted {
        #[serde(rename(serialize = "b", deserialize = "a"), default)]
        a: u32,
        #[serde(rename(serialize = "c", deserialize = "b"), default)]
        b: u32,
        #[serde(rename(serialize = "d", deserialize = "c"), default)]
        c: u32,
    }
    described(numbers().map(|a| Shifted { a, b: 1, c: 2 }));
    described(numbers().map(|a| Shifted { a: 0, b: a, c: 0 }));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Round {
        #[serde(rename(serialize = "B", deserialize = "A"))]
        A,
        #[serde(rename(serialize = "C", deserialize = "B"))]
        B,
        #[serde(rename(serialize = "A", deserialize = "C"))]
        C,
    }
    described([
        [Round::A, Round::B, Round::C],
        [Round::C, Round::B, Round::A],
    ]);
    described([HashMap::from([(1, Round::A), (2, Round::B), (3, Round::C)])]);
}

#[test]
fn fields_that_only_one_side_has() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Mixed {
        #[serde(skip_serializing, default = "seven")]
        only_read: u32,
        #[serde(rename(serialize = "out", deserialize = "in"))]
        a: Option<u32>,
        #[serde(alias = "zero", alias = "bee")]
        b: u32,
        #[serde(skip)]
        no: u32,
        #[serde(rename(serialize = "out2", deserialize = "in2"), default)]
        c: u32,
        #[serde(skip_deserializing)]
        only_written: u32,
    }
    for a in options() {
        described(numbers().map(|c| Mixed {
            only_read: 7,
            a,
            b: 1,
            no: 0,
            c,
            only_written: 0,
        }));
    }
    // What serde does not read is lost, as ever; it is not put elsewhere.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Crossed {
        #[serde(skip_deserializing)]
        a: u32,
        #[serde(skip_serializing, default = "seven")]
        b: u32,
    }
    described([Crossed { a: 0, b: 7 }]);
    let lost = Description::of(&Crossed { a: 5, b: 7 }, Part::Argument).unwrap();
    let error = lost.read::<Crossed>(Part::Result).unwrap_err();
    let name = "a".to_owned();
    assert_eq!(error.reason(), &PayloadReason::NameUnclear { name });
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t")]
    struct Computed {
        #[serde(alias = "x", alias = "T")]
        a: u32,
        #[serde(skip_deserializing)]
        b: u32,
    }
    described([Computed { a: 1, b: 0 }]);
    let lost = Description::of(&Computed { a: 1, b: 5 }, Part::Argument).unwrap();
    assert_eq!(lost.read(Part::Result), Ok(Computed { a: 1, b: 0 }));
}

#[test]
fn variants() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        #[serde(skip)]
        #[allow(dead_code)]
        No,
        #[serde(rename(serialize = "out", deserialize = "in"))]
        Unit,
        #[serde(
            alias = "a",
            alias = "z",
            rename(serialize = "out2", deserialize = "in2")
        )]
        New(Option<u32>),
        #[serde(alias = "N")]
        Named {
            #[serde(
                rename(serialize = "out", deserialize = "in"),
                skip_serializing_if = "Option::is_none"
            )]
            a: Option<u32>,
        },
        #[serde(rename(serialize = "out3", deserialize = "in3"))]
        Two(u8, char),
        #[serde(other)]
        Rest,
    }
    let all = || {
        let news = options().map(Variants::New);
        let named = options().map(|a| Variants::Named { a });
        let others = [Variants::Unit, Variants::Two(1, 'x'), Variants::Rest];
        news.chain(named).chain(others)
    };
    described(all());
    described([all().collect::<Vec<_>>()]);
    described([all().enumerate().collect::<HashMap<_, _>>()]);
    described(all());
}

/// Beside them there may be what has no order, or comes back as something else.
#[test]
fn in_company() {
    #[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
    struct Inner {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        a: Option<u32>,
    }
    let inner = |a| Inner { a };
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer {
        #[serde(rename(serialize = "x", deserialize = "y"), default)]
        words: HashSet<String>,
        lossy: Lossy,
        map: HashMap<String, Inner>,
        list: Vec<Inner>,
        #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
        sorted: BTreeMap<u8, Inner>,
    }
    /// Equal to all others.
    #[derive(Debug, Serialize, Deserialize)]
    struct Lossy(#[serde(skip_deserializing)] u8);
    impl PartialEq for Lossy {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }
    let words = |n| (0..n).map(|n: u32| n.to_string());
    described((0..20).map(|n| {
        Outer {
            words: words(n).collect(),
            lossy: Lossy(0),
            map: words(n).map(|word| (word, inner(Some(n)))).collect(),
            list: options().map(inner).collect(),
            sorted: (0..n as u8)
                .map(|key| (key, inner(Some(key.into()))))
                .collect(),
        }
    }));
}

/// An integer is what was written, even if another kind was asked for.
#[test]
fn kinds_of_integers() {
    #[derive(Debug, PartialEq)]
    enum Number {
        Signed(i64),
        Unsigned(u64),
        Small(u8),
    }
    impl Serialize for Number {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Signed(n) => to.serialize_i64(*n),
                Self::Unsigned(n) => to.serialize_u64(*n),
                Self::Small(n) => to.serialize_u8(*n),
            }
        }
    }
    struct Any;
    impl serde::de::Visitor<'_> for Any {
        type Value = Number;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number")
        }
        fn visit_i64<E>(self, n: i64) -> Result<Number, E> {
            Ok(Number::Signed(n))
        }
        fn visit_u64<E>(self, n: u64) -> Result<Number, E> {
            Ok(Number::Unsigned(n))
        }
        fn visit_u8<E>(self, n: u8) -> Result<Number, E> {
            Ok(Number::Small(n))
        }
    }
    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_i64(Any)
        }
    }
    described([[Number::Signed(1), Number::Unsigned(1), Number::Small(1)]]);
    // One that takes nothing else than what it asks for gets it.
    #[derive(Debug, PartialEq)]
    struct Strict(u64);
    impl Serialize for Strict {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_i32(self.0 as i32)
        }
    }
    struct U64;
    impl serde::de::Visitor<'_> for U64 {
        type Value = Strict;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number")
        }
        fn visit_u64<E>(self, n: u64) -> Result<Strict, E> {
            Ok(Strict(n))
        }
    }
    impl<'de> Deserialize<'de> for Strict {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_u64(U64)
        }
    }
    described([[Strict(1), Strict(2)]]);
}

/// Where the reader does not say which names it knows.
#[test]
fn in_buffers() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Inner {
        #[serde(
            rename(serialize = "out", deserialize = "in"),
            skip_serializing_if = "Option::is_none"
        )]
        a: Option<u32>,
        b: String,
    }
    macro_rules! tagged {
        ($($name:ident: $($attribute:meta),*;)*) => {
            $({
                #[derive(Debug, PartialEq, Serialize, Deserialize)]
                $(#[$attribute])*
                enum $name {
                    Named {
                        #[serde(rename(serialize = "out", deserialize = "in"))]
                        a: Option<u32>,
                        #[serde(rename(serialize = "out2", deserialize = "in2"), default = "seven")]
                        c: u32,
                        d: char,
                    },
                    Required {
                        #[serde(rename(serialize = "out3", deserialize = "in3"))]
                        e: u32,
                        #[serde(rename(serialize = "out4", deserialize = "in4"))]
                        f: Option<u32>,
                    },
                    New(Inner),
                }
                for c in numbers() {
                    described(options().map(|a| $name::Named { a, c, d: 'x' }));
                    described(options().map(|f| $name::Required { e: c, f }));
                }
                let inner = |a| Inner { a, b: "b".into() };
                described(options().map(|a| $name::New(inner(a))));
                let all = || options().flat_map(|a| {
                    [$name::Named { a, c: 1, d: 'y' }, $name::New(inner(a)), $name::Required { e: 1, f: a }]
                });
                described([all().collect::<Vec<_>>()]);
                described([all().enumerate().collect::<HashMap<_, _>>()]);
            })*
        };
    }
    tagged! {
        External: serde(rename_all = "kebab-case");
        Internal: serde(tag = "t");
        Adjacent: serde(tag = "t", content = "c");
        Denying: serde(tag = "t", content = "c"), serde(deny_unknown_fields);
    }
    // What is not read stays unread.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t")]
    enum Computed {
        One {
            a: u32,
            #[serde(skip_deserializing)]
            sum: u32,
            b: u32,
        },
    }
    let one = |a, sum| Computed::One { a, sum, b: 2 };
    described([one(1, 0)]);
    for _ in 0..2 {
        let lost = Description::of(&one(1, 3), Part::Argument).unwrap();
        assert_eq!(lost.read(Part::Result), Ok(one(1, 0)));
    }
}

/// Where each wrong way leads to others.
#[test]
fn many_at_once() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
    struct Container {
        before: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        maybe: Option<u32>,
        field: u32,
        #[serde(alias = "a", alias = "z")]
        after_all: Vec<u16>,
    }
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct Field {
        #[serde(
            rename(serialize = "out", deserialize = "in"),
            skip_serializing_if = "Option::is_none"
        )]
        maybe: Option<u32>,
        #[serde(rename(serialize = "to", deserialize = "from"))]
        field: u32,
        #[serde(rename(serialize = "x2", deserialize = "y2"), default = "seven")]
        after: u32,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
    #[serde(rename_all_fields(serialize = "PascalCase", deserialize = "snake_case"))]
    enum Variants {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        One,
        #[serde(alias = "z")]
        TwoMore {
            some_thing: Option<u32>,
            #[serde(rename(serialize = "to", deserialize = "from"))]
            field: u32,
        },
        InNewtype(Field),
        #[serde(rename(serialize = "four", deserialize = "five"))]
        InTuple(Box<Container>, Field),
        #[serde(other)]
        AllOthers,
    }
    let container = |maybe, field| Container {
        before: "b".into(),
        maybe,
        field,
        after_all: vec![1],
    };
    let field = |maybe, field| Field {
        maybe,
        field,
        after: 7,
    };
    let all = |maybe, n| {
        let two = Variants::InTuple(container(maybe, n).into(), field(maybe, 1));
        let named = Variants::TwoMore {
            some_thing: maybe,
            field: n,
        };
        let newtype = Variants::InNewtype(field(maybe, n));
        [two, Variants::One, Variants::AllOthers, newtype, named]
    };
    // In every order, in which nothing is known yet.
    for turn in 0..5 {
        for maybe in [None, Some(3)] {
            let values = || {
                let mut values = Vec::from(all(maybe, 2));
                values.rotate_left(turn);
                values
            };
            let (together, alone) = (values(), values());
            for thread in [
                crate::sync::thread::spawn(move || described([together])),
                crate::sync::thread::spawn(move || described(alone)),
            ] {
                thread.join().unwrap();
            }
        }
    }
}
