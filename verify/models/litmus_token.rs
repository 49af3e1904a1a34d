//! The same shapes on raddle's atomics: the schedule token closes the hole and changes nothing else.

use raddle_verify::Model;
use raddle_verify::sync::atomic::{AtomicUsize, Ordering, Ordering::*, fence};
use raddle_verify::sync::{Arc, thread};

type Pair = (AtomicUsize, AtomicUsize);

/// Two threads over two locations; the outcome is `left right`.
fn two(
    model: Model,
    left: impl Fn(&Pair) -> usize + Copy + Send + Sync + 'static,
    right: impl Fn(&Pair) -> usize + Copy + Send + Sync + 'static,
) {
    model.run(move |out| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = Arc::clone(&shared);
        let left = thread::spawn(move || left(&other));
        let r = right(&shared);
        out.saw(format!("{} {r}", left.join().unwrap()));
    });
}

fn store_buffering_with_fences() {
    let model = Model::new("litmus/store_buffering_fences")
        .must(&["0 1", "1 0", "1 1"])
        .forbidden(&["0 0"]);
    two(
        model,
        |(x, y)| {
            x.store(1, Relaxed);
            fence(SeqCst);
            y.load(Relaxed)
        },
        |(x, y)| {
            y.store(1, Relaxed);
            fence(SeqCst);
            x.load(Relaxed)
        },
    );
}

fn store_buffering_without_fences() {
    let model = Model::new("litmus/store_buffering_relaxed").must(&["0 0", "0 1", "1 0", "1 1"]);
    two(
        model,
        |(x, y)| {
            x.store(1, Relaxed);
            y.load(Relaxed)
        },
        |(x, y)| {
            y.store(1, Relaxed);
            x.load(Relaxed)
        },
    );
}

/// The token must not order what the program does not order: one fence is not enough.
fn store_buffering_with_one_fence() {
    let model = Model::new("litmus/store_buffering_one_fence").must(&["0 0", "0 1", "1 0", "1 1"]);
    two(
        model,
        |(x, y)| {
            x.store(1, Relaxed);
            fence(SeqCst);
            y.load(Relaxed)
        },
        |(x, y)| {
            y.store(1, Relaxed);
            x.load(Relaxed)
        },
    );
}

/// The reader's outcome is `flag data`.
fn message_passing(model: Model, store: Ordering, load: Ordering) {
    model.run(move |out| {
        let shared = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let other = Arc::clone(&shared);
        let writer = thread::spawn(move || {
            other.0.store(1, Relaxed);
            other.1.store(1, store);
        });
        let flag = shared.1.load(load);
        out.saw(format!("{flag} {}", shared.0.load(Relaxed)));
        writer.join().unwrap();
    });
}

fn message_passing_release_acquire() {
    let model = Model::new("litmus/message_passing_release_acquire")
        .must(&["0 0", "0 1", "1 1"])
        .forbidden(&["1 0"]);
    message_passing(model, Release, Acquire);
}

fn message_passing_relaxed() {
    let model = || Model::new("litmus/message_passing_relaxed").must(&["0 0", "0 1", "1 0", "1 1"]);
    message_passing(model(), Relaxed, Relaxed);
    message_passing(model(), Release, Relaxed);
    message_passing(model(), Relaxed, Acquire);
}

fn reads(model: Model, n: usize, writer: impl Fn(&AtomicUsize) + Copy + Send + Sync + 'static) {
    model.run(move |out| {
        let x = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&x);
        let writer = thread::spawn(move || writer(&other));
        let seen: Vec<_> = (0..n).map(|_| x.load(SeqCst).to_string()).collect();
        writer.join().unwrap();
        out.saw(seen.join(" "));
    });
}

fn the_hole_is_closed() {
    reads(
        Model::new("litmus/load_against_load_store").must(&["0", "1"]),
        1,
        |x| {
            x.load(SeqCst);
            x.store(1, SeqCst);
        },
    );
    reads(
        Model::new("litmus/load_against_exchange_loop").must(&["0", "1"]),
        1,
        |x| {
            let mut now = x.load(SeqCst);
            while let Err(seen) = x.compare_exchange_weak(now, 1, SeqCst, SeqCst) {
                now = seen;
            }
        },
    );
    reads(
        Model::new("litmus/loads_against_load_stores")
            .must(&["0 0", "0 1", "0 2", "1 1", "1 2", "2 2"])
            .forbidden(&["1 0", "2 0", "2 1"]),
        2,
        |x| {
            x.load(SeqCst);
            x.store(1, SeqCst);
            x.store(2, SeqCst);
        },
    );
}

fn the_hole_is_closed_for_a_spawned_reader() {
    for bound in [None, Some(2)] {
        Model::new("litmus/spawned_reader")
            .bound(bound)
            .must(&["0", "1"])
            .run(|out| {
                let x = Arc::new(AtomicUsize::new(0));
                let (a, b) = (Arc::clone(&x), Arc::clone(&x));
                let reader = thread::spawn(move || a.load(SeqCst));
                let writer = thread::spawn(move || {
                    b.load(SeqCst);
                    b.store(1, SeqCst);
                });
                writer.join().unwrap();
                out.saw(reader.join().unwrap().to_string());
            });
    }
}

/// Three spawned threads where a redundant load hides an outcome from bare loom.
fn coherence_of_two_writers() {
    Model::new("litmus/two_writers")
        .bound(Some(3))
        .must(&["1 then 2", "2 then 1"])
        .run(|out| {
            let x = Arc::new(AtomicUsize::new(0));
            let writer = |value| {
                let x = Arc::clone(&x);
                thread::spawn(move || {
                    x.load(Relaxed);
                    x.swap(value, AcqRel)
                })
            };
            let (one, two) = (writer(1), writer(2));
            let (one, two) = (one.join().unwrap(), two.join().unwrap());
            out.saw(match (one, two) {
                (0, 1) => "1 then 2",
                (2, 0) => "2 then 1",
                _ => "torn",
            });
        });
}

pub const TESTS: raddle_verify::runner::Functions = raddle_verify::tests![
    store_buffering_with_fences,
    store_buffering_without_fences,
    store_buffering_with_one_fence,
    message_passing_release_acquire,
    message_passing_relaxed,
    the_hole_is_closed,
    the_hole_is_closed_for_a_spawned_reader,
    coherence_of_two_writers,
];
