//! The CPU cores that this process may use, and the core on which a thread runs.

use core_affinity::CoreId;

/// The cores that the calling thread may use (`sched_getaffinity`), ascending.
///
/// If the system cannot tell, all online cores.
pub fn allowed() -> Vec<usize> {
    let Some(cores) = core_affinity::get_core_ids() else {
        // SAFETY: returns a number.
        let online = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
        return (0..usize::try_from(online).unwrap_or(1).max(1)).collect();
    };
    let mut cores: Vec<usize> = cores.into_iter().map(|core| core.id).collect();
    cores.sort_unstable();
    cores
}

/// Keeps the calling thread on one core. False: the system refused.
pub fn pin(core: usize) -> bool {
    core_affinity::set_for_current(CoreId { id: core })
}

/// The core that the calling thread currently runs on, if the system can tell.
#[inline]
pub fn current() -> Option<usize> {
    // A checker's schedules must not depend on the core that it runs on.
    if crate::sync::MODEL || cfg!(miri) {
        return None;
    }
    // SAFETY: no arguments; reads the thread's own memory or makes a system call.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// `cores` in this order: first one hardware thread of each physical core, then the second ones, and so on. Each group is
/// ascending.
pub fn physical_first(cores: &[usize]) -> Vec<usize> {
    let mut ranked: Vec<(usize, usize)> = cores
        .iter()
        .map(|&core| (sibling_rank(core), core))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, core)| core).collect()
}

/// 0 for the first hardware thread of a physical core, 1 for the second, and so on.
fn sibling_rank(core: usize) -> usize {
    let path = format!("/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list");
    let Ok(list) = std::fs::read_to_string(path) else {
        return 0;
    };
    parse_list(&list)
        .iter()
        .position(|&sibling| sibling == core)
        .unwrap_or(0)
}

/// The kernel's list format: `0,4-6`.
fn parse_list(text: &str) -> Vec<usize> {
    let mut cores = Vec::new();
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
            cores.extend(first..=last);
        }
    }
    cores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lists_are_read() {
        assert_eq!(parse_list("0,4-6\n"), [0, 4, 5, 6]);
        assert_eq!(parse_list("3"), [3]);
        assert_eq!(parse_list(""), [] as [usize; 0]);
    }

    #[test]
    fn this_thread_may_run_somewhere() {
        let allowed = allowed();
        assert!(!allowed.is_empty());
        let mut ordered = physical_first(&allowed);
        ordered.sort_unstable();
        assert_eq!(ordered, allowed);
    }
}
