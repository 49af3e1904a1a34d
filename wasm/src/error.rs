//! The error types: [`GuestError`] for a task, [`FunctionError`] for a function that a guest does not have, [`BuildError`] for a pool
//! that could not be built.

use std::error::Error;
use std::path::PathBuf;
use std::{fmt, io};

/// Why a guest's function gave no result. It is the source of [`TaskError::Failed`](raddle::TaskError::Failed).
///
/// ```no_run
/// use raddle::TaskError;
/// use raddle_wasm::{GuestError, Problem, WasmPool};
///
/// let pool = WasmPool::builder().file("guest.wasm").workers(1).build()?;
/// match pool.submit::<_, u64>("parse", "12x".to_owned()).result() {
///     Err(TaskError::Failed(error)) => match error.downcast_ref::<GuestError>().map(GuestError::problem) {
///         Some(Problem::Failed(why)) => println!("the guest says: {why}"),
///         other => println!("{other:?}"),
///     },
///     other => println!("{other:?}"),
/// }
/// # Ok::<(), raddle_wasm::BuildError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    module: String,
    function: String,
    worker: String,
    problem: Problem,
    backtrace: Option<String>,
}

/// What happened in a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The task returned an error: its text.
    Failed(String),
    /// The argument could not be encoded, or the guest could not decode it.
    BadArgument(String),
    /// The guest could not encode the result, or it could not be decoded here.
    BadResult(String),
    /// The guest panicked: its message.
    Panicked(String),
    /// The guest did what WebAssembly does not allow. Its instance is made anew.
    Trapped(Trap),
    /// The guest ended after it was refused more memory than `memory_limit`.
    MemoryLimit {
        /// The bytes that it wanted to have in all.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The guest ended after it was refused a longer table than `table_limit`.
    TableLimit {
        /// The entries that it wanted to have in all.
        wanted: usize,
        /// The limit.
        limit: usize,
    },
    /// The guest wanted to have more open than `handle_limit`: files, sockets, streams.
    HandleLimit {
        /// The limit.
        limit: usize,
    },
    /// The guest called something that it was not given.
    NotGiven {
        /// What it called, as `wasi:clocks/wall-clock@0.2.6#now`.
        import: String,
    },
    /// The guest ended itself (`wasi:cli/exit`).
    Exited {
        /// 0 for success.
        code: i32,
    },
    /// The guest's answer was none: a pointer or a length outside of its memory, a text that is none, an unknown number.
    Nonsense(String),
    /// No instance could be made for the task.
    NoInstance(String),
}

/// What WebAssembly does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trap {
    /// An address outside of the guest's memory.
    MemoryOutOfBounds,
    /// An index outside of a table, or a call of an entry that is empty or of another type.
    BadTableEntry,
    /// Too many calls inside each other.
    StackOverflow,
    /// A division of integers by zero.
    DivisionByZero,
    /// An integer that its type cannot hold.
    IntegerOverflow,
    /// The instruction `unreachable`: a failed assertion, an abort.
    Unreachable,
    /// Another one.
    Other,
}

impl GuestError {
    pub(crate) fn new(
        module: &str,
        function: &str,
        worker: &str,
        problem: Problem,
        backtrace: Option<String>,
    ) -> Self {
        Self(Box::new(Details {
            module: module.to_owned(),
            function: function.to_owned(),
            worker: worker.to_owned(),
            problem,
            backtrace,
        }))
    }

    /// What happened.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// The name of the module.
    pub fn module(&self) -> &str {
        &self.0.module
    }

    /// The name of the function that was called.
    pub fn function(&self) -> &str {
        &self.0.function
    }

    /// The name of the worker that ran it.
    pub fn worker(&self) -> &str {
        &self.0.worker
    }

    /// The calls in the guest, the innermost first, one in each line, with names if the module has them. With `WASMTIME_BACKTRACE_DETAILS=1` in the
    /// environment of this program also files and lines, if the module has debug information; that takes milliseconds for each
    /// error. `None` if nothing ran in the guest at that moment.
    pub fn backtrace(&self) -> Option<&str> {
        self.0.backtrace.as_deref()
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details {
            module,
            function,
            worker,
            problem,
            ..
        } = &*self.0;
        write!(
            f,
            "function '{function}' of {module} on worker '{worker}' {problem}"
        )
    }
}

impl Error for GuestError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::BadArgument(why) => write!(f, "did not get its argument: {why}"),
            Self::BadResult(why) => write!(f, "did not give its result: {why}"),
            Self::Panicked(message) => write!(f, "panicked: {message}"),
            Self::Trapped(trap) => write!(f, "trapped: {trap}"),
            Self::MemoryLimit { wanted, limit } => write!(
                f,
                "wanted {wanted} bytes of memory, more than the {limit} of `memory_limit`, and ended"
            ),
            Self::TableLimit { wanted, limit } => write!(
                f,
                "wanted {wanted} table entries, more than the {limit} of `table_limit`, and ended"
            ),
            Self::HandleLimit { limit } => write!(
                f,
                "wanted more files, sockets and streams than the {limit} of `handle_limit`, and ended"
            ),
            Self::NotGiven { import } => {
                write!(f, "called {import}, which it was not given")?;
                match crate::given::how_to_give(import) {
                    Some(how) => write!(f, "; build the pool with `{how}` to give it"),
                    None => Ok(()),
                }
            }
            Self::Exited { code } => write!(f, "ended itself with code {code}"),
            Self::Nonsense(what) => write!(f, "gave an answer that is none: {what}"),
            Self::NoInstance(why) => write!(f, "has no instance to run in: {why}"),
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemoryOutOfBounds => "an address outside of its memory",
            Self::BadTableEntry => "a bad entry of a table",
            Self::StackOverflow => "the stack is full",
            Self::DivisionByZero => "an integer divided by zero",
            Self::IntegerOverflow => "an integer overflow",
            Self::Unreachable => "it came to `unreachable`",
            Self::Other => "wasmtime refused it",
        })
    }
}

/// Why a function cannot be called.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FunctionError {
    /// The guest has no function of this name.
    NoSuchFunction {
        /// The module's name.
        module: String,
        /// The requested name.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// The guest's function takes or returns another type.
    WrongType {
        /// The module's name.
        module: String,
        /// The function's name.
        name: String,
        /// `"argument"` or `"result"`.
        which: &'static str,
        /// The guest's type, as serde sees it: `u64`, `[string]`, `{x:f64,y:f64}`.
        guest: String,
        /// The type that was asked for.
        here: String,
    },
    /// The function is one on bytes, and was asked for with types, or the other way round.
    Bytes {
        /// The module's name.
        module: String,
        /// The function's name.
        name: String,
        /// It takes and returns bytes.
        is_bytes: bool,
    },
    /// The handle was made by a pool of another module.
    OtherModule {
        /// The module that the handle is of.
        handle: String,
        /// This pool's module.
        module: String,
    },
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchFunction {
                module,
                name,
                known,
            } => {
                write!(f, "{module} has no function '{name}'; it has ")?;
                if known.is_empty() {
                    return f.write_str("none");
                }
                f.write_str(&known.join(", "))
            }
            Self::WrongType {
                module,
                name,
                which,
                guest,
                here,
            } => write!(
                f,
                "the {which} of function '{name}' of {module} is {guest}, and not {here}"
            ),
            Self::Bytes {
                module,
                name,
                is_bytes: true,
            } => write!(
                f,
                "function '{name}' of {module} is one on bytes: use `bytes_function` and `submit_bytes`"
            ),
            Self::Bytes { module, name, .. } => write!(
                f,
                "function '{name}' of {module} is not one on bytes: use `function` and `submit`"
            ),
            Self::OtherModule { handle, module } => write!(
                f,
                "the function belongs to {handle}, and this pool runs {module}; ask this pool for it"
            ),
        }
    }
}

impl Error for FunctionError {}

/// Why a pool or a module could not be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// No module was set.
    NoModule,
    /// The module's file could not be read.
    Read {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The module is longer than `module_limit`.
    TooLarge {
        /// The module's name.
        module: String,
        /// Its bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The module is not valid: a syntax error in a text, bytes that are no WebAssembly, or a feature that is not supported.
    Invalid {
        /// The module's name.
        module: String,
        /// What is wrong, and where.
        why: String,
    },
    /// The module is a core module, and not a component.
    NotAComponent {
        /// The module's name.
        module: String,
    },
    /// The module does not export `raddle:guest/tasks`, or not as this version of raddle-wasm knows it.
    NoTasks {
        /// The module's name.
        module: String,
        /// What it exports.
        exports: Vec<String>,
    },
    /// The module exports another version of `raddle:guest/tasks`.
    OtherVersion {
        /// The module's name.
        module: String,
        /// What it exports.
        export: String,
        /// What is needed.
        needed: &'static str,
    },
    /// The module needs an import that is not WASI's, and that was not given.
    MissingImport {
        /// The module's name.
        module: String,
        /// The import.
        import: String,
    },
    /// The first instance could not be made, or did not say which tasks it has.
    Start(GuestError),
    /// Two tasks of the guest have one name.
    SameName {
        /// The module's name.
        module: String,
        /// The name.
        name: String,
    },
    /// A directory that was given could not be opened.
    Directory {
        /// Its path.
        path: PathBuf,
        /// The error.
        why: String,
    },
    /// A limit cannot be used.
    BadLimit {
        /// Which one.
        what: &'static str,
        /// Why.
        why: &'static str,
    },
    /// The system, or the processor, does not let wasmtime run.
    Engine {
        /// The reason.
        why: String,
    },
    /// The pool of isolates could not be built.
    Pool(raddle::BuildError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoModule => {
                f.write_str("the pool has no module: set one with `file`, `bytes` or `module`")
            }
            Self::Read { path, source } => {
                write!(f, "the module {} cannot be read: {source}", path.display())
            }
            Self::TooLarge {
                module,
                bytes,
                limit,
            } => write!(
                f,
                "{module} has {bytes} bytes, more than the {limit} of `module_limit`"
            ),
            Self::Invalid { module, why } => write!(f, "{module} is not valid: {why}"),
            Self::NotAComponent { module } => write!(
                f,
                "{module} is a core module, and not a component: build it for wasm32-wasip2, or make it a component with \
                 `wasm-tools component new`"
            ),
            Self::NoTasks { module, exports } => {
                write!(
                    f,
                    "{module} does not export {}: write it with raddle-guest, or against raddle.wit; it exports ",
                    crate::guest::TASKS
                )?;
                if exports.is_empty() {
                    return f.write_str("nothing");
                }
                f.write_str(&exports.join(", "))
            }
            Self::OtherVersion {
                module,
                export,
                needed,
            } => write!(
                f,
                "{module} exports {export}, and {needed} is needed: build it with the raddle-guest that belongs to this raddle-wasm"
            ),
            Self::MissingImport { module, import } => write!(
                f,
                "{module} needs {import}, which nothing gives: a guest imports {} and WASI",
                crate::guest::HOST
            ),
            Self::Start(error) => error.fmt(f),
            Self::SameName { module, name } => {
                write!(f, "{module} has two tasks with the name '{name}'")
            }
            Self::Directory { path, why } => {
                write!(f, "the directory {} cannot be given: {why}", path.display())
            }
            Self::BadLimit { what, why } => write!(f, "{what} cannot be used: {why}"),
            Self::Engine { why } => write!(f, "wasmtime cannot run here: {why}"),
            Self::Pool(error) => error.fmt(f),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Pool(error) => error.source(),
            // The texts of the others include what is in them.
            _ => None,
        }
    }
}
