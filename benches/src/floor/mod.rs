//! What the machine allows: hand-overs between two threads with no pool around them.

pub mod limits;
pub mod parked;
pub mod spinning;
