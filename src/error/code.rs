//! Why a task has no code that a worker can find.

use std::fmt;

/// Why code cannot be named to another process: a worker is the program itself started again, and finds nothing but the
/// program's own code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeError {
    /// This crate is linked into a shared library, and a worker is the program itself started again.
    NotInProgram {
        /// The library's path.
        library: String,
    },
    /// The task's code lies in a shared library; only code of the program itself can be found again
    /// in a worker.
    TaskInLibrary {
        /// The task's type.
        task: String,
        /// The library's path.
        library: String,
    },
    /// The loader does not say where the program lies.
    NoProgram,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInProgram { library } => write!(
                f,
                "raddle is linked into the shared library '{library}', but a worker is the program itself started again; \
                 link the code that builds the process pool into the program, or use a ThreadPool"
            ),
            Self::TaskInLibrary { task, library } => write!(
                f,
                "the code of `{task}` lies in the shared library '{library}', where a worker cannot find it; \
                 wrap it in a function of the program"
            ),
            Self::NoProgram => {
                f.write_str("the loader does not say where the program lies in memory")
            }
        }
    }
}

impl std::error::Error for CodeError {}
