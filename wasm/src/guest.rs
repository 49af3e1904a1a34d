//! One instance of a guest, and calls into it.

use crate::answer::{self, Answer};
use crate::error::{BuildError, Problem, Trap};
use crate::host::{Host, Refused};
use crate::stop::Interrupted;
use raddle_guest::encoding::Encoding;
use wasmtime::component::{
    Component, ComponentType, Func, Instance, InstancePre, Lift, Linker, ResourceTableError,
    TypedFunc,
};
use wasmtime::{Store, StoreContextMut, WasmBacktrace};

/// What a guest exports.
pub const TASKS: &str = "raddle:guest/tasks@1.0.0";
const TASKS_OF_ANY_VERSION: &str = "raddle:guest/tasks";
/// What a guest may import without being given it.
pub const HOST: &str = "raddle:guest/host@1.0.0";

/// How many bytes a call may copy out of a guest with less memory: there are lists of which the host's copy is longer.
const LEAST_COPIED: usize = 1 << 20;
/// How many bytes of a panic's message are kept.
const LONGEST_MESSAGE: usize = 4096;

/// A task that a guest has.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
pub struct TaskEntry {
    pub name: String,
    pub encoding: WireEncoding,
    pub argument: String,
    pub result: String,
}

/// As in raddle.wit.
// A guest makes them: `Lift` does, and not this crate.
#[allow(dead_code)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub enum WireEncoding {
    #[component(name = "message-pack")]
    MessagePack,
    #[component(name = "json")]
    Json,
    #[component(name = "bytes")]
    Bytes,
}

impl WireEncoding {
    /// How a value travels; `None` for bytes.
    pub fn of_values(self) -> Option<Encoding> {
        match self {
            Self::MessagePack => Some(Encoding::MessagePack),
            Self::Json => Some(Encoding::Json),
            Self::Bytes => None,
        }
    }
}

#[derive(Clone, Debug, ComponentType, Lift)]
#[component(variant)]
enum Failure {
    #[component(name = "no-such-task")]
    NoSuchTask,
    #[component(name = "bad-argument")]
    BadArgument(String),
    #[component(name = "bad-result")]
    BadResult(String),
    #[component(name = "failed")]
    Failed(String),
}

type ListResult = (Vec<TaskEntry>,);
type CallArguments<'a> = (u32, &'a [u8]);
type CallResult = (Result<Answer, Failure>,);

/// Whether this is the host's interface in a version that a guest may import.
pub fn is_host_of_this_version(import: &str) -> bool {
    import.starts_with("raddle:guest/host@1.")
}

/// Checks that a component exports the tasks.
pub fn check_exports(name: &str, component: &Component) -> Result<(), BuildError> {
    let engine = component.engine();
    let ty = component.component_type();
    let exports: Vec<String> = ty
        .exports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    if component.get_export_index(None, TASKS).is_some() {
        return Ok(());
    }
    let module = name.to_owned();
    match exports
        .iter()
        .find(|export| export.starts_with(TASKS_OF_ANY_VERSION))
    {
        Some(export) => Err(BuildError::OtherVersion {
            module,
            export: export.clone(),
            needed: TASKS,
        }),
        None => Err(BuildError::NoTasks { module, exports }),
    }
}

/// Links the host's interface.
pub fn link_host(linker: &mut Linker<Host>) -> wasmtime::Result<()> {
    linker.instance(HOST)?.func_wrap(
        "panicked",
        |mut store: StoreContextMut<'_, Host>, (mut message,): (String,)| {
            let mut end = message.len().min(LONGEST_MESSAGE);
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            store.data_mut().panicked = Some(message);
            Ok(())
        },
    )
}

/// What went wrong in a guest, and where.
pub struct Failed {
    pub problem: Problem,
    pub backtrace: Option<String>,
    /// The instance cannot be used any more.
    pub is_broken: bool,
}

impl Failed {
    /// What the guest says; its instance stays.
    pub fn said(problem: Problem) -> Self {
        Self {
            problem,
            backtrace: None,
            is_broken: false,
        }
    }
}

/// One instance.
pub struct Guest {
    store: Store<Host>,
    list: TypedFunc<(), ListResult>,
    /// Of the type `CallArguments` to `CallResult`, which was checked.
    call: Func,
}

impl Guest {
    /// Makes an instance, whose start function runs.
    ///
    /// # Errors
    /// What went wrong in it.
    pub fn new(pre: &InstancePre<Host>, host: Host) -> Result<Self, Failed> {
        let copied = host.limits.memory.max(LEAST_COPIED);
        let mut store = Store::new(pre.engine(), host);
        store.set_hostcall_fuel(copied);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| {
            let host = store.data_mut();
            host.asked = true;
            if host.stop.asks() {
                return Ok(wasmtime::UpdateDeadline::Continue(1));
            }
            Err(Interrupted.into())
        });
        if !store.data().stop.begins() {
            return Err(Failed::said(interrupted()));
        }
        let instance = pre.instantiate(&mut store);
        returned(&mut store);
        let instance = match instance {
            Ok(instance) => instance,
            Err(error) => return Err(broken(&mut store, &error)),
        };
        match functions(&mut store, &instance) {
            Ok((list, call)) => Ok(Self { store, list, call }),
            Err(error) => Err(Failed::said(Problem::Nonsense(format!("{error:#}")))),
        }
    }

    /// Asks which tasks there are.
    pub fn list(&mut self) -> Result<Vec<TaskEntry>, Failed> {
        let listed = self.list.call(&mut self.store, ());
        returned(&mut self.store);
        match listed {
            Ok((tasks,)) => Ok(tasks),
            Err(error) => Err(broken(&mut self.store, &error)),
        }
    }

    /// Calls a task with an encoded argument, and takes its encoded result.
    pub fn call<R>(
        &mut self,
        task: u32,
        argument: &[u8],
        take: impl FnOnce(&mut Vec<u8>) -> Result<R, String>,
    ) -> Result<R, Failed> {
        // A message that no panic followed belongs to no one.
        self.store.data_mut().panicked = None;
        // SAFETY: `functions` has checked that the function has this type.
        let call = unsafe { TypedFunc::<CallArguments<'_>, CallResult>::new_unchecked(self.call) };
        let called = call.call(&mut self.store, (task, argument));
        returned(&mut self.store);
        let result = match called {
            Ok((Ok(Answer),)) => {
                answer::take(take).map_err(|why| Failed::said(Problem::BadResult(why)))
            }
            Ok((Err(failure),)) => Err(Failed::said(match failure {
                Failure::NoSuchTask => {
                    Problem::Nonsense("it has listed the task, and does not know it".to_owned())
                }
                Failure::BadArgument(why) => Problem::BadArgument(why),
                Failure::BadResult(why) => Problem::BadResult(why),
                Failure::Failed(why) => Problem::Failed(why),
            })),
            Err(error) => return Err(broken(&mut self.store, &error)),
        };
        self.store.data_mut().limits.take_refused();
        result
    }
}

/// After each call of the guest.
fn returned(store: &mut Store<Host>) {
    let host = store.data_mut();
    if host.asked {
        host.asked = false;
        host.stop.returns();
    }
}

/// The exported functions, whose types are checked.
fn functions(
    store: &mut Store<Host>,
    instance: &Instance,
) -> wasmtime::Result<(TypedFunc<(), ListResult>, Func)> {
    let missing = || wasmtime::Error::msg(format!("{TASKS} has not the functions of this version"));
    let tasks = instance
        .get_export_index(&mut *store, None, TASKS)
        .ok_or_else(missing)?;
    let mut function = |name: &str| {
        let index = instance.get_export_index(&mut *store, Some(&tasks), name);
        let index = index.ok_or_else(missing)?;
        instance.get_func(&mut *store, index).ok_or_else(missing)
    };
    let (list, call) = (function("list")?, function("call")?);
    let list = list.typed::<(), ListResult>(&*store)?;
    call.typed::<CallArguments<'_>, CallResult>(&*store)?;
    Ok((list, call))
}

/// What a failed call of wasmtime means.
fn broken(store: &mut Store<Host>, error: &wasmtime::Error) -> Failed {
    let host = store.data_mut();
    let limits = host.limits.clone();
    let (panicked, refused) = (host.panicked.take(), host.limits.take_refused());
    let trap = error.downcast_ref::<wasmtime::Trap>();
    let problem = if let Some(not_given) = error.downcast_ref::<crate::given::NotGiven>() {
        Problem::NotGiven {
            import: not_given.import.clone(),
        }
    } else if let Some(ResourceTableError::Full) = error.downcast_ref() {
        Problem::HandleLimit {
            limit: limits.handles,
        }
    } else if let Some(code) = exit_code(error) {
        Problem::Exited { code }
    } else if let (Some(refused), true) = (
        refused,
        panicked.is_some() || trap.is_some_and(is_refusal) || trap.is_none(),
    ) {
        match refused {
            Refused::Memory { wanted } => Problem::MemoryLimit {
                wanted,
                limit: limits.memory,
            },
            Refused::Table { wanted } => Problem::TableLimit {
                wanted,
                limit: limits.table,
            },
        }
    } else if let Some(message) = panicked {
        Problem::Panicked(message)
    } else if let Some(trap) = trap {
        Problem::Trapped(kind(*trap))
    } else if error.downcast_ref::<Interrupted>().is_some() {
        interrupted()
    } else {
        Problem::Nonsense(error.root_cause().to_string())
    };
    let backtrace = error
        .downcast_ref::<WasmBacktrace>()
        .filter(|trace| !trace.frames().is_empty())
        .map(ToString::to_string);
    Failed {
        problem,
        backtrace,
        is_broken: true,
    }
}

/// The future of a task has the cause in its place.
fn interrupted() -> Problem {
    Problem::NoInstance("it was interrupted".to_owned())
}

/// Whether a guest whose allocation failed may end in this way.
fn is_refusal(trap: &wasmtime::Trap) -> bool {
    matches!(
        trap,
        wasmtime::Trap::UnreachableCodeReached
            | wasmtime::Trap::MemoryOutOfBounds
            | wasmtime::Trap::TableOutOfBounds
            | wasmtime::Trap::AllocationTooLarge
    )
}

fn exit_code(error: &wasmtime::Error) -> Option<i32> {
    Some(error.downcast_ref::<wasmtime_wasi::I32Exit>()?.0)
}

fn kind(trap: wasmtime::Trap) -> Trap {
    match trap {
        wasmtime::Trap::MemoryOutOfBounds | wasmtime::Trap::HeapMisaligned => {
            Trap::MemoryOutOfBounds
        }
        wasmtime::Trap::TableOutOfBounds
        | wasmtime::Trap::IndirectCallToNull
        | wasmtime::Trap::BadSignature => Trap::BadTableEntry,
        wasmtime::Trap::StackOverflow => Trap::StackOverflow,
        wasmtime::Trap::IntegerDivisionByZero => Trap::DivisionByZero,
        wasmtime::Trap::IntegerOverflow | wasmtime::Trap::BadConversionToInteger => {
            Trap::IntegerOverflow
        }
        wasmtime::Trap::UnreachableCodeReached => Trap::Unreachable,
        _ => Trap::Other,
    }
}
