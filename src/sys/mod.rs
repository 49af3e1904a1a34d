//! The only entry point to Linux, apart from the futex: thin, safe wrappers around system calls, one subject in each module.

pub mod affinity;
pub mod cgroup;
#[cfg(feature = "process")]
pub mod descriptor;
#[cfg(feature = "process")]
pub mod events;
#[cfg(feature = "process")]
pub mod exe;
pub mod fork;
pub mod generation;
pub mod limits;
#[cfg(feature = "process")]
pub mod memfd;
#[cfg(feature = "process")]
pub mod myself;
#[cfg(all(feature = "process", not(any(raddle_loom, raddle_shuttle))))]
pub mod overflow;
#[cfg(not(any(raddle_loom, raddle_shuttle)))]
pub mod pages;
#[cfg(feature = "process")]
pub mod pidfd;
pub mod prefetch;
pub mod refusal;
#[cfg(feature = "process")]
pub mod signals;
#[cfg(feature = "process")]
pub mod socket;
#[cfg(feature = "process")]
pub mod spawn;
