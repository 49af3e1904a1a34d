//! Why a worker could not be started.

use super::settings::ENV_MARKER;
use crate::codec::PayloadError;
use crate::error::CodeError;
use crate::sys::refusal;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::{fmt, io};

/// Why a worker could not be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum StartError {
    /// This process is itself a worker that has not become one: its pool was built with
    /// [`Start::Main`](crate::process::Start), and `main` did not call [`worker_main`](crate::process::worker_main) first.
    WorkerMainMissing,
    /// The code of this crate that runs before `main` did not run.
    NoConstructor,
    /// The program runs with the rights of another user (set-user-ID and the like): it does not let itself be
    /// made a worker, since whoever starts it could choose what it runs.
    Privileged,
    /// The environment has the mark that makes a worker, and it is not for this program.
    StrayMarker,
    /// The system refused something.
    System {
        /// What was being done.
        step: String,
        /// What the system said (`errno`).
        code: Option<i32>,
        /// The same as a text.
        message: String,
    },
    /// The worker's program is another build.
    OtherBuild,
    /// A hook failed or panicked.
    Hook {
        /// `"start hook"`, `"sandbox hook"` or `"stop hook"`.
        hook: String,
        /// Its error's or its panic's message.
        message: String,
    },
    /// The worker ended, or closed its end, before it said that it is ready.
    Silent,
    /// The worker's first words made no sense.
    Garbled,
    /// A worker would not find the program's code. It does not travel, and is the last because serde's
    /// two sides number the variants before a skipped one alike, and those behind it not.
    #[serde(skip)]
    Code(CodeError),
}

impl StartError {
    /// What the system refused, while doing what.
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
                "this process was started to be a worker; call `raddle::process::worker_main()` as the first line of `main`, \
                 or build the pool without `Start::Main`",
            ),
            Self::NoConstructor => f.write_str(
                "the part of raddle that runs before `main` did not run: the linker dropped `.init_array`, or a \
                 constructor of another crate came first and builds a pool too early",
            ),
            Self::Privileged => f.write_str(
                "this program runs with rights that its user does not have (set-user-ID, set-group-ID or capabilities of its \
                 file); it does not let itself be made a worker, since that user could choose what it runs: \
                 build the pool in a program without such rights",
            ),
            Self::StrayMarker => write!(
                f,
                "the environment variable {ENV_MARKER} is set, and not by this program for this process: unset it"
            ),
            Self::Code(error) => error.fmt(f),
            Self::System { step, message, .. } => write!(f, "{step}: {message}"),
            Self::OtherBuild => {
                f.write_str("the worker's program is another build than the parent's")
            }
            Self::Hook { hook, message } => write!(f, "the {hook} of the worker failed: {message}"),
            Self::Silent => f.write_str("the worker ended before it was ready"),
            Self::Garbled => f.write_str("the worker's first words made no sense"),
        }
    }
}

impl Error for StartError {}
