//! Bad input gets a clear error, and nothing is lost.

use super::common::{Drops, Gate, hold, is_shut_down, until, watch};
use super::kit;
use raddle::{
    BuildError, Executor, Future, Pin, Rejected, ReturnWhen, Shutdown, ShutdownError, TaskError,
    ThreadPool, WhenFull, as_completed, promise, wait, wait_timeout,
};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

/// Near the end of what a duration, an instant or the kernel can say.
const FAR: [Duration; 7] = [
    Duration::MAX,
    Duration::new(u64::MAX, 0),
    Duration::new(u64::MAX / 2, 999_999_999),
    Duration::new(i64::MAX as u64, 999_999_999),
    Duration::new(i64::MAX as u64 - 1, 0),
    Duration::from_nanos(u64::MAX),
    Duration::from_secs(1 << 40),
];

/// A future that another thread completes while a thread waits for it.
fn soon() -> Future<u32> {
    let (promise, future) = promise();
    std::thread::spawn(move || {
        for _ in 0..20 {
            std::thread::yield_now();
        }
        promise.complete(1).unwrap();
    });
    future
}

/// Runs a task when its thread ends.
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(last) = self.0.take() {
            last();
        }
    }
}

thread_local! {
    static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) };
}

fn at_exit(last: impl FnOnce() + 'static) {
    AT_EXIT.with_borrow_mut(|exit| exit.0 = Some(Box::new(last)));
}

#[test]
fn zero_workers() {
    let _watch = watch();
    assert!(matches!(ThreadPool::new(0), Err(BuildError::ZeroWorkers)));
    let pinned = ThreadPool::builder().workers(0).pin(Pin::Cores).build();
    assert!(matches!(pinned, Err(BuildError::ZeroWorkers)));
}

#[test]
fn too_many_workers() {
    let _watch = watch();
    let Err(BuildError::TooManyWorkers { workers, limit }) = ThreadPool::new(usize::MAX) else {
        panic!("that many cannot be");
    };
    assert_eq!(workers, usize::MAX);
    let error = ThreadPool::new(limit + 1).unwrap_err();
    assert!(error.to_string().contains(&limit.to_string()), "{error}");
}

#[test]
fn core_lists() {
    let _watch = watch();
    let cores = kit::allowed_cores();
    let first = cores[0];
    let list = |list: Vec<usize>| ThreadPool::builder().pin(Pin::List(list));
    assert!(matches!(
        list(vec![]).build(),
        Err(BuildError::EmptyCoreList)
    ));
    assert!(matches!(
        list(vec![]).workers(1).build(),
        Err(BuildError::EmptyCoreList)
    ));
    let twice = list(vec![first, first]).build();
    assert!(matches!(twice, Err(BuildError::DuplicateCore { core }) if core == first));
    for outside in [cores[cores.len() - 1] + 1, 1023, 1024, 4096, usize::MAX] {
        let error = list(vec![first, outside]).build().unwrap_err();
        let BuildError::CoreNotAllowed { core, ref allowed } = error else {
            panic!("{error:?}")
        };
        assert_eq!((core, allowed), (outside, &cores));
        assert!(error.to_string().contains(&format!("{cores:?}")), "{error}");
    }
    let wrong = list(vec![first]).workers(2).build();
    assert!(matches!(
        wrong,
        Err(BuildError::CoreCount {
            cores: 1,
            workers: 2
        })
    ));
    let error = ThreadPool::builder()
        .workers(cores.len() + 1)
        .pin(Pin::Cores)
        .build()
        .unwrap_err();
    let BuildError::NotEnoughCores { workers, allowed } = error else {
        panic!("{error:?}")
    };
    assert_eq!((workers, allowed), (cores.len() + 1, cores));
}

#[test]
fn cores_outside_of_the_mask() {
    let _watch = watch();
    if !kit::alone(module_path!(), "cores_outside_of_the_mask") {
        return;
    }
    let cores = kit::allowed_cores();
    let (kept, taken) = cores.split_at(1);
    kit::stay_on(kept);
    for &core in taken {
        let error = ThreadPool::builder()
            .pin(Pin::List(vec![core]))
            .build()
            .unwrap_err();
        let BuildError::CoreNotAllowed {
            core: named,
            allowed,
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!((named, &*allowed), (core, kept));
    }
    let pool = ThreadPool::builder().pin(Pin::Cores).build().unwrap();
    assert_eq!(
        (
            pool.workers(),
            pool.spawn(kit::allowed_cores).result().unwrap()
        ),
        (1, kept.to_vec())
    );
}

#[test]
fn a_stack_that_no_address_space_holds() {
    let _watch = watch();
    if !kit::alone(module_path!(), "a_stack_that_no_address_space_holds") {
        return;
    }
    let before = kit::threads();
    for bytes in [1 << 50, usize::MAX / 2] {
        let error = ThreadPool::builder()
            .workers(2)
            .stack_size(bytes)
            .build()
            .unwrap_err();
        let BuildError::Thread {
            worker, started, ..
        } = error
        else {
            panic!("{error:?}")
        };
        assert_eq!((worker, started), (0, 0));
        let said = format!("{error:#}");
        assert!(std::error::Error::source(&error).is_some());
        assert!(
            said.contains(&format!(
                "a stack of {bytes} bytes (the pool's `stack_size`)"
            )),
            "{said}"
        );
        assert!(
            said.contains("smaller") && !said.contains("RLIMIT_NPROC"),
            "{said}"
        );
        kit::until_threads_are(before);
    }
    // Odd but possible.
    for bytes in [0, 1, 100_000] {
        let pool = ThreadPool::builder()
            .workers(1)
            .stack_size(bytes)
            .build()
            .unwrap();
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
    }
}

#[test]
fn threads_refused_half_way() {
    let _watch = watch();
    if !kit::alone(module_path!(), "threads_refused_half_way") {
        return;
    }
    // Root may have any number of threads, so the process becomes another user: no other
    // threads count then. Where that is not allowed it is not root, and the limit holds at once.
    let nobody = 1_000_000_000 + std::process::id();
    // SAFETY: this process is the test alone.
    let is_own = unsafe { libc::setresuid(nobody, nobody, nobody) } == 0;
    let before = kit::threads();
    let most = if is_own { before as u64 + 2 } else { 1 };
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: reads the struct.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const limit) };
    assert_eq!(set, 0);
    let stops = Arc::new(AtomicUsize::new(0));
    for round in 1..=5 {
        let stopped = Arc::clone(&stops);
        let error = ThreadPool::builder()
            .workers(8)
            .on_stop(move |_| {
                stopped.fetch_add(1, SeqCst);
            })
            .build()
            .unwrap_err();
        let text = format!("{error:#}");
        let BuildError::Thread {
            worker,
            started,
            limit,
            source,
        } = error
        else {
            panic!("{text}")
        };
        assert_eq!((worker, limit), (started, Some(most)));
        assert!(!is_own || started == 2, "{text}");
        assert_eq!(source.kind(), std::io::ErrorKind::WouldBlock);
        assert!(
            text.contains("RLIMIT_NPROC") && text.contains(&most.to_string()),
            "{text}"
        );
        assert_eq!(stops.load(SeqCst), round * started);
        kit::until_threads_are(before);
    }
    if is_own {
        // What fits works, and a spare that is refused is reported and hangs no thread.
        let reports = kit::report_lines();
        let pool = ThreadPool::new(2).unwrap();
        let (promise, awaited) = promise::<u32>();
        let blocked = pool.spawn(move || awaited.result().unwrap());
        until(|| !reports.lock().unwrap().is_empty());
        assert_eq!(pool.spawn(|| 3).result().unwrap(), 3);
        promise.complete(4).unwrap();
        assert_eq!(blocked.result().unwrap(), 4);
        drop(pool);
        kit::until_threads_are(before);
    }
}

#[test]
fn a_zero_queue_limit() {
    let _watch = watch();
    for full in [WhenFull::Block, WhenFull::Reject, WhenFull::RunOnCaller] {
        let pool = ThreadPool::builder()
            .workers(1)
            .queue_limit(0)
            .when_full(full)
            .build();
        assert!(matches!(pool, Err(BuildError::ZeroQueueLimit)));
    }
}

#[test]
fn queue_limits_beyond_counting() {
    let _watch = watch();
    for limit in [usize::MAX, 1 << 40, 1 << 30, (1 << 30) - 1] {
        let pool = ThreadPool::builder()
            .workers(1)
            .queue_limit(limit)
            .build()
            .unwrap();
        let tasks: Vec<_> = (0..100).map(|n| pool.spawn(move || n)).collect();
        assert_eq!(
            tasks
                .into_iter()
                .map(|task| task.result().unwrap())
                .sum::<i32>(),
            4950
        );
    }
}

#[test]
fn a_chunk_and_a_buffer_of_zero() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    let items: Vec<_> = pool.map(|n: u32| n, 0..3).chunk(0).collect();
    assert_eq!(items.len(), 1);
    assert!(matches!(
        items[0],
        Err(TaskError::Rejected(Rejected::Zero { what: "chunk" }))
    ));
    let items: Vec<_> = pool.map(|n: u32| n, 0..3).buffer(0).collect();
    assert_eq!(items.len(), 1);
    assert!(matches!(
        items[0],
        Err(TaskError::Rejected(Rejected::Zero { what: "buffer" }))
    ));
}

#[test]
fn durations_beyond_every_clock() {
    let _watch = watch();
    let pool = ThreadPool::new(1).unwrap();
    for far in FAR {
        assert_eq!(soon().result_timeout(far).unwrap().unwrap(), 1);
        assert!(soon().wait_timeout(far));
        assert!(soon().shared().wait_timeout(far));
        let waited = wait_timeout([soon(), soon()], ReturnWhen::AllCompleted, far);
        assert_eq!((waited.done.len(), waited.timed_out), (2, false));
        assert!(
            as_completed([soon(), soon()])
                .timeout(far)
                .all(|item| item.is_ok())
        );
        assert_eq!(
            pool.map(|n: u32| n, 0..10)
                .timeout(far)
                .map(Result::unwrap)
                .sum::<u32>(),
            45
        );
        // And inside a worker.
        let task = pool.spawn(move || soon().result_timeout(far).unwrap().unwrap());
        assert_eq!(task.result().unwrap(), 1);
        let pool = ThreadPool::new(1).unwrap();
        pool.spawn(|| soon().wait());
        pool.shutdown_timeout(Shutdown::Drain, far).unwrap();
    }
}

#[test]
fn submitting_from_a_callback() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (tell, told) = mpsc::channel();
    let inside = Arc::clone(&pool);
    let task = pool.spawn(|| 1);
    task.add_done_callback(move |outcome| {
        let n = *outcome.unwrap();
        tell.send(inside.spawn(move || n + 1)).unwrap();
    });
    assert_eq!(told.recv().unwrap().result().unwrap(), 2);
    // Waiting there for what it has submitted works too: the child is its own.
    let (tell, told) = mpsc::channel();
    let (gate, inside) = (Gate::default(), Arc::clone(&pool));
    let at = gate.clone();
    let task = pool.spawn(move || at.wait());
    task.add_done_callback(move |_| tell.send(inside.spawn(|| 3).result().unwrap()).unwrap());
    gate.open();
    assert_eq!(told.recv().unwrap(), 3);
}

#[test]
fn a_callback_that_cancels_waits_for_and_shuts_down_its_pool() {
    let _watch = watch();
    let pool = Arc::new(
        ThreadPool::builder()
            .workers(1)
            .name("own")
            .build()
            .unwrap(),
    );
    let held = hold(&pool);
    let queued = pool.spawn(|| ()).shared();
    let task = pool.spawn(|| ());
    let (other, inside) = (queued.clone(), Arc::clone(&pool));
    let (tell, told) = mpsc::channel();
    task.add_done_callback(move |_| {
        let cancelled = other.cancel();
        other.wait();
        tell.send((cancelled, inside.shutdown(Shutdown::Drain)))
            .unwrap();
    });
    held.release();
    let (_, refused) = told.recv().unwrap();
    assert_eq!(
        refused.unwrap_err(),
        ShutdownError::InsideWorker {
            pool: "own".into(),
            worker: 0
        }
    );
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(queued.is_done());
}

#[test]
fn a_pool_dropped_by_its_own_callback_ends() {
    let _watch = watch();
    if !kit::alone(module_path!(), "a_pool_dropped_by_its_own_callback_ends") {
        return;
    }
    let before = kit::threads();
    for _ in 0..50 {
        let pool = ThreadPool::new(2).unwrap();
        let gate = Gate::default();
        let at = gate.clone();
        let task = pool.spawn(move || at.wait());
        let later: Vec<_> = (0..10).map(|n| pool.spawn(move || n)).collect();
        task.add_done_callback(move |_| drop(pool));
        gate.open();
        task.result().unwrap();
        assert_eq!(
            later
                .into_iter()
                .map(|task| task.result().unwrap())
                .sum::<i32>(),
            45
        );
        kit::until_threads_are(before);
    }
}

#[test]
fn a_pool_dropped_by_its_own_task_ends() {
    let _watch = watch();
    if !kit::alone(module_path!(), "a_pool_dropped_by_its_own_task_ends") {
        return;
    }
    let before = kit::threads();
    for round in 0..50 {
        let pool = Arc::new(ThreadPool::new(1 + round % 2).unwrap());
        let inside = Arc::clone(&pool);
        let gate = Gate::default();
        let at = gate.clone();
        let last = pool.spawn(move || {
            at.wait();
            drop(inside);
            5
        });
        let later = pool.spawn(|| 6);
        drop(pool);
        gate.open();
        assert_eq!((last.result().unwrap(), later.result().unwrap()), (5, 6));
        kit::until_threads_are(before);
    }
}

#[test]
fn shutdown_inside_a_worker_is_an_error() {
    let _watch = watch();
    let pool = Arc::new(
        ThreadPool::builder()
            .workers(2)
            .name("own")
            .build()
            .unwrap(),
    );
    let inside = Arc::clone(&pool);
    let task = pool.spawn_on(1, move || {
        let inside_worker = ShutdownError::InsideWorker {
            pool: "own".into(),
            worker: 1,
        };
        assert_eq!(inside.shutdown(Shutdown::Drain).unwrap_err(), inside_worker);
        assert_eq!(
            inside
                .shutdown_timeout(Shutdown::Drain, Duration::MAX)
                .unwrap_err(),
            inside_worker
        );
        assert_eq!(
            Executor::shutdown(&*inside, Shutdown::Drain).unwrap_err(),
            inside_worker
        );
        // Closed all the same.
        assert!(is_shut_down(&inside.spawn(|| ()).result()));
        // And from a worker of another pool it is an ordinary wait.
        let other = ThreadPool::new(1).unwrap();
        other.spawn(|| ());
        other.shutdown(Shutdown::Drain).unwrap();
    });
    task.result().unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn shutdown_inside_a_worker_whose_place_was_taken_is_an_error_too() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (promise, awaited) = promise::<()>();
    let inside = Arc::clone(&pool);
    let displaced = pool.spawn(move || {
        awaited.result().unwrap();
        inside.shutdown(Shutdown::Drain)
    });
    // A spare runs this one, so the other has no place any more.
    let spare = pool.spawn(move || promise.complete(()).unwrap());
    spare.result().unwrap();
    assert!(matches!(
        displaced.result().unwrap(),
        Err(ShutdownError::InsideWorker { .. })
    ));
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn submitting_from_the_destructor_of_a_thread_local() {
    let _watch = watch();
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (tell, told) = mpsc::channel();
    let outside = Arc::clone(&pool);
    std::thread::spawn(move || {
        outside.spawn(|| ()).result().unwrap();
        at_exit(move || {
            let results: Vec<i32> = (0..100)
                .map(|n| outside.spawn(move || n))
                .map(|task| task.result().unwrap())
                .collect();
            let sum = wait(
                (0..3).map(|n| outside.spawn(move || n)),
                ReturnWhen::AllCompleted,
            )
            .done
            .len();
            tell.send((results.len(), sum, outside.join(|| 1, || 2)))
                .unwrap();
        });
    })
    .join()
    .unwrap();
    assert_eq!(told.recv().unwrap(), (100, 3, (1, 2)));
}

#[test]
fn the_destructor_of_a_workers_thread_local_may_call_its_pool() {
    let _watch = watch();
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        for _ in 0..50 {
            let pool = Arc::new(ThreadPool::new(2).unwrap());
            let (tell, told) = mpsc::channel();
            for worker in 0..2 {
                let (inside, tell) = (Arc::clone(&pool), tell.clone());
                pool.spawn_on(worker, move || {
                    at_exit(move || {
                        let refused = is_shut_down(&inside.spawn(|| ()).result());
                        let bound = is_shut_down(&inside.spawn_on(0, || ()).result());
                        let joined = inside.join(|| 1, || 2) == (1, 2);
                        let shutdown = inside.shutdown(Shutdown::Drain);
                        tell.send((refused, bound, joined, shutdown)).unwrap();
                    });
                })
                .result()
                .unwrap();
            }
            pool.shutdown(how).unwrap();
            for _ in 0..2 {
                let (refused, bound, joined, shutdown) = told.recv().unwrap();
                assert!(refused && bound && joined);
                assert!(
                    matches!(shutdown, Err(ShutdownError::InsideWorker { .. })),
                    "{shutdown:?}"
                );
            }
        }
    }
}

#[test]
fn a_pool_that_belongs_to_a_thread_local_of_its_worker_ends() {
    let _watch = watch();
    for _ in 0..50 {
        let pool = Arc::new(ThreadPool::new(1).unwrap());
        let (tell, told) = mpsc::channel();
        let inside = Arc::clone(&pool);
        pool.spawn(move || {
            at_exit(move || {
                drop(inside);
                tell.send(()).unwrap();
            })
        })
        .result()
        .unwrap();
        pool.close(Shutdown::Drain);
        // The last owner may be the worker's thread-local, on the way out of its own thread.
        drop(Arc::try_unwrap(pool).map(std::mem::forget));
        told.recv().unwrap();
    }
}

#[test]
fn submitting_during_shutdown_is_accepted_or_refused_never_lost() {
    let _watch = watch();
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        for round in 0..50 {
            let pool = ThreadPool::new(1 + round % 3).unwrap();
            let (go, ran) = (Barrier::new(4), Arc::new(AtomicUsize::new(0)));
            std::thread::scope(|s| {
                let submitters: Vec<_> = (0..3)
                    .map(|_| {
                        s.spawn(|| {
                            go.wait();
                            let tasks: Vec<_> = (0..100)
                                .map(|_| {
                                    let ran = Arc::clone(&ran);
                                    pool.spawn(move || {
                                        ran.fetch_add(1, SeqCst);
                                    })
                                })
                                .collect();
                            tasks
                                .into_iter()
                                .map(Future::result)
                                .filter(Result::is_ok)
                                .count()
                        })
                    })
                    .collect();
                go.wait();
                pool.shutdown(how).unwrap();
                let done: usize = submitters
                    .into_iter()
                    .map(|submitter| submitter.join().unwrap())
                    .sum();
                assert_eq!(done, ran.load(SeqCst));
            });
        }
    }
}

#[test]
fn a_million_tasks_queued_and_then_cancelled() {
    let _watch = watch();
    const MANY: usize = 1_000_000;
    let pool = ThreadPool::new(2).unwrap();
    let held = hold(&pool);
    let drops = Drops::default();
    let tasks: Vec<_> = (0..MANY)
        .map(|_| {
            let item = drops.item();
            pool.spawn(move || drop(item))
        })
        .collect();
    assert_eq!(pool.stats().queued, MANY);
    pool.close(Shutdown::CancelPending);
    assert_eq!((drops.count(), pool.stats().queued), (MANY, 0));
    assert!(tasks.iter().all(Future::is_cancelled));
    held.release();
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn half_a_million_tasks_dropped_with_their_pool() {
    let _watch = watch();
    const MANY: usize = 500_000;
    let ran = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..MANY {
        let ran = Arc::clone(&ran);
        pool.spawn(move || ran.fetch_add(1, SeqCst));
    }
    drop(pool);
    assert_eq!(ran.load(SeqCst), MANY);
}

#[test]
fn a_worker_that_does_not_exist() {
    let _watch = watch();
    let pool = ThreadPool::new(2).unwrap();
    for worker in [2, 3, usize::MAX] {
        let refused = Rejected::NoSuchWorker { worker, workers: 2 };
        let Err(TaskError::Rejected(why)) = pool.spawn_on(worker, || ()).result() else {
            panic!("accepted")
        };
        assert_eq!(why, refused);
        let Err(TaskError::Rejected(why)) = pool.task().name("x").spawn_on(worker, || ()).result()
        else {
            panic!("accepted")
        };
        assert_eq!(why, refused);
    }
    let drops = Drops::default();
    let item = drops.item();
    pool.spawn_on(9, move || drop(item));
    assert_eq!(drops.count(), 1, "a refused task is dropped at once");
}

#[test]
fn names_with_a_nul() {
    let _watch = watch();
    for name in ["\0", "a\0b", "nul at the end\0"] {
        let error = ThreadPool::builder()
            .workers(1)
            .name(name)
            .build()
            .unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, BuildError::BadName { name: bad } if bad == name));
        assert!(!text.contains('\0'), "{text:?}");
    }
    // A task's name is the library's own.
    let pool = ThreadPool::new(1).unwrap();
    assert_eq!(pool.task().name("a\0b").spawn(|| ()).name(), Some("a\0b"));
}

#[test]
fn odd_names() {
    let _watch = watch();
    for name in ["", " ", "naïve-ﬁle-名前-pool", &"x".repeat(100_000)] {
        let pool = ThreadPool::builder().workers(1).name(name).build().unwrap();
        assert_eq!(pool.name(), name);
        assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
    }
}

#[test]
fn a_stop_hook_that_panics_is_told_once_for_each_thread() {
    let _watch = watch();
    if !kit::alone(
        module_path!(),
        "a_stop_hook_that_panics_is_told_once_for_each_thread",
    ) {
        return;
    }
    let reports = kit::report_lines();
    let pool = ThreadPool::builder()
        .workers(3)
        .name("ends")
        .on_stop(|worker| panic!("no lid for {}", worker.index))
        .build()
        .unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    let mut lines = reports.lock().unwrap().clone();
    lines.sort();
    let expected: Vec<_> = (0..3)
        .map(|n| format!("the stop hook of worker 'ends-{n}' panicked: no lid for {n}"))
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn destructors_that_panic_cost_nothing_else() {
    let _watch = watch();
    if !kit::alone(module_path!(), "destructors_that_panic_cost_nothing_else") {
        return;
    }
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let reports = kit::report_lines();
    let pool = ThreadPool::new(1).unwrap();
    // A captured value, dropped by the task itself: the task's own panic.
    let bomb = Bomb;
    let outcome = pool
        .spawn(move || {
            let _bomb = bomb;
        })
        .result();
    assert!(matches!(outcome, Err(TaskError::Panicked(_))));
    // A captured value of a task that never runs, a result that is never taken, a payload.
    let held = hold(&pool);
    let bomb = Bomb;
    assert!(pool.spawn(move || drop(bomb)).cancel());
    held.release();
    pool.spawn(|| Bomb);
    pool.spawn(|| std::panic::panic_any(Mutex::new(Bomb)));
    assert_eq!(pool.spawn(|| 1).result().unwrap(), 1);
    drop(pool);
    let lines = reports.lock().unwrap().clone();
    let booms = lines.iter().filter(|line| line.contains("boom")).count();
    assert_eq!(booms, 3, "{lines:#?}");
}

#[test]
fn waiting_for_oneself_ends_with_the_pool() {
    let _watch = watch();
    // The task's own future, from inside: nothing can end that wait but another outcome. With a
    // limit it is an ordinary timeout, and the pool goes on meanwhile.
    let pool = ThreadPool::new(1).unwrap();
    let (hand, own) = mpsc::channel::<Future<u32>>();
    let (tell, told) = mpsc::channel();
    hand.send(pool.spawn(move || {
        let own = own.recv().unwrap();
        let waited = own.result_timeout(Duration::from_millis(1));
        tell.send(waited.is_err()).unwrap();
        1
    }))
    .unwrap();
    assert!(told.recv().unwrap());
    assert_eq!(pool.spawn(|| 2).result().unwrap(), 2);
}
