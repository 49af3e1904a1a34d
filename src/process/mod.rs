//! Executors whose workers are processes.

// Until the pool is there to use it.
#![allow(dead_code, unused_imports)]

pub mod codec;
// Beside it, since others compile the codec too: `benches`, `fuzz`.
#[cfg(test)]
mod codec_tests;
