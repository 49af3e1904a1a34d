//! The start and the end of a worker.

use super::super::{NOT_READY, Settings, Start, StartError, before_main, handshake};
use super::raw::{Raw, wait_until_gone};
use crate::process::worker::image::Image;
use crate::process::worker::task_code::of_submit;
use crate::sys::pidfd::{Ended, Process};
use crate::sys::socket;
use std::process::{Command, Stdio};

fn entry<F, A, R>(_: F) -> u64
where
    F: Fn(A) -> R + Copy + Send + 'static,
    A: crate::Payload,
    R: crate::Payload,
{
    of_submit::<F, A, R>().unwrap()
}

#[test]
fn a_worker_ends_when_its_lane_is_closed() {
    let raw = Raw::new();
    assert_eq!(raw.end(), Ended::Exited(0));
}

#[test]
fn requests_before_the_close_get_replies() {
    let raw = Raw::new();
    let double = entry(|n: u64| n * 2);
    for n in 0..100u64 {
        raw.send(double, &n);
    }
    raw.lane.close();
    for n in 0..100u64 {
        let reply = raw.next().unwrap();
        assert_eq!(raw.read::<u64>(&reply).unwrap(), n * 2);
    }
    assert_eq!(
        raw.started.process.wait_for_end().unwrap(),
        Ended::Exited(0)
    );
}

#[test]
fn a_task_that_ends_its_process_has_no_reply() {
    let cases = [
        (
            entry(|()| -> () { std::process::exit(7) }),
            Ended::Exited(7),
        ),
        (
            // SAFETY: sends a signal to the process itself.
            entry(|()| unsafe { libc::raise(libc::SIGKILL) }),
            Ended::Signaled(libc::SIGKILL),
        ),
    ];
    for (task, end) in cases {
        let raw = Raw::new();
        let seq = raw.send(task, &());
        assert!(raw.next().is_none());
        assert_eq!(raw.started.process.wait_for_end().unwrap(), end);
        assert_eq!(raw.lane.lock().in_flight()[0].seq(), seq);
    }
}

/// A worker starts a worker of its own, as any program could, and is killed.
#[test]
fn a_worker_dies_with_its_parent() {
    let raw = Raw::new();
    let nest = entry(|()| {
        let inner = Raw::new();
        let pid = inner.started.process.pid();
        std::mem::forget(inner);
        pid
    });
    raw.send(nest, &());
    let reply = raw.next().unwrap();
    let inner = Process::open(raw.read(&reply).unwrap()).unwrap();
    raw.started.process.signal(libc::SIGKILL).unwrap();
    wait_until_gone(&inner);
}

#[test]
fn a_missing_directory_is_an_error_that_names_it() {
    for (directory, expected) in [
        ("/nowhere/at/all", libc::ENOENT),
        ("/proc/self/exe", libc::ENOTDIR),
    ] {
        let settings = Settings {
            directory: Some(directory.into()),
            ..Settings::default()
        };
        let error = Raw::with(&settings).err().expect("no such directory");
        assert!(
            matches!(&error, StartError::System { code: Some(code), .. } if *code == expected),
            "{error}"
        );
        let said = error.to_string();
        assert!(
            said.contains(&format!("chdir to {directory} (the pool's `current_dir`)")),
            "{said}"
        );
        assert!(
            !said.contains("execve") && !said.contains("mount it"),
            "{said}"
        );
    }
}

#[test]
fn a_marker_without_a_parent_ends_the_process() {
    let marker = before_main::marker(Start::BeforeMain, Image::get().unwrap());
    let output = Command::new("/proc/self/exe")
        .env(super::super::settings::ENV_MARKER, marker)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(NOT_READY));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("standard input is not a socket of a parent"),
        "{text}"
    );
}

#[test]
fn this_process_may_start_workers() {
    assert_eq!(super::super::check(), Ok(()));
}

#[test]
fn a_config_is_accepted_from_this_build_only() {
    let (here, there) = socket::pair().unwrap();
    socket::send(&here, &[0; 16], &[]).unwrap();
    let other = handshake::receive_config(&there).map(drop);
    assert_eq!(other, Err(StartError::OtherBuild));
    let fingerprint = Image::get().unwrap().fingerprint().to_ne_bytes();
    for message in [&fingerprint[..7], &fingerprint[..]] {
        socket::send(&here, message, &[]).unwrap();
        let garbled = handshake::receive_config(&there).map(drop);
        assert_eq!(garbled, Err(StartError::Garbled));
    }
}

#[test]
fn a_ready_message_is_decoded_or_garbled_or_missing() {
    let (here, there) = socket::pair().unwrap();
    crate::sys::spawn::set_nonblocking(&here).unwrap();
    assert_eq!(handshake::receive_ready(&here), None);
    let refused = StartError::Hook {
        hook: "start hook".to_owned(),
        message: "no table".to_owned(),
    };
    for message in [Ok(()), Err(refused), Err(StartError::OtherBuild)] {
        handshake::send_ready(&there, &message).unwrap();
        assert_eq!(handshake::receive_ready(&here), Some(message));
    }
    socket::send(&there, b"something else", &[]).unwrap();
    assert_eq!(
        handshake::receive_ready(&here),
        Some(Err(StartError::Garbled))
    );
    drop(there);
    assert_eq!(
        handshake::receive_ready(&here),
        Some(Err(StartError::Silent))
    );
}
