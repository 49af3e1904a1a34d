//! What waits goes to a worker that has nothing to do, whatever holds its own one up.

use crate::kit::{FileGate, echo_all, pid, pool, send, until, wait_at, watch};
use raddle::executor::WorkerInfo;
use raddle::{BoxError, Executor, Future, ProcessPool, TaskError};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};

/// What the system says of a process or a thread: `S` sleeps, `T` is stopped.
fn is_in_state(state: char, of: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    after_name.trim_start().starts_with(state)
}

fn stop(pid: u32) {
    send(pid, libc::SIGSTOP);
    until(|| is_in_state('T', &pid.to_string()));
}

/// Both workers of a pool wait at gates of their own.
fn held(pool: &ProcessPool) -> [(FileGate, Future<()>, u32); 2] {
    [(); 2].map(|()| {
        let busy = pool.stats().workers;
        let gate = FileGate::new();
        let held = pool.submit(wait_at, gate.path());
        until(|| held.is_running());
        let mut now = pool.stats().workers.into_iter().zip(busy);
        let (mine, _) = now
            .find(|(now, before)| now.running && !before.running)
            .unwrap();
        (gate, held, mine.pid.unwrap())
    })
}

#[test]
fn tasks_do_not_wait_for_a_worker_that_is_stopped() {
    let _watch = watch();
    let pool = pool(2);
    let pids = pool.stats().pids();
    stop(pids[0]);
    let tasks: Vec<_> = (0..20).map(|_| pool.submit(pid, ())).collect();
    for task in tasks {
        assert_eq!(task.result().unwrap(), pids[1]);
    }
    assert!(pool.stats().moved > 0);
    send(pids[0], libc::SIGCONT);
    echo_all(&pool);
    assert_eq!(pool.stats().deaths, 0, "it was slow");
}

/// One task at a time, until one of them was put into the lane of the worker that is stopped.
fn one_at_a_time(run: impl Fn(&ProcessPool, u32)) {
    let _watch = watch();
    let pool = pool(2);
    let pids = pool.stats().pids();
    stop(pids[0]);
    while pool.stats().moved == 0 {
        run(&pool, pids[1]);
    }
    send(pids[0], libc::SIGCONT);
    echo_all(&pool);
    assert_eq!(pool.stats().deaths, 0, "it was slow");
}

#[test]
fn a_task_alone_does_not_wait_for_a_worker_that_is_stopped() {
    one_at_a_time(|pool, other| assert_eq!(pool.submit(pid, ()).result().unwrap(), other));
}

#[test]
fn nor_does_one_with_a_callback() {
    one_at_a_time(|pool, other| {
        let (said, heard) = mpsc::channel();
        let task = pool.submit(pid, ());
        task.add_done_callback(move |pid| said.send(*pid.unwrap()).unwrap());
        assert_eq!(heard.recv().unwrap(), other);
    });
}

#[test]
fn nor_does_one_in_a_wait_set() {
    one_at_a_time(|pool, other| {
        let waited = raddle::wait([pool.submit(pid, ())], raddle::ReturnWhen::AllCompleted);
        assert_eq!(*waited.done[0].peek().unwrap().unwrap(), other);
    });
}

#[test]
fn nor_does_one_whose_handle_is_gone() {
    one_at_a_time(|pool, _| {
        let files = FileGate::new();
        let done = files.file("done");
        let touch = |file: PathBuf| std::fs::write(file, "").unwrap();
        pool.submit(touch, done.clone());
        until(|| done.exists());
    });
}

#[test]
fn tasks_do_not_wait_behind_a_task_that_is_stopped() {
    let _watch = watch();
    let pool = pool(2);
    let [(_stays, first, stopped), (gate, second, other)] = held(&pool);
    stop(stopped);
    let tasks: Vec<_> = (0..20).map(|_| pool.submit(pid, ())).collect();
    gate.open();
    second.result().unwrap();
    for task in tasks {
        assert_eq!(task.result().unwrap(), other);
    }
    assert!(!first.is_done());
    send(stopped, libc::SIGKILL);
    assert!(matches!(first.result(), Err(TaskError::WorkerLost(_))));
    echo_all(&pool);
}

/// Takes its time once there is a file `late`.
fn begins_late(_: &WorkerInfo) -> Result<(), BoxError> {
    let late = PathBuf::from(std::env::var_os("LATE").ok_or("no file")?);
    if late.exists() {
        wait_at(late.with_file_name("open"));
    }
    Ok(())
}

#[test]
fn tasks_do_not_wait_for_a_worker_that_is_being_replaced() {
    let _watch = watch();
    let replaced = FileGate::new();
    let pool = ProcessPool::builder()
        .workers(2)
        .env("LATE", replaced.file("late"))
        .on_start(begins_late)
        .build()
        .unwrap();
    std::fs::write(replaced.file("late"), "").unwrap();
    let [(_first, lost, dead), (gate, held, other)] = held(&pool);
    let tasks: Vec<_> = (0..20).map(|_| pool.submit(pid, ())).collect();
    send(dead, libc::SIGKILL);
    assert!(matches!(lost.result(), Err(TaskError::WorkerLost(_))));
    gate.open();
    held.result().unwrap();
    for task in tasks {
        assert_eq!(task.result().unwrap(), other);
    }
    assert_eq!(pool.stats().pids(), [other]);
    replaced.open();
    until(|| pool.stats().pids().len() == 2);
    echo_all(&pool);
}

/// One worker's replacements die, too, and each leaves what waits behind them.
#[test]
fn tasks_do_not_wait_for_a_worker_that_dies_again_and_again() {
    let _watch = watch();
    let pool = pool(2);
    let [(_stays, lost, mut dying), (gate, held, other)] = held(&pool);
    let tasks: Vec<_> = (0..200u32).map(|n| pool.submit(|n: u32| n, n)).collect();
    gate.open();
    let mut deaths = 0;
    while !tasks.iter().all(Future::is_done) {
        if deaths < 50 && dying != other {
            send(dying, libc::SIGKILL);
            deaths += 1;
        }
        let is_new = |pid: &u32| ![dying, other].contains(pid);
        if let Some(new) = pool.stats().pids().into_iter().find(is_new) {
            dying = new;
        }
    }
    held.result().unwrap();
    assert!(matches!(lost.result(), Err(TaskError::WorkerLost(_))));
    for (n, task) in tasks.into_iter().enumerate() {
        match task.result() {
            Ok(value) => assert_eq!(value, n as u32),
            Err(error) => assert!(matches!(error, TaskError::WorkerLost(_)), "{error}"),
        }
    }
    echo_all(&pool);
}

/// The thread that would take the answers of one lane is the one that waits for room, in a callback, and the other lane gives
/// none.
#[test]
fn a_callback_finds_room_in_any_lane() {
    const FULL: usize = 2 * 1024;
    let _watch = watch();
    let pool = Arc::new(pool(2));
    let [long, first, second] = [(); 3].map(|()| FileGate::new());
    let at = |gate: &FileGate| pool.submit(wait_at, gate.path());
    let mut tasks = vec![at(&long)];
    let begins = at(&first);
    until(|| tasks[0].is_running() && begins.is_running());
    // One for each lane, and so one behind that.
    tasks.extend([at(&second), at(&second)]);
    while pool.stats().queued + 2 < FULL {
        tasks.push(pool.submit(|()| (), ()));
    }
    let (said, heard) = mpsc::channel();
    let theirs = Arc::clone(&pool);
    begins.add_done_callback(move |outcome| {
        outcome.unwrap();
        let fits = theirs.submit(|()| (), ());
        // SAFETY: a number.
        said.send(Some(unsafe { libc::gettid() })).unwrap();
        let finds_room = theirs.submit(|()| (), ());
        drop((theirs, fits, finds_room));
        said.send(None).unwrap();
    });
    first.open();
    let thread = heard.recv().unwrap().unwrap();
    until(|| is_in_state('S', &format!("self/task/{thread}")));
    second.open();
    assert!(heard.recv().unwrap().is_none());
    long.open();
    for task in tasks {
        task.result().unwrap();
    }
}
