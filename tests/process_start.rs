//! Programs of all kinds start themselves again as workers, or are told why they cannot.

// The tests stand outside of the house: they ask the kernel themselves, so that a fault in the
// library's own doors cannot hide itself.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Compiles one file of tests/process_start against the library that this test was built with.
fn compile(source: &str, to: &Path, flags: &[&str]) -> Result<(), String> {
    let here = std::env::current_exe().expect("a path");
    let deps = here.parent().expect("target/…/deps");
    let libraries = std::fs::read_dir(deps).expect("a folder").flatten();
    let libraries = libraries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("libraddle-") && name.ends_with(".rlib"))
    });
    let newest = libraries.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    let mut raddle = OsString::from("raddle=");
    raddle.push(newest.expect("libraddle"));
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition", "2024", "--cap-lints", "allow", "--extern"])
        .arg(raddle)
        .arg("-L")
        .arg(format!("dependency={}", deps.display()))
        .args(flags)
        .arg("-o")
        .arg(to)
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/process_start")
                .join(source),
        )
        .output()
        .expect("rustc");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(text)
}

/// The program, as it is usually built. Each test has a copy of its own.
fn program(folder: &Path) -> PathBuf {
    static BUILT: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, built) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("program");
        compile("program.rs", &path, &[]).expect("it compiles");
        (folder, path)
    });
    let copy = folder.join("program");
    std::fs::copy(built, &copy).expect("copied");
    copy
}

fn run(command: &mut Command) -> (Option<i32>, String) {
    let output = command.stderr(Stdio::inherit()).output().expect("it runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// It says the answer, and that another process had it.
#[track_caller]
fn answers(said: &str) {
    let words: Vec<&str> = said.split_whitespace().collect();
    let [answer, worker, parent] = words[..] else {
        panic!("it said: {said}")
    };
    assert_eq!(answer, "42");
    assert_ne!(worker, parent);
}

#[track_caller]
fn works(program: &Path, mode: &str) {
    let (code, said) = run(Command::new(program).env("MODE", mode));
    assert_eq!(code, Some(0), "{said}");
    answers(&said);
}

#[test]
fn a_program_starts_itself_again() {
    let folder = tempfile::tempdir().unwrap();
    works(&program(folder.path()), "plain");
}

#[test]
fn its_file_may_be_gone_or_another_one() {
    let folder = tempfile::tempdir().unwrap();
    works(&program(folder.path()), "deleted");
    works(&program(folder.path()), "replaced");
}

#[test]
fn a_worker_can_begin_in_main() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path());
    let (code, said) = run(Command::new(&program)
        .env("MODE", "main")
        .env("CALLS_WORKER_MAIN", "yes"));
    assert_eq!(code, Some(0), "{said}");
    answers(&said);
}

/// Without the line in `main` each worker would be a parent again.
#[test]
fn a_program_without_worker_main_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(Command::new(program(folder.path())).env("MODE", "main"));
    assert_eq!(code, Some(3), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(
        last.contains("call `raddle::worker_main()` as the first line of `main`"),
        "{said}"
    );
}

#[test]
fn a_mark_of_somebody_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(Command::new(program(folder.path()))
        .env("MODE", "plain")
        .env("RADDLE_WORKER", "yes"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("RADDLE_WORKER is set"), "{said}");
}

#[test]
fn a_program_at_a_fixed_address_works_and_may_be_stripped() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("fixed");
    compile(
        "program.rs",
        &program,
        &["-C", "relocation-model=static", "-C", "strip=symbols"],
    )
    .unwrap();
    works(&program, "plain");
}

#[test]
fn an_optimized_program_without_unused_sections_works() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("small");
    let flags = [
        "-C",
        "opt-level=3",
        "-C",
        "codegen-units=1",
        "-C",
        "link-arg=-Wl,--gc-sections",
        "-C",
        "strip=symbols",
    ];
    compile("program.rs", &program, &flags).unwrap();
    works(&program, "deleted");
}

/// With the C library inside; it is `static-pie` where the target knows that.
#[test]
fn a_static_program_works() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["pic", "static"] {
        let program = folder.path().join(model);
        let model = format!("relocation-model={model}");
        match compile(
            "program.rs",
            &program,
            &["-C", "target-feature=+crt-static", "-C", &model],
        ) {
            Ok(()) => works(&program, "plain"),
            Err(text) if text.contains("-lc") => {
                eprintln!("SKIPPED: no static C library here ({model}): {text}");
            }
            Err(text) => panic!("{text}"),
        }
    }
}

#[test]
fn a_pool_in_a_shared_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (library, host) = (folder.path().join("library.so"), folder.path().join("host"));
    compile("library.rs", &library, &["--crate-type", "cdylib"]).unwrap();
    compile("host.rs", &host, &[]).unwrap();
    let (code, said) = run(Command::new(&host).env("LIBRARY", &library));
    assert_eq!(code, Some(0));
    assert!(
        said.starts_with("refused: raddle is linked into the shared library"),
        "{said}"
    );
    assert!(said.contains("library.so"), "{said}");
}

#[test]
fn workers_die_with_a_parent_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut parent = Command::new(program(folder.path()))
        .env("MODE", "stay")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(parent.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    answers(&line);
    let worker: libc::pid_t = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    // SAFETY: numbers only; answers with a new descriptor.
    let held = unsafe { libc::syscall(libc::SYS_pidfd_open, worker, 0) };
    assert!(held >= 0, "the worker lives");
    // SAFETY: a new descriptor that nobody else owns.
    let _held = unsafe { OwnedFd::from_raw_fd(held as i32) };
    parent.kill().unwrap();
    parent.wait().unwrap();
    let mut poll = libc::pollfd {
        fd: held as i32,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one struct, which outlives the call.
    while unsafe { libc::poll(&raw mut poll, 1, -1) } != 1 {}
}
