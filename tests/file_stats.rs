//! The parallel file processor, run as its user runs it and compared with `wc`.

#[path = "../examples/file_stats/count.rs"]
mod count;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The example's binary. Cargo builds examples beside a full test run but not for this file alone,
/// so this builds it, which is nothing if it is fresh.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // target[/triple]/profile/deps/file_stats-hash
        let test = std::env::current_exe().expect("this test has a path");
        let profile = test
            .ancestors()
            .nth(2)
            .expect("a test binary lies in a profile's deps");
        let binary = profile.join("examples/file_stats");
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--example", "file_stats"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        // Only the usual layout says where the target folder is; elsewhere what is there is taken.
        if let Some(target) = profile
            .parent()
            .filter(|dir| dir.join("CACHEDIR.TAG").exists())
        {
            build.arg("--target-dir").arg(target);
            assert!(
                build.status().expect("cargo runs").success(),
                "{build:?} failed"
            );
        }
        assert!(binary.exists(), "no example at {}", binary.display());
        binary
    })
}

fn file_stats<I: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = I>) -> Output {
    Command::new(binary())
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("file_stats runs")
}

fn json<I: AsRef<OsStr>>(folder: &Path, args: impl IntoIterator<Item = I>) -> (Value, i32) {
    let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
    let output = file_stats(folder, args.chain([OsString::from("--json")]));
    let report = serde_json::from_slice(&output.stdout).expect("the output is JSON");
    (report, exit_code(&output))
}

fn exit_code(output: &Output) -> i32 {
    output.status.code().expect("ended by itself")
}

/// `[lines, words, bytes]` as `wc` counts one file.
fn wc(file: &Path) -> [u64; 3] {
    let output = Command::new("wc")
        .env("LC_ALL", "C")
        .arg("-lwc")
        .stdin(File::open(file).expect("the file is readable"))
        .output()
        .expect("wc runs");
    let text = String::from_utf8(output.stdout).expect("wc prints numbers");
    let mut numbers = text
        .split_whitespace()
        .map(|n| n.parse().expect("a number"));
    [(); 3].map(|()| numbers.next().expect("three numbers"))
}

/// Since 9.5 `wc` counts words without a printable character too: then words only agree in text.
fn wc_counts_unprintable_words(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, b"\x80").expect("the folder is writable");
    let words = wc(&probe)[1];
    fs::remove_file(&probe).expect("the probe is ours");
    words > 0
}

/// Names and contents of a small tree with everything that counts differently.
fn contents() -> Vec<(&'static str, Vec<u8>)> {
    // Long enough for several chunks; the multi-byte characters fall on the cuts.
    let long: String = "zwölf Kämme €uro 🧵\n".repeat(20_000);
    let mut cut_short = long.clone().into_bytes();
    cut_short.truncate(cut_short.len() - 2);
    let all_bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    vec![
        ("ascii.txt", b"one two\nthree\n".to_vec()),
        ("deep/er/utf8.txt", "Grüße, 世界\n".as_bytes().to_vec()),
        ("deep/latin1.txt", b"Gr\xfc\xdfe aus K\xf6ln\n".to_vec()),
        ("deep/binary.bin", all_bytes),
        ("empty", Vec::new()),
        ("no-newline", b"the last line has no end".to_vec()),
        ("only-newlines", b"\n\n\n".to_vec()),
        ("white", b" \t\x0b\x0c\r  \n\x0b".to_vec()),
        ("nul", b"a\0b \0 c\n".to_vec()),
        (".hidden/long.txt", long.into_bytes()),
        (".hidden/cut.txt", cut_short),
        (".gitignore", b"*\n".to_vec()),
        ("two\nlines", b"odd name\n".to_vec()),
    ]
}

fn tree() -> TempDir {
    let root = TempDir::new().expect("a temporary folder");
    for (name, bytes) in contents() {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    root
}

fn by_path<'a>(report: &'a Value, list: &str) -> BTreeMap<&'a str, &'a Value> {
    let list = report[list].as_array().expect("a list");
    list.iter()
        .map(|entry| (entry["path"].as_str().expect("a path"), entry))
        .collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

#[test]
fn counts_are_those_of_wc() {
    let root = tree();
    let words_differ = wc_counts_unprintable_words(root.path());
    let (report, code) = json(root.path(), [] as [&str; 0]);
    assert_eq!(code, 0);
    let files = by_path(&report, "files");
    assert_eq!(files.len(), contents().len());

    let mut totals = [0; 3];
    for (name, bytes) in contents() {
        let file = files[&*format!("./{name}")];
        let ours = ["lines", "words", "bytes"].map(|key| number(&file[key]));
        let mut theirs = wc(&root.path().join(name));
        if words_differ && !bytes.is_ascii() {
            theirs[1] = ours[1];
        }
        assert_eq!(ours, theirs, "{name}: lines, words, bytes");
        assert_eq!(
            file["utf8"],
            Value::Bool(std::str::from_utf8(&bytes).is_ok()),
            "{name}"
        );
        let hash = format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&bytes));
        assert_eq!(file["hash"], Value::String(hash), "{name}");
        for (total, own) in totals.iter_mut().zip(ours) {
            *total += own;
        }
    }
    let total = &report["totals"];
    assert_eq!(
        ["lines", "words", "bytes"].map(|key| number(&total[key])),
        totals
    );
    assert_eq!(number(&total["files"]), files.len() as u64);
    assert_eq!(number(&total["failed"]), 0);
    // latin1.txt, binary.bin and cut.txt.
    assert_eq!(number(&total["not_utf8"]), 3);
}

#[test]
fn where_chunks_are_cut_makes_no_difference() {
    /// Gives at most `step` bytes per read.
    struct Pieces<'a>(Cursor<&'a [u8]>, usize);
    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let step = self.1.min(into.len());
            self.0.read(&mut into[..step])
        }
    }
    for (name, bytes) in contents() {
        let bytes = &bytes[..bytes.len().min(3_000)];
        let whole = count::count(bytes).expect("memory can be read");
        assert_eq!(whole.utf8, std::str::from_utf8(bytes).is_ok(), "{name}");
        for step in 1..=7 {
            let pieces = count::count(Pieces(Cursor::new(bytes), step)).expect("memory");
            assert_eq!(pieces, whole, "{name} in pieces of {step}");
        }
    }
    let root = tree();
    let path = root.path().join("ascii.txt");
    let stats = count::count_file(path.into_os_string()).expect("a file that is there");
    assert_eq!((stats.lines, stats.words, stats.bytes), (2, 3, 14));
}

#[test]
fn a_missing_path_is_an_error_beside_the_results() {
    let root = tree();
    let (report, code) = json(root.path(), ["ascii.txt", "nowhere", "empty"]);
    assert_eq!(code, 1);
    assert_eq!(by_path(&report, "files").len(), 2);
    let errors = by_path(&report, "errors");
    assert_eq!(errors.len(), 1);
    let why = errors["nowhere"]["error"].as_str().expect("a reason");
    assert!(why.contains("No such file"), "{why}");
    assert_eq!(number(&report["totals"]["failed"]), 1);
}

#[test]
fn an_unreadable_file_is_an_error_beside_the_results() {
    let root = tree();
    let path = root.path().join("ascii.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("our own file");
    // Root reads everything: then there is nothing unreadable to find here.
    let readable = File::open(&path).is_ok();
    let (report, code) = json(root.path(), ["."]);
    assert_eq!(code, i32::from(!readable));
    let errors = by_path(&report, "errors");
    assert_eq!(errors.contains_key("./ascii.txt"), !readable);
    let counted = by_path(&report, "files").len();
    assert_eq!(counted + errors.len(), contents().len());
}

#[test]
fn links_are_followed_only_where_the_user_names_them() {
    let root = tree();
    symlink("ascii.txt", root.path().join("link")).expect("a link");
    symlink("nowhere", root.path().join("dangling")).expect("a link");
    symlink("deep", root.path().join("folder-link")).expect("a link");

    let (report, code) = json(root.path(), ["."]);
    assert_eq!(code, 0);
    assert_eq!(by_path(&report, "files").len(), contents().len());

    let (report, code) = json(root.path(), ["link", "dangling", "folder-link"]);
    assert_eq!(code, 1);
    let files: Vec<_> = by_path(&report, "files").into_keys().collect();
    let expected = [
        "folder-link/binary.bin",
        "folder-link/er/utf8.txt",
        "folder-link/latin1.txt",
        "link",
    ];
    assert_eq!(files, expected);
    let errors: Vec<_> = by_path(&report, "errors").into_keys().collect();
    assert_eq!(errors, ["dangling"]);
}

#[test]
fn what_is_no_file_is_skipped_in_a_folder_and_refused_by_name() {
    let root = tree();
    let socket = root.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    let (report, code) = json(root.path(), ["."]);
    assert_eq!(code, 0);
    assert_eq!(by_path(&report, "files").len(), contents().len());

    let (report, code) = json(root.path(), ["socket", "/dev/null"]);
    assert_eq!(code, 1);
    for name in ["socket", "/dev/null"] {
        let errors = by_path(&report, "errors");
        assert_eq!(errors[name]["error"], "not a regular file", "{name}");
    }
}

#[test]
fn a_name_that_is_not_unicode_keeps_its_bytes() {
    let root = TempDir::new().expect("a temporary folder");
    let name = OsStr::from_bytes(b"caf\xe9");
    fs::write(root.path().join(name), "one\n").expect("a file");
    let (report, code) = json(root.path(), [name, OsStr::from_bytes(b"not\xe9")]);
    assert_eq!(code, 1);
    let file = &report["files"][0];
    assert_eq!(file["path"], "caf\u{fffd}");
    assert_eq!(file["path_bytes"], serde_json::json!(name.as_bytes()));
    assert_eq!(number(&file["lines"]), 1);
    let error = &report["errors"][0];
    assert_eq!(error["path_bytes"], serde_json::json!(b"not\xe9"));
}

#[test]
fn the_table_is_sorted_has_totals_and_keeps_errors_apart() {
    let root = tree();
    let output = file_stats(root.path(), [".", "nowhere"]);
    assert_eq!(exit_code(&output), 1);
    let table = String::from_utf8(output.stdout).expect("text");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 1 + contents().len() + 1, "{table}");
    assert!(lines[0].trim_start().starts_with("lines"), "{table}");

    let rows = &lines[1..lines.len() - 1];
    let paths: Vec<&str> = rows
        .iter()
        .map(|row| &row[row.find("./").expect("a path")..])
        .collect();
    assert!(paths.is_sorted(), "{table}");
    assert!(paths.contains(&"./two\\nlines"), "{table}");
    let row = rows.iter().find(|row| row.ends_with("./ascii.txt"));
    let cells: Vec<&str> = row.expect("a row").split_whitespace().collect();
    assert_eq!(cells[..3], ["2", "3", "14"]);
    assert_eq!(cells[4], "utf-8");
    assert!(
        table
            .lines()
            .any(|row| row.contains("other") && row.ends_with("latin1.txt"))
    );

    let total = lines[lines.len() - 1];
    let counted = format!("total: {} counted, 3 not UTF-8, 1 failed", contents().len());
    assert!(total.ends_with(&counted), "{total}");

    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.starts_with("file_stats: nowhere: "), "{errors}");
}

#[test]
fn output_does_not_depend_on_the_workers() {
    let root = tree();
    let one = file_stats(root.path(), ["--workers", "1"]);
    assert_eq!(exit_code(&one), 0);
    for args in [
        &["--workers", "4"][..],
        &["--workers=2", "--executor=thread"],
        &["--workers=2", "--executor=isolate"],
        &["--workers=2", "--executor=process"],
        &["--workers=1", "--pin", "--executor=process"],
        &["--workers=1", "--pin"],
        &["."],
    ] {
        let other = file_stats(root.path(), args);
        assert_eq!(exit_code(&other), 0, "{args:?}");
        assert!(one.stdout == other.stdout, "{args:?}");
    }
}

#[test]
fn errors_do_not_depend_on_the_executor() {
    // A file of the kernel that every process may open and none may read from its beginning.
    let unreadable = "/proc/self/mem";
    let root = tree();
    let [thread, process] = ["--executor=thread", "--executor=process"]
        .map(|kind| file_stats(root.path(), [kind, ".", unreadable]));
    assert_eq!(exit_code(&thread), 1);
    assert_eq!(exit_code(&process), 1);
    assert!(thread.stdout == process.stdout);
    assert!(!thread.stderr.is_empty());
    assert_eq!(thread.stderr, process.stderr);
}

#[test]
fn nothing_is_drawn_where_there_is_no_terminal() {
    let root = tree();
    let output = file_stats(root.path(), ["."]);
    assert_eq!(output.stderr, b"");
}

#[test]
fn an_empty_folder_is_no_error() {
    let root = TempDir::new().expect("a temporary folder");
    let (report, code) = json(root.path(), [] as [&str; 0]);
    assert_eq!(code, 0);
    assert_eq!(number(&report["totals"]["files"]), 0);
    assert_eq!(exit_code(&file_stats(root.path(), ["."])), 0);
}

#[test]
fn bad_usage_is_told_and_nothing_is_counted() {
    let root = tree();
    for (args, hint) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["-x"], "-x"),
        (&["--workers"], "--workers"),
        (&["--workers", "many"], "many"),
        (&["--workers", "-1"], "-1"),
        (&["--workers", "0"], ""),
        (
            &["--executor", "horse"],
            "known executors: thread, isolate, process",
        ),
        (&["--json=yes"], "--json"),
    ] {
        let output = file_stats(root.path(), args);
        assert_eq!(exit_code(&output), 2, "{args:?}");
        assert_eq!(output.stdout, b"", "{args:?}");
        let errors = String::from_utf8(output.stderr).expect("text");
        assert!(errors.starts_with("file_stats: "), "{args:?}: {errors}");
        assert!(errors.contains(hint), "{args:?}: {errors}");
        assert!(!errors.contains("panicked"), "{args:?}: {errors}");
    }
}

#[test]
fn help_is_no_error() {
    let root = tree();
    let output = file_stats(root.path(), ["--help"]);
    assert_eq!(exit_code(&output), 0);
    assert!(String::from_utf8_lossy(&output.stdout).contains("Usage:"));
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let root = tree();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(binary())
        .current_dir(root.path())
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .expect("file_stats runs");
    assert_eq!(exit_code(&output), 0);
    assert_eq!(output.stderr, b"");
}
