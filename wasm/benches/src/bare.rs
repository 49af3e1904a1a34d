//! wasmtime alone on the calling thread: the same machine code, an engine with the same settings, the same export with the
//! same types. What a call costs without a pool.

use crate::guests;
use wasmtime::component::{Component, ComponentType, Func, InstancePre, Lift, Linker, TypedFunc};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    ResourceLimiter, Store, StoreContextMut, UpdateDeadline, WasmBacktraceDetails,
};

const HOST: &str = "raddle:guest/host@1.0.0";
const TASKS: &str = "raddle:guest/tasks@1.0.0";
/// The unit value in MessagePack.
const UNIT: &[u8] = &[0xc0];

/// As raddle-wasm has it by default, for one instance. wasmtime refuses the machine code that raddle-wasm has compiled
/// if what concerns the code differs.
fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(1)
        .total_core_instances(32)
        .max_core_instances_per_component(32)
        .total_memories(2)
        .max_memories_per_component(8)
        .total_tables(8)
        .max_tables_per_component(8)
        .max_tables_per_module(8)
        .table_elements(10_000)
        .max_memory_size(64 << 20)
        .total_stacks(0)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(1);
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .concurrency_support(false)
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_details(WasmBacktraceDetails::Environment)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("settings that raddle-wasm has too")
}

/// A call of `raddle:guest/tasks`.
type Arguments<'a> = (u32, &'a [u8]);
type Outcome = (Result<Vec<u8>, Failure>,);

/// As in raddle.wit.
#[derive(Clone, Debug, ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code)]
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

#[derive(Clone, Copy, Debug, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code)]
enum Encoding {
    #[component(name = "message-pack")]
    MessagePack,
    #[component(name = "json")]
    Json,
    #[component(name = "bytes")]
    Bytes,
}

#[derive(Clone, Debug, ComponentType, Lift)]
#[component(record)]
#[allow(dead_code)]
struct Entry {
    name: String,
    encoding: Encoding,
    argument: String,
    result: String,
}

/// The host's data: an instance gets what it asks for.
struct Host;

impl ResourceLimiter for Host {
    fn memory_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// One instance.
pub struct Bare {
    store: Store<Host>,
    list: Func,
    /// Of the type `Arguments` to `Outcome`, which was checked.
    call: Func,
}

impl Bare {
    /// The number of a task.
    pub fn find(&mut self, name: &str) -> u32 {
        let list = self.list.typed::<(), (Vec<Entry>,)>(&self.store);
        let list = list.expect("the types of raddle.wit");
        let (tasks,) = list.call(&mut self.store, ()).expect("a good guest");
        let at = tasks.iter().position(|task| task.name == name);
        at.expect("the guest has it") as u32
    }

    /// One call with an encoded argument.
    #[inline]
    pub fn call(&mut self, task: u32, argument: &[u8]) -> Vec<u8> {
        // SAFETY: `instance` has checked that the function has this type.
        let call = unsafe { TypedFunc::<Arguments<'_>, Outcome>::new_unchecked(self.call) };
        let (outcome,) = call
            .call(&mut self.store, (task, argument))
            .expect("a good guest");
        outcome.expect("a good task")
    }

    /// One call of the empty function.
    #[inline]
    pub fn nothing(&mut self, nothing: u32) {
        let answer = self.call(nothing, UNIT);
        assert_eq!(answer, UNIT, "a wrong answer came back");
    }
}

/// Makes instances, one at a time.
pub struct Maker(InstancePre<Host>);

impl Maker {
    pub fn new() -> Maker {
        let engine = engine();
        // SAFETY: the code is what raddle-wasm has compiled in this process.
        let component = unsafe { Component::deserialize(&engine, guests::plain().to_compiled()) };
        let component = component.expect("an engine with the same settings");
        let mut linker = Linker::new(&engine);
        let mut host = linker.instance(HOST).expect("nothing else is linked");
        let ignored = |_: StoreContextMut<'_, Host>, (_,): (String,)| Ok(());
        host.func_wrap("panicked", ignored)
            .expect("nothing else is linked");
        Maker(
            linker
                .instantiate_pre(&component)
                .expect("it imports no more"),
        )
    }

    pub fn instance(&self) -> Bare {
        let mut store = Store::new(self.0.engine(), Host);
        store.limiter(|host| host);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
        let instance = self.0.instantiate(&mut store).expect("a good guest");
        let tasks = instance.get_export_index(&mut store, None, TASKS);
        let mut function = |name: &str| {
            let index = instance.get_export_index(&mut store, tasks.as_ref(), name);
            let function = instance.get_func(&mut store, index.expect("a guest exports it"));
            function.expect("it is a function")
        };
        let (list, call) = (function("list"), function("call"));
        call.typed::<Arguments<'_>, Outcome>(&store)
            .expect("the types of raddle.wit");
        Bare { store, list, call }
    }
}
