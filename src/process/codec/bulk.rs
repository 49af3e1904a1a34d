//! What is contiguous in memory goes as one copy.
//!
//! Numbers take the same bytes on the wire as in memory, one by one and in a row alike. So the way in which a sequence of
//! them was written, or will be read, makes no difference to the bytes, and each side takes the short way wherever
//! it can tell the type.

use super::error::Fault;
use super::memory::Source;
use std::mem::{ManuallyDrop, MaybeUninit};

/// A number: any bytes are a value, and it has no padding.
///
/// # Safety
/// Both are true of the type.
pub unsafe trait Plain: Copy {}

macro_rules! plain {
    ($what:ident) => {
        $what! {
            u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64
        }
    };
}

macro_rules! plain_impls {
    ($($number:ty),*) => {
        // SAFETY: a primitive number.
        $(unsafe impl Plain for $number {})*
    };
}

plain!(plain_impls);

// serde calls them `u64` and `i64`.
const _: () = assert!(size_of::<usize>() == 8);

#[inline]
fn bytes_of<X: Plain>(numbers: &[X]) -> &[u8] {
    // SAFETY: numbers without padding are initialised bytes, for as long as they are borrowed.
    unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) }
}

/// `value`, whose type is called `V` here and `T` elsewhere.
///
/// # Safety
/// They are the same type, but perhaps for lifetimes; no lifetime of `T` is longer than that of `V`.
#[inline(always)]
unsafe fn same<V, T>(value: V) -> T {
    assert!(size_of::<V>() == size_of::<T>());
    let value = ManuallyDrop::new(value);
    // SAFETY: the same type, says the caller; the original is forgotten.
    unsafe { std::mem::transmute_copy(&value) }
}

/// The numbers that `items` is a reference to, as their count and their bytes; or `items` back.
///
/// Without optimisation every comparison is a call: those that the size rules out are not compiled at all.
#[inline(always)]
pub fn numbers<'a, I: 'a>(items: I) -> Result<(usize, &'a [u8]), I> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<I>() == size_of::<&Vec<u8>>() }
                    && typeid::of::<I>() == typeid::of::<&Vec<$number>>()
                {
                    // SAFETY: `I` is a reference to just that, which lives for 'a.
                    let items: &'a Vec<$number> = unsafe { same(items) };
                    return Ok((items.len(), bytes_of(items)));
                }
                if const { size_of::<I>() == size_of::<&[u8]>() }
                    && typeid::of::<I>() == typeid::of::<&[$number]>()
                {
                    // SAFETY: as above.
                    let items: &'a [$number] = unsafe { same(items) };
                    return Ok((items.len(), bytes_of(items)));
                }
            )*
        };
    }
    plain!(look);
    Err(items)
}

/// Reads a `V` as one copy, if it is a row of numbers.
#[inline(always)]
pub fn read<V, S: Source>(source: &mut S) -> Option<Result<V, Fault>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<V>() == size_of::<Vec<u8>>() } {
                    if typeid::of::<V>() == typeid::of::<Vec<$number>>() {
                        let row = row::<$number, S>(source);
                        // SAFETY: `V` is just that, without lifetimes.
                        return Some(row.map(|row| unsafe { same(row) }));
                    }
                    if typeid::of::<V>() == typeid::of::<Option<Vec<$number>>>() {
                        let row = optional::<$number, S>(source);
                        // SAFETY: as above.
                        return Some(row.map(|row| unsafe { same(row) }));
                    }
                }
                if const { size_of::<V>() == size_of::<Box<[u8]>>() }
                    && typeid::of::<V>() == typeid::of::<Box<[$number]>>()
                {
                    let row = row::<$number, S>(source).map(Vec::into_boxed_slice);
                    // SAFETY: as above.
                    return Some(row.map(|row| unsafe { same(row) }));
                }
            )*
        };
    }
    plain!(look);
    None
}

fn optional<X: Plain, S: Source>(source: &mut S) -> Result<Option<Vec<X>>, Fault> {
    match super::read::is_some(source)? {
        true => row(source).map(Some),
        false => Ok(None),
    }
}

/// Reads a length and so many numbers.
#[inline]
pub fn row<X: Plain, S: Source>(source: &mut S) -> Result<Vec<X>, Fault> {
    let count = super::read::length(source, size_of::<X>())?;
    numbers_of(source, count)
}

/// Reads so many numbers, of which the source has as many.
#[inline]
pub fn numbers_of<X: Plain, S: Source>(source: &mut S, count: usize) -> Result<Vec<X>, Fault> {
    let mut row = Vec::<X>::with_capacity(count);
    let room = &mut row.spare_capacity_mut()[..count];
    let bytes = size_of_val(room);
    // SAFETY: the same memory, as bytes, none of which need be initialised.
    let room = unsafe {
        std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<MaybeUninit<u8>>(), bytes)
    };
    source.take_all(room).map_err(|_| Fault::truncated())?;
    // SAFETY: `take_all` wrote so many numbers, and any bytes are numbers.
    unsafe { row.set_len(count) };
    Ok(row)
}
