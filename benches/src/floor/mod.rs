//! What the machine allows: hand-overs between two threads or two processes with no pool around
//! them.

pub mod exec;
pub mod limits;
pub mod parked;
pub mod shared;
pub mod spinning;
pub mod two_lines;
