//! Limits and settings at their ends: what cannot be used is an error, and what can be used is used.

use raddle::{Future, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{Access, GuestError, Module, Problem, Trap, WasmPool, WasmPoolBuilder};
use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

fn hostile() -> WasmPoolBuilder {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::from_file(guests::hostile_plain()).unwrap());
    WasmPool::builder().module(module).workers(1)
}

fn problem<R: std::fmt::Debug>(future: Future<R>) -> Problem {
    match future.result() {
        Err(TaskError::Failed(error)) => {
            let error = error.downcast_ref::<GuestError>().unwrap();
            error.problem().clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_setting_that_is_too_large_is_an_error_or_harmless() {
    for builder in [
        hostile().workers(usize::MAX),
        hostile().workers(1 << 20),
        hostile().table_limit(usize::MAX),
        hostile().table_limit(1 << 40),
        hostile().memory_limit(usize::MAX),
        hostile().memory_limit(0),
        hostile().table_limit(0),
        hostile().module_limit(0),
        hostile().queue_limit(usize::MAX),
        hostile().start_timeout(Duration::MAX),
        hostile().task_timeout(Duration::MAX),
        hostile().env("a=b\0", "c\0").arg("\0"),
        hostile().name("\0\0"),
        hostile().directory("/", "", Access::Read),
        hostile().directory("/dev/null", "/", Access::Read),
    ] {
        match builder.build() {
            Ok(pool) => assert_eq!(pool.submit::<_, u64>("well", 5u64).result().unwrap(), 5),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn a_long_answer_arrives() {
    let pool = hostile().memory_limit(1 << 30).build().unwrap();
    let huge = pool.bytes_function("huge_bytes").unwrap();
    let length = (128u64 << 20) + 1;
    let answer = pool.submit_bytes(&huge, length.to_le_bytes().to_vec());
    assert_eq!(answer.result().unwrap().len() as u64, length);
}

/// The stack of a guest lies on that of its worker, whose length the environment must not decide.
#[test]
fn a_deep_recursion_costs_its_task_where_threads_have_small_stacks() {
    const CODE: &str = "RADDLE_TEST_SMALL_STACKS";
    let Some(code) = std::env::var_os(CODE) else {
        // The compiler's own threads need more: it runs here.
        let code = tempfile::NamedTempFile::new().unwrap();
        let module = Module::from_file(guests::hostile_plain()).unwrap();
        std::fs::write(&code, module.to_compiled()).unwrap();
        let out = Command::new(std::env::current_exe().unwrap())
            .args(["small_stacks", "--nocapture"])
            .env(CODE, code.path())
            .env("RUST_MIN_STACK", (128 << 10).to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "{}\n{said}", out.status);
        return;
    };
    let test = move || {
        let code = std::fs::read(code).unwrap();
        // SAFETY: the parent has it from `to_compiled`.
        let module = unsafe { Module::from_compiled("hostile", &code) }.unwrap();
        let pool = WasmPool::builder().module(&module).workers(1);
        let pool = pool.build().unwrap();
        for _ in 0..3 {
            let deep = problem(pool.submit::<_, u64>("overflow", 0u64));
            assert_eq!(deep, Problem::Trapped(Trap::StackOverflow));
            assert_eq!(pool.submit::<_, u64>("well", 5u64).result().unwrap(), 5);
        }
    };
    let large = thread::Builder::new().stack_size(8 << 20);
    large.spawn(test).unwrap().join().unwrap();
}

#[test]
fn growth_that_the_guest_itself_forbids_counts_for_nothing() {
    let text = guests::text("own_maximum");
    let pool = WasmPool::builder()
        .bytes("own_maximum", text)
        .workers(1)
        .memory_limit(4 << 16)
        .build()
        .unwrap();
    let grow = pool.bytes_function("grow").unwrap();
    let pages = pool.submit_bytes(&grow, Vec::new()).result().unwrap();
    assert_eq!(pages, 3u32.to_le_bytes());
}

#[test]
fn more_open_files_than_the_limit_cost_the_task() {
    let module = Module::from_file(guests::curious()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("in"), "warp").unwrap();
    let pool = WasmPool::builder()
        .module(&module)
        .workers(1)
        .directory(folder.path(), "/data", Access::Read)
        .handle_limit(100)
        .build()
        .unwrap();
    let keep = |times: u64| pool.submit::<_, u64>("keep_open", ("/data/in".to_owned(), times));
    assert_eq!(keep(50).result().unwrap(), 50);
    assert_eq!(problem(keep(51)), Problem::HandleLimit { limit: 100 });
    // Those of the instance that ended are closed.
    assert_eq!(keep(90).result().unwrap(), 90);
}
