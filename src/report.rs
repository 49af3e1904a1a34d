//! Events that nobody else would see: an error whose future was dropped unread, a panic in a
//! callback or in a destructor. Each reaches one hook; without one, `log` gets a line.

use crate::error::TaskError;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

/// Something that would otherwise be lost in silence.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report<'a> {
    /// A task failed, and its future was dropped before anybody looked at the error.
    UnobservedError {
        /// The task's name, if it had one.
        task: Option<&'a str>,
        /// The error.
        error: &'a TaskError,
    },
    /// A done-callback panicked. The other callbacks of that future ran all the same.
    CallbackPanicked {
        /// The task's name, if it had one.
        task: Option<&'a str>,
        /// The panic's message.
        message: &'a str,
    },
    /// The destructor of something that the library held for a user panicked.
    DropPanicked {
        /// What was dropped: `"task"`, `"result"` or `"panic payload"`.
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
    /// A worker is blocked, and no spare could be started for it; its pool has one worker less
    /// until it goes on.
    SpareRefused {
        /// The blocked worker's name.
        worker: &'a str,
        /// Why: what the system said, or the pool's own `max_spares`.
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
                f.write_str("an error that nobody looked at")?;
                named(f, task)?;
                write!(f, ": {error:#}")
            }
            Self::CallbackPanicked { task, message } => {
                f.write_str("a done-callback")?;
                named(f, task)?;
                write!(f, " panicked: {message}")
            }
            Self::DropPanicked { what, message } => {
                write!(f, "dropping a {what} panicked: {message}")
            }
            Self::StopHookPanicked { worker, message } => {
                write!(f, "the stop hook of worker '{worker}' panicked: {message}")
            }
            Self::SpareRefused { worker, reason } => write!(
                f,
                "worker '{worker}' is blocked and no spare could take over: {reason}"
            ),
        }
    }
}

type Hook = Arc<dyn Fn(&Report<'_>) + Send + Sync>;

static HOOK: Mutex<Option<Hook>> = Mutex::new(None);

/// Sets the hook that hears of every [`Report`], for the whole process. It replaces the one
/// before; the first default writes one line through the `log` crate at level `error`.
///
/// The hook runs on the thread where the thing happened, workers included: keep it short. A
/// panic in it is caught and goes to `log`.
///
/// ```
/// use std::sync::mpsc;
/// let (heard, lines) = mpsc::channel();
/// let heard = std::sync::Mutex::new(heard);
/// raddle::set_report_hook(move |report| {
///     let _ = heard.lock().unwrap().send(report.to_string());
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

/// Tells the hook. Never panics, holds no lock while user code runs.
#[cold]
pub(crate) fn tell(report: &Report<'_>) {
    let chosen = HOOK.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match chosen {
        // UNWIND: the hook is user code on a thread that must go on.
        Some(chosen) => {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| chosen(report))) {
                log::error!(
                    "raddle: the report hook panicked ({}) on: {report}",
                    message_of(&*payload)
                );
                let_go(payload);
            }
        }
        None => log::error!("raddle: {report}"),
    }
}

/// The text of a panic's payload.
pub(crate) fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic whose payload is no text"
    }
}

/// Runs a destructor of user code: a panic in it is reported and goes no further.
pub(crate) fn contain_drop(what: &'static str, destructor: impl FnOnce()) {
    // UNWIND: whatever the destructor left half-done is its own; nothing of ours is inside.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(destructor)) {
        tell(&Report::DropPanicked {
            what,
            message: message_of(&*payload),
        });
        let_go(payload);
    }
}

/// Ends a panic's payload. A text is dropped. Any other payload's destructor could panic in its turn: one
/// leaked box ends the chain.
fn let_go(payload: Box<dyn Any + Send>) {
    if payload.is::<String>() || payload.is::<&'static str>() {
        drop(payload);
    } else {
        std::mem::forget(payload);
    }
}
