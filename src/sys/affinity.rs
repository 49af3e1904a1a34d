//! Which cores this process may use, and on which one a thread runs.

use core_affinity::CoreId;

/// The cores that the calling thread may use, ascending.
///
/// Where the system does not tell (`sched_getaffinity`), all that there are.
pub fn allowed() -> Vec<usize> {
    let Some(cores) = core_affinity::get_core_ids() else {
        // SAFETY: asks for a number.
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

/// The core that the calling thread runs on just now, if the system can tell.
#[inline]
pub fn current() -> Option<usize> {
    // A checker repeats its schedules, wherever it runs.
    if crate::sync::MODEL || cfg!(miri) {
        return None;
    }
    // SAFETY: no arguments; answers from the thread's own area or by a system call.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// `cores`, one per physical core first and their hardware siblings after, each group ascending.
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
