//! Where an error goes that the program never looks at: the report hook, else the logger, else stderr.

use raddle::{Executor, ProcessPool, ThreadPool};
use std::process::{Command, Output};

/// What a program does that is started for one of these tests.
const MODE: &str = "RADDLE_TEST_REPORTS";

/// Loses an error, where the pool is.
fn lose_an_error() {
    let pool = ThreadPool::new(1).unwrap();
    let task = pool.task().name("import");
    drop(task.try_spawn(|| Err::<(), _>("file is empty")));
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        println!(
            "{} in {}: {}",
            record.level(),
            record.target(),
            record.args()
        );
    }

    fn flush(&self) {}
}

/// Starts `test` in a process of its own, whose mode is `mode`. `None`: this is that process.
fn alone(test: &str, mode: &str) -> Option<Output> {
    if std::env::var_os(MODE).is_some() {
        return None;
    }
    let out = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(MODE, mode)
        .output()
        .unwrap();
    assert!(out.status.success(), "{out:?}");
    Some(out)
}

/// How often a stream has the report.
fn count(stream: &[u8], line: &str) -> usize {
    String::from_utf8_lossy(stream).matches(line).count()
}

const LINE: &str = "raddle: unread error of task 'import': the task failed: file is empty";

#[test]
fn x07_without_a_hook_and_a_logger_it_goes_to_stderr() {
    match alone(
        "reports::x07_without_a_hook_and_a_logger_it_goes_to_stderr",
        "bare",
    ) {
        None => lose_an_error(),
        Some(out) => assert_eq!(count(&out.stderr, LINE), 1, "{out:?}"),
    }
}

#[test]
fn x07_with_a_logger_it_goes_there_alone() {
    match alone("reports::x07_with_a_logger_it_goes_there_alone", "logger") {
        None => {
            log::set_logger(&Logger).unwrap();
            log::set_max_level(log::LevelFilter::Error);
            lose_an_error();
        }
        Some(out) => {
            let logged = format!("ERROR in raddle::report: {LINE}");
            assert_eq!(count(&out.stdout, &logged), 1, "{out:?}");
            assert_eq!(count(&out.stderr, LINE), 0, "{out:?}");
        }
    }
}

#[test]
fn x07_a_worker_process_says_it_on_stderr() {
    match alone("reports::x07_a_worker_process_says_it_on_stderr", "worker") {
        None => {
            let pool = ProcessPool::new(1).unwrap();
            pool.submit(|()| lose_an_error(), ()).result().unwrap();
        }
        Some(out) => assert_eq!(count(&out.stderr, LINE), 1, "{out:?}"),
    }
}

#[test]
fn x07_a_hook_that_panics_loses_nothing() {
    match alone("reports::x07_a_hook_that_panics_loses_nothing", "panics") {
        None => {
            raddle::set_report_hook(|_| panic!("no disk"));
            lose_an_error();
        }
        Some(out) => {
            let line = LINE.strip_prefix("raddle: ").unwrap();
            let line = format!("raddle: the report hook panicked (no disk) on: {line}");
            assert_eq!(count(&out.stderr, &line), 1, "{out:?}");
        }
    }
}
