//! Executors whose workers are processes.

// Until the pool is there to use it.
#![allow(dead_code, unused_imports)]

pub mod codec;
pub mod entry;
pub mod error;
pub mod memory;
pub mod outcome;
pub mod start;
pub mod worker;
