//! Executors whose workers are processes.

// Until the pool is there to use it.
#![allow(dead_code, unused_imports)]

pub mod codec;
