//! The program of a cell.
//!
//! It tells the process that watches it what happens, line by line: `stage NAME`, `ok POOL STAGE`, `error POOL STAGE TEXT`; and stops at
//! `base` (surroundings are arranged, nothing is built) and `end` (everything is dropped) until it has been looked at.

use crate::cells::{self, Cell, Moment};
use raddle::executor::WorkerInfo;
use raddle::process::{Output, WorkerExit};
use raddle::{BoxError, Executor, Future, Payload, ProcessPool, Shutdown, TaskError, ThreadPool};
use std::cell::RefCell;
use std::fmt::Display;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::process::ExitCode;
use std::time::Duration;

/// The descriptor of the watching process.
pub const WATCHER: i32 = 198;

std::thread_local! {
    static TELL: RefCell<Option<File>> = const { RefCell::new(None) };
}

fn tell(line: &str) {
    TELL.with_borrow_mut(|tell| {
        let tell = tell.as_mut().expect("the watcher is there");
        tell.write_all(format!("{}\n", line.replace('\n', " ")).as_bytes())
            .expect("the watcher hears");
    });
}

/// Waits until the watcher has looked.
pub fn pause(line: &str) {
    tell(line);
    TELL.with_borrow_mut(|tell| {
        let mut byte = [0];
        tell.as_mut()
            .expect("the watcher is there")
            .read_exact(&mut byte)
            .expect("the watcher answers");
    });
}

pub fn skip(why: &str) -> ! {
    tell(&format!("skip {why}"));
    std::process::exit(0)
}

/// Tells how a stage of a pool went.
fn report<T, E: Display>(pool: &str, stage: &str, outcome: Result<T, E>) -> Option<T> {
    match outcome {
        Ok(value) => {
            tell(&format!("ok {pool} {stage}"));
            Some(value)
        }
        Err(error) => {
            tell(&format!("error {pool} {stage} {error:#}"));
            None
        }
    }
}

pub fn run(name: &str) -> ExitCode {
    // SAFETY: the watcher has left it open for this process.
    let watcher = unsafe { File::from_raw_fd(WATCHER) };
    // SAFETY: numbers: what this process starts does not get it.
    unsafe { libc::fcntl(WATCHER, libc::F_SETFD, libc::FD_CLOEXEC) };
    TELL.set(Some(watcher));
    let cell = cells::named(name);
    cell.arrange(Moment::Before);
    pause("base");
    tell("stage build");
    let threads = report(
        "threads",
        "build",
        ThreadPool::builder().workers(2).name("t").build(),
    );
    let processes = report("processes", "build", processes(&cell));
    cell.arrange(Moment::After);
    if let Some(pool) = threads {
        try_threads(&pool);
        tell("stage threads: drop");
        drop(pool);
    }
    if cell.dies {
        die(processes.as_ref().expect("the pool was built"));
    }
    if let Some(pool) = processes {
        try_processes(&pool, &cell);
        tell("stage processes: drop");
        drop(pool);
    }
    pause("end");
    ExitCode::SUCCESS
}

fn processes(cell: &Cell) -> Result<ProcessPool, raddle::BuildError> {
    let mut builder = ProcessPool::builder()
        .name("p")
        .workers(2)
        .start(cell.start)
        // One that is not heard is a fault that is seen.
        .kill_grace(Duration::from_secs(20))
        .stderr(Output::Captured);
    if cell.in_worker.is_some() {
        builder = builder.sandbox(in_worker);
    }
    if cell.pinned {
        let core = raddle_core();
        builder = builder.workers(1).pin(raddle::Pin::List(vec![core]));
    }
    if let Some(limit) = cell.limit {
        builder = builder.limit(limit);
    }
    if cell.nice {
        builder = builder.nice(1);
    }
    builder.build()
}

/// A core that this process may use.
fn raddle_core() -> usize {
    // SAFETY: no arguments.
    unsafe { libc::sched_getcpu() }.max(0) as usize
}

fn in_worker(_: &WorkerInfo) -> Result<(), BoxError> {
    let cell = cells::named(&std::env::var(crate::CELL)?);
    (cell.in_worker.expect("the hook was set"))();
    Ok(())
}

/// One worker has nothing to do, and the other one does not end by itself.
fn die(pool: &ProcessPool) -> ! {
    tell("stage processes: small");
    report("processes", "small", small(pool));
    let deaf = pool.submit(deaf, ());
    while !deaf.is_running() {
        std::thread::yield_now();
    }
    tell("dies");
    // SAFETY: numbers: this process.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
    unreachable!("it is killed");
}

/// What the cell's look in the worker finds wrong.
fn look(_: ()) -> String {
    let cell = std::env::var(crate::CELL).expect("as the parent's");
    cells::named(&cell).look.expect("there is one")(())
}

fn square(n: u64) -> u64 {
    n * n + 7
}

fn turned(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.iter_mut().for_each(|byte| *byte = !*byte);
    bytes
}

fn deaf(_: ()) {
    loop {
        std::hint::spin_loop();
    }
}

fn leaves(_: ()) -> u32 {
    std::process::exit(3)
}

fn wrong(what: &str) -> TaskError {
    TaskError::Failed(format!("WRONG: {what}").into())
}

/// The first error, or the first answer that is another task's.
fn all<T: PartialEq>(asked: Vec<(Future<T>, T)>) -> Result<(), TaskError> {
    let mut outcome = Ok(());
    for (future, expected) in asked {
        let one = future.result().and_then(|answer| {
            if answer == expected {
                Ok(())
            } else {
                Err(wrong("another answer"))
            }
        });
        outcome = outcome.and(one);
    }
    outcome
}

fn small(pool: &impl Executor) -> Result<(), TaskError> {
    let asked = (0..40).map(|n| (pool.submit(square, n), n * n + 7));
    all(asked.collect())
}

fn large(pool: &impl Executor) -> Result<(), TaskError> {
    let asked = (0..2).map(|n| {
        let bytes = vec![n; 1 << 20];
        (pool.submit(turned, bytes), vec![!n; 1 << 20])
    });
    all(asked.collect())
}

fn try_threads(pool: &ThreadPool) {
    tell("stage threads: small");
    report("threads", "small", small(pool));
    tell("stage threads: large");
    report("threads", "large", large(pool));
    tell("stage threads: panic");
    let panicked = pool.spawn(|| -> u32 { panic!("as planned") }).result();
    report(
        "threads",
        "panic",
        match panicked {
            Err(TaskError::Panicked(_)) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(wrong("a panic gave a value")),
        },
    );
    // Each of them waits for another one: for a spare, or for what its own thread can run.
    tell("stage threads: nested");
    let nested: Vec<Result<u64, TaskError>> = pool.scope(|scope| {
        let outer = (0..4).map(|n| scope.spawn(move || pool.spawn(move || square(n)).result()));
        let outer: Vec<_> = outer.collect();
        let outer = outer
            .into_iter()
            .map(|outer| outer.result().and_then(|inner| inner));
        outer.collect()
    });
    let nested: Result<Vec<u64>, TaskError> = nested.into_iter().collect();
    let judged = nested.and_then(|sums| match sums[..] {
        [7, 8, 11, 16] => Ok(()),
        _ => Err(wrong("another answer")),
    });
    report("threads", "nested", judged);
    tell("stage threads: shutdown");
    report("threads", "shutdown", pool.shutdown(Shutdown::Drain));
}

/// The worker is lost, in one of these ways.
fn lost<T: Payload>(future: Future<T>, ways: &[WorkerExit]) -> Result<(), TaskError> {
    match future.result() {
        Err(TaskError::WorkerLost(lost)) if ways.contains(&lost.exit()) => Ok(()),
        Err(TaskError::WorkerLost(lost)) => Err(wrong(&format!("it {}", lost.exit()))),
        Err(error) => Err(error),
        Ok(_) => Err(wrong("a task that cannot end gave a value")),
    }
}

fn try_processes(pool: &ProcessPool, cell: &Cell) {
    let name = "processes";
    tell("stage processes: small");
    report(name, "small", small(pool));
    tell("stage processes: large");
    report(name, "large", large(pool));
    if cell.look.is_some() {
        tell("stage processes: look");
        let looked = pool.submit(look, ()).result();
        report(
            name,
            "look",
            looked.and_then(|found| match found.as_str() {
                "" => Ok(()),
                _ => Err(wrong(&found)),
            }),
        );
    }
    if !cell.without_death {
        tell("stage processes: death");
        let ways = [WorkerExit::Exited(3), WorkerExit::Unknown];
        report(name, "death", lost(pool.submit(leaves, ()), &ways));
        tell("stage processes: after a death");
        report(name, "after a death", small(pool));
    }
    tell("stage processes: kill");
    let deaf = pool.submit(deaf, ());
    // It cannot be known from here that it runs: until then a kill takes it back.
    while !deaf.is_running() && !deaf.is_done() {
        std::thread::yield_now();
    }
    deaf.kill();
    let ways = [WorkerExit::Signaled(libc::SIGTERM), WorkerExit::Unknown];
    report(name, "kill", lost(deaf, &ways));
    tell("stage processes: after a kill");
    report(name, "after a kill", small(pool));
    tell("stage processes: shutdown");
    report(name, "shutdown", pool.shutdown(Shutdown::Drain));
}
