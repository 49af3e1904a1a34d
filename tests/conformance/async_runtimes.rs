//! Row F36: awaiting from event loops. Wakers by hand, then the runtimes.

use crate::common::{Drops, Gate, Wakes, hold, until, watch};
use futures_core::Stream;
use raddle::{
    BoxError, Future, FutureState, Shutdown, TaskError, ThreadPool, as_completed, promise,
};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

fn poll<F: std::future::Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

fn poll_next<S: Stream + Unpin>(stream: &mut S, waker: &Waker) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(waker))
}

#[test]
fn f36_a_poll_never_blocks_and_the_end_wakes_once() {
    let _watch = watch();
    let (wakes, waker) = Wakes::new();
    let (promise, mut future) = promise();
    assert!(poll(&mut future, &waker).is_pending());
    assert_eq!(wakes.count(), 0);
    promise.complete(3).unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(matches!(poll(&mut future, &waker), Poll::Ready(Ok(3))));
    drop(future);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn f36_a_worker_wakes_once() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let (wakes, waker) = Wakes::new();
    let mut future = pool.spawn(|| 3);
    assert!(poll(&mut future, &waker).is_pending());
    busy.let_go();
    until(|| wakes.count() == 1);
    assert!(matches!(poll(&mut future, &waker), Poll::Ready(Ok(3))));
    drop(pool);
    assert_eq!(wakes.count(), 1);
}

#[test]
fn f36_a_new_waker_takes_the_place_of_the_old_one() {
    let _watch = watch();
    let (old, old_waker) = Wakes::new();
    let (new, new_waker) = Wakes::new();
    let (promise, mut future) = promise::<u8>();
    for _ in 0..3 {
        assert!(poll(&mut future, &old_waker).is_pending());
    }
    assert!(poll(&mut future, &new_waker).is_pending());
    drop(old_waker);
    assert_eq!(Arc::strong_count(&old), 1, "the old one was let go");
    promise.complete(1).unwrap();
    assert_eq!((old.count(), new.count()), (0, 1));
    assert!(poll(&mut future, &new_waker).is_ready());
}

#[test]
fn f36_nothing_fires_after_the_future_was_dropped() {
    let _watch = watch();
    let (wakes, waker) = Wakes::new();
    let pool = pool(1);
    let busy = hold(&pool);
    let mut plain = pool.spawn(|| 1);
    let mut shared = pool.spawn(|| 1).shared();
    let stays = shared.clone();
    let mut guard = pool.spawn(|| 1).cancel_on_drop();
    assert!(poll(&mut plain, &waker).is_pending());
    assert!(poll(&mut shared, &waker).is_pending());
    assert!(poll(&mut guard, &waker).is_pending());
    let mut stream = as_completed([pool.spawn(|| 1), pool.spawn(|| 1)]);
    assert!(poll_next(&mut stream, &waker).is_pending());
    drop((plain, shared, guard, stream));
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "no waker is kept");
    busy.let_go();
    assert_eq!(stays.result().unwrap(), &1);
    drop(pool);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn f36_each_clone_has_a_waker_of_its_own() {
    let _watch = watch();
    let (first, first_waker) = Wakes::new();
    let (second, second_waker) = Wakes::new();
    let (gone, gone_waker) = Wakes::new();
    let (promise, future) = promise::<u8>();
    let mut one = future.shared();
    let (mut two, mut three) = (one.clone(), one.clone());
    assert!(poll(&mut one, &gone_waker).is_pending());
    assert!(poll(&mut one, &first_waker).is_pending());
    assert!(poll(&mut two, &second_waker).is_pending());
    assert!(poll(&mut three, &gone_waker).is_pending());
    drop(three);
    promise.complete(5).unwrap();
    let counts = (first.count(), second.count(), gone.count());
    assert_eq!(counts, (1, 1, 0));
    for mut clone in [one, two] {
        let Poll::Ready(done) = poll(&mut clone, &first_waker) else {
            panic!("it is done")
        };
        assert_eq!(done.peek().unwrap().unwrap(), &5);
    }
}

#[test]
fn f36_a_cancel_wakes() {
    let _watch = watch();
    let (wakes, waker) = Wakes::new();
    let (_promise, mut future) = promise::<u8>();
    assert!(poll(&mut future, &waker).is_pending());
    assert!(future.cancel());
    assert_eq!(wakes.count(), 1);
    let ready = poll(&mut future, &waker);
    assert!(matches!(ready, Poll::Ready(Err(TaskError::Cancelled))));
}

#[test]
fn f36_a_future_that_gave_its_outcome_away_says_so() {
    let _watch = watch();
    let awaited = || {
        let (promise, mut future) = promise();
        promise.complete(1).unwrap();
        assert!(poll(&mut future, Waker::noop()).is_ready());
        future
    };
    assert!(awaited().is_done());
    assert!(matches!(awaited().result(), Err(TaskError::Abandoned)));
    assert!(matches!(awaited().peek(), Some(Err(TaskError::Abandoned))));
    assert!(matches!(awaited().error(), Some(TaskError::Abandoned)));
    assert!(matches!(
        awaited().shared().result(),
        Err(TaskError::Abandoned)
    ));
    awaited().add_done_callback(|outcome| assert!(matches!(outcome, Err(TaskError::Abandoned))));
    assert_eq!(format!("{:?}", awaited()), "Future { state: Finished }");
    let again = thread::spawn(move || poll(&mut awaited(), Waker::noop()).is_ready());
    assert!(again.join().is_err(), "a poll after the end is a mistake");
}

#[test]
fn f36_an_awaited_result_is_dropped_once() {
    let _watch = watch();
    let drops = Drops::default();
    let (promise, mut future) = promise();
    promise.complete(drops.item()).unwrap();
    let Poll::Ready(Ok(item)) = poll(&mut future, Waker::noop()) else {
        panic!("it is done")
    };
    drop(future);
    assert_eq!(drops.count(), 0);
    drop(item);
    assert_eq!(drops.count(), 1);
}

#[test]
fn f36_a_polled_future_can_be_waited_for_by_blocking() {
    let _watch = watch();
    let (_wakes, waker) = Wakes::new();
    let (promise, mut future) = promise();
    assert!(poll(&mut future, &waker).is_pending());
    let producer = thread::spawn(move || promise.complete(4).unwrap());
    assert_eq!(future.result().unwrap(), 4);
    producer.join().unwrap();
}

#[test]
fn f36_a_stream_wakes_the_newest_waker_once_for_each_item_that_it_was_asked_for() {
    let _watch = watch();
    let (old, old_waker) = Wakes::new();
    let (new, new_waker) = Wakes::new();
    let (one, first) = promise();
    let (two, second) = promise();
    let mut stream = as_completed([("first", first), ("second", second)]);
    assert_eq!(Stream::size_hint(&stream), (2, Some(2)));
    assert!(poll_next(&mut stream, &old_waker).is_pending());
    assert!(poll_next(&mut stream, &new_waker).is_pending());
    two.complete(2).unwrap();
    assert_eq!((old.count(), new.count()), (0, 1));
    one.complete(1).unwrap();
    assert_eq!(new.count(), 1, "it was told, and has not asked again");
    let keys = [(); 2].map(|()| match poll_next(&mut stream, &new_waker) {
        Poll::Ready(Some((key, future))) => (key, future.result().unwrap()),
        _ => panic!("both are there"),
    });
    assert_eq!(keys, [("second", 2), ("first", 1)]);
    assert!(matches!(
        poll_next(&mut stream, &new_waker),
        Poll::Ready(None)
    ));
    assert!(matches!(
        poll_next(&mut stream, &new_waker),
        Poll::Ready(None)
    ));
}

#[test]
fn f36_a_stream_can_go_on_as_a_blocking_iterator() {
    let _watch = watch();
    let (wakes, waker) = Wakes::new();
    let pool = pool(1);
    let busy = hold(&pool);
    let mut all = as_completed((0..3).map(|n| pool.spawn(move || n)));
    assert!(poll_next(&mut all, &waker).is_pending());
    let asker = thread::spawn(move || {
        let first = all.next().unwrap().result().unwrap();
        (first, all.into_remaining().len())
    });
    busy.let_go();
    assert_eq!(asker.join().unwrap(), (0, 2));
    drop(pool);
    assert!(wakes.count() <= 1, "the poll's waker at most once");
}

// --- Under the runtimes -------------------------------------------------------------------------

async fn f36_awaits_values_and_errors() {
    let pool = pool(2);
    assert_eq!(pool.spawn(|| 6 * 7).await.unwrap(), 42);
    let failed = pool.try_spawn(|| Err::<u8, _>("no")).await;
    assert!(matches!(failed, Err(TaskError::Failed(_))));
    let panicked = pool.spawn(|| -> u8 { panic!("f36") }).await;
    assert!(matches!(panicked, Err(TaskError::Panicked(_))));
    let busy = hold(&pool);
    let cancelled = pool.spawn(|| 1);
    assert!(cancelled.cancel());
    assert!(matches!(cancelled.await, Err(TaskError::Cancelled)));
    busy.let_go();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(matches!(
        pool.spawn(|| 1).await,
        Err(TaskError::Rejected(_))
    ));
}

async fn f36_awaits_many_in_a_row() {
    let pool = pool(2);
    for round in 0..500 {
        assert_eq!(pool.spawn(move || round).await.unwrap(), round);
    }
}

async fn f36_awaits_many_at_once() {
    let pool = pool(2);
    let futures = pool.spawn_many((0..1000).map(|n| move || n));
    let values = futures::future::join_all(futures).await;
    assert!(values.into_iter().map(Result::unwrap).eq(0..1000));
}

async fn f36_awaits_a_shared_future_from_many_sides() {
    let pool = pool(1);
    let busy = hold(&pool);
    let shared = pool.spawn(|| String::from("one")).shared();
    let clones: Vec<_> = (0..10).map(|_| shared.clone()).collect();
    let all = futures::future::join(futures::future::join_all(clones), async {
        busy.let_go();
    });
    for done in all.await.0 {
        assert_eq!(done.peek().unwrap().unwrap(), "one");
    }
    assert_eq!(shared.await.result().unwrap(), "one");
}

async fn f36_awaits_a_guarded_future() {
    let pool = pool(1);
    assert_eq!(pool.spawn(|| 1).cancel_on_drop().await.unwrap(), 1);
    let failed = pool.try_spawn(|| Err::<u8, _>("no")).cancel_on_drop().await;
    assert!(failed.is_err());
}

async fn f36_awaits_a_promise_that_another_task_keeps() {
    let (promise, future) = promise();
    let keeper = async move { promise.complete(8).unwrap() };
    let (value, ()) = futures::future::join(future, keeper).await;
    assert_eq!(value.unwrap(), 8);
    let (broken, future) = raddle::promise::<u8>();
    let (value, ()) = futures::future::join(future, async move { drop(broken) }).await;
    assert!(matches!(value, Err(TaskError::Abandoned)));
}

/// As a stream and nothing else: as an iterator it has a `next` too, which blocks.
fn streamed<S: Stream + Unpin>(stream: S) -> impl Stream<Item = S::Item> + Unpin {
    stream
}

async fn f36_as_completed_is_a_stream() {
    use futures::StreamExt;
    let pool = pool(2);
    let (late, last) = promise();
    let mut futures: Vec<_> = (0..100).map(|n| (n, pool.spawn(move || n * n))).collect();
    futures.push((100, last));
    let mut stream = streamed(as_completed(futures));
    let mut seen = Vec::new();
    while seen.len() < 100 {
        let (n, square) = stream.next().await.unwrap();
        assert_eq!(square.await.unwrap(), n * n);
        seen.push(n);
    }
    assert_eq!(stream.size_hint(), (1, Some(1)));
    late.complete(100 * 100).unwrap();
    let (n, square) = stream.next().await.unwrap();
    assert_eq!((n, square.await.unwrap()), (100, 10_000));
    assert!(stream.next().await.is_none());
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..100));
}

async fn f36_a_task_may_complete_what_it_is_awaited_for_by_another_worker() {
    // An event loop inside a worker: the wake comes from another one of the same pool.
    let pool = Arc::new(pool(2));
    let inner = Arc::clone(&pool);
    let outer = pool.spawn(move || {
        let one = inner.spawn(|| 1);
        futures::executor::block_on(one).unwrap() + 1
    });
    assert_eq!(outer.await.unwrap(), 2);
}

macro_rules! under_every_runtime {
    ($($test:ident)*) => {
        under_every_runtime! { @one tokio_one_thread, |body| tokio::runtime::Builder::new_current_thread()
            .build().unwrap().block_on(body); $($test)* }
        under_every_runtime! { @one tokio_many_threads, |body| {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
            runtime.block_on(runtime.spawn(body)).unwrap()
        }; $($test)* }
        under_every_runtime! { @one smol_here, |body| smol::block_on(body); $($test)* }
        under_every_runtime! { @one smol_spawned, |body| smol::block_on(smol::spawn(body)); $($test)* }
        under_every_runtime! { @one futures_executor, |body| futures::executor::block_on(body); $($test)* }
    };
    (@one $runtime:ident, |$body:ident| $run:expr; $($test:ident)*) => {
        mod $runtime {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                let $body = super::$test();
                $run
            })*
        }
    };
}

under_every_runtime! {
    f36_awaits_values_and_errors
    f36_awaits_many_in_a_row
    f36_awaits_many_at_once
    f36_awaits_a_shared_future_from_many_sides
    f36_awaits_a_guarded_future
    f36_awaits_a_promise_that_another_task_keeps
    f36_as_completed_is_a_stream
    f36_a_task_may_complete_what_it_is_awaited_for_by_another_worker
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap()
}

#[test]
fn f36_a_tokio_timeout_leaves_the_task_alone() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let mut future = pool.spawn(|| 5);
    tokio_runtime().block_on(async {
        let late = tokio::time::timeout(Duration::from_millis(2), &mut future).await;
        assert!(late.is_err());
        assert_eq!(future.state(), FutureState::Pending);
        busy.let_go();
        assert_eq!(future.await.unwrap(), 5);
    });
}

#[test]
fn f36_a_tokio_timeout_over_a_guard_cancels() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let drops = Drops::default();
    let captured = drops.item();
    let guard = pool.spawn(move || drop(captured)).cancel_on_drop();
    tokio_runtime().block_on(async {
        let late = tokio::time::timeout(Duration::from_millis(2), guard).await;
        assert!(late.is_err());
    });
    assert_eq!(drops.count(), 1, "cancelled, so its closure is gone");
    busy.let_go();
}

#[test]
fn f36_a_branch_that_lost_a_select_goes_on() {
    let _watch = watch();
    let pool = pool(1);
    let gate = Gate::default();
    let at = gate.clone();
    let mut slow = pool.spawn(move || {
        at.wait();
        "slow"
    });
    tokio_runtime().block_on(async {
        let (promise, quick) = promise();
        promise.complete("quick").unwrap();
        let first = tokio::select! {
            biased;
            slow = &mut slow => slow,
            quick = quick => quick,
        };
        assert_eq!(first.unwrap(), "quick");
        assert!(!slow.is_cancelled());
        gate.open();
        assert_eq!(slow.await.unwrap(), "slow");
    });
}

#[test]
fn f36_a_task_aborted_by_its_runtime_cancels_what_it_guards() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let drops = Drops::default();
    let captured = drops.item();
    let guard = pool.spawn(move || drop(captured)).cancel_on_drop();
    tokio_runtime().block_on(async {
        let waiting = tokio::spawn(guard);
        tokio::task::yield_now().await;
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
    });
    assert_eq!(drops.count(), 1);
    busy.let_go();
}

#[test]
fn f36_the_end_of_a_runtime_before_the_end_of_the_task_is_no_harm() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let ran = Gate::default();
    let inside = ran.clone();
    let future = pool.spawn(move || inside.open());
    let runtime = tokio_runtime();
    let waiting = runtime.spawn(future);
    drop(runtime);
    drop(waiting);
    busy.let_go();
    ran.wait();
}

#[test]
fn f36_a_future_moves_between_runtimes() {
    let _watch = watch();
    let (promise, mut future) = promise::<u8>();
    let first_try = futures::executor::block_on(async {
        futures::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx).is_pending()))
            .await
    });
    assert!(first_try);
    let waiting = thread::spawn(move || smol::block_on(future));
    promise.fail(BoxError::from("no")).unwrap();
    assert!(waiting.join().unwrap().is_err());
}

/// What generic code asks of a future.
#[test]
fn f36_futures_are_send_sync_and_unpin() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<Future<u8>>();
    is::<raddle::SharedFuture<u8>>();
    is::<raddle::CancelOnDrop<u8>>();
    is::<raddle::AsCompleted<Future<u8>>>();
    is::<raddle::AsCompleted<(String, Future<u8>)>>();
    fn moves<T: Send>() {}
    moves::<raddle::Promise<u8>>();
}
