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
    reported: Arc<AtomicUsize>,
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
        HOOK.call_once(|| raddle::set_report_hook(count_report));
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
        let canary = Canary {
            touched: UnsafeCell::new(()),
            _counted: self.cells.value(),
        };
        self.task_with(canary, work)
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
    /// in it is counted. The returned task stands for the parent's memory: drop it at the end.
    pub fn left_in_parent(&self) -> (Task, Future<Counted>) {
        let canary = Canary {
            touched: UnsafeCell::new(()),
            _counted: self.cells.value(),
        };
        let tag = Tag::new(1, 1);
        assert!(tag.predates_fork(), "this process was never forked");
        let (task, raw) = task::task(tag, canary, || -> Result<Counted, TaskError> {
            unreachable!("its worker is not here")
        });
        // SAFETY: the cell is of this type, and this is its only handle.
        (task, unsafe { Future::model(raw) })
    }

    /// An error that knows whether it was reported as unseen.
    #[must_use]
    pub fn error(&self) -> TaskError {
        TaskError::Failed(BoxError::from(Flaw {
            reported: Arc::clone(&self.reported),
            _counted: self.errors.value(),
        }))
    }

    /// How many errors have reached the report hook.
    #[must_use]
    pub fn reported(&self) -> usize {
        self.reported.load(Relaxed)
    }

    /// A waker that is counted, and that a modelled thread can sleep on.
    #[must_use]
    pub fn waker(&self) -> Arc<TestWaker> {
        Arc::new(TestWaker {
            woken: ManuallyDrop::new(AtomicU32::new(0)),
            wakes: AtomicUsize::new(0),
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

/// Only errors that were not looked at belong here; a panic that was caught belongs to the model.
fn count_report(report: &Report<'_>) {
    match report {
        Report::UnobservedError {
            error: TaskError::Failed(error),
            ..
        } => {
            if let Some(flaw) = error.downcast_ref::<Flaw>() {
                flaw.reported.fetch_add(1, Relaxed);
            }
        }
        Report::UnobservedError { .. } => {}
        other => TROUBLE.with_borrow_mut(|trouble| trouble.push(other.to_string())),
    }
}

#[derive(Debug)]
struct Flaw {
    reported: Arc<AtomicUsize>,
    _counted: Counted,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a flaw")
    }
}

impl std::error::Error for Flaw {}

/// Takes the place of a name, since it lives exactly as long as its cell: each use of it is a read
/// and its drop a write, so loom sees a cell that is freed while another thread uses it.
struct Canary {
    touched: UnsafeCell<()>,
    _counted: Counted,
}

// SAFETY: threads share only loom's record of the accesses to the cell inside.
unsafe impl Send for Canary {}
// SAFETY: as above.
unsafe impl Sync for Canary {}

impl Extra for Canary {
    fn name(&self) -> Option<&str> {
        self.touched.with(|_| ());
        None
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        self.touched.with_mut(|_| ());
    }
}

/// Uses the cell's memory, as its owners may at any time.
pub fn touch(raw: RawTask) {
    assert_eq!(raw.name(), None);
}

/// A task's pointer, for another thread of the scenario.
#[derive(Clone, Copy)]
pub struct Loan(pub RawTask);

// SAFETY: the scenario keeps the cell alive while the other thread uses it.
unsafe impl Send for Loan {}

/// A waker on which a modelled thread can sleep.
pub struct TestWaker {
    // Never dropped: `std`'s `Arc` knows that all uses are over by then, and loom does not see that.
    woken: ManuallyDrop<AtomicU32>,
    wakes: AtomicUsize,
    _counted: Counted,
}

impl Wake for TestWaker {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Relaxed);
        self.woken.fetch_or(1, Ordering::Release);
        futex::wake_all(&raw const *self.woken);
    }
}

impl TestWaker {
    #[must_use]
    pub fn as_waker(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Sleeps until it was woken, and forgets that it was.
    pub fn wait(&self) {
        while self.woken.swap(0, Ordering::Acquire) == 0 {
            let _ = futex::wait(&self.woken, 0, None);
        }
    }

    /// How often it was woken.
    #[must_use]
    pub fn wakes(&self) -> usize {
        self.wakes.load(Relaxed)
    }
}

/// One poll with this waker.
pub fn poll<F: Future_>(future: &mut F, waker: &Arc<TestWaker>) -> Poll<F::Output> {
    let task_waker = waker.as_waker();
    std::pin::Pin::new(future).poll(&mut Context::from_waker(&task_waker))
}

/// Drives a future to its end and says how often it slept.
pub fn drive<F: Future_>(future: &mut F, waker: &Arc<TestWaker>) -> (F::Output, usize) {
    let mut slept = 0;
    loop {
        if let Poll::Ready(output) = poll(future, waker) {
            return (output, slept);
        }
        slept += 1;
        waker.wait();
    }
}

/// A future that needs no pinning.
pub trait Future_: std::future::Future + Unpin {}
impl<F: std::future::Future + Unpin> Future_ for F {}

/// A worker that helps: it runs the awaited task if no thread has started it.
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
        let ran = unsafe { task::run_from_handle(raw, |_| {}) };
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
