//! The guest's side of `raddle-wasm`: it makes functions of a WebAssembly component tasks that a pool calls.
//!
//! A guest is a library crate that is built for WebAssembly. One macro lists its tasks:
//!
//! ```
//! use serde::{Deserialize, Serialize};
//!
//! raddle_guest::tasks![double, middle, try parse as "parse-number", bytes brighten];
//!
//! fn double(n: u64) -> u64 {
//!     2 * n
//! }
//!
//! #[derive(Serialize, Deserialize)]
//! struct Point {
//!     x: f64,
//!     y: f64,
//! }
//!
//! /// Two arguments are a tuple, none is `()`.
//! fn middle((a, b): (Point, Point)) -> Point {
//!     Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 }
//! }
//!
//! /// After `try`, an error is the failure of the call.
//! fn parse(text: String) -> Result<i64, std::num::ParseIntError> {
//!     text.trim().parse()
//! }
//!
//! /// After `bytes`, nothing is encoded or decoded.
//! fn brighten(mut pixels: Vec<u8>) -> Vec<u8> {
//!     pixels.iter_mut().for_each(|pixel| *pixel = pixel.saturating_add(16));
//!     pixels
//! }
//! ```
//!
//! Its `Cargo.toml`:
//!
//! ```toml
//! [package]
//! name = "my-tasks"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! raddle-guest = "0.1"
//! serde = { version = "1", features = ["derive"] }
//!
//! [profile.release]
//! panic = "abort"            # as always on WebAssembly
//! strip = false              # a trap's backtrace has the names of functions
//! debug = "line-tables-only" # and their lines
//! ```
//!
//! And how to build it. The pool loads `target/wasm32-wasip2/release/my_tasks.wasm`:
//!
//! ```sh
//! rustup target add wasm32-wasip2
//! cargo build --release --target wasm32-wasip2
//! ```
//!
//! # What a guest imports
//!
//! This crate imports one function, `panicked`, through which the host learns what a panic says. The standard library on `wasm32-wasip2`
//! imports more, even where a program uses none of it: the environment, the exit code, the three standard streams. With files, clocks,
//! random numbers or sockets in use it imports those. A host decides what it gives. On `wasm32-unknown-unknown` the standard library imports
//! nothing; there `wasm-tools component new` makes a component of the module that cargo built.
//!
//! # What a guest may rely on
//!
//! - One call runs at a time in an instance. Statics and thread-locals keep their values from one call to the next, but a pool has many
//!   instances, and may replace one at any time: they are good for caches, and for nothing else.
//! - A panic ends the instance. The call fails with the message and location of the panic, and the next call finds a new instance. So
//!   a panic hook that the program installs takes the place of the one that tells the host.
//! - A task is a plain function and is tested as one: the crate builds for the machine it is built on too, where `tasks!` exports nothing.
//!
//! # What travels
//!
//! Arguments and results are encoded with serde, in MessagePack or (after `json`) in JSON: see [`encoding`]. The types of the host's
//! side need not be the same Rust types, only of the same [`shape`]. The host compares shapes when it looks up a function, so a
//! difference is an error then, and no wrong number later.

// The bindings name this crate as a user's crate does.
#[cfg(target_family = "wasm")]
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
