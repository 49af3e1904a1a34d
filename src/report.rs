//! Reports of events that no caller would see otherwise: an error whose future was dropped unread, a panic in a callback or
//! in a destructor. Each event goes to the report hook. Without a hook it becomes a line of the `log` crate, and without a logger a line on
//! stderr.

use crate::error::TaskError;
use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// An event that no caller would see otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report<'a> {
    /// A task failed, and its future was dropped before the error was read.
    UnobservedError {
        /// The task's name, if it had one.
        task: Option<&'a str>,
        /// The error.
        error: &'a TaskError,
    },
    /// A done-callback panicked. The other callbacks of that future run nevertheless.
    CallbackPanicked {
        /// The task's name, if it had one.
        task: Option<&'a str>,
        /// The panic's message.
        message: &'a str,
    },
    /// The destructor of a user's value panicked while the library dropped it.
    DropPanicked {
        /// What was dropped: `"task"`, `"result"`, `"state"` or `"panic payload"`.
        what: &'static str,
        /// The panic's message.
        message: &'a str,
    },
    /// The stop hook of a worker panicked.
    StopHookPanicked {
        /// The worker's name.
        worker: &'a str,
        /// The panic's message.
        message: &'a str,
    },
    /// The [interrupter](crate::isolate::IsolatePoolBuilder::on_interrupt) of an isolate panicked, or what
    /// [resets](crate::isolate::IsolatePoolBuilder::after_interrupt) its state.
    InterrupterPanicked {
        /// The panic's message.
        message: &'a str,
    },
    /// A worker is blocked, and no spare thread could be started in its place. Its pool has one worker less until the blocked
    /// one continues.
    SpareRefused {
        /// The blocked worker's name.
        worker: &'a str,
        /// The reason: the system's error, or the pool's own limit `max_spares`.
        reason: &'a str,
    },
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, task: &Option<&str>| match task {
            Some(name) => write!(f, " of task '{name}'"),
            None => Ok(()),
        };
        match self {
            Self::UnobservedError { task, error } => {
                f.write_str("unread error")?;
                named(f, task)?;
                write!(f, ": {error:#}")
            }
            Self::CallbackPanicked { task, message } => {
                f.write_str("done-callback")?;
                named(f, task)?;
                write!(f, " panicked: {message}")
            }
            Self::DropPanicked { what, message } => {
                write!(f, "the destructor of a {what} panicked: {message}")
            }
            Self::StopHookPanicked { worker, message } => {
                write!(f, "the stop hook of worker '{worker}' panicked: {message}")
            }
            Self::InterrupterPanicked { message } => {
                write!(f, "the interrupter of an isolate panicked: {message}")
            }
            Self::SpareRefused { worker, reason } => write!(
                f,
                "worker '{worker}' is blocked, and no spare thread could be started in its place: {reason}"
            ),
        }
    }
}

type Hook = Arc<dyn Fn(&Report<'_>) + Send + Sync>;

static HOOK: Mutex<Option<Hook>> = Mutex::new(None);

/// Sets the hook that receives every [`Report`] of this process. It replaces the earlier hook. Without a hook, each report
/// is written as one line through the `log` crate at level `error`; if there is no logger (the crate's maximum level is `Off`), to
/// stderr.
///
/// The hook runs on the thread where the event happened, which can be a worker: keep it short. If the hook panics, the panic
/// is caught and written in the same way. A worker process has a hook or a logger only if a task sets one there; its stderr is the
/// parent's, unless the builder says otherwise. This function blocks only for the moment in which another thread reads or sets the hook.
///
/// ```
/// use std::sync::mpsc;
/// let (reports, lines) = mpsc::channel();
/// let reports = std::sync::Mutex::new(reports);
/// raddle::set_report_hook(move |report| {
///     let _ = reports.lock().unwrap().send(report.to_string());
/// });
///
/// let pool = raddle::ThreadPool::new(1)?;
/// pool.task().name("import").try_spawn(|| Err::<(), _>("file is empty"));
/// assert!(lines.recv().unwrap().contains("file is empty"));
/// # Ok::<(), raddle::BuildError>(())
/// ```
pub fn set_report_hook(hook_fn: impl Fn(&Report<'_>) + Send + Sync + 'static) {
    let old = HOOK
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .replace(Arc::new(hook_fn));
    drop(old);
}

/// Passes a report to the hook. Never panics. Holds no lock while user code runs.
#[cold]
pub(crate) fn tell(report: &Report<'_>) {
    let chosen = HOOK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match chosen {
        // UNWIND: the hook is user code on a thread that must survive it. No state of ours is half-changed.
        Some(chosen) => {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| chosen(report))) {
                let message = message_of(&*payload);
                write(format_args!(
                    "the report hook panicked ({message}) on: {report}"
                ));
                dispose(payload);
            }
        }
        None => write(format_args!("{report}")),
    }
}

/// Writes a line to the logger; to stderr, if there is none. Never panics.
#[cold]
pub(crate) fn write(line: fmt::Arguments<'_>) {
    // Whoever installs a logger sets the level: without one it is off.
    if log::max_level() > log::LevelFilter::Off {
        log::error!("raddle: {line}");
    } else if !crate::sync::MODEL {
        // Where stderr is closed, there is no place left.
        let _ = writeln!(std::io::stderr(), "raddle: {line}");
    }
}

/// The message of a panic, from its payload.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic with a payload that is not a string"
    }
}

/// Runs a destructor of a user's value. A panic in it is reported and goes no further.
pub(crate) fn contain_drop(what: &'static str, destructor: impl FnOnce()) {
    // UNWIND: as in `contain`, which would be compiled for each type that is dropped.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(destructor)) {
        tell_drop(what, payload);
    }
}

#[cold]
fn tell_drop(what: &'static str, payload: Box<dyn Any + Send>) {
    let message = message_of(&*payload);
    tell(&Report::DropPanicked { what, message });
    dispose(payload);
}

/// Runs code of the user. A panic in it is reported and goes no further. `call` may leave only the user's values half-changed.
pub(crate) fn contain(call: impl FnOnce(), report: impl FnOnce(&str) -> Report<'_>) {
    // UNWIND: a panic leaves only the user's values half-changed; none of our state is inside.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(call)) {
        tell(&report(message_of(&*payload)));
        dispose(payload);
    }
}

/// Disposes of a panic's payload. A string is dropped. Any other payload is leaked, because its destructor could panic, with
/// another payload whose destructor could panic, and so on.
fn dispose(payload: Box<dyn Any + Send>) {
    if payload.is::<String>() || payload.is::<&'static str>() {
        drop(payload);
    } else {
        std::mem::forget(payload);
    }
}

std::thread_local! {
    static IS_SILENCED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f`; if it panics, the panic hook of this crate prints and stores nothing, and does not call the other hook.
pub fn silenced<T>(f: impl FnOnce() -> T) -> T {
    let was = IS_SILENCED.replace(true);
    let value = f();
    IS_SILENCED.set(was);
    value
}

/// Are panics of this thread silenced?
pub fn is_silenced() -> bool {
    IS_SILENCED.try_with(Cell::get) == Ok(true)
}
