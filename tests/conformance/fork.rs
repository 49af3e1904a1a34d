//! T13: in a forked child the parent's pool refuses at once, and a new one works. For pools of processes see
//! `fork_processes.rs`.

use super::common::{Gate, LONG, Wakes, hold, until, watch};
use raddle::{
    Executor, Future, Rejected, ReturnWhen, Shutdown, ShutdownError, TaskError, ThreadPool,
    as_completed, promise, wait, wait_timeout,
};
use std::future::Future as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

/// In the child: 0, and a signal that ends it if it hangs, which its parent sees.
pub fn fork() -> libc::pid_t {
    // SAFETY: these tests are alone in their process, so no other thread of the harness holds a lock.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "fork failed");
    if pid == 0 {
        // SAFETY: sets a timer of this process.
        unsafe { libc::alarm(20) };
    }
    pid
}

/// Ends the child without running anything of the parent's.
pub fn leave(well: bool) -> ! {
    // SAFETY: ends the process.
    unsafe { libc::_exit(if well { 42 } else { 1 }) }
}

/// Waits for the child and insists on its success.
pub fn reap(pid: libc::pid_t) {
    let mut status = 0;
    // SAFETY: our child, our status word.
    let reaped = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(reaped, pid);
    assert!(
        libc::WIFEXITED(status),
        "the child hangs or crashed: {status:#x}"
    );
    assert_eq!(libc::WEXITSTATUS(status), 42, "the child failed; see above");
}

/// Runs the child's part in a forked child, and insists on its success.
pub fn in_child(child: impl FnOnce()) {
    match fork() {
        0 => leave(catch_unwind(AssertUnwindSafe(child)).is_ok()),
        pid => reap(pid),
    }
}

/// The child's own of something that the parent keeps: the child uses the original no more.
pub fn childs<T>(original: &T) -> T {
    // SAFETY: the fork has copied it; what is dropped here is dropped once in this process, since the
    // child leaves without unwinding.
    unsafe { std::ptr::read(original) }
}

pub fn is_forked<T>(outcome: Result<T, TaskError>) -> bool {
    matches!(outcome, Err(TaskError::Rejected(Rejected::Forked { .. })))
}

/// Every test here forks, so each is alone in its process: no other thread holds a lock then.
macro_rules! alone {
    ($test:literal) => {
        if !crate::kit::alone(module_path!(), $test) {
            return;
        }
    };
}
pub(crate) use alone;

/// Awaits it with a waker that counts.
pub fn poll_on(future: Future<u32>) -> Result<u32, TaskError> {
    let (wakes, waker) = Wakes::new();
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(&waker);
    loop {
        let seen = wakes.count();
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
        until(|| wakes.count() > seen);
    }
}

#[test]
fn t13_every_call_in_a_forked_child_fails_at_once() {
    let _watch = watch();
    alone!("t13_every_call_in_a_forked_child_fails_at_once");
    for limit in [None, Some(1)] {
        let builder = ThreadPool::builder().workers(2).name("home");
        let builder = match limit {
            Some(limit) => builder.queue_limit(limit),
            None => builder,
        };
        let pool = builder.build().unwrap();
        pool.spawn(|| ()).result().unwrap();
        in_child(|| {
            let error = pool.spawn(|| 1).result().unwrap_err();
            assert!(error.to_string().contains("home"), "{error}");
            assert!(is_forked(Err::<(), _>(error)));
            assert!(is_forked(pool.try_spawn(|| Ok::<_, TaskError>(1)).result()));
            assert!(is_forked(pool.spawn_on(0, || 1).result()));
            assert!(is_forked(pool.task().name("named").spawn(|| 1).result()));
            assert!(
                pool.spawn_many([|| 1, || 2])
                    .into_iter()
                    .all(|task| is_forked(task.result()))
            );
            assert!(is_forked(Executor::submit(&pool, |n: u32| n, 1).result()));
            assert!(pool.map(|n: u32| n, 0..3).all(is_forked));
            assert!(
                pool.map_unordered(|n: u32| n, 0..3)
                    .all(|(_, outcome)| is_forked(outcome))
            );
            assert!(pool.scope(|s| is_forked(s.spawn(|| 1).result())));
            for how in [Shutdown::Drain, Shutdown::CancelPending] {
                pool.close(how);
                let forked = ShutdownError::Forked {
                    pool: "home".into(),
                };
                assert_eq!(pool.shutdown(how).unwrap_err(), forked);
                assert_eq!(
                    pool.shutdown_timeout(how, Duration::MAX).unwrap_err(),
                    forked
                );
            }
            // What needs no other thread is done here.
            assert_eq!(pool.join(|| 1, || 2), (1, 2));
            assert_eq!(pool.map_slice(&[1, 2], |n| n * 2), [2, 4]);
            assert_eq!((pool.workers(), pool.name()), (2, "home"));
            assert_eq!(pool.stats().workers.len(), 2);
        });
        // The parent's pool has noticed nothing.
        assert_eq!(pool.spawn(|| 7).result().unwrap(), 7);
    }
}

#[test]
fn t13_futures_from_before_the_fork_end_in_the_child() {
    let _watch = watch();
    alone!("t13_futures_from_before_the_fork_end_in_the_child");
    type Wait = fn(Future<u32>) -> Option<Result<u32, TaskError>>;
    let ways: [Wait; 9] = [
        |future| Some(future.result()),
        |future| Some(future.result_timeout(LONG).unwrap()),
        |future| {
            future.wait();
            Some(future.try_result().unwrap())
        },
        |future| {
            assert!(future.wait_timeout(LONG));
            Some(future.result())
        },
        |future| {
            Some(
                wait([future], ReturnWhen::FirstError)
                    .done
                    .pop()
                    .unwrap()
                    .result(),
            )
        },
        |future| {
            Some(
                wait_timeout([future], ReturnWhen::AllCompleted, LONG)
                    .done
                    .pop()
                    .unwrap()
                    .result(),
            )
        },
        |future| Some(as_completed([future]).next().unwrap().result()),
        |future| {
            assert!(future.shared().result().is_err());
            None
        },
        |future| Some(poll_on(future)),
    ];
    let pool = ThreadPool::new(1).unwrap();
    for way in ways {
        let gate = Gate::default();
        let at = gate.clone();
        let done = pool.spawn(|| 3);
        done.wait();
        let (started, starts) = std::sync::mpsc::channel();
        let running = pool.spawn(move || {
            started.send(()).unwrap();
            at.wait();
            1
        });
        starts.recv().unwrap();
        let queued = pool.spawn(|| 2);
        let futures = [queued, running];
        in_child(|| {
            // The child's copies; the parent still has its own.
            for future in childs(&futures) {
                if let Some(outcome) = way(future) {
                    assert!(is_forked(outcome));
                }
            }
            let done = childs(&done);
            assert_eq!(done.result().unwrap(), 3);
        });
        gate.open();
        let results = futures.map(|future| future.result().unwrap());
        assert_eq!((results, done.result().unwrap()), ([2, 1], 3));
    }
}

#[test]
fn t13_a_callback_on_a_future_from_before_the_fork_is_called_when_it_is_waited_for() {
    let _watch = watch();
    alone!("t13_a_callback_on_a_future_from_before_the_fork_is_called_when_it_is_waited_for");
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let queued = pool.spawn(|| 2);
    in_child(|| {
        let called = Arc::new(AtomicUsize::new(0));
        let calls = Arc::clone(&called);
        queued.add_done_callback(move |outcome| {
            assert!(matches!(
                outcome,
                Err(TaskError::Rejected(Rejected::Forked { .. }))
            ));
            calls.fetch_add(1, SeqCst);
        });
        queued.wait();
        assert_eq!(called.load(SeqCst), 1);
    });
    held.release();
    assert_eq!(queued.result().unwrap(), 2);
}

#[test]
fn t13_cancelling_and_dropping_in_the_child_is_harmless() {
    let _watch = watch();
    alone!("t13_cancelling_and_dropping_in_the_child_is_harmless");
    let pool = ThreadPool::new(1).unwrap();
    let held = hold(&pool);
    let token = Arc::new(());
    let futures = [0; 3].map(|_| {
        let token = Arc::clone(&token);
        pool.spawn(move || drop(token))
    });
    in_child(|| {
        let [one, two, three] = childs(&futures);
        assert!(one.cancel());
        assert!(matches!(one.result(), Err(TaskError::Cancelled)));
        drop(two);
        drop(as_completed([three]));
    });
    held.release();
    assert!(futures.into_iter().all(|future| future.result().is_ok()));
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn t13_dropping_the_pool_in_the_child_does_nothing() {
    let _watch = watch();
    alone!("t13_dropping_the_pool_in_the_child_does_nothing");
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let queued: Vec<_> = (0..10).map(|n| pool.spawn(move || n)).collect();
    in_child(|| drop(childs(&pool)));
    assert!(queued.iter().all(|task| !task.is_done()));
    held.release();
    assert_eq!(
        queued
            .into_iter()
            .map(|task| task.result().unwrap())
            .sum::<i32>(),
        45
    );
}

#[test]
fn t13_a_new_pool_in_the_child_works() {
    let _watch = watch();
    alone!("t13_a_new_pool_in_the_child_works");
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    in_child(|| {
        let mine = ThreadPool::new(2).unwrap();
        let tasks: Vec<_> = (0..100).map(|n| mine.spawn(move || n)).collect();
        assert_eq!(
            as_completed(tasks)
                .map(|task| task.result().unwrap())
                .sum::<i32>(),
            4950
        );
        let sum = mine.scope(|s| s.spawn(|| 20).result().unwrap()) + mine.join(|| 1, || 2).1;
        assert_eq!(sum, 22);
        assert!(is_forked(pool.spawn(|| 1).result()));
        // A child of the child is further still.
        in_child(|| {
            assert!(is_forked(mine.spawn(|| 1).result()));
            assert!(is_forked(pool.spawn(|| 1).result()));
            assert_eq!(ThreadPool::new(1).unwrap().spawn(|| 5).result().unwrap(), 5);
        });
        mine.shutdown(Shutdown::Drain).unwrap();
        let (promise, future) = promise();
        promise.complete(1).unwrap();
        assert_eq!(future.result().unwrap(), 1);
    });
    drop(held);
}

#[test]
fn t13_a_fork_while_everybody_is_busy_or_asleep() {
    let _watch = watch();
    alone!("t13_a_fork_while_everybody_is_busy_or_asleep");
    for idle in [
        raddle::thread::Idle::Balanced,
        raddle::thread::Idle::NeverPark,
        raddle::thread::Idle::ParkAtOnce,
    ] {
        let pool = ThreadPool::builder().workers(2).idle(idle).build().unwrap();
        for _ in 0..20 {
            let tasks: Vec<_> = (0..50).map(|n| pool.spawn(move || n)).collect();
            in_child(|| {
                assert!(is_forked(pool.spawn(|| 1).result()));
                let tasks = childs(&tasks);
                for (n, task) in tasks.into_iter().enumerate() {
                    match task.result() {
                        Ok(value) => assert_eq!(value, n),
                        outcome => assert!(is_forked(outcome)),
                    }
                }
            });
            assert_eq!(
                tasks
                    .into_iter()
                    .map(|task| task.result().unwrap())
                    .sum::<usize>(),
                1225
            );
        }
    }
}

#[test]
fn t13_a_scope_that_was_open_at_the_fork_ends_in_the_child() {
    let _watch = watch();
    alone!("t13_a_scope_that_was_open_at_the_fork_ends_in_the_child");
    let pool = ThreadPool::new(1).unwrap();
    let gate = Gate::default();
    let parent = std::process::id();
    let mut forked = 0;
    pool.scope(|s| {
        s.spawn(|| gate.wait());
        s.spawn(|| ());
        forked = fork();
        if forked != 0 {
            gate.open();
        }
    });
    if std::process::id() != parent {
        leave(true);
    }
    reap(forked);
}

#[test]
fn t13_a_fork_inside_a_task() {
    let _watch = watch();
    alone!("t13_a_fork_inside_a_task");
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    let inside = Arc::clone(&pool);
    let task = pool.spawn(move || {
        let before = inside.spawn(|| ());
        in_child(|| {
            assert!(is_forked(inside.spawn(|| 1).result()));
            assert!(is_forked(inside.spawn_on(0, || 1).result()));
            assert!(is_forked(inside.scope(|s| s.spawn(|| 1).result())));
            assert!(matches!(
                inside.shutdown(Shutdown::Drain),
                Err(ShutdownError::Forked { .. })
            ));
            let before = childs(&before);
            let _ = before.result();
            assert_eq!(ThreadPool::new(1).unwrap().spawn(|| 5).result().unwrap(), 5);
        });
        before.result().unwrap();
        6
    });
    assert_eq!(task.result().unwrap(), 6);
}
