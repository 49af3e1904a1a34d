//! Modules that cannot be used, or that say what is not so.

use raddle::{BuildError as PoolError, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{BuildError, GuestError, Module, Problem, Trap, WasmPool, WasmPoolBuilder};
use std::time::Duration;

fn text(name: &str) -> WasmPoolBuilder {
    WasmPool::builder()
        .bytes(name, guests::text(name))
        .workers(1)
        .name("text")
}

fn error(builder: WasmPoolBuilder) -> BuildError {
    builder.build().unwrap_err()
}

#[test]
fn a_text_is_run() {
    let pool = text("echo").build().unwrap();
    assert_eq!(pool.functions().collect::<Vec<_>>(), ["echo"]);
    let echo = pool.bytes_function("echo").unwrap();
    assert_eq!(
        pool.submit_bytes(&echo, b"warp".to_vec()).result().unwrap(),
        b"warp"
    );
}

#[test]
fn what_is_no_guest_is_an_error_of_build() {
    assert!(matches!(error(WasmPool::builder()), BuildError::NoModule));
    assert!(
        matches!(error(WasmPool::builder().file("/no/such.wasm")), BuildError::Read { path, .. } if path.ends_with("such.wasm"))
    );
    assert!(matches!(
        error(WasmPool::builder().bytes("empty", [])),
        BuildError::Invalid { .. }
    ));
    assert!(
        matches!(error(WasmPool::builder().bytes("noise", [7; 100])), BuildError::Invalid { module, .. } if module == "noise")
    );
    let syntax = error(text("syntax"));
    assert!(
        matches!(&syntax, BuildError::Invalid { module, why } if module == "syntax" && why.contains(":")),
        "{syntax}"
    );
    assert!(matches!(
        error(text("core_module")),
        BuildError::NotAComponent { .. }
    ));
    assert!(
        matches!(error(text("no_exports")), BuildError::NoTasks { exports, .. } if exports.is_empty())
    );
    let version = error(text("other_version"));
    assert!(
        matches!(&version, BuildError::OtherVersion { export, .. } if export == "raddle:guest/tasks@2.0.0"),
        "{version}"
    );
    let import = error(text("wants_import"));
    assert!(
        matches!(&import, BuildError::MissingImport { import, .. } if import == "test:thing/given"),
        "{import}"
    );
    for name in ["only_list", "other_types", "wants_other_host"] {
        let error = error(text(name));
        assert!(
            matches!(error, BuildError::Start(_) | BuildError::Invalid { .. }),
            "{name}: {error}"
        );
    }
    let large = error(text("echo").module_limit(10));
    assert!(
        matches!(large, BuildError::TooLarge { limit: 10, .. }),
        "{large}"
    );
    let whole = std::fs::read(guests::ordinary_plain()).unwrap();
    let cut = error(WasmPool::builder().bytes("cut", &whole[..whole.len() / 2]));
    assert!(matches!(cut, BuildError::Invalid { .. }), "{cut}");
}

#[test]
fn a_start_that_fails_is_an_error_of_build() {
    let problem = |name: &str| match error(text(name)) {
        BuildError::Start(error) => {
            assert_eq!((error.module(), error.worker()), (name, "text-0"));
            error.problem().clone()
        }
        other => panic!("{name}: {other}"),
    };
    assert_eq!(problem("bad_start"), Problem::Trapped(Trap::Unreachable));
    assert_eq!(problem("list_traps"), Problem::Trapped(Trap::Unreachable));
    for name in [
        "list_outside",
        "list_huge",
        "list_text",
        "list_discriminant",
    ] {
        let problem = problem(name);
        assert!(matches!(problem, Problem::Nonsense(_)), "{name}: {problem}");
    }
    for name in ["list_twice", "list_many"] {
        assert!(
            matches!(error(text(name)), BuildError::SameName { .. }),
            "{name}"
        );
    }
    assert_eq!(text("list_empty").build().unwrap().functions().count(), 0);
}

#[test]
fn a_start_that_does_not_end_is_an_error_of_build() {
    for name in ["endless_start", "list_endless"] {
        let error = error(text(name).start_timeout(Duration::from_millis(50)));
        assert!(
            matches!(error, BuildError::Pool(PoolError::StartTimeout { .. })),
            "{name}: {error}"
        );
    }
}

#[test]
fn memory_and_tables_that_are_too_large_from_the_start() {
    for name in ["big_memory", "big_table"] {
        let error = error(text(name).memory_limit(1 << 20).table_limit(100));
        assert!(
            matches!(error, BuildError::Start(_) | BuildError::Invalid { .. }),
            "{name}: {error}"
        );
    }
    let large = error(text("echo").memory_limit(5 << 30));
    assert!(
        matches!(
            large,
            BuildError::BadLimit {
                what: "memory_limit",
                ..
            }
        ),
        "{large}"
    );
}

#[test]
fn zero_workers_are_an_error() {
    let error = error(text("echo").workers(0));
    assert!(
        matches!(error, BuildError::Pool(PoolError::ZeroWorkers)),
        "{error}"
    );
}

#[test]
fn answers_that_are_none_cost_their_task() {
    let pool = text("answers").build().unwrap();
    let names: Vec<String> = pool.functions().map(str::to_owned).collect();
    assert!(names.len() > 5);
    for name in names {
        let function = pool.bytes_function(&name).unwrap();
        let outcome = pool.submit_bytes(&function, vec![1, 2, 3]).result();
        match outcome {
            Ok(answer) => assert!(answer.len() < 1 << 20, "{name}"),
            Err(TaskError::Failed(error)) => {
                let error = error.downcast_ref::<GuestError>().unwrap();
                assert_eq!(error.function(), name);
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn a_table_grows_to_its_limit() {
    let pool = text("table").table_limit(25_000).build().unwrap();
    let grow = pool.bytes_function("grow").unwrap();
    for _ in 0..2 {
        let length = pool.submit_bytes(&grow, Vec::new()).result().unwrap();
        assert_eq!(length, 20_001u32.to_le_bytes());
    }
}

#[test]
fn a_compiled_module_is_used_again() {
    let module = Module::from_bytes("echo", guests::text("echo").as_bytes()).unwrap();
    let code = module.to_compiled().to_vec();
    // SAFETY: they come from `to_compiled`.
    let again = unsafe { Module::from_compiled("again", &code) }.unwrap();
    let pool = WasmPool::builder()
        .module(&again)
        .workers(2)
        .build()
        .unwrap();
    let echo = pool.bytes_function("echo").unwrap();
    assert_eq!(pool.submit_bytes(&echo, vec![1]).result().unwrap(), [1]);
    // SAFETY: they are no machine code, and are not taken.
    let noise = unsafe { Module::from_compiled("noise", &[0; 10]) };
    assert!(matches!(noise, Err(BuildError::Invalid { .. })));
    // A handle of one pool of a module can be used with another, and with no other module's.
    let pool = WasmPool::builder()
        .module(&module)
        .workers(1)
        .build()
        .unwrap();
    assert!(pool.submit_bytes(&echo, vec![1]).result().is_err());
    let one = pool.bytes_function("echo").unwrap();
    let other = WasmPool::builder()
        .module(&module)
        .workers(1)
        .build()
        .unwrap();
    assert_eq!(other.submit_bytes(&one, vec![2]).result().unwrap(), [2]);
}
