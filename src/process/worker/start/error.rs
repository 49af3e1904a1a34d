//! Why a worker could not be started.

use super::settings::ENV_MARKER;
use crate::codec::PayloadError;
use crate::error::CodeError;
use crate::sys::refusal;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

/// Why a worker could not be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StartError {
    /// This process was started as a worker: its pool was built with [`Start::Main`](crate::process::Start), and `main` did not call
    /// [`worker_main`](crate::process::worker_main) first.
    WorkerMainMissing,
    /// The code of this crate that runs before `main` did not run.
    NoConstructor,
    /// The program runs with more rights than its user has (set-user-ID and the like). It never becomes a worker, since that user
    /// could choose what it runs.
    Privileged,
    /// The environment has a worker's marker, and it is not for this process.
    StrayMarker,
    /// The system refused something.
    System {
        /// What was being done.
        step: String,
        /// The system's error code (`errno`).
        code: Option<i32>,
        /// The system's message.
        message: String,
    },
    /// The worker's program is a different build.
    OtherBuild,
    /// A hook failed or panicked.
    Hook {
        /// `"start hook"`, `"sandbox hook"` or `"stop hook"`.
        hook: String,
        /// The message of its error or panic.
        message: String,
    },
    /// The worker ended, or closed its end of the socket, before it was ready.
    Silent,
    /// The handshake message could not be decoded.
    Garbled,
    /// The worker was not ready within the `start_timeout`, and was ended.
    TimedOut {
        /// The `start_timeout`.
        limit: Duration,
    },
    /// A worker would not find the program's code. This variant does not travel. It is the last one because the two sides of
    /// serde number the variants behind a skipped one differently.
    #[serde(skip)]
    Code(CodeError),
}

impl StartError {
    /// Makes an error of what the system refused. `step` says what was being done.
    pub fn system(step: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::System {
            step: step.to_owned(),
            code: refusal::code(&error),
            message: error.to_string(),
        }
    }

    #[cold]
    pub(super) fn unsendable(step: &str, error: &PayloadError) -> Self {
        Self::system(step)(io::Error::other(error.to_string()))
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkerMainMissing => f.write_str(
                "this process was started as a worker; call `raddle::process::worker_main()` as the first line of `main`, \
                 or build the pool without `Start::Main`",
            ),
            Self::NoConstructor => f.write_str(
                "the part of raddle that runs before `main` did not run: the linker dropped `.init_array`, or a \
                 constructor of another crate came first and builds a pool too early",
            ),
            Self::Privileged => f.write_str(
                "this program runs with rights that its user does not have (set-user-ID, set-group-ID or capabilities of its \
                 file); it cannot be a worker, since that user could choose what it runs: \
                 build the pool in a program without such rights",
            ),
            Self::StrayMarker => write!(
                f,
                "the environment variable {ENV_MARKER} is set, but not by this program for this process: unset it"
            ),
            Self::Code(error) => error.fmt(f),
            Self::System { step, message, .. } => write!(f, "{step}: {message}"),
            Self::OtherBuild => {
                f.write_str("the worker's program is a different build than the parent's")
            }
            Self::Hook { hook, message } => write!(f, "the {hook} of the worker failed: {message}"),
            Self::Silent => f.write_str("the worker ended before it was ready"),
            Self::TimedOut { limit } => write!(
                f,
                "it was not ready after {limit:?}: its start or sandbox hook, or what the program does before that, takes longer or \
                 never returns; raise `start_timeout`, or find what it waits for"
            ),
            Self::Garbled => f.write_str("the handshake message could not be decoded"),
        }
    }
}

impl Error for StartError {}
