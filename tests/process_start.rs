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
    // Not by this process: another test would start a child between opening and closing, and a file that
    // is open for writing cannot be run.
    let copied = Command::new("cp").arg(built).arg(&copy).status();
    assert!(copied.expect("cp").success());
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
        last.contains("call `raddle::process::worker_main()` as the first line of `main`"),
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

/// It has raddle a second time: what it names by an offset from its own anchor no worker of the host would find.
#[test]
fn a_task_of_a_library_that_was_loaded_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (library, host) = (folder.path().join("plugin.so"), folder.path().join("host"));
    compile("plugin.rs", &library, &["--crate-type", "cdylib"]).unwrap();
    compile("plugin_host.rs", &host, &[]).unwrap();
    let (code, said) = run(Command::new(&host).env("LIBRARY", &library));
    assert_eq!(code, Some(0), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    let [refused, answer] = lines[..] else {
        panic!("{said}")
    };
    assert!(refused.starts_with("refused: "), "{said}");
    assert!(refused.contains("plugin.so"), "{said}");
    assert_eq!(answer, "42", "the pool goes on");
}

/// The code of the task's entry is the program's; what it calls the loader finds in the worker as in the parent.
#[test]
fn a_function_of_a_shared_library_is_a_task() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libshared.so");
    let dynamic = ["-C", "prefer-dynamic"];
    let flags = ["--crate-type", "dylib", "-C", "prefer-dynamic"];
    compile("shared.rs", &library, &flags).unwrap();
    let program = folder.path().join("linked");
    let shared = format!("shared={}", library.display());
    let flags = [&dynamic[..], &["--extern", &shared]].concat();
    compile("linked.rs", &program, &flags).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let (_, places) = run(Command::new(rustc).args(["--print", "target-libdir"]));
    let places = format!("{}:{}", folder.path().display(), places.trim());
    let (code, said) = run(Command::new(&program).env("LD_LIBRARY_PATH", places));
    assert_eq!(code, Some(0), "{said}");
    answers(&said);
}

#[test]
fn a_library_uses_it_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libmiddle.rlib");
    compile("middle.rs", &library, &["--crate-type", "rlib"]).unwrap();
    let middle = format!("middle={}", library.display());
    let program = folder.path().join("user");
    compile("user.rs", &program, &["--extern", &middle]).unwrap();
    let (code, said) = run(&mut Command::new(&program));
    assert_eq!(code, Some(0), "{said}");
    answers(&said);
}

#[test]
fn a_preloaded_library_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("preload.so");
    compile("preload.rs", &library, &["--crate-type", "cdylib"]).unwrap();
    let notes = folder.path().join("notes");
    let (code, said) = run(Command::new(program(folder.path()))
        .env("MODE", "plain")
        .env("LD_PRELOAD", &library)
        .env("PRELOADED", &notes));
    assert_eq!(code, Some(0), "{said}");
    answers(&said);
    let pids: Vec<&str> = said.split_whitespace().skip(1).collect();
    let loaded = std::fs::read_to_string(notes).unwrap();
    for pid in pids {
        assert!(loaded.lines().any(|line| line == pid), "{pid} of {loaded}");
    }
}

#[test]
fn a_pool_in_a_static_works() {
    let folder = tempfile::tempdir().unwrap();
    works(&program(folder.path()), "static");
}

#[test]
fn a_worker_may_have_a_pool_of_processes_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    works(&program(folder.path()), "within");
}

#[test]
fn a_pool_is_used_while_a_thread_and_the_program_end() {
    let folder = tempfile::tempdir().unwrap();
    let (code, said) = run(Command::new(program(folder.path())).env("MODE", "late"));
    assert_eq!(code, Some(0), "{said}");
    // At the end of a thread, of the main thread, and of the process.
    assert_eq!(said.lines().count(), 3, "{said}");
    said.lines().for_each(answers);
}

/// May a file of this folder give its program more rights than the caller's?
fn rights_can_be_raised(folder: &Path) -> Result<(), &'static str> {
    use std::os::unix::ffi::OsStrExt;
    // SAFETY: no arguments.
    if unsafe { libc::geteuid() } != 0 {
        return Err("only root can give a file to another user");
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if status.lines().any(|line| line == "NoNewPrivs:\t1") {
        return Err("this process has renounced new privileges");
    }
    let path = std::ffi::CString::new(folder.as_os_str().as_bytes()).expect("a path");
    // SAFETY: plain numbers.
    let mut system: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a string and a struct that outlive the call.
    let looked = unsafe { libc::statvfs(path.as_ptr(), &raw mut system) };
    if looked != 0 || system.f_flag & libc::ST_NOSUID != 0 {
        return Err("the folder for temporary files is mounted nosuid");
    }
    Ok(())
}

/// Whoever starts such a program could give it a mark, a socket and an offset, and choose what it runs with rights that
/// they do not have.
#[test]
fn a_program_with_raised_rights_is_no_worker() {
    use std::os::unix::fs::{PermissionsExt, chown};
    let folder = tempfile::tempdir().unwrap();
    if let Err(why) = rights_can_be_raised(folder.path()) {
        eprintln!("SKIPPED: no set-user-ID program here: {why}");
        return;
    }
    let program = program(folder.path());
    // The marker that makes a worker of this very program, which any process can see.
    let mut parent = Command::new(&program)
        .env("MODE", "stay")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(parent.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let worker = line.split_whitespace().nth(1).unwrap();
    let environment = std::fs::read(format!("/proc/{worker}/environ")).unwrap();
    let mark = environment
        .split(|&byte| byte == 0)
        .find_map(|one| one.strip_prefix(b"RADDLE_WORKER="))
        .unwrap();
    let mark = String::from_utf8(mark.to_vec()).unwrap();
    drop(parent.stdin.take());
    parent.wait().unwrap();

    chown(&program, Some(65534), None).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o4755)).unwrap();
    for mark in [None, Some(mark)] {
        let mut command = Command::new(&program);
        command.env("MODE", "plain");
        if let Some(mark) = mark {
            command.env("RADDLE_WORKER", mark);
        }
        let (code, said) = run(&mut command);
        assert_eq!(code, Some(3), "{said}");
        assert!(
            said.starts_with("refused: this program runs with rights"),
            "{said}"
        );
    }
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
    // SAFETY: a new descriptor that nothing else owns.
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
