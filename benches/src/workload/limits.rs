//! L: what the machine takes for a cache line, a wake and an allocation.

use crate::document::Role;
use crate::floor::limits::{cache_line, futex, malloc};
use crate::measure::round::{Options, Workload};

/// L.
pub fn workloads(options: &Options) -> Vec<Workload> {
    let mut limits = Workload::new("L", "limits of the machine, one way or one time", "ns");
    let trips = options.tasks(20_000);
    if let Some((a, b)) = options.cores {
        limits.entry(Role::Bound, "cache line between two cores", move || {
            cache_line((a, b), trips)
        });
        limits.entry(Role::Bound, "futex wake between two cores", move || {
            futex((a, b), trips / 4)
        });
    }
    let core = options.cores.map_or(0, |(a, _)| a);
    limits.entry(Role::Bound, "futex wake on one core", move || {
        futex((core, core), trips)
    });
    limits.entry(Role::Bound, "malloc and free of 16 bytes", move || {
        malloc(trips * 10)
    });
    vec![limits]
}
