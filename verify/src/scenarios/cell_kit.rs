//! What the scenarios of the future layer build with: tasks whose every part is counted, and wakers
//! that a modelled thread can sleep on.
//!
//! Counters and shared handles are `std`'s: they add no order to what the checker explores. A scenario
//! therefore joins its threads before it drops what they shared.

use crate::sync::atomic::{AtomicU32, Ordering};
use crate::sync::cell::UnsafeCell;
use crate::sync::futex;
use crate::{Counted, DropCount};
use raddle::future::block::{self, Blocker};
use raddle::future::cell::Extra;
use raddle::future::raw_task::RawTask;
use raddle::future::tag::Tag;
use raddle::future::task::{self, Task};
use raddle::{BoxError, Future, Report, TaskError};
use std::cell::RefCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

/// Counts the parts of one execution.
#[derive(Clone, Default)]
pub struct Kit {
    pub closures: DropCount,
    pub values: DropCount,
    pub errors: DropCount,
    pub wakers: DropCount,
    cells: DropCount,
    told: Arc<AtomicUsize>,
}

thread_local! {
    // Of the OS thread, on which all threads of one model run.
    static TROUBLE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Kit {
    /// Call once at the start of an execution.
    #[must_use]
    pub fn new() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| raddle::set_report_hook(listen));
        TROUBLE.with_borrow_mut(Vec::clear);
        Self::default()
    }

    /// A task that makes a value.
    pub fn task(&self) -> (Task, Future<Counted>) {
        let values = self.values.clone();
        self.task_of(move || Ok(values.value()))
    }

    /// A task that fails.
    pub fn failing(&self) -> (Task, Future<Counted>) {
        let kit = self.clone();
        self.task_of(move || Err(kit.error()))
    }

    /// A task that runs `work`.
    pub fn task_of<T>(
        &self,
        work: impl FnOnce() -> Result<T, TaskError> + Send,
    ) -> (Task, Future<T>) {
        let place = Place {
            touched: UnsafeCell::new(()),
            _counted: self.cells.value(),
        };
        self.task_with(place, work)
    }

    /// The same, with an extra of the scenario's own in the cell, which is not counted.
    pub fn task_with<T>(
        &self,
        extra: impl Extra,
        work: impl FnOnce() -> Result<T, TaskError> + Send,
    ) -> (Task, Future<T>) {
        let held = self.closures.value();
        let (task, raw) = task::task(Tag::NONE, extra, move || {
            drop(held);
            work()
        });
        // SAFETY: the cell is of this type, and this is its only handle.
        (task, unsafe { Future::model(raw) })
    }

    /// A task whose executor stayed in the parent of a forked process. Its closure is leaked, so nothing
    /// in it is counted. The task given back stands for the parent's memory: drop it at the end.
    pub fn orphan(&self) -> (Task, Future<Counted>) {
        let place = Place {
            touched: UnsafeCell::new(()),
            _counted: self.cells.value(),
        };
        let tag = Tag::new(1, 1);
        assert!(tag.predates_fork(), "this process was never forked");
        let (task, raw) = task::task(tag, place, || -> Result<Counted, TaskError> {
            unreachable!("its worker is not here")
        });
        // SAFETY: the cell is of this type, and this is its only handle.
        (task, unsafe { Future::model(raw) })
    }

    /// An error that knows whether it was reported as unseen.
    #[must_use]
    pub fn error(&self) -> TaskError {
        TaskError::Failed(BoxError::from(Flaw {
            told: Arc::clone(&self.told),
            _counted: self.errors.value(),
        }))
    }

    /// How many errors have reached the report hook.
    #[must_use]
    pub fn told(&self) -> usize {
        self.told.load(Relaxed)
    }

    /// A bell whose waker is counted.
    #[must_use]
    pub fn bell(&self) -> Arc<Bell> {
        Arc::new(Bell {
            rung: ManuallyDrop::new(AtomicU32::new(0)),
            rings: AtomicUsize::new(0),
            _counted: self.wakers.value(),
        })
    }

    /// Ends an execution, after every thread was joined and every handle dropped: nothing is left,
    /// nothing was dropped twice, and no panic was swallowed on the way.
    #[track_caller]
    pub fn finish(self) {
        TROUBLE.with_borrow_mut(|trouble| assert!(trouble.is_empty(), "{}", trouble.join("; ")));
        for parts in [
            &self.closures,
            &self.values,
            &self.errors,
            &self.wakers,
            &self.cells,
        ] {
            parts.assert_all_dropped();
        }
    }
}

/// Only errors that nobody looked at belong here; a panic that was caught belongs to the model.
fn listen(report: &Report<'_>) {
    match report {
        Report::UnobservedError {
            error: TaskError::Failed(error),
            ..
        } => {
            if let Some(flaw) = error.downcast_ref::<Flaw>() {
                flaw.told.fetch_add(1, Relaxed);
            }
        }
        Report::UnobservedError { .. } => {}
        other => TROUBLE.with_borrow_mut(|trouble| trouble.push(other.to_string())),
    }
}

#[derive(Debug)]
struct Flaw {
    told: Arc<AtomicUsize>,
    _counted: Counted,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flaw")
    }
}

impl std::error::Error for Flaw {}

/// Takes the place of a name, since it lives exactly as long as its cell: each look at it is a read
/// and its drop a write, so loom sees a cell that is freed under somebody's eyes.
struct Place {
    touched: UnsafeCell<()>,
    _counted: Counted,
}

// SAFETY: of the cell inside nothing is ever shared but loom's record of the accesses.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

impl Extra for Place {
    fn name(&self) -> Option<&str> {
        self.touched.with(|_| ());
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.touched.with_mut(|_| ());
    }
}

/// Countdown at the cell's memory, as its owners do at any time.
pub fn touch(raw: RawTask) {
    assert_eq!(raw.name(), None);
}

/// A task's pointer for the thread that a scenario hands it to.
#[derive(Clone, Copy)]
pub struct Loan(pub RawTask);

// SAFETY: the scenario keeps the cell alive while the other thread uses it.
unsafe impl Send for Loan {}

/// A waker on which a modelled thread can sleep.
pub struct Bell {
    // Never dropped: that all uses are over by then is `std`'s `Arc`'s word, which loom does not hear.
    rung: ManuallyDrop<AtomicU32>,
    rings: AtomicUsize,
    _counted: Counted,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Relaxed);
        self.rung.fetch_or(1, Ordering::Release);
        futex::wake_all(&raw const *self.rung);
    }
}

impl Bell {
    #[must_use]
    pub fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until it was rung, and forgets that it was.
    pub fn wait(&self) {
        while self.rung.swap(0, Ordering::Acquire) == 0 {
            let _ = futex::wait(&self.rung, 0, None);
        }
    }

    /// How often it was rung.
    #[must_use]
    pub fn rings(&self) -> usize {
        self.rings.load(Relaxed)
    }
}

/// One poll with this bell's waker.
pub fn poll<F: Future_>(future: &mut F, bell: &Arc<Bell>) -> Poll<F::Output> {
    let waker = bell.waker();
    std::pin::Pin::new(future).poll(&mut Context::from_waker(&waker))
}

/// Drives a future to its end and says how often it slept.
pub fn drive<F: Future_>(future: &mut F, bell: &Arc<Bell>) -> (F::Output, usize) {
    let mut slept = 0;
    loop {
        if let Poll::Ready(output) = poll(future, bell) {
            return (output, slept);
        }
        slept += 1;
        bell.wait();
    }
}

/// A future that needs no pinning.
pub trait Future_: std::future::Future + Unpin {}
impl<F: std::future::Future + Unpin> Future_ for F {}

/// A worker that helps: it runs the awaited task if nobody has started it.
#[derive(Default)]
pub struct Helper {
    pub helped: std::cell::Cell<usize>,
    pub parked: std::cell::Cell<usize>,
}

impl Helper {
    /// Runs `f` on this thread as on a worker.
    pub fn work<R>(&self, f: impl FnOnce() -> R) -> R {
        let _entered = block::enter(self);
        f()
    }
}

impl Blocker for Helper {
    fn run_queued(&self, raw: RawTask) -> bool {
        // SAFETY: a wait calls this with a cell whose handle it has borrowed.
        let ran = unsafe { task::run_from_handle(raw) };
        self.helped.set(self.helped.get() + usize::from(ran));
        ran
    }

    fn run_spawned(&self) -> bool {
        false
    }

    fn park(&self, sleep: &mut dyn FnMut()) {
        self.parked.set(self.parked.get() + 1);
        sleep();
    }

    fn name(&self) -> &str {
        "helper"
    }
}
