//! Decides before `main` whether this process is a worker.
//!
//! The parent sets an environment marker for the process that it starts. The loader calls a function in `.init_array` before `main`,
//! in each process. That function looks for the marker. If the marker is there, the function removes it, so that no child of this
//! process finds it, and makes this process a worker.

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

/// Called by the loader. The standard library's own constructors have run, its set-up for `main` has not. There is one thread.
// UNWIND: a panic cannot leave an `extern "C"` function: the process aborts, and its parent notices that.
extern "C" fn before_main() {
    // ORDERING: start.ran Relaxed: before `main` there is one thread.
    RAN.store(true, Ordering::Relaxed);
    let Some(start) = std::env::var_os(ENV_MARKER).as_deref().and_then(read) else {
        return;
    };
    // A user that starts a program with more rights than their own must not choose what it runs.
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

/// The value of the marker for a worker of this process.
pub fn marker(start: Start, image: &Image) -> OsString {
    let letter = match start {
        Start::BeforeMain => 'b',
        Start::Main => 'm',
    };
    // A program can hold two copies of this crate, of different versions. Each has its own anchor.
    format!("{letter}{:x}", image.anchor()).into()
}

/// The meaning of the marker, if it is for this copy of the crate.
fn read(found: &OsStr) -> Option<Start> {
    let image = Image::get().ok()?;
    [Start::BeforeMain, Start::Main]
        .into_iter()
        .find(|&start| marker(start, image) == found)
}

/// Turns this process into a worker, if it was started as one, and never returns then. In any other process it returns at once.
///
/// A pool that is built with [`Start::Main`] needs this call, best as the first line of `main`. Code before it runs in each worker,
/// too. Programs without such a pool need not call it.
///
/// ```
/// raddle::process::worker_main();
/// // From here on, this process is not a worker.
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

/// Checks that this process can start workers. Called by `build`, so each program that builds a pool links the constructor.
///
/// If this process is itself a worker that has not called `worker_main` (`Start::Main`), this reports the error to its parent.
/// Without this check, the program would start workers that start workers without end.
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
