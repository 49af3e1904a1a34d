//! The thread that starts, watches and ends the workers. It runs no code of the user, so that nothing holds it up;
//! what is to be completed goes to [`Ready`](crate::process::pool::deferred::Ready). [`terminate`]: how a task is ended.
//!
//! # A worker's seat
//! | state | until | then |
//! |---|---|---|
//! | empty | the pool needs a worker here | starting |
//! | starting | it says that it is ready; or it fails | up; or dead |
//! | up | its process ends | dead |
//! | dead | nobody reads its answers any more | empty |

pub mod launch;
mod output;
mod restart_limit;
mod slot;
mod terminate;
#[cfg(test)]
mod tests;

use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::error::{BuildError, TaskError};
use crate::process::pool::config::WhenWorkerDies;
use crate::process::pool::recover::{Casualty, Estate};
use crate::process::pool::revoke::Skips;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::worker::start::{StartError, Started};
use crate::sync::atomic::Ordering::*;
use crate::sync::{Arc, thread};
use crate::sys::events::Poller;
use crate::sys::pidfd::Ended;
use crate::sys::refusal::refused;
use launch::{Launched, launch, own_share};
use restart_limit::Budget;
use slot::{Ear, Ending, Seat, State, Timer, Watch, Why, private_memory};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a seat is looked at whose process is about to stop, or whose answers are still being read.
const SOON: Duration = Duration::from_millis(1);
/// How often a worker's age and memory are looked at.
const CHECK: Duration = Duration::from_secs(1);
/// The longest pause before another attempt to start a worker.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// So many attempts in a row to start a worker may fail.
const ATTEMPTS: u32 = 5;

const BELL: u64 = u64::MAX;

struct Supervisor {
    pool: Arc<Pool>,
    poller: Poller,
    seats: Vec<Seat>,
    timers: BinaryHeap<Reverse<Timer>>,
    budget: Budget,
    /// When ages and memories are looked at next, if there are limits.
    check: Option<Instant>,
    /// Where the outcome of `build` goes.
    building: Option<mpsc::Sender<Result<(), BuildError>>>,
}

/// The thread, and where the outcome of the workers' start will be.
pub type Running = (
    thread::JoinHandle<()>,
    mpsc::Receiver<Result<(), BuildError>>,
);

/// `launches`: what comes of the workers that the attendant starts.
pub fn start(pool: &Arc<Pool>, launches: mpsc::Receiver<Launched>) -> io::Result<Running> {
    let poller = Poller::new()?;
    poller.add(&pool.desk.bell, BELL)?;
    let (building, built) = mpsc::channel();
    let now = Instant::now();
    let config = &pool.config;
    let limits = config.max_age.is_some() || config.max_memory.is_some();
    let supervisor = Supervisor {
        poller,
        seats: pool.lanes.iter().map(|_| Seat::new(now)).collect(),
        timers: BinaryHeap::new(),
        budget: Budget::new(config.restarts, config.restart_window),
        check: limits.then(|| now + CHECK),
        building: Some(building),
        pool: Arc::clone(pool),
    };
    let name = format!("{}-watch", config.name);
    let thread = thread::spawn_with(name, None, move || supervisor.run(launches))
        .map_err(refused("clone3"))?;
    Ok((thread, built))
}

impl Supervisor {
    fn run(mut self, launches: mpsc::Receiver<Launched>) {
        self.fill_all(launches);
        while !self.is_over() {
            let deadline = self.next_due();
            let heard = self.poller.wait(deadline);
            for number in heard.unwrap_or_else(|| Ear::everything(self.seats.len())) {
                if number != BELL {
                    let (seat, ear) = Ear::of(number);
                    self.hear(seat, ear);
                }
            }
            for command in self.pool.desk.take() {
                self.obey(command);
            }
            let now = Instant::now();
            self.expire(now);
            for seat in 0..self.seats.len() {
                self.tend(seat, now);
            }
            self.check(now);
            self.wind_down();
        }
        self.pool.stop();
    }

    fn is_over(&self) -> bool {
        let empty = self
            .seats
            .iter()
            .all(|seat| matches!(seat.state, State::Empty));
        empty && self.pool.is_closed() && (self.pool.is_over() || self.pool.is_drained())
    }

    fn next_due(&self) -> Option<Instant> {
        let seats = self.seats.iter();
        let seats = seats.flat_map(|seat| {
            let ending = seat.ending.as_ref();
            let ending = ending.filter(|ending| !ending.stopping);
            let due = seat.due.into_iter();
            due.chain(ending.map(|ending| ending.hard))
                .chain(seat.skips.as_ref().map(|skips| skips.at))
                .chain(seat.given_up)
        });
        let timer = self.timers.peek().map(|Reverse(timer)| timer.0);
        seats.chain(timer).chain(self.check).min()
    }

    fn hear(&mut self, seat: usize, ear: Ear) {
        match ear {
            Ear::Process => self.hear_process(seat),
            Ear::Control => self.hear_control(seat),
            Ear::Stdout | Ear::Stderr => self.hear_stream(seat, ear),
        }
    }

    fn hear_stream(&mut self, at: usize, ear: Ear) {
        let seat = &mut self.seats[at];
        let (State::Starting(started) | State::Up(started)) = &seat.state else {
            return;
        };
        let (stream, tail) = match ear {
            Ear::Stdout => (&started.stdout, &mut seat.stdout),
            _ => (&started.stderr, &mut seat.stderr),
        };
        if let Some(stream) = stream
            && !tail.read(stream, &self.pool.lanes[at].worker.name)
        {
            self.poller.remove(stream);
        }
    }

    fn hear_control(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        let State::Starting(started) = &seat.state else {
            return;
        };
        match started.hello() {
            None => {}
            Some(Ok(())) => {
                self.poller.remove(&started.control);
                self.pool.lanes[at].worker.set_pid(started.process.pid());
                let State::Starting(started) = std::mem::replace(&mut seat.state, State::Empty)
                else {
                    unreachable!("looked at above");
                };
                seat.state = State::Up(started);
                seat.failures = 0;
                self.report_built();
            }
            Some(Err(error)) => {
                self.poller.remove(&started.control);
                seat.signal(libc::SIGKILL);
                // What it says first is why; the failure is counted when the process has ended.
                seat.refusal.get_or_insert(error);
            }
        }
    }

    /// All workers are ready for the first time.
    fn report_built(&mut self) {
        let ready = self
            .seats
            .iter()
            .all(|seat| matches!(seat.state, State::Up(_)));
        if ready && let Some(building) = self.building.take() {
            let _ = building.send(Ok(()));
        }
    }

    fn hear_process(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        let Some(started) = seat.started() else {
            return;
        };
        let exit = match started.process.ended() {
            Ok(None) => return,
            Ok(Some(ended)) => WorkerExit::from(ended),
            Err(_) => WorkerExit::from(Ended::Unknown),
        };
        // What it said last. If it was ready it has a lane to bury.
        self.hear_control(at);
        self.hear_stream(at, Ear::Stdout);
        self.hear_stream(at, Ear::Stderr);
        let was_starting = matches!(self.seats[at].state, State::Starting(_));
        let pid = self.unseat(at);
        if was_starting {
            let error = self.seats[at].refusal.take();
            return self.start_failed(at, &error.unwrap_or(StartError::Silent));
        }
        self.seats[at].state = State::Dead { pid, exit };
        self.bury(at);
    }

    /// Lets go of a worker's descriptors. Its process id.
    fn unseat(&mut self, at: usize) -> u32 {
        let state = std::mem::replace(&mut self.seats[at].state, State::Empty);
        let (State::Starting(started) | State::Up(started)) = state else {
            unreachable!("only a worker is unseated");
        };
        for fd in [&started.stdout, &started.stderr].into_iter().flatten() {
            self.poller.remove(fd);
        }
        self.poller.remove(&started.process);
        self.poller.remove(&started.control);
        self.pool.lanes[at].worker.set_pid(0);
        started.process.pid()
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::End { place, cause } => self.end_task(place, Why::Lost(cause), now),
            Command::Watch(options) => {
                if let Some(deadline) = options.deadline {
                    self.timers.push(Reverse(Timer(deadline, options)));
                }
            }
            Command::Skips(at) => self.watch_skips(at, now),
            Command::Condemn(at) => {
                // By now another worker may sit there.
                if self.pool.lanes[at].is_condemned() {
                    self.seats[at].signal(libc::SIGKILL);
                }
            }
            Command::Stop { grace } => {
                for seat in &mut self.seats {
                    if seat.started().is_some() {
                        // One that is stopped would not hear the polite signal.
                        if grace.is_zero() {
                            seat.signal(libc::SIGKILL);
                        } else {
                            seat.signal(libc::SIGTERM);
                            seat.signal(libc::SIGCONT);
                        }
                        seat.ending = Some(Ending {
                            task: None,
                            why: Why::Lost(LostCause::Stopped),
                            stopping: false,
                            hard: now + grace,
                            polite: true,
                        });
                    }
                }
            }
        }
    }

    /// Whoever may wait for a task of this lane looks again.
    fn wake(&self, lane: usize) {
        self.pool.lanes[lane].notify();
        self.pool.bell.notify();
    }

    /// Does what is due in a seat.
    fn tend(&mut self, at: usize, now: Instant) {
        if self.seats[at].refused.is_some() {
            self.give_up(at, now);
        }
        let seat = &self.seats[at];
        if seat.skips.as_ref().is_some_and(|skips| skips.at <= now) {
            self.watch_skips(at, now);
        }
        let seat = &mut self.seats[at];
        let is_due = seat.due.is_some_and(|due| due <= now);
        if is_due {
            seat.due = None;
        }
        match &seat.state {
            State::Empty if is_due => self.fill(at),
            State::Dead { .. } if is_due => self.bury(at),
            State::Up(_) | State::Starting(_) => self.go_on_ending(at, now),
            _ => {}
        }
    }

    /// Starts the first workers, together with the attendant.
    fn fill_all(&mut self, launches: mpsc::Receiver<Launched>) {
        let pool = Arc::clone(&self.pool);
        for at in own_share(&pool) {
            if pool.is_over() {
                break;
            }
            self.seat(at, launch(&pool, at));
        }
        // Also if one has failed: those that were started are to be ended.
        for (at, started) in launches {
            self.seat(at, started);
        }
    }

    /// Starts a worker in an empty seat, if it is needed.
    fn fill(&mut self, at: usize) {
        let pool = Arc::clone(&self.pool);
        if pool.is_over() || (pool.is_closed() && pool.lanes[at].is_empty()) {
            return;
        }
        // Before the worker can answer anybody who looks at the figure then.
        // ORDERING: process.count-replacement Relaxed: a figure.
        pool.replacements.fetch_add(1, Relaxed);
        self.seat(at, launch(&pool, at));
    }

    fn seat(&mut self, at: usize, started: Result<Started, StartError>) {
        let now = Instant::now();
        let started = match started {
            Ok(started) => started,
            Err(error) => return self.start_failed(at, &error),
        };
        let mut added = self.poller.add(&started.process, Ear::Process.number(at));
        added = added.and(self.poller.add(&started.control, Ear::Control.number(at)));
        for (stream, ear) in [
            (&started.stdout, Ear::Stdout),
            (&started.stderr, Ear::Stderr),
        ] {
            if let Some(stream) = stream {
                added = added.and(self.poller.add(stream, ear.number(at)));
            }
        }
        let seat = &mut self.seats[at];
        *seat = Seat {
            state: State::Starting(started),
            failures: seat.failures,
            // The next look is the first one at this worker.
            skips: seat.skips.take().map(|watch| Watch {
                found: Skips::Later,
                ticks: None,
                ..watch
            }),
            ..Seat::new(now)
        };
        if let Err(error) = added {
            seat.signal(libc::SIGKILL);
            let why = format!("the system refused to watch worker {at}: {error}");
            self.pool.break_down(why);
        }
    }

    /// A worker could not be started, and there is no process of it.
    fn start_failed(&mut self, at: usize, error: &StartError) {
        if let Some(building) = self.building.take() {
            let refused = BuildError::Process {
                worker: at,
                why: error.to_string(),
            };
            let _ = building.send(Err(refused));
            return self.pool.break_down("it was never built".to_owned());
        }
        let seat = &mut self.seats[at];
        seat.failures += 1;
        if seat.failures >= ATTEMPTS {
            let name = &self.pool.lanes[at].worker.name;
            let why = format!("worker '{name}' could not be started again: {error}");
            return self.pool.break_down(why);
        }
        let pause = Duration::from_millis(10) * (1 << seat.failures.min(10));
        seat.due = Some(Instant::now() + pause.min(LONGEST_PAUSE));
    }

    /// What a dead worker has left.
    fn bury(&mut self, at: usize) {
        let pool = Arc::clone(&self.pool);
        let seat = &mut self.seats[at];
        let State::Dead { pid, exit } = seat.state else {
            return;
        };
        // One that was meant to be ended is not run again.
        let again = |place| {
            let ending = seat.ending.as_ref();
            !ending.is_some_and(|ending| ending.is_for(place)) && !pool.is_cancelling()
        };
        let estate = match pool.lanes[at].bury(again) {
            Some(estate) => estate,
            None => {
                seat.due = Some(Instant::now() + SOON);
                return;
            }
        };
        let Estate {
            answered,
            casualty,
            wild,
            refused,
        } = estate;
        for answered in answered {
            pool.ready.answer(at, answered);
        }
        if let Some(ended) = pool.lanes[at].forget_retirement(&pool) {
            pool.ready.conclude(ended);
        }
        // It may have gone on to another task before it died of something else.
        let ending = seat.ending.take().filter(|ending| {
            let casualty = casualty.as_ref();
            casualty.is_none_or(|casualty| ending.is_for(casualty.place))
        });
        let planned = seat.closing || seat.retiring || ending.is_some();
        let disorderly = casualty.is_some() || wild.is_some();
        let unexpected = !planned && (disorderly || exit != WorkerExit::Exited(0));
        if unexpected {
            // Before anybody hears of it who looks at the figure then.
            // ORDERING: process.count-death Relaxed: a figure.
            pool.deaths.fetch_add(1, Relaxed);
        }
        let why = match ending {
            Some(ending) => ending.why,
            None => Why::Lost(wild.map_or(LostCause::Died, LostCause::ProtocolViolation)),
        };
        if let Some(Casualty {
            deaths,
            lost: Some(task),
            ..
        }) = casualty
        {
            let settings = &pool.config.settings;
            let error = match why {
                Why::Deadline => TaskError::TimedOut,
                Why::Lost(cause) => TaskError::WorkerLost(WorkerLost::new(Details {
                    pid,
                    worker: pool.lanes[at].worker.name.clone(),
                    exit,
                    cause,
                    task: task.raw().name().map(ToOwned::to_owned),
                    deaths,
                    stderr: settings.captures_stderr().then(|| seat.stderr.text()),
                })),
            };
            pool.ready.fail(task, error);
        }
        self.seats[at].state = State::Empty;
        pool.tell_orphans(&pool.lanes[at]);
        self.wake(at);
        if let Some(error) = refused {
            return pool.break_down(no_memory(&error));
        }
        if unexpected {
            let name = &pool.lanes[at].worker.name;
            if pool.config.when_worker_dies == WhenWorkerDies::BreakPool {
                return pool.break_down(format!("worker '{name}' (pid {pid}) {exit}"));
            }
            if !self.budget.spend(Instant::now()) {
                let (most, window) = (pool.config.restarts, pool.config.restart_window);
                return pool.break_down(format!(
                    "more than {most} workers have died within {window:?}; the last, '{name}' (pid {pid}), {exit}"
                ));
            }
        }
        self.seats[at].due = Some(Instant::now());
    }

    /// Workers that are too old or have grown too much leave their place.
    fn check(&mut self, now: Instant) {
        if self.check.is_none_or(|check| check > now) {
            return;
        }
        self.check = Some(now + CHECK);
        let config = &self.pool.config;
        for (at, seat) in self.seats.iter_mut().enumerate() {
            let State::Up(started) = &seat.state else {
                continue;
            };
            let old = config
                .max_age
                .is_some_and(|age| now.duration_since(seat.since) >= age);
            let fat = config.max_memory.is_some_and(|limit| {
                private_memory(started.process.pid()).is_some_and(|bytes| bytes > limit)
            });
            if (old || fat) && !seat.retiring && !seat.closing && seat.ending.is_none() {
                seat.retiring = self.pool.lanes[at].retire(&self.pool);
            }
        }
    }

    /// Ends the workers of a pool that has nothing left to do.
    fn wind_down(&mut self) {
        if self.pool.is_over() {
            for seat in &mut self.seats {
                if !seat.closing {
                    seat.closing = true;
                    seat.signal(libc::SIGKILL);
                }
            }
        } else if self.pool.is_closed() && self.pool.is_drained() {
            for (at, seat) in self.seats.iter_mut().enumerate() {
                if !seat.closing {
                    seat.closing = true;
                    self.pool.lanes[at].shm.close();
                    if matches!(seat.state, State::Starting(_)) {
                        seat.signal(libc::SIGKILL);
                    }
                }
            }
        }
    }
}

fn no_memory(error: &io::Error) -> String {
    format!("the system refused memory for a new worker: {error}")
}
