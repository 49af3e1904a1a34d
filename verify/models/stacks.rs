//! Stacks of loom's threads, used again.
//!
//! loom gives each thread of each execution a new stack, from `mmap` and back by `munmap`: a third of a model's time was the kernel's.
//! This binary has these two functions itself. What is mapped as a stack of that one length is kept when it is unmapped, and is
//! the next one; everything else goes to the kernel. A kept stack still has its guard page, and is not zero, which nobody asks of a stack.

use libc::{
    MAP_ANONYMOUS, MAP_PRIVATE, MAP_STACK, PROT_READ, PROT_WRITE, c_int, c_void, off_t, size_t,
};
use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::*};

/// A stack as loom wants it, and its guard page.
const LENGTH: size_t = 0x8000 + 0x1000;

/// More than all threads of the models that run at a time. What does not fit is not kept.
const MOST: usize = 64;

static STACKS: [Stack; MOST] = [const { Stack::new() }; MOST];

/// A place for a stack.
struct Stack {
    state: AtomicU8,
    /// Written once, by the thread that brings the place from `NONE` to `USED`.
    address: AtomicUsize,
}

const NONE: u8 = 0;
const USED: u8 = 1;
const FREE: u8 = 2;

impl Stack {
    const fn new() -> Self {
        Self {
            state: AtomicU8::new(NONE),
            address: AtomicUsize::new(0),
        }
    }

    /// True: it is the caller's now.
    fn change(&self, from: u8, to: u8) -> bool {
        // Acquire and Release: the stack's memory goes from the thread that frees it to the one that takes it.
        self.state.load(Relaxed) == from
            && self
                .state
                .compare_exchange(from, to, AcqRel, Relaxed)
                .is_ok()
    }
}

/// # Safety
/// As `mmap`'s.
// SAFETY: it does what mmap promises: a stack that nobody uses is as good as a new one.
#[unsafe(no_mangle)]
unsafe extern "C" fn mmap(
    address: *mut c_void,
    length: size_t,
    protection: c_int,
    flags: c_int,
    file: c_int,
    offset: off_t,
) -> *mut c_void {
    let is_stack = address.is_null()
        && length == LENGTH
        && protection == PROT_READ | PROT_WRITE
        && flags == MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK;
    if is_stack && let Some(stack) = STACKS.iter().find(|stack| stack.change(FREE, USED)) {
        return ptr::with_exposed_provenance_mut(stack.address.load(Relaxed));
    }
    // SAFETY: the caller's own call.
    let mapped = unsafe {
        libc::syscall(
            libc::SYS_mmap,
            address,
            length,
            protection,
            flags,
            file,
            offset,
        )
    };
    let mapped = ptr::with_exposed_provenance_mut::<c_void>(mapped as usize);
    if is_stack
        && mapped != libc::MAP_FAILED
        && let Some(stack) = STACKS.iter().find(|stack| stack.change(NONE, USED))
    {
        stack.address.store(mapped.addr(), Relaxed);
    }
    mapped
}

/// # Safety
/// As `munmap`'s.
// SAFETY: nobody but `mmap` above learns that the memory is still there.
#[unsafe(no_mangle)]
unsafe extern "C" fn munmap(address: *mut c_void, length: size_t) -> c_int {
    let is_stack = |stack: &&Stack| stack.address.load(Relaxed) == address.addr();
    if length == LENGTH
        && let Some(stack) = STACKS.iter().find(is_stack)
    {
        assert!(stack.change(USED, FREE), "a stack is freed twice");
        return 0;
    }
    // SAFETY: the caller's own call.
    unsafe { libc::syscall(libc::SYS_munmap, address, length) as c_int }
}
