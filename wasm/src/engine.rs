//! How wasmtime is set up.

use crate::error::BuildError;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails,
};

/// The stack of a guest's functions, in bytes. It is part of the isolate's own.
pub const GUEST_STACK: usize = 512 << 10;
/// The stack of an isolate, whatever the environment says about threads: the guest's, and what calls of the host need.
pub const STACK: usize = GUEST_STACK + (3 << 19);
/// The most memories, tables and core modules of one component.
const PARTS: u32 = 8;
/// How many core instances a component may have: the guest's, and those by which the tools adapt it.
const CORE_INSTANCES: u32 = 32;

/// What decides how code is compiled. A module that one engine has compiled fits each other one.
fn code() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK)
        // A worker calls one function at a time. If another crate of the program asks wasmtime for more, a call would pay for it.
        .concurrency_support(false)
        .memory_init_cow(true)
        .cranelift_opt_level(OptLevel::Speed)
        // Names cost little. Files and lines take a look at all debug information for each trap: only if the environment asks for it.
        .wasm_backtrace_details(WasmBacktraceDetails::Environment);
    config
}

fn engine(config: &Config) -> Result<Engine, BuildError> {
    Engine::new(config).map_err(|error| BuildError::Engine {
        why: format!("{error:#}"),
    })
}

/// An engine that compiles.
pub fn compiler() -> Result<Engine, BuildError> {
    engine(&code())
}

/// An engine whose instances take their memories from a pool: so many instances at a time, with these limits each.
pub fn pooled(instances: usize, memory: usize, table: usize) -> Result<Engine, BuildError> {
    let count = u32::try_from(instances).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(count)
        .total_core_instances(count.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(count.saturating_mul(2))
        .max_memories_per_component(PARTS)
        .total_tables(count.saturating_mul(PARTS))
        .max_tables_per_component(PARTS)
        .max_tables_per_module(PARTS)
        .table_elements(table)
        .max_memory_size(memory)
        // No function of a guest runs on a stack of its own. Each would cost a system call when the engine is made.
        .total_stacks(0)
        // An instance that is made for a task that follows another one finds its pages there. Those that the other one has written are
        // cleared, where the kernel (Linux 6.7) tells which these are; elsewhere the lowest ones, which may be many more.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(count);
    let mut config = code();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    engine(&config)
}
