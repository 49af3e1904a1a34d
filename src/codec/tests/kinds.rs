//! Every kind of serde's data model.

use super::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::marker::PhantomData;
use std::time::Duration;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Braces {}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Newtype<T>(pub T);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Tuple(u8, String, Unit);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    x: f64,
    y: f32,
    tag: Option<String>,
    #[serde(skip)]
    cache: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    Empty,
    Newtype(u64),
    Row(Vec<u16>),
    Tuple(u8, Vec<i64>, char),
    NoTuple(),
    Struct { at: Point, name: String },
    NoStruct {},
    Inner(Box<Shape>),
}

fn point() -> Point {
    Point {
        x: 0.1,
        y: -2.5,
        tag: Some("p".into()),
        cache: 0,
    }
}

#[test]
fn numbers() {
    macro_rules! each {
        ($($number:ident)*) => {
            $(
                for value in [$number::MIN, $number::MAX, 1 as $number, 0 as $number] {
                    assert_eq!(round(value), value.to_ne_bytes());
                    round(Newtype(value));
                }
            )*
        };
    }
    each!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);
    let nan = f64::from_bits(0x7FF8_0000_0000_1234);
    let back: f64 = decode(&encode(&nan).unwrap()).unwrap();
    assert_eq!(back.to_bits(), nan.to_bits());
}

#[test]
fn small_things() {
    for value in [true, false] {
        assert_eq!(round(value), [u8::from(value)]);
    }
    for value in ['\0', 'a', 'ß', '\u{D7FF}', '\u{E000}', char::MAX] {
        assert_eq!(round(value).len(), 4);
    }
    assert_eq!(round(()), [0]);
    assert_eq!(round(Unit), [0]);
    assert_eq!(round(Braces {}), [0]);
    assert_eq!(round([0_u8; 0]), [0]);
    assert_eq!(round(PhantomData::<String>), [0]);
    assert_eq!(round(Newtype(Newtype(Unit))), [0]);
    round(Duration::new(3, 4));
    round(std::net::IpAddr::from([127, 0, 0, 1]));
    round(std::path::PathBuf::from("/a/b"));
    round(Some(Cow::<str>::Borrowed("text")));
}

#[test]
fn strings_and_bytes() {
    round(String::new());
    round("grüße".to_owned());
    round("long ".repeat(30));
    round(Box::<str>::from("boxed"));
    round(std::ffi::CString::new("c").unwrap());
    round(vec!["a".to_owned(), String::new(), "b".to_owned()]);
    assert_eq!(
        decode::<String>(&[1, 0, 0, 0, 0xFF]),
        Err(PayloadReason::Invalid {
            kind: "UTF-8".into()
        })
    );
}

#[test]
fn options_are_told_apart() {
    round(None::<u8>);
    round(Some(7_u8));
    for value in [None, Some(None), Some(Some(None)), Some(Some(Some(())))] {
        round(value);
    }
    for value in [None, Some(vec![]), Some(vec![1.5_f64, 2.5])] {
        round(value.clone());
        round(vec![value.clone(), None, value]);
    }
    round(Some(Ok::<u8, String>(1)));
    round(Some(Err::<u8, String>("no".into())));
}

#[test]
fn sequences_and_maps() {
    round(Vec::<u8>::new());
    round(vec![(); 5]);
    round(vec![Unit, Unit]);
    round(vec![vec![vec![1_u8], vec![]], vec![]]);
    round(vec![Some(1_u64), None]);
    round((1..40).collect::<VecDeque<i16>>());
    round((1..9).collect::<BTreeSet<u32>>());
    round(BTreeMap::from([
        ("a".to_owned(), vec![1_u32, 2]),
        ("b".into(), vec![]),
    ]));
    round(HashMap::from([(1_u8, HashMap::from([(Some('x'), ())]))]));
    round(vec![point(), point()]);
}

#[test]
fn rows_of_numbers_are_the_same_bytes_one_by_one() {
    fn check<X>(numbers: Vec<X>)
    where
        X: Serialize + DeserializeOwned + PartialEq + Debug + Copy,
    {
        let row = round(numbers.clone());
        let single: VecDeque<X> = numbers.iter().copied().collect();
        assert_eq!(row, encode(&single).unwrap());
        assert_eq!(row, encode(&numbers[..]).unwrap());
        assert_eq!(row, encode(&&numbers).unwrap());
        assert_eq!(row, round(numbers.clone().into_boxed_slice()));
        assert_eq!(row, round(Newtype(numbers.clone())));
        assert_eq!(row, round(Newtype(Box::new(numbers.clone()))));
        assert_eq!(decode_both::<VecDeque<X>>(&row).unwrap(), single);
        let some = [&[1], &row[..]].concat();
        assert_eq!(some, round(Some(numbers.clone())));
        assert_eq!(some, round(Some(Newtype(numbers.clone()))));
        round(vec![numbers.clone(), vec![], numbers.clone()]);
        round((1_u8, numbers.clone(), Some(numbers.clone()), 2_u8));
        round(BTreeMap::from([(3_u8, numbers)]));
    }
    macro_rules! each {
        ($($number:ident)*) => {
            $(check::<$number>(vec![$number::MIN, 1 as $number, $number::MAX]);)*
            $(check::<$number>(vec![]);)*
        };
    }
    each!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64);
}

#[test]
fn tuples_arrays_and_structs() {
    round((1_u8,));
    round((1_u8, 2_u16, (3_u32, "x".to_owned())));
    round([1.5_f32; 32]);
    round([[1_u8; 3]; 4]);
    round(Tuple(1, "t".into(), Unit));
    round(point());
    round((point(), Newtype(point())));
}

#[test]
fn enums_of_all_shapes() {
    let shapes = || {
        vec![
            Shape::Empty,
            Shape::Newtype(7),
            Shape::Row(vec![1, 2, 3]),
            Shape::Tuple(1, vec![-1], 'z'),
            Shape::NoTuple(),
            Shape::Struct {
                at: point(),
                name: "s".into(),
            },
            Shape::NoStruct {},
            Shape::Inner(Box::new(Shape::Inner(Box::new(Shape::Empty)))),
        ]
    };
    for shape in shapes() {
        round(shape);
    }
    round(shapes());
    assert!(decode_both::<Shape>(&8_u32.to_ne_bytes()).is_err());
}

/// Serializes without saying how many.
struct Uncounted(u32);

impl Serialize for Uncounted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        for key in 0..self.0 {
            // A sequence of unknown length within one.
            map.serialize_entry(&key, &Evens(key))?;
        }
        map.end()
    }
}

struct Evens(u32);

impl Serialize for Evens {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.0).filter(|number| number % 2 == 0))
    }
}

#[test]
fn lengths_that_were_not_announced() {
    for count in [0, 1, 2, 30] {
        let evens = |count: u32| (0..count).filter(|number| number % 2 == 0);
        let expected: BTreeMap<u32, Vec<u32>> =
            (0..count).map(|key| (key, evens(key).collect())).collect();
        let bytes = encode(&Uncounted(count)).unwrap();
        assert_eq!(bytes, encode(&expected).unwrap());
        assert_eq!(decode_both::<BTreeMap<u32, Vec<u32>>>(&bytes), Ok(expected));
    }
}

#[test]
fn what_is_displayed_needs_no_string() {
    struct Shown(u64);
    impl Serialize for Shown {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("<{}|{:>40}>", self.0, "right"))
        }
    }
    let bytes = encode(&(Shown(12), 5_u8)).unwrap();
    let (text, five): (String, u8) = decode_both(&bytes).unwrap();
    assert_eq!((text, five), (format!("<12|{:>40}>", "right"), 5));
}

#[test]
fn byte_strings() {
    #[derive(Debug, PartialEq)]
    struct Bytes(Vec<u8>);
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&self.0)
        }
    }
    impl<'de> Deserialize<'de> for Bytes {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl serde::de::Visitor<'_> for Visitor {
                type Value = Bytes;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("bytes")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                    Ok(Bytes(bytes.to_vec()))
                }
            }
            from.deserialize_bytes(Visitor)
        }
    }
    let bytes = round(Bytes((0..50).collect()));
    assert_eq!(bytes, encode(&(0..50).collect::<Vec<u8>>()).unwrap());
    round(Bytes(vec![]));
}

#[test]
fn what_borrows_can_be_written() {
    let numbers = [1_u32, 2, 3];
    let borrowed = (&numbers[..], "text", Cow::Borrowed(&numbers[..1]));
    let owned = (numbers.to_vec(), "text".to_owned(), vec![1_u32]);
    assert_eq!(encode(&borrowed), encode(&owned));
    assert_eq!(encode(numbers.as_slice()), encode(&owned.0));
    assert_eq!(encode("str"), encode(&"str".to_owned()));
}

#[test]
fn measuring_a_row_does_not_look_at_it() {
    // Not resident, or the machine would notice.
    let large = vec![0_u64; 1 << 27];
    assert_eq!(size(&large, Part::Argument).unwrap(), 4 + (1 << 30));
    let many = vec![&large[..]; 4];
    let error = size(&many, Part::Result).unwrap_err();
    assert_eq!(error.reason(), &PayloadReason::TooLarge);
    assert_eq!(error.stage(), PayloadStage::EncodeResult);
}
