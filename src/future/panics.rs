//! The report of a task's panic: message, location, backtrace.
//!
//! Only a panic hook learns the location and the backtrace. So the first pool installs a hook in front of the one that
//! is set. On a thread that runs a task it stores both in a thread-local; then it calls the other hook. A program
//! that sets a hook of its own later loses location and backtrace in its reports, and nothing else.

use super::{block, current};
use crate::error::{PanicDetails, PanicReport, Trace};
use crate::report::{self, message_of};
use crate::sync;
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::panic;
use std::sync::Once;

/// What the hook stored for [`report()`].
struct Seen {
    location: Option<String>,
    backtrace: Option<Backtrace>,
}

std::thread_local! {
    static SEEN: RefCell<Option<Seen>> = const { RefCell::new(None) };
}

/// Installs the hook, once per process. Called when a pool is built, when a worker process starts, and before a promise runs a function.
pub fn install() {
    static ONCE: Once = Once::new();
    // The hook reads a modelled thread-local, which the checker itself cannot do when it panics.
    if sync::MODEL {
        return;
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if report::is_silenced() {
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

/// Makes the report of a panic that this thread has just caught. Takes what the hook stored.
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
