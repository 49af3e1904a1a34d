//! Detects that this process is a forked child. One load on the fast path.
//!
//! The fork [generation](super::generation) of this process is in a page that the kernel wipes in a forked child. A thread
//! that finds the page wiped counts one further. An object of an earlier generation has its threads in a parent process.
//! Where the kernel has no such page, and under Miri, the process id takes its place.

use super::generation::{Named, Page};
use crate::sync;
use crate::sync::atomic::AtomicU32;
use crate::sync::unmodelled::{AtomicPtr, Ordering};
use std::ptr::{self, NonNull};

enum Watch {
    /// The page that is wiped on fork, and the generation in memory that is not.
    Page(NonNull<Page>, AtomicU32),
    /// The generation, together with the process id.
    Id(Named),
}

/// Null until the first call. There is no lock around it: a child that is forked while another thread holds the lock would
/// wait for that thread for ever.
static WATCH: AtomicPtr<Watch> = AtomicPtr::new(ptr::null_mut());

/// The fork generation: a number that differs between a process and the process that it was forked from.
#[inline]
pub fn generation() -> u32 {
    if sync::MODEL {
        // A checker's atomics live for one execution only, and no execution forks.
        return 0;
    }
    // ORDERING: fork.watch Acquire -> pairs with fork.first: the watch.
    // SAFETY: null, or made by `first` and never freed.
    let watch = unsafe { WATCH.load(Ordering::Acquire).as_ref() };
    match watch.unwrap_or_else(first) {
        // SAFETY: never unmapped.
        Watch::Page(page, kept) => unsafe { page.as_ref() }.generation(kept),
        Watch::Id(named) => named.generation(std::process::id()),
    }
}

#[cold]
fn first() -> &'static Watch {
    let mine = Box::into_raw(Box::new(Watch::new()));
    // ORDERING: fork.first AcqRel -> release pairs with fork.watch, acquire with another thread's fork.first: the watch.
    let theirs = WATCH.compare_exchange(ptr::null_mut(), mine, Ordering::AcqRel, Ordering::Acquire);
    let Err(theirs) = theirs else {
        // SAFETY: never freed.
        return unsafe { &*mine };
    };
    // SAFETY: this thread alone has the pointer.
    if let Watch::Page(page, _) = *unsafe { Box::from_raw(mine) } {
        unmap(page);
    }
    // SAFETY: not null, and never freed.
    unsafe { &*theirs }
}

impl Watch {
    fn new() -> Self {
        match map_page() {
            Some(page) => Self::Page(page, AtomicU32::new(0)),
            None => Self::Id(Named::new()),
        }
    }
}

const PAGE: usize = 4096;

fn map_page() -> Option<NonNull<Page>> {
    if cfg!(miri) {
        return None;
    }
    // SAFETY: an anonymous mapping of one page (the kernel rounds up) at an address of its choice.
    let page = unsafe {
        libc::mmap(
            ptr::null_mut(),
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
    // The kernel's zeroes are the first state of a page.
    let page = NonNull::new(page.cast::<Page>())?;
    // SAFETY: the mapping was just made, and only this thread has its address.
    if unsafe { libc::madvise(page.as_ptr().cast(), PAGE, libc::MADV_WIPEONFORK) } != 0 {
        unmap(page);
        return None;
    }
    Some(page)
}

/// Unmaps a page to which the caller has the only pointer.
fn unmap(page: NonNull<Page>) {
    // SAFETY: mapped by `map_page`; the caller has the only pointer.
    unsafe { libc::munmap(page.as_ptr().cast(), PAGE) };
}

#[cfg(test)]
mod tests {
    use super::generation;
    use crate::sync::atomic::{AtomicU32, Ordering};
    use crate::sync::{Arc, hint, thread};

    #[test]
    fn a_forked_child_is_one_generation_further() {
        let before = generation();
        // SAFETY: the child only reads two words and ends with _exit.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "fork failed");
        if child == 0 {
            let further = generation() == before + 1 && generation() == before + 1;
            // SAFETY: ends the child without running any exit code of the parent.
            unsafe { libc::_exit(i32::from(!further)) };
        }
        let mut status = 0;
        // SAFETY: our child, our status word.
        let reaped = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((reaped, status), (child, 0));
        assert_eq!(generation(), before);
    }

    /// Two threads of a child meet, and then both make the child's first call.
    #[test]
    fn two_threads_of_a_child_agree() {
        let before = generation();
        for round in 0..300 {
            // SAFETY: the child starts two threads, reads a few words and ends with _exit.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "fork failed");
            if child == 0 {
                let here = Arc::new(AtomicU32::new(0));
                let look = || {
                    let here = Arc::clone(&here);
                    thread::spawn(move || {
                        // ORDERING: fork.test Relaxed: only makes the two threads meet.
                        here.fetch_add(1, Ordering::Relaxed);
                        // ORDERING: fork.test-look Relaxed: as above.
                        while here.load(Ordering::Relaxed) < 2 {
                            hint::spin_loop();
                        }
                        generation()
                    })
                };
                let both = [look(), look()].map(|thread| thread.join().ok());
                let agree = both == [Some(before + 1); 2];
                // SAFETY: ends the child without running any exit code of the parent.
                unsafe { libc::_exit(i32::from(!agree)) };
            }
            let mut status = 0;
            // SAFETY: our child, our status word.
            let reaped = unsafe { libc::waitpid(child, &raw mut status, 0) };
            assert_eq!((reaped, status), (child, 0), "in round {round}");
        }
    }
}
