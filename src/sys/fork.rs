//! Has this process been forked? One load on the fast path.
//!
//! A page that the kernel wipes in a forked child holds a mark; the first look that finds it wiped
//! counts a generation further. Whatever was made in an earlier generation has its threads in a
//! parent. Where the kernel has no such page (or under an interpreter), the process id tells.

use crate::sync::unmodelled::{AtomicU32, Ordering};
use std::sync::OnceLock;

struct Watch {
    /// The wiped page, or null: then `pid` is compared.
    mark: *const AtomicU32,
    pid: AtomicU32,
}

// SAFETY: the page is never unmapped, and both words are atomics.
unsafe impl Send for Watch {}
// SAFETY: as above.
unsafe impl Sync for Watch {}

static WATCH: OnceLock<Watch> = OnceLock::new();
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// How many forks lie between the first call in an ancestor and this process.
#[inline]
pub fn generation() -> u32 {
    let watch = WATCH.get_or_init(Watch::new);
    // SAFETY: not null means mapped for good.
    let wiped = match unsafe { watch.mark.as_ref() } {
        // ORDERING: fork.mark Relaxed: written by this thread's ancestor before the fork, or by
        // the kernel; a race between two threads of a child is settled in `forked`.
        Some(mark) => mark.load(Ordering::Relaxed) == 0,
        // ORDERING: fork.pid Relaxed: as fork.mark.
        None => watch.pid.load(Ordering::Relaxed) != std::process::id(),
    };
    if wiped {
        watch.forked();
    }
    // ORDERING: fork.generation Relaxed: a number that says nothing about other memory.
    GENERATION.load(Ordering::Relaxed)
}

impl Watch {
    fn new() -> Self {
        let pid = AtomicU32::new(std::process::id());
        Self {
            mark: map_mark().unwrap_or(std::ptr::null()),
            pid,
        }
    }

    #[cold]
    fn forked(&self) {
        let now = std::process::id();
        // ORDERING: fork.swap Relaxed: only one thread of the child finds the parent's id.
        if self.pid.swap(now, Ordering::Relaxed) != now {
            // ORDERING: fork.count Relaxed: as fork.generation.
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: not null means mapped for good.
        if let Some(mark) = unsafe { self.mark.as_ref() } {
            // ORDERING: fork.mark-again Relaxed: as fork.mark.
            mark.store(1, Ordering::Relaxed);
        }
    }
}

fn map_mark() -> Option<*const AtomicU32> {
    if cfg!(miri) {
        return None;
    }
    const PAGE: usize = 4096;
    // SAFETY: an anonymous mapping of one page (the kernel rounds up) at an address of its choice.
    let page = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            PAGE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the mapping just made, which nobody else knows.
    if unsafe { libc::madvise(page, PAGE, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: as above.
        unsafe { libc::munmap(page, PAGE) };
        return None;
    }
    let mark = page.cast::<AtomicU32>();
    // SAFETY: page-aligned memory of our own, zero from the kernel.
    unsafe { (*mark).store(1, Ordering::Relaxed) }; // ORDERING: fork.first Relaxed: published by OnceLock.
    Some(mark)
}

#[cfg(test)]
mod tests {
    use super::generation;

    #[test]
    fn a_forked_child_is_one_generation_further() {
        let before = generation();
        // SAFETY: the child only looks at two words and leaves by _exit.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "fork failed");
        if child == 0 {
            let further = generation() == before + 1 && generation() == before + 1;
            // SAFETY: leaves the child without running anything of the parent's.
            unsafe { libc::_exit(i32::from(!further)) };
        }
        let mut status = 0;
        // SAFETY: our child, our status word.
        let reaped = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((reaped, status), (child, 0));
        assert_eq!(generation(), before);
    }
}
