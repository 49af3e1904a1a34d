//! The supervisor: the pool's thread that starts, watches and ends the workers. It runs no code of the user, so that nothing can
//! hold it up. Tasks to be completed go to [`Deferred`](crate::process::pool::deferred::Deferred). [`terminate`]: how a task is
//! ended. All methods below run on this thread.
//!
//! # States of a worker slot
//! | from | to | when | method |
//! |---|---|---|---|
//! | empty | starting | the pool needs a worker here | `start_all`, `start_worker` |
//! | starting | up | the worker reports that it is ready | `read_handshake` |
//! | starting | empty | its process ends before it is ready: the start failed | `reap`, `start_failed` |
//! | up | dead | its process ends | `reap` |
//! | dead | empty | no thread reads its replies any more, and the lane is recovered | `recover_lane` |
//! | starting, up | empty | the system does not let the worker be ended, and its last wait is over | `abandon_worker` |

pub mod launch;
mod output;
mod slot;
mod terminate;
#[cfg(test)]
mod tests;

use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::error::{BuildError, TaskError};
use crate::executor::restart_limit::RestartLimit;
use crate::process::pool::config::WhenWorkerDies;
use crate::process::pool::recover::{InFlight, Recovered};
use crate::process::pool::revoke::Skips;
use crate::process::pool::shared::Pool;
use crate::process::pool::supervisor_queue::Command;
use crate::process::queue;
use crate::process::worker::start::{StartError, Started};
use crate::sync::atomic::Ordering::*;
use crate::sync::{Arc, thread};
use crate::sys::events::Poller;
use crate::sys::pidfd::Ended;
use crate::sys::refusal::refused;
use launch::{Launched, launch, own_share};
use slot::{
    DeadlineTimer, FdToken, SkipWatch, SlotState, Termination, TerminationCause, WorkerSlot,
    private_memory,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How often a slot is checked whose process is about to stop, or whose replies are still being read, and how often a deadline that
/// has passed is enforced again.
const SOON: Duration = Duration::from_millis(1);
/// How often a worker's age and memory are checked, and how long after a kill the next one comes.
const CHECK: Duration = Duration::from_secs(1);
/// The longest pause before another attempt to start a worker.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// This many failed starts of a worker in a row break the pool.
const ATTEMPTS: u32 = 5;

const QUEUE_EVENT: u64 = u64::MAX;

struct Supervisor {
    pool: Arc<Pool>,
    poller: Poller,
    slots: Vec<WorkerSlot>,
    timers: BinaryHeap<Reverse<DeadlineTimer>>,
    restart_limit: RestartLimit,
    /// The time of the next check of ages and memories, if there are limits.
    check: Option<Instant>,
    /// Where the outcome of the start goes. `None` when it has been sent.
    building: Option<mpsc::Sender<Result<(), BuildError>>>,
}

/// The thread, and the channel from which `build` gets the outcome of the workers' start.
pub type StartedSupervisor = (
    thread::JoinHandle<()>,
    mpsc::Receiver<Result<(), BuildError>>,
);

/// Starts the thread. `launches` are the outcomes of the workers that the completer starts. Called when the pool is built.
pub fn start(
    pool: &Arc<Pool>,
    launches: mpsc::Receiver<Launched>,
) -> io::Result<StartedSupervisor> {
    let poller = Poller::new()?;
    poller.add(&pool.supervisor_queue.event, QUEUE_EVENT)?;
    let (building, built) = mpsc::channel();
    let now = Instant::now();
    let config = &pool.config;
    let limits = config.max_age.is_some() || config.max_memory.is_some();
    let supervisor = Supervisor {
        poller,
        slots: pool.lanes.iter().map(|_| WorkerSlot::new(now)).collect(),
        timers: BinaryHeap::new(),
        restart_limit: RestartLimit::new(config.restarts, config.restart_window),
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
        self.start_all(launches);
        while !self.may_end() {
            let deadline = self.next_due();
            let ready = self.poller.wait(deadline);
            for number in ready.unwrap_or_else(|| FdToken::all(self.slots.len())) {
                if number != QUEUE_EVENT {
                    let (slot, token) = FdToken::of(number);
                    self.handle_event(slot, token);
                }
            }
            for command in self.pool.supervisor_queue.take() {
                self.handle_command(command);
            }
            let now = Instant::now();
            self.handle_timers(now);
            for slot in 0..self.slots.len() {
                self.update_slot(slot, now);
            }
            self.check(now);
            self.finish_shutdown();
        }
        self.pool.stop();
    }

    /// Has the pool ended, with no worker left, so that the thread may end?
    fn may_end(&self) -> bool {
        let empty = self
            .slots
            .iter()
            .all(|slot| matches!(slot.state, SlotState::Empty));
        empty && self.pool.is_closed() && (self.pool.is_over() || self.pool.is_drained())
    }

    /// The time at which the supervisor has to wake up, if it has to.
    fn next_due(&self) -> Option<Instant> {
        let slots = self.slots.iter();
        let slots = slots.flat_map(|slot| {
            let termination = slot.termination.as_ref();
            let termination = termination.filter(|termination| !termination.stopping);
            let due = slot.due.into_iter();
            due.chain(termination.map(|termination| termination.next_step))
                .chain(slot.skips.as_ref().map(|skips| skips.at))
                .chain(slot.given_up)
                .chain(slot.start_due(self.pool.config.start_timeout))
        });
        let timer = self.timers.peek().map(|Reverse(timer)| timer.0);
        slots.chain(timer).chain(self.check).min()
    }

    fn handle_event(&mut self, slot: usize, token: FdToken) {
        match token {
            FdToken::Process => self.reap(slot),
            FdToken::Control => self.read_handshake(slot),
            FdToken::Stdout | FdToken::Stderr => self.read_stream(slot, token),
        }
    }

    /// Reads what a worker wrote to a captured stream.
    fn read_stream(&mut self, at: usize, token: FdToken) {
        let slot = &mut self.slots[at];
        let (SlotState::Starting(started) | SlotState::Up(started)) = &slot.state else {
            return;
        };
        let (stream, capture) = match token {
            FdToken::Stdout => (&started.stdout, &mut slot.stdout),
            _ => (&started.stderr, &mut slot.stderr),
        };
        if let Some(stream) = stream
            && !capture.read(stream, &self.pool.lanes[at].worker.name)
        {
            self.poller.remove(stream);
        }
    }

    /// Reads the worker's ready message, if it has come.
    fn read_handshake(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let SlotState::Starting(started) = &slot.state else {
            return;
        };
        match started.ready() {
            None => {}
            Some(Ok(())) => {
                self.poller.remove(&started.control);
                self.pool.lanes[at].worker.set_pid(started.process.pid());
                let SlotState::Starting(started) =
                    std::mem::replace(&mut slot.state, SlotState::Empty)
                else {
                    unreachable!("checked above");
                };
                slot.state = SlotState::Up(started);
                slot.failures = 0;
                self.report_built();
            }
            Some(Err(error)) => {
                self.poller.remove(&started.control);
                slot.signal(libc::SIGKILL);
                // The first message is the reason. The failure is counted when the process has ended.
                slot.start_error.get_or_insert(error);
            }
        }
    }

    /// Reports to `build` when all workers are ready for the first time.
    fn report_built(&mut self) {
        let ready = self
            .slots
            .iter()
            .all(|slot| matches!(slot.state, SlotState::Up(_)));
        if ready && let Some(building) = self.building.take() {
            let _ = building.send(Ok(()));
        }
    }

    /// Handles the end of a worker's process, if it has ended.
    fn reap(&mut self, at: usize) {
        let slot = &mut self.slots[at];
        let Some(started) = slot.started() else {
            return;
        };
        let pid = started.process.pid();
        // Before the process is reaped: afterwards another process may get its id.
        let told = matches!(started.process.is_over(), Ok(true));
        if told {
            queue::worker_ended(pid);
        }
        let exit = match started.process.ended() {
            Ok(None) => return,
            Ok(Some(ended)) => WorkerExit::from(ended),
            Err(_) => WorkerExit::from(Ended::Unknown),
        };
        if !told {
            queue::worker_ended(pid);
        }
        // Its last messages. If it was ready, its lane has to be recovered.
        self.read_handshake(at);
        self.read_stream(at, FdToken::Stdout);
        self.read_stream(at, FdToken::Stderr);
        let was_starting = matches!(self.slots[at].state, SlotState::Starting(_));
        let pid = self.clear_slot(at);
        if was_starting {
            let error = self.slots[at].start_error.take();
            return self.start_failed(at, &error.unwrap_or(StartError::Silent));
        }
        self.slots[at].state = SlotState::Dead { pid, exit };
        self.recover_lane(at);
    }

    /// Closes a worker's descriptors and empties its slot. Returns its process id.
    fn clear_slot(&mut self, at: usize) -> u32 {
        let state = std::mem::replace(&mut self.slots[at].state, SlotState::Empty);
        let (SlotState::Starting(started) | SlotState::Up(started)) = state else {
            unreachable!("the slot has a worker");
        };
        for fd in [&started.stdout, &started.stderr].into_iter().flatten() {
            self.poller.remove(fd);
        }
        self.poller.remove(&started.process);
        self.poller.remove(&started.control);
        self.pool.lanes[at].worker.set_pid(0);
        started.process.pid()
    }

    fn handle_command(&mut self, command: Command) {
        let now = Instant::now();
        match command {
            Command::EndTask { location, cause } => {
                self.end_task(location, TerminationCause::Lost(cause), now)
            }
            Command::WatchDeadline(options) => {
                if let Some(deadline) = options.deadline {
                    self.timers.push(Reverse(DeadlineTimer(deadline, options)));
                }
            }
            Command::WatchSkips(at) => self.watch_skips(at, now),
            Command::Quarantine(at) => {
                // Another worker may have replaced it: then the lane is not quarantined any more.
                if self.pool.lanes[at].is_quarantined() {
                    self.slots[at].signal(libc::SIGKILL);
                }
            }
            Command::StopWorkers { grace } => {
                for slot in &mut self.slots {
                    if slot.started().is_some() {
                        // A stopped process handles `SIGTERM` only when it continues.
                        if grace.is_zero() {
                            slot.signal(libc::SIGKILL);
                        } else {
                            slot.signal(libc::SIGTERM);
                            slot.signal(libc::SIGCONT);
                        }
                        slot.termination = Some(Termination {
                            task: None,
                            why: TerminationCause::Lost(LostCause::Stopped),
                            stopping: false,
                            next_step: now + grace,
                            polite: true,
                        });
                    }
                }
            }
        }
    }

    /// Wakes all threads that may wait for a task of this lane.
    fn wake(&self, lane: usize) {
        self.pool.lanes[lane].notify();
        self.pool.completer_event.notify();
    }

    /// Does the work of a slot that is due.
    fn update_slot(&mut self, at: usize, now: Instant) {
        if self.slots[at].signal_error.is_some() {
            self.abandon_worker(at, now);
        }
        let slot = &self.slots[at];
        if slot.skips.as_ref().is_some_and(|skips| skips.at <= now) {
            self.watch_skips(at, now);
        }
        let slot = &mut self.slots[at];
        let limit = self.pool.config.start_timeout;
        if slot.start_due(limit).is_some_and(|due| due <= now) {
            slot.start_error = Some(StartError::TimedOut { limit });
            slot.signal(libc::SIGKILL);
        }
        let is_due = slot.due.is_some_and(|due| due <= now);
        if is_due {
            slot.due = None;
        }
        match &slot.state {
            SlotState::Empty if is_due => self.start_worker(at),
            SlotState::Dead { .. } if is_due => self.recover_lane(at),
            SlotState::Up(_) | SlotState::Starting(_) => self.continue_termination(at, now),
            _ => {}
        }
    }

    /// Starts the supervisor's share of the first workers, and takes over those that the completer starts.
    fn start_all(&mut self, launches: mpsc::Receiver<Launched>) {
        let pool = Arc::clone(&self.pool);
        for at in own_share(&pool) {
            if pool.is_over() {
                break;
            }
            self.install(at, launch(&pool, at));
        }
        // Even if one has failed: the started ones have to be ended.
        for (at, started) in launches {
            self.install(at, started);
        }
    }

    /// Starts a worker in an empty slot, if it is needed.
    fn start_worker(&mut self, at: usize) {
        let pool = Arc::clone(&self.pool);
        if pool.is_over() || (pool.is_closed() && pool.lanes[at].is_empty()) {
            return;
        }
        // Counted before the worker can reply: a task of the new worker finds itself counted.
        // ORDERING: process.count-replacement Relaxed: a counter.
        pool.replacements.fetch_add(1, Relaxed);
        self.install(at, launch(&pool, at));
    }

    /// Puts a started worker into its slot and watches its descriptors. A start that failed goes to `start_failed`.
    fn install(&mut self, at: usize, started: Result<Started, StartError>) {
        let now = Instant::now();
        let started = match started {
            Ok(started) => started,
            Err(error) => return self.start_failed(at, &error),
        };
        let mut added = self
            .poller
            .add(&started.process, FdToken::Process.number(at));
        added = added.and(
            self.poller
                .add(&started.control, FdToken::Control.number(at)),
        );
        for (stream, token) in [
            (&started.stdout, FdToken::Stdout),
            (&started.stderr, FdToken::Stderr),
        ] {
            if let Some(stream) = stream {
                added = added.and(self.poller.add(stream, token.number(at)));
            }
        }
        let slot = &mut self.slots[at];
        *slot = WorkerSlot {
            state: SlotState::Starting(started),
            failures: slot.failures,
            // The next check is the first one of this worker.
            skips: slot.skips.take().map(|watch| SkipWatch {
                found: Skips::Later,
                ticks: None,
                ..watch
            }),
            ..WorkerSlot::new(now)
        };
        if let Err(error) = added {
            slot.signal(libc::SIGKILL);
            let why = format!("the system refused to watch worker {at}: {error}");
            self.pool.break_down(why);
        }
    }

    /// Handles a failed start, of which no process is left: fails `build`, breaks the pool, or plans another attempt.
    fn start_failed(&mut self, at: usize, error: &StartError) {
        if let Some(building) = self.building.take() {
            let refused = BuildError::Process {
                worker: at,
                why: error.to_string(),
            };
            let _ = building.send(Err(refused));
            return self.pool.break_down("it was never built".to_owned());
        }
        let slot = &mut self.slots[at];
        slot.failures += 1;
        if slot.failures >= ATTEMPTS {
            let name = &self.pool.lanes[at].worker.name;
            let why = format!("worker '{name}' could not be started again: {error}");
            return self.pool.break_down(why);
        }
        let pause = Duration::from_millis(10) * (1 << slot.failures.min(10));
        slot.due = Some(Instant::now() + pause.min(LONGEST_PAUSE));
    }

    /// Recovers the lane of a dead worker: its replies and its lost task go to `deferred`, and the slot becomes empty. Then plans
    /// the replacement, or breaks the pool.
    fn recover_lane(&mut self, at: usize) {
        let pool = Arc::clone(&self.pool);
        let slot = &mut self.slots[at];
        let SlotState::Dead { pid, exit } = slot.state else {
            return;
        };
        // A task that was to be ended does not run again.
        let may_retry = |location| {
            let termination = slot.termination.as_ref();
            !termination.is_some_and(|termination| termination.is_for(location))
                && !pool.is_cancelling()
        };
        let recovered = match pool.lanes[at].recover(may_retry) {
            Some(recovered) => recovered,
            None => {
                slot.due = Some(Instant::now() + SOON);
                return;
            }
        };
        let Recovered {
            replies,
            in_flight,
            violation,
            refused,
        } = recovered;
        for reply in replies {
            pool.deferred.push_reply(at, reply);
        }
        if let Some(ended) = pool.lanes[at].forget_retirement(&pool) {
            pool.deferred.push_ended(ended);
        }
        // The worker may have gone on to another task, and died of something else.
        let termination = slot.termination.take().filter(|termination| {
            let mut locations = in_flight.iter().map(|in_flight| in_flight.location);
            in_flight.is_empty() || locations.any(|location| termination.is_for(location))
        });
        let planned = slot.closing || slot.retiring || termination.is_some();
        let disorderly = !in_flight.is_empty() || violation.is_some();
        let unexpected = !planned && (disorderly || exit != WorkerExit::Exited(0));
        if unexpected {
            // Counted before the outcome is visible: a waiter of the lost task finds the death counted.
            // ORDERING: process.count-death Relaxed: a counter.
            pool.deaths.fetch_add(1, Relaxed);
        }
        let by_itself = violation.map_or(LostCause::Died, LostCause::ProtocolViolation);
        for InFlight {
            location,
            deaths,
            lost,
        } in in_flight
        {
            let Some(task) = lost else {
                continue;
            };
            let why = termination
                .as_ref()
                .filter(|termination| termination.is_for(location))
                .map_or_else(
                    || TerminationCause::Lost(by_itself.clone()),
                    |termination| termination.why.clone(),
                );
            let settings = &pool.config.settings;
            let error = match why {
                TerminationCause::Deadline => TaskError::TimedOut,
                TerminationCause::Lost(cause) => TaskError::WorkerLost(WorkerLost::new(Details {
                    pid,
                    worker: pool.lanes[at].worker.name.clone(),
                    exit,
                    cause,
                    task: task.raw().name().map(ToOwned::to_owned),
                    deaths,
                    stderr: settings.captures_stderr().then(|| slot.stderr.text()),
                })),
            };
            pool.deferred.push_failed(task, error);
        }
        self.slots[at].state = SlotState::Empty;
        pool.mark_stranded(&pool.lanes[at]);
        self.wake(at);
        if let Some(error) = refused {
            return pool.break_down(no_memory(&error));
        }
        if unexpected {
            let name = &pool.lanes[at].worker.name;
            if pool.config.when_worker_dies == WhenWorkerDies::BreakPool {
                return pool.break_down(format!("worker '{name}' (pid {pid}) {exit}"));
            }
            if !self.restart_limit.allow(Instant::now()) {
                let (most, window) = (pool.config.restarts, pool.config.restart_window);
                return pool.break_down(format!(
                    "more than {most} workers have died within {window:?}; the last, '{name}' (pid {pid}), {exit}"
                ));
            }
        }
        self.slots[at].due = Some(Instant::now());
    }

    /// Retires workers that are too old or use too much memory.
    fn check(&mut self, now: Instant) {
        if self.check.is_none_or(|check| check > now) {
            return;
        }
        self.check = Some(now + CHECK);
        let config = &self.pool.config;
        for (at, slot) in self.slots.iter_mut().enumerate() {
            let SlotState::Up(started) = &slot.state else {
                continue;
            };
            let too_old = config
                .max_age
                .is_some_and(|age| now.duration_since(slot.since) >= age);
            let too_large = config.max_memory.is_some_and(|limit| {
                private_memory(started.process.pid()).is_some_and(|bytes| bytes > limit)
            });
            if (too_old || too_large)
                && !slot.retiring
                && !slot.closing
                && slot.termination.is_none()
            {
                slot.retiring = self.pool.lanes[at].retire(&self.pool);
            }
        }
    }

    /// Ends the workers of a pool that is over, or closed and drained.
    fn finish_shutdown(&mut self) {
        if self.pool.is_over() {
            for slot in &mut self.slots {
                if !slot.closing {
                    slot.closing = true;
                    slot.signal(libc::SIGKILL);
                }
            }
        } else if self.pool.is_closed() && self.pool.is_drained() {
            for (at, slot) in self.slots.iter_mut().enumerate() {
                if !slot.closing {
                    slot.closing = true;
                    self.pool.lanes[at].shm.close();
                    if matches!(slot.state, SlotState::Starting(_)) {
                        slot.signal(libc::SIGKILL);
                    }
                }
            }
        }
    }
}

fn no_memory(error: &io::Error) -> String {
    format!("the system refused memory for a new worker: {error}")
}
