//! Rows K: tasks of isolates that are killed, or run past a time limit.

use crate::common::{Gate, LONG, reports, until};
use raddle::isolate::interrupted;
use raddle::{Future, Isolate, IsolatePool, TaskError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

/// A state that can be stopped from outside: an interpreter that looks at a flag.
struct Interpreter {
    stop: Arc<AtomicBool>,
}

impl Interpreter {
    /// Runs until it is stopped.
    fn forever(&mut self) -> Result<u32, &'static str> {
        while !self.stop.load(SeqCst) {
            thread::yield_now();
        }
        Err("stopped")
    }
}

/// So many interpreters.
fn interpreters(isolates: usize) -> IsolatePool<Interpreter> {
    let stops: Vec<_> = (0..isolates)
        .map(|_| Arc::<AtomicBool>::default())
        .collect();
    let theirs = stops.clone();
    IsolatePool::builder(move |isolate| {
        Ok(Interpreter {
            stop: Arc::clone(&theirs[isolate.index]),
        })
    })
    .workers(isolates)
    .on_interrupt(move |isolate| stops[isolate].store(true, SeqCst))
    .after_interrupt(|state| state.stop.store(false, SeqCst))
    .build()
    .unwrap()
}

fn forever(pool: &IsolatePool<Interpreter>) -> Future<u32> {
    let endless = pool.try_submit_with(|state, ()| state.forever(), ());
    until(|| endless.is_running());
    endless
}

#[test]
fn k01_a_running_task_is_killed_and_the_isolate_goes_on() {
    let pool = interpreters(1);
    for _ in 0..3 {
        let endless = forever(&pool);
        assert!(endless.kill());
        assert!(matches!(endless.result(), Err(TaskError::Killed)));
        assert_eq!(pool.submit_with(|_, n: u32| n, 5).result().unwrap(), 5);
    }
    assert_eq!(TaskError::Killed.to_string(), "the task was killed");
}

#[test]
fn k02_a_queued_task_that_is_killed_is_cancelled() {
    let pool = interpreters(1);
    let endless = forever(&pool);
    let queued = pool.submit_with(|_, ()| unreachable!("it never runs"), ());
    assert!(queued.kill());
    assert!(queued.is_cancelled());
    let _: Result<(), _> = queued.result();
    assert!(endless.kill());
}

#[test]
fn k03_a_task_that_is_done_cannot_be_killed() {
    let pool = interpreters(1);
    let done = pool.submit_with(|_, n: u32| n, 5);
    done.wait();
    assert!(!done.kill());
    assert_eq!(done.result().unwrap(), 5);
}

#[test]
fn k04_a_result_stays_a_result_and_a_panic_a_panic() {
    let pool = interpreters(1);
    let begun = Arc::new(Gate::default());
    let theirs = Arc::clone(&begun);
    let done = pool.submit_with(
        move |state, ()| {
            theirs.open();
            state.forever().unwrap_or(7)
        },
        (),
    );
    begun.wait();
    assert!(done.kill());
    assert_eq!(done.result().unwrap(), 7);
    let begun = Arc::new(Gate::default());
    let theirs = Arc::clone(&begun);
    let panicked = pool.submit_with(
        move |state, ()| {
            theirs.open();
            state.forever().expect("no end")
        },
        (),
    );
    begun.wait();
    assert!(panicked.kill());
    assert!(matches!(panicked.result(), Err(TaskError::Panicked(_))));
}

#[test]
fn k05_without_an_interrupter_a_running_task_goes_on() {
    let pool = IsolatePool::new(1, |_| Ok(())).unwrap();
    let gate = Arc::new(Gate::default());
    let theirs = Arc::clone(&gate);
    let running = pool.submit_with(
        move |(), ()| {
            theirs.wait();
            raddle::cancel_requested()
        },
        (),
    );
    until(|| running.is_running());
    assert!(!running.kill());
    gate.open();
    assert!(running.result().unwrap(), "it sees the request");
    // A task on a thread, likewise; one that is queued there is cancelled.
    let pool = raddle::ThreadPool::new(1).unwrap();
    let gate = Arc::new(Gate::default());
    let theirs = Arc::clone(&gate);
    let running = pool.spawn(move || theirs.wait());
    until(|| running.is_running());
    let queued = pool.spawn(|| ());
    assert!(!running.kill());
    assert!(queued.kill());
    gate.open();
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
}

#[test]
fn k06_a_running_task_is_ended_by_its_time_limit() {
    let pool = interpreters(2);
    for limit in [1, 5] {
        let limit = Duration::from_millis(limit);
        let endless = pool.task().name("endless").timeout(limit);
        let endless = endless.try_submit_with(|state, ()| state.forever(), ());
        assert_eq!(endless.name(), Some("endless"));
        assert!(matches!(endless.result(), Err(TaskError::TimedOut)));
    }
    // The earlier of two ends first.
    let started = Instant::now();
    let late = pool
        .task()
        .timeout(LONG)
        .try_submit_with(|state, ()| state.forever(), ());
    let early = pool.task().timeout(Duration::from_millis(5));
    let early = early.try_submit_with(|state, ()| state.forever(), ());
    assert!(matches!(early.result(), Err(TaskError::TimedOut)));
    assert!(
        started.elapsed() >= Duration::from_millis(5),
        "not before its time"
    );
    assert!(!late.is_done());
    assert!(late.kill());
}

#[test]
fn k07_a_task_that_starts_too_late_never_starts() {
    let pool = interpreters(1);
    let endless = forever(&pool);
    let late = pool.task().deadline(Instant::now());
    let late = late.submit_with(|_, ()| unreachable!("too late"), ());
    let without = pool
        .task()
        .deadline(Instant::now())
        .spawn(|| unreachable!("too late"));
    assert!(endless.kill());
    let late: Result<(), _> = late.result();
    assert!(matches!(late, Err(TaskError::TimedOut)));
    let without: Result<(), _> = without.result();
    assert!(matches!(without, Err(TaskError::TimedOut)));
}

#[test]
fn k08_a_task_learns_that_it_was_interrupted() {
    let isolate = Isolate::builder(|_| Ok(()))
        .on_interrupt(|_| {})
        .build()
        .unwrap();
    let begun = Arc::new(Gate::default());
    let theirs = Arc::clone(&begun);
    let asks = isolate.task().submit_with(
        move |(), ()| {
            theirs.open();
            assert!(!interrupted() || raddle::cancel_requested());
            while !interrupted() {
                thread::yield_now();
            }
            // It is the task's own, not that of one that it runs while it waits.
            true
        },
        (),
    );
    begun.wait();
    assert!(asks.kill());
    assert!(asks.kill(), "the second time it has been begun");
    assert!(asks.result().unwrap());
    assert!(!isolate.exec(|()| interrupted()).unwrap());
    assert!(!interrupted());
}

#[test]
fn k09_a_panic_of_the_interrupter_is_reported() {
    let reports = reports();
    let isolate = Isolate::builder(|_| Ok(0u32))
        .on_interrupt(|_| panic!("interrupter broke"))
        .after_interrupt(|_| panic!("reset broke"))
        .build()
        .unwrap();
    let begun = Arc::new(Gate::default());
    let theirs = Arc::clone(&begun);
    let asks = isolate.call(
        move |state, ()| {
            theirs.open();
            *state += 1;
            while !interrupted() {
                thread::yield_now();
            }
        },
        (),
    );
    begun.wait();
    assert!(asks.kill());
    asks.result().unwrap();
    reports.wait_for("interrupter broke");
    assert_eq!(isolate.exec(|state| *state).unwrap(), 0, "a new state");
    reports.wait_for("reset broke");
}

#[test]
fn k10_a_storm_of_kills_hits_no_other_task() {
    let hits = Arc::new(AtomicUsize::new(0));
    let pool = Arc::new(interpreters(2));
    let killers: Vec<_> = (0..3)
        .map(|killer: u32| {
            let (pool, hits) = (Arc::clone(&pool), Arc::clone(&hits));
            thread::spawn(move || {
                for round in 0..1_000u64 {
                    let endless = pool.task().timeout(LONG);
                    let endless = endless.try_submit_with(|state, ()| state.forever(), ());
                    if round % 2 == 0 {
                        until(|| !matches!(endless.state(), raddle::FutureState::Pending));
                    }
                    // It runs past a limit, or is killed, at whatever point it is.
                    let short = pool.task().timeout(Duration::from_micros(round % 50));
                    let short = short.submit_with(
                        |state, n: u32| {
                            assert!(
                                !state.stop.load(SeqCst) || interrupted(),
                                "hit by another's kill"
                            );
                            n
                        },
                        killer,
                    );
                    assert!(endless.kill());
                    match endless.result() {
                        Err(TaskError::Killed) => {
                            hits.fetch_add(1, SeqCst);
                        }
                        Err(TaskError::Cancelled) => {}
                        other => panic!("{other:?}"),
                    }
                    match short.result() {
                        Ok(n) => assert_eq!(n, killer),
                        Err(TaskError::TimedOut) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    for killer in killers {
        killer.join().unwrap();
    }
    assert!(hits.load(SeqCst) > 0);
    assert_eq!(
        pool.submit_with(|state, ()| state.stop.load(SeqCst), ())
            .result()
            .ok(),
        Some(false)
    );
}

#[test]
fn k11_the_pool_may_end_while_a_killed_task_runs() {
    for _ in 0..50 {
        let pool = interpreters(2);
        let endless = pool.task().timeout(LONG);
        let endless = endless.try_submit_with(|state, ()| state.forever(), ());
        until(|| endless.is_running());
        let killer = thread::spawn(move || {
            assert!(endless.kill());
            endless
        });
        drop(pool);
        assert!(matches!(
            killer.join().unwrap().result(),
            Err(TaskError::Killed)
        ));
    }
}

#[test]
fn k12_a_task_that_is_done_is_not_killed() {
    let pool = interpreters(1);
    let value = pool.submit_with(|_, n: u32| n, 5);
    let late = pool.task().deadline(Instant::now());
    let late = late.submit_with(|_, n: u32| n, 5);
    for done in [value, late] {
        done.wait();
        assert!(!done.kill());
    }
}
