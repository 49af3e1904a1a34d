//! A mailbox on one cache line, both sides of which spin.
//!
//! The word holds a tag in its two lowest bits and the payload above them. The caller writes a
//! request, the worker overwrites it with the answer; no other thread writes. The caller's store hands
//! the word to the worker, the worker's hands it back.

use super::parked::answer;
use crate::measure::place::on_core;
use crossbeam_utils::CachePadded;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread::{self, JoinHandle};

const IDLE: u32 = 0b00;
const REQUEST: u32 = 0b01;
const STOP: u32 = 0b10;
const TAG: u32 = 0b11;

/// A worker at the other end of one word.
pub struct Spinning {
    word: Arc<CachePadded<AtomicU32>>,
    worker: Option<JoinHandle<()>>,
}

impl Spinning {
    /// Starts the worker, on a core or anywhere.
    pub fn new(core: Option<usize>) -> Spinning {
        let word = Arc::new(CachePadded::new(AtomicU32::new(IDLE)));
        let theirs = Arc::clone(&word);
        let worker = on_core(core, || thread::spawn(move || serve(&theirs)));
        Spinning {
            word,
            worker: Some(worker),
        }
    }

    /// One round trip with 30 bits of payload.
    #[inline]
    pub fn call(&self, x: u32) -> u32 {
        self.word.store(x << 2 | REQUEST, Release);
        spin_until(&self.word, |word| word & TAG == IDLE) >> 2
    }
}

impl Drop for Spinning {
    fn drop(&mut self) {
        self.word.store(STOP, Release);
        self.worker.take().unwrap().join().unwrap();
    }
}

fn serve(word: &AtomicU32) {
    loop {
        let request = spin_until(word, |word| word & TAG != IDLE);
        if request & TAG == STOP {
            return;
        }
        word.store(answer(request >> 2) << 2 | IDLE, Release);
    }
}

/// Spins, and now and then lets others run: with both ends on one core the other end is waiting for
/// exactly this thread to leave it.
#[inline]
pub fn spin_until(word: &AtomicU32, ready: impl Fn(u32) -> bool) -> u32 {
    let mut spins = 0_u32;
    loop {
        let seen = word.load(Acquire);
        if ready(seen) {
            return seen;
        }
        spins += 1;
        if spins.is_multiple_of(1 << 10) {
            thread::yield_now();
        } else {
            spin_loop();
        }
    }
}
