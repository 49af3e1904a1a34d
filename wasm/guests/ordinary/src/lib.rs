//! Tasks as a user writes them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::ParseIntError;

use serde::{Deserialize, Serialize};

raddle_guest::tasks![
    nothing,
    double,
    shout,
    fib,
    point,
    try parse as "try_parse",
    parse as "parse_value",
    json lookup,
    bytes echo,
    bytes reverse,
    try bytes checked,
    fill,
    count,
    sum,
    add,
    words,
    unreadable,
];

fn nothing((): ()) {}

fn double(n: u64) -> u64 {
    n.wrapping_mul(2)
}

fn shout(text: String) -> String {
    text.to_uppercase()
}

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[derive(Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

/// The point on the other side of the origin.
fn point(point: Point) -> Point {
    Point {
        x: -point.x,
        y: -point.y,
    }
}

#[derive(Serialize, Deserialize)]
struct NotANumber(String);

impl std::fmt::Display for NotANumber {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

fn parse(text: String) -> Result<i64, NotANumber> {
    let parsed = text.trim().parse();
    parsed.map_err(|error: ParseIntError| NotANumber(format!("`{text}`: {error}")))
}

/// What `key` is in `object`.
fn lookup((object, key): (serde_json::Value, String)) -> Option<serde_json::Value> {
    object.get(&key).cloned()
}

fn echo(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

fn reverse(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}

fn checked(bytes: Vec<u8>) -> Result<Vec<u8>, &'static str> {
    match bytes.first() {
        Some(0) => Err("the first byte is zero"),
        _ => Ok(bytes),
    }
}

/// That many bytes, each the lowest byte of its index.
fn fill(length: u64) -> Vec<u8> {
    (0..length).map(|n| n as u8).collect()
}

/// How often this instance was asked.
fn count((): ()) -> u64 {
    thread_local!(static CALLS: Cell<u64> = const { Cell::new(0) });
    CALLS.with(|calls| {
        calls.set(calls.get() + 1);
        calls.get()
    })
}

fn sum(numbers: Vec<f64>) -> f64 {
    numbers.iter().sum()
}

fn add((a, b): (i64, i64)) -> i64 {
    a + b
}

/// How often each word occurs.
fn words(text: String) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_owned()).or_default() += 1;
    }
    counts
}

/// A result that no encoding takes.
fn unreadable((): ()) -> Unreadable {
    Unreadable
}

struct Unreadable;

impl Serialize for Unreadable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a result that refuses to travel"))
    }
}
