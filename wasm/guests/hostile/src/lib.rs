//! Tasks that trap, never end, take all memory, or lie. Each harms its own instance only.

use core::arch::wasm32;
use std::hint::{assert_unchecked, black_box};
use std::ptr;

use raddle_guest::__private::bindings::raddle::guest::host;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

raddle_guest::tasks![
    well,
    panics,
    panics_long,
    asserts,
    index,
    divide,
    divide_unchecked,
    out_of_bounds,
    wild_write,
    scribble,
    unreachable,
    overflow,
    overflow_memory,
    forever,
    grow,
    try_grow,
    take_all,
    huge,
    bytes huge_bytes,
    lies,
    babble,
];

/// Nothing is wrong here: it tells whether the instance still works.
fn well(n: u64) -> u64 {
    n
}

fn panics(message: String) {
    panic!("{message}");
}

/// A panic whose message has that many letters.
fn panics_long(length: u64) {
    panic!("{}", "a".repeat(length as usize));
}

fn asserts((a, b): (u64, u64)) {
    assert_eq!(a, b, "they differ");
}

fn index(at: u64) -> u8 {
    black_box([1, 2, 3])[at as usize]
}

/// 100 by `divisor`. Rust panics where it is zero.
fn divide(divisor: i32) -> i32 {
    100 / divisor
}

/// 100 by `divisor`. The machine's instruction traps where it is zero.
#[inline(never)] // Its name has to be in a backtrace.
fn divide_unchecked(divisor: i32) -> i32 {
    let divisor = black_box(divisor);
    // SAFETY: not if it is zero, which is what the task is for. What follows is one instruction; it traps.
    unsafe { assert_unchecked(divisor != 0) };
    black_box(100 / divisor)
}

/// Near the end of the largest memory that there can be.
const FAR: usize = 0xffff_fff0;

#[inline(never)] // Its name has to be in a backtrace.
fn out_of_bounds((): ()) -> u32 {
    // SAFETY: there is no memory, so the instruction traps.
    unsafe { ptr::read_volatile(ptr::without_provenance(FAR)) }
}

#[inline(never)] // Its name has to be in a backtrace.
fn wild_write(value: u32) {
    // SAFETY: there is no memory, so the instruction traps.
    unsafe { ptr::write_volatile(ptr::without_provenance_mut(FAR), value) }
}

/// Overwrites all of its memory, the stack and its own result included.
fn scribble(value: u8) {
    let bytes = wasm32::memory_size(0) << 16;
    let mut at = black_box(8);
    while at < bytes {
        // SAFETY: none. What the instance does afterwards is undefined, and that is what the task is for.
        unsafe { ptr::write_volatile(ptr::without_provenance_mut(at), value) };
        at += 1;
    }
}

#[inline(never)] // Its name has to be in a backtrace.
fn unreachable((): ()) {
    wasm32::unreachable()
}

/// Takes all of the stack that calls are on.
#[inline(never)] // Its name has to be in a backtrace.
fn overflow(n: u64) -> u64 {
    if black_box(n) == u64::MAX {
        return 0;
    }
    black_box(overflow(n + 1)) ^ n
}

/// Takes all of the stack that is in its memory.
fn overflow_memory(n: u64) -> u64 {
    let frame = black_box([n; 64]);
    if frame[63] == u64::MAX {
        return 0;
    }
    black_box(overflow_memory(n + 1)) ^ black_box(frame)[1]
}

fn forever((): ()) {
    loop {
        black_box(());
    }
}

/// Takes that many bytes, or aborts. How many it has.
fn grow(bytes: u64) -> u64 {
    black_box(vec![1u8; bytes as usize]).len() as u64
}

/// Whether it gets that many bytes.
fn try_grow(bytes: u64) -> bool {
    let mut taken = Vec::<u8>::new();
    let got = taken.try_reserve_exact(bytes as usize).is_ok();
    black_box(&mut taken);
    got
}

/// Takes all memory that it gets, page after page, and keeps it. How many bytes it has then.
fn take_all((): ()) -> u64 {
    while wasm32::memory_grow(0, 1) != usize::MAX {}
    (wasm32::memory_size(0) as u64) << 16
}

/// A result of that many bytes.
fn huge(bytes: u64) -> String {
    "a".repeat(bytes as usize)
}

/// A result of as many bytes as the eight bytes of the argument say, the lowest first.
fn huge_bytes(argument: Vec<u8>) -> Vec<u8> {
    let bytes = argument
        .first_chunk()
        .map_or(0, |&bytes| u64::from_le_bytes(bytes));
    vec![b'a'; bytes as usize]
}

/// A result that is not what its shape says.
fn lies((): ()) -> Lie {
    Lie
}

struct Lie;

impl Serialize for Lie {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("no number")
    }
}

impl<'de> Deserialize<'de> for Lie {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(|_| Lie)
    }
}

/// Tells the host of so many panics, each with a message of so many letters, and goes on.
fn babble((times, length): (u64, u64)) -> u64 {
    let message = "a".repeat(length as usize);
    for _ in 0..times {
        host::panicked(&message);
    }
    times
}
