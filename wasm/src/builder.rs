//! The builder of a pool. It and the pool import each other: each makes the other.

use crate::engine;
use crate::error::BuildError;
use crate::given::{self, Given};
use crate::host::Limits;
use crate::module::{Module, Source};
use crate::pool::WasmPool;
use crate::stop::{Stop, Stops};
use crate::worker::{Shared, Worker};
use raddle::isolate::IsolatePoolBuilder;
use raddle::{IsolatePool, Pin, WhenFull};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Sets up a [`WasmPool`]. Made by [`WasmPool::builder`].
#[must_use = "a builder does nothing until `build`"]
#[derive(Debug)]
pub struct WasmPoolBuilder {
    source: Option<Source>,
    module_limit: u64,
    workers: Option<usize>,
    name: Option<String>,
    pin: Pin,
    queue_limit: Option<usize>,
    when_full: WhenFull,
    start_timeout: Duration,
    task_timeout: Option<Duration>,
    memory_limit: usize,
    table_limit: usize,
    handle_limit: usize,
    is_fresh: bool,
    given: Given,
}

const MEBIBYTE: usize = 1 << 20;
/// What wasm's 32-bit addresses reach.
const MOST_MEMORY: usize = 4 << 30;

impl WasmPoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            source: None,
            module_limit: Module::LIMIT,
            workers: None,
            name: None,
            pin: Pin::None,
            queue_limit: None,
            when_full: WhenFull::Block,
            start_timeout: Duration::from_secs(60),
            task_timeout: None,
            memory_limit: 64 * MEBIBYTE,
            table_limit: 10_000,
            handle_limit: 256,
            is_fresh: false,
            given: Given::default(),
        }
    }

    /// Sets the module: a component in a file, binary or text. `build` compiles it.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.source = Some(Source::File(path.into()));
        self
    }

    /// Sets the module: the bytes of a component. `name` stands in errors.
    pub fn bytes(mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        self.source = Some(Source::Bytes {
            name: name.into(),
            bytes: bytes.into(),
        });
        self
    }

    /// Sets the module: one that was compiled before.
    pub fn module(mut self, module: &Module) -> Self {
        self.source = Some(Source::Module(module.clone()));
        self
    }

    /// Sets how many bytes a module may have that is compiled here. The default is 64 MiB ([`Module::LIMIT`]).
    pub fn module_limit(mut self, bytes: u64) -> Self {
        self.module_limit = bytes;
        self
    }

    /// Sets how many workers the pool has. The default is the number of cores that this process may use.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Sets the pool's name, which is the prefix of its workers' names.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets which cores the workers stay on. The default is [`Pin::None`].
    pub fn pin(mut self, pin: Pin) -> Self {
        self.pin = pin;
        self
    }

    /// Sets how many tasks may be accepted and not started. By default there is no limit.
    pub fn queue_limit(mut self, tasks: usize) -> Self {
        self.queue_limit = Some(tasks);
        self
    }

    /// Sets what happens at the `queue_limit`. The default is [`WhenFull::Block`].
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets how long `build` waits for the first instances. The default is a minute.
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Sets a time limit for each task that sets none itself. It starts when the task is submitted. By default there is none.
    pub fn task_timeout(mut self, limit: Duration) -> Self {
        self.task_timeout = Some(limit);
        self
    }

    /// Sets how many bytes of memory an instance may have. The default is 64 MiB, the most 4 GiB. A guest that wants more learns from WebAssembly's
    /// own instruction that it does not get it. If it ends after that, the error is
    /// [`Problem::MemoryLimit`](crate::Problem::MemoryLimit).
    ///
    /// A call of a guest's function, or of the host by the guest, copies at most this much out of the guest, or 1 MiB if that is more.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Sets how many entries each table of an instance may have. The default is 10,000. Beyond it, as
    /// [`memory_limit`](Self::memory_limit): [`Problem::TableLimit`](crate::Problem::TableLimit).
    pub fn table_limit(mut self, entries: usize) -> Self {
        self.table_limit = entries;
        self
    }

    /// Sets how many things of the host an instance may have open at a time: files, directories, sockets, streams, and waits for
    /// these. The default is 256; an open file or socket takes about three. A guest that opens more is ended:
    /// [`Problem::HandleLimit`](crate::Problem::HandleLimit).
    pub fn handle_limit(mut self, handles: usize) -> Self {
        self.handle_limit = handles;
        self
    }

    /// Gives each task an instance of its own, so that no task finds what another one has left. By default a worker keeps its instance
    /// until a task breaks it.
    pub fn fresh_instances(mut self) -> Self {
        self.is_fresh = true;
        self
    }

    /// Gives the guests a variable of their environment. By default it is empty.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.given.environment.push((name.into(), value.into()));
        self
    }

    /// Gives the guests an argument of their command line. By default it is empty.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.given.arguments.push(argument.into());
        self
    }

    /// Gives the guests a directory, under the path `there`. By default there are no files. Links that lead out of it are not followed.
    pub fn directory(
        mut self,
        here: impl Into<PathBuf>,
        there: impl Into<String>,
        access: crate::Access,
    ) -> Self {
        self.given
            .directories
            .push((here.into(), there.into(), access));
        self
    }

    /// Gives the guests the clocks, and sleep.
    pub fn clocks(mut self) -> Self {
        self.given.clocks = true;
        self
    }

    /// Gives the guests random numbers of the system.
    pub fn random(mut self) -> Self {
        self.given.random = true;
        self
    }

    /// Gives the guests the network: sockets and names.
    pub fn network(mut self) -> Self {
        self.given.network = true;
        self
    }

    /// Gives the guests the standard output and error of this program. By default what they print is discarded. A guest that prints waits
    /// while the other side does not take it; no time limit ends that.
    pub fn inherit_output(mut self) -> Self {
        self.given.output = true;
        self
    }

    /// Compiles the module, unless it is compiled, and starts the pool. Blocks until each worker has its first instance.
    ///
    /// # Errors
    /// [`BuildError`] says what is wrong with the module, the settings or the system.
    pub fn build(self) -> Result<WasmPool, BuildError> {
        let bad = |what, why| Err(BuildError::BadLimit { what, why });
        if self.memory_limit > MOST_MEMORY {
            return bad("memory_limit", "a guest can address 4 GiB");
        }
        if self.workers == Some(0) {
            return Err(BuildError::Pool(raddle::BuildError::ZeroWorkers));
        }
        let module = self
            .source
            .ok_or(BuildError::NoModule)?
            .compile(self.module_limit)?;
        let workers = match (self.workers, &self.pin) {
            (Some(workers), _) => workers,
            (None, Pin::List(cores)) => cores.len(),
            (None, _) => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let engine = engine::pooled(workers, self.memory_limit, self.table_limit)?;
        let component = module.load(&engine)?;
        let linker = given::link(module.name(), &component, &self.given)?;
        let pre = linker
            .instantiate_pre(&component)
            .map_err(|error| BuildError::Invalid {
                module: module.name().to_owned(),
                why: format!("{error:#}"),
            })?;
        let limits = Limits::new(self.memory_limit, self.table_limit, self.handle_limit);
        // A directory that cannot be opened is found here, and not by a worker.
        drop(given::host(&self.given, limits.clone(), Stop::new())?);
        let stops = Stops::new(workers);
        let shared = Arc::new(Shared {
            module,
            pre,
            given: self.given,
            limits,
            is_fresh: self.is_fresh,
            tasks: OnceLock::new(),
            stops: stops.clone(),
        });
        let mine = Arc::clone(&shared);
        let mut isolates: IsolatePoolBuilder<Worker> =
            IsolatePool::builder(move |info| Ok(Worker::new(&mine, info)?))
                .workers(workers)
                .stack_size(engine::STACK)
                .pin(self.pin)
                .when_full(self.when_full)
                .start_timeout(self.start_timeout);
        if let Some(name) = self.name {
            isolates = isolates.name(name);
        }
        if let Some(limit) = self.queue_limit {
            isolates = isolates.queue_limit(limit);
        }
        let (theirs, of_engine) = (stops.clone(), engine.clone());
        let isolates = isolates.on_interrupt(move |worker| theirs.interrupted(worker, &of_engine));
        match isolates.build() {
            Ok(isolates) => Ok(WasmPool::from_parts(isolates, shared, self.task_timeout)),
            Err(error) => {
                // A start function that does not end is stopped.
                stops.all(&engine);
                Err(own(error))
            }
        }
    }
}

/// The error of a worker's first instance, where that is what happened.
fn own(error: raddle::BuildError) -> BuildError {
    match error {
        raddle::BuildError::StartHook { worker, source } => match source.downcast::<BuildError>() {
            Ok(own) => *own,
            Err(source) => BuildError::Pool(raddle::BuildError::StartHook { worker, source }),
        },
        error => BuildError::Pool(error),
    }
}
