//! Values go there and back; what is no value is refused.

use std::collections::BTreeMap;
use std::fmt::Debug;

use raddle_guest::encoding::{Encoding, decode, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const BOTH: [Encoding; 2] = [Encoding::MessagePack, Encoding::Json];

fn encoded<T: Serialize>(encoding: Encoding, value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(encoding, value, &mut bytes).expect("it is encodable");
    bytes
}

#[track_caller]
fn travels<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    for encoding in BOTH {
        let mut bytes = encoded(encoding, &value);
        let back: T = decode(encoding, &bytes).expect("it was encoded");
        assert_eq!(back, value, "{encoding:?}");

        // No part of it is the whole, and nothing may follow.
        for end in 0..bytes.len() {
            let part = decode::<T>(encoding, &bytes[..end]);
            assert!(
                part.is_err() || encoding == Encoding::Json,
                "{encoding:?}: {part:?}"
            );
        }
        bytes.push(b'1');
        let longer = decode::<T>(encoding, &bytes);
        assert!(
            longer.as_ref().is_err() || longer != Ok(back),
            "{encoding:?}"
        );
    }
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Figure {
    Nothing,
    Circle(f64),
    Line((u8, u8), (u8, u8)),
    Text { at: (u8, u8), text: String },
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Unit;

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Metres(f32);

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Drawing {
    name: String,
    figures: Vec<Figure>,
    scale: Option<Metres>,
    tags: BTreeMap<String, u64>,
    #[serde(flatten)]
    more: BTreeMap<String, i64>,
}

#[test]
fn values_go_there_and_back() {
    travels(());
    travels(Unit);
    travels(true);
    travels(u64::MAX);
    travels(i64::MIN);
    travels(u128::MAX);
    travels(i128::MIN);
    travels(-0.5f32);
    travels(f64::MAX);
    travels('ß');
    travels("ß\0".to_owned());
    travels(Some(7u8));
    travels(None::<u8>);
    travels(vec![0u8, 255]);
    travels([1u16; 20]);
    travels((1u8, "a".to_owned(), [true]));
    travels(Ok::<u8, String>(1));
    travels(Err::<u8, String>("no".into()));
    travels(std::time::Duration::from_millis(1500));
    travels(std::net::IpAddr::from([1, 2, 3, 4]));
    travels(serde_json::json!({"a": [1, null, 2.5, "x"]}));
    travels(Drawing {
        name: "cloth".into(),
        figures: vec![
            Figure::Nothing,
            Figure::Circle(1.5),
            Figure::Line((0, 0), (1, 1)),
            Figure::Text {
                at: (1, 1),
                text: "warp".into(),
            },
        ],
        scale: Some(Metres(2.0)),
        tags: BTreeMap::from([("a".into(), 1)]),
        more: BTreeMap::from([("b".into(), -1)]),
    });
}

#[test]
fn messagepack_has_the_names_of_fields_and_variants() {
    #[derive(Serialize)]
    struct Sent {
        x: u8,
        figure: Figure,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    struct Received {
        figure: Other,
        #[serde(default)]
        new: u8,
        x: u8,
    }
    #[derive(Deserialize, PartialEq, Debug)]
    enum Other {
        Circle(f64),
        #[serde(other)]
        Else,
    }
    let sent = |figure| encoded(Encoding::MessagePack, &Sent { x: 3, figure });
    let received = |bytes: Vec<u8>| decode::<Received>(Encoding::MessagePack, &bytes);
    let expected = |figure| {
        Ok(Received {
            figure,
            new: 0,
            x: 3,
        })
    };
    assert_eq!(
        received(sent(Figure::Circle(1.0))),
        expected(Other::Circle(1.0))
    );
    assert_eq!(received(sent(Figure::Nothing)), expected(Other::Else));
}

#[test]
fn what_follows_a_value_is_refused() {
    assert_eq!(
        decode::<u8>(Encoding::MessagePack, &[1, 2, 3]),
        Err("more bytes follow the value".to_owned())
    );
    // Each byte that may begin a value, and the one that may not.
    for byte in 0..=255 {
        assert!(decode::<u8>(Encoding::MessagePack, &[1, byte]).is_err());
        assert!(decode::<Option<()>>(Encoding::MessagePack, &[0xc0, byte]).is_err());
    }
    assert!(decode::<u8>(Encoding::Json, b"1 2").is_err());
    assert_eq!(decode::<u8>(Encoding::Json, b" 1 "), Ok(1));
}

#[test]
fn malformed_bytes_are_refused() {
    for bytes in [
        &[][..],
        &[0xc1],
        &[0xd9, 5, b'a'],
        &[0xa1, 0xff],
        &[0xdd, 255, 255, 255, 255],
        &[0xc6, 255, 255, 255, 255],
    ] {
        for encoding in BOTH {
            assert!(decode::<String>(encoding, bytes).is_err(), "{bytes:?}");
            assert!(decode::<Vec<u64>>(encoding, bytes).is_err(), "{bytes:?}");
            assert!(decode::<Drawing>(encoding, bytes).is_err(), "{bytes:?}");
            assert!(
                decode::<serde_json::Value>(encoding, bytes).is_err(),
                "{bytes:?}"
            );
        }
    }
    assert!(decode::<String>(Encoding::MessagePack, &[1]).is_err());
    assert!(
        decode::<u8>(
            Encoding::MessagePack,
            &encoded(Encoding::MessagePack, &256u16)
        )
        .is_err()
    );
}

#[derive(Serialize, Deserialize, Debug)]
struct Chain {
    next: Option<Box<Chain>>,
}

#[test]
fn deep_values_are_refused_before_the_stack_ends() {
    let mut chain = None;
    for _ in 0..1000 {
        chain = Some(Box::new(Chain { next: chain }));
    }
    for encoding in BOTH {
        let bytes = encoded(encoding, &chain);
        assert!(decode::<Chain>(encoding, &bytes).is_err(), "{encoding:?}");
    }
    assert!(decode::<serde_json::Value>(Encoding::MessagePack, &[0x91; 1_000_000]).is_err());
    assert!(decode::<serde::de::IgnoredAny>(Encoding::MessagePack, &[0x91; 1_000_000]).is_err());
}

#[test]
fn a_value_that_refuses_is_an_error() {
    struct Refuses;
    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    for encoding in BOTH {
        assert_eq!(
            encode(encoding, &Refuses, &mut Vec::new()),
            Err("no".into())
        );
    }
    let keys = BTreeMap::from([((1, 2), 3)]);
    assert!(encode(Encoding::Json, &keys, &mut Vec::new()).is_err());
    assert!(encode(Encoding::MessagePack, &keys, &mut Vec::new()).is_ok());
}

#[test]
fn bytes_are_not_encoded() {
    assert!(encode(Encoding::Bytes, &[1u8], &mut Vec::new()).is_err());
    assert!(decode::<Vec<u8>>(Encoding::Bytes, &[1]).is_err());
}
