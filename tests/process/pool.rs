//! The ordinary life of a pool.

use crate::kit::{FileGate, exists, pid, pool, spin, until, wait_at, watch};
use raddle::{
    BuildError, Executor, FutureState, ProcessPool, Rejected, ReturnWhen, Shutdown, TaskError,
    ThreadPool, WhenFull, as_completed, wait,
};
use std::collections::HashSet;
use std::sync::Arc;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn p3_never_more_processes_than_workers() {
    let _watch = watch();
    let pool = pool(2);
    let tasks: Vec<_> = (0..200).map(|_| pool.submit(pid, ())).collect();
    let pids: HashSet<u32> = tasks
        .into_iter()
        .map(|task| task.result().unwrap())
        .collect();
    assert!(pids.len() <= 2, "{pids:?}");
    assert!(!pids.contains(&std::process::id()));
    assert!(pids.is_subset(&pool.stats().pids().into_iter().collect()));
}

#[test]
fn p5_all_processes_end_with_the_pool() {
    let _watch = watch();
    let pool = pool(2);
    let pids = pool.stats().pids();
    assert_eq!(pids.len(), 2);
    pool.shutdown(Shutdown::Drain).unwrap();
    assert!(!pids.iter().any(|&pid| exists(pid)), "not even a zombie");
    pool.shutdown(Shutdown::Drain).unwrap();
    drop(pool);
}

#[test]
fn p5_dropping_drains() {
    let _watch = watch();
    let pool = pool(1);
    let tasks: Vec<_> = (0..50u64).map(|n| pool.submit(|n: u64| n * 2, n)).collect();
    drop(pool);
    for (n, task) in tasks.into_iter().enumerate() {
        assert!(task.is_done());
        assert_eq!(task.result().unwrap(), n as u64 * 2);
    }
}

#[test]
fn p24_arguments_and_results_are_dropped_before_the_next_task() {
    use serde::{Deserialize, Serialize};
    use std::cell::Cell;
    std::thread_local! {
        static ALIVE: Cell<usize> = const { Cell::new(0) };
    }
    #[derive(Serialize)]
    struct Counted(u8);
    impl<'de> Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            ALIVE.set(ALIVE.get().wrapping_add(1));
            u8::deserialize(from).map(Self)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.set(ALIVE.get().wrapping_sub(1));
        }
    }
    let _watch = watch();
    let pool = pool(1);
    for n in 0..3 {
        // What this process decodes and drops does not count there.
        drop(pool.submit(|it: Counted| it, Counted(n)).result().unwrap());
        assert_eq!(pool.submit(|()| ALIVE.get(), ()).result().unwrap(), 0);
    }
}

#[test]
fn p43_running_means_started() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let first = pool.submit(wait_at, gate.path());
    let second = pool.submit(pid, ());
    until(|| first.is_running());
    assert_eq!(second.state(), FutureState::Pending);
    assert!(!second.is_running());
    gate.open();
    first.result().unwrap();
    second.result().unwrap();
}

#[test]
fn p42_what_has_not_started_can_be_cancelled() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let first = pool.submit(wait_at, gate.path());
    let ran = gate.file("ran");
    let second = pool.submit(|file| std::fs::write(file, "").unwrap(), ran.clone());
    until(|| first.is_running());
    assert!(second.cancel());
    assert!(second.cancel(), "twice is true twice");
    assert!(second.is_cancelled() && second.is_done());
    assert!(matches!(second.result(), Err(TaskError::Cancelled)));
    gate.open();
    first.result().unwrap();
    pool.submit(pid, ()).result().unwrap();
    assert!(!ran.exists());
}

#[test]
fn p42_a_running_task_is_asked_to_stop() {
    let _watch = watch();
    let pool = pool(1);
    let task = pool.submit(
        |()| {
            while !raddle::cancel_requested() {
                std::hint::spin_loop();
            }
        },
        (),
    );
    until(|| task.is_running());
    assert!(!task.cancel());
    task.result().unwrap();
    let next = pool.submit(|()| raddle::cancel_requested(), ());
    assert!(!next.result().unwrap(), "the wish was the other task's");
}

#[test]
fn p41_tasks_have_no_pool_but_may_build_one() {
    let _watch = watch();
    let pool = pool(1);
    let nested = pool.submit(
        |n: u32| {
            let inner = ThreadPool::new(1).unwrap();
            inner.spawn(move || n + 1).result().unwrap()
        },
        1,
    );
    assert_eq!(nested.result().unwrap(), 2);
}

#[test]
fn map_gives_everything_in_order() {
    let _watch = watch();
    let pool = pool(2);
    let squares: Vec<u64> = pool
        .map(|n: u64| n * n, 0..1000)
        .map(Result::unwrap)
        .collect();
    assert!(
        squares
            .iter()
            .enumerate()
            .all(|(n, &square)| square == (n * n) as u64)
    );
    let mut items: Vec<_> = pool.map_unordered(|n: u64| n + 1, 0..100).collect();
    items.sort_by_key(|item| item.0);
    assert!(
        items
            .into_iter()
            .all(|(index, item)| item.unwrap() == index as u64 + 1)
    );
    let halves: Vec<_> = pool
        .try_map(
            |n: u32| {
                if n.is_multiple_of(2) {
                    Ok(n / 2)
                } else {
                    Err("odd")
                }
            },
            0..4,
        )
        .collect();
    assert_eq!(halves[2].as_ref().unwrap(), &1);
    assert!(matches!(&halves[1], Err(TaskError::Failed(why)) if why.to_string() == "odd"));
}

#[test]
fn wait_and_as_completed_and_callbacks() {
    let _watch = watch();
    let pool = pool(2);
    let tasks: Vec<_> = (0..100u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    let waited = wait(tasks, ReturnWhen::AllCompleted);
    assert_eq!(waited.done.len(), 100);
    let tasks = waited
        .done
        .into_iter()
        .chain((100..200u32).map(|n| pool.submit(|n: u32| n, n)));
    let sum: u32 = as_completed(tasks).map(|task| task.result().unwrap()).sum();
    assert_eq!(sum, (0..200).sum());
    let (heard, said) = mpsc::channel();
    for n in 0..10u32 {
        let heard = heard.clone();
        pool.submit(|n: u32| n, n)
            .add_done_callback(move |outcome| heard.send(*outcome.unwrap()).unwrap());
    }
    let mut all: Vec<u32> = said.iter().take(10).collect();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
}

#[test]
fn a_future_is_awaited() {
    let _watch = watch();
    let pool = pool(1);
    let answer = futures::executor::block_on(pool.submit(|n: u32| n + 1, 41));
    assert_eq!(answer.unwrap(), 42);
}

#[test]
fn a_callback_waits_for_another_task_of_the_pool() {
    let _watch = watch();
    let pool = Arc::new(pool(1));
    let (heard, said) = mpsc::channel();
    let inside = Arc::clone(&pool);
    pool.submit(|n: u32| n, 1).add_done_callback(move |_| {
        heard
            .send(inside.submit(|n: u32| n, 2).result().unwrap())
            .unwrap();
        drop(inside);
    });
    assert_eq!(said.recv().unwrap(), 2);
}

#[test]
fn threads_that_wait_for_one_worker_do_not_depend_on_a_callback() {
    let _watch = watch();
    let pool = pool(1);
    let (running, runs) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    // Not done before the callback is there, or it would run on this thread.
    let begin = FileGate::new();
    let first = pool.submit(wait_at, begin.path());
    first.add_done_callback(move |_| {
        running.send(()).unwrap();
        let _ = released.recv();
    });
    begin.open();
    runs.recv().unwrap();
    let gates: Vec<FileGate> = (0..4).map(|_| FileGate::new()).collect();
    let waiters: Vec<_> = gates
        .iter()
        .map(|gate| pool.submit(wait_at, gate.path()))
        .map(|task| thread::spawn(move || task.result().unwrap()))
        .collect();
    // The worker runs them one after the other, and each thread ends before the next task does.
    for (gate, waiter) in gates.iter().zip(waiters) {
        gate.open();
        waiter.join().unwrap();
    }
    drop(release);
}

#[test]
fn a_task_whose_future_is_dropped_runs() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    drop(pool.submit(|file| std::fs::write(file, "").unwrap(), gate.file("ran")));
    until(|| gate.file("ran").exists());
}

#[test]
fn many_threads_submit_and_wait() {
    let _watch = watch();
    let pool = pool(2);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let pool = &pool;
            scope.spawn(move || {
                for n in (0..500usize).map(|n| thread << 32 | n) {
                    assert_eq!(pool.submit(|n: usize| n, n).result().unwrap(), n);
                    assert_eq!(pool.submit(|n: usize| !n, n).result().unwrap(), !n);
                }
            });
        }
    });
}

/// The kernel ends a worker with the thread that started it: that is one of the pool's own.
#[test]
fn the_threads_that_build_and_use_a_pool_may_end() {
    let _watch = watch();
    let pool = Arc::new(std::thread::spawn(|| pool(2)).join().unwrap());
    let pids = pool.stats().pids();
    let task = std::thread::scope(|s| {
        let task = s.spawn(|| pool.submit(|n: u32| n, 1));
        s.spawn(|| pool.submit(|n: u32| n, 2).result().unwrap());
        // Its replacement has none either.
        let lost = s.spawn(|| {
            pool.submit(|()| -> () { std::process::abort() }, ())
                .result()
        });
        lost.join().unwrap().unwrap_err();
        task.join().unwrap()
    });
    assert_eq!(task.result().unwrap(), 1);
    until(|| pool.stats().pids().len() == 2);
    let left = pool.stats().pids();
    assert_eq!(left.iter().filter(|pid| pids.contains(pid)).count(), 1);
    for _ in 0..20 {
        let sum: u32 = pool.map(|n: u32| n, 0..100).map(Result::unwrap).sum();
        assert_eq!(sum, 4950);
    }
    assert_eq!(pool.stats().pids(), left);
    assert_eq!(pool.stats().deaths, 1);
}

#[test]
fn more_tasks_than_the_lanes_hold() {
    let _watch = watch();
    let pool = pool(2);
    let tasks: Vec<_> = (0..10_000u64).map(|n| pool.submit(|n: u64| n, n)).collect();
    let sum: u64 = tasks.into_iter().map(|task| task.result().unwrap()).sum();
    assert_eq!(sum, (0..10_000).sum());
}

#[test]
fn a_full_pool_rejects_if_it_is_to() {
    let _watch = watch();
    let pool = ProcessPool::builder()
        .workers(1)
        .name("small")
        .when_full(WhenFull::Reject)
        .build()
        .unwrap();
    let gate = FileGate::new();
    let first = pool.submit(wait_at, gate.path());
    let mut rest = Vec::new();
    let refused = loop {
        let next = pool.submit(|n: u8| n, 0);
        match next.try_result() {
            Err(waiting) => rest.push(waiting),
            Ok(outcome) => break outcome.unwrap_err(),
        }
    };
    assert!(
        matches!(&refused, TaskError::Rejected(Rejected::QueueFull { pool, .. }) if pool == "small"),
        "{refused}"
    );
    gate.open();
    first.result().unwrap();
    for task in rest {
        task.result().unwrap();
    }
}

#[test]
fn what_waits_behind_a_long_task_goes_to_an_idle_worker() {
    let _watch = watch();
    let pool = pool(2);
    let gate = FileGate::new();
    // Enough that both lanes hold some of them; one of the workers is then held for good.
    let first = pool.submit(wait_at, gate.path());
    until(|| first.is_running());
    let tasks: Vec<_> = (0..100u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.result().unwrap(), n as u32);
    }
    assert!(!first.is_done());
    gate.open();
    first.result().unwrap();
}

#[test]
fn a_worker_of_a_thread_pool_waits_for_a_process() {
    let _watch = watch();
    let threads = ThreadPool::new(1).unwrap();
    let processes = Arc::new(pool(1));
    let inside = Arc::clone(&processes);
    let sum = threads.spawn(move || {
        (0..50u32)
            .map(|n| inside.submit(|n: u32| n, n).result().unwrap())
            .sum::<u32>()
    });
    assert_eq!(sum.result().unwrap(), (0..50).sum());
}

#[test]
fn a_timeout_leaves_the_task_alone() {
    let _watch = watch();
    let pool = pool(1);
    let gate = FileGate::new();
    let task = pool.submit(wait_at, gate.path());
    let task = task.result_timeout(Duration::from_millis(5)).unwrap_err();
    assert!(!task.wait_timeout(Duration::from_millis(1)));
    gate.open();
    task.result().unwrap();
}

#[test]
fn p44_mistakes_are_errors_of_build() {
    let _watch = watch();
    assert!(matches!(ProcessPool::new(0), Err(BuildError::ZeroWorkers)));
    let caller = ProcessPool::builder()
        .when_full(WhenFull::RunOnCaller)
        .build();
    assert!(matches!(caller, Err(BuildError::RunOnCaller)));
    let directory = ProcessPool::builder()
        .workers(1)
        .current_dir("/no/such/place")
        .build();
    let why = directory.unwrap_err().to_string();
    assert!(why.contains("worker process 0"), "{why}");
}

#[test]
fn an_idle_pool_uses_no_processor_time() {
    let _watch = watch();
    let pool = pool(1);
    pool.submit(pid, ()).result().unwrap();
    let worker = pool.stats().pids()[0];
    // Asleep: state S in the third field, once it has given up spinning.
    until(|| {
        let stat = std::fs::read_to_string(format!("/proc/{worker}/stat")).unwrap();
        stat.rsplit(')')
            .next()
            .unwrap()
            .trim_start()
            .starts_with('S')
    });
    let endless = pool.submit(spin, ());
    assert!(endless.kill());
}

#[test]
fn answers_that_come_while_others_are_taken_find_their_tasks() {
    let _watch = watch();
    let pool = pool(1);
    // Far more than a lane holds: the submitter takes answers while the worker writes them.
    let futures: Vec<_> = (0..100_000_u64)
        .map(|n| pool.submit(|n: u64| 2 * n, n))
        .collect();
    for (n, future) in (0..100_000_u64).zip(futures) {
        assert_eq!(future.result().unwrap(), 2 * n);
    }
}
