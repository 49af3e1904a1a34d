//! What loom 0.7.2 itself shows, bare. Some of these rows are wrong on purpose: they are here as they
//! are, so that an upgrade that changes one is noticed, for better or worse.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering::*, fence};
use loom::thread;
use std::collections::BTreeSet;
use std::sync::Mutex;

type Seen<T> = Arc2<Mutex<BTreeSet<T>>>;
use std::sync::Arc as Arc2;

/// Runs a bare model; returns the number of executions and what it saw.
fn explore<T: Ord + Send + Clone + 'static>(
    bound: Option<usize>,
    body: impl Fn() -> T + Send + Sync + 'static,
) -> (usize, BTreeSet<T>) {
    let seen: Seen<T> = Arc2::default();
    let executions = Arc2::new(Mutex::new(0));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = bound;
    let (s, e) = (Arc2::clone(&seen), Arc2::clone(&executions));
    builder.check(move || {
        *e.lock().unwrap() += 1;
        let outcome = body();
        s.lock().unwrap().insert(outcome);
    });
    let n = *executions.lock().unwrap();
    let seen = seen.lock().unwrap().clone();
    (n, seen)
}

fn two(
    left: impl Fn(&AtomicUsize, &AtomicUsize) -> usize + Copy + Send + Sync + 'static,
    right: impl Fn(&AtomicUsize, &AtomicUsize) -> usize + Copy + Send + Sync + 'static,
) -> BTreeSet<(usize, usize)> {
    explore(None, move || {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = Arc::clone(&shared);
        let left = thread::spawn(move || left(&other.0, &other.1));
        let r = right(&shared.0, &shared.1);
        (left.join().unwrap(), r)
    })
    .1
}

fn store_buffering_seqcst_accesses_is_a_false_alarm() {
    let seen = two(
        |x, y| {
            x.store(1, SeqCst);
            y.load(SeqCst)
        },
        |x, y| {
            y.store(1, SeqCst);
            x.load(SeqCst)
        },
    );
    assert!(
        seen.contains(&(0, 0)),
        "loom learnt SeqCst accesses: {seen:?}"
    );
}

fn store_buffering_with_fences_is_right() {
    let seen = two(
        |x, y| {
            x.store(1, Relaxed);
            fence(SeqCst);
            y.load(Relaxed)
        },
        |x, y| {
            y.store(1, Relaxed);
            fence(SeqCst);
            x.load(Relaxed)
        },
    );
    assert_eq!(seen, BTreeSet::from([(0, 1), (1, 0), (1, 1)]));
}

fn store_buffering_with_read_modify_writes_is_right() {
    let seen = two(
        |x, y| {
            x.swap(1, SeqCst);
            y.fetch_add(0, SeqCst)
        },
        |x, y| {
            y.swap(1, SeqCst);
            x.fetch_add(0, SeqCst)
        },
    );
    assert!(!seen.contains(&(0, 0)), "{seen:?}");
}

fn load_buffering_is_missed() {
    let seen = two(
        |x, y| {
            let r = x.load(Relaxed);
            y.store(1, Relaxed);
            r
        },
        |x, y| {
            let r = y.load(Relaxed);
            x.store(1, Relaxed);
            r
        },
    );
    assert!(!seen.contains(&(1, 1)), "loom learnt load buffering");
}

/// (flag, data) of the reader; the writer stores data, then the flag.
fn message_passing(store: std::sync::atomic::Ordering, load: std::sync::atomic::Ordering) -> bool {
    let seen = two(
        move |data, flag| {
            data.store(1, Relaxed);
            flag.store(1, store);
            0
        },
        move |data, flag| {
            let flag = flag.load(load);
            flag * 2 + data.load(Relaxed)
        },
    );
    seen.contains(&(0, 2))
}

fn message_passing_relaxed_shows_stale_data() {
    assert!(message_passing(Relaxed, Relaxed));
    assert!(message_passing(Release, Relaxed));
    assert!(message_passing(Relaxed, Acquire));
}

fn message_passing_release_acquire_is_right() {
    assert!(!message_passing(Release, Acquire));
}

fn read_read_coherence_holds() {
    let (_, seen) = explore(None, || {
        let x = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&x);
        let writer = thread::spawn(move || {
            other.store(1, Relaxed);
            other.store(2, Relaxed);
        });
        let pair = (x.load(Relaxed), x.load(Relaxed));
        writer.join().unwrap();
        pair
    });
    assert!(seen.iter().all(|(a, b)| a <= b), "{seen:?}");
}

fn compare_exchange_weak_never_fails_spuriously() {
    let (n, seen) = explore(None, || {
        let x = AtomicUsize::new(0);
        x.compare_exchange_weak(0, 1, Relaxed, Relaxed).is_ok()
    });
    assert_eq!((n, seen), (1, BTreeSet::from([true])));
}

/// One location, every operation SeqCst; the reader's values.
fn hole(
    bound: Option<usize>,
    reads: usize,
    writer: impl Fn(&AtomicUsize) + Copy + Send + Sync + 'static,
) -> (usize, BTreeSet<Vec<usize>>) {
    explore(bound, move || {
        let x = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&x);
        let writer = thread::spawn(move || writer(&other));
        let seen = (0..reads).map(|_| x.load(SeqCst)).collect();
        writer.join().unwrap();
        seen
    })
}

fn the_hole_a_load_before_the_write_hides_every_other_schedule() {
    let both = BTreeSet::from([vec![0], vec![1]]);
    let only = BTreeSet::from([vec![0]]);

    let (n, seen) = hole(None, 1, |x| x.store(1, SeqCst));
    assert!(n > 1);
    assert_eq!(seen, both);

    let load_store = |x: &AtomicUsize| {
        x.load(SeqCst);
        x.store(1, SeqCst);
    };
    assert_eq!(hole(None, 1, load_store), (1, only.clone()));

    let load_exchange = |x: &AtomicUsize| {
        let now = x.load(SeqCst);
        x.compare_exchange(now, 1, SeqCst, SeqCst).unwrap();
    };
    assert_eq!(hole(None, 1, load_exchange), (1, only));

    let load_store_store = |x: &AtomicUsize| {
        x.load(SeqCst);
        x.store(1, SeqCst);
        x.store(2, SeqCst);
    };
    assert_eq!(
        hole(None, 2, load_store_store),
        (1, BTreeSet::from([vec![0, 0]]))
    );
}

fn spawned_reader(bound: Option<usize>) -> BTreeSet<usize> {
    explore(bound, || {
        let x = Arc::new(AtomicUsize::new(0));
        let (a, b) = (Arc::clone(&x), Arc::clone(&x));
        let reader = thread::spawn(move || a.load(SeqCst));
        let writer = thread::spawn(move || {
            b.load(SeqCst);
            b.store(1, SeqCst);
        });
        writer.join().unwrap();
        reader.join().unwrap()
    })
    .1
}

fn the_hole_hits_unbounded_runs_hardest() {
    assert_eq!(spawned_reader(None), BTreeSet::from([0]));
    assert_eq!(spawned_reader(Some(2)), BTreeSet::from([0, 1]));
}

pub const TESTS: raddle_verify::runner::Functions = raddle_verify::tests![
    store_buffering_seqcst_accesses_is_a_false_alarm,
    store_buffering_with_fences_is_right,
    store_buffering_with_read_modify_writes_is_right,
    load_buffering_is_missed,
    message_passing_relaxed_shows_stale_data,
    message_passing_release_acquire_is_right,
    read_read_coherence_holds,
    compare_exchange_weak_never_fails_spuriously,
    the_hole_a_load_before_the_write_hides_every_other_schedule,
    the_hole_hits_unbounded_runs_hardest,
];
