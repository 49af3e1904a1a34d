//! Which types are plain and which need the described form, and that their values come back.

use super::kinds::{Braces, Newtype, Point, Shape, Tuple, Unit};
use super::random::Tree;
use super::*;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserializer, Serializer};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroI8, NonZeroU64};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

#[track_caller]
fn plain<T: Serialize + DeserializeOwned>() {
    assert!(is_plain::<T>(), "{}", std::any::type_name::<T>());
}

/// The described form carries the value.
#[track_caller]
fn described<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let description = Description::of(value, Part::Argument).expect("it has one");
    assert_eq!(description.read(Part::Result).as_ref(), Ok(value));
}

#[track_caller]
fn is_described<T: Serialize + DeserializeOwned + PartialEq + Debug>(values: &[T]) {
    // A panic is a no.
    let is_plain = std::panic::catch_unwind(is_plain::<T>).unwrap_or(false);
    assert!(!is_plain, "{}", std::any::type_name::<T>());
    values.iter().for_each(described);
}

#[test]
fn ordinary_types_are_plain() {
    macro_rules! each {
        ($($kind:ty),* $(,)?) => {
            $(plain::<$kind>();)*
        };
    }
    each!(
        u8, i8, u16, i16, u32, i32, u64, i64, u128, i128, usize, isize, f32, f64, bool, char, (),
        String, Box<str>, Cow<'static, str>, PathBuf, std::ffi::CString, std::ffi::OsString,
        Vec<u8>, Vec<String>, Box<[f64]>, VecDeque<bool>, Vec<Vec<Option<u8>>>, Option<()>,
        Option<Option<u8>>, Result<u8, String>, (u8,), (u8, String, (i64, char)), [u8; 0], [f32; 32],
        BTreeMap<String, u32>, HashMap<u8, Vec<String>>, HashSet<u64>, BTreeSet<(u8, char)>,
        Duration, SystemTime, IpAddr, SocketAddr, NonZeroU64, NonZeroI8, std::ops::Range<u32>,
        std::cell::RefCell<u8>, std::sync::Mutex<String>, std::num::Wrapping<i32>,
        std::cmp::Reverse<u8>, std::marker::PhantomData<u8>, std::ops::Bound<u8>,
        Unit, Braces, Newtype<Newtype<u8>>, Tuple, Point, Shape, Tree, Vec<Tree>, Option<Box<Shape>>,
        PayloadError, HashMap<String, Shape>,
    );
}

#[test]
fn types_that_ask_for_any_are_described() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u64),
        Pair(u8, char),
        Text(String),
        Struct { a: Option<u8>, b: Vec<i8> },
        Unit,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind")]
    enum Internal {
        Unit,
        One { number: u64, ip: IpAddr },
        New(Newtype<Named>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Named {
        name: Cow<'static, str>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", content = "value")]
    enum Adjacent {
        Empty,
        Number(u64),
        Two(u8, String),
        Struct { when: Duration },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flat {
        a: u8,
        #[serde(flatten)]
        named: Named,
        #[serde(flatten)]
        rest: BTreeMap<String, Option<u32>>,
    }
    let ip = IpAddr::from([127, 0, 0, 1]);
    let name = || "n".into();
    is_described(&[
        Untagged::Number(1),
        Untagged::Pair(2, 'x'),
        Untagged::Text("t".into()),
        Untagged::Struct {
            a: None,
            b: vec![-1, 2],
        },
        Untagged::Unit,
    ]);
    is_described(&[
        Internal::Unit,
        Internal::One { number: 1, ip },
        Internal::New(Newtype(Named { name: name() })),
    ]);
    is_described(&[
        Adjacent::Empty,
        Adjacent::Number(1),
        Adjacent::Two(3, "s".into()),
        Adjacent::Struct {
            when: Duration::new(1, 2),
        },
    ]);
    is_described(&[Flat {
        a: 1,
        named: Named { name: name() },
        rest: BTreeMap::from([("b".into(), Some(2)), ("c".into(), None)]),
    }]);
    is_described(&[serde_json::json!({"a": [1, -2, 2.5, null, "x", {"b": []}]})]);
    // A type that contains them is described, too.
    is_described(&[(1_u8, Some(vec![Untagged::Number(3)]))]);
    is_described(&[HashMap::from([(3_u8, Internal::Unit)])]);
    is_described(&[Ok::<_, Adjacent>(1_u8), Err(Adjacent::Empty)]);
}

#[test]
fn what_may_be_left_out_is_described() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        b: u8,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variant {
        Sparse {
            #[serde(skip_serializing_if = "Vec::is_empty", default)]
            list: Vec<u8>,
        },
        Full(Vec<Sparse>),
    }
    let sparse = |a| Sparse { a, b: 2 };
    is_described(&[sparse(None), sparse(Some(1))]);
    is_described(&[
        Variant::Sparse { list: vec![] },
        Variant::Sparse { list: vec![1] },
        Variant::Full(vec![sparse(None), sparse(Some(1))]),
    ]);
    // What no made-up value leaves out: the writer of the plain form says so, and it is described all the same.
    fn is_odd(number: &u64) -> bool {
        *number == 123_456
    }
    fn odd() -> u64 {
        123_456
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Odd {
        #[serde(skip_serializing_if = "is_odd", default = "odd")]
        number: u64,
    }
    plain::<Odd>();
    round(Odd { number: 1 });
    let odd = Odd { number: 123_456 };
    let field = "number".into();
    assert_eq!(encode(&odd), Err(PayloadReason::SkippedField { field }));
    described(&odd);
}

#[test]
fn names_that_are_renamed_and_aliased() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Aliased {
        #[serde(alias = "x", alias = "y")]
        a: u8,
        b: u8,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Renamed {
        #[serde(rename(serialize = "out", deserialize = "in"))]
        a: u8,
        b: u8,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        #[serde(alias = "x")]
        A(u8),
        #[serde(rename(serialize = "out", deserialize = "in"))]
        B,
        C(),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Rest {
        A,
        B,
        #[serde(other)]
        C,
    }
    described(&Aliased { a: 1, b: 2 });
    plain::<Renamed>();
    round(Renamed { a: 1, b: 2 });
    plain::<Variants>();
    for value in [Variants::A(1), Variants::B, Variants::C()] {
        round(value);
    }
    plain::<Rest>();
    for value in [Rest::A, Rest::B, Rest::C] {
        described(&value);
        round(value);
    }
    // A field for each side that the other one has not: the places are the same, the fields are not.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Crossed {
        #[serde(skip_deserializing)]
        a: u32,
        #[serde(skip_serializing, default)]
        b: u32,
    }
    is_described(&[Crossed { a: 0, b: 0 }]);
    // What is only written, though nothing unknown may be there.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Denied {
        #[serde(skip_deserializing)]
        a: u128,
        b: u32,
    }
    is_described(&[Denied { a: 0, b: 1 }]);
    let denied = Denied { a: u128::MAX, b: 1 };
    let description = Description::of(&denied, Part::Argument).unwrap();
    assert_eq!(description.read(Part::Result), Ok(Denied { a: 0, b: 1 }));
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Gap {
        A,
        #[serde(skip_deserializing)]
        B,
        C,
    }
    is_described(&[Gap::A, Gap::C]);
    let unknown = Description::of(&Gap::B, Part::Argument).unwrap();
    assert!(unknown.read::<Gap>(Part::Argument).is_err());
}

/// Reads a `u8` called `a`, from a map or a sequence.
struct OneByte;

impl<'de> Visitor<'de> for OneByte {
    type Value = u8;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a byte called a")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<u8, A::Error> {
        let byte = from.next_element()?;
        byte.ok_or_else(|| serde::de::Error::missing_field("a"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<u8, A::Error> {
        let mut byte = None;
        while let Some(key) = from.next_key::<String>()? {
            assert_eq!(key, "a");
            byte = Some(from.next_value()?);
        }
        byte.ok_or_else(|| serde::de::Error::missing_field("a"))
    }
}

#[test]
fn two_sides_that_disagree() {
    #[derive(Debug, PartialEq)]
    struct MapToStruct(u8);
    impl Serialize for MapToStruct {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut map = to.serialize_map(Some(1))?;
            map.serialize_entry("a", &self.0)?;
            map.end()
        }
    }
    impl<'de> Deserialize<'de> for MapToStruct {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            from.deserialize_struct("S", &["a"], OneByte).map(Self)
        }
    }
    is_described(&[MapToStruct(7)]);

    #[derive(Debug, PartialEq)]
    struct Counted(u8, Option<u8>);
    impl Serialize for Counted {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let mut fields = to.serialize_struct("S", 1 + usize::from(self.1.is_some()))?;
            fields.serialize_field("a", &self.0)?;
            if let Some(b) = self.1 {
                fields.serialize_field("b", &b)?;
            }
            fields.end()
        }
    }
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            #[derive(Deserialize)]
            struct S {
                a: u8,
                b: Option<u8>,
            }
            S::deserialize(from).map(|s| Self(s.a, s.b))
        }
    }
    is_described(&[Counted(1, None), Counted(1, Some(2))]);

    macro_rules! crossed {
        ($($name:ident: $to:ident($as:expr), $from:ty, $back:expr;)*) => {
            $({
                #[derive(Debug, PartialEq, Clone)]
                struct $name(u8);
                impl Serialize for $name {
                    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                        to.$to($as(self.0))
                    }
                }
                impl<'de> Deserialize<'de> for $name {
                    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                        <$from>::deserialize(from).map($back).map(Self)
                    }
                }
                is_described(&[$name(0), $name(1), $name(200)]);
                is_described(&[vec![$name(1), $name(2)]]);
            })*
        };
    }
    crossed! {
        Wider: serialize_u64(u64::from), u8, |n: u8| n;
        Narrower: serialize_u8(|n| n), u64, |n: u64| n as u8;
        Signed: serialize_i32(i32::from), u128, |n: u128| n as u8;
        Huge: serialize_i128(i128::from), u16, |n: u16| n as u8;
        Unwrapped: serialize_u8(|n| n), Option<u8>, |n: Option<u8>| n.unwrap();
        Letter: serialize_char(char::from), String, |s: String| s.chars().next().unwrap() as u8;
    }
    // A hand-written pair of the same width stays as it was.
    #[derive(Debug, PartialEq)]
    struct Id(u64);
    impl Serialize for Id {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            self.0.serialize(to)
        }
    }
    impl<'de> Deserialize<'de> for Id {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            u64::deserialize(from).map(Self)
        }
    }
    plain::<Id>();
    plain::<HashMap<u8, Vec<Id>>>();
    // The shortest form of a number is one of several.
    #[derive(Debug, PartialEq)]
    struct Shortest(u64);
    impl Serialize for Shortest {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match u8::try_from(self.0) {
                Ok(short) => to.serialize_u8(short),
                Err(_) => to.serialize_u64(self.0),
            }
        }
    }
    impl<'de> Deserialize<'de> for Shortest {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            u64::deserialize(from).map(Self)
        }
    }
    is_described(&[Shortest(1), Shortest(1 << 40)]);
}

#[test]
fn what_counts_wrongly_or_changes_is_described() {
    let wrong = refused::Miscounted(|| (2, 3), true);
    assert!(encode(&wrong).is_err());
    let description = Description::of(&wrong, Part::Argument).unwrap();
    assert_eq!(description.read::<Vec<u8>>(Part::Argument), Ok(vec![1; 3]));
    let moody = refused::Moody(Cell::new(5), 1);
    assert_eq!(encode(&moody), Err(PayloadReason::Changed));
    let description = Description::of(&moody, Part::Argument).unwrap();
    assert!(description.read::<Vec<u8>>(Part::Argument).is_ok());
}

/// A type may refuse made-up values, or even panic: then it is described.
#[test]
fn types_that_take_few_values() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Day(String);
    impl TryFrom<String> for Day {
        type Error = String;
        fn try_from(text: String) -> Result<Self, String> {
            match text.split('-').map(str::len).eq([4, 2, 2]) {
                true => Ok(Self(text)),
                false => Err(format!("{text:?} is no day")),
            }
        }
    }
    impl From<Day> for String {
        fn from(day: Day) -> Self {
            day.0
        }
    }
    impl Clone for Day {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }
    plain::<Day>();
    plain::<(u8, Option<Vec<Day>>)>();
    // A variant that is refused does not count as one; a variant that cannot be made was not observed.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "u32", into = "u32")]
    struct Never;
    impl TryFrom<u32> for Never {
        type Error = &'static str;
        fn try_from(_: u32) -> Result<Self, &'static str> {
            Err("never")
        }
    }
    impl From<Never> for u32 {
        fn from(_: Never) -> Self {
            0
        }
    }
    impl Clone for Never {
        fn clone(&self) -> Self {
            Self
        }
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Maybe {
        Day(Day),
        Never(Never),
    }
    is_described(&[Maybe::Day(Day("2026-11-30".into()))]);
}

#[test]
fn types_that_hold_themselves() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Expr {
        Add(Box<Expr>, Box<Expr>),
        Call { name: String, args: Vec<Expr> },
        Number(f64),
        Other(Box<Other>),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Other {
        Back(Option<Box<Expr>>),
        Stop,
    }
    plain::<Expr>();
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "op")]
    enum Tagged {
        Not { of: Box<Tagged> },
        All { of: Vec<Tagged> },
        True,
    }
    let not = |of| Tagged::Not { of: Box::new(of) };
    let nest = (0..120).fold(Tagged::True, |nest, n| match n % 2 {
        0 => not(nest),
        _ => Tagged::All { of: vec![nest] },
    });
    is_described(&[nest]);
    // There is no value of it.
    #[derive(Debug, Serialize, Deserialize)]
    struct Endless(Box<Endless>);
    assert!(!is_plain::<Endless>());
    #[derive(Debug, Serialize, Deserialize)]
    enum Void {}
    assert!(!is_plain::<Void>());
}

#[test]
fn everything_has_a_description() {
    for seed in 0..if cfg!(miri) { 10 } else { 500 } {
        described(&Tree::random(&mut random::Random(seed), 3));
    }
    described(&(i128::MIN, u128::MAX, Some(Some(())), None::<Option<()>>));
    described(&[Some(None), Some(Some(1_u8)), None]);
    described(&vec![f64::MAX, -0.0]);
    described(&HashMap::from([(
        (1_u8, 'x'),
        vec![Ok::<u8, ()>(1), Err(())],
    )]));
}

#[test]
fn a_tuple_may_leave_out_its_last_field() {
    fn is_42(n: &u32) -> bool {
        *n == 42
    }
    fn forty_two() -> u32 {
        42
    }
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Pair(
        u32,
        #[serde(skip_serializing_if = "is_42", default = "forty_two")] u32,
    );
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    enum Either {
        Two(
            u32,
            #[serde(skip_serializing_if = "is_42", default = "forty_two")] u32,
        ),
        None,
    }
    is_described(&[(Pair(1, 42), vec![0_u32]), (Pair(1, 7), vec![])]);
    is_described(&[(Either::Two(1, 42), 5_u8), (Either::None, 6)]);
}
