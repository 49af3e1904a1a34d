//! Everything at once: many submitters, every way to end a task, and a thread that kills workers all the time.
//!
//! `RADDLE_STORM_SECONDS` makes it long.

use crate::kit::{Dice, send, storm_seed, storm_time, until, watch_for};
use raddle::{Executor, Future, ProcessPool, TaskError};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::process::Command;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

const SUBMITTERS: u64 = 4;
/// Tasks of each submitter, if nothing else is said.
const TASKS: u64 = 400;
/// So many tasks of a submitter are on their way at a time.
const WINDOW: usize = 24;
const ALONE: &str = "RADDLE_STORM_ALONE";

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Job {
    seed: u64,
    micros: u64,
    bytes: Vec<u8>,
    answer: usize,
}

type Answer = (u64, u64, Vec<u8>);

fn sum(bytes: &[u8]) -> u64 {
    let step = |sum: u64, &byte: &u8| sum.wrapping_mul(31).wrapping_add(u64::from(byte));
    // Ends and a comb: a debug build takes long over megabytes.
    let comb = bytes.iter().step_by(509).fold(bytes.len() as u64, step);
    bytes.iter().rev().take(64).fold(comb, step)
}

fn fill(seed: u64, len: usize) -> Vec<u8> {
    let tile: Vec<u8> = Dice(seed).take(8).flat_map(u64::to_ne_bytes).collect();
    let mut bytes = tile.repeat(len.div_ceil(tile.len()));
    bytes.truncate(len);
    bytes
}

fn run(job: Job) -> Answer {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(job.micros) {
        std::hint::spin_loop();
    }
    (job.seed, sum(&job.bytes), fill(!job.seed, job.answer))
}

impl Job {
    fn roll(dice: &mut Dice) -> Self {
        let seed = dice.roll();
        // Small ones mostly, up to 4 MiB.
        let len = |dice: &mut Dice| {
            let most = 1 << dice.below(23);
            dice.below(most) as usize + 1
        };
        let micros = if dice.below(4) == 0 {
            dice.below(5000)
        } else {
            0
        };
        Self {
            seed,
            micros,
            bytes: fill(seed, len(dice)),
            answer: len(dice),
        }
    }

    /// What is right for this job, without its bytes.
    fn expected(&self) -> Expected {
        Expected {
            seed: self.seed,
            sum: sum(&self.bytes),
            answer: self.answer,
        }
    }
}

#[derive(Clone, Copy)]
struct Expected {
    seed: u64,
    sum: u64,
    answer: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
enum End {
    Value = 1,
    Lost,
    Cancelled,
    TimedOut,
}

/// Which end it is; anything that cannot be is a panic.
fn judge(expected: Expected, outcome: Result<&Answer, &TaskError>) -> End {
    match outcome {
        Ok((seed, sum, bytes)) => {
            assert_eq!((*seed, *sum), (expected.seed, expected.sum));
            assert!(*bytes == fill(!expected.seed, expected.answer));
            End::Value
        }
        Err(TaskError::WorkerLost(_)) => End::Lost,
        Err(TaskError::Cancelled) => End::Cancelled,
        Err(TaskError::TimedOut) => End::TimedOut,
        Err(other) => panic!("{other:?}"),
    }
}

/// What callbacks of one task have seen: how often, and the end.
#[derive(Default)]
struct Heard {
    times: AtomicU32,
    end: AtomicU32,
}

#[derive(Default)]
struct Ledger {
    submitted: AtomicUsize,
    /// By the number of the end.
    ends: [AtomicUsize; 5],
    heard: Mutex<Vec<Arc<Heard>>>,
    /// Callbacks that found something wrong: their panics stay in the pool.
    faults: Mutex<Vec<String>>,
}

impl Ledger {
    fn note(&self, end: End) {
        self.ends[end as usize].fetch_add(1, SeqCst);
    }
}

struct Flight {
    future: Future<Answer>,
    expected: Expected,
    heard: Option<Arc<Heard>>,
    may_be_cancelled: bool,
    may_be_late: bool,
}

impl Flight {
    fn land(self, ledger: &Ledger) {
        let outcome = self.future.result();
        let end = judge(self.expected, outcome.as_ref());
        assert!(end != End::Cancelled || self.may_be_cancelled);
        assert!(end != End::TimedOut || self.may_be_late);
        if let Some(heard) = self.heard {
            // The callback may be running yet.
            until(|| heard.end.load(SeqCst) != 0);
            assert_eq!(heard.end.load(SeqCst), end as u32);
        }
        ledger.note(end);
    }
}

fn submit(pool: &ProcessPool, ledger: &Arc<Ledger>, dice: &mut Dice) -> Option<Flight> {
    let job = Job::roll(dice);
    let expected = job.expected();
    let may_be_late = dice.below(8) == 0;
    let future = if may_be_late {
        let limit = Duration::from_micros(dice.below(20_000));
        pool.task().name("late").timeout(limit).submit(run, job)
    } else if dice.below(8) == 0 {
        pool.task().name("again").idempotent(2).submit(run, job)
    } else {
        pool.submit(run, job)
    };
    ledger.submitted.fetch_add(1, SeqCst);
    let mut flight = Flight {
        future,
        expected,
        heard: None,
        may_be_cancelled: false,
        may_be_late,
    };
    if dice.below(3) == 0 {
        flight.heard = Some(listen(&flight.future, expected, ledger));
    }
    match dice.below(10) {
        0 => {
            flight.may_be_cancelled = true;
            flight.future.cancel();
        }
        1 => {
            flight.may_be_cancelled = true;
            flight.future.kill();
        }
        2 => return None,
        3 => {
            flight
                .future
                .wait_timeout(Duration::from_micros(dice.below(3000)));
        }
        _ => {}
    }
    Some(flight)
}

fn listen(future: &Future<Answer>, expected: Expected, ledger: &Arc<Ledger>) -> Arc<Heard> {
    let heard = Arc::new(Heard::default());
    ledger.heard.lock().unwrap().push(Arc::clone(&heard));
    let (mine, book) = (Arc::clone(&heard), Arc::clone(ledger));
    future.add_done_callback(move |outcome| {
        mine.times.fetch_add(1, SeqCst);
        let judged =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(expected, outcome)));
        match judged {
            Ok(end) => mine.end.store(end as u32, SeqCst),
            Err(_) => book
                .faults
                .lock()
                .unwrap()
                .push(format!("{:?}", outcome.err())),
        }
    });
    heard
}

fn submitter(pool: &ProcessPool, ledger: &Arc<Ledger>, mut dice: Dice, more: &dyn Fn(u64) -> bool) {
    let mut flights = VecDeque::new();
    let mut count = 0;
    while more(count) {
        count += 1;
        flights.extend(submit(pool, ledger, &mut dice));
        if flights.len() >= WINDOW {
            let at = dice.below(flights.len() as u64) as usize;
            let flight = flights.remove(at).unwrap();
            flight.land(ledger);
        }
        if dice.below(16) == 0
            && let Some(flight) = flights.iter_mut().max_by_key(|flight| flight.expected.seed)
        {
            flight.may_be_cancelled = true;
            flight.future.cancel();
        }
    }
    for flight in flights {
        flight.land(ledger);
    }
}

/// Kills workers until the other end is dropped.
fn killer(pool: &ProcessPool, mut dice: Dice, over: &mpsc::Receiver<()>) -> usize {
    let mut kills = 0;
    loop {
        let pause = Duration::from_micros(500 + dice.below(8000));
        if over.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return kills;
        }
        let pids = pool.stats().pids();
        if !pids.is_empty() {
            send(pids[dice.below(pids.len() as u64) as usize], libc::SIGKILL);
            kills += 1;
        }
    }
}

/// What this process holds: descriptors, threads, children, mappings of lanes.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Holdings {
    fds: usize,
    threads: usize,
    children: usize,
    lanes: usize,
}

fn holdings() -> Holdings {
    let tasks: Vec<_> = fs::read_dir("/proc/self/task").unwrap().flatten().collect();
    let children = tasks
        .iter()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .map(|children| children.split_whitespace().count())
        .sum();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    Holdings {
        fds: fs::read_dir("/proc/self/fd").unwrap().count(),
        threads: tasks.len(),
        children,
        lanes: maps
            .lines()
            .filter(|line| line.contains("raddle-lane"))
            .count(),
    }
}

#[test]
fn the_storm() {
    if env::var_os(ALONE).is_some() {
        return storm();
    }
    // What a process holds can only be counted where nothing else happens.
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "storm::the_storm", "--nocapture"])
        .env(ALONE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
}

fn storm() {
    let time = storm_time();
    let _watch = watch_for(time.unwrap_or_default());
    let build = || {
        ProcessPool::builder()
            .workers(4)
            .restarts(u32::MAX, Duration::from_secs(1))
            .kill_grace(Duration::from_millis(2))
            .build()
            .unwrap()
    };
    // Whatever the library keeps for ever, it keeps now.
    build()
        .submit(run, Job::roll(&mut Dice(1)))
        .result()
        .unwrap();
    let before = holdings();
    let end = time.map(|time| Instant::now() + time);
    let seed = storm_seed();
    let more = move |count| end.map_or(count < TASKS, |end| Instant::now() < end);
    let pool = build();
    let ledger = Arc::new(Ledger::default());
    let (kills, stats) = thread::scope(|scope| {
        let (_going, over) = mpsc::channel::<()>();
        let pool = &pool;
        let killer = scope.spawn(move || killer(pool, Dice(seed), &over));
        let submitters: Vec<_> = (1..=SUBMITTERS)
            .map(|n| {
                let ledger = &ledger;
                scope.spawn(move || submitter(pool, ledger, Dice(seed << 8 | n), &more))
            })
            .collect();
        for submitter in submitters {
            submitter.join().unwrap();
        }
        drop(_going);
        (killer.join().unwrap(), pool.stats())
    });
    drop(pool);
    let ends = ledger.ends.each_ref().map(|count| count.load(SeqCst));
    let submitted = ledger.submitted.load(SeqCst);
    println!(
        "{submitted} tasks, ends {ends:?}, {kills} kills, {} deaths",
        stats.deaths
    );
    let faults = ledger.faults.lock().unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    for heard in ledger.heard.lock().unwrap().iter() {
        assert_eq!(heard.times.load(SeqCst), 1, "a callback for each");
        assert_ne!(heard.end.load(SeqCst), 0);
    }
    assert!(ends[End::Value as usize] > 0 && kills > 0);
    // A thread that was joined is listed for a moment longer.
    until(|| holdings().threads <= before.threads);
    assert_eq!(holdings(), before);
}
