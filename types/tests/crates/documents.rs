//! Values of formats.

use raddle_types::{Random, Value, check, there_and_back};
use serde::{Deserialize, Serialize};

fn json(r: &mut Random, depth: u64) -> serde_json::Value {
    use serde_json::Value;
    match r.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => r.is().into(),
        2 => r.number().into(),
        3 => r.float().into(),
        4 => r.text().into(),
        5 => r.list(|r| json(r, depth - 1)).into(),
        _ => r
            .list(|r| (r.text(), json(r, depth - 1)))
            .into_iter()
            .collect(),
    }
}

#[test]
fn of_json() {
    check(|r| json(r, 3));
    check(|r| r.list(|r| json(r, 1)));
    check(|r| serde_json::Number::from(r.number()));
    check(|r| serde_json::Map::from_iter(r.list(|r| (r.text(), json(r, 2)))));
    there_and_back(&[
        serde_json::json!(u64::MAX),
        serde_json::json!(i64::MIN),
        serde_json::json!(1e300),
    ]);
    #[derive(Serialize, Deserialize, Clone, Debug)]
    struct Raw(Box<serde_json::value::RawValue>);
    impl PartialEq for Raw {
        fn eq(&self, other: &Self) -> bool {
            self.0.get() == other.0.get()
        }
    }
    check(|r| Raw(serde_json::value::to_raw_value(&json(r, 2)).unwrap()));
    // JSON in what is otherwise ordinary.
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Call {
        id: u64,
        method: String,
        params: Option<serde_json::Value>,
        at: (u8, Vec<f32>),
    }
    check(|r| Call {
        id: r.word(),
        method: r.text(),
        // `null` is none.
        params: r.option(|r| json(r, 2)).filter(|value| !value.is_null()),
        at: (1, r.list(|r| r.float() as f32)),
    });
}

#[test]
fn of_toml_and_yaml() {
    let text =
        "a = 1\nb = [1.5, 2.5]\nat = 2000-01-01T10:00:00Z\nday = 2000-01-01\n[c]\nd = 'x'\n[[e]]\n";
    let table: toml::Table = text.parse().unwrap();
    there_and_back(&[table.clone(), toml::Table::new()]);
    there_and_back(&[toml::Value::Table(table.clone())]);
    there_and_back(&[table["at"].as_datetime().copied()]);
    // No tags: what is written with one is a map to every format but YAML, says its Serialize.
    let text = "a: 1\nb: [x, null, true, -1.5]\n3: {c: d}\n~: 18446744073709551615\n";
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(text).unwrap();
    there_and_back(&[yaml, serde_yaml_ng::Value::Null]);
}

#[test]
fn of_binary_formats() {
    use ciborium::Value as Cbor;
    let values = [
        Cbor::Null,
        Cbor::Integer(u64::MAX.into()),
        Cbor::Integer(i64::MIN.into()),
        Cbor::Bytes(vec![1, 255]),
        Cbor::Float(1.5),
        Cbor::Map(vec![(
            Cbor::Bool(true),
            Cbor::Array(vec![Cbor::Text("x".into())]),
        )]),
    ];
    there_and_back(&values);
    use rmpv::Value as Message;
    let values = [
        Message::Nil,
        Message::from(u64::MAX),
        Message::from(-5),
        Message::Binary(vec![1, 2]),
        Message::Map(vec![(
            Message::from(1),
            Message::Array(vec![Message::from("x")]),
        )]),
    ];
    there_and_back(&values);
    use serde_value::Value as Any;
    let values = [
        Any::Unit,
        Any::I32(5),
        Any::U64(5),
        Any::Char('x'),
        Any::Option(Some(Box::new(Any::String("x".into())))),
        Any::Bytes(vec![1]),
        Any::Seq(vec![Any::F32(1.5), Any::Bool(true)]),
        Any::Map([(Any::U8(1), Any::Option(None))].into()),
    ];
    there_and_back(&values);
    let document = bson::doc! { "a": 1_i32, "b": 2_i64, "c": [1.5, "x", true, bson::Bson::Null], "d": { "e": bson::oid::ObjectId::new() } };
    there_and_back(std::slice::from_ref(&document));
    there_and_back(&[
        bson::Bson::Document(document),
        bson::Bson::Int32(5),
        bson::Bson::Int64(6),
    ]);
    there_and_back(&[ron::from_str::<ron::Value>("[1, 2.5, 'x', \"y\", {\"a\": true}]").unwrap()]);
}

/// What a service calls its messages: each of these is a shape of its own to serde.
#[test]
fn messages() {
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(tag = "type", rename_all = "kebab-case")]
    enum Event {
        Moved {
            from: geo_types::Point,
            to: geo_types::Point,
        },
        Paid {
            amount: rust_decimal::Decimal,
            at: chrono::DateTime<chrono::Utc>,
        },
        Opened(Header),
        Closed,
    }
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Header {
        id: uuid::Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<url::Url>,
        #[serde(flatten)]
        extra: indexmap::IndexMap<String, serde_json::Value>,
    }
    fn events<T: Value>(make: impl Fn(Event) -> T) -> Vec<T> {
        let point = |x| geo_types::Point::new(x, 1.0);
        let header = |url: &str| Header {
            id: uuid::Uuid::from_u128(5),
            url: url.parse().ok(),
            extra: [("k".to_owned(), serde_json::json!([1, null]))]
                .into_iter()
                .collect(),
        };
        let all = [
            Event::Moved {
                from: point(1.0),
                to: point(2.0),
            },
            Event::Paid {
                amount: "1.50".parse().unwrap(),
                at: Default::default(),
            },
            Event::Opened(header("")),
            Event::Opened(header("https://a.example/")),
            Event::Closed,
        ];
        all.map(make).into()
    }
    there_and_back(&events(|event| event));
    there_and_back(&events(Some));
    there_and_back(&events(|event| {
        std::collections::BTreeMap::from([(1_u8, vec![event])])
    }));
    there_and_back(&events(|event| (event, 2_u64)));
}
