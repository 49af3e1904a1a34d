//! Isolates in the whole pool: a state has one task at a time, tasks that wait inside do not starve, a spoiled state is replaced.

use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::error::Rejected;
use raddle::thread::Idle;
use raddle::{IsolatePool, Shutdown, TaskError};
use std::rc::Rc;

/// A counter that the checker watches, and that cannot leave its thread.
type State = Rc<UnsafeCell<u32>>;

fn pool(isolates: usize) -> IsolatePool<State> {
    let builder = IsolatePool::builder(|_| Ok(Rc::new(UnsafeCell::new(0))));
    let builder = builder.workers(isolates).name("model");
    builder.idle(Idle::ParkAtOnce).build().unwrap()
}

/// Adds one. The checker finds two at a time.
fn count(state: &mut State, (): ()) -> u32 {
    state.with_mut(|count| {
        // SAFETY: one task at a time has the state.
        unsafe {
            *count += 1;
            *count
        }
    })
}

/// Two threads send tasks to one isolate.
const TWO_CALLERS: Scenario = Scenario {
    name: "isolate/two_callers",
    test: "isolate::two_callers",
    shows: "one task at a time has the state, and finds what the one before it left",
    must: &["1 2", "2 1"],
    threads: 3,
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = Arc::new(pool(1));
        let theirs = Arc::clone(&pool);
        let other = thread::spawn(move || theirs.submit_with(count, ()).result().unwrap());
        let mine = pool.submit_on(0, count, ()).result().unwrap();
        let other = other.join().unwrap();
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(format!("{mine} {other}"));
    },
    ..Scenario::EMPTY
};

/// A task without a state waits for two that use it: the isolate runs them itself.
const WAIT_INSIDE: Scenario = Scenario {
    name: "isolate/wait_inside",
    test: "isolate::wait_inside",
    shows: "the only isolate runs what its own task waits for",
    must: &["1 2"],
    loom: Loom::bound(1).at_least(27_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = Arc::new(pool(1));
        let inner = Arc::clone(&pool);
        let outer = pool.spawn(move || {
            let bound = inner.submit_on(0, count, ()).result().unwrap();
            (bound, inner.submit_with(count, ()).result().unwrap())
        });
        let (bound, any) = outer.result().unwrap();
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(format!("{bound} {any}"));
    },
    ..Scenario::EMPTY
};

/// A task that uses the state of one of two isolates waits for one that needs the other's.
const WAIT_FOR_THE_OTHER: Scenario = Scenario {
    name: "isolate/wait_for_the_other",
    test: "isolate::wait_for_the_other",
    shows: "a task that needs a state is not run on the thread that waits for it with its own state in use",
    must: &["1 1"],
    threads: 3,
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let pool = Arc::new(pool(2));
        let inner = Arc::clone(&pool);
        let outer = pool.submit_on(
            0,
            move |state, ()| {
                let other = inner.submit_with(count, ()).result().unwrap();
                (count(state, ()), other)
            },
            (),
        );
        let (mine, other) = outer.result().unwrap();
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw(format!("{mine} {other}"));
    },
    ..Scenario::EMPTY
};

/// A task sends another one to its own isolate. Not for loom: among other models it stops on an assertion of its own (two stores of one
/// thread with the same place in the modification order); alone it passes.
const INSIDE: Scenario = Scenario {
    name: "isolate/inside",
    test: "isolate::inside",
    shows: "a task that uses a state cannot send one to its own isolate",
    must: &["refused"],
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = Arc::new(pool(1));
        let inner = Arc::clone(&pool);
        let outer = pool.submit_with(
            move |state, ()| {
                let refused = inner.submit_with(count, ()).result();
                count(state, ());
                matches!(
                    refused,
                    Err(TaskError::Rejected(Rejected::InsideIsolate { .. }))
                )
            },
            (),
        );
        assert!(outer.result().unwrap());
        assert_eq!(pool.submit_with(count, ()).result().unwrap(), 2);
        pool.shutdown(Shutdown::Drain).unwrap();
        out.saw("refused");
    },
    ..Scenario::EMPTY
};

/// The pool is closed while a thread sends a task to it.
const CLOSE: Scenario = Scenario {
    name: "isolate/close",
    test: "isolate::close",
    shows: "a task that was accepted as the pool closes finds its state, or is refused or cancelled",
    must: &["ran", "refused"],
    may: &["cancelled"],
    threads: 3,
    loom: Loom::bound(1).at_least(3_700),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let pool = Arc::new(pool(1));
        let theirs = Arc::clone(&pool);
        let other = thread::spawn(move || theirs.submit_on(0, count, ()).result());
        pool.shutdown(Shutdown::CancelPending).unwrap();
        out.saw(match other.join().unwrap() {
            Ok(1) => "ran",
            Err(TaskError::Cancelled) => "cancelled",
            Err(TaskError::Rejected(Rejected::ShutDown { .. })) => "refused",
            _ => "something else",
        });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[TWO_CALLERS, WAIT_INSIDE, WAIT_FOR_THE_OTHER, INSIDE, CLOSE];
