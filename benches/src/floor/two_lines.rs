//! Two words on two cache lines, both sides of which spin: the request goes on one, the answer on the other.
//!
//! It is what remains of a pool's round trip when everything but the places is taken away: a task is announced in
//! one place, where a worker looks for any task, and its answer appears in another, that of this task.
//!
//! A word holds the number of the turn in its upper half and the payload in its lower one. Only the caller
//! writes requests, only the worker answers.

use super::parked::answer;
use crate::measure::place::on_core;
use crossbeam_utils::CachePadded;
use std::cell::Cell;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::*};
use std::thread::{self, JoinHandle};

/// A turn of which there is no answer.
const STOP: u32 = u32::MAX;

#[derive(Default)]
struct Words {
    request: CachePadded<AtomicU64>,
    answer: CachePadded<AtomicU64>,
}

/// A worker at the other end of two words.
pub struct TwoLines {
    words: Arc<Words>,
    turn: Cell<u32>,
    worker: Option<JoinHandle<()>>,
}

impl TwoLines {
    /// Starts the worker, on a core or anywhere.
    pub fn new(core: Option<usize>) -> TwoLines {
        let words = Arc::new(Words::default());
        let theirs = Arc::clone(&words);
        let worker = on_core(core, || thread::spawn(move || serve(&theirs)));
        TwoLines {
            words,
            turn: Cell::new(0),
            worker: Some(worker),
        }
    }

    /// One round trip.
    #[inline]
    pub fn call(&self, x: u32) -> u32 {
        let turn = self.turn.get() + 1;
        self.turn.set(turn);
        self.words.request.store(word(turn, x), Release);
        spin_until_turn(&self.words.answer, |there| there == turn).1
    }
}

impl Drop for TwoLines {
    fn drop(&mut self) {
        self.words.request.store(word(STOP, 0), Release);
        self.worker.take().unwrap().join().unwrap();
    }
}

fn word(turn: u32, payload: u32) -> u64 {
    u64::from(turn) << 32 | u64::from(payload)
}

fn serve(words: &Words) {
    let mut last = 0;
    loop {
        let (turn, x) = spin_until_turn(&words.request, |turn| turn != last);
        if turn == STOP {
            return;
        }
        last = turn;
        words.answer.store(word(turn, answer(x)), Release);
    }
}

/// Spins, and now and then lets others run, as with one line.
#[inline]
fn spin_until_turn(place: &AtomicU64, ready: impl Fn(u32) -> bool) -> (u32, u32) {
    let mut spins = 0_u32;
    loop {
        let seen = place.load(Acquire);
        let turn = (seen >> 32) as u32;
        if ready(turn) {
            return (turn, seen as u32);
        }
        spins += 1;
        if spins.is_multiple_of(1 << 10) {
            thread::yield_now();
        } else {
            spin_loop();
        }
    }
}
