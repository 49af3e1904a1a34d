//! Why a worker process could not find a task's code.

use std::fmt;

/// Why a worker process could not find a task's code. A worker is this program, started again: it finds only code that lies
/// in the program's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeError {
    /// This crate is linked into a shared library.
    NotInProgram {
        /// The library's path.
        library: String,
    },
    /// The task's code lies in a shared library.
    TaskInLibrary {
        /// The task's type.
        task: String,
        /// The library's path.
        library: String,
    },
    /// The dynamic loader does not report the address of the program.
    NoProgram,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInProgram { library } => write!(
                f,
                "raddle is linked into the shared library '{library}', but a worker is the program itself, started again; \
                 link the code that builds the process pool into the program, or use a ThreadPool"
            ),
            Self::TaskInLibrary { task, library } => write!(
                f,
                "the code of `{task}` lies in the shared library '{library}', where a worker does not find it; \
                 call it from a function of the program, and submit that"
            ),
            Self::NoProgram => {
                f.write_str(
                "the dynamic loader does not report where the program lies in memory; use a ThreadPool",
            )
            }
        }
    }
}

impl std::error::Error for CodeError {}
