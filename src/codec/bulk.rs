//! What is contiguous in memory goes as one copy.
//!
//! Arrays go element by element, for their length is part of their type: serde knows them up to 32, where there is nothing to
//! win. Structs do too, since nobody vouches for what lies between their fields.
//!
//! Numbers take the same bytes on the wire as in memory, one by one and in a row alike. So the way in which a sequence of
//! them was written, or will be read, makes no difference to the bytes, and each side takes the short way wherever
//! it can tell the type.
//!
//! It and [`read`](super::read) import each other: a row of numbers is read as a whole, or number by number.

use super::described::Tag;
use super::error::Fault;
use super::memory::Source;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use std::any::TypeId;
use std::fmt;
use std::mem::{ManuallyDrop, MaybeUninit};

/// A number: any bytes are a value, and it has no padding.
///
/// # Safety
/// Both are true of the type.
pub unsafe trait Plain: Copy {
    /// What serde calls it.
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

/// Numbers in a row.
pub struct Row<'a> {
    pub count: usize,
    pub tag: Tag,
    pub bytes: &'a [u8],
}

// serde calls them `u64` and `i64`.
const _: () = assert!(size_of::<usize>() == 8);

#[inline]
fn row_of<X: Plain>(numbers: &[X]) -> Row<'_> {
    Row {
        count: numbers.len(),
        tag: X::TAG,
        // SAFETY: numbers without padding are initialised bytes, for as long as they are borrowed.
        bytes: unsafe { std::slice::from_raw_parts(numbers.as_ptr().cast(), size_of_val(numbers)) },
    }
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

/// The numbers that `items` is a reference to; or `items` back.
///
/// Without optimisation every comparison is a call: those that the size rules out are not compiled at all.
#[inline(always)]
pub fn numbers<'a, I: 'a>(items: I) -> Result<Row<'a>, I> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<I>() == size_of::<&Vec<u8>>() }
                    && typeid::of::<I>() == typeid::of::<&Vec<$number>>()
                {
                    // SAFETY: `I` is a reference to just that, which lives for 'a.
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

/// Is `T` a number, whose bytes can all be written and read?
#[inline]
pub fn is_number<T>() -> bool {
    macro_rules! look {
        ($($number:ty),*) => {
            false $(|| typeid::of::<T>() == typeid::of::<$number>())*
        };
    }
    plain!(look)
}

/// Is `T` of those that need no trial, for it is known to be plain?
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

/// The numbers of which [`read`] makes one copy for `V`. None: for `V` it does not.
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

/// Reads a sequence as one copy, if `V` is the visitor with which serde itself reads a `Vec` of numbers. However that is
/// wrapped (in a box, an option, a newtype of somebody's, a variant), it ends here.
#[inline(always)]
pub fn read<'de, V: Visitor<'de>, S: Source>(source: &mut S) -> Option<Result<V::Value, Fault>> {
    macro_rules! look {
        ($($number:ty),*) => {
            $(
                if const { size_of::<V::Value>() == size_of::<Vec<u8>>() }
                    && typeid::of::<V::Value>() == typeid::of::<Vec<$number>>()
                    // Another visitor may make something else of the same numbers.
                    && Some(typeid::of::<V>()) == visitor_of::<Vec<$number>>()
                {
                    let row = row::<$number, S>(source);
                    // SAFETY: its value is just that, without lifetimes.
                    return Some(row.map(|row| unsafe { same(row) }));
                }
            )*
        };
    }
    plain!(look);
    None
}

/// The type of the visitor that the `Deserialize` of `T` brings for a sequence. Its name is private to serde; so it is
/// asked to read one, and what it brings is looked at.
#[inline]
fn visitor_of<T: DeserializeOwned>() -> Option<TypeId> {
    T::deserialize(Asker).err()?.0
}

/// A deserializer that has no value and says who asked for a sequence.
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
