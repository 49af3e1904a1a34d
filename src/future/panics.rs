//! What a task's panic leaves behind: message, place, backtrace.
//!
//! Place and backtrace are known only to the panic hook, so the first pool puts a hook of its own
//! in front of the one that is set. It notes both for a thread that runs a task, then calls the
//! other. A program that sets a hook later hides the place, and nothing else.

use super::{block, current};
use crate::error::{PanicDetails, PanicReport, Trace};
use crate::report::message_of;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::{Cell, RefCell};
use std::panic;
use std::sync::Once;

struct Seen {
    location: Option<String>,
    backtrace: Option<Backtrace>,
}

std::thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
    static IS_UNHEARD: Cell<bool> = const { Cell::new(false) };
}

/// Puts the hook in place, once per process.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IS_UNHEARD.try_with(Cell::get) == Ok(true) {
                return;
            }
            if current::is_running() {
                let backtrace = Backtrace::capture();
                let seen = Seen {
                    location: info.location().map(ToString::to_string),
                    backtrace: (backtrace.status() == BacktraceStatus::Captured)
                        .then_some(backtrace),
                };
                let _ = SEEN.try_with(|slot| slot.replace(Some(seen)));
            }
            before(info);
        }));
    });
}

/// Runs `f`, which panics for nobody to hear: the hook, if it is still in place, says nothing.
pub fn unheard<T>(f: impl FnOnce() -> T) -> T {
    let was = IS_UNHEARD.replace(true);
    let value = f();
    IS_UNHEARD.set(was);
    value
}

/// Makes the report of a panic that was just caught on this thread.
pub fn report(payload: Box<dyn Any + Send>, task: Option<&str>) -> PanicReport {
    let seen = SEEN.try_with(RefCell::take).ok().flatten();
    let (location, backtrace) = seen.map_or((None, None), |seen| (seen.location, seen.backtrace));
    PanicReport::new(PanicDetails {
        message: message_of(&*payload).to_owned(),
        payload,
        location,
        task: task.map(ToOwned::to_owned),
        worker: block::worker_name(),
        backtrace: backtrace.map(Trace::Here),
    })
}
