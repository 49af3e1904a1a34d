//! Interrupting the task that an isolate runs, beside the end of that task.
//!
//! An isolate whose state can be stopped from outside (an interpreter, a database connection) has an *interrupter*, a function of
//! the user that does so. The interrupter stops whatever the isolate runs at that moment, so it is called only while
//! the task runs for which it is meant: the next task must not be hit.
//!
//! # The words
//! A task that can be interrupted has a [`Ticket`], which lies in its cell, with one word. Each isolate has one *turn*: a mutex,
//! under which its interrupter is called, and which holds the deadline of the task that runs.
//!
//! | word | next | by | step |
//! |---|---|---|---|
//! | new | runs on isolate i | the isolate | [`Ticket::begin`] |
//! | new | ended before, with a cause | a killer that came after the claim | [`Ticket::interrupt`] |
//! | runs on isolate i | interrupted, with a cause | killer or timer, under the turn of i; it calls the interrupter before it gives the turn back | [`Ticket::interrupt`] |
//! | runs on isolate i | over | the isolate | [`Run::end`] |
//! | interrupted | over | the isolate; then it takes the turn of i once, and so waits for the interrupter | [`Run::end`] |
//!
//! # Owners
//! The isolate holds the executor's reference to the cell until [`Run::end`] has returned. A killer holds the handle's. The timer
//! reaches a ticket only under the turn in which the isolate has entered it, and the isolate removes it there before
//! it ends.
//!
//! # Invariants
//! - An interrupter of isolate i runs only between `begin` and the return of `end` of the task for which it was called.
//! - It is called at most once for each task.
//! - If [`Ticket::interrupt`] returns true, then the task does not run, or its interrupter has been called.
//!
//! Models: `verify/src/scenarios/interrupt.rs`.

use super::deadlines::Deadlines;
use crate::error::TaskError;
use crate::future::cell::Extra;
use crate::future::current;
use crate::future::raw_task::RawTask;
use crate::report::{self, Report};
use crate::sync::atomic::{AtomicU32, Ordering::*, fence};
use crate::sync::{self, Arc, Mutex, MutexGuard};
use crossbeam_utils::CachePadded;
use std::borrow::Cow;
use std::cell::Cell;
use std::ptr::NonNull;
use std::time::Instant;

const NEW: u32 = 0;
const RUNS: u32 = 1;
const OVER: u32 = 2;
const KILLED: u32 = 3;
const TIMED_OUT: u32 = 4;
/// The bits above these are the isolate's number.
const PHASE_BITS: u32 = 3;
const PHASE: u32 = (1 << PHASE_BITS) - 1;

/// Why a task was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// By [`Future::kill`](crate::Future::kill).
    Killed,
    /// Its deadline passed.
    TimedOut,
}

impl Cause {
    fn word(self) -> u32 {
        match self {
            Self::Killed => KILLED,
            Self::TimedOut => TIMED_OUT,
        }
    }

    fn of(word: u32) -> Option<Self> {
        match word & PHASE {
            KILLED => Some(Self::Killed),
            TIMED_OUT => Some(Self::TimedOut),
            _ => None,
        }
    }

    pub fn error(self) -> TaskError {
        match self {
            Self::Killed => TaskError::Killed,
            Self::TimedOut => TaskError::TimedOut,
        }
    }
}

/// Stops what an isolate, named by its number, runs at this moment.
pub type Interrupter = Box<dyn Fn(usize) + Send + Sync>;

/// The turns of a pool's isolates. See the module.
pub struct Interrupts {
    turns: Box<[CachePadded<Mutex<Turn>>]>,
    interrupter: Option<Interrupter>,
    pub deadlines: Deadlines,
}

/// What the mutex protects.
#[derive(Default)]
struct Turn {
    timed: Option<Timed>,
}

/// The task that an isolate runs, if it has a deadline.
#[derive(Clone, Copy)]
struct Timed {
    deadline: Instant,
    ticket: NonNull<Ticket>,
}

// SAFETY: a ticket may be used by any thread; the isolate that enters the pointer keeps the ticket alive until it has removed it.
unsafe impl Send for Timed {}

impl Interrupts {
    pub fn new(isolates: usize, interrupter: Option<Interrupter>) -> Self {
        Self {
            turns: (0..isolates).map(|_| CachePadded::default()).collect(),
            interrupter,
            deadlines: Deadlines::new(),
        }
    }

    pub fn can_interrupt(&self) -> bool {
        self.interrupter.is_some()
    }

    fn turn(&self, isolate: u32) -> MutexGuard<'_, Turn> {
        self.turns[isolate as usize].lock()
    }

    /// Interrupts the tasks whose deadlines have passed. Returns the earliest of the others. Called by the timer.
    pub fn expire(&self, now: Instant) -> Option<Instant> {
        let mut earliest: Option<Instant> = None;
        for turn in &self.turns {
            let mut turn = turn.lock();
            let Some(timed) = turn.timed else { continue };
            if timed.deadline > now {
                earliest =
                    Some(earliest.map_or(timed.deadline, |so_far| so_far.min(timed.deadline)));
                continue;
            }
            turn.timed = None;
            // SAFETY: the isolate removes its entry, under this lock, before its ticket ends.
            let ticket = unsafe { timed.ticket.as_ref() };
            // ORDERING: interrupt.word-timed Relaxed: the isolate entered the ticket under the lock after it began.
            let now = ticket.word.load(Relaxed);
            if now & PHASE == RUNS {
                ticket.interrupt_at(now, Cause::TimedOut, &turn);
            }
        }
        earliest
    }

    /// Calls the interrupter of an isolate, whose turn the caller holds.
    fn call(&self, isolate: u32) {
        let Some(interrupter) = &self.interrupter else {
            return;
        };
        report::contain(
            || interrupter(isolate as usize),
            |message| Report::InterrupterPanicked { message },
        );
    }
}

/// The part of a task that can be interrupted. It lies in the task's cell.
#[repr(C, align(8))]
pub struct Ticket {
    word: AtomicU32,
    interrupts: Arc<Interrupts>,
    deadline: Option<Instant>,
    name: Option<Cow<'static, str>>,
}

impl Extra for Ticket {
    const KILL: Option<unsafe fn(RawTask) -> bool> = Some(kill);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// # Safety
/// The cell was made with a ticket, and the caller holds a borrow of the handle.
unsafe fn kill(cell: RawTask) -> bool {
    // SAFETY: as the caller says.
    unsafe { cell.extra::<Ticket>() }.interrupt(Cause::Killed)
}

impl Ticket {
    pub fn new(
        interrupts: Arc<Interrupts>,
        deadline: Option<Instant>,
        name: Option<Cow<'static, str>>,
    ) -> Self {
        Self {
            word: AtomicU32::new(NEW),
            interrupts,
            deadline,
            name,
        }
    }

    /// The task begins on an isolate. `Err`: it was ended before. Called by the isolate.
    #[inline]
    pub fn begin(&self, isolate: usize) -> Result<Run<'_>, Cause> {
        if self
            .deadline
            .is_some_and(|deadline| deadline <= Instant::now())
        {
            return Err(Cause::TimedOut);
        }
        let isolate = isolate as u32;
        let runs = isolate << PHASE_BITS | RUNS;
        // ORDERING: interrupt.begin Release -> pairs with interrupt.word: what the isolate did before, for the interrupter.
        if let Err(ended) = self.word.compare_exchange(NEW, runs, Release, Relaxed) {
            return Err(Cause::of(ended).unwrap_or(Cause::Killed));
        }
        let timed = self.deadline.filter(|_| self.interrupts.can_interrupt());
        if let Some(deadline) = timed {
            self.interrupts.turn(isolate).timed = Some(Timed {
                deadline,
                ticket: NonNull::from(self),
            });
            self.interrupts.deadlines.announce(deadline);
        }
        Ok(Run {
            ticket: self,
            isolate,
            is_timed: timed.is_some(),
            is_over: false,
        })
    }

    /// Interrupts the task, or keeps it from running. False: it is over, or its isolate has no interrupter. Called by a killer.
    pub fn interrupt(&self, cause: Cause) -> bool {
        if !self.interrupts.can_interrupt() {
            return false;
        }
        loop {
            // ORDERING: interrupt.word Acquire -> pairs with interrupt.begin.
            let now = self.word.load(Acquire);
            match now & PHASE {
                NEW => {
                    // ORDERING: interrupt.before Relaxed: nothing is passed on.
                    if self
                        .word
                        .compare_exchange(NEW, cause.word(), Relaxed, Relaxed)
                        .is_ok()
                    {
                        return true;
                    }
                }
                RUNS => {
                    let turn = self.interrupts.turn(now >> PHASE_BITS);
                    if self.interrupt_at(now, cause, &turn) {
                        return true;
                    }
                }
                phase => return phase != OVER,
            }
        }
    }

    /// Interrupts the task that was seen to run, if it still does. The caller holds the isolate's turn.
    fn interrupt_at(&self, seen: u32, cause: Cause, _turn: &MutexGuard<'_, Turn>) -> bool {
        let isolate = seen >> PHASE_BITS;
        let interrupted = isolate << PHASE_BITS | cause.word();
        // ORDERING: interrupt.interrupt Relaxed: the fence, and the turn, order it.
        if self
            .word
            .compare_exchange(seen, interrupted, Relaxed, Relaxed)
            .is_err()
        {
            return false;
        }
        // ORDERING: interrupt.fence Release -> pairs with interrupt.ask-fence: a thread that sees an effect of the interrupter finds
        // the word interrupted.
        fence(Release);
        self.interrupts.call(isolate);
        true
    }

    /// Whether the running task was interrupted. Called by the isolate.
    pub fn is_interrupted(&self) -> bool {
        // ORDERING: interrupt.ask-fence Acquire -> pairs with interrupt.fence.
        fence(Acquire);
        // ORDERING: interrupt.ask Relaxed: the fence orders it.
        Cause::of(self.word.load(Relaxed)).is_some()
    }
}

sync::thread_local! {
    /// The task with a ticket that this isolate runs.
    static RUNNING: Cell<Option<RawTask>> = const { Cell::new(None) };
}

/// A task that runs on an isolate and can be interrupted. Dropping it ends the task.
pub struct Run<'a> {
    ticket: &'a Ticket,
    isolate: u32,
    /// The ticket is entered in the isolate's turn.
    is_timed: bool,
    is_over: bool,
}

impl Run<'_> {
    /// The task is over. Returns why it was interrupted, if it was; then its interrupter has returned. Called by the isolate.
    #[inline]
    pub fn end(mut self) -> Option<Cause> {
        self.end_now()
    }

    fn end_now(&mut self) -> Option<Cause> {
        self.is_over = true;
        let interrupts = &self.ticket.interrupts;
        if self.is_timed {
            interrupts.turn(self.isolate).timed = None;
        }
        // ORDERING: interrupt.end Relaxed: the turn orders what the interrupter did.
        let before = self.ticket.word.swap(OVER, Relaxed);
        let cause = Cause::of(before)?;
        drop(interrupts.turn(self.isolate));
        Some(cause)
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.end_now();
        }
    }
}

/// Calls `task` as the interruptible task whose closure the calling isolate runs, and passes on whether it was interrupted.
///
/// # Safety
/// The caller is the closure of a cell that was made with a [`Ticket`].
pub unsafe fn run<R>(
    isolate: usize,
    task: impl FnOnce() -> Result<R, TaskError>,
) -> (Result<R, TaskError>, bool) {
    /// Ends [`interrupted`]'s view of the task.
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            RUNNING.with(|running| running.set(None));
        }
    }
    let Some(cell) = current::task() else {
        unreachable!("a closure runs as its cell's task");
    };
    // SAFETY: as the caller says; the isolate's reference keeps the cell alive while its closure runs.
    let ticket = unsafe { cell.extra::<Ticket>() };
    let run = match ticket.begin(isolate) {
        Ok(run) => run,
        Err(cause) => return (Err(cause.error()), false),
    };
    RUNNING.with(|running| running.set(Some(cell)));
    let leave = Leave;
    let outcome = task();
    drop(leave);
    match run.end() {
        Some(cause) => (outcome.map_err(|_| cause.error()), true),
        None => (outcome, false),
    }
}

/// Inside a task of an isolate: whether it was interrupted, by [`Future::kill`](crate::Future::kill) or by its deadline. Elsewhere:
/// false.
///
/// For code that the interrupter has stopped, to tell this from another end, and for code that it cannot stop, which may ask now and
/// then. If anything that the interrupter did can be seen, then this is true. Never blocks.
///
/// ```
/// use raddle::{IsolatePool, TaskError};
/// use std::time::Duration;
///
/// let pool = IsolatePool::builder(|_| Ok(())).workers(1).on_interrupt(|_isolate| {}).build()?;
/// let endless = pool.task().timeout(Duration::from_millis(20)).try_submit_with(
///     |(), ()| {
///         while !raddle::isolate::interrupted() {
///             std::thread::yield_now();
///         }
///         Err::<(), _>("stopped")
///     },
///     (),
/// );
/// assert!(matches!(endless.result(), Err(TaskError::TimedOut)));
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn interrupted() -> bool {
    let Some(cell) = RUNNING.with(Cell::get) else {
        return false;
    };
    if current::task() != Some(cell) {
        return false;
    }
    // SAFETY: `run` has entered a cell with a ticket, which is the one whose closure this thread runs.
    unsafe { cell.extra::<Ticket>() }.is_interrupted()
}
