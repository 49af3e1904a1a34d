//! Blocking a thread, with help where the thread is a worker.
//!
//! A worker that waits must not starve its pool, and must not run a stranger under the locks of the
//! task that waits. So it runs the awaited task itself if that is still queued; else tasks that the
//! current one has spawned; else it gives its place to a spare and sleeps. A wait with a deadline
//! does not help, since a helped task could outlast it: it gives up its place at once.
//!
//! This layer knows no pool: a worker thread sets a [`Blocker`] of its own.

use super::raw_task::RawTask;
use super::spin;
use super::state::Until;
use crate::sync;
use std::cell::Cell;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

/// What a worker can do instead of sleeping.
pub trait Blocker {
    /// Runs that very task, if it is one of this executor's, still queued, and may run here.
    fn run_queued(&self, cell: RawTask) -> bool;
    /// Runs one task that the current task has spawned.
    fn run_spawned(&self) -> bool;
    /// Calls `sleep`, which may block for long, with a spare in this worker's place.
    fn park(&self, sleep: &mut dyn FnMut());
    /// The worker's name, for reports.
    fn name(&self) -> &str;
}

/// The name of the worker that the calling thread is.
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

/// Makes this thread a worker of the blocker's executor.
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

/// How long a worker spins before it gives its place to a spare, which costs it two thread switches.
const PATIENCE: Duration = Duration::from_micros(5);

/// Blocks until `ready`, or until `sleep` says that it gave up (false). `cells` are what is awaited.
pub fn block(
    cells: impl Iterator<Item = RawTask>,
    ready: impl Fn() -> bool,
    deadline: Option<Instant>,
    mut sleep: impl FnMut() -> bool,
) -> bool {
    if BLOCKER.with(Cell::get).is_none() {
        // How long to spin, if at all, `sleep` knows.
        return ready() || sleep();
    }
    block_patiently(PATIENCE, cells, ready, deadline, sleep)
}

/// As [`block`], spinning for `patience` where the other side is known to be at work.
pub fn block_patiently(
    patience: Duration,
    cells: impl Iterator<Item = RawTask>,
    ready: impl Fn() -> bool,
    deadline: Option<Instant>,
    mut sleep: impl FnMut() -> bool,
) -> bool {
    if ready() {
        return true;
    }
    let Some(blocker) = BLOCKER.with(Cell::get) else {
        return spin::spin_for(|| patience, &ready) || sleep();
    };
    // SAFETY: set by `enter` on this thread and still entered.
    let blocker = unsafe { blocker.as_ref() };
    let mut cells = cells.peekable();
    let first = cells.peek().copied();
    if deadline.is_none() {
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
    let patience = || first.map_or(patience, |cell| spin::budget(cell, patience));
    if spin::spin_for(patience, &ready) {
        return true;
    }
    let mut reached = false;
    blocker.park(&mut || reached = sleep());
    reached
}

/// Waits for one task. False: the deadline passed first.
pub fn wait(cell: RawTask, until: Until, deadline: Option<Instant>) -> bool {
    if until.holds(cell.state.load()) {
        return true;
    }
    if cell.tag.is_orphan() {
        cell.orphan();
    }
    let ready = || until.holds(cell.look());
    block(std::iter::once(cell), ready, deadline, || {
        spin::spin(cell, ready) || cell.sleep(until, deadline)
    })
}

/// The point in time after `timeout`, or none if it lies beyond what the clock can say.
pub fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}
