//! The codec alone: values come back, through private and through shared memory alike, and wrong bytes do no
//! harm.

mod by_hand;
mod copies;
mod described;
mod forms;
mod frames;
mod hostile;
mod kinds;
mod names;
mod random;
mod refused;

use super::limits::MOST_DEPTH;
use super::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;
use std::mem::MaybeUninit;

/// Miri takes a thousand times as long.
const STEP: usize = if cfg!(miri) { 13 } else { 1 };

/// Small, so that it is moved often.
const WINDOW: usize = 32;

/// Plain copies: no other process writes here.
struct Plain;

// SAFETY: it copies as many bytes as `to` has.
unsafe impl Copies for Plain {
    unsafe fn copy_in(to: *mut u8, from: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    }

    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]) {
        // SAFETY: the caller's promise.
        unsafe { from.copy_to_nonoverlapping(to.as_mut_ptr().cast(), to.len()) };
    }
}

fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, PayloadReason> {
    let reason = |error: PayloadError| error.reason().clone();
    let size = size(value, Part::Argument).map_err(reason)?;
    let mut slice = vec![0xAA; size];
    write(value, Part::Argument, SliceSink::new(&mut slice)).map_err(reason)?;
    // In a box of its exact size, so that Miri finds an access beyond it.
    let mut shared = vec![0x55; size].into_boxed_slice();
    // SAFETY: the box is there until after the call.
    let sink = unsafe { SharedSink::<Plain, WINDOW>::new(shared.as_mut_ptr(), size) };
    write(value, Part::Argument, sink).map_err(reason)?;
    assert_eq!(slice, *shared);
    Ok(slice)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadReason> {
    read(Part::Result, bytes).map_err(|error| error.reason().clone())
}

fn decode_shared<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadReason> {
    let shared = bytes.to_vec().into_boxed_slice();
    // SAFETY: the box is there until after the call.
    let source = unsafe { SharedSource::<Plain, WINDOW>::new(shared.as_ptr(), shared.len()) };
    read(Part::Result, source).map_err(|error| error.reason().clone())
}

/// Reads from both sources and checks that they agree: a value with the same bytes, or the same error.
fn decode_both<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, PayloadReason> {
    let (one, other) = (decode::<T>(bytes), decode_shared::<T>(bytes));
    match (&one, &other) {
        (Ok(one), Ok(other)) => assert_eq!(encode(one), encode(other)),
        (Err(one), Err(other)) => assert_eq!(one, other),
        _ => panic!("a slice and shared memory are read differently: {bytes:?}"),
    }
    one
}

/// Encodes a value, decodes it, and returns its bytes. Also decodes bytes as a hostile writer could change them.
#[track_caller]
fn round<T>(value: T) -> Vec<u8>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let bytes = encode(&value).expect("it can be encoded");
    assert_eq!(decode_both::<T>(&bytes).as_ref(), Ok(&value));
    for length in (0..bytes.len()).step_by(STEP) {
        decode_both::<T>(&bytes[..length]).expect_err("the bytes end too early");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        decode_both::<T>(&longer),
        Err(PayloadReason::Trailing { bytes: 1 })
    );
    let mut spoilt = bytes.clone();
    for at in (0..bytes.len()).step_by(STEP) {
        for mask in [0xFF, 0x01, 0x80] {
            spoilt[at] ^= mask;
            let _ = decode_both::<T>(&spoilt);
            spoilt[at] = bytes[at];
        }
    }
    bytes
}

/// The system's allocator, which notes the largest request of each thread.
struct Meter;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

impl Meter {
    /// The largest request of `f`.
    fn largest<T>(f: impl FnOnce() -> T) -> (T, usize) {
        LARGEST.set(0);
        let value = f();
        (value, LARGEST.get())
    }

    fn note(size: usize) {
        // A thread that ends has nothing to measure.
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
    }
}

// SAFETY: the system's allocator does everything.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::note(layout.size());
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        Self::note(size);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static METER: Meter = Meter;
