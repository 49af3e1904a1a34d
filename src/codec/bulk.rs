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

/// Converts `value` from `V` to `T`.
///
/// # Safety
/// `V` and `T` are the same type, except for lifetimes, or `T` is a place for any bytes; no lifetime of `T` is longer than that of `V`.
#[inline(always)]
unsafe fn same<V, T>(value: V) -> T {
    assert!(size_of::<V>() == size_of::<T>());
    let value = ManuallyDrop::new(value);
    // SAFETY: the same type or a place for its bytes, as the caller promises; the original is not dropped.
    unsafe { std::mem::transmute_copy(&value) }
}

/// The numbers of a `Vec`, from the address of the `Vec`.
type OfVec<'a> = unsafe fn(*const ()) -> Row<'a>;

/// The numbers of a slice, from its address and length.
type OfSlice<'a> = unsafe fn(*const [()]) -> Row<'a>;

// What follows compares types, and is compiled once, not once for each type that is asked for. Where a caller is optimised, so
// are the comparisons.

#[inline]
fn of_vec<'a>(reference: TypeId) -> Option<OfVec<'a>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if reference == TypeId::of::<&'static Vec<$number>>() {
                    // SAFETY: the address of such a `Vec`, as the caller of the function promises.
                    return Some(|items| row_of(unsafe { &*items.cast::<Vec<$number>>() }));
                }
            )*
        };
    }
    plain!(look);
    None
}

#[inline]
fn of_slice<'a>(reference: TypeId) -> Option<OfSlice<'a>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if reference == TypeId::of::<&'static [$number]>() {
                    // SAFETY: the address of such a slice, as the caller of the function promises.
                    return Some(|items| row_of(unsafe { &*(items as *const [$number]) }));
                }
            )*
        };
    }
    plain!(look);
    None
}

/// The row of numbers that `items` refers to. Err: it is of another type; `items` comes back.
#[inline(always)]
pub fn numbers<'a, I: 'a>(items: I) -> Result<Row<'a>, I> {
    if const { size_of::<I>() == size_of::<&Vec<u8>>() } {
        if let Some(row) = of_vec(typeid::of::<I>()) {
            // SAFETY: `I` is a reference to the `Vec` that the function is for, and it lives for 'a.
            return Ok(unsafe { row(same(items)) });
        }
    } else if const { size_of::<I>() == size_of::<&[u8]>() }
        && let Some(row) = of_slice(typeid::of::<I>())
    {
        // SAFETY: as above.
        return Ok(unsafe { row(same(items)) });
    }
    Err(items)
}

/// Whether `T` is a number.
#[inline]
pub fn is_number<T>() -> bool {
    is_of_number(typeid::of::<T>())
}

#[inline]
fn is_of_number(of: TypeId) -> bool {
    macro_rules! look {
        ($($number:ty),*) => {
            false $(|| of == TypeId::of::<$number>())*
        };
    }
    plain!(look)
}

/// Whether a type is known to be plain, so that it needs no probe.
#[inline]
pub fn is_known(of: TypeId) -> bool {
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
    is_of_number(of)
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

/// A `Vec` of some kind of number. It is not dropped.
type AnyVec = MaybeUninit<Vec<u8>>;

/// Reads a row of numbers as one copy.
pub struct ReadRow<S> {
    /// The kind of number.
    pub tag: Tag,
    read: fn(&mut S) -> Result<AnyVec, Fault>,
}

#[inline]
fn read_row<S: Source>(value: TypeId, visitor: TypeId) -> Option<ReadRow<S>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if value == TypeId::of::<Vec<$number>>()
                    // Another visitor may turn the same numbers into something else.
                    && Some(visitor) == visitor_of::<Vec<$number>>()
                {
                    return Some(ReadRow {
                        tag: <$number>::TAG,
                        // SAFETY: a place for any bytes.
                        read: |source| row::<$number, S>(source).map(|row| unsafe { same(row) }),
                    });
                }
            )*
        };
    }
    plain!(look);
    None
}

/// How a sequence is read as one copy, if `V` is the visitor with which serde itself reads a `Vec` of numbers; else `None`. Every
/// wrapper of such a `Vec` (a box, an option, a user's newtype, a variant) reads it with this visitor.
#[inline(always)]
pub fn wanted<'de, V: Visitor<'de>, S: Source>() -> Option<ReadRow<S>> {
    match const { size_of::<V::Value>() == size_of::<AnyVec>() } {
        true => read_row(typeid::of::<V::Value>(), typeid::of::<V>()),
        false => None,
    }
}

impl<S: Source> ReadRow<S> {
    /// Reads the row for the visitor `V` that [`wanted`] it.
    #[inline(always)]
    pub fn read<'de, V: Visitor<'de>>(&self, source: &mut S) -> Result<V::Value, Fault> {
        let row = (self.read)(source)?;
        assert!(size_of::<V::Value>() == size_of::<AnyVec>());
        // SAFETY: `V::Value` is the `Vec` that was read, and it has no lifetimes.
        Ok(unsafe { same(row) })
    }
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
