//! The settings of a worker, as its tasks find them.

use super::raw::{Raw, read_all};
use crate::error::BoxError;
use crate::executor::WorkerInfo;
use crate::process::worker::start::{Limit, Output, Settings, StartError};
use crate::process::worker::task_code::{of_hook, of_submit};
use crate::sys::pidfd::Ended;
use std::num::NonZeroU64;
use std::os::fd::{AsRawFd, OwnedFd};

/// Runs a task once.
fn ask<F, A, R>(raw: &Raw, _: F, arg: A) -> R
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: crate::Payload,
    R: crate::Payload,
{
    raw.call(of_submit::<F, A, R>(), arg).unwrap()
}

fn hook<H: Fn(&WorkerInfo) -> Result<(), BoxError> + Copy + Send + 'static>(_: H) -> Option<u64> {
    Some(of_hook::<H>().unwrap())
}

#[test]
fn no_inherited_descriptor_is_open() {
    let file = tempfile::tempfile().unwrap();
    // Descriptors on both sides of the worker's own. Each process that is started inherits them.
    // SAFETY: numbers only.
    let leaks = [10, 700].map(|fd| unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, fd) });
    assert!(leaks.iter().all(|&fd| fd >= 0));
    let raw = Raw::new();
    for fd in leaks {
        // SAFETY: numbers only, of this test.
        unsafe { libc::close(fd) };
    }
    let open: Vec<(u32, String)> = ask(
        &raw,
        |()| {
            let each = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            let each = each.filter_map(|entry| {
                let number = entry.file_name().to_str()?.parse().ok()?;
                let target = std::fs::read_link(entry.path()).ok()?;
                Some((number, target.to_str()?.to_owned()))
            });
            each.collect()
        },
        (),
    );
    let beyond = open.iter().filter(|(number, _)| *number > 2);
    let mut names: Vec<&str> = beyond.map(|(_, target)| target.as_str()).collect();
    // The descriptor that lists them.
    names.retain(|name| !name.starts_with("/proc/"));
    // The event that notifies the parent, and the control socket.
    names.sort_unstable();
    assert!(
        matches!(names[..], ["anon_inode:[eventfd]", socket] if socket.starts_with("socket:")),
        "{open:?}"
    );
    assert!(open.contains(&(0, "/dev/null".to_owned())), "{open:?}");
}

#[test]
fn streams_environment_and_directory_are_as_set() {
    let (input, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"from the parent\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        stdin: Some(OwnedFd::from(input)),
        stdout: Output::Captured,
        stderr: Output::Captured,
        environment: vec![
            ("RADDLE_TEST".into(), Some("warp".into())),
            ("PATH".into(), None),
        ],
        directory: Some(folder.path().to_owned()),
        ..Settings::default()
    };
    let raw = Raw::with(&settings).unwrap();
    let found: (String, Vec<Option<String>>, String) = ask(
        &raw,
        |()| {
            println!("said");
            eprint!("complained");
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).unwrap();
            let names = ["RADDLE_TEST", "PATH", "RADDLE_WORKER"];
            let folder = std::env::current_dir().unwrap();
            (
                line,
                names.map(|name| std::env::var(name).ok()).to_vec(),
                folder.to_str().unwrap().to_owned(),
            )
        },
        (),
    );
    assert_eq!(found.0, "from the parent\n");
    assert_eq!(found.1, [Some("warp".to_owned()), None, None]);
    assert_eq!(
        found.2,
        folder.path().canonicalize().unwrap().to_str().unwrap()
    );
    let [stdout, stderr] = [&raw.started.stdout, &raw.started.stderr]
        .map(|fd| fd.as_ref().unwrap().try_clone().unwrap());
    assert_eq!(raw.end(), Ended::Exited(0));
    assert_eq!(read_all(&stdout), "said\n");
    assert_eq!(read_all(&stderr), "complained");
}

#[test]
fn an_empty_environment_is_empty() {
    let settings = Settings {
        clear_environment: true,
        ..Settings::default()
    };
    let raw = Raw::with(&settings).unwrap();
    let names: Vec<String> = ask(
        &raw,
        |()| std::env::vars().map(|(name, _)| name).collect(),
        (),
    );
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_worker_has_its_own_name_and_process_group() {
    let raw = Raw::new();
    let (name, group, command): (String, i32, String) = ask(
        &raw,
        |()| {
            let read = |path| std::fs::read_to_string(path).unwrap();
            (
                read("/proc/self/comm"),
                // SAFETY: no arguments, no failure.
                unsafe { libc::getpgrp() },
                read("/proc/self/cmdline"),
            )
        },
        (),
    );
    assert_eq!((name.as_str(), command.as_str()), ("raw\n", "raw\0"));
    // A signal from the terminal goes to the parent's group.
    assert_eq!(group as u32, raw.started.process.pid());
}

#[test]
fn niceness_core_and_limits_are_as_set() {
    let settings = Settings {
        nice: Some(3),
        limits: vec![
            Limit::OpenFiles(50),
            Limit::CoreDump(0),
            Limit::AddressSpace(1 << 30),
            Limit::FileSize(1 << 20),
        ],
        ..Settings::default()
    };
    let core = crate::sys::affinity::allowed()[0];
    let raw = Raw::launch(&settings, Some(core)).unwrap();
    let (nice, files, cores, much): (i32, u64, Vec<usize>, bool) = ask(
        &raw,
        |()| {
            let mut files = libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            };
            // SAFETY: fills the struct that it is given.
            unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut files) };
            // SAFETY: numbers only.
            let nice = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
            let much = Vec::<u8>::new().try_reserve_exact(2 << 30).is_ok();
            (nice, files.rlim_max, crate::sys::affinity::allowed(), much)
        },
        (),
    );
    // SAFETY: numbers only.
    let before = unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
    assert_eq!(nice, (before + 3).min(19));
    assert_eq!((files, cores, much), (50, vec![core], false));
    // The lane itself is not part of the limit.
    let bytes: Vec<u8> = ask(&raw, |bytes: Vec<u8>| bytes, vec![1; 50_000_000]);
    assert_eq!(bytes.len(), 50_000_000);
}

#[test]
fn a_limit_that_is_refused_is_an_error() {
    let settings = Settings {
        limits: vec![Limit::OpenFiles(u64::MAX - 1)],
        ..Settings::default()
    };
    let error = Raw::with(&settings)
        .err()
        .expect("more than the kernel can");
    assert!(
        matches!(&error, StartError::System { code: Some(code), .. } if *code == libc::EPERM),
        "{error}"
    );
    assert!(error.to_string().contains("OpenFiles"), "{error}");
}

#[test]
fn hooks_run_in_their_order_before_the_first_task() {
    fn note(worker: &WorkerInfo, text: &str) -> Result<(), BoxError> {
        assert_eq!((worker.index, &*worker.name), (0, "raw"));
        println!("{text}");
        Ok(())
    }
    let settings = Settings {
        stdout: Output::Captured,
        on_start: hook(|worker| note(worker, "start")),
        sandbox: hook(|worker| note(worker, "sandbox")),
        on_stop: hook(|worker| note(worker, "stop")),
        ..Settings::default()
    };
    let raw = Raw::with(&settings).unwrap();
    let () = ask(&raw, |()| println!("task"), ());
    let stdout = raw.started.stdout.as_ref().unwrap().try_clone().unwrap();
    assert_eq!(raw.end(), Ended::Exited(0));
    assert_eq!(read_all(&stdout), "start\nsandbox\ntask\nstop\n");
}

#[test]
fn a_hook_that_fails_keeps_the_worker_from_working() {
    let failing = Settings {
        sandbox: hook(|_| Err("no landlock here".into())),
        ..Settings::default()
    };
    let panicking = Settings {
        on_start: hook(|_| panic!("no table")),
        stderr: Output::Null,
        ..Settings::default()
    };
    let error = |settings| Raw::with(settings).err().map(|error| error.to_string());
    assert_eq!(
        error(&failing).as_deref(),
        Some("the sandbox hook of the worker failed: no landlock here")
    );
    assert_eq!(
        error(&panicking).as_deref(),
        Some("the start hook of the worker failed: it panicked: no table")
    );
}

#[test]
fn a_stop_hook_that_fails_sets_the_exit_code() {
    let settings = Settings {
        on_stop: hook(|_| Err("still busy".into())),
        stderr: Output::Captured,
        ..Settings::default()
    };
    let raw = Raw::with(&settings).unwrap();
    let stderr = raw.started.stderr.as_ref().unwrap().try_clone().unwrap();
    assert_eq!(raw.end(), Ended::Exited(super::super::STOP_HOOK_FAILED));
    assert!(read_all(&stderr).contains("still busy"));
}

#[test]
fn a_worker_ends_after_its_last_task() {
    let settings = Settings {
        max_tasks: NonZeroU64::new(2),
        ..Settings::default()
    };
    let raw = Raw::with(&settings).unwrap();
    let next = |n: u32| ask(&raw, |n: u32| n + 1, n);
    assert_eq!([next(1), next(2)], [2, 3]);
    assert_eq!(
        raw.started.process.wait_for_end().unwrap(),
        Ended::Exited(0)
    );
}
