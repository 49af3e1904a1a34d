//! The same mailbox with both sides asleep between their turns, on a futex.

use crate::measure::place::on_core;
use crossbeam_utils::CachePadded;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread::{self, JoinHandle};

const IDLE: u32 = 0b00;
const REQUEST: u32 = 0b01;
const STOP: u32 = 0b10;
const TAG: u32 = 0b11;

/// What the worker of a mailbox replies, in 30 bits. As much work as the tasks given to the pools.
#[inline]
pub fn answer(x: u32) -> u32 {
    x.wrapping_mul(3).wrapping_add(1) & (u32::MAX >> 2)
}

/// A worker at the other end of one futex word.
pub struct Parked {
    word: Arc<CachePadded<AtomicU32>>,
    worker: Option<JoinHandle<()>>,
}

impl Parked {
    /// Starts the worker, on a core or anywhere.
    pub fn new(core: Option<usize>) -> Parked {
        let word = Arc::new(CachePadded::new(AtomicU32::new(IDLE)));
        let theirs = Arc::clone(&word);
        let worker = on_core(core, || thread::spawn(move || serve(&theirs)));
        Parked {
            word,
            worker: Some(worker),
        }
    }

    /// One round trip with 30 bits of payload.
    #[inline]
    pub fn call(&self, x: u32) -> u32 {
        self.word.store(x << 2 | REQUEST, Release);
        wake(&self.word);
        sleep_while(&self.word, |word| word & TAG != IDLE) >> 2
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        self.word.store(STOP, Release);
        wake(&self.word);
        self.worker.take().unwrap().join().unwrap();
    }
}

fn serve(word: &AtomicU32) {
    loop {
        let request = sleep_while(word, |word| word & TAG == IDLE);
        if request & TAG == STOP {
            return;
        }
        word.store(answer(request >> 2) << 2 | IDLE, Release);
        wake(word);
    }
}

/// Sleeps on the word as long as it looks like this.
pub fn sleep_while(word: &AtomicU32, asleep: impl Fn(u32) -> bool) -> u32 {
    sleep_on(word, libc::FUTEX_PRIVATE_FLAG, asleep)
}

/// The same on a word in memory that other processes map too.
pub fn sleep_while_shared(word: &AtomicU32, asleep: impl Fn(u32) -> bool) -> u32 {
    sleep_on(word, 0, asleep)
}

fn sleep_on(word: &AtomicU32, flags: libc::c_int, asleep: impl Fn(u32) -> bool) -> u32 {
    loop {
        let seen = word.load(Acquire);
        if !asleep(seen) {
            return seen;
        }
        // SAFETY: the address is that of a live, aligned u32; no timeout is given. The kernel compares
        // and sleeps in one step, and any return is answered by looking again.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT | flags,
                seen,
                std::ptr::null::<libc::timespec>(),
            );
        }
    }
}

/// Wakes one sleeper on the word.
pub fn wake(word: &AtomicU32) {
    wake_on(word, libc::FUTEX_PRIVATE_FLAG);
}

/// The same on a word in memory that other processes map too.
pub fn wake_shared(word: &AtomicU32) {
    wake_on(word, 0);
}

fn wake_on(word: &AtomicU32, flags: libc::c_int) {
    // SAFETY: the address is that of a live, aligned u32, which the kernel does not even read.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | flags, 1);
    }
}
