//! `Serialize` and `Deserialize` written by hand, where another kind is given for some values alone.

#![allow(clippy::all)]

use raddle_types::{Random, check};
use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq)]
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

impl<'de> Deserialize<'de> for Num {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Num;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, n: i64) -> Result<Num, E> {
                Ok(Num::Int(n))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Num, E> {
                Ok(Num::Float(n))
            }
        }
        from.deserialize_i64(Either)
    }
}

fn num(random: &mut Random) -> Num {
    match random.is() {
        true => Num::Int(random.number()),
        false => Num::Float(random.float()),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Host {
    Name(String),
    Ip(IpAddr),
}

impl Serialize for Host {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Name(name) => to.serialize_str(name),
            Self::Ip(IpAddr::V4(ip)) => to.serialize_u32(ip.to_bits()),
            Self::Ip(IpAddr::V6(ip)) => to.collect_seq(ip.octets()),
        }
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Host;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a host")
            }
            fn visit_str<E>(self, name: &str) -> Result<Host, E> {
                Ok(Host::Name(name.into()))
            }
            fn visit_u32<E>(self, ip: u32) -> Result<Host, E> {
                Ok(Host::Ip(IpAddr::from(ip.to_be_bytes())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Host, A::Error> {
                let mut octets = [0; 16];
                for octet in &mut octets {
                    let next = from.next_element()?;
                    *octet = next.ok_or_else(|| A::Error::custom("too short"))?;
                }
                Ok(Host::Ip(octets.into()))
            }
        }
        from.deserialize_str(Either)
    }
}

fn host(random: &mut Random) -> Host {
    match random.below(3) {
        0 => Host::Name(random.text()),
        1 => Host::Ip(IpAddr::from((random.number() as u32).to_be_bytes())),
        _ => Host::Ip(IpAddr::from([random.number() as u16; 8])),
    }
}

/// What is the default is not written, and not counted.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
struct Settings {
    depth: u32,
    name: String,
    hosts: Vec<Host>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            depth: 4242,
            name: "main".into(),
            hosts: vec![Host::Name("localhost".into())],
        }
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let usual = Self::default();
        let is = [
            self.depth != usual.depth,
            self.name != usual.name,
            self.hosts != usual.hosts,
        ];
        let count = is.iter().filter(|is| **is).count();
        let mut to = to.serialize_struct("Settings", count)?;
        if is[0] {
            to.serialize_field("depth", &self.depth)?;
        }
        if is[1] {
            to.serialize_field("name", &self.name)?;
        }
        if is[2] {
            to.serialize_field("hosts", &self.hosts)?;
        }
        to.end()
    }
}

fn settings(random: &mut Random) -> Settings {
    let usual = Settings::default();
    Settings {
        depth: if random.is() { usual.depth } else { 7 },
        name: if random.is() {
            usual.name
        } else {
            random.text()
        },
        hosts: if random.is() {
            usual.hosts
        } else {
            random.list(host)
        },
    }
}

#[test]
fn kinds_that_depend_on_the_value() {
    check(num);
    check(|random| random.list(num));
    check(host);
    check(|random| random.option(|random| (host(random), num(random))));
    check(|random| -> BTreeMap<String, (Host, u8)> {
        let entry = |random: &mut Random| (random.text(), (host(random), random.word() as u8));
        random.list(entry).into_iter().collect()
    });
}

#[test]
fn counts_that_depend_on_the_value() {
    check(settings);
    check(|random| (settings(random), random.list(|random| random.word() as u32)));
    check(|random| random.list(settings));
}
