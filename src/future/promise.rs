//! `promise`: a future that the program itself completes.

use super::state::Claim;
use super::task::{PromisedTask, promised};
use super::{Future, current, panics};
use crate::error::TaskError;
use crate::report;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Makes a future and the promise that completes it. Use it to write an executor of your own, or to adapt an interface that
/// calls back. Never blocks.
///
/// ```
/// let (promise, answer) = raddle::promise();
/// std::thread::spawn(move || promise.complete(42));
/// assert_eq!(answer.result().unwrap(), 42);
/// ```
pub fn promise<T>() -> (Promise<T>, Future<T>) {
    let (task, cell) = promised();
    // SAFETY: the cell is of type T, and its handle reference goes to this one Future.
    let future = unsafe { Future::from_cell(cell) };
    (
        Promise {
            task: Some(task),
            started: Cell::new(false),
        },
        future,
    )
}

/// The producer's end of a [`promise()`]. Completing consumes it, so a future gets one outcome.
///
/// A promise that is dropped without an outcome completes its future with [`TaskError::Abandoned`], so that no waiter
/// waits for ever.
///
/// ```
/// use raddle::{TaskError, promise};
///
/// let (dropped, future) = promise::<u8>();
/// drop(dropped);
/// assert!(matches!(future.result(), Err(TaskError::Abandoned)));
/// ```
///
/// A promise takes exactly the type that its future yields, lifetimes included:
///
/// ```compile_fail
/// let (promise, future) = raddle::promise::<&'static str>();
/// let word = String::from("weft");
/// let shorter: raddle::Promise<&str> = promise;
/// shorter.complete(&word).unwrap();
/// drop(word);
/// future.result().unwrap();
/// ```
#[must_use = "dropping a promise abandons its future"]
pub struct Promise<T> {
    task: Option<PromisedTask<T>>,
    started: Cell<bool>,
}

// SAFETY: the cell is reached through atomics, and the T inside goes to one thread.
unsafe impl<T: Send> Send for Promise<T> {}

impl<T> Promise<T> {
    fn task(&self) -> &PromisedTask<T> {
        self.task
            .as_ref()
            .expect("a promise holds its task until it is consumed")
    }

    /// Marks the future as running; after that it can no longer be cancelled. False: it was
    /// cancelled or started before.
    ///
    /// ```
    /// let (promise, future) = raddle::promise::<u8>();
    /// assert!(promise.start());
    /// assert!(future.is_running());
    /// assert!(!future.cancel(), "too late");
    /// assert!(promise.cancel_requested());
    /// promise.complete(1).unwrap();
    /// ```
    pub fn start(&self) -> bool {
        let won = self.task().raw().state.claim() == Claim::Won;
        self.started.set(self.started.get() || won);
        won
    }

    /// Completes the future with a value. Its callbacks run on this thread, before this returns.
    ///
    /// # Errors
    /// The value, if the future was cancelled before.
    pub fn complete(self, value: T) -> Result<(), T> {
        self.finish(Ok(value)).map_err(|back| match back {
            Ok(value) => value,
            Err(_) => unreachable!("a value was given"),
        })
    }

    /// Completes the future with an error: a [`TaskError`], or any boxed error. Its callbacks run on this thread, before
    /// this returns.
    ///
    /// # Errors
    /// The error, if the future was cancelled before.
    ///
    /// ```
    /// use raddle::{BoxError, TaskError, promise};
    ///
    /// let (row, future) = promise::<u8>();
    /// row.fail(BoxError::from("no such row")).unwrap();
    /// assert!(matches!(future.result(), Err(TaskError::Failed(why)) if why.to_string() == "no such row"));
    /// ```
    pub fn fail(self, error: impl Into<TaskError>) -> Result<(), TaskError> {
        self.finish(Err(error.into())).map_err(|back| match back {
            Ok(_) => unreachable!("an error was given"),
            Err(error) => error,
        })
    }

    /// Runs `f` on this thread and completes the future with what it returns, or with its panic ([`TaskError::Panicked`]). It runs as a
    /// task: [`cancel_requested`](crate::cancel_requested) tells it of a cancel that comes too late. The future's callbacks run here,
    /// before this returns.
    ///
    /// False: the future was cancelled before, and `f` has not run.
    ///
    /// ```
    /// let (promise, answer) = raddle::promise::<u8>();
    /// std::thread::spawn(move || promise.run(|| panic!("no such row")));
    /// assert!(answer.result().unwrap_err().to_string().contains("no such row"));
    /// ```
    pub fn run(self, f: impl FnOnce() -> T) -> bool {
        if !self.started.get() && !self.start() {
            report::contain_drop("task", || drop(f));
            return false;
        }
        let outcome = self.call(f);
        self.finish(outcome).is_ok()
    }

    /// Calls `f` as a task of this promise.
    pub(super) fn call<R>(&self, f: impl FnOnce() -> R) -> Result<R, TaskError> {
        panics::install();
        let running = current::enter(self.task().raw());
        // UNWIND: the panic is the outcome.
        let outcome = catch_unwind(AssertUnwindSafe(f));
        drop(running);
        outcome.map_err(|payload| TaskError::Panicked(panics::report(payload, None)))
    }

    fn finish(mut self, outcome: Result<T, TaskError>) -> Result<(), Result<T, TaskError>> {
        let task = self
            .task
            .take()
            .expect("a promise holds its task until it is consumed");
        task.complete(self.started.get(), outcome)
    }

    /// Whether [`Future::cancel`] was called after the future was started. Never blocks.
    pub fn cancel_requested(&self) -> bool {
        self.task().raw().state.load().is_stop_requested()
    }

    /// Whether the future was cancelled before it was started. An outcome is no longer needed then. Never blocks.
    pub fn is_cancelled(&self) -> bool {
        self.task().raw().state.load().is_cancelled()
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            // Err: the future was cancelled, so there is no waiter.
            let _ = task.complete(self.started.get(), Err(TaskError::Abandoned));
        }
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Promise")
            .field("state", &self.task().raw().state.load().phase())
            .finish()
    }
}
