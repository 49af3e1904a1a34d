//! `spawn_when_room`: async code waits for a place in the queue of a thread pool.

use super::common::{hold, watch};
use futures::FutureExt;
use futures::executor::block_on;
use raddle::{Rejected, Shutdown, TaskError, ThreadPool, WhenFull};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};

fn small(when_full: WhenFull) -> ThreadPool {
    let pool = ThreadPool::builder().workers(1).name("small");
    pool.queue_limit(1).when_full(when_full).build().unwrap()
}

#[test]
fn async_code_waits_for_room_whatever_the_pool_does_when_it_is_full() {
    let _watch = watch();
    for when_full in [WhenFull::Block, WhenFull::Reject, WhenFull::RunOnCaller] {
        let pool = small(when_full);
        let held = hold(&pool);
        let queued = pool.spawn(|| 1);
        let mut waiting = pool.spawn_when_room(|| 2);
        assert!((&mut waiting).now_or_never().is_none());
        held.release();
        assert_eq!(block_on(async { waiting.await.await }).unwrap(), 2);
        assert_eq!(queued.result().unwrap(), 1);
    }
}

/// A waker that says whom it has called.
struct Caller(usize, mpsc::Sender<usize>);

impl Wake for Caller {
    fn wake(self: Arc<Self>) {
        self.1.send(self.0).unwrap();
    }
}

#[test]
fn each_place_goes_to_the_wait_that_began_first() {
    let _watch = watch();
    let pool = small(WhenFull::Block);
    let (ran, order) = mpsc::channel();
    let (call, calls) = mpsc::channel();
    let held = hold(&pool);
    let queued = pool.spawn(|| ());
    let mut waits: Vec<_> = (0..20)
        .map(|n| {
            let ran = ran.clone();
            let task = move || ran.send(n).unwrap();
            let waker = Waker::from(Arc::new(Caller(n, call.clone())));
            Some((pool.spawn_when_room(task), waker))
        })
        .collect();
    let mut poll = |n: usize| {
        let wait: &mut Option<_> = &mut waits[n];
        let (mut wait, waker) = wait.take()?;
        match wait.poll_unpin(&mut Context::from_waker(&waker)) {
            Poll::Ready(task) => Some(task),
            Poll::Pending => {
                // Dropped waits have no turn.
                waits[n] = (n != 0 && n != 7).then_some((wait, waker));
                None
            }
        }
    };
    for n in 0..20 {
        assert!(poll(n).is_none());
    }
    held.release();
    // Each is polled when it is called, and only then.
    let tasks: Vec<_> = (0..18)
        .map(|_| poll(calls.recv().unwrap()).expect("a place"))
        .collect();
    for task in tasks {
        task.result().unwrap();
    }
    queued.result().unwrap();
    let expected: Vec<_> = (1..20).filter(|n| *n != 7).collect();
    assert_eq!(order.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_wait_that_is_dropped_takes_no_place_and_runs_nothing() {
    let _watch = watch();
    let pool = small(WhenFull::Reject);
    for _ in 0..10 {
        let held = hold(&pool);
        let queued = pool.spawn(|| ());
        let mut first = pool.spawn_when_room(|| unreachable!("it was dropped"));
        let mut second = pool.spawn_when_room(|| 2);
        assert!((&mut first).now_or_never().is_none());
        assert!((&mut second).now_or_never().is_none());
        // The place of a cancelled task is free at once: `first` is called, and gives its turn up.
        assert!(queued.cancel());
        drop(first);
        let task = (&mut second).now_or_never().expect("there is room");
        held.release();
        assert_eq!(task.result().unwrap(), 2);
    }
    assert_eq!(pool.spawn(|| 3).result().unwrap(), 3);
}

#[test]
fn a_wait_ends_with_the_pool() {
    let _watch = watch();
    let pool = small(WhenFull::Block);
    let held = hold(&pool);
    let queued = pool.spawn(|| ());
    let mut wait = pool.spawn_when_room(|| ());
    assert!((&mut wait).now_or_never().is_none());
    std::thread::scope(|s| {
        s.spawn(|| pool.shutdown(Shutdown::CancelPending).unwrap());
        let task = block_on(wait);
        let expected = Rejected::ShutDown {
            pool: "small".into(),
        };
        assert!(matches!(task.result(), Err(TaskError::Rejected(why)) if why == expected));
        held.release();
    });
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
    let task = pool.spawn_when_room(|| ()).now_or_never().unwrap();
    assert!(matches!(task.result(), Err(TaskError::Rejected(_))));
}

#[test]
fn without_a_limit_and_in_a_task_there_is_always_room() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let task = pool.spawn_when_room(|| 1).now_or_never().unwrap();
    assert_eq!(task.result().unwrap(), 1);
    let pool = Arc::new(small(WhenFull::Reject));
    let inner = Arc::clone(&pool);
    let sum = pool.spawn(move || {
        let tasks: Vec<_> = (0..5)
            .map(|n| inner.spawn_when_room(move || n).now_or_never().unwrap())
            .collect();
        tasks
            .into_iter()
            .map(|task| task.result().unwrap())
            .sum::<i32>()
    });
    assert_eq!(sum.result().unwrap(), 10);
}

#[test]
fn a_runtime_of_one_thread_goes_on_while_a_task_waits_for_room() {
    let _watch = watch();
    let pool = small(WhenFull::Block);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let held = hold(&pool);
    let queued = pool.spawn(|| ());
    runtime.block_on(async {
        let wait = async { pool.spawn_when_room(|| 7).await.await.unwrap() };
        // The other half of the join runs on the same thread, and lets the worker go.
        let free = async {
            tokio::task::yield_now().await;
            held.release();
        };
        let (seven, ()) = futures::join!(wait, free);
        assert_eq!(seven, 7);
    });
    queued.result().unwrap();
}
