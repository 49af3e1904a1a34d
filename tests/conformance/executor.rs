//! Rows E: submitting. Rows for each kind of executor, guests in WebAssembly included, are in `every_submission.rs`.

use crate::common::{Drops, Files, Gate, Kind, hold, note, notes, until, watch};
use crate::kinds::for_every_executor;
use raddle::executor::Chunk;
use raddle::{
    AnyExecutor, BoxError, BuildError, Executor, Future, Payload, Rejected, Shutdown,
    ShutdownError, TaskError, ThreadPool,
};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;

fn pool(workers: usize) -> ThreadPool {
    ThreadPool::new(workers).unwrap()
}

for_every_executor! {
    e02_a_function_or_a_closure_is_a_task
    e10_one_program_runs_on_each_executor
    e10_what_points_to_an_executor_is_one
    e10_an_executor_is_chosen_when_the_program_runs
    e11_a_wrapper_is_an_executor_too
}

fn e02_a_function_or_a_closure_is_a_task<K: Kind>() {
    fn twice(n: u64) -> u64 {
        2 * n
    }
    let executor = K::make(1);
    assert_eq!(executor.submit(twice, 5).result().unwrap(), 10);
    assert_eq!(executor.submit(u64::count_ones, 5).result().unwrap(), 2);
    let square = |n: u64| n * n;
    assert_eq!(executor.submit(square, 5).result().unwrap(), 25);
    assert_eq!(
        executor
            .submit(move |n: u64| square(twice(n)), 5)
            .result()
            .unwrap(),
        100
    );
}

fn words(executor: &impl Executor, text: &str) -> usize {
    let lines = text.lines().map(str::to_owned);
    let counts = executor.map(|line: String| line.split_whitespace().count(), lines);
    counts.map(Result::unwrap).sum()
}

fn e10_one_program_runs_on_each_executor<K: Kind>() {
    assert_eq!(words(&K::make(2), "the warp and\nthe weft\n\nof it"), 7);
}

/// Takes its executor by value, as a struct would that keeps it.
fn words_by_value<E: Executor>(executor: E, text: &str) -> usize {
    let count = words(&executor, text);
    let count_again = executor.submit(|text: String| text.split_whitespace().count(), text.into());
    assert_eq!(count_again.result().unwrap(), count);
    assert!(
        executor
            .try_submit(|()| Err::<(), _>("no"), ())
            .result()
            .is_err()
    );
    count
}

fn e10_what_points_to_an_executor_is_one<K: Kind>() {
    let executor = Arc::new(K::make(2));
    assert_eq!(words_by_value(&*executor, "by reference"), 2);
    assert_eq!(words_by_value(&executor, "by one to a pointer"), 5);
    assert_eq!(words_by_value(Arc::clone(&executor), "shared"), 1);
    assert_eq!(Executor::workers(&executor), 2);
    let boxed = Box::new(executor);
    assert_eq!(words_by_value(boxed, "in a box"), 3);

    let executor = Box::new(K::make(1));
    Executor::shutdown(&executor, Shutdown::Drain).unwrap();
    let refused = executor.submit(|n: u32| n, 1);
    assert!(matches!(refused.result(), Err(TaskError::Rejected(_))));
}

fn e10_an_executor_is_chosen_when_the_program_runs<K: Kind>()
where
    AnyExecutor: From<K::Executor>,
{
    struct Service {
        executor: AnyExecutor,
    }
    let service = Service {
        executor: K::make(2).into(),
    };
    assert_eq!(service.executor.workers(), 2);
    assert!(service.executor.name().starts_with("raddle-"));
    assert_eq!(words_by_value(&service.executor, "either of them"), 3);
    let kept = service.executor.submit(|n: u32| n, 1);
    service.executor.close(Shutdown::Drain);
    let refused = service.executor.submit(|n: u32| n, 1);
    assert!(matches!(
        refused.result(),
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
    let long = std::time::Duration::from_secs(60);
    service
        .executor
        .shutdown_timeout(Shutdown::Drain, long)
        .unwrap();
    service.executor.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(kept.result().unwrap(), 1);
}

/// Counts what it passes on, and takes no more than `limit`: what people build around an executor.
struct Limited<E> {
    inner: E,
    limit: usize,
    taken: AtomicUsize,
}

impl<E: Executor> Limited<E> {
    fn admit<R>(&self, submit: impl FnOnce() -> Future<R>) -> Future<R> {
        if self.taken.fetch_add(1, SeqCst) < self.limit {
            return submit();
        }
        let (promise, future) = raddle::promise();
        let _ = promise.fail(BoxError::from("enough for today"));
        future
    }
}

impl<E: Executor> Executor for Limited<E> {
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.admit(|| self.inner.submit(task, arg))
    }

    fn try_submit<F, A, R, Er>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, Er> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        Er: Into<BoxError> + 'static,
    {
        self.admit(|| self.inner.try_submit(task, arg))
    }

    fn submit_chunk<F, A, R>(&self, task: F, chunk: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        self.inner.submit_chunk(task, chunk)
    }

    fn workers(&self) -> usize {
        self.inner.workers()
    }

    fn shutdown(&self, how: Shutdown) -> Result<(), ShutdownError> {
        self.inner.shutdown(how)
    }
}

fn e11_a_wrapper_is_an_executor_too<K: Kind>() {
    let limited = Limited {
        inner: K::make(2),
        limit: 2,
        taken: AtomicUsize::new(0),
    };
    let outcomes = [1, 2, 3].map(|n| limited.submit(|n: u32| n * 2, n).result().ok());
    assert_eq!(outcomes, [Some(2), Some(4), None]);
    assert_eq!(words(&limited, "map goes\nthrough it"), 4);
    limited.shutdown(Shutdown::Drain).unwrap();
}

/// An executor without threads: what a test double looks like.
struct Inline;

impl Executor for Inline {
    fn submit<F, A, R>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let (promise, future) = raddle::promise();
        let _ = promise.complete(task(arg));
        future
    }

    fn try_submit<F, A, R, E>(&self, task: F, arg: A) -> Future<R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
    {
        let (promise, future) = raddle::promise();
        let _ = match task(arg) {
            Ok(value) => promise.complete(value).is_ok(),
            Err(error) => promise.fail(error.into()).is_ok(),
        };
        future
    }

    fn submit_chunk<F, A, R>(&self, task: F, chunk: Vec<A>) -> Future<Chunk<R>>
    where
        F: Fn(A) -> Result<R, TaskError> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
    {
        let (promise, future) = raddle::promise();
        let _ = promise.complete(Chunk::run(task, chunk));
        future
    }

    fn workers(&self) -> usize {
        1
    }

    fn shutdown(&self, _: Shutdown) -> Result<(), ShutdownError> {
        Ok(())
    }
}

#[test]
fn e11_an_executor_can_be_written_from_nothing() {
    let _watch = watch();
    assert_eq!(words(&Inline, "no thread\nat all"), 4);
    let parsed = Inline.try_map(|text: String| text.parse::<u8>(), ["1".into(), "x".into()]);
    assert!(parsed.map(|one| one.is_ok()).eq([true, false]));
}

#[test]
fn e02_a_closure_for_threads_may_capture_what_is_copy() {
    let _watch = watch();
    let executor = pool(1);
    let (factor, offset) = (3u64, 4u64);
    let line = executor.submit(move |n: u64| factor * n + offset, 5);
    assert_eq!(line.result().unwrap(), 19);
}

#[test]
fn e01_spawn_returns_before_the_task_has_started() {
    let _watch = watch();
    let pool = pool(1);
    let busy = hold(&pool);
    let futures = pool.spawn_many((0..10).map(|n| move || n));
    assert!(futures.iter().all(|future| !future.is_done()));
    busy.let_go();
    let values = futures.into_iter().map(|future| future.result().unwrap());
    assert!(values.eq(0..10));
}

#[test]
fn e01_what_is_queued_behind_a_blocked_task_runs_on_another_worker() {
    let _watch = watch();
    // A worker takes several tasks at once; if one of them blocks, the others are not its own alone.
    let pool = pool(2);
    for _ in 0..300 {
        let gate = Gate::default();
        let at = gate.clone();
        let blocked = pool.spawn(move || at.wait());
        for (n, future) in pool
            .spawn_many((0..10).map(|n| move || n))
            .into_iter()
            .enumerate()
        {
            assert_eq!(future.result().unwrap(), n);
        }
        gate.open();
        blocked.result().unwrap();
    }
}

#[test]
fn e02_a_closure_of_threads_may_own_anything_that_is_send() {
    let _watch = watch();
    let pool = pool(1);
    let (sender, receiver) = mpsc::channel();
    let text = String::from("moved");
    let future = pool.spawn(move || {
        sender.send(text).unwrap();
        Box::new(|n: u32| n + 1) as Box<dyn Fn(u32) -> u32 + Send>
    });
    assert_eq!(receiver.recv().unwrap(), "moved");
    assert_eq!((future.result().unwrap())(1), 2);
}

#[test]
fn e04_a_refused_closure_is_dropped_at_once_and_never_runs() {
    let _watch = watch();
    let pool = ThreadPool::builder()
        .workers(1)
        .name("e04")
        .build()
        .unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let drops = Drops::default();
    let item = || drops.item();
    let (a, b, c, d) = (item(), item(), item(), item());
    let refused = [
        pool.spawn(move || drop(a)),
        pool.try_spawn(move || {
            drop(b);
            Ok::<_, BoxError>(())
        }),
        pool.spawn_on(0, move || drop(c)),
        pool.task().name("named").spawn(move || drop(d)),
    ];
    assert_eq!(drops.count(), 4);
    for future in refused {
        let Err(TaskError::Rejected(why)) = future.result() else {
            panic!("the pool is closed")
        };
        assert_eq!(why, Rejected::ShutDown { pool: "e04".into() });
    }
    assert_eq!(pool.stats().done(), 0);
}

#[test]
fn e04_a_submit_that_races_with_shutdown_runs_or_is_refused() {
    let _watch = watch();
    for _ in 0..50 {
        let pool = pool(2);
        let (drops, ran) = (Drops::default(), Arc::new(AtomicUsize::new(0)));
        let outcomes = thread::scope(|s| {
            let submitting = s.spawn(|| {
                let each = (0..100).map(|_| {
                    let (item, ran) = (drops.item(), Arc::clone(&ran));
                    pool.spawn(move || {
                        ran.fetch_add(1, SeqCst);
                        drop(item);
                    })
                });
                each.collect::<Vec<_>>()
            });
            pool.shutdown(Shutdown::Drain).unwrap();
            submitting.join().unwrap()
        });
        let mut good = 0;
        for outcome in outcomes {
            match outcome.result() {
                Ok(()) => good += 1,
                Err(TaskError::Rejected(Rejected::ShutDown { .. })) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!((ran.load(SeqCst), drops.count()), (good, 100));
    }
}

#[test]
fn e05_submitting_from_a_thread_local_destructor_runs_or_is_refused() {
    let _watch = watch();
    struct Late {
        pool: Arc<ThreadPool>,
        heard: mpsc::Sender<Result<u32, TaskError>>,
    }
    impl Drop for Late {
        fn drop(&mut self) {
            let answer = self.pool.spawn(|| 5).result();
            let _ = self.heard.send(answer);
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
    }
    let pool = Arc::new(pool(1));
    let (heard, said) = mpsc::channel();
    let leave = |closed: bool| {
        let late = Late {
            pool: Arc::clone(&pool),
            heard: heard.clone(),
        };
        if closed {
            pool.close(Shutdown::Drain);
        }
        thread::spawn(move || LATE.set(Some(late))).join().unwrap();
        said.recv().unwrap()
    };
    assert_eq!(leave(false).unwrap(), 5);
    assert!(matches!(leave(true), Err(TaskError::Rejected(_))));
}

#[test]
fn e05_a_pool_that_is_never_dropped_does_not_hold_up_the_end_of_the_process() {
    let _watch = watch();
    const MARK: &str = "RADDLE_E05_CHILD";
    let here = "executor::e05_a_pool_that_is_never_dropped_does_not_hold_up_the_end_of_the_process";
    if std::env::var_os(MARK).is_some() {
        let pool = Box::leak(Box::new(pool(2)));
        let started = Gate::default();
        let inside = started.clone();
        pool.spawn(move || {
            inside.open();
            loop {
                thread::park();
            }
        });
        started.wait();
        return;
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([here, "--exact"])
        .env(MARK, "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    assert!(String::from_utf8_lossy(&child.stdout).contains("1 passed"));
}

#[test]
fn e06_a_pool_that_cannot_start_is_an_error_of_build() {
    let _watch = watch();
    let built = ThreadPool::builder()
        .workers(2)
        .on_start(|worker| match worker.index {
            1 => Err(BoxError::from("no licence")),
            _ => Ok(()),
        })
        .build();
    let Err(BuildError::StartHook { worker: 1, source }) = built else {
        panic!("worker 1 cannot start: {built:?}")
    };
    assert_eq!(source.to_string(), "no licence");
}

#[test]
fn e07_zero_workers_is_an_error_of_build() {
    let _watch = watch();
    assert!(matches!(ThreadPool::new(0), Err(BuildError::ZeroWorkers)));
    let built = ThreadPool::builder().workers(0).build();
    let error = std::io::Error::from(built.unwrap_err());
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn e08_the_closure_is_dropped_before_the_future_is_done() {
    let _watch = watch();
    let pool = pool(2);
    for _ in 0..300 {
        let drops = Drops::default();
        let (kept, moved) = (drops.item(), drops.item());
        let future = pool.spawn(move || {
            let _kept = &kept;
            drop(moved);
        });
        future.result().unwrap();
        assert_eq!(drops.count(), 2);
    }
}

#[test]
fn e08_the_closure_of_a_task_that_panics_or_fails_is_dropped_too() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let (first, second) = (drops.item(), drops.item());
    let panicking = pool.spawn(move || {
        let _first = &first;
        panic!("e08");
    });
    let failing = pool.try_spawn(move || {
        let _second = &second;
        Err::<(), _>("no")
    });
    assert!(panicking.result().is_err() as u8 + failing.result().is_err() as u8 == 2);
    assert_eq!(drops.count(), 2);
}

#[test]
fn e08_the_result_goes_to_whoever_takes_it_and_is_dropped_once() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    for _ in 0..100 {
        let item = drops.item();
        let before = drops.count();
        let mine = pool.spawn(move || item).result().unwrap();
        assert_eq!(drops.count(), before);
        drop(mine);
        assert_eq!(drops.count(), before + 1);
    }
    drop(pool);
    assert_eq!(drops.count(), 100, "the pool kept none");
}

#[test]
fn e08_a_result_that_a_failed_neighbour_shares_is_not_kept() {
    let _watch = watch();
    let pool = pool(1);
    let drops = Drops::default();
    let shared = Arc::new(drops.item());
    let (one, two) = (Arc::clone(&shared), Arc::clone(&shared));
    let good = pool.spawn(move || drop(one));
    let bad = pool.spawn(move || -> () { panic!("{}", Arc::strong_count(&two)) });
    assert!(good.result().is_ok() && bad.result().is_err());
    assert_eq!(Arc::strong_count(&shared), 1);
}

#[test]
fn e09_the_same_threads_go_on_after_panics() {
    let _watch = watch();
    let pool = pool(2);
    let who = |pool: &ThreadPool| {
        let ids = (0..2).map(|worker| pool.spawn_on(worker, || thread::current().id()));
        let ids: Vec<_> = ids.collect();
        ids.into_iter()
            .map(|id| id.result().unwrap())
            .collect::<Vec<_>>()
    };
    let before = who(&pool);
    for worker in (0..2).cycle().take(100) {
        let dying = pool.spawn_on(worker, || panic!("e09"));
        let dying: Result<(), _> = dying.result();
        assert!(matches!(dying, Err(TaskError::Panicked(_))));
    }
    assert_eq!(who(&pool), before);
}

#[test]
fn e09_tasks_that_panic_count_as_done() {
    let _watch = watch();
    let pool = pool(1);
    for _ in 0..10 {
        assert!(pool.spawn(|| panic!("e09")).result().is_err() as u8 == 1);
    }
    until(|| pool.stats().done() == 10);
    assert_eq!((pool.stats().running, pool.stats().queued), (0, 0));
}

#[test]
fn e10_tasks_of_two_executors_run_apart() {
    let _watch = watch();
    let (one, two) = (pool(1), pool(1));
    let files = Files::new();
    let path = files.path("notes");
    let busy = hold(&one);
    // One pool is full; the other goes on.
    let task = |(path, n): (PathBuf, u32)| note(&path, n);
    for n in 0..5 {
        two.submit(task, (path.clone(), n)).result().unwrap();
    }
    let late = one.submit(task, (path.clone(), 5));
    busy.let_go();
    late.result().unwrap();
    let names: BTreeSet<_> = notes(&path).into_iter().collect();
    assert_eq!(names.len(), 6);
}
