//! What the tests share: a watchdog, gates, counters, wakers, and an ear at the report hook.

use raddle::{Executor, Future, ProcessPool, Report, Shutdown, ThreadPool, set_report_hook};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::thread;
use std::time::Duration;

/// Ends the process, with the test's name, if the test hangs. Hold it for the length of the test.
pub struct Watch {
    _alive: mpsc::Sender<()>,
}

pub fn watch() -> Watch {
    let (alive, ended) = mpsc::channel();
    let test = thread::current()
        .name()
        .unwrap_or("a test without a name")
        .to_owned();
    thread::spawn(move || {
        if ended.recv_timeout(Duration::from_secs(120)) == Err(RecvTimeoutError::Timeout) {
            // Past the test harness, which keeps what a test prints until it ends.
            let _ = writeln!(std::io::stderr(), "{test} hangs");
            std::process::abort();
        }
    });
    Watch { _alive: alive }
}

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

/// Keeps every worker of a pool busy until it is let go, so that what is spawned stays queued.
pub struct Busy {
    gate: Gate,
    tasks: Vec<Future<()>>,
}

pub fn occupy(pool: &ThreadPool) -> Busy {
    let gate = Gate::default();
    let tasks = (0..pool.workers())
        .map(|worker| {
            let has_started = Gate::default();
            let (inside, at) = (has_started.clone(), gate.clone());
            let task = pool.spawn_on(worker, move || {
                inside.open();
                at.wait();
            });
            has_started.wait();
            task
        })
        .collect();
    Busy { gate, tasks }
}

impl Busy {
    pub fn let_go(mut self) {
        self.gate.open();
        for task in self.tasks.drain(..) {
            task.result().unwrap();
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.gate.open();
    }
}

/// Waits until a condition holds that is not announced.
pub fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
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

/// One kind of executor, for rows that hold for each of them. Tasks of such rows capture nothing, and
/// reach their test through [`Files`].
pub trait Kind {
    type Executor: Executor + Send + Sync;
    /// Do its tasks run in this process?
    const IS_HERE: bool;

    fn make(workers: usize) -> Self::Executor;
    fn close(executor: &Self::Executor, how: Shutdown);
}

pub struct Threads;

impl Kind for Threads {
    type Executor = ThreadPool;
    const IS_HERE: bool = true;

    fn make(workers: usize) -> ThreadPool {
        ThreadPool::new(workers).unwrap()
    }

    fn close(executor: &ThreadPool, how: Shutdown) {
        executor.close(how);
    }
}

pub struct Processes;

impl Kind for Processes {
    type Executor = ProcessPool;
    const IS_HERE: bool = false;

    fn make(workers: usize) -> ProcessPool {
        ProcessPool::new(workers).unwrap()
    }

    fn close(executor: &ProcessPool, how: Shutdown) {
        executor.close(how);
    }
}

/// Stamps tests out of functions that are generic over [`Kind`]: one for each kind.
macro_rules! for_every_executor {
    ($($test:ident)*) => {
        mod thread_pool {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::common::Threads>();
            })*
        }
        mod process_pool {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::common::Processes>();
            })*
        }
    };
}
pub(crate) use for_every_executor;

/// Gates and notes as files: what a task of any executor can reach, in another process too.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Opens a gate of files.
pub fn open(path: &Path) {
    File::create(path).unwrap();
}

/// Waits until a gate of files is open, or gone with its test, which then has failed.
pub fn wait_until_open(path: &Path) {
    until(|| path.exists() || path.parent().is_none_or(|folder| !folder.exists()));
}

/// Writes a line into a file that several tasks write to.
pub fn note(path: &Path, line: impl std::fmt::Display) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The lines of such a file, in the order in which they came.
pub fn notes(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

/// The only worker of an executor, held by a task until it is let go, or the test has failed.
pub struct Held {
    pub task: Future<()>,
    files: Files,
}

/// On return the task runs.
pub fn hold_only(executor: &impl Executor) -> Held {
    let files = Files::new();
    let task = |(started, gate): (PathBuf, PathBuf)| {
        open(&started);
        wait_until_open(&gate);
    };
    let task = executor.submit(task, (files.path("started"), files.path("gate")));
    wait_until_open(&files.path("started"));
    Held { task, files }
}

impl Held {
    /// What its task waits for.
    pub fn gate(&self) -> PathBuf {
        self.files.path("gate")
    }

    pub fn let_go(self) {
        open(&self.gate());
        self.task.result().unwrap();
    }
}
