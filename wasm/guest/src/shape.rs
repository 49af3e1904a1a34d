//! What a type looks like to serde, as a text. Host and guest compare the texts before a first call.
//!
//! The shape says what serde asks of a type, so it does not depend on the names of types, modules or crates. Types of different shapes are
//! different types, even where an encoding would carry a value from one to the other, as from `u8` to `u64`. Types of the same shape
//! travel to each other, except that enums may differ in what their variants hold; that is an error of the call.
//!
//! | Rust | Shape |
//! |---|---|
//! | `bool`, `i8` to `i128`, `u8` to `u128`, `f32`, `f64`, `char` | the same word |
//! | `String`, `Box<str>`, `PathBuf` | `string` |
//! | `serde_bytes::ByteBuf`, and both sides of a task marked `bytes` | `bytes` |
//! | `()` | `()` |
//! | a unit struct, `PhantomData` | `unit` |
//! | `Option<u64>` | `u64?` |
//! | `Vec<u64>`, sets | `[u64]` |
//! | `(u64, String)`, a tuple struct | `(u64,string)` |
//! | `[u8; 32]`, as all arrays of more than 16 items | `(u8;32)` |
//! | `HashMap<String, u64>` | `[string:u64]` |
//! | `struct Point { x: f64, y: f64 }` | `{x:f64,y:f64}` |
//! | `struct Metres(f64)` | `f64` |
//! | `enum Colour { Red, Rgb(u8, u8, u8) }` | `<Red\|Rgb>`, the names alone |
//! | `serde_json::Value`, untagged and internally tagged enums, structs with a flattened field | `?` |
//!
//! A name with other characters than letters, digits, `_`, `-` and `.` is in quotes, as in JSON. Inside a type that contains itself, the
//! third level is `?`.
//!
//! A type is asked by deserializing it from made-up values. One that refuses them, such as a date that is not any string, has the
//! shape that it asked for, here `string`. What it would have asked for afterwards is `?`.
//!
//! ```
//! use raddle_guest::shape;
//!
//! assert_eq!(shape::of::<(u64, Vec<Option<String>>)>(), "(u64,[string?])");
//! assert!(shape::agree("(u64,?)", "(u64,[string?])"));
//! assert!(!shape::agree("(u64,[char])", "(u64,[string])"));
//! ```

mod text;
mod trace;

use serde::de::DeserializeOwned;

use crate::encoding::Encoding;

/// The shape of a type in MessagePack.
///
/// A panic of the type's `Deserialize` ends the tracing with what is known until then. It ends a guest that aborts on panics.
#[must_use]
pub fn of<T: DeserializeOwned>() -> String {
    of_encoded::<T>(Encoding::MessagePack)
}

/// The shape of a type in an encoding. Some types have a form for humans that differs, which JSON uses: an IP address is `string` there,
/// and `<V4|V6>` in MessagePack. In [`Encoding::Bytes`] everything is `bytes`.
#[must_use]
pub fn of_encoded<T: DeserializeOwned>(encoding: Encoding) -> String {
    match encoding {
        Encoding::Bytes => "bytes".to_owned(),
        Encoding::MessagePack | Encoding::Json => {
            trace::trace::<T>(encoding.is_human_readable()).to_string()
        }
    }
}

/// True if two shapes may be of the same type. `?` agrees with anything, also inside of a shape. The order of the fields of a struct and
/// of the variants of an enum does not matter. A text that is no shape agrees with the same text alone.
#[must_use]
pub fn agree(a: &str, b: &str) -> bool {
    a == b || matches!((text::parse(a), text::parse(b)), (Some(a), Some(b)) if a.agrees(&b))
}
