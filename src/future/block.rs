//! Blocking a thread. A worker that waits helps its pool meanwhile.
//!
//! A worker that waits must not starve its pool. It must not run an unrelated task either, because the waiting task may
//! hold locks. So it does the first of these that is possible:
//! 1. It runs the awaited task itself, if that is still queued.
//! 2. It runs tasks that the current task has spawned.
//! 3. It lets a spare worker take its place and sleeps.
//!
//! A wait with a deadline skips 1 and 2, since a helped task could outlast the deadline. On an isolate, which has no spares, it does not:
//! what it waits for might never run.
//!
//! This module knows no pool: a worker thread sets a [`Blocker`] of its own, in a thread-local.

use super::raw_task::RawTask;
use super::spin;
use super::state::Until;
use crate::sync;
use std::cell::Cell;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// What a worker can do instead of sleeping.
pub trait Blocker {
    /// Runs this task, if it belongs to this executor, is still queued, and may run on this worker. True: it ran.
    fn run_queued(&self, cell: RawTask) -> bool;
    /// Runs one task that the current task has spawned. False: there was none.
    fn run_spawned(&self) -> bool;
    /// May a wait with a deadline run tasks, too? It may pass its deadline then. Only where no spare can take this worker's place.
    fn helps_until_deadline(&self) -> bool {
        false
    }
    /// Calls `sleep`, which may block for long, while a spare worker has this worker's place.
    fn park(&self, sleep: &mut dyn FnMut());
    /// The worker's name, for reports.
    fn name(&self) -> &str;
}

/// The name of the worker that the calling thread is; `None` on other threads.
pub fn worker_name() -> Option<String> {
    let blocker = BLOCKER.with(Cell::get)?;
    // SAFETY: set by `enter` on this thread and still entered.
    Some(unsafe { blocker.as_ref() }.name().to_owned())
}

sync::thread_local! {
    static BLOCKER: Cell<Option<NonNull<dyn Blocker>>> = const { Cell::new(None) };
}

/// While it lives, this thread's waits go through the blocker.
pub struct BlockerGuard<'a> {
    outer: Option<NonNull<dyn Blocker>>,
    blocker: std::marker::PhantomData<&'a dyn Blocker>,
}

/// Makes this thread a worker of the blocker's executor, until the guard is dropped.
pub fn enter(blocker: &dyn Blocker) -> BlockerGuard<'_> {
    // SAFETY: only the lifetime changes; BlockerGuard removes the pointer before the borrow ends.
    let long: &'static dyn Blocker = unsafe { std::mem::transmute(blocker) };
    let outer = BLOCKER.with(|slot| slot.replace(Some(NonNull::from(long))));
    BlockerGuard {
        outer,
        blocker: std::marker::PhantomData,
    }
}

impl Drop for BlockerGuard<'_> {
    fn drop(&mut self) {
        BLOCKER.with(|slot| slot.set(self.outer));
    }
}

/// How long a worker spins before a spare takes its place, which costs two thread switches.
const WORKER_SPIN: Duration = Duration::from_micros(5);

/// Blocks until `ready` (true), or until `sleep` returns false, which means that the deadline passed. `cells` are the
/// awaited tasks. On a worker thread it helps as the module says; elsewhere it calls `sleep` at once, which spins itself
/// where that pays.
pub fn block(
    cells: impl Iterator<Item = RawTask>,
    ready: impl Fn() -> bool,
    deadline: Option<Instant>,
    mut sleep: impl FnMut() -> bool,
) -> bool {
    if BLOCKER.with(Cell::get).is_none() {
        // `sleep` decides how long to spin.
        return ready() || sleep();
    }
    block_spinning(WORKER_SPIN, cells, ready, deadline, sleep)
}

/// As [`block`], but spins for `spin_time`, on any thread: for a wait whose other side is known to run now.
pub fn block_spinning(
    spin_time: Duration,
    cells: impl Iterator<Item = RawTask>,
    ready: impl Fn() -> bool,
    deadline: Option<Instant>,
    mut sleep: impl FnMut() -> bool,
) -> bool {
    if ready() {
        return true;
    }
    let Some(blocker) = BLOCKER.with(Cell::get) else {
        return spin::spin_for(|| spin_time, &ready) || sleep();
    };
    // SAFETY: set by `enter` on this thread and still entered.
    let blocker = unsafe { blocker.as_ref() };
    let mut cells = cells.peekable();
    let first = cells.peek().copied();
    if deadline.is_none() || blocker.helps_until_deadline() {
        for cell in cells {
            if cell.state.load().is_pending() && blocker.run_queued(cell) && ready() {
                return true;
            }
        }
        while blocker.run_spawned() {
            if ready() {
                return true;
            }
        }
    }
    let spin_time = || first.map_or(spin_time, |cell| spin::budget(cell, spin_time));
    if spin::spin_for(spin_time, &ready) {
        return true;
    }
    let mut reached = false;
    blocker.park(&mut || reached = sleep());
    reached
}

/// Waits for one task, through its handle. False: the deadline passed first.
pub fn wait(cell: RawTask, until: Until, deadline: Option<Instant>) -> bool {
    if until.holds(cell.state.load()) {
        return true;
    }
    if cell.tag.predates_fork() {
        cell.end_after_fork();
    }
    let ready = || until.holds(cell.poll_state());
    block(std::iter::once(cell), ready, deadline, || {
        spin::spin(cell, ready) || cell.sleep(until, deadline)
    })
}

/// The point in time after `timeout`. `None`, which means no deadline, if the clock cannot represent it.
pub fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// How long an operation of a queue waits.
#[derive(Clone, Copy)]
pub enum Patience {
    None,
    Until(Option<Instant>),
}

impl Patience {
    pub fn of(limit: Duration) -> Self {
        if limit.is_zero() {
            Self::None
        } else {
            Self::Until(deadline(limit))
        }
    }

    pub fn waits(self) -> bool {
        matches!(self, Self::Until(_))
    }
}
