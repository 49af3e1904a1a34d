//! The tasks of rows that hold for each kind of executor. A guest in WebAssembly is built with this file too
//! (`wasm/guests/conforming`), so a task is a function with a name, and uses nothing but this file and the gates.

use crate::shared::{note, open, wait_until_open};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::hint::black_box;
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

pub fn doubled(n: u64) -> u64 {
    n * 2
}

pub fn triple(n: u64) -> u64 {
    n * 3
}

pub fn square(n: u64) -> u64 {
    n * n
}

pub fn added((a, b): (u64, u64)) -> u64 {
    a + b
}

pub fn multiplied((a, b): (u64, u64)) -> u64 {
    a * b
}

/// Twelve by the number.
pub fn divided(by: i64) -> i64 {
    assert!(by != 0, "divided by zero");
    12 / by
}

pub fn odd(n: u64) -> Result<u64, String> {
    if n % 2 == 1 {
        Ok(n)
    } else {
        Err(format!("{n} is even"))
    }
}

/// Of five numbers that follow each other one panics, one is an error.
pub fn of_five(n: u64) -> Result<u64, String> {
    match n % 5 {
        1 => panic!("{n} panics"),
        2 => Err(format!("{n} fails")),
        _ => Ok(n),
    }
}

/// The number, after work that differs from one to the next.
pub fn uneven(n: u64) -> u64 {
    let mut x = n;
    for _ in 0..(n % 97) * 20 {
        x = black_box(x.rotate_left(7) ^ n);
    }
    black_box(x);
    n
}

pub fn letters(word: String) -> u64 {
    word.len() as u64
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

/// Its number. Zero waits at the gate.
pub fn zero_waits((n, gate): (u64, PathBuf)) -> u64 {
    if n == 0 {
        wait_until_open(&gate);
    }
    n
}

/// Its number. Zero waits at the gate, which the others open.
pub fn zero_waits_for_others((n, gate): (u64, PathBuf)) -> u64 {
    if n == 0 {
        wait_until_open(&gate);
    } else {
        open(&gate);
    }
    n
}

/// Its number. All but zero wait at the gate.
pub fn only_zero_ends((n, gate): (u64, PathBuf)) -> u64 {
    if n >= 1 {
        wait_until_open(&gate);
    }
    n
}

/// Notes its number. One says that it is stuck, and waits at the gate.
pub fn one_is_stuck((n, ran, stuck, gate): (u64, PathBuf, PathBuf, PathBuf)) -> u64 {
    note(&ran, n);
    if n == 1 {
        held((stuck, gate));
    }
    n
}

/// Its number. Two says that it is stuck, and waits at the gate.
pub fn two_is_stuck((n, stuck, gate): (u64, PathBuf, PathBuf)) -> u64 {
    if n == 2 {
        held((stuck, gate));
    }
    n
}
