//! How arguments and results become bytes. Host and guest both call these functions, so they cannot disagree.

use rmp_serde::decode::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How the argument and the result of a task travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// One value in MessagePack. A struct is a map with the names of its fields, an enum has the names of its variants.
    MessagePack,
    /// One value in JSON.
    Json,
    /// The bytes themselves: argument and result are byte strings.
    Bytes,
}

impl Encoding {
    /// True if types with a readable form, such as IP addresses, travel in it.
    #[must_use]
    pub fn is_human_readable(self) -> bool {
        self == Encoding::Json
    }
}

/// How deep a value in MessagePack may be nested, as for JSON in `serde_json`. It bounds the stack that decoding needs.
const MAX_DEPTH: usize = 128;

/// Appends the encoded value to `out`.
///
/// # Errors
///
/// The value refuses to be serialized, or JSON has no form for it (a map whose keys are structs). Under [`Encoding::Bytes`] there is
/// nothing to encode, so it is an error for every value. `out` may then hold a part of the value.
///
/// # Examples
///
/// ```
/// use raddle_guest::encoding::{Encoding, decode, encode};
///
/// let mut bytes = Vec::new();
/// encode(Encoding::Json, &(1, "warp"), &mut bytes)?;
/// assert_eq!(bytes, br#"[1,"warp"]"#);
/// assert_eq!(decode(Encoding::Json, &bytes), Ok((1, "warp".to_owned())));
/// # Ok::<(), String>(())
/// ```
pub fn encode<T>(encoding: Encoding, value: &T, out: &mut Vec<u8>) -> Result<(), String>
where
    T: Serialize + ?Sized,
{
    match encoding {
        Encoding::MessagePack => {
            let mut serializer = rmp_serde::Serializer::new(out).with_struct_map();
            value
                .serialize(&mut serializer)
                .map_err(|error| error.to_string())
        }
        Encoding::Json => serde_json::to_writer(out, value).map_err(|error| error.to_string()),
        Encoding::Bytes => Err(NOT_ENCODED.to_owned()),
    }
}

/// Decodes one value, which has to be all of `bytes`.
///
/// # Errors
///
/// The bytes are malformed, hold another type, go on after the value, or are nested more than 128 levels deep. Under
/// [`Encoding::Bytes`] there is nothing to decode, so it is an error for every type.
pub fn decode<T>(encoding: Encoding, bytes: &[u8]) -> Result<T, String>
where
    T: DeserializeOwned,
{
    match encoding {
        Encoding::MessagePack => {
            let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
            deserializer.set_max_depth(MAX_DEPTH);
            let value = T::deserialize(&mut deserializer).map_err(|error| error.to_string())?;
            // It does not tell where it is. Only at the end can it not read the first byte of another value.
            match <()>::deserialize(&mut deserializer) {
                Err(Error::InvalidMarkerRead(_)) => Ok(value),
                _ => Err("more bytes follow the value".to_owned()),
            }
        }
        Encoding::Json => serde_json::from_slice(bytes).map_err(|error| error.to_string()),
        Encoding::Bytes => Err(NOT_ENCODED.to_owned()),
    }
}

const NOT_ENCODED: &str = "a byte string travels as it is: there is nothing to encode or decode";
