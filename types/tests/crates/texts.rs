//! Texts and bytes.

use raddle_types::{Random, check};
use serde::{Deserialize, Serialize};

#[test]
fn texts() {
    check(|r| smol_str::SmolStr::new(r.text()));
    check(|r| compact_str::CompactString::new(r.text()));
    check(|r| arcstr::ArcStr::from(r.text()));
    check(|r| ecow::EcoString::from(r.text()));
    check(|r| {
        heapless::String::<64>::try_from(&*r.text().chars().take(9).collect::<String>()).unwrap()
    });
    check(|r| {
        arrayvec::ArrayString::<64>::from(&r.text().chars().take(9).collect::<String>()).unwrap()
    });
    check(|r| camino::Utf8PathBuf::from(r.text()));
    check(|r| r.list(|r| smol_str::SmolStr::new(r.text())));
}

fn bytes(random: &mut Random) -> Vec<u8> {
    random.list(|random| random.word() as u8)
}

#[test]
fn byte_strings() {
    check(|r| bytes::Bytes::from(bytes(r)));
    check(|r| bytes::BytesMut::from(&bytes(r)[..]));
    check(|r| serde_bytes::ByteBuf::from(bytes(r)));
    check(|r| serde_bytes::ByteArray::new(r.word().to_ne_bytes()));
    check(|r| bstr::BString::from(bytes(r)));
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Ways {
        #[serde(with = "serde_bytes")]
        raw: Vec<u8>,
        #[serde(with = "hex::serde")]
        hex: Vec<u8>,
        #[serde(with = "serde_bytes")]
        maybe: Option<Vec<u8>>,
        row: Vec<u8>,
    }
    let ways = |r: &mut Random| Ways {
        raw: bytes(r),
        hex: bytes(r),
        maybe: r.option(bytes),
        row: bytes(r),
    };
    check(ways);
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(tag = "kind")]
    enum Message {
        Ways(Ways),
        Bytes { bytes: bytes::Bytes },
        Row { row: Vec<u8>, text: bstr::BString },
    }
    check(move |r| match r.below(3) {
        0 => Message::Ways(ways(r)),
        1 => Message::Bytes {
            bytes: bytes(r).into(),
        },
        _ => Message::Row {
            row: bytes(r),
            text: bytes(r).into(),
        },
    });
}

#[test]
fn of_serde_with() {
    use serde_with::{DisplayFromStr, OneOrMany, PickFirst, serde_as, skip_serializing_none};
    #[skip_serializing_none]
    #[serde_as]
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Ways {
        #[serde_as(as = "DisplayFromStr")]
        shown: u64,
        #[serde_as(as = "Option<DisplayFromStr>")]
        maybe: Option<u64>,
        #[serde_as(as = "PickFirst<(_, DisplayFromStr)>")]
        either: i64,
        #[serde_as(as = "OneOrMany<_>")]
        many: Vec<String>,
        #[serde_as(as = "Vec<(_, _)>")]
        pairs: std::collections::BTreeMap<String, u64>,
        #[serde_as(as = "serde_with::Bytes")]
        bytes: Vec<u8>,
        #[serde_as(as = "serde_with::DurationSeconds<u64>")]
        wait: std::time::Duration,
        #[serde(default, with = "serde_with::rust::double_option")]
        double: Option<Option<u8>>,
        #[serde_as(as = "serde_with::json::JsonString")]
        json: Vec<u8>,
        #[serde_as(as = "serde_with::hex::Hex")]
        hex: [u8; 3],
        none: Option<String>,
    }
    check(|r| Ways {
        shown: r.word(),
        maybe: r.option(Random::word),
        either: r.number(),
        many: r.list(Random::text),
        pairs: r.list(|r| (r.text(), r.word())).into_iter().collect(),
        bytes: bytes(r),
        wait: std::time::Duration::from_secs(r.below(1 << 30)),
        double: r.option(|r| r.option(|r| r.word() as u8)),
        json: bytes(r),
        hex: [1, 2, r.word() as u8],
        none: r.option(Random::text),
    });
}
