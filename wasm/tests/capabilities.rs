//! A guest can do what it was given, by name, and nothing else.

use raddle::{Future, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{Access, BuildError, GuestError, Module, Problem, WasmPool, WasmPoolBuilder};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::sync::OnceLock;

fn curious() -> WasmPoolBuilder {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::from_file(guests::curious()).unwrap());
    WasmPool::builder()
        .module(module)
        .workers(1)
        .name("curious")
}

fn problem<R: std::fmt::Debug>(future: Future<R>) -> Problem {
    match future.result() {
        Err(TaskError::Failed(error)) => error
            .downcast_ref::<GuestError>()
            .unwrap()
            .problem()
            .clone(),
        other => panic!("{other:?}"),
    }
}

/// It called something of this interface, and the builder's call that gives it is in the text.
fn not_given<R: std::fmt::Debug>(future: Future<R>, interface: &str, how: &str) {
    let problem = problem(future);
    assert!(
        matches!(&problem, Problem::NotGiven { import } if import.starts_with(interface)),
        "{problem}"
    );
    assert!(
        problem
            .to_string()
            .ends_with(&format!("build the pool with `{how}` to give it")),
        "{problem}"
    );
}

#[test]
fn without_anything_given_there_is_nothing() {
    let pool = curious().build().unwrap();
    not_given(
        pool.submit::<_, String>("read_file", "/etc/passwd".to_owned()),
        "wasi:filesystem/",
        "directory(..)",
    );
    not_given(pool.submit::<_, u64>("now", ()), "wasi:clocks/", "clocks()");
    not_given(
        pool.submit::<_, u64>("instant", ()),
        "wasi:clocks/",
        "clocks()",
    );
    not_given(
        pool.submit::<_, ()>("sleep", 1u64),
        "wasi:clocks/",
        "clocks()",
    );
    not_given(
        pool.submit::<_, ()>("connect", "127.0.0.1:1".to_owned()),
        "wasi:sockets/",
        "network()",
    );
    assert_eq!(
        pool.submit::<_, Vec<(String, String)>>("env_all", ())
            .result()
            .unwrap(),
        []
    );
    assert_eq!(
        pool.submit::<_, Option<String>>("env_var", "PATH".to_owned())
            .result()
            .unwrap(),
        None
    );
    assert_eq!(
        pool.submit::<_, Vec<String>>("args", ()).result().unwrap(),
        Vec::<String>::new()
    );
    // What it prints goes nowhere, and it reads nothing.
    pool.submit::<_, ()>("print", "hello".to_owned())
        .result()
        .unwrap();
    assert_eq!(
        pool.submit::<_, String>("read_line", ()).result().unwrap(),
        ""
    );
    assert_eq!(pool.submit::<_, u64>("well", 5u64).result().unwrap(), 5);
}

#[test]
fn what_is_given_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in"), "warp").unwrap();
    let pool = curious()
        .directory(folder.path(), "/data", Access::ReadWrite)
        .env("LOOM", "jacquard")
        .arg("first")
        .clocks()
        .random()
        .build()
        .unwrap();
    let read = pool.submit::<_, String>("read_file", "/data/in".to_owned());
    assert_eq!(read.result().unwrap(), "warp");
    let written = pool.submit::<_, ()>("write_file", ("/data/out".to_owned(), "weft".to_owned()));
    written.result().unwrap();
    assert_eq!(
        fs::read_to_string(folder.path().join("out")).unwrap(),
        "weft"
    );
    // Outside of the directory there is nothing, by whichever way.
    symlink("/etc", folder.path().join("link")).unwrap();
    for path in [
        "/etc/passwd",
        "/data/link/passwd",
        "/data/../etc/passwd",
        "/data/../../etc/passwd",
    ] {
        let read = pool.submit::<_, String>("read_file", path.to_owned());
        assert!(matches!(problem(read), Problem::Failed(_)), "{path}");
    }
    let value = pool.submit::<_, Option<String>>("env_var", "LOOM".to_owned());
    assert_eq!(value.result().unwrap().as_deref(), Some("jacquard"));
    assert_eq!(
        pool.submit::<_, Vec<String>>("args", ()).result().unwrap(),
        ["first"]
    );
    assert!(pool.submit::<_, u64>("now", ()).result().unwrap() > 1_700_000_000_000_000_000);
    pool.submit::<_, ()>("sleep", 1u64).result().unwrap();
    pool.submit::<_, u64>("random", ()).result().unwrap();
}

#[test]
fn a_directory_to_read_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("in"), "warp").unwrap();
    let pool = curious()
        .directory(folder.path(), "/data", Access::Read)
        .build()
        .unwrap();
    let read = pool.submit::<_, String>("read_file", "/data/in".to_owned());
    assert_eq!(read.result().unwrap(), "warp");
    for name in ["/data/in", "/data/new"] {
        let written = pool.submit::<_, ()>("write_file", (name.to_owned(), "weft".to_owned()));
        assert!(matches!(problem(written), Problem::Failed(_)));
    }
    let removed = pool.submit::<_, ()>("remove_file", "/data/in".to_owned());
    assert!(matches!(problem(removed), Problem::Failed(_)));
    assert_eq!(
        fs::read_to_string(folder.path().join("in")).unwrap(),
        "warp"
    );
}

#[test]
fn a_network_that_is_given_can_be_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let pool = curious().network().clocks().build().unwrap();
    pool.submit::<_, ()>("connect", address).result().unwrap();
    listener.accept().unwrap();
}

#[test]
fn a_guest_that_ends_itself_costs_its_task() {
    let pool = curious().build().unwrap();
    for code in [0, 1] {
        let exited = problem(pool.submit::<_, ()>("exit", code));
        assert_eq!(exited, Problem::Exited { code });
    }
    assert!(matches!(
        problem(pool.submit::<_, ()>("abort", ())),
        Problem::Trapped(_)
    ));
    assert_eq!(pool.submit::<_, u64>("well", 5u64).result().unwrap(), 5);
}

#[test]
fn a_directory_that_is_not_there_is_an_error_of_build() {
    let error = curious()
        .directory("/no/such/place", "/data", Access::Read)
        .build()
        .unwrap_err();
    assert!(
        matches!(&error, BuildError::Directory { path, .. } if path.ends_with("no/such/place")),
        "{error}"
    );
}
