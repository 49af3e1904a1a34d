//! All attributes of serde's reference, each alone and in pairs.

#![allow(clippy::all)]

use raddle_types::{Random, Value, travel};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::{self, Debug, Display};
use std::marker::PhantomData;
use std::str::FromStr;

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
pub struct Page {
    limit: u32,
    offset: Option<u32>,
}

/// A number as a text.
pub mod text {
    use super::*;
    pub fn serialize<S: Serializer>(number: &u32, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A number as a number or a text: asks what it is.
pub mod either {
    use super::*;
    pub fn serialize<S: Serializer>(number: &u32, to: S) -> Result<S::Ok, S::Error> {
        match number % 2 {
            0 => to.serialize_u32(*number),
            _ => to.collect_str(number),
        }
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u32),
            Text(String),
        }
        match Either::deserialize(from)? {
            Either::Number(number) => Ok(number),
            Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

pub fn seven() -> u32 {
    7
}

pub fn is_seven(number: &u32) -> bool {
    *number == 7
}

/// For each attribute of a container each of a field: `all!` is told what to do with the two.
macro_rules! cross {
    ($shape:ident [$($one:tt)*] $others:tt) => {
        $(cross! { @one $shape $one $others })*
    };
    (@one $shape:ident $one:tt [$($other:tt)*]) => {
        $($shape! { $one $other })*
    };
}

/// What fields have: attributes, a type, values.
macro_rules! with_fields {
    ($shape:ident $containers:tt) => {
        cross! { $shape $containers [
            { []; u32; 1, 7, 0 }
            { [serde(rename = "x-y")]; u32; 1 }
            { [serde(alias = "x", alias = "y")]; u32; 1 }
            { [serde(default)]; u32; 0, 1 }
            { [serde(default = "seven")]; u32; 7, 1 }
            { [serde(skip)]; u32; 0 }
            { [serde(skip, default = "seven")]; u32; 7 }
            { [serde(skip_serializing, default)]; u32; 0 }
            { [serde(skip_serializing, default = "seven")]; u32; 7 }
            { [serde(skip_deserializing)]; u32; 0 }
            { [serde(skip_serializing_if = "Option::is_none")]; Option<u32>; None, Some(0), Some(7) }
            { [serde(skip_serializing_if = "is_seven", default = "seven")]; u32; 7, 1 }
            { [serde(skip_serializing_if = "Vec::is_empty", default)]; Vec<Option<u8>>; vec![], vec![None, Some(1)] }
            { [serde(skip_serializing_if = "Option::is_none", rename = "x")]; Option<Page>; None, Some(Page::default()) }
            { [serde(serialize_with = "text::serialize", deserialize_with = "text::deserialize")]; u32; 1, 70_000 }
            { [serde(with = "text")]; u32; 1, 70_000 }
            { [serde(with = "either")]; u32; 1, 2 }
            { [serde(with = "text", default = "seven", skip_serializing_if = "is_seven")]; u32; 7, 1 }
            { [serde(with = "either", alias = "z")]; u32; 1, 2 }
            { [serde(with = "text", rename = "z")]; u32; 1 }
            { [serde(flatten)]; Page; Page { limit: 1, offset: None }, Page { limit: 1, offset: Some(2) } }
            { [serde(flatten)]; Option<Page>; None, Some(Page { limit: 1, offset: Some(3) }) }
            { [serde(flatten, default)]; Page; Page { limit: 0, offset: None } }
            { [serde(bound = "")]; PhantomData<u8>; PhantomData }
            { []; Option<Option<u32>>; None, Some(Some(1)) }
            { []; HashMap<u8, Vec<(u8, char)>>; HashMap::new(), [(1, vec![(2, 'x')])].into() }
            { []; Result<(), [u8; 2]>; Ok(()), Err([1, 2]) }
        ] }
    };
}

fn back<T: Value>(values: impl IntoIterator<Item = T>) {
    travel(&values.into_iter().collect::<Vec<_>>());
}

macro_rules! structs {
    ({ $($container:meta),* } { [$($field:meta),*]; $kind:ty; $($value:expr),* }) => {{
        #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
        $(#[$container])*
        struct Subject {
            before: String,
            $(#[$field])*
            field: $kind,
            r#after: Vec<u16>,
        }
        impl Default for Subject {
            fn default() -> Self {
                Self { before: "d".into(), field: [$($value),*].into_iter().next().unwrap(), after: vec![1] }
            }
        }
        back([$($value),*].map(|field| Subject { before: "b".into(), field, after: vec![1, 2] }));
    }};
}

macro_rules! enums {
    ({ $($container:meta),* } { [$($field:meta),*]; $kind:ty; $($value:expr),* }) => {{
        #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
        $(#[$container])*
        enum Subject {
            FirstOne {
                before: String,
                $(#[$field])*
                field: $kind,
            },
            SecondOne(Inner),
            ThirdOne,
        }
        #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
        struct Inner {
            $(#[$field])*
            inner: $kind,
        }
        let mut all: Vec<Subject> = [$($value),*].map(|field| Subject::FirstOne { before: "b".into(), field }).into();
        all.extend([$($value),*].map(|inner| Subject::SecondOne(Inner { inner })));
        all.push(Subject::ThirdOne);
        back(all);
    }};
}

/// Untagged, each variant has to differ from the others in itself.
macro_rules! untagged {
    ({ $($container:meta),* } { [$($field:meta),*]; $kind:ty; $($value:expr),* }) => {{
        #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
        #[serde(untagged)]
        $(#[$container])*
        enum Subject {
            One {
                one: String,
                $(#[$field])*
                field: $kind,
            },
            Two((u8, char)),
            Three(bool),
            Four,
        }
        let mut all: Vec<Subject> = [$($value),*].map(|field| Subject::One { one: "b".into(), field }).into();
        all.extend([Subject::Two((1, 'x')), Subject::Three(true), Subject::Four]);
        back(all);
    }};
}

#[test]
fn fields_of_structs() {
    with_fields! { structs [
        {}
        { serde(default), serde(rename = "other"), serde(rename_all = "SCREAMING-KEBAB-CASE") }
    ] }
}

#[test]
fn fields_of_more_structs() {
    with_fields! { structs [
        { serde(tag = "the-tag") }
    ] }
}

#[test]
fn fields_of_enums() {
    with_fields! { enums [
        {}
        { serde(rename_all = "snake_case", rename_all_fields = "UPPERCASE") }
    ] }
}

#[test]
fn fields_of_tagged_enums() {
    with_fields! { enums [
        { serde(tag = "t"), serde(rename_all = "camelCase", rename_all_fields = "PascalCase") }
    ] }
}

#[test]
fn fields_of_adjacently_tagged_enums() {
    with_fields! { enums [
        { serde(tag = "t", content = "c"), serde(rename_all = "camelCase"), serde(expecting = "x") }
    ] }
}

#[test]
fn fields_of_untagged_enums() {
    with_fields! { untagged [
        { serde(expecting = "x"), serde(rename_all_fields = "UPPERCASE") }
    ] }
}

/// Nobody knows all fields where one is flattened.
#[test]
fn unknown_fields_are_denied() {
    macro_rules! each {
        ($($field:tt)*) => {
            $(
                structs! { { serde(deny_unknown_fields) } $field }
                structs! { { serde(deny_unknown_fields, default) } $field }
                enums! { { serde(deny_unknown_fields) } $field }
                enums! { { serde(deny_unknown_fields), serde(tag = "t", content = "c") } $field }
            )*
        };
    }
    each! {
        { []; u32; 1, 7, 0 }
        { [serde(rename = "x-y")]; u32; 1 }
        { [serde(alias = "x", alias = "y")]; u32; 1 }
        { [serde(default = "seven")]; u32; 7, 1 }
        { [serde(skip)]; u32; 0 }
        { [serde(skip_serializing, default)]; u32; 0 }
        { [serde(skip_serializing_if = "Option::is_none")]; Option<u32>; None, Some(0), Some(7) }
        { [serde(with = "text")]; u32; 1, 70_000 }
        { [serde(with = "either")]; u32; 1, 2 }
    }
    structs! { { serde(deny_unknown_fields) } { [serde(skip_deserializing)]; u32; 0 } }
    enums! { { serde(deny_unknown_fields) } { [serde(skip_deserializing)]; u32; 0 } }
}

/// A map takes all fields that nothing else takes; to serde the tag of a struct is one of them.
#[test]
fn maps_that_are_flattened() {
    macro_rules! with_maps {
        ($shape:ident $containers:tt) => {
            cross! { $shape $containers [
        { [serde(flatten)]; BTreeMap<String, u32>; BTreeMap::new(), [("k".to_owned(), 1)].into() }
        { [serde(flatten, skip_serializing_if = "BTreeMap::is_empty")]; BTreeMap<String, u32>; BTreeMap::new(), [("k".to_owned(), 1)].into() }
            ] }
        };
    }
    with_maps! { structs [ {} { serde(default) } ] }
    with_maps! { enums [ {} { serde(tag = "t") } { serde(tag = "t", content = "c") } ] }
    with_maps! { untagged [ {} ] }
}

/// What variants have: attributes, and the way in which the enum is tagged.
macro_rules! variants {
    ({ $($container:meta),* } { $($variant:meta),* }) => {{
        #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
        $(#[$container])*
        enum Subject {
            Before { x: u8 },
            $(#[$variant])*
            Subject { some_field: u32, other: Option<Page> },
            After(Page),
            Last,
        }
        let page = Page { limit: 1, offset: Some(2) };
        back([
            Subject::Before { x: 1 },
            Subject::Subject { some_field: 7, other: Some(page.clone()) },
            Subject::Subject { some_field: 1, other: None },
            Subject::After(page),
            Subject::Last,
        ]);
    }};
}

#[test]
fn variants_of_enums() {
    cross! { variants [
        {}
        { serde(tag = "t") }
        { serde(tag = "t", content = "c") }
        { serde(rename_all = "kebab-case") }
        { serde(deny_unknown_fields) }
        { serde(rename = "X") }
    ] [
        {}
        { serde(rename = "x-y") }
        { serde(alias = "x", alias = "y") }
        { serde(rename_all = "UPPERCASE") }
        { serde(rename = "z", alias = "y", rename_all = "camelCase") }
        { serde(bound = "") }
    ] }
}

/// The last one may be of any shape.
#[test]
fn a_variant_without_a_tag() {
    macro_rules! each {
        ($($container:tt)*) => { $(one! { $container })* };
    }
    macro_rules! one {
        ({ $($container:meta),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            $(#[$container])*
            enum Subject {
                Named { x: u8 },
                Unit,
                #[serde(untagged)]
                Pair(u8, char),
                #[serde(untagged)]
                Text(String),
            }
            back([Subject::Named { x: 1 }, Subject::Unit, Subject::Pair(1, 'x'), Subject::Text("other".into())]);
        }};
    }
    each! { {} { serde(rename_all = "kebab-case") } { serde(tag = "t", content = "c") } }
}

#[test]
fn variants_that_are_skipped_or_catch_all() {
    macro_rules! each {
        ($($container:tt)*) => { $(one! { $container })* };
    }
    macro_rules! one {
        ({ $($container:meta),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            $(#[$container])*
            #[allow(dead_code)]
            enum Subject {
                First { x: u8 },
                #[serde(skip)]
                No(u8),
                Second(Page),
                #[serde(skip_serializing)]
                NoMore,
                Third,
                #[serde(skip_deserializing)]
                Never { y: u8 },
                Fourth { z: char },
                #[serde(other)]
                Rest,
            }
            let page = Page { limit: 1, offset: Some(2) };
            back([
                Subject::First { x: 1 },
                Subject::Second(page),
                Subject::Third,
                Subject::Fourth { z: 'z' },
                Subject::Rest,
            ]);
        }};
    }
    each! { {} { serde(tag = "t") } { serde(tag = "t", content = "c") } { serde(rename_all = "kebab-case") } }
}

#[test]
fn variants_with_a_way_of_their_own() {
    macro_rules! each {
        ($($container:tt)*) => { $(one! { $container })* };
    }
    macro_rules! one {
        ({ $($container:meta),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            $(#[$container])*
            enum Subject {
                #[serde(with = "text")]
                Text(u32),
                #[serde(with = "either")]
                Either(u32),
                #[serde(serialize_with = "text::serialize", deserialize_with = "text::deserialize", alias = "q")]
                Last(u32),
            }
            back([Subject::Text(1), Subject::Either(2), Subject::Either(3), Subject::Last(70_000)]);
        }};
    }
    each! { {} { serde(tag = "t", content = "c") } { serde(rename_all = "UPPERCASE") } }
}

/// Written under one name and read under another: by its place.
#[test]
fn names_that_differ() {
    macro_rules! each {
        ($($field:tt)*) => { $(one! { $field })* };
    }
    macro_rules! one {
        ({ [$($field:meta),*]; $kind:ty; $($value:expr),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
            struct Container {
                before: String,
                $(#[$field])*
                field: $kind,
            }
            back([$($value),*].map(|field| Container { before: "b".into(), field }));
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            struct Field {
                #[serde(rename(serialize = "out", deserialize = "in"))]
                before: String,
                $(#[$field])*
                field: $kind,
            }
            back([$($value),*].map(|field| Field { before: "b".into(), field }));
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
            enum Variant {
                #[serde(rename(serialize = "out", deserialize = "in"))]
                One,
                TwoMore {
                    $(#[$field])*
                    field: $kind,
                },
            }
            back([$($value),*].map(|field| Variant::TwoMore { field }));
            back([Variant::One]);
        }};
    }
    each! {
        { []; u32; 1, 7, 0 }
        { [serde(rename = "x-y")]; u32; 1 }
        { [serde(default = "seven")]; u32; 7, 1 }
        { [serde(skip)]; u32; 0 }
        { [serde(with = "text")]; u32; 1, 70_000 }
    }
}

/// As above, in types that have to be described, with each other attribute beside it and on the same field.
#[test]
fn names_that_differ_in_what_is_described() {
    macro_rules! each {
        ($($field:tt)*) => { $(one! { $field })* };
    }
    macro_rules! one {
        ({ [$($field:meta),*]; $kind:ty; $($value:expr),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
            struct Container {
                before: String,
                #[serde(skip_serializing_if = "Option::is_none")]
                maybe: Option<u32>,
                $(#[$field])*
                field: $kind,
                #[serde(alias = "a", alias = "z")]
                after_all: Vec<u16>,
            }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            struct Field {
                #[serde(rename(serialize = "out", deserialize = "in"), skip_serializing_if = "Option::is_none")]
                maybe: Option<u32>,
                #[serde(rename(serialize = "to", deserialize = "from"))]
                $(#[$field])*
                field: $kind,
                #[serde(rename(serialize = "x2", deserialize = "y2"), default = "seven")]
                after: u32,
            }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
            #[serde(rename_all_fields(serialize = "PascalCase", deserialize = "snake_case"))]
            enum Variants {
                #[serde(rename(serialize = "out", deserialize = "in"))]
                One,
                #[serde(alias = "z")]
                TwoMore {
                    some_thing: Option<u32>,
                    #[serde(rename(serialize = "to", deserialize = "from"))]
                    $(#[$field])*
                    field: $kind,
                },
                InNewtype(Field),
                #[serde(rename(serialize = "four", deserialize = "five"))]
                InTuple(Box<Container>, Field),
                #[serde(other)]
                AllOthers,
            }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
            #[serde(tag = "t", content = "c")]
            enum Adjacent {
                One,
                TwoMore(Field),
                #[serde(alias = "x")]
                Three(Container, Variants),
            }
            let mut random = Random(1);
            for value in [$($value),*] {
                let maybe = |random: &mut Random| random.option(|random| random.below(9) as u32);
                let field = |random: &mut Random| Field {
                    maybe: maybe(random),
                    field: value.clone(),
                    after: random.below(9) as u32,
                };
                let container = |random: &mut Random| Container {
                    before: random.text(),
                    maybe: maybe(random),
                    field: value.clone(),
                    after_all: random.list(|random| random.below(3) as u16),
                };
                let variant = |random: &mut Random| match random.below(5) {
                    0 => Variants::One,
                    1 => Variants::TwoMore { some_thing: maybe(random), field: value.clone() },
                    2 => Variants::InNewtype(field(random)),
                    3 => Variants::InTuple(container(random).into(), field(random)),
                    _ => Variants::AllOthers,
                };
                back((0..4).map(|_| container(&mut random)).collect::<Vec<_>>());
                back((0..4).map(|_| field(&mut random)).collect::<Vec<_>>());
                back((0..12).map(|_| variant(&mut random)).collect::<Vec<_>>());
                back((0..12).map(|_| match random.below(3) {
                    0 => Adjacent::One,
                    1 => Adjacent::TwoMore(field(&mut random)),
                    _ => Adjacent::Three(container(&mut random), variant(&mut random)),
                }).collect::<Vec<_>>());
            }
        }};
    }
    each! {
        { []; u32; 1, 7, 0 }
        { []; Option<u32>; None, Some(0), Some(7) }
        { [serde(alias = "x", alias = "y")]; u32; 1 }
        { [serde(alias = "x", default)]; u32; 0, 1 }
        { [serde(default = "seven")]; u32; 7, 1 }
        { [serde(skip)]; u32; 0 }
        { [serde(skip_serializing, default = "seven")]; u32; 7 }
        { [serde(skip_deserializing)]; u32; 0 }
        { [serde(skip_serializing_if = "Option::is_none")]; Option<u32>; None, Some(0), Some(7) }
        { [serde(skip_serializing_if = "is_seven", default = "seven")]; u32; 7, 1 }
        { [serde(skip_serializing_if = "Vec::is_empty", default)]; Vec<Option<u8>>; vec![], vec![None, Some(1)] }
        { [serde(with = "text")]; u32; 1, 70_000 }
        { [serde(with = "either")]; u32; 1, 2 }
        { [serde(with = "text", default = "seven", skip_serializing_if = "is_seven")]; u32; 7, 1 }
        { [serde(bound = "")]; PhantomData<u8>; PhantomData }
        { []; HashMap<u8, Vec<(u8, char)>>; HashMap::new(), (0..9).map(|n| (n, vec![(2, 'x')])).collect::<HashMap<_, _>>() }
        { [serde(default)]; HashSet<String>; HashSet::new(), (0..9).map(|n| n.to_string()).collect::<HashSet<_>>() }
        { []; serde_json::Value; serde_json::json!({"x": [1, null]}), serde_json::Value::Null }
    }
}

/// What serde reads from its buffers.
#[test]
fn names_that_differ_in_buffers() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(rename_all(serialize = "UPPERCASE", deserialize = "kebab-case"))]
    #[serde(rename_all_fields(serialize = "UPPERCASE", deserialize = "kebab-case"))]
    #[serde(tag = "t")]
    enum Internal {
        #[serde(rename = "one")]
        One,
        #[serde(rename = "two")]
        Two { one_more: Option<Page>, two: bool },
    }
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(untagged)]
    enum Untagged {
        Named {
            #[serde(rename(serialize = "out", deserialize = "in"))]
            maybe: Option<u8>,
            other: bool,
        },
        Pair(bool, bool),
    }
    back([
        Internal::One,
        Internal::Two {
            one_more: None,
            two: true,
        },
    ]);
    back([Internal::Two {
        one_more: Some(Page::default()),
        two: true,
    }]);
    back([
        Untagged::Named {
            maybe: None,
            other: true,
        },
        Untagged::Pair(true, false),
    ]);
    back([Untagged::Named {
        maybe: Some(1),
        other: true,
    }]);
}

#[derive(Clone, PartialEq, Debug)]
struct Celsius(f64);

impl Display for Celsius {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}C", self.0)
    }
}

impl FromStr for Celsius {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('C').ok_or("no C")?;
        number.parse().map(Self).map_err(|_| "no number".to_owned())
    }
}

#[test]
fn containers_that_are_something_else() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(transparent)]
    struct Transparent {
        inner: Vec<Option<Page>>,
        #[serde(skip)]
        nothing: PhantomData<u8>,
    }
    let page = Page {
        limit: 1,
        offset: Some(2),
    };
    back([Transparent {
        inner: vec![None, Some(page.clone())],
        nothing: PhantomData,
    }]);

    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(from = "(u32, String)", into = "(u32, String)")]
    struct Pair {
        number: u32,
        text: String,
    }
    impl From<(u32, String)> for Pair {
        fn from((number, text): (u32, String)) -> Self {
            Self { number, text }
        }
    }
    impl From<Pair> for (u32, String) {
        fn from(pair: Pair) -> Self {
            (pair.number, pair.text)
        }
    }
    back([Pair {
        number: 1,
        text: "x".into(),
    }]);

    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(try_from = "String", into = "String")]
    struct Warm(Celsius);
    impl TryFrom<String> for Warm {
        type Error = String;
        fn try_from(text: String) -> Result<Self, String> {
            text.parse().map(Self)
        }
    }
    impl From<Warm> for String {
        fn from(warm: Warm) -> Self {
            warm.0.to_string()
        }
    }
    back([Warm(Celsius(1.5)), Warm(Celsius(-3.0))]);
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(tag = "t")]
    enum Weather {
        Warm { at: Warm, then: Vec<Warm> },
        Unknown,
    }
    back([
        Weather::Warm {
            at: Warm(Celsius(0.5)),
            then: vec![Warm(Celsius(1.0))],
        },
        Weather::Unknown,
    ]);

    // Asymmetric ones.
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(from = "serde_json::Value", into = "u64")]
    struct Lenient(u64);
    impl From<serde_json::Value> for Lenient {
        fn from(value: serde_json::Value) -> Self {
            Self(value.as_u64().unwrap_or_default())
        }
    }
    impl From<Lenient> for u64 {
        fn from(lenient: Lenient) -> Self {
            lenient.0
        }
    }
    back([Lenient(0), Lenient(u64::MAX)]);
}

mod elsewhere {
    #[derive(Clone, PartialEq, Debug)]
    pub struct Span {
        secs: i64,
        pub nanos: i32,
    }
    impl Span {
        pub fn new(secs: i64, nanos: i32) -> Self {
            Self { secs, nanos }
        }
        pub fn secs(&self) -> i64 {
            self.secs
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "elsewhere::Span")]
struct SpanDef {
    #[serde(getter = "elsewhere::Span::secs")]
    secs: i64,
    nanos: i32,
}

impl From<SpanDef> for elsewhere::Span {
    fn from(def: SpanDef) -> Self {
        Self::new(def.secs, def.nanos)
    }
}

#[test]
fn of_other_crates() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Process {
        name: String,
        #[serde(with = "SpanDef")]
        wall: elsewhere::Span,
    }
    let process = Process {
        name: "p".into(),
        wall: elsewhere::Span::new(-1, 5),
    };
    back([process.clone()]);
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Outer {
        #[serde(flatten)]
        process: Process,
        rest: Vec<Process>,
    }
    back([Outer {
        process: process.clone(),
        rest: vec![process],
    }]);
}

#[test]
fn a_default_of_ones_own() {
    fn other() -> Settings {
        Settings {
            depth: 7,
            names: vec!["x".into()],
        }
    }
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(default = "other")]
    struct Settings {
        #[serde(skip_serializing_if = "is_seven")]
        depth: u32,
        #[serde(skip_serializing)]
        names: Vec<String>,
    }
    back([
        other(),
        Settings {
            depth: 1,
            ..other()
        },
    ]);
}

#[test]
fn generic_and_bounded() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(bound(serialize = "T: Serialize", deserialize = "T: for<'a> Deserialize<'a>"))]
    struct Boxed<T> {
        #[serde(rename = "v", alias = "value")]
        value: Box<T>,
    }
    back([Boxed {
        value: Box::new(Some(1_u8)),
    }]);
    back([Boxed {
        value: Box::new(Boxed {
            value: Box::new("x".to_owned()),
        }),
    }]);
    back([Boxed {
        value: Box::new(serde_json::json!({"a": null})),
    }]);
}

/// Enums in enums, in every way.
#[test]
fn nested() {
    macro_rules! each {
        ($($container:tt)*) => { $(outer! { $container })* };
    }
    macro_rules! outer {
        ({ $($container:meta),* }) => {{
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(tag = "inner-tag")]
            enum Internal { A { a: u8 }, B }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(tag = "adjacent-tag", content = "c")]
            enum Adjacent { A(u8), B { b: Option<char> }, C }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            enum External { A(u8), B { b: Option<char> }, C, D(u8, u8) }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            #[serde(untagged)]
            enum Untagged { A(u8), B { b: char }, C(Vec<Untagged>) }
            #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
            $(#[$container])*
            enum Outer {
                Internal { inner: Internal },
                Adjacent { inner: Adjacent, many: Vec<Adjacent> },
                External { inner: External, many: BTreeMap<String, External> },
                Untagged { inner: Untagged },
                Flat { #[serde(flatten)] inner: Internal, x: u8 },
                FlatExternal { #[serde(flatten)] inner: External, x: u8 },
                FlatAdjacent { #[serde(flatten)] inner: Adjacent, x: u8 },
            }
            let mut all = vec![];
            for inner in [Internal::A { a: 1 }, Internal::B] {
                all.push(Outer::Internal { inner: inner.clone() });
                all.push(Outer::Flat { inner, x: 1 });
            }
            for inner in [Adjacent::A(1), Adjacent::B { b: None }, Adjacent::B { b: Some('x') }, Adjacent::C] {
                all.push(Outer::Adjacent { inner: inner.clone(), many: vec![inner.clone(); 2] });
                all.push(Outer::FlatAdjacent { inner, x: 1 });
            }
            for inner in [External::A(1), External::B { b: Some('x') }, External::D(1, 2), External::C] {
                let many = BTreeMap::from([("k".to_owned(), inner.clone())]);
                all.push(Outer::External { inner: inner.clone(), many });
                if inner != External::C {
                    all.push(Outer::FlatExternal { inner, x: 1 });
                }
            }
            let list = vec![Untagged::A(1), Untagged::B { b: 'x' }];
            all.push(Outer::Untagged { inner: Untagged::C(list) });
            back(all);
        }};
    }
    each! { {} { serde(tag = "t") } { serde(tag = "t", content = "c") } { serde(untagged) } }
}

#[test]
fn kinds_that_buffers_do_not_have() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(tag = "t")]
    enum Keys {
        Map {
            by_number: HashMap<u32, bool>,
            by_char: BTreeMap<char, Option<()>>,
        },
    }
    back([Keys::Map {
        by_number: [(1, true)].into(),
        by_char: [('x', Some(()))].into(),
    }]);
}
