//! Interrupting the task that an isolate runs, beside the end of that task.
//!
//! An isolate whose state can be stopped from outside (an interpreter, a database connection) has an *interrupter*, a function of
//! the user that does so. The interrupter stops whatever the isolate runs at that moment, so it is called only while
//! the task runs for which it is meant: the next task must not be hit.
//!
//! # The words
//! Each isolate has one word, `running`, and one *turn*: a mutex, under which its interrupter is called, and which holds the deadline
//! of the task that runs. A task that can be interrupted has a [`Ticket`], which lies in its cell; its address names it in `running`.
//!
//! | `running` | next | by | step |
//! |---|---|---|---|
//! | none | a ticket | the isolate | [`Ticket::begin`] |
//! | a ticket | the same, interrupted, with a cause | killer or timer, under the turn; it calls the interrupter before it gives the turn back | [`Ticket::kill`], [`Interrupts::expire`] |
//! | a ticket | none | the isolate | [`Run::end`] |
//! | a ticket, interrupted | none | the isolate; then it takes the turn once, and so waits for the interrupter | [`Run::end`] |
//!
//! The ticket's word, `is_killed`, is set by a killer before it looks for the ticket in the isolates' words. A task that begins and finds it
//! set does not run.
//!
//! # Owners
//! The isolate writes `running`, and others only add a cause. The isolate holds the executor's reference to the cell until [`Run::end`] has
//! returned. A killer holds the handle's, so no other ticket has that address meanwhile. The timer compares addresses and touches
//! no ticket.
//!
//! # Invariants
//! - An interrupter of isolate i runs only between `begin` and the return of `end` of the task for which it was called.
//! - It is called at most once for each task.
//! - When [`Ticket::kill`] has returned, the task does not run, or its interrupter has been called, or it has ended.
//!
//! An isolate's begin and a killer each write, and then look at what the other has written. So the killer finds the ticket in `running`,
//! or the task finds that it was killed. If the killer finds it nowhere, the task has not begun or has ended; which of the two makes
//! no difference.
//!
//! The isolate writes nothing to the cell, whose line a waiter reads all the time, and only its own line.
//!
//! Models: `verify/src/scenarios/interrupt.rs`.

use super::deadlines::{Deadlines, NEVER};
use crate::error::TaskError;
use crate::future::cell::Extra;
use crate::future::current;
use crate::future::raw_task::RawTask;
use crate::report::{self, Report};
use crate::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*, fence};
use crate::sync::{self, Arc, Mutex, MutexGuard};
use crossbeam_utils::CachePadded;
use std::borrow::Cow;
use std::cell::Cell;
use std::time::Instant;

/// No task runs.
const NONE: usize = 0;
const KILLED: usize = 1;
const TIMED_OUT: usize = 2;
/// The bits of a ticket's address that say why it was interrupted.
const CAUSE: usize = KILLED | TIMED_OUT;

/// Why a task was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// By [`Future::kill`](crate::Future::kill).
    Killed,
    /// Its deadline passed.
    TimedOut,
}

impl Cause {
    fn bits(self) -> usize {
        match self {
            Self::Killed => KILLED,
            Self::TimedOut => TIMED_OUT,
        }
    }

    fn of(word: usize) -> Option<Self> {
        match word & CAUSE {
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

/// What the isolates of a pool run that can be interrupted. See the module.
// Apart from the count of its `Arc`, which each submission writes and an isolate must not wait for.
#[repr(align(128))]
pub struct Interrupts {
    isolates: Box<[CachePadded<CurrentTask>]>,
    interrupter: Option<Interrupter>,
    pub deadlines: Deadlines,
}

/// What one isolate runs now.
struct CurrentTask {
    /// The ticket's address and the cause, or `NONE`.
    word: AtomicUsize,
    turn: Mutex<Turn>,
}

/// What the mutex protects.
#[derive(Default)]
struct Turn {
    timed: Option<Timed>,
}

/// The task that an isolate runs, if it has a deadline.
#[derive(Clone, Copy)]
struct Timed {
    deadline: u64,
    ticket: usize,
}

impl CurrentTask {
    fn new() -> Self {
        Self {
            word: AtomicUsize::new(NONE),
            turn: Mutex::default(),
        }
    }
}

impl Interrupts {
    pub fn new(isolates: usize, interrupter: Option<Interrupter>) -> Self {
        Self {
            isolates: (0..isolates)
                .map(|_| CachePadded::new(CurrentTask::new()))
                .collect(),
            interrupter,
            deadlines: Deadlines::new(),
        }
    }

    pub fn can_interrupt(&self) -> bool {
        self.interrupter.is_some()
    }

    fn turn(&self, isolate: usize) -> MutexGuard<'_, Turn> {
        self.isolates[isolate].turn.lock()
    }

    /// Interrupts the tasks whose deadlines have passed. Returns the earliest deadline of the others, or `NEVER`. Times are those of
    /// [`Deadlines`]. Called by the timer.
    pub fn expire(&self, now: u64) -> u64 {
        let mut earliest = NEVER;
        for isolate in 0..self.isolates.len() {
            let mut turn = self.turn(isolate);
            let Some(timed) = turn.timed else { continue };
            if timed.deadline > now {
                earliest = earliest.min(timed.deadline);
                continue;
            }
            turn.timed = None;
            // The isolate removes its entry, under this lock, before its task ends: the ticket runs.
            self.interrupt(isolate, timed.ticket, Cause::TimedOut, &turn);
        }
        earliest
    }

    /// Interrupts a ticket that an isolate was seen to run, if it still does and was not interrupted before. The caller holds the
    /// isolate's turn.
    fn interrupt(&self, isolate: usize, ticket: usize, cause: Cause, _turn: &MutexGuard<'_, Turn>) {
        let word = &self.isolates[isolate].word;
        let interrupted = ticket | cause.bits();
        // ORDERING: interrupt.interrupt Relaxed: the fence, and the turn, order it.
        if word
            .compare_exchange(ticket, interrupted, Relaxed, Relaxed)
            .is_ok()
        {
            // ORDERING: interrupt.fence Release -> pairs with interrupt.ask-fence: a thread that sees an effect of the interrupter
            // finds the task interrupted.
            fence(Release);
            self.call(isolate);
        }
    }

    /// Calls the interrupter of an isolate, whose turn the caller holds.
    fn call(&self, isolate: usize) {
        let Some(interrupter) = &self.interrupter else {
            return;
        };
        report::contain(
            || interrupter(isolate),
            |message| Report::InterrupterPanicked { message },
        );
    }

    /// Whether the task that the isolate runs was interrupted. Called by the isolate.
    pub fn is_interrupted(&self, isolate: usize) -> bool {
        // ORDERING: interrupt.ask-fence Acquire -> pairs with interrupt.fence.
        fence(Acquire);
        // ORDERING: interrupt.ask Relaxed: the fence orders it.
        Cause::of(self.isolates[isolate].word.load(Relaxed)).is_some()
    }
}

/// The part of a task that can be interrupted. It lies in the task's cell, and is kept small, so that a cell of a small task is one cache
/// line.
#[repr(C, align(8))]
pub struct Ticket {
    is_killed: AtomicU32,
    interrupts: Arc<Interrupts>,
    /// As [`Deadlines`] counts.
    deadline: u64,
    name: Option<Box<Cow<'static, str>>>,
}

impl Extra for Ticket {
    const KILL: Option<unsafe fn(RawTask) -> bool> = Some(kill);

    fn name(&self) -> Option<&str> {
        self.name.as_deref().map(|name| &**name)
    }
}

/// # Safety
/// The cell was made with a ticket, and the caller holds a borrow of the handle.
unsafe fn kill(cell: RawTask) -> bool {
    // SAFETY: as the caller says.
    unsafe { cell.extra::<Ticket>() }.kill()
}

impl Ticket {
    pub fn new(
        interrupts: Arc<Interrupts>,
        deadline: Option<Instant>,
        name: Option<Cow<'static, str>>,
    ) -> Self {
        Self {
            is_killed: AtomicU32::new(0),
            deadline: deadline.map_or(NEVER, |deadline| interrupts.deadlines.nanos(deadline)),
            interrupts,
            name: name.map(Box::new),
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The task begins on an isolate. `Err`: its deadline has passed. Called by the isolate.
    #[inline]
    pub fn begin(&self, isolate: usize) -> Result<Run<'_>, Cause> {
        let interrupts = &*self.interrupts;
        let has_deadline = self.deadline != NEVER;
        if has_deadline && self.deadline <= interrupts.deadlines.nanos(Instant::now()) {
            return Err(Cause::TimedOut);
        }
        // ORDERING: interrupt.begin Release -> pairs with interrupt.look: what the isolate did before, for the interrupter.
        interrupts.isolates[isolate]
            .word
            .store(self.address(), Release);
        // ORDERING: interrupt.begin-fence SeqCst -> pairs with interrupt.kill-fence: the killer finds the ticket, or this the mark.
        fence(SeqCst);
        // ORDERING: interrupt.is-killed Relaxed: the fence orders it.
        let is_refused = self.is_killed.load(Relaxed) != 0;
        let is_timed = has_deadline && !is_refused && interrupts.can_interrupt();
        if is_timed {
            interrupts.turn(isolate).timed = Some(Timed {
                deadline: self.deadline,
                ticket: self.address(),
            });
            interrupts.deadlines.announce(self.deadline);
        }
        Ok(Run {
            interrupts,
            isolate,
            is_refused,
            is_timed,
            is_ended: false,
        })
    }

    /// Interrupts the task if it runs, or keeps it from running. False: its isolate has no interrupter. Called by a killer.
    pub fn kill(&self) -> bool {
        let interrupts = &*self.interrupts;
        if !interrupts.can_interrupt() {
            return false;
        }
        // ORDERING: interrupt.kill Relaxed: the fence orders it.
        self.is_killed.store(1, Relaxed);
        // ORDERING: interrupt.kill-fence SeqCst -> pairs with interrupt.begin-fence.
        fence(SeqCst);
        let me = self.address();
        for (isolate, running) in interrupts.isolates.iter().enumerate() {
            // ORDERING: interrupt.look Acquire -> pairs with interrupt.begin.
            if running.word.load(Acquire) & !CAUSE == me {
                let turn = interrupts.turn(isolate);
                interrupts.interrupt(isolate, me, Cause::Killed, &turn);
            }
        }
        true
    }
}

/// A task that runs on an isolate and can be interrupted. Dropping it ends the task.
pub struct Run<'a> {
    // Not the ticket: each look at the cell may wait for its line, which a waiter has taken.
    interrupts: &'a Interrupts,
    isolate: usize,
    /// It was killed before it began, and must not run.
    pub is_refused: bool,
    /// The ticket is entered in the isolate's turn.
    is_timed: bool,
    is_ended: bool,
}

impl Run<'_> {
    /// The task is over. Returns why it was interrupted, if it was; then its interrupter has returned. Called by the isolate.
    #[inline]
    pub fn end(mut self) -> Option<Cause> {
        self.end_now()
    }

    #[inline]
    fn end_now(&mut self) -> Option<Cause> {
        self.is_ended = true;
        let interrupts = self.interrupts;
        if self.is_timed {
            interrupts.turn(self.isolate).timed = None;
        }
        let word = &interrupts.isolates[self.isolate].word;
        // ORDERING: interrupt.end Relaxed: the turn orders what the interrupter did.
        let cause = Cause::of(word.swap(NONE, Relaxed))?;
        drop(interrupts.turn(self.isolate));
        Some(cause)
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.is_ended {
            self.end_now();
        }
    }
}

sync::thread_local! {
    /// The task with a ticket that this thread runs, and the number of the isolate that the thread is.
    static RUNNING: Cell<Option<(RawTask, usize)>> = const { Cell::new(None) };
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
    let outcome = if run.is_refused {
        Err(Cause::Killed.error())
    } else {
        RUNNING.with(|running| running.set(Some((cell, isolate))));
        let _leave = Leave;
        task()
    };
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
    let Some((cell, isolate)) = RUNNING.with(Cell::get) else {
        return false;
    };
    if current::task() != Some(cell) {
        return false;
    }
    // SAFETY: `run` has entered a cell with a ticket, which is the one whose closure this thread runs.
    let ticket = unsafe { cell.extra::<Ticket>() };
    ticket.interrupts.is_interrupted(isolate)
}
