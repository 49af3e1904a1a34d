//! What follows a future without a thread that waits: `map_ok`, `and_then`, `forward`, and `Promise::run`.

use crate::common::reports;
use raddle::{BoxError, Future, TaskError, ThreadPool, promise};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

/// Says when it is dropped.
struct Dropped(mpsc::Sender<&'static str>, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.send(self.1).unwrap();
    }
}

/// A destructor that panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped a bomb");
    }
}

fn failed() -> Future<u8> {
    let (promise, future) = promise();
    promise.fail(BoxError::from("no such row")).unwrap();
    future
}

#[test]
fn the_function_runs_where_the_task_ends() {
    let (promise, future) = promise();
    let mapped = future.map_ok(|()| thread::current().id());
    let completer = thread::spawn(move || {
        promise.complete(()).unwrap();
        thread::current().id()
    });
    assert_eq!(mapped.result().unwrap(), completer.join().unwrap());
    // Done before: here.
    let (promise, future) = raddle::promise();
    promise.complete(()).unwrap();
    let here = future.map_ok(|()| thread::current().id());
    assert_eq!(here.result().unwrap(), thread::current().id());
}

#[test]
fn an_error_passes_by_and_drops_the_function() {
    let (sender, dropped) = mpsc::channel();
    let held = Dropped(sender.clone(), "map_ok");
    let mapped = failed().map_ok(move |n| (&raw const held, n).1);
    assert!(
        matches!(mapped.result(), Err(TaskError::Failed(why)) if why.to_string() == "no such row")
    );
    assert_eq!(dropped.try_recv(), Ok("map_ok"));
    let held = Dropped(sender, "and_then");
    let last = failed().and_then(move |_| -> Future<u8> { unreachable!("{:p}", &raw const held) });
    assert!(matches!(last.result(), Err(TaskError::Failed(_))));
    assert_eq!(dropped.try_recv(), Ok("and_then"));
}

#[test]
fn a_panic_of_the_function_is_the_error_and_says_where() {
    let pool = ThreadPool::new(1).unwrap();
    let mapped = pool
        .spawn(|| 1)
        .map_ok(|n| assert_eq!(n, 2, "one is not two"));
    let error = mapped.result().unwrap_err();
    let TaskError::Panicked(report) = &error else {
        panic!("{error:?}")
    };
    assert!(report.message().contains("one is not two"), "{error}");
    assert!(report.location().unwrap().contains("then.rs"), "{error}");
    let last = pool
        .spawn(|| 1)
        .and_then(|_| -> Future<u8> { panic!("no second task") });
    assert!(
        last.result()
            .unwrap_err()
            .to_string()
            .contains("no second task")
    );
    // The worker goes on.
    assert_eq!(pool.spawn(|| 3).result().unwrap(), 3);
}

#[test]
fn a_cancelled_follower_does_not_run_and_leaves_the_task_alone() {
    let pool = ThreadPool::new(1).unwrap();
    let gate = Arc::new(Barrier::new(2));
    let (ran, runs) = mpsc::channel();
    let held = Arc::clone(&gate);
    let task = pool.spawn(move || {
        held.wait();
    });
    let first = ran.clone();
    let mapped = task.map_ok(move |()| first.send("map_ok").unwrap());
    assert!(mapped.cancel());
    let held = Arc::clone(&gate);
    let task = pool.spawn(move || {
        held.wait();
        ran.send("task").unwrap();
    });
    let last = task.and_then(|()| -> Future<()> { unreachable!() });
    assert!(last.cancel());
    gate.wait();
    gate.wait();
    drop(pool);
    assert_eq!(runs.iter().collect::<Vec<_>>(), ["task"]);
}

#[test]
fn a_chain_goes_through_pools_and_does_not_need_a_thread_for_each_link() {
    let pools = [ThreadPool::new(1).unwrap(), ThreadPool::new(1).unwrap()].map(Arc::new);
    let mut future = pools[0].spawn(|| 0u32);
    for n in 1..=1_000usize {
        let pool = Arc::clone(&pools[n % 2]);
        future = future.and_then(move |sum| pool.spawn(move || sum + 1));
    }
    assert_eq!(future.result().unwrap(), 1_000);
}

#[test]
fn links_that_are_done_in_a_row_do_not_use_up_the_stack() {
    let (promise, mut future) = promise();
    for _ in 0..1_000 {
        future = future.map_ok(|n: u32| n + 1);
    }
    promise.complete(0).unwrap();
    assert_eq!(future.result().unwrap(), 1_000);
}

#[test]
fn what_a_cancelled_promise_does_not_take_is_dropped_or_reported() {
    let heard = reports();
    let (sender, dropped) = mpsc::channel();
    let (promise, future) = promise();
    assert!(future.cancel());
    let (source, value) = raddle::promise();
    value.forward(promise);
    assert!(source.complete(Dropped(sender, "value")).is_ok());
    assert_eq!(dropped.recv(), Ok("value"));

    let (promise, future) = raddle::promise();
    assert!(future.cancel());
    failed().forward(promise);
    heard.wait_for("no such row");
}

#[test]
fn destructors_that_panic_are_reported() {
    let heard = reports();
    let (promise, future) = promise::<u8>();
    let bomb = Bomb;
    let mapped = future.map_ok(move |n| {
        let _held = &bomb;
        n
    });
    promise.fail(BoxError::from("no value")).unwrap();
    assert!(matches!(mapped.result(), Err(TaskError::Failed(_))));
    heard.wait_for("dropped a bomb");
}

#[test]
fn a_promise_runs_a_function_unless_it_was_cancelled() {
    let (promise, future) = promise();
    assert!(promise.run(|| 6 * 7));
    assert_eq!(future.result().unwrap(), 42);

    let (promise, future) = raddle::promise::<()>();
    assert!(future.cancel());
    assert!(!promise.run(|| unreachable!()));

    let (promise, future) = raddle::promise();
    assert!(promise.start());
    assert!(promise.run(move || {
        assert!(future.is_running() && !future.cancel());
        assert!(raddle::cancel_requested(), "it is a task");
    }));
    assert!(!raddle::cancel_requested());

    let (promise, future) = raddle::promise::<()>();
    assert!(promise.run(|| panic!("no rows today")));
    let error = future.result().unwrap_err();
    assert!(matches!(&error, TaskError::Panicked(_)), "{error:?}");
    assert!(error.to_string().contains("no rows today"), "{error}");
}
