//! Clocks, counters, placement, rounds and tables: everything that is not a pool or a workload.

pub mod apart;
pub mod family;
pub mod heap;
pub mod latch;
pub mod machine;
pub mod noise;
pub mod page;
pub mod place;
pub mod report;
pub mod round;
pub mod statistics;
pub mod summary;
pub mod usage;
pub mod work;
