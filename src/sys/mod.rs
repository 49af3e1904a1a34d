//! The only door to Linux apart from the futex: thin, safe wrappers, one subject each.

pub mod affinity;
pub mod cgroup;
pub mod descriptor;
pub mod events;
pub mod exe;
pub mod fork;
pub mod generation;
pub mod limits;
pub mod memfd;
pub mod myself;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
pub mod pages;
pub mod pidfd;
pub mod prefetch;
pub mod refusal;
pub mod signals;
pub mod socket;
pub mod spawn;
