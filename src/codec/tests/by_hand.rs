//! Types whose `Serialize` writes another kind for some values only: none of them is plain.

use super::*;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeStruct, Serializer};
use std::fmt;
use std::net::Ipv4Addr;

#[track_caller]
fn is_described<T: Serialize + DeserializeOwned + PartialEq + Debug>(values: &[T]) {
    assert!(!is_plain::<T>(), "{}", std::any::type_name::<T>());
    for value in values {
        let description = Description::of(value, Part::Argument).expect("it has one");
        assert_eq!(description.read(Part::Result).as_ref(), Ok(value));
    }
}

macro_rules! by_hand {
    ($name:ident, $visitor:ident, $asks:ident $(($($arg:expr),*))?, { $($visit:item)* }) => {
        struct $visitor;
        impl<'de> Visitor<'de> for $visitor {
            type Value = $name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("what is expected")
            }
            $($visit)*
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.$asks($($($arg,)*)? $visitor)
            }
        }
    };
}

#[test]
fn an_integer_or_a_fraction() {
    #[derive(Debug, PartialEq)]
    enum Num {
        Int(i64),
        Float(f64),
    }
    impl Serialize for Num {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Int(n) => to.serialize_i64(*n),
                Self::Float(n) => to.serialize_f64(*n),
            }
        }
    }
    by_hand!(Num, NumVisitor, deserialize_i64, {
        fn visit_i64<E>(self, n: i64) -> Result<Num, E> {
            Ok(Num::Int(n))
        }
        fn visit_f64<E>(self, n: f64) -> Result<Num, E> {
            Ok(Num::Float(n))
        }
    });
    is_described(&[Num::Int(1), Num::Float(1.0), Num::Float(-0.5)]);
    is_described(&[vec![Some(Num::Int(1)), Some(Num::Float(1.0))]]);
}

#[test]
fn signed_or_unsigned() {
    #[derive(Debug, PartialEq)]
    enum Sign {
        Signed(i64),
        Unsigned(u64),
    }
    impl Serialize for Sign {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Signed(n) => to.serialize_i64(*n),
                Self::Unsigned(n) => to.serialize_u64(*n),
            }
        }
    }
    by_hand!(Sign, SignVisitor, deserialize_u64, {
        fn visit_i64<E>(self, n: i64) -> Result<Sign, E> {
            Ok(Sign::Signed(n))
        }
        fn visit_u64<E>(self, n: u64) -> Result<Sign, E> {
            Ok(Sign::Unsigned(n))
        }
    });
    is_described(&[Sign::Signed(1), Sign::Unsigned(1), Sign::Signed(-1)]);
}

#[test]
fn a_text_or_something_else() {
    #[derive(Debug, PartialEq)]
    enum Host {
        Name(String),
        Bytes([u8; 4]),
        Number(u32),
        Nobody,
    }
    impl Serialize for Host {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Name(name) => to.serialize_str(name),
                Self::Bytes(bytes) => bytes.serialize(to),
                Self::Number(ip) => to.serialize_u32(*ip),
                Self::Nobody => to.serialize_unit(),
            }
        }
    }
    by_hand!(Host, HostVisitor, deserialize_string, {
        fn visit_str<E>(self, name: &str) -> Result<Host, E> {
            Ok(Host::Name(name.into()))
        }
        fn visit_u32<E>(self, ip: u32) -> Result<Host, E> {
            Ok(Host::Number(ip))
        }
        fn visit_unit<E>(self) -> Result<Host, E> {
            Ok(Host::Nobody)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Host, A::Error> {
            let mut bytes = [0; 4];
            for byte in &mut bytes {
                *byte = from
                    .next_element()?
                    .ok_or_else(|| A::Error::custom("short"))?;
            }
            Ok(Host::Bytes(bytes))
        }
    });
    let hosts = || {
        [
            Host::Name("n".into()),
            Host::Bytes([1; 4]),
            Host::Number(3),
            Host::Nobody,
        ]
    };
    is_described(&hosts());
    is_described(&[hosts()]);

    // One other kind alone, which takes few values.
    #[derive(Debug, PartialEq)]
    enum Address {
        Name(String),
        Ip(Ipv4Addr),
    }
    impl Serialize for Address {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Name(name) => to.serialize_str(name),
                Self::Ip(ip) => to.serialize_u64(u64::from(ip.to_bits()) | 1 << 40),
            }
        }
    }
    by_hand!(Address, AddressVisitor, deserialize_str, {
        fn visit_str<E>(self, name: &str) -> Result<Address, E> {
            Ok(Address::Name(name.into()))
        }
        fn visit_u64<E: Error>(self, ip: u64) -> Result<Address, E> {
            match ip >> 40 {
                1 => Ok(Address::Ip(Ipv4Addr::from_bits(ip as u32))),
                _ => Err(E::custom("no address")),
            }
        }
    });
    is_described(&[Address::Name("n".into()), Address::Ip(Ipv4Addr::LOCALHOST)]);
}

#[test]
fn something_or_nothing() {
    #[derive(Debug, PartialEq)]
    struct Zero(u32);
    impl Serialize for Zero {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self.0 {
                12345 => to.serialize_none(),
                n => to.serialize_u32(n),
            }
        }
    }
    by_hand!(Zero, ZeroVisitor, deserialize_u32, {
        fn visit_u32<E>(self, n: u32) -> Result<Zero, E> {
            Ok(Zero(n))
        }
        fn visit_none<E>(self) -> Result<Zero, E> {
            Ok(Zero(12345))
        }
    });
    is_described(&[Zero(1), Zero(12345)]);

    #[derive(Debug, PartialEq)]
    struct OneOrMany(Vec<u8>);
    impl Serialize for OneOrMany {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self.0[..] {
                [one] if one >= 77 => to.serialize_u8(one),
                _ => to.collect_seq(&self.0),
            }
        }
    }
    by_hand!(OneOrMany, OneOrManyVisitor, deserialize_seq, {
        fn visit_u8<E>(self, one: u8) -> Result<OneOrMany, E> {
            Ok(OneOrMany(vec![one]))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<OneOrMany, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = from.next_element()? {
                all.push(one);
            }
            Ok(OneOrMany(all))
        }
    });
    is_described(&[OneOrMany(vec![80]), OneOrMany(vec![1]), OneOrMany(vec![])]);
}

/// Fields that are left out without `skip_field`, and not counted.
#[test]
fn fewer_fields() {
    fn is_42(n: u32) -> bool {
        n == 42
    }
    fn forty_two() -> u32 {
        42
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Last {
        a: u32,
        #[serde(default = "forty_two")]
        b: u32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Middle {
        #[serde(default = "forty_two")]
        a: u32,
        b: u32,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Both {
        #[serde(default = "forty_two")]
        a: u32,
        #[serde(default = "forty_two")]
        b: u32,
    }
    macro_rules! leaves_out {
        ($($name:ident: $a:expr, $b:expr;)*) => {
            $(impl Serialize for $name {
                fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                    let (no_a, no_b) = ($a(self), $b(self));
                    let count = usize::from(!no_a) + usize::from(!no_b);
                    let mut to = to.serialize_struct(stringify!($name), count)?;
                    if !no_a {
                        to.serialize_field("a", &self.a)?;
                    }
                    if !no_b {
                        to.serialize_field("b", &self.b)?;
                    }
                    to.end()
                }
            })*
        };
    }
    leaves_out! {
        Last: |_: &Last| false, |this: &Last| is_42(this.b);
        Middle: |this: &Middle| is_42(this.a), |_: &Middle| false;
        Both: |this: &Both| is_42(this.a) && is_42(this.b), |this: &Both| is_42(this.a) && is_42(this.b);
    }
    is_described(&[Last { a: 1, b: 42 }, Last { a: 1, b: 2 }]);
    is_described(&[Middle { a: 42, b: 2 }, Middle { a: 1, b: 2 }]);
    is_described(&[Both { a: 42, b: 42 }, Both { a: 1, b: 2 }]);

    // One that reads rows alone.
    #[derive(Debug, PartialEq)]
    struct Row {
        a: u32,
        b: u32,
    }
    leaves_out! { Row: |_: &Row| false, |this: &Row| is_42(this.b); }
    by_hand!(Row, RowVisitor, deserialize_struct("Row", &["a", "b"]), {
        fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Row, A::Error> {
            let a = from
                .next_element()?
                .ok_or_else(|| A::Error::missing_field("a"))?;
            let b = from.next_element()?.unwrap_or(42);
            Ok(Row { a, b })
        }
        fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Row, A::Error> {
            let (mut a, mut b) = (None, 42);
            while let Some(key) = from.next_key::<String>()? {
                match &key[..] {
                    "a" => a = Some(from.next_value()?),
                    _ => b = from.next_value()?,
                }
            }
            let a = a.ok_or_else(|| A::Error::missing_field("a"))?;
            Ok(Row { a, b })
        }
    });
    is_described(&[Row { a: 1, b: 42 }, Row { a: 1, b: 2 }]);
}

/// Types that accept many kinds and write one kind stay plain.
#[test]
fn lenient_and_steady() {
    #[derive(Debug, PartialEq)]
    struct Text(String);
    impl Serialize for Text {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.serialize_str(&self.0)
        }
    }
    by_hand!(Text, TextVisitor, deserialize_string, {
        fn visit_str<E>(self, text: &str) -> Result<Text, E> {
            Ok(Text(text.into()))
        }
        fn visit_bytes<E>(self, text: &[u8]) -> Result<Text, E> {
            Ok(Text(String::from_utf8_lossy(text).into_owned()))
        }
        fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
            Ok(Text(number.to_string()))
        }
        fn visit_unit<E>(self) -> Result<Text, E> {
            Ok(Text(String::new()))
        }
    });
    assert!(is_plain::<Text>());
    round(vec![Text("x".into())]);
    fn seven() -> u32 {
        7
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Defaults {
        #[serde(default)]
        a: Option<u32>,
        b: String,
        #[serde(default = "seven")]
        c: u32,
        #[serde(default, rename(serialize = "x", deserialize = "y"))]
        d: (u8, Vec<Text>),
    }
    assert!(is_plain::<Defaults>());
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        A {
            #[serde(default)]
            a: Option<u32>,
            #[serde(default = "seven")]
            c: u32,
        },
        B(Box<Defaults>),
    }
    assert!(is_plain::<Variants>());
    round(Variants::A { a: None, c: 7 });
}
