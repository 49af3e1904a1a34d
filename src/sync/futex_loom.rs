//! The futex under loom.
//!
//! Compare and enqueue are one atomic step for other threads: both happen under the lock of the word's bucket. The word is
//! read by a read-modify-write that changes nothing, which sees the newest value, as the kernel does. A wake takes the same
//! lock, removes its sleepers and unparks them. A sleeper that is never woken makes loom report a deadlock: this is how lost
//! wake-ups are found.
//!
//! The bucket lock is not loom's mutex. A mutex would order the memory of all threads that use the bucket, and hide a
//! missing acquire after a wake-up. Instead a relaxed token makes loom consider both orders, and a plain flag does the
//! locking, since loom runs one thread at a time.
//!
//! One edge remains that the kernel does not promise: unparking orders the sleeper after its waker, because loom has no other
//! way to unblock a thread. Models therefore also run with a spurious return in place of the wake.

use super::atomic::AtomicU32;
use super::faults::{self, Plan};
use super::imp::is_over;
use super::sites;
use super::{FutexWait, Watched};
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread::Thread;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Instant;

#[derive(Clone)]
struct Sleeper {
    thread: Thread,
    woken: Rc<Cell<bool>>,
}

struct Bucket {
    token: usize,
    held: bool,
    /// Threads that wait for the lock.
    blocked: Vec<Thread>,
    sleepers: VecDeque<Sleeper>,
}

/// If an execution has more words than this, words share tokens. That adds needless schedules and loses none.
const TOKENS: usize = 8;

struct Table {
    buckets: HashMap<usize, Bucket>,
    tokens: Rc<[AtomicBool; TOKENS]>,
    /// Orders the waits of an execution, for fault plans that count them.
    counter: Rc<AtomicBool>,
}

thread_local! {
    // A thread-local of the OS thread, on which all threads of one model run.
    static TABLE: RefCell<Option<Table>> = const { RefCell::new(None) };
}

/// Called by the first thread before it starts others. For loom the creation of an atomic must happen before every use, so
/// the tokens cannot be created when a word is first used.
pub(super) fn reset() {
    super::imp::begin();
    TABLE.set(Some(Table {
        buckets: HashMap::new(),
        tokens: Rc::new(std::array::from_fn(|_| AtomicBool::new(false))),
        counter: Rc::new(AtomicBool::new(false)),
    }));
}

fn with_table<R>(f: impl FnOnce(&mut Table) -> R) -> R {
    TABLE.with_borrow_mut(|table| {
        f(table
            .as_mut()
            .expect("a model calls sync::faults::begin at the start of each execution"))
    })
}

fn with_bucket<R>(address: usize, f: impl FnOnce(&mut Bucket) -> R) -> R {
    with_table(|table| {
        let next = table.buckets.len() % TOKENS;
        f(table.buckets.entry(address).or_insert_with(|| Bucket {
            token: next,
            held: false,
            blocked: Vec::new(),
            sleepers: VecDeque::new(),
        }))
    })
}

fn take_turns(token: &AtomicBool) {
    token.fetch_or(false, Ordering::Relaxed);
}

fn lock(address: usize) {
    loop {
        let token = with_bucket(address, |bucket| bucket.token);
        let tokens = with_table(|table| Rc::clone(&table.tokens));
        take_turns(&tokens[token]);
        // No other thread runs between here and the next loom operation.
        let me = loom::thread::current();
        let locked = with_bucket(address, |bucket| {
            if bucket.held {
                bucket.blocked.push(me);
            }
            !std::mem::replace(&mut bucket.held, true)
        });
        if locked {
            return;
        }
        loom::thread::park();
    }
}

fn unlock(address: usize) {
    let blocked = with_bucket(address, |bucket| {
        bucket.held = false;
        std::mem::take(&mut bucket.blocked)
    });
    for thread in blocked {
        thread.unpark();
    }
}

fn fault(has_deadline: bool) -> Option<FutexWait> {
    if !matches!(faults::plan(), Plan::Calm | Plan::Cut(_)) {
        let counter = with_table(|table| Rc::clone(&table.counter));
        take_turns(&counter);
    }
    faults::decide(has_deadline)
}

/// Sleeps while `*word == expected`; times out only if the fault plan says so.
#[track_caller]
pub fn wait(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    wait_any(&[Watched::own(word, expected)], deadline)
}

/// Sleeps while all words hold their expected values. Compares and enqueues one word after the other, as the kernel does.
#[track_caller]
pub fn wait_any(words: &[Watched<'_>], deadline: Option<Instant>) -> FutexWait {
    assert!(
        !is_over(),
        "a destructor waits on a futex after the checker has given up"
    );
    faults::step();
    if let Some(early) = fault(deadline.is_some()) {
        return early;
    }
    let woken = Rc::new(Cell::new(false));
    let addresses = || {
        let words = words.iter();
        words.map(|watched| std::ptr::from_ref(watched.word).addr())
    };
    let leave = || {
        for address in addresses() {
            with_bucket(address, |bucket| {
                bucket
                    .sleepers
                    .retain(|sleeper| !Rc::ptr_eq(&sleeper.woken, &woken));
            });
        }
    };
    for (watched, address) in words.iter().zip(addresses()) {
        lock(address);
        if watched.word.newest() != watched.expected {
            unlock(address);
            leave();
            return FutexWait::Changed;
        }
        let sleeper = Sleeper {
            thread: loom::thread::current(),
            woken: Rc::clone(&woken),
        };
        with_bucket(address, |bucket| bucket.sleepers.push_back(sleeper));
        unlock(address);
    }
    while !woken.get() {
        loom::thread::park();
    }
    leave();
    FutexWait::Woken
}

/// Wakes one of the threads that sleep on the word at this address, if there is one.
#[track_caller]
pub fn wake_one(word: *const AtomicU32) {
    wake(word, sites::wake("wake_one", 1));
}

/// Wakes every thread that sleeps on the word at this address.
#[track_caller]
pub fn wake_all(word: *const AtomicU32) {
    wake(word, sites::wake("wake_all", usize::MAX));
}

/// As [`wait`]: a checker has only one process.
#[track_caller]
pub fn wait_shared(word: &AtomicU32, expected: u32, deadline: Option<Instant>) -> FutexWait {
    wait(word, expected, deadline)
}

/// As [`wake_all`].
#[track_caller]
pub fn wake_all_shared(word: *const AtomicU32) {
    wake_all(word);
}

fn wake(word: *const AtomicU32, n: usize) {
    if n == 0 || is_over() {
        return;
    }
    faults::step();
    let address = word.addr();
    lock(address);
    let woken: Vec<Sleeper> = with_bucket(address, |bucket| {
        let n = n.min(bucket.sleepers.len());
        bucket.sleepers.drain(..n).collect()
    });
    unlock(address);
    for sleeper in woken {
        sleeper.woken.set(true);
        sleeper.thread.unpark();
    }
}
