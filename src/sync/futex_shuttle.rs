//! The futex under shuttle.
//!
//! A thread sleeps by blocking on a future. The first poll of the future reads the word, compares and enqueues. No other
//! thread runs between that and the sleep, because shuttle switches threads only at its own operations. The sleep has no
//! spurious wake-ups of its own, so an exhaustive search terminates. Faults come from the plan.

use super::atomic::{AtomicBool, AtomicU32, Ordering};
use super::faults;
use super::{FutexWait, Watched};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Instant;

struct Sleeper {
    waker: Waker,
    woken: Rc<Cell<bool>>,
}

thread_local! {
    // A thread-local of the OS thread, on which all threads of one execution run.
    static SLEEPERS: RefCell<HashMap<usize, VecDeque<Sleeper>>> = RefCell::new(HashMap::new());
}

pub(super) fn reset() {
    SLEEPERS.with_borrow_mut(HashMap::clear);
}

/// Sleeps while `*word == expected`; times out only if the fault plan says so.
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    wait_any(&[Watched::own(word, expected)], deadline)
}

/// Sleeps while all words hold their expected values.
pub fn wait_any(words: &[Watched<'_>], deadline: Option<Instant>) -> FutexWait {
    let addresses = || {
        let words = words.iter();
        words.map(|watched| std::ptr::from_ref(watched.word).addr())
    };
    let mut asleep: Option<Rc<Cell<bool>>> = None;
    shuttle::future::block_on(poll_fn(|cx| {
        if let Some(woken) = &asleep {
            if !woken.get() {
                return Poll::Pending;
            }
            // A wake through one word also ends the sleep on the others.
            SLEEPERS.with_borrow_mut(|all| {
                for address in addresses() {
                    let sleepers = all
                        .get_mut(&address)
                        .expect("this thread sleeps on the word");
                    sleepers.retain(|sleeper| !Rc::ptr_eq(&sleeper.woken, woken));
                }
            });
            return Poll::Ready(FutexWait::Woken);
        }
        // The load lets other threads run first. From here to the sleep, no other thread runs.
        words[0].word.load(Ordering::SeqCst);
        let changed = words.iter().any(|watched| {
            // SAFETY: one thread runs at a time, and this one is not interrupted here.
            unsafe { watched.word.unsync_load() != watched.expected }
        });
        if let Some(early) = faults::decide(deadline.is_some()) {
            return Poll::Ready(early);
        }
        if changed {
            return Poll::Ready(FutexWait::Changed);
        }
        let woken = Rc::new(Cell::new(false));
        SLEEPERS.with_borrow_mut(|all| {
            for address in addresses() {
                let sleeper = Sleeper {
                    waker: cx.waker().clone(),
                    woken: Rc::clone(&woken),
                };
                all.entry(address).or_default().push_back(sleeper);
            }
        });
        asleep = Some(woken);
        Poll::Pending
    }))
}

/// Wakes one of the threads that sleep on the word at this address, if there is one.
pub fn wake_one(word: *const AtomicU32) {
    wake(word, 1);
}

/// Wakes every thread that sleeps on the word at this address.
pub fn wake_all(word: *const AtomicU32) {
    wake(word, usize::MAX);
}

/// As [`wait`]: a checker has only one process.
pub fn wait_shared(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    wait(word, expected, deadline)
}

/// As [`wake_all`].
pub fn wake_all_shared(word: *const AtomicU32) {
    wake_all(word);
}

fn wake(word: *const AtomicU32, n: usize) {
    // A shuttle operation, so that other threads can run before the wake. It uses an atomic of its own, because the word may
    // be gone by now.
    AtomicBool::new(false).load(Ordering::SeqCst);
    let woken: Vec<Sleeper> = SLEEPERS.with_borrow_mut(|all| {
        let Some(sleepers) = all.get_mut(&word.addr()) else {
            return Vec::new();
        };
        let n = n.min(sleepers.len());
        sleepers.drain(..n).collect()
    });
    for sleeper in woken {
        sleeper.woken.set(true);
        sleeper.waker.wake();
    }
}
