//! What the tests share: gates, counters, wakers, and an ear at the report hook.

pub use crate::shared::{Files, note, notes, open, until, wait_until_open, watch};
use crate::tasks;
use raddle::executor::{Map, MapUnordered, Submitter};
use raddle::{
    BoxError, Executor, Future, Payload, Rejected, Report, Shutdown, ShutdownError, TaskError,
    ThreadPool, Waited, set_report_hook,
};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// Closed, then open for good. Waiting at it blocks the thread behind the library's back.
#[derive(Clone, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub fn wait(&self) {
        let open = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(open, |open| !*open).unwrap());
    }
}

/// Every worker of a pool, held at a gate until it is let go, so that what is spawned stays queued.
pub struct Held {
    gate: Gate,
    pub tasks: Vec<Future<()>>,
}

/// On return each of the workers runs a task that waits at the gate.
pub fn hold(pool: &ThreadPool) -> Held {
    let gate = Gate::default();
    let all = Arc::new(Barrier::new(pool.workers() + 1));
    let tasks = (0..pool.workers())
        .map(|_| {
            let (all, gate) = (Arc::clone(&all), gate.clone());
            pool.spawn(move || {
                all.wait();
                gate.wait();
            })
        })
        .collect();
    all.wait();
    Held { gate, tasks }
}

impl Held {
    pub fn release(&self) {
        self.gate.open();
    }

    /// On return the workers have done with it.
    pub fn let_go(mut self) {
        self.release();
        for task in self.tasks.drain(..) {
            task.result().unwrap();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release();
    }
}

/// Counts how often its drops happened.
#[derive(Clone, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    pub fn item(&self) -> Dropped {
        Dropped(Arc::clone(&self.0))
    }

    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// An item of [`Drops`].
#[derive(Debug)]
pub struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Panics when it is dropped.
#[derive(Debug)]
pub struct Bomb(pub &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// A waker that counts.
#[derive(Default)]
pub struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Wakes {
    pub fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        let waker = Waker::from(Arc::clone(&wakes));
        (wakes, waker)
    }

    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// An ear at the report hook, which is one for the whole process: one test at a time holds it. What
/// other tests cause meanwhile comes too, so look for names and messages of your own.
pub struct Reports {
    heard: Arc<(Mutex<Vec<String>>, Condvar)>,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

pub fn reports() -> Reports {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let heard = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    let ear = Arc::clone(&heard);
    set_report_hook(move |report: &Report<'_>| {
        ear.0.lock().unwrap().push(format!("{report:?}"));
        ear.1.notify_all();
    });
    Reports {
        heard,
        _alone: alone,
    }
}

impl Reports {
    /// Waits for a report that contains `text` (in its `Debug` form), and returns it.
    pub fn wait_for(&self, text: &str) -> String {
        let heard = self.heard.0.lock().unwrap();
        let missing = |heard: &mut Vec<String>| !heard.iter().any(|line| line.contains(text));
        let heard = self.heard.1.wait_while(heard, missing).unwrap();
        heard
            .iter()
            .find(|line| line.contains(text))
            .unwrap()
            .clone()
    }

    /// How many reports so far contain `text`.
    pub fn count(&self, text: &str) -> usize {
        let heard = self.heard.0.lock().unwrap();
        heard.iter().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        set_report_hook(|_| {});
    }
}

/// One kind of executor, for rows that hold for each of them. The tasks of such rows are in `tasks.rs`. They reach their test through
/// [`Files`].
pub trait Kind {
    type Executor: Executor + Send + Sync;
    /// Do its tasks run in this process?
    const IS_HERE: bool;

    fn make(workers: usize) -> Self::Executor;
    fn close(executor: &Self::Executor, how: Shutdown);
    fn shutdown_timeout(
        executor: &Self::Executor,
        how: Shutdown,
        limit: Duration,
    ) -> Result<(), ShutdownError>;

    fn map<F, A, R, I>(
        executor: &Self::Executor,
        task: F,
        args: I,
    ) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        executor.map(task, args)
    }

    fn try_map<F, A, R, E, I>(
        executor: &Self::Executor,
        task: F,
        args: I,
    ) -> Map<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        executor.try_map(task, args)
    }

    fn map_unordered<F, A, R, I>(
        executor: &Self::Executor,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> R + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        I: IntoIterator<Item = A>,
    {
        executor.map_unordered(task, args)
    }

    fn try_map_unordered<F, A, R, E, I>(
        executor: &Self::Executor,
        task: F,
        args: I,
    ) -> MapUnordered<impl Submitter<A, R>, I::IntoIter, R>
    where
        F: Fn(A) -> Result<R, E> + Copy + Send + 'static,
        A: Payload,
        R: Payload,
        E: Into<BoxError> + 'static,
        I: IntoIterator<Item = A>,
    {
        executor.try_map_unordered(task, args)
    }

    /// What a panic of a task said, and where. `None` for any other error.
    fn panic(error: &TaskError) -> Option<(String, String)> {
        match error {
            TaskError::Panicked(report) => {
                let location = report.location().unwrap_or_default();
                Some((report.message().to_owned(), location.to_owned()))
            }
            _ => None,
        }
    }
}

/// The only worker of an executor, held by a task until it is let go, or the test has failed.
pub struct HeldWorker {
    pub task: Future<()>,
    files: Files,
}

/// On return the task runs.
pub fn hold_only(executor: &impl Executor) -> HeldWorker {
    let files = Files::new();
    let task = executor.submit(tasks::held, (files.path("started"), files.path("gate")));
    wait_until_open(&files.path("started"));
    HeldWorker { task, files }
}

impl HeldWorker {
    /// What its task waits for.
    pub fn gate(&self) -> PathBuf {
        self.files.path("gate")
    }

    pub fn let_go(self) {
        open(&self.gate());
        self.task.result().unwrap();
    }
}

/// A time that no test takes.
pub const LONG: Duration = Duration::from_secs(100_000);

/// The keys of both lists.
pub fn keys<N: Copy, F>(waited: &Waited<(N, F)>) -> (Vec<N>, Vec<N>) {
    let keys = |all: &[(N, F)]| all.iter().map(|(key, _)| *key).collect();
    (keys(&waited.done), keys(&waited.not_done))
}

/// Was the task refused because its executor was shut down?
pub fn is_shut_down<T>(outcome: &Result<T, TaskError>) -> bool {
    matches!(outcome, Err(TaskError::Rejected(Rejected::ShutDown { .. })))
}

/// The calling thread.
pub fn here() -> ThreadId {
    thread::current().id()
}
