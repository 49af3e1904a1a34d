//! T13 for pools of processes: in a forked child the parent's pool refuses at once, and nothing that the child does
//! reaches the parent's workers, whose memory it has mapped too.

use super::common::{LONG, hold_only, watch};
use super::fork::{alone, childs, in_child, is_forked, poll_on};
use raddle::{
    Executor, Future, ProcessPool, ReturnWhen, Shutdown, ShutdownError, TaskError, as_completed,
    wait, wait_timeout,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

fn same(n: u32) -> u32 {
    n
}

#[test]
fn t13_every_call_in_a_forked_child_fails_at_once() {
    let _watch = watch();
    alone!("t13_every_call_in_a_forked_child_fails_at_once");
    let pool = ProcessPool::builder()
        .workers(2)
        .name("home")
        .build()
        .unwrap();
    let pids = pool.stats().pids();
    in_child(|| {
        let error = pool.submit(same, 1).result().unwrap_err();
        assert!(error.to_string().contains("home"), "{error}");
        assert!(is_forked(Err::<(), _>(error)));
        assert!(is_forked(
            pool.try_submit(|n: u32| Ok::<_, TaskError>(n), 1).result()
        ));
        let large = vec![0u8; 1 << 20];
        assert!(is_forked(
            pool.submit(|bytes: Vec<u8>| bytes.len(), large).result()
        ));
        let named = pool.task().name("named").timeout(LONG).idempotent(3);
        assert!(is_forked(named.submit(same, 1).result()));
        assert!(pool.map(same, 0..3).all(is_forked));
        assert!(
            pool.map_unordered(same, 0..3)
                .all(|(_, outcome)| is_forked(outcome))
        );
        let forked = ShutdownError::Forked {
            pool: "home".into(),
        };
        for how in [Shutdown::Drain, Shutdown::CancelPending] {
            pool.close(how);
            assert_eq!(pool.shutdown(how).unwrap_err(), forked);
            assert_eq!(pool.shutdown_timeout(how, LONG).unwrap_err(), forked);
        }
        assert_eq!(pool.terminate_workers(LONG).unwrap_err(), forked);
        assert_eq!(pool.kill_workers().unwrap_err(), forked);
        assert_eq!((pool.workers(), pool.name()), (2, "home"));
        assert_eq!(pool.stats().workers.len(), 2);
        assert!(format!("{pool:?}").contains("home"));
    });
    // The parent's pool has noticed nothing.
    assert_eq!(pool.submit(same, 7).result().unwrap(), 7);
    assert_eq!(pool.stats().pids(), pids);
}

#[test]
fn t13_futures_from_before_the_fork_end_in_the_child() {
    let _watch = watch();
    alone!("t13_futures_from_before_the_fork_end_in_the_child");
    type Wait = fn(Future<u32>) -> Result<u32, TaskError>;
    let ways: [Wait; 8] = [
        |future| future.result(),
        |future| future.result_timeout(LONG).unwrap(),
        |future| {
            future.wait();
            future.try_result().unwrap()
        },
        |future| {
            assert!(future.wait_timeout(LONG));
            future.result()
        },
        |future| {
            let mut waited = wait([future], ReturnWhen::FirstError);
            waited.done.pop().unwrap().result()
        },
        |future| {
            let mut waited = wait_timeout([future], ReturnWhen::AllCompleted, LONG);
            waited.done.pop().unwrap().result()
        },
        |future| as_completed([future]).next().unwrap().result(),
        poll_on,
    ];
    let pool = ProcessPool::new(1).unwrap();
    for way in ways {
        let done = pool.submit(same, 3);
        done.wait();
        // Its answer lies in the lane at the fork, or comes after it.
        let answered = pool.submit(same, 4);
        let held = hold_only(&pool);
        let futures = [5, 6].map(|n| pool.submit(same, n));
        in_child(|| {
            // The child's copies; the parent still has its own.
            let task = childs(&held.task);
            assert!(!task.is_done());
            task.cancel();
            for future in childs(&futures) {
                assert!(is_forked(way(future)));
            }
            let done = childs(&done);
            assert_eq!(done.result().unwrap(), 3);
            // Nobody takes it out of the lane here: that is the parent's.
            assert!(is_forked(childs(&answered).result()));
        });
        held.let_go();
        let results = futures.map(|future| future.result().unwrap());
        assert_eq!((results, done.result().unwrap()), ([5, 6], 3));
        assert_eq!(answered.result().unwrap(), 4);
    }
    assert_eq!(pool.stats().deaths, 0);
}

#[test]
fn t13_what_the_child_does_to_futures_stays_there() {
    let _watch = watch();
    alone!("t13_what_the_child_does_to_futures_stays_there");
    let pool = ProcessPool::new(1).unwrap();
    let held = hold_only(&pool);
    let futures = [0, 1, 2, 3, 4].map(|n| pool.submit(same, n));
    in_child(|| {
        let running = childs(&held.task);
        assert!(!running.kill(), "it is the parent's");
        drop(running);
        let [one, two, three, four, five] = childs(&futures);
        assert!(one.cancel());
        assert!(matches!(one.result(), Err(TaskError::Cancelled)));
        drop(two);
        drop(as_completed([three]));
        assert!(!four.kill());
        let called = Arc::new(AtomicUsize::new(0));
        let calls = Arc::clone(&called);
        five.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Rejected(_))));
            calls.fetch_add(1, SeqCst);
        });
        five.wait();
        assert_eq!(called.load(SeqCst), 1);
    });
    held.let_go();
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n);
    }
    assert_eq!(pool.stats().deaths, 0);
}

#[test]
fn t13_dropping_the_pool_in_the_child_does_nothing() {
    let _watch = watch();
    alone!("t13_dropping_the_pool_in_the_child_does_nothing");
    let pool = ProcessPool::new(2).unwrap();
    let pids = pool.stats().pids();
    let held = hold_only(&pool);
    let queued: Vec<_> = (0..10).map(|n| pool.submit(same, n)).collect();
    in_child(|| drop(childs(&pool)));
    held.let_go();
    let sum: u32 = queued.into_iter().map(|task| task.result().unwrap()).sum();
    assert_eq!(sum, 45);
    assert_eq!(pool.stats().pids(), pids);
    // One that has ended before the fork is nothing to the child either.
    pool.shutdown(Shutdown::Drain).unwrap();
    in_child(|| drop(childs(&pool)));
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn t13_a_new_pool_in_the_child_works() {
    let _watch = watch();
    alone!("t13_a_new_pool_in_the_child_works");
    let pool = ProcessPool::new(1).unwrap();
    let held = hold_only(&pool);
    in_child(|| {
        let mine = ProcessPool::new(2).unwrap();
        let tasks: Vec<_> = (0..100).map(|n| mine.submit(same, n)).collect();
        let sum: u32 = as_completed(tasks).map(|task| task.result().unwrap()).sum();
        assert_eq!(sum, 4950);
        assert!(is_forked(pool.submit(same, 1).result()));
        // A child of the child is further still.
        in_child(|| {
            assert!(is_forked(mine.submit(same, 1).result()));
            assert!(is_forked(pool.submit(same, 1).result()));
            let own = ProcessPool::new(1).unwrap();
            assert_eq!(own.submit(same, 5).result().unwrap(), 5);
        });
        mine.shutdown(Shutdown::Drain).unwrap();
    });
    held.let_go();
}

#[test]
fn t13_a_fork_while_everybody_is_busy() {
    let _watch = watch();
    alone!("t13_a_fork_while_everybody_is_busy");
    let pool = ProcessPool::new(2).unwrap();
    for round in 0..20 {
        let tasks: Vec<_> = (0..50).map(|n| pool.submit(same, n)).collect();
        in_child(|| {
            assert!(is_forked(pool.submit(same, 1).result()));
            assert_eq!(pool.stats().workers.len(), 2);
            for (n, task) in (0..).zip(childs(&tasks)) {
                match task.result() {
                    Ok(value) => assert_eq!(value, n),
                    outcome => assert!(is_forked(outcome)),
                }
            }
        });
        let sum: u32 = tasks.into_iter().map(|task| task.result().unwrap()).sum();
        assert_eq!(sum, 1225, "round {round}");
    }
    assert_eq!(pool.stats().deaths, 0);
}

/// Threads of the parent that are in the middle of things, under every lock, when it forks.
#[test]
fn t13_a_fork_among_threads_that_submit_and_wait() {
    let _watch = watch();
    alone!("t13_a_fork_among_threads_that_submit_and_wait");
    let pool = ProcessPool::new(2).unwrap();
    let over = AtomicUsize::new(0);
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                while over.load(SeqCst) == 0 {
                    assert_eq!(pool.submit(same, 3).result().unwrap(), 3);
                    let _ = pool.stats();
                }
            });
        }
        for _ in 0..20 {
            let kept = pool.submit(same, 4);
            in_child(|| {
                // Nothing here allocates more than it must: a thread that is not here may have held a lock of
                // the allocator, which glibc's takes over.
                assert!(is_forked(pool.submit(same, 1).result()));
                assert_eq!(pool.stats().workers.len(), 2);
                drop(childs(&kept));
                drop(childs(&pool));
            });
            assert_eq!(kept.result().unwrap(), 4);
        }
        over.store(1, SeqCst);
    });
    assert_eq!(pool.stats().deaths, 0);
}

/// A worker's child has nothing of the lane but old memory; the worker goes on.
#[test]
fn t13_a_task_that_forks() {
    let _watch = watch();
    let pool = ProcessPool::new(1).unwrap();
    let task = |n: u32| {
        // SAFETY: the worker has one thread.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // It neither is the worker nor asks like one.
            let asked = raddle::cancel_requested();
            // SAFETY: ends the process.
            unsafe { libc::_exit(i32::from(asked)) };
        }
        let mut status = 0;
        // SAFETY: our child, our status word.
        let reaped = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!((reaped, status), (child, 0));
        n + 1
    };
    for n in 0..10 {
        assert_eq!(pool.submit(task, n).result().unwrap(), n + 1);
    }
    assert_eq!(pool.stats().deaths, 0);
}

#[test]
fn q20_a_forked_child_can_use_no_end_of_a_queue() {
    use raddle::process::{QueueError, Receiver, Sender, queue};
    let _watch = watch();
    alone!("q20_a_forked_child_can_use_no_end_of_a_queue");
    let pool = ProcessPool::new(1).unwrap();
    let (sender, receiver) = queue::<u32>(2, 8).unwrap();
    sender.put(1).unwrap();
    in_child(|| {
        assert_eq!(sender.put(2).unwrap_err().why, QueueError::Forked);
        assert_eq!(sender.try_put(2).unwrap_err().why, QueueError::Forked);
        assert_eq!(
            sender.put_timeout(2, LONG).unwrap_err().why,
            QueueError::Forked
        );
        assert_eq!(receiver.get(), Err(QueueError::Forked));
        assert_eq!(receiver.try_get(), Err(QueueError::Forked));
        assert_eq!(receiver.get_timeout(LONG), Err(QueueError::Forked));
        sender.close();
        // The child's copies.
        let ends: (Sender<u32>, Receiver<u32>) = (childs(&sender), childs(&receiver));
        drop(ends);
        // A queue of its own works.
        let (mine, inbox) = queue::<u32>(2, 8).unwrap();
        mine.put(3).unwrap();
        assert_eq!(inbox.get(), Ok(3));
        drop(mine);
        assert_eq!(inbox.get(), Err(QueueError::Closed));
    });
    // The parent's queue has noticed nothing.
    sender.put(2).unwrap();
    let task = pool.submit(
        |items: Receiver<u32>| items.get().unwrap(),
        receiver.clone(),
    );
    assert_eq!(task.result().unwrap(), 1);
    assert_eq!(receiver.get(), Ok(2));
    drop(sender);
    assert_eq!(receiver.get(), Err(QueueError::Closed));
}
