//! One thread of a pool: where it looks for work, what it does without, and how it waits.
//!
//! It looks, in this order: at the newest task that its own tasks have spawned; at the oldest in its
//! deque; at its mailbox; at the pool's inbox, from which it takes a batch. So that newest-first starves
//! nobody, it has a fair turn now and then ([`FAIR`]): mailbox and inbox first, then the oldest of its own.
//! Without work it searches for a while with an open hand, if that has paid lately, then sleeps.

use super::injector::Injector;
use super::join::{self, Job};
use super::shared::{Shared, WorkerShared};
use super::threads::{Threads, WorkerToken};
use crate::error::{BoxError, BuildError};
use crate::executor::WorkerInfo;
use crate::future::block::{self, Blocker};
use crate::future::memory;
use crate::future::raw_task::{Header, RawTask};
use crate::future::task::{self, Task};
use crate::report::{self, Report, message_of};
use crate::sync;
use crate::sync::Arc;
use crate::sys::{affinity, prefetch};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::time::{Duration, Instant};

/// Tasks between two looks at the clock.
const TICKS: u32 = sync::bound(64, 2) as u32;
/// Time between two fair turns. Taken by the clock, since a turn for every so many small tasks would let in
/// work from outside faster than what it spawns gets done (the bench `spawn/inside`).
const FAIR: Duration = Duration::from_micros(200);
/// Tasks taken from the inbox at once.
const BATCH: usize = sync::bound(64, 2);
sync::thread_local! {
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
    /// For a thread that has ended: its pool's address, and which worker it was last.
    static LEFT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// The worker that the calling thread is, if it belongs to a pool.
///
/// ```
/// assert!(raddle::thread::current_worker().is_none());
/// let pool = raddle::ThreadPool::new(1)?;
/// let index = pool.spawn(|| raddle::thread::current_worker().unwrap().index);
/// assert_eq!(index.result().unwrap(), 0);
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn current_worker() -> Option<WorkerInfo> {
    let worker = CURRENT.with(Cell::get);
    // SAFETY: set by the thread itself, and cleared before the worker goes.
    let worker = unsafe { worker.as_ref() }?;
    Some(worker.shared.seats[worker.last_index.get()].info.clone())
}

/// No core.
const NONE: usize = usize::MAX;

/// A thread's own state. With a core it is worker `index`; without one it finishes its task.
pub struct Worker {
    pub(super) shared: Arc<Shared>,
    index: Cell<usize>,
    /// The last core's index, for names.
    last_index: Cell<usize>,
    pub(super) gap: Cell<u32>,
    /// Items of the deque below it came from the injector: first in, first out.
    pub(super) mark: Cell<u16>,
    /// Items of the deque above it were spawned by the task that runs now.
    base: Cell<u16>,
    tick: Cell<u32>,
    fair: Cell<Option<Instant>>,
    random: Cell<u32>,
}

/// What a search finds.
pub(super) enum Work {
    Task(Task),
    Job(NonNull<Job>),
}

impl Worker {
    fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            index: Cell::new(NONE),
            last_index: Cell::new(0),
            gap: Cell::new(0),
            mark: Cell::new(0),
            base: Cell::new(0),
            tick: Cell::new(0),
            fair: Cell::new(None),
            random: Cell::new(0x9e37_79b9),
        }
    }

    /// The calling thread's worker, if it is one of this pool, with or without a core.
    #[inline]
    pub fn of<'a>(shared: &'a Shared) -> Option<&'a Self> {
        let worker = CURRENT.with(Cell::get);
        // SAFETY: as in current_worker; the thread is the caller's, so it outlives the call.
        let worker: &'a Self = unsafe { worker.as_ref() }?;
        ptr::eq(&*worker.shared, shared).then_some(worker)
    }

    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The worker's place, while this thread has its core.
    #[inline]
    pub fn seat(&self) -> Option<&WorkerShared> {
        self.shared.seats.get(self.index.get())
    }

    pub fn last_index(&self) -> usize {
        self.last_index.get()
    }

    fn take_token(&self, core: &WorkerToken) {
        self.index.set(core.index);
        self.last_index.set(core.index);
        self.gap.set(core.gap);
        self.random
            .set(self.random.get() ^ (core.index as u32 + 1).wrapping_mul(0x85eb_ca6b));
        if let Some(seat) = self.seat() {
            // What the last holder's blocked task had spawned is nobody's own any more.
            self.mark.set(seat.deque.back());
        }
    }

    fn return_token(&self) -> Option<WorkerToken> {
        let index = self.index.replace(NONE);
        (index != NONE).then(|| WorkerToken {
            index,
            gap: self.gap.get(),
        })
    }

    /// The life of a thread: with the core that it starts with, then with those of blocked workers.
    pub fn thread(shared: &Arc<Shared>, core: Option<WorkerToken>) {
        let worker = Self::new(shared);
        let is_spare = core.is_none();
        CURRENT.with(|current| current.set(&worker));
        let entered = (block::enter(&worker), join::JoinGuard::worker(&worker));
        let Some(core) = core.or_else(|| shared.threads.next_token()) else {
            drop(entered);
            CURRENT.with(|current| current.set(ptr::null()));
            return;
        };
        let index = core.index;
        worker.take_token(&core);
        let begun = worker.begin();
        let well = begun.is_ok();
        match begun {
            begun if !is_spare && shared.can_begin_fail() => shared.threads.begun(begun),
            Ok(()) => {}
            Err(error) => {
                let name = &shared.seats[index].info.name;
                report::tell(&Report::SpareRefused {
                    worker: name,
                    reason: &format!("{error:#}"),
                });
                // Unfit: the core goes back to the one that is blocked, or to another spare.
                if let Some(core) = worker.return_token() {
                    shared.threads.give_up(core);
                }
            }
        }
        if worker.seat().is_some() {
            worker.work();
            while let Some(core) = shared.threads.next_token() {
                worker.take_token(&core);
                worker.pin();
                worker.work();
            }
        }
        if well {
            worker.end();
        }
        drop(entered);
        memory::flush();
        CURRENT.with(|current| current.set(ptr::null()));
        LEFT.with(|left| left.set((Arc::as_ptr(shared).addr(), worker.last_index())));
    }

    /// Which worker the calling thread was, if it was one of this pool and is past its end: it then
    /// runs destructors of its thread-locals, and the pool's end waits for those.
    pub fn left(shared: &Shared) -> Option<usize> {
        let (pool, index) = LEFT.with(Cell::get);
        (pool == ptr::from_ref(shared).addr()).then_some(index)
    }

    fn pin(&self) -> bool {
        let core = self.seat().and_then(|seat| seat.info.core);
        core.is_none_or(affinity::pin)
    }

    fn begin(&self) -> Result<(), BuildError> {
        let info = &self.shared.seats[self.last_index.get()].info;
        let worker = info.index;
        if !self.pin() {
            return Err(BuildError::Pin {
                worker,
                core: info.core.unwrap_or_default(),
            });
        }
        let Some(hook) = &self.shared.config.on_start else {
            return Ok(());
        };
        // UNWIND: a hook that panics has failed; the thread goes on to its end.
        match catch_unwind(AssertUnwindSafe(|| hook(info))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(BuildError::StartHook { worker, source }),
            Err(payload) => {
                let source = BoxError::from(format!("it panicked: {}", message_of(&*payload)));
                Err(BuildError::StartHook { worker, source })
            }
        }
    }

    fn end(&self) {
        let Some(hook) = &self.shared.config.on_stop else {
            return;
        };
        let info = &self.shared.seats[self.last_index.get()].info;
        // UNWIND: the thread ends anyway; the panic is told.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(info))) {
            report::tell(&Report::StopHookPanicked {
                worker: &info.name,
                message: message_of(&*payload),
            });
        }
    }

    /// Works until the core is gone: lent by a task that blocks, or retired with the pool.
    fn work(&self) {
        while let Some(seat) = self.seat() {
            match self.own(seat) {
                Some(task) => self.run(task),
                None => match self.without_work(seat) {
                    Some(Work::Task(task)) => self.run(task),
                    // SAFETY: taken from an offer.
                    Some(Work::Job(job)) => unsafe { Job::execute(job) },
                    None if self.is_over(seat) => {
                        if let Some(core) = self.return_token() {
                            self.shared.threads.retire(core);
                        }
                    }
                    None => {}
                },
            }
        }
    }

    /// The pool is closed and there is nothing left that this worker could do. The queues' own words
    /// have the say: the pool says so a moment earlier, and until they are closed something may come.
    fn is_over(&self, seat: &WorkerShared) -> bool {
        if !self.shared.is_closed() {
            return false;
        }
        let is_over =
            self.shared.injector.is_over() && seat.pinned.is_over() && seat.deque.len() == 0;
        if !is_over {
            sync::hint::spin_loop();
        }
        is_over
    }

    #[inline]
    fn own(&self, seat: &WorkerShared) -> Option<Task> {
        let tick = self.tick.get().wrapping_add(1);
        self.tick.set(tick);
        if tick.is_multiple_of(TICKS)
            && self.is_global_turn()
            && let Some(task) = self.check_global(seat)
        {
            return Some(task);
        }
        let item = if seat.deque.len_above(self.mark.get()) > 0 {
            seat.deque.pop_back()
        } else {
            seat.deque.pop_front()
        };
        match item {
            Some(item) => Some(task_from(item)),
            None => self.outside(seat),
        }
    }

    #[cold]
    fn is_global_turn(&self) -> bool {
        if sync::MODEL {
            return true;
        }
        let now = Instant::now();
        let is_due = self
            .fair
            .get()
            .is_none_or(|last| now.duration_since(last) >= FAIR);
        if is_due {
            self.fair.set(Some(now));
        }
        is_due
    }

    fn check_global(&self, seat: &WorkerShared) -> Option<Task> {
        let front = || seat.deque.pop_front().map(task_from);
        // The only worker starts what it took from the inbox earlier before what is still in there.
        if self.shared.seats.len() == 1 && seat.deque.len() > seat.deque.len_above(self.mark.get())
        {
            return self.mail(seat).or_else(front);
        }
        self.outside(seat).or_else(front)
    }

    /// Does something wait in the mailbox or the inbox? A hint.
    pub(super) fn is_wanted_outside(&self, seat: &WorkerShared) -> bool {
        seat.pinned.len() > 0 || self.shared.injector.len() > 0
    }

    pub(super) fn outside(&self, seat: &WorkerShared) -> Option<Task> {
        self.mail(seat)
            .or_else(|| self.batch(seat, &self.shared.injector))
    }

    fn mail(&self, seat: &WorkerShared) -> Option<Task> {
        let mut mail = None;
        if seat.pinned.len() > 0 {
            seat.pinned.pop_many(1, |item| mail = Some(task_from(item)));
        }
        mail
    }

    /// Takes a fair share of the injector: the first to run now, the others into the deque.
    fn batch(&self, seat: &WorkerShared, injector: &Injector<Header>) -> Option<Task> {
        let queued = injector.len();
        if queued == 0 {
            return None;
        }
        // With own tasks in the deque, only one: the batch would go on top of them.
        let share = if seat.deque.len() > 0 {
            1
        } else {
            queued.div_ceil(self.shared.seats.len()).min(BATCH)
        };
        let mut items = [None; BATCH];
        let mut count = 0;
        injector.pop_many(share, |item| {
            prefetch::line(item.as_ptr());
            items[count] = Some(item);
            count += 1;
        });
        let mut rest = items[..count].iter().copied().flatten();
        let first = rest.next().map(task_from);
        if count > 1 {
            seat.deque.push_many(count - 1, || rest.next());
            self.mark.set(seat.deque.back());
        }
        if count > 1 || injector.len() > 0 {
            self.shared.idle.wake_one();
        }
        first
    }

    /// Runs a task, at the top or nested in a wait.
    pub(super) fn run(&self, task: Task) {
        self.shared.give_place(&task);
        if self.shared.is_cancelling() {
            return task.cancel();
        }
        self.counted(|| task.run());
    }

    /// Runs a task's closure, if `run` finds that it still has to run, and counts it.
    fn counted(&self, run: impl FnOnce() -> bool) -> bool {
        let base = self.base.get();
        let index = self.index.get();
        if let Some(seat) = self.seat() {
            self.base.set(seat.deque.back());
            seat.started.add(1);
        } else {
            self.shared.threads.count_started_detached();
        }
        let ran = run();
        match self.seat() {
            Some(seat) if seat.info.index == index => {
                if ran {
                    seat.done.add(1);
                } else {
                    seat.started.take_back(1);
                }
            }
            _ => self.shared.threads.count_done_detached(),
        }
        self.base.set(base);
        ran
    }

    pub(super) fn random(&self) -> u32 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x
    }

    /// Adds a task that the current one has spawned; gives it back without a core or room.
    #[inline]
    pub fn push(&self, task: Task) -> Result<(), Task> {
        let Some(seat) = self.seat() else {
            return Err(task);
        };
        seat.deque
            .push(task.into_raw().pointer())
            .map_err(task_from)
    }

    /// Adds tasks that the current one has spawned in one step; how many there was room for.
    pub fn push_many(&self, tasks: &[NonNull<Header>]) -> usize {
        let mut tasks = tasks.iter().copied();
        self.seat()
            .map_or(0, |seat| seat.deque.push_many(usize::MAX, || tasks.next()))
    }
}

pub(super) fn task_from(item: NonNull<Header>) -> Task {
    // SAFETY: what lies in a queue is a task given up by into_raw, and it was just taken out.
    unsafe { Task::from_raw(RawTask::from_pointer(item)) }
}

impl Blocker for Worker {
    fn run_queued(&self, cell: RawTask) -> bool {
        if self.seat().is_none() || cell.tag.is_bound() || !cell.tag.same_executor(self.shared.tag)
        {
            return false;
        }
        // SAFETY: the waiter holds a borrow of the handle; the task is of this pool and not bound.
        self.counted(|| unsafe { task::run_from_handle(cell) })
    }

    fn run_spawned(&self) -> bool {
        let Some(seat) = self.seat() else {
            return false;
        };
        if seat.deque.len_above(self.base.get()) == 0 {
            return false;
        }
        let Some(item) = seat.deque.pop_back() else {
            return false;
        };
        self.run(task_from(item));
        true
    }

    fn park(&self, sleep: &mut dyn FnMut()) {
        let Some(core) = self.return_token() else {
            return sleep();
        };
        let index = core.index;
        memory::flush();
        let seat = &self.shared.seats[index];
        let moved = seat.move_out();
        let turn = match Threads::lend(&self.shared, core) {
            Ok(turn) => turn,
            Err((core, reason)) => {
                seat.moved.take_back(moved);
                report::tell(&Report::SpareRefused {
                    worker: &seat.info.name,
                    reason: &reason,
                });
                self.take_token(&core);
                return sleep();
            }
        };
        sleep();
        if let Some(core) = self.shared.threads.reclaim(index, turn) {
            seat.moved.take_back(moved);
            self.take_token(&core);
        }
    }

    fn name(&self) -> &str {
        &self.shared.seats[self.last_index.get()].info.name
    }
}
