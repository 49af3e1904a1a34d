//! The tasks of rows that hold for each kind of executor. A guest in WebAssembly is built with this file too
//! (`wasm/guests/conforming`), so a task is a function with a name, and uses nothing but this file and the gates.

use crate::shared::{note, open, wait_until_open};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::num::ParseIntError;
use std::path::PathBuf;

pub fn nothing((): ()) {}

pub fn same(n: u64) -> u64 {
    n
}

pub fn cube(n: u64) -> u64 {
    n.pow(3)
}

/// The number, unless it is zero.
pub fn checked(n: u64) -> u64 {
    assert!(n > 0, "zero");
    n
}

/// The number, unless three divides it.
pub fn no_third(n: u64) -> u64 {
    assert!(!n.is_multiple_of(3), "{n} divides");
    n
}

pub fn no_row(n: u64) -> u64 {
    panic!("no row {n}")
}

pub fn parsed(text: String) -> Result<u8, ParseIntError> {
    text.parse()
}

pub fn hundred(n: u64) -> Vec<u64> {
    vec![n; 100]
}

pub fn with_complement(n: u64) -> (u64, u64) {
    (n, !n)
}

pub fn sum((a, b): (u8, u16)) -> u32 {
    u32::from(a) + u32::from(b)
}

pub fn length(bytes: Vec<u8>) -> u64 {
    bytes.len() as u64
}

#[derive(Serialize, Deserialize, Debug, PartialEq, Clone)]
pub enum Shape {
    Unit,
    Named { text: String, numbers: Vec<i64> },
    Nested(Box<Shape>, Option<BTreeMap<String, u8>>),
}

pub fn same_shape(shape: Shape) -> Shape {
    shape
}

pub fn unit_shape((): ()) -> Shape {
    Shape::Unit
}

/// Notes its number.
pub fn noted((n, path): (u64, PathBuf)) -> u64 {
    note(&path, n);
    n
}

/// Its number, once the gate is open.
pub fn waited((n, gate): (u64, PathBuf)) -> u64 {
    wait_until_open(&gate);
    n
}

/// Opens the first gate, and waits at the second.
pub fn held((started, gate): (PathBuf, PathBuf)) {
    open(&started);
    wait_until_open(&gate);
}
