//! A contiguous row of numbers is one copy.
//!
//! Arrays are written element by element: serde supports them up to 32 elements, where one copy would save nothing. So are
//! slices of structs, because the bytes between their fields may be uninitialised.
//!
//! A number takes the same bytes on the wire as in memory, alone and in a row. So the bytes do not depend on how
//! a sequence was written or will be read, and each side makes one copy wherever it recognises the type.
//!
//! This module and [`read`](super::read) import each other: a row of numbers is read as a whole, or number by number.

use super::described::Tag;
use super::error::Fault;
use super::memory::Source;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use std::any::TypeId;
use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};

/// A number.
///
/// # Safety
/// Any bytes are a value of the type, and it has no padding.
pub unsafe trait Plain: Copy {
    /// The kind that serde writes it as.
    const TAG: Tag;
}

macro_rules! plain {
    ($what:ident) => {
        $what! {
            u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize, f32, f64
        }
    };
}

macro_rules! plain_impls {
    ($($number:ty as $tag:ident),*) => {
        $(
            // SAFETY: a primitive number.
            unsafe impl Plain for $number {
                const TAG: Tag = Tag::$tag;
            }
        )*
    };
}

plain_impls! {
    u8 as U8, u16 as U16, u32 as U32, u64 as U64, u128 as U128, usize as U64,
    i8 as I8, i16 as I16, i32 as I32, i64 as I64, i128 as I128, isize as I64,
    f32 as F32, f64 as F64
}

/// A contiguous row of numbers, as bytes.
pub struct Row<'a> {
    pub count: usize,
    pub tag: Tag,
    pub bytes: &'a [u8],
}

// serde writes `usize` and `isize` as `u64` and `i64`.
const _: () = assert!(size_of::<usize>() == 8);

#[inline]
fn row_of<X: Plain>(numbers: &[X]) -> Row<'_> {
    Row {
        count: numbers.len(),
        tag: X::TAG,
        // SAFETY: numbers have no padding, so their bytes are initialised; the borrow keeps them.
        bytes: unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) },
    }
}

/// Converts `value` from `V` to `T`, two names of one type.
///
/// # Safety
/// `V` and `T` are the same type, except for lifetimes; no lifetime of `T` is longer than that of `V`.
#[inline(always)]
unsafe fn same<V, T>(value: V) -> T {
    assert!(size_of::<V>() == size_of::<T>());
    let value = ManuallyDrop::new(value);
    // SAFETY: the same type, as the caller promises; the original is not dropped.
    unsafe { std::mem::transmute_copy(&value) }
}

/// The row of numbers that `items` refers to. Err: it is of another type; `items` comes back.
///
/// Without optimisation each comparison of types is a call. Comparisons that the size rules out are not compiled.
#[inline(always)]
pub fn numbers<'a, I: 'a>(items: I) -> Result<Row<'a>, I> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<I>() == size_of::<&Vec<u8>>() }
                    && typeid::of::<I>() == typeid::of::<&Vec<$number>>()
                {
                    // SAFETY: `I` is this type of reference, and it lives for 'a.
                    let items: &'a Vec<$number> = unsafe { same(items) };
                    return Ok(row_of(items));
                }
                if const { size_of::<I>() == size_of::<&[u8]>() }
                    && typeid::of::<I>() == typeid::of::<&[$number]>()
                {
                    // SAFETY: as above.
                    let items: &'a [$number] = unsafe { same(items) };
                    return Ok(row_of(items));
                }
            )*
        };
    }
    plain!(look);
    Err(items)
}

/// Whether `T` is a number.
#[inline]
pub fn is_number<T>() -> bool {
    macro_rules! look {
        ($($number:ty),*) => {
            false $(|| typeid::of::<T>() == typeid::of::<$number>())*
        };
    }
    plain!(look)
}

/// Whether `T` is known to be plain, so that it needs no probe.
#[inline]
pub fn is_known<T: 'static>() -> bool {
    let of = TypeId::of::<T>();
    macro_rules! look {
        ($($kind:ty),*) => {
            false $(|| of == TypeId::of::<$kind>())*
        };
    }
    macro_rules! rows {
        ($($number:ty),*) => {
            look!($(Vec<$number>, Box<[$number]>, Option<$number>),*)
        };
    }
    is_number::<T>()
        || look!(
            (),
            bool,
            char,
            String,
            Box<str>,
            Vec<String>,
            Option<String>
        )
        || plain!(rows)
}

/// The kind of number whose row [`read`] reads as one copy for `V`. `None`: it does not for `V`.
#[inline]
pub fn wanted<'de, V: Visitor<'de>>() -> Option<Tag> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if typeid::of::<V::Value>() == typeid::of::<Vec<$number>>()
                    && Some(typeid::of::<V>()) == visitor_of::<Vec<$number>>()
                {
                    return Some(<$number>::TAG);
                }
            )*
        };
    }
    plain!(look);
    None
}

/// Reads a sequence as one copy, if `V` is the visitor with which serde itself reads a `Vec` of numbers; else `None`. Every
/// wrapper of such a `Vec` (a box, an option, a user's newtype, a variant) reads it with this visitor.
#[inline(always)]
pub fn read<'de, V: Visitor<'de>, S: Source>(source: &mut S) -> Option<Result<V::Value, Fault>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<V::Value>() == size_of::<Vec<u8>>() }
                    && typeid::of::<V::Value>() == typeid::of::<Vec<$number>>()
                    // Another visitor may turn the same numbers into something else.
                    && Some(typeid::of::<V>()) == visitor_of::<Vec<$number>>()
                {
                    let row = row::<$number, S>(source);
                    // SAFETY: `V::Value` is this type, and it has no lifetimes.
                    return Some(row.map(|row| unsafe { same(row) }));
                }
            )*
        };
    }
    plain!(look);
    None
}

/// The type of the visitor that the `Deserialize` of `T` passes for a sequence. It is private to serde; so this lets `T` read
/// from [`Asker`], which returns the visitor's type.
#[inline]
fn visitor_of<T: DeserializeOwned>() -> Option<TypeId> {
    T::deserialize(Asker).err()?.0
}

/// A deserializer that always fails. Its error is the type of the visitor that asked for a sequence.
struct Asker;

#[derive(Debug)]
struct Asked(Option<TypeId>);

impl<'de> Deserializer<'de> for Asker {
    type Error = Asked;

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(Some(typeid::of::<V>())))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked(None))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no value")
    }
}

impl std::error::Error for Asked {}

impl serde::de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(None)
    }
}

/// Reads a length, then as many numbers.
#[inline]
pub fn row<X: Plain, S: Source>(source: &mut S) -> Result<Vec<X>, Fault> {
    let count = super::read::length(source, size_of::<X>())?;
    numbers_of(source, count)
}

/// Reads `count` numbers. The caller has checked that the source has as many.
#[inline]
pub fn numbers_of<X: Plain, S: Source>(source: &mut S, count: usize) -> Result<Vec<X>, Fault> {
    let mut row = Vec::<X>::with_capacity(count);
    let spare = &mut row.spare_capacity_mut()[..count];
    let bytes = size_of_val(spare);
    // SAFETY: the same memory, as bytes that may be uninitialised.
    let spare = unsafe {
        std::slice::from_raw_parts_mut(spare.as_mut_ptr().cast::<MaybeUninit<u8>>(), bytes)
    };
    source.take_all(spare).map_err(|_| Fault::truncated())?;
    // SAFETY: `take_all` wrote `count` numbers, and any bytes are numbers.
    unsafe { row.set_len(count) };
    Ok(row)
}
