extern crate self as raddle_guest;

pub mod encoding;
mod macros;
pub mod shape;
mod task;

#[cfg(target_family = "wasm")]
mod export;

/// What the macros expand to. No part of the API.
#[doc(hidden)]
pub mod __private {
    pub use crate::task::*;

    #[cfg(target_family = "wasm")]
    pub use crate::export::{bindings, call as exported_call, list as exported_list};
    #[cfg(target_family = "wasm")]
    pub use wit_bindgen;
}
