//! What the instruction counts stand on: one place where counting begins and ends, an allocator that takes
//! the same steps for every request, and pools whose workers stand still while one thread is counted.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;

use raddle::ThreadPool;

/// Callgrind collects while a thread is in this function, and for this thread alone.
#[inline(never)]
pub fn counted<T>(path: impl FnOnce() -> T) -> T {
    let value = path();
    // No tail call: `path` returns to here, and from here counting ends.
    black_box(&value);
    value
}

/// Runs a path often enough that its thread-locals, recycled cells and first blocks are there, then counts it once.
/// What it returns is dropped outside of the count.
pub fn warm<I, T>(mut input: impl FnMut() -> I, path: impl Fn(I) -> T) -> T {
    for _ in 0..8 {
        drop(black_box(path(black_box(input()))));
    }
    let input = black_box(input());
    counted(|| path(input))
}

/// Memory that is handed out once and never freed: glibc's malloc is in no count.
struct Bump {
    memory: UnsafeCell<[u8; MEMORY]>,
    used: AtomicUsize,
}

const MEMORY: usize = 256 << 20;

// SAFETY: each byte of the memory is handed out once.
unsafe impl Sync for Bump {}

// SAFETY: blocks lie within the memory, are aligned and never overlap.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A line more than is needed, instead of a loop that aligns.
        let room = layout.size().next_multiple_of(64) + layout.align().max(64);
        let begin = self.used.fetch_add(room, Relaxed);
        if begin + room > MEMORY {
            return ptr::null_mut();
        }
        // SAFETY: within the memory.
        let block = unsafe { self.memory.get().cast::<u8>().add(begin) };
        let aligned = block.addr().next_multiple_of(layout.align());
        block.with_addr(aligned)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise. Memory that was never handed out is zero.
        unsafe { self.alloc(layout) }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static MEMORY_OF_ALL: Bump = Bump {
    memory: UnsafeCell::new([0; MEMORY]),
    used: AtomicUsize::new(0),
};

/// One core for all threads: then no thread spins, for a time that would differ from run to run.
pub fn on_one_core() {
    // SAFETY: plain data.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: a set of the size that is given.
    let got = unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) };
    assert_eq!(got, 0, "the kernel tells which cores are allowed");
    let first = (0..libc::CPU_SETSIZE as usize)
        // SAFETY: below the set's size.
        .find(|&core| unsafe { libc::CPU_ISSET(core, &set) })
        .expect("some core is allowed");
    // SAFETY: plain data.
    let mut one: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: below the set's size.
    unsafe { libc::CPU_SET(first, &mut one) };
    // SAFETY: a set of the size that is given.
    let set = unsafe { libc::sched_setaffinity(0, size_of_val(&one), &raw const one) };
    assert_eq!(set, 0, "a core that is allowed can be chosen");
}

/// A pool of one worker.
pub fn pool() -> &'static ThreadPool {
    on_one_core();
    // Never dropped: its end is in no count, and a worker that stands still would hold it up.
    Box::leak(Box::new(ThreadPool::new(1).expect("a pool starts")))
}

/// A pool whose only worker has begun a task that never ends, and sleeps in it outside of the pool's sight.
pub fn busy() -> &'static ThreadPool {
    let pool = pool();
    let (begun, has_begun) = mpsc::channel();
    pool.spawn(move || {
        begun.send(()).expect("somebody waits for this");
        stand_still();
    });
    has_begun.recv().expect("the worker begins");
    pool
}

/// A pool whose only worker has nothing to do and has lain down, after it has run some tasks.
pub fn asleep() -> &'static ThreadPool {
    let pool = pool();
    let lies_down_after = |parked| {
        while pool.stats().parked() == parked {
            std::thread::yield_now();
        }
    };
    lies_down_after(0);
    for parked in 1..8 {
        pool.spawn(|| ()).wait();
        lies_down_after(parked);
    }
    pool
}

/// Sleeps for ever.
pub fn stand_still() -> ! {
    loop {
        std::thread::park();
    }
}

/// Runs `f` on the only worker of a pool.
pub fn on_worker<T: Send + 'static>(
    f: impl FnOnce(&'static ThreadPool) -> T + Send + 'static,
) -> T {
    let pool = pool();
    let value = pool.spawn(move || f(pool)).result();
    value.expect("the counted path does not fail")
}
