//! The moment before `main`: is this process to be a worker?
//!
//! The parent puts a mark into the environment of the process that it starts. A function in `.init_array`,
//! which the loader calls in every process before `main`, looks for it. It takes the mark away, so that
//! no process that this one starts finds it, and makes a worker of the process.

use super::error::StartError;
use super::settings::{ENV_MARKER, Start};
use super::setup::Bootstrap;
use crate::process::worker::image::Image;
use crate::sync::unmodelled::{AtomicBool, Ordering};
use crate::sys::myself;
use std::ffi::{OsStr, OsString};
use std::sync::{Mutex, PoisonError};

#[used]
// SAFETY: the loader calls what is in this section, with arguments that a C function may ignore.
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

static RAN: AtomicBool = AtomicBool::new(false);
/// A worker that waits for [`worker_main`].
static BOOTSTRAP: Mutex<Option<Bootstrap>> = Mutex::new(None);

/// The standard library's own constructors have run, its set-up for `main` has not. There is one thread.
// UNWIND: a panic cannot leave an `extern "C"` function: the process aborts, and its parent hears of it.
extern "C" fn before_main() {
    // ORDERING: start.ran Relaxed: before `main` there is one thread.
    RAN.store(true, Ordering::Relaxed);
    let Some(start) = std::env::var_os(ENV_MARKER).as_deref().and_then(read) else {
        return;
    };
    // Whoever starts a program with more rights than their own must not choose what it runs.
    if myself::is_privileged() {
        return;
    }
    // SAFETY: no other thread reads the environment.
    unsafe { std::env::remove_var(ENV_MARKER) };
    let bootstrap = Bootstrap::join();
    match start {
        Start::BeforeMain => bootstrap.work(),
        Start::Main => *BOOTSTRAP.lock().unwrap_or_else(PoisonError::into_inner) = Some(bootstrap),
    }
}

/// The mark for a worker of this process.
pub fn marker(start: Start, image: &Image) -> OsString {
    let letter = match start {
        Start::BeforeMain => 'b',
        Start::Main => 'm',
    };
    // A program can hold two copies of this crate, of different versions: each has its anchor.
    format!("{letter}{:x}", image.anchor()).into()
}

/// What the mark says, if it is for this copy of the crate.
fn read(found: &OsStr) -> Option<Start> {
    let image = Image::get().ok()?;
    [Start::BeforeMain, Start::Main]
        .into_iter()
        .find(|&start| marker(start, image) == found)
}

/// Makes a worker of this process if it was started to be one, and then never returns; elsewhere it
/// returns at once.
///
/// A pool that was built with [`Start::Main`] needs it, best as the first line of `main`. What comes before
/// it runs in each worker, too. Other programs need not call it.
///
/// ```
/// raddle::process::worker_main();
/// // From here on this process is no worker.
/// ```
pub fn worker_main() {
    if let Some(bootstrap) = take_bootstrap() {
        bootstrap.work();
    }
}

fn take_bootstrap() -> Option<Bootstrap> {
    BOOTSTRAP
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}

/// Can this process start workers at all? To be asked by `build`, so that whoever builds a pool links the constructor.
///
/// If this process is a worker that was not told so (`Start::Main`, and no `worker_main`), its parent hears of
/// it here; without this check the two would start each other without end.
pub fn check() -> Result<(), StartError> {
    // ORDERING: start.ran Relaxed: written before there was a second thread.
    if !RAN.load(Ordering::Relaxed) {
        return Err(StartError::NoConstructor);
    }
    if let Some(bootstrap) = take_bootstrap() {
        let error = StartError::WorkerMainMissing;
        bootstrap.refuse(&error);
        return Err(error);
    }
    if myself::is_privileged() {
        return Err(StartError::Privileged);
    }
    if std::env::var_os(ENV_MARKER).is_some() {
        return Err(StartError::StrayMarker);
    }
    Image::get().map(drop).map_err(StartError::Code)
}
