//! Which cores a thread may run on.
//!
//! New threads inherit the mask of the thread that makes them, so any pool that makes its threads at
//! once can be placed by making it under [`on_core`].

use std::mem::{size_of, zeroed};

/// The mask of the calling thread.
pub fn allowed() -> Vec<usize> {
    let mask = current();
    (0..libc::CPU_SETSIZE as usize)
        // SAFETY: the index is below CPU_SETSIZE.
        .filter(|&core| unsafe { libc::CPU_ISSET(core, &mask) })
        .collect()
}

/// Runs `f` with the calling thread held on `core`, then gives the thread its mask back.
pub fn on_core<R>(core: Option<usize>, f: impl FnOnce() -> R) -> R {
    let Some(core) = core else { return f() };
    let _restore = Restore(current());
    // SAFETY: an all-zero cpu_set_t is the empty set.
    let mut one: libc::cpu_set_t = unsafe { zeroed() };
    // SAFETY: the set is a plain bit field and `core` is below CPU_SETSIZE, as it came from a mask.
    unsafe { libc::CPU_SET(core, &mut one) };
    apply(&one);
    f()
}

struct Restore(libc::cpu_set_t);

impl Drop for Restore {
    fn drop(&mut self) {
        apply(&self.0);
    }
}

fn current() -> libc::cpu_set_t {
    // SAFETY: an all-zero cpu_set_t is the empty set.
    let mut mask: libc::cpu_set_t = unsafe { zeroed() };
    // SAFETY: the kernel writes at most the given size into the mask.
    let rc = unsafe { libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut mask) };
    assert_eq!(
        rc,
        0,
        "sched_getaffinity: {}",
        std::io::Error::last_os_error()
    );
    mask
}

fn apply(mask: &libc::cpu_set_t) {
    // SAFETY: the kernel only reads the mask.
    let rc = unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), mask) };
    assert_eq!(
        rc,
        0,
        "sched_setaffinity: {}",
        std::io::Error::last_os_error()
    );
}
