//! Identifiers, addresses, versions.

use raddle_types::{Random, check, there_and_back};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[test]
fn of_uuid_and_ulid() {
    let wide = |r: &mut Random| u128::from(r.word()) << 64 | u128::from(r.word());
    let id = move |r: &mut Random| uuid::Uuid::from_u128(wide(r));
    check(id);
    check(move |r| r.list(id));
    check(move |r| ulid::Ulid(wide(r)));
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Ways {
        #[serde(with = "uuid::serde::compact")]
        compact: uuid::Uuid,
        #[serde(with = "uuid::serde::simple")]
        simple: uuid::Uuid,
        #[serde(with = "uuid::serde::urn")]
        urn: uuid::Uuid,
    }
    check(move |r| Ways {
        compact: id(r),
        simple: id(r),
        urn: id(r),
    });
    // Where serde buffers, it believes that everything can be read by people.
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(untagged)]
    enum Key {
        Number(u64),
        Id(uuid::Uuid),
        Ip(IpAddr),
        Net(ipnet::IpNet),
        Text(String),
    }
    check(move |r| match r.below(5) {
        0 => Key::Number(r.word()),
        1 => Key::Id(id(r)),
        2 => Key::Ip(Ipv4Addr::from(r.word() as u32).into()),
        3 => Key::Net(
            ipnet::Ipv4Net::new(Ipv4Addr::from(r.word() as u32), 8)
                .unwrap()
                .into(),
        ),
        _ => Key::Text("no address".into()),
    });
}

#[test]
fn of_url_and_http() {
    let url = |r: &mut Random| {
        let text = format!(
            "https://user@{}.example:{}/a?b=c",
            r.below(99),
            r.below(65_536)
        );
        url::Url::parse(&text).expect("a URL")
    };
    check(url);
    check(move |r| r.option(url));
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    struct Request {
        #[serde(with = "http_serde::method")]
        method: http::Method,
        #[serde(with = "http_serde::uri")]
        uri: http::Uri,
        #[serde(with = "http_serde::header_map")]
        headers: http::HeaderMap,
        #[serde(with = "http_serde::status_code")]
        status: http::StatusCode,
        #[serde(with = "http_serde::version")]
        version: http::Version,
        #[serde(with = "http_serde::authority")]
        authority: http::uri::Authority,
    }
    check(|r| {
        let mut headers = http::HeaderMap::new();
        headers.append("accept", "text/html".parse().unwrap());
        headers.append("accept", "text/plain".parse().unwrap());
        headers.append("x-raw", http::HeaderValue::from_bytes(b"\xFF").unwrap());
        if r.is() {
            headers.clear();
        }
        Request {
            method: [
                http::Method::GET,
                http::Method::from_bytes(b"MOVE").unwrap(),
            ][r.below(2) as usize]
                .clone(),
            uri: format!("http://a.example/{}", r.below(100))
                .parse()
                .unwrap(),
            headers,
            status: http::StatusCode::from_u16(100 + r.below(900) as u16).unwrap(),
            version: http::Version::HTTP_11,
            authority: "a.example:80".parse().unwrap(),
        }
    });
    there_and_back(&["a@b.example"
        .parse::<email_address::EmailAddress>()
        .unwrap()]);
}

#[test]
fn of_nets() {
    check(|r| ipnet::Ipv4Net::new(Ipv4Addr::from(r.word() as u32), r.below(33) as u8).unwrap());
    check(|r| {
        let wide = u128::from(r.word()) << 64;
        ipnet::Ipv6Net::new(Ipv6Addr::from(wide), r.below(129) as u8).unwrap()
    });
    check(|r| ipnet::IpNet::from(IpAddr::from(Ipv4Addr::from(r.word() as u32))));
    check(|r| macaddr::MacAddr6::from(<[u8; 6]>::try_from(&r.word().to_ne_bytes()[..6]).unwrap()));
    check(|r| macaddr::MacAddr8::from(r.word().to_ne_bytes()));
    check(|r| IpAddr::from(Ipv6Addr::from(u128::from(r.word()))));
    check(|r| std::net::SocketAddr::from((Ipv4Addr::from(r.word() as u32), r.word() as u16)));
}

#[test]
fn of_semver() {
    check(|r| semver::Version::new(r.below(100), r.word(), r.below(10)));
    there_and_back(&["1.2.3-rc.1+build".parse::<semver::Version>().unwrap()]);
    there_and_back(&[">=1.2, <2".parse::<semver::VersionReq>().unwrap()]);
}
