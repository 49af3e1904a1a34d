//! A worker: an isolate whose state is an instance of the guest.
//!
//! An instance that trapped cannot be used again. The worker drops it, and makes a new one for the next task. With
//! [`fresh_instances`](crate::WasmPoolBuilder::fresh_instances) it does so after each task.

use crate::error::{BuildError, GuestError, Problem};
use crate::given::{self, Given};
use crate::guest::{Failed, Guest, TaskEntry};
use crate::host::{Host, Limits};
use crate::module::Module;
use crate::stop::{Stop, Stops};
use raddle::executor::WorkerInfo;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use wasmtime::component::InstancePre;

/// What the workers of a pool share.
pub struct Shared {
    pub module: Module,
    pub pre: InstancePre<Host>,
    pub given: Given,
    pub limits: Limits,
    pub is_fresh: bool,
    /// What the first instance has said.
    pub tasks: OnceLock<Tasks>,
    pub stops: Stops,
}

/// The tasks of a guest.
pub struct Tasks {
    pub entries: Vec<TaskEntry>,
    numbers: HashMap<String, u32>,
}

impl Tasks {
    fn new(module: &str, entries: Vec<TaskEntry>) -> Result<Self, BuildError> {
        let mut numbers = HashMap::new();
        for (number, entry) in (0..).zip(&entries) {
            if numbers.insert(entry.name.clone(), number).is_some() {
                return Err(BuildError::SameName {
                    module: module.to_owned(),
                    name: entry.name.clone(),
                });
            }
        }
        Ok(Self { entries, numbers })
    }

    pub fn find(&self, name: &str) -> Option<(u32, &TaskEntry)> {
        let number = *self.numbers.get(name)?;
        Some((number, &self.entries[number as usize]))
    }
}

impl Shared {
    fn instance(&self, stop: &Stop) -> Result<Guest, Failed> {
        let host = given::host(&self.given, self.limits.clone(), stop.clone())
            .map_err(|error| Failed::said(Problem::NoInstance(error.to_string())))?;
        Guest::new(&self.pre, host)
    }

    pub fn tasks(&self) -> &Tasks {
        self.tasks
            .get()
            .expect("the pool was built, so an instance has listed its tasks")
    }
}

/// See the module.
pub struct Worker {
    shared: Arc<Shared>,
    name: String,
    stop: Stop,
    guest: Option<Guest>,
    /// The encoded argument. It is kept, so that a task needs no memory of its own.
    argument: Vec<u8>,
}

/// An argument that was longer is not kept.
const KEPT: usize = 1 << 20;

impl Worker {
    /// Makes the first instance.
    ///
    /// # Errors
    /// [`BuildError::Start`] or [`BuildError::SameName`].
    pub fn new(shared: &Arc<Shared>, info: &WorkerInfo) -> Result<Self, BuildError> {
        let name = info.name.to_string();
        let start = |failed: Failed| {
            let module = shared.module.name();
            let Failed {
                problem, backtrace, ..
            } = failed;
            BuildError::Start(GuestError::new(
                module, "(start)", &name, problem, backtrace,
            ))
        };
        let stop = shared.stops.of(info.index);
        let mut guest = shared.instance(&stop).map_err(start)?;
        if shared.tasks.get().is_none() {
            let entries = guest.list().map_err(start)?;
            // Another instance says the same.
            let _ = shared.tasks.set(Tasks::new(shared.module.name(), entries)?);
        }
        Ok(Self {
            shared: Arc::clone(shared),
            name,
            stop,
            guest: Some(guest),
            argument: Vec::new(),
        })
    }

    /// Runs a task: encodes the argument into the worker's buffer, calls the guest, and takes its encoded result.
    pub fn run<R>(
        &mut self,
        task: u32,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
        take: impl FnOnce(&mut Vec<u8>) -> Result<R, String>,
    ) -> Result<R, GuestError> {
        let mut argument = std::mem::take(&mut self.argument);
        argument.clear();
        let outcome = match encode(&mut argument) {
            Ok(()) => self.run_encoded(task, &argument, take),
            Err(why) => Err(self.error(task, Failed::said(Problem::BadArgument(why)))),
        };
        if argument.capacity() <= KEPT {
            self.argument = argument;
        }
        outcome
    }

    /// As [`run`](Self::run), with an argument that is encoded already.
    pub fn run_encoded<R>(
        &mut self,
        task: u32,
        argument: &[u8],
        take: impl FnOnce(&mut Vec<u8>) -> Result<R, String>,
    ) -> Result<R, GuestError> {
        let guest = match &mut self.guest {
            Some(guest) => guest,
            none => match self.shared.instance(&self.stop) {
                Ok(guest) => none.insert(guest),
                Err(failed) => return Err(self.error(task, failed)),
            },
        };
        let outcome = guest.call(task, argument, take);
        let is_broken = outcome.as_ref().is_err_and(|failed| failed.is_broken);
        if is_broken || self.shared.is_fresh {
            self.guest = None;
        }
        outcome.map_err(|failed| self.error(task, failed))
    }

    #[cold]
    fn error(&self, task: u32, failed: Failed) -> GuestError {
        let tasks = &self.shared.tasks().entries;
        let function = tasks
            .get(task as usize)
            .map_or("?", |entry| entry.name.as_str());
        let Failed {
            problem, backtrace, ..
        } = failed;
        GuestError::new(
            self.shared.module.name(),
            function,
            &self.name,
            problem,
            backtrace,
        )
    }
}
