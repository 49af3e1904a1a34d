//! One thread of a pool: where it looks for work, and what it does while a task blocks.
//!
//! It looks, in this order: at the newest task that its own tasks have spawned; at the oldest task in its deque; at its
//! pinned queue; at the pool's injector, from which it takes a batch. Newest-first could starve the others, so now and then it
//! checks the *inbound* queues first ([`INBOUND_INTERVAL`]): its pinned queue and the injector, then the oldest task of its deque. Without work
//! it searches for a while with an open handoff slot, if idle gaps were short lately, then sleeps ([`super::search`]).
//!
//! It and [`joins`](super::join) import each other: a thread takes part in joins as the worker that it is.

use super::injector::Injector;
use super::join::JoinGuard;
use super::join::shared_job::Job;
use super::shared::{Shared, task_from};
use super::threads::{Threads, WorkerToken};
use super::worker_shared::WorkerShared;
use crate::error::{BoxError, BuildError};
use crate::executor::WorkerInfo;
use crate::future::block::{self, Blocker};
use crate::future::memory;
use crate::future::raw_task::{Header, RawTask};
use crate::future::tag::Tag;
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
/// Time between two checks of the inbound queues before the own ones. It is measured by the clock: with a check for every
/// so many small tasks, work from outside would get in faster than the tasks that it spawns get done (the bench
/// `spawn/inside`).
const INBOUND_INTERVAL: Duration = Duration::from_micros(200);
/// The most tasks that a worker takes from the injector at once.
const BATCH: usize = sync::bound(64, 2);

sync::thread_local! {
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
    /// For a thread past its end: its pool's address, and which worker it was last.
    static LEFT: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Returns which worker the calling thread is, or `None` on a thread that belongs to no pool. Never blocks.
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
    // SAFETY: set by the thread itself, and cleared before the worker is dropped.
    let worker = unsafe { worker.as_ref() }?;
    Some(worker.shared.workers[worker.last_index.get()].info.clone())
}

/// The index of a thread without a token.
const NONE: usize = usize::MAX;

/// A thread's own half of a worker. With a token it is worker `index`; without one it only finishes its task. Its
/// fields are read and written by this thread alone.
pub struct Worker {
    pub(super) shared: Arc<Shared>,
    index: Cell<usize>,
    /// The index of the last token, for names.
    last_index: Cell<usize>,
    /// How long the worker was idle at a time lately, in nanoseconds (a running mean).
    pub(super) gap: Cell<u32>,
    /// Items of the deque below this mark came from the injector or another worker: they start oldest first.
    pub(super) mark: Cell<u16>,
    /// Items of the deque above this mark were spawned by the task that runs now.
    base: Cell<u16>,
    tick: Cell<u32>,
    /// When the inbound queues were last checked first.
    last_inbound: Cell<Option<Instant>>,
    random: Cell<u32>,
    /// An isolate's state is in use: no other exclusive task can run on this thread.
    in_use: Cell<bool>,
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
            last_inbound: Cell::new(None),
            random: Cell::new(0x9e37_79b9),
            in_use: Cell::new(false),
        }
    }

    /// The calling thread's worker, if it is one of this pool, with or without a token. Called by submitters and shutdowns.
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

    /// The shared half of the worker, while this thread has its token.
    #[inline]
    pub fn own(&self) -> Option<&WorkerShared> {
        self.shared.workers.get(self.index.get())
    }

    pub fn last_index(&self) -> usize {
        self.last_index.get()
    }

    fn take_token(&self, token: &WorkerToken) {
        self.index.set(token.index);
        self.last_index.set(token.index);
        self.gap.set(token.gap);
        self.random
            .set(self.random.get() ^ (token.index as u32 + 1).wrapping_mul(0x85eb_ca6b));
        if let Some(own) = self.own() {
            // What the last holder's blocked task has spawned was not spawned by a task of this thread.
            self.mark.set(own.deque.back());
        }
    }

    fn return_token(&self) -> Option<WorkerToken> {
        let index = self.index.replace(NONE);
        (index != NONE).then(|| WorkerToken {
            index,
            gap: self.gap.get(),
        })
    }

    /// The life of a thread of the pool: it works with the token that it starts with, then with those of blocked workers. Without
    /// one it is a spare. Called by [`Threads`] as the thread's body.
    pub fn run_thread(shared: &Arc<Shared>, token: Option<WorkerToken>) {
        let worker = Self::new(shared);
        let is_spare = token.is_none();
        CURRENT.with(|current| current.set(&worker));
        let entered = (block::enter(&worker), JoinGuard::worker(&worker));
        let Some(token) = token.or_else(|| shared.threads.next_token()) else {
            drop(entered);
            CURRENT.with(|current| current.set(ptr::null()));
            return;
        };
        let index = token.index;
        worker.take_token(&token);
        let begun = worker.begin();
        let has_begun = begun.is_ok();
        match begun {
            // A first worker that failed to begin keeps its token: the build fails and closes the pool.
            begun if !is_spare && shared.can_begin_fail() => shared.threads.report_begun(begun),
            Ok(()) => {}
            Err(error) => {
                let name = &shared.workers[index].info.name;
                report::tell(&Report::SpareRefused {
                    worker: name,
                    reason: &format!("{error:#}"),
                });
                // The token goes back to the thread that is blocked, or to another spare.
                if let Some(token) = worker.return_token() {
                    shared.threads.give_up(token);
                }
            }
        }
        if worker.own().is_some() {
            worker.work();
            while let Some(token) = shared.threads.next_token() {
                worker.take_token(&token);
                worker.pin();
                worker.work();
            }
        }
        if has_begun {
            worker.end();
        }
        drop(entered);
        memory::flush();
        CURRENT.with(|current| current.set(ptr::null()));
        LEFT.with(|left| left.set((Arc::as_ptr(shared).addr(), worker.last_index())));
    }

    /// Which worker the calling thread was, if it was one of this pool and is past its end. Such a thread still runs the
    /// destructors of its thread-locals, for which the pool's end waits. Called by shutdowns.
    pub fn left(shared: &Shared) -> Option<usize> {
        let (pool, index) = LEFT.with(Cell::get);
        (pool == ptr::from_ref(shared).addr()).then_some(index)
    }

    /// Pins the thread to its worker's CPU core, if it has one. False: that failed.
    fn pin(&self) -> bool {
        let core = self.own().and_then(|own| own.info.core);
        core.is_none_or(affinity::pin)
    }

    /// Pins the thread and runs its start hook.
    fn begin(&self) -> Result<(), BuildError> {
        let info = &self.shared.workers[self.last_index.get()].info;
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
        // UNWIND: a hook that panics has failed; the thread ends in order.
        match catch_unwind(AssertUnwindSafe(|| hook(info))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(BuildError::StartHook { worker, source }),
            Err(payload) => {
                let source = BoxError::from(format!("it panicked: {}", message_of(&*payload)));
                Err(BuildError::StartHook { worker, source })
            }
        }
    }

    /// Runs the stop hook.
    fn end(&self) {
        let Some(hook) = &self.shared.config.on_stop else {
            return;
        };
        let info = &self.shared.workers[self.last_index.get()].info;
        // UNWIND: the thread ends anyway; the panic is reported.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook(info))) {
            report::tell(&Report::StopHookPanicked {
                worker: &info.name,
                message: message_of(&*payload),
            });
        }
    }

    /// Works until the thread has no token: a task that blocks has lent it, or it is retired with the pool.
    fn work(&self) {
        while let Some(own) = self.own() {
            match self.next_task(own) {
                Some(task) => self.run(task),
                None => match self.search_or_park(own) {
                    Some(Work::Task(task)) => self.run(task),
                    // SAFETY: taken from its slot.
                    Some(Work::Job(job)) => unsafe { Job::execute(job) },
                    None if self.is_over(own) => {
                        if let Some(token) = self.return_token() {
                            self.shared.threads.retire(token);
                        }
                    }
                    None => {}
                },
            }
        }
    }

    /// Is the pool closed, and nothing left that this worker could do? The queues' `CLOSED` bits decide: the pool's mode is
    /// set a moment earlier, and pushes can succeed until the queues are closed too.
    fn is_over(&self, own: &WorkerShared) -> bool {
        if !self.shared.is_closed() {
            return false;
        }
        let is_over =
            self.shared.injector.is_over() && own.pinned.is_over() && own.deque.len() == 0;
        if !is_over {
            sync::hint::spin_loop();
        }
        is_over
    }

    /// The next task out of the worker's queues and the injector, in the order that the module gives.
    #[inline]
    fn next_task(&self, own: &WorkerShared) -> Option<Task> {
        let tick = self.tick.get().wrapping_add(1);
        self.tick.set(tick);
        if tick.is_multiple_of(TICKS)
            && self.is_inbound_due()
            && let Some(task) = self.check_inbound(own)
        {
            return Some(task);
        }
        let item = if own.deque.len_above(self.mark.get()) > 0 {
            own.deque.pop_back()
        } else {
            own.deque.pop_front()
        };
        match item {
            Some(item) => Some(task_from(item)),
            None => self.pop_inbound(own),
        }
    }

    /// Is it time to check the inbound queues first?
    #[cold]
    fn is_inbound_due(&self) -> bool {
        if sync::MODEL {
            return true;
        }
        let now = Instant::now();
        let is_due = self
            .last_inbound
            .get()
            .is_none_or(|last| now.duration_since(last) >= INBOUND_INTERVAL);
        if is_due {
            self.last_inbound.set(Some(now));
        }
        is_due
    }

    /// Takes a task from the inbound queues, else the oldest of the deque.
    fn check_inbound(&self, own: &WorkerShared) -> Option<Task> {
        let front = || own.deque.pop_front().map(task_from);
        // The only worker of a pool starts what it took from the injector earlier before what is still in there.
        if self.shared.workers.len() == 1 && own.deque.len() > own.deque.len_above(self.mark.get())
        {
            return self.pop_pinned(own).or_else(front);
        }
        self.pop_inbound(own).or_else(front)
    }

    /// Does a task wait in the pinned queue or the injector? A hint.
    pub(super) fn has_inbound_work(&self, own: &WorkerShared) -> bool {
        own.pinned.len() > 0 || self.shared.injector.len() > 0
    }

    /// Takes a task from the pinned queue, else a batch from the injector.
    pub(super) fn pop_inbound(&self, own: &WorkerShared) -> Option<Task> {
        self.pop_pinned(own)
            .or_else(|| self.pop_batch(own, &self.shared.injector))
    }

    fn pop_pinned(&self, own: &WorkerShared) -> Option<Task> {
        let mut pinned = None;
        if own.pinned.len() > 0 {
            own.pinned
                .pop_many(1, |item| pinned = Some(task_from(item)));
        }
        pinned
    }

    /// Takes this worker's share of the injector: returns the first task and puts the others into the deque. Wakes a worker
    /// for the rest.
    fn pop_batch(&self, own: &WorkerShared, injector: &Injector<Header>) -> Option<Task> {
        let queued = injector.len();
        if queued == 0 {
            return None;
        }
        // With tasks in the deque it takes only one: a batch would go on top of them.
        let share = if own.deque.len() > 0 {
            1
        } else {
            queued.div_ceil(self.shared.workers.len()).min(BATCH)
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
            own.deque.push_many(count - 1, || rest.next());
            self.mark.set(own.deque.back());
        }
        if count > 1 || injector.len() > 0 {
            self.shared.sleepers.wake_one();
        }
        first
    }

    /// Runs a task that was taken out of a queue, at the top or nested in a wait. In a pool that cancels, cancels it.
    pub(super) fn run(&self, task: Task) {
        if self.shared.is_cancelling() {
            return self.shared.cancel(task);
        }
        self.counted(|| {
            task.run_after(|tag| match tag {
                Some(tag) => self.shared.start(tag),
                None => self.shared.admissions.drop_stale(),
            })
        });
    }

    /// Calls `run`, which runs a task's closure if it still has to run, and counts the task if it ran. The counts go to the worker,
    /// or to the pool where the thread has no token or another one than before.
    fn counted(&self, run: impl FnOnce() -> bool) -> bool {
        let base = self.base.get();
        let index = self.index.get();
        if let Some(own) = self.own() {
            self.base.set(own.deque.back());
            own.started.add(1);
        } else {
            self.shared.threads.count_started_detached();
        }
        let ran = run();
        match self.own() {
            Some(own) if own.info.index == index => {
                if ran {
                    own.done.add(1);
                } else {
                    own.started.take_back(1);
                }
            }
            _ if ran => self.shared.threads.count_done_detached(),
            _ => self.shared.threads.take_back_started(),
        }
        self.base.set(base);
        ran
    }

    /// May this thread run an exclusive task now? Only in a pool of isolates, while no other one runs here, and if the task is
    /// bound to no other isolate.
    #[cold]
    fn can_run_exclusive(&self, tag: Tag) -> bool {
        tag.is_exclusive()
            && !self.in_use.get()
            && (tag.same_executor(self.shared.tag.exclusive()) && !tag.is_bound()
                || tag.same_executor(self.shared.isolate_tag(self.index.get())))
    }

    /// Calls `run` on this worker's thread, which runs no other exclusive task meanwhile.
    #[inline]
    pub fn exclusively<R>(run: impl FnOnce() -> R) -> R {
        /// Also when `run` panics.
        struct InUse<'a>(&'a Worker);
        impl Drop for InUse<'_> {
            fn drop(&mut self) {
                self.0.in_use.set(false);
            }
        }
        let worker = CURRENT.with(Cell::get);
        // SAFETY: as in current_worker; the thread is the caller's, so it outlives the call.
        let _in_use = unsafe { worker.as_ref() }.map(|worker| {
            worker.in_use.set(true);
            InUse(worker)
        });
        run()
    }

    pub fn is_in_use(&self) -> bool {
        self.in_use.get()
    }

    /// The next number of a xorshift generator.
    pub(super) fn random(&self) -> u32 {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        self.random.set(x);
        x
    }

    /// Adds a task that the current one has spawned. `Err` returns it: the thread has no token, or the deque is full.
    #[inline]
    pub fn push(&self, task: Task) -> Result<(), Task> {
        let Some(own) = self.own() else {
            return Err(task);
        };
        own.deque.push(task.into_raw().pointer()).map_err(task_from)
    }

    /// Adds tasks that the current one has spawned in one step. Returns how many: as many as fit the deque, and none
    /// without a token.
    pub fn push_many(&self, tasks: &[NonNull<Header>]) -> usize {
        let mut tasks = tasks.iter().copied();
        self.own()
            .map_or(0, |own| own.deque.push_many(usize::MAX, || tasks.next()))
    }
}

impl Blocker for Worker {
    fn run_queued(&self, cell: RawTask) -> bool {
        if self.own().is_none()
            || (cell.tag.is_bound() || !cell.tag.same_executor(self.shared.tag))
                && !self.can_run_exclusive(cell.tag)
        {
            return false;
        }
        // SAFETY: the waiter borrows the handle; the task belongs to this pool, and is not bound to another worker.
        self.counted(|| unsafe {
            task::run_from_handle(cell, |cell| self.shared.admissions.leave(cell.tag))
        })
    }

    fn run_spawned(&self) -> bool {
        let Some(own) = self.own() else {
            return false;
        };
        if own.deque.len_above(self.base.get()) == 0 {
            return false;
        }
        let Some(item) = own.deque.pop_back() else {
            return false;
        };
        self.run(task_from(item));
        true
    }

    fn helps_until_deadline(&self) -> bool {
        self.shared.config.isolated
    }

    fn park(&self, sleep: &mut dyn FnMut()) {
        if self.shared.config.isolated {
            return sleep();
        }
        let Some(token) = self.return_token() else {
            return sleep();
        };
        let index = token.index;
        memory::flush();
        let own = &self.shared.workers[index];
        let continued = own.count_continued_elsewhere();
        let takeovers = match Threads::lend(&self.shared, token) {
            Ok(takeovers) => takeovers,
            Err((token, reason)) => {
                own.continued_elsewhere.take_back(continued);
                report::tell(&Report::SpareRefused {
                    worker: &own.info.name,
                    reason: &reason,
                });
                self.take_token(&token);
                return sleep();
            }
        };
        sleep();
        if let Some(token) = self.shared.threads.reclaim(index, takeovers) {
            own.continued_elsewhere.take_back(continued);
            self.take_token(&token);
        }
    }

    fn name(&self) -> &str {
        &self.shared.workers[self.last_index.get()].info.name
    }
}
