//! Every answer is its own: many threads that submit and wait, each argument once, answers that depend on it, several
//! functions, and workers that are stopped now and then, so that tasks move.
//!
//! `RADDLE_STORM_SECONDS` makes it long, `--cfg raddle_delays` makes it hard.

use crate::kit::{Dice, send, storm_seed, storm_time, watch_for};
use raddle::{Executor, Future, ProcessPool};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

const SUBMITTERS: u64 = 4;
/// Tasks of each submitter, if nothing else is said.
const TASKS: u64 = 1_000;

fn echo(n: u64) -> u64 {
    n
}

fn text(n: u64) -> String {
    format!("{n:x}")
}

fn long((n, len): (u64, usize)) -> Vec<u64> {
    vec![n; len]
}

fn sum(numbers: Vec<u64>) -> u64 {
    numbers.iter().fold(0, |sum, n| sum.rotate_left(9) ^ n)
}

enum Flight {
    Echo(u64, Future<u64>),
    Text(u64, Future<String>),
    Long(u64, usize, Future<Vec<u64>>),
    Sum(u64, Future<u64>),
}

impl Flight {
    fn start(pool: &ProcessPool, n: u64, dice: &mut Dice) -> Self {
        match dice.below(8) {
            0..4 => Self::Echo(n, pool.submit(echo, n)),
            4..6 => Self::Text(n, pool.submit(text, n)),
            6 => {
                let len = dice.below(200) as usize;
                Self::Long(n, len, pool.submit(long, (n, len)))
            }
            _ => {
                let numbers: Vec<u64> = (0..dice.below(200)).map(|at| n ^ at << 48).collect();
                let right = sum(numbers.clone());
                Self::Sum(right, pool.submit(sum, numbers))
            }
        }
    }

    fn land(self) {
        match self {
            Self::Echo(n, future) => assert_eq!(future.result().unwrap(), n),
            Self::Text(n, future) => assert_eq!(future.result().unwrap(), text(n)),
            Self::Long(n, len, future) => assert_eq!(future.result().unwrap(), long((n, len))),
            Self::Sum(right, future) => assert_eq!(future.result().unwrap(), right),
        }
    }
}

/// Stops a worker for a moment, again and again, until the other end is dropped.
fn stopper(pool: &ProcessPool, mut dice: Dice, over: &mpsc::Receiver<()>) {
    let going = |micros| {
        let pause = Duration::from_micros(micros);
        over.recv_timeout(pause) == Err(RecvTimeoutError::Timeout)
    };
    while going(dice.below(20_000)) {
        let pids = pool.stats().pids();
        let pid = pids[dice.below(pids.len() as u64) as usize];
        send(pid, libc::SIGSTOP);
        going(dice.below(20_000));
        send(pid, libc::SIGCONT);
    }
}

#[test]
fn every_answer_is_its_own() {
    let time = storm_time();
    let _watch = watch_for(time.unwrap_or_default());
    let end = time.map(|time| Instant::now() + time);
    let more = |count| end.map_or(count < TASKS, |end| Instant::now() < end);
    let seed = storm_seed();
    let pool = ProcessPool::new(3).unwrap();
    let done: u64 = thread::scope(|scope| {
        let (_going, over) = mpsc::channel::<()>();
        let pool = &pool;
        scope.spawn(move || stopper(pool, Dice(seed), &over));
        let submitters: Vec<_> = (1..=SUBMITTERS)
            .map(|thread| {
                scope.spawn(move || {
                    let mut dice = Dice(seed << 8 | thread);
                    let mut count = 0;
                    while more(count) {
                        count += 1;
                        let n = thread << 40 | count << 2;
                        let flight = Flight::start(pool, n, &mut dice);
                        // Two at a time now and then.
                        if dice.below(4) == 0 {
                            Flight::start(pool, n | 1, &mut dice).land();
                        }
                        flight.land();
                    }
                    count
                })
            })
            .collect();
        submitters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let stats = pool.stats();
    println!(
        "{done} tasks and more, {} moved, {} deaths",
        stats.moved, stats.deaths
    );
    assert_eq!(stats.deaths, 0, "a worker that did nothing wrong");
}
