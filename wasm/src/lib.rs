//! A pool of [raddle] whose workers each have a WebAssembly instance, in which the tasks run. A wild write, an endless loop or a memory
//! bomb in a task costs that task: its worker gets a new instance, and the program, its other tasks and its other workers go on. All of it runs in
//! one process.
//!
//! ```no_run
//! use raddle_wasm::WasmPool;
//!
//! let pool = WasmPool::builder().file("guest.wasm").workers(4).build()?;
//!
//! // A misspelt name or another type is an error here, before any task.
//! let double = pool.function::<u64, u64>("double")?;
//! let answer = pool.submit(&double, 21);
//! assert_eq!(answer.result()?, 42);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guests
//! A guest is a component that exports the interface `raddle:guest/tasks` (`wit/raddle.wit` of the crate `raddle-guest`). In Rust it
//! takes one line for its functions, with the crate `raddle-guest`. Any language whose tools make components can write one.
//!
//! # What a guest can do
//! Compute. It has its own memory, up to the pool's [`memory_limit`](WasmPoolBuilder::memory_limit), and nothing else: no files, no clock,
//! no environment, no network. Each is given by its name in the builder. What it prints is discarded, unless
//! [`inherit_output`](WasmPoolBuilder::inherit_output) is set. It can end itself, and has a random seed for its hash maps.
//!
//! # What a task costs that goes wrong
//! Its future fails with a [`GuestError`], which says what happened, in which function and worker, and where in the guest. The instance is
//! made anew, in some tens of microseconds. A task that does not end, because it loops or because it waits for a time or a socket that it
//! was given, is ended by a time limit or by [`kill`](raddle::Future::kill). What neither ends: a system call in which the kernel blocks,
//! see the crate's README.
//!
//! # Signals
//! wasmtime installs handlers for `SIGSEGV`, `SIGILL` and `SIGFPE`, which make traps of a guest's faults, and pass on others.

#![deny(missing_docs)]

mod answer;
mod builder;
mod calls;
mod engine;
mod error;
mod function;
mod given;
mod guest;
mod host;
mod io;
mod module;
mod pool;
mod signal;
mod stop;
mod sync;
mod task_builder;
mod worker;

pub use builder::WasmPoolBuilder;
pub use error::{BuildError, FunctionError, GuestError, Problem, Trap};
pub use function::{BytesFunction, Function, Named};
pub use given::Access;
pub use module::Module;
pub use pool::WasmPool;
pub use task_builder::TaskBuilder;
