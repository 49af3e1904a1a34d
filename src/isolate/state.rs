//! The private state of an isolate: it is built, used and dropped by the isolate's thread alone.
//!
//! The state is in a slot that is thread-local. So it need not be `Send`, and no other thread can reach it.
//!
//! | slot | next |
//! |---|---|
//! | empty | ready, when [`StateFactory::enter`] or [`renew`](StateFactory::renew) has built a state |
//! | ready | in use, while a task runs ([`with`]) |
//! | in use | ready when the task returns; spoiled when it panics |
//! | spoiled | empty, when the next task drops the state |
//!
//! Exclusive tasks do not nest on a thread ([`ThreadPool::start_exclusive`](crate::ThreadPool)), so a slot in use is never entered.

use super::deadlines::Timer;
use super::interrupt::{self, Interrupts};
use crate::error::{BoxError, Rejected, TaskError};
use crate::executor::WorkerInfo;
use crate::executor::restart_limit::RestartLimit;
use crate::report::{self, Report, message_of};
use crate::sync::{self, Arc, Mutex};
use crate::thread::{ThreadPool, current_worker};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::time::Instant;

sync::thread_local! {
    /// The slot of the isolate that this thread is, a `RefCell<Slot<S>>` that is boxed: from [`StateFactory::enter`] to [`leave`],
    /// which each thread that has entered calls before it ends.
    static SLOT: Cell<Option<NonNull<dyn Any>>> = const { Cell::new(None) };
}

/// Builds an isolate's state on its thread.
pub type Build<S> = Box<dyn Fn(&WorkerInfo) -> Result<S, BoxError> + Send + Sync>;

/// Makes a state fit for use after an interruption.
pub type Reset<S> = Box<dyn Fn(&mut S) + Send + Sync>;

/// A change that [`prepare`](super::IsolatePool::prepare) makes to each state.
type Change<S> = std::sync::Arc<dyn Fn(&mut S) + Send + Sync>;

/// One isolate's state. See the module.
struct Slot<S> {
    factory: Arc<StateFactory<S>>,
    info: WorkerInfo,
    state: Option<S>,
    /// A task runs with the state, or has panicked with it.
    is_spoiled: bool,
    /// The state has the changes before this number.
    changes: usize,
}

/// How the states of a pool's isolates are built. The isolates share it.
pub struct StateFactory<S> {
    build: Build<S>,
    inside: Mutex<Inside<S>>,
    interrupts: Arc<Interrupts>,
    reset: Option<Reset<S>>,
    /// Ends when the pool's handle and all isolates are gone.
    _timer: Option<Timer>,
}

/// What the mutex protects.
struct Inside<S> {
    /// In the order in which they were made; `None`: one that failed.
    changes: Vec<Option<Change<S>>>,
    limit: RestartLimit,
    /// Why no state is built any more.
    broken: Option<String>,
}

impl<S: 'static> StateFactory<S> {
    pub fn new(
        build: Build<S>,
        limit: RestartLimit,
        interrupts: Arc<Interrupts>,
        reset: Option<Reset<S>>,
        timer: Option<Timer>,
    ) -> Self {
        Self {
            build,
            interrupts,
            reset,
            _timer: timer,
            inside: Mutex::new(Inside {
                changes: Vec::new(),
                limit,
                broken: None,
            }),
        }
    }

    pub fn interrupts(&self) -> &Arc<Interrupts> {
        &self.interrupts
    }

    /// Makes the calling thread an isolate: builds its first state.
    pub fn enter(this: &Arc<Self>, info: &WorkerInfo) -> Result<(), BoxError> {
        let state = (this.build)(info)?;
        let slot = Slot {
            factory: Arc::clone(this),
            info: info.clone(),
            state: Some(state),
            is_spoiled: false,
            changes: 0,
        };
        let slot: Box<dyn Any> = Box::new(RefCell::new(slot));
        SLOT.with(|place| place.set(Some(NonNull::from(Box::leak(slot)))));
        Ok(())
    }

    /// Why no state is built any more, if so.
    fn broken(&self, info: &WorkerInfo) -> Option<Rejected> {
        let why = self.inside.lock().broken.clone()?;
        let pool = info.pool().to_owned();
        Some(Rejected::Broken { pool, why })
    }

    /// Adds a change. [`catch_up`] makes it on one isolate. Returns its number, for [`withdraw`](Self::withdraw).
    pub fn add(&self, change: impl Fn(&mut S) + Send + Sync + 'static) -> usize {
        let mut inside = self.inside.lock();
        inside.changes.push(Some(std::sync::Arc::new(change)));
        inside.changes.len() - 1
    }

    /// Takes a change back that failed: no later state gets it.
    pub fn withdraw(&self, number: usize) {
        let change = self.inside.lock().changes[number].take();
        drop(change);
    }

    /// The first change from number `from` on, with its number.
    fn next_change(&self, from: usize) -> Option<(usize, Change<S>)> {
        let inside = self.inside.lock();
        let mut changes = inside.changes.iter().enumerate().skip(from);
        changes.find_map(|(number, change)| Some((number, change.clone()?)))
    }

    /// Replaces a state that a panic has spoiled, or that could not be built before.
    fn renew(&self, slot: &mut Slot<S>) -> Result<(), Rejected> {
        drop_state(slot.state.take());
        let mut inside = self.inside.lock();
        if inside.broken.is_none() && !inside.limit.allow(Instant::now()) {
            inside.broken = Some(format!(
                "states had to be built anew more often than `restarts` allows ({}); find the panics, or raise it",
                inside.limit
            ));
        }
        drop(inside);
        if let Some(broken) = self.broken(&slot.info) {
            return Err(broken);
        }
        // UNWIND: what panics has built no state; the slot stays empty.
        let built = catch_unwind(AssertUnwindSafe(|| {
            let mut state = (self.build)(&slot.info)?;
            slot.changes = 0;
            while let Some((number, change)) = self.next_change(slot.changes) {
                change(&mut state);
                slot.changes = number + 1;
            }
            Ok::<S, BoxError>(state)
        }));
        let why = match built {
            Ok(Ok(state)) => {
                slot.state = Some(state);
                slot.is_spoiled = false;
                return Ok(());
            }
            Ok(Err(error)) => error.to_string(),
            Err(payload) => format!("it panicked: {}", message_of(&*payload)),
        };
        let isolate = slot.info.name.to_string();
        Err(Rejected::NoState { isolate, why })
    }
}

impl<S: 'static> Slot<S> {
    /// Calls `task` with a state that is fit for use.
    #[inline]
    fn call<R>(&mut self, task: impl FnOnce(&mut S) -> R) -> Result<R, TaskError> {
        if self.is_spoiled || self.state.is_none() {
            let factory = Arc::clone(&self.factory);
            factory.renew(self)?;
        }
        let Some(state) = &mut self.state else {
            unreachable!("a state was just built")
        };
        // UNWIND: if the task panics, the state stays spoiled.
        self.is_spoiled = true;
        let result = task(state);
        self.is_spoiled = false;
        Ok(result)
    }

    /// Makes the state fit for the next task, after an interruption.
    #[cold]
    fn reset(&mut self) {
        let Some(state) = &mut self.state else { return };
        if let Some(reset) = &self.factory.reset {
            self.is_spoiled = true;
            let is_spoiled = &mut self.is_spoiled;
            report::contain(
                || {
                    reset(state);
                    *is_spoiled = false;
                },
                |message| Report::InterrupterPanicked { message },
            );
        }
    }
}

/// As [`with`], for a task that can be interrupted.
///
/// # Safety
/// The caller is the closure of a cell that was made with a [`Ticket`](interrupt::Ticket).
#[inline]
pub unsafe fn with_ticket<S: 'static, R>(
    task: impl FnOnce(&mut S) -> Result<R, TaskError>,
) -> Result<R, TaskError> {
    in_slot::<S, _>(|slot| {
        let isolate = slot.info.index;
        // SAFETY: as the caller says.
        let (outcome, interrupted) = unsafe { interrupt::run(isolate, || slot.call(task)?) };
        if interrupted {
            slot.reset();
        }
        outcome
    })
}

/// Calls `call` with the slot of the calling thread. Code of the user that runs meanwhile, also what builds or drops a state, cannot
/// wait for another task that needs the slot.
#[inline]
fn in_slot<S: 'static, R>(
    call: impl FnOnce(&mut Slot<S>) -> Result<R, TaskError>,
) -> Result<R, TaskError> {
    // SAFETY: the slot lives until this thread calls `leave`, after its last task.
    let slot = SLOT.with(Cell::get).map(|slot| unsafe { slot.as_ref() });
    match slot.and_then(|slot| slot.downcast_ref::<RefCell<Slot<S>>>()) {
        Some(slot) => ThreadPool::exclusively(|| call(&mut slot.borrow_mut())),
        None => unreachable!("exclusive tasks run on isolates of their own pool"),
    }
}

/// Calls `task` with the state of the isolate that the calling thread is. Called by the isolate, for an exclusive task.
///
/// # Errors
/// The state had been spoiled, and could not be built again.
#[inline]
pub fn with<S: 'static, R>(
    task: impl FnOnce(&mut S) -> Result<R, TaskError>,
) -> Result<R, TaskError> {
    in_slot::<S, _>(|slot| slot.call(task)?)
}

/// Makes the changes that the calling isolate's state does not have yet.
pub fn catch_up<S: 'static>() -> Result<(), TaskError> {
    /// Takes its change back if that panics, before the isolate builds another state.
    struct OnPanic<'a, S: 'static>(&'a StateFactory<S>, usize);
    impl<S: 'static> Drop for OnPanic<'_, S> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                self.0.withdraw(self.1);
            }
        }
    }
    in_slot::<S, _>(|slot| {
        // A state that is built anew has all changes.
        slot.call(|_| ())?;
        let factory = Arc::clone(&slot.factory);
        while let Some((number, change)) = factory.next_change(slot.changes) {
            let _on_panic = OnPanic(&factory, number);
            slot.call(|state| change(state))?;
            slot.changes = number + 1;
        }
        Ok(())
    })
}

/// Ends the isolate that the calling thread is: drops its state.
pub fn leave<S: 'static>() {
    let Some(slot) = SLOT.with(Cell::take) else {
        return;
    };
    // SAFETY: `enter` has leaked the box, and only this took the pointer out. No task of this thread uses the slot any more.
    let slot = unsafe { Box::from_raw(slot.as_ptr()) };
    if let Ok(slot) = slot.downcast::<RefCell<Slot<S>>>() {
        drop_state(slot.into_inner().state.take());
    }
}

fn drop_state<S>(state: Option<S>) {
    report::contain_drop("state", || drop(state));
}

/// The isolate that the calling thread is.
///
/// Inside a task it says which isolate runs it. Never blocks.
pub fn current() -> Option<WorkerInfo> {
    SLOT.with(Cell::get).and_then(|_| current_worker())
}
