//! X: what the errors are and say.

use super::common::{hold, watch};
use raddle::{
    BoxError, BuildError, PanicReport, Rejected, ShutdownError, TaskError, ThreadPool, TimedOut,
    as_completed, promise,
};
use std::error::Error;
use std::fmt::Debug;
use std::io;
use std::time::Duration;

fn is_error<E: Error + Debug + Send + Sync + 'static>() {}

/// One line that says something.
fn line(error: &dyn Error) -> String {
    let text = error.to_string();
    assert!(
        !text.is_empty() && !text.contains('\n') && !text.ends_with('.'),
        "{text:?}"
    );
    text
}

fn report(task: impl FnOnce() + Send + 'static) -> PanicReport {
    let pool = ThreadPool::builder().workers(1).name("db").build().unwrap();
    match pool.task().name("load").spawn(task).result() {
        Err(TaskError::Panicked(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn x01_every_error_is_an_error_that_crosses_threads() {
    let _watch = watch();
    is_error::<TaskError>();
    is_error::<Rejected>();
    is_error::<BuildError>();
    is_error::<ShutdownError>();
    is_error::<TimedOut>();
}

#[test]
fn x01_a_task_error_says_which_kind_it_is() {
    let _watch = watch();
    let pool = ThreadPool::builder().workers(1).name("db").build().unwrap();
    let held = hold(&pool);
    let cancelled = pool.spawn(|| ());
    assert!(cancelled.cancel());
    let error = cancelled.result().unwrap_err();
    assert!(matches!(error, TaskError::Cancelled));
    assert!(line(&error).contains("cancelled"));
    held.release();
    let error = pool.try_spawn(|| "x".parse::<u8>()).result().unwrap_err();
    assert_eq!(line(&error), "the task failed");
    let whole = format!("{error:#}");
    assert_eq!(whole, "the task failed: invalid digit found in string");
    let (promise, abandoned) = promise::<u8>();
    drop(promise);
    let error = abandoned.result().unwrap_err();
    assert!(matches!(error, TaskError::Abandoned));
    assert!(line(&error).contains("promise"));
    assert!(line(&TaskError::TimedOut).contains("time"));
    let error = pool.spawn_on(3, || ()).result().unwrap_err();
    let text = line(&error);
    assert!(text.contains('3') && text.contains('1'), "{text}");
}

#[test]
fn x02_a_time_out_is_told_apart_from_a_failure() {
    let _watch = watch();
    let (_kept, never) = promise::<u8>();
    // Waiting in vain is no error of the task: the future comes back.
    let never = never.result_timeout(Duration::ZERO).unwrap_err();
    assert!(!never.is_done());
    let mut all = as_completed([never]).timeout(Duration::ZERO);
    let late: TimedOut = all.next().unwrap().unwrap_err();
    assert!(line(&late).contains("1 of 1"));
}

#[test]
fn x03_a_pool_that_could_not_be_built_says_so_to_io_too() {
    let _watch = watch();
    let error = ThreadPool::new(0).unwrap_err();
    line(&error);
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    let error = ThreadPool::builder()
        .workers(1)
        .on_start(|_| Err("no".into()))
        .build()
        .unwrap_err();
    line(&error);
    let error = io::Error::from(error);
    assert_eq!(error.kind(), io::ErrorKind::Other);
    assert!(error.get_ref().unwrap().is::<BuildError>());
}

#[test]
fn x03_a_shutdown_that_did_not_end_says_why() {
    let _watch = watch();
    let pool = ThreadPool::builder().workers(1).name("db").build().unwrap();
    let held = hold(&pool);
    let error = pool
        .shutdown_timeout(raddle::Shutdown::Drain, Duration::ZERO)
        .unwrap_err();
    assert!(line(&error).contains("1 tasks running"));
    drop(held);
}

#[test]
fn x04_illegal_state_changes_cannot_be_written_or_give_the_value_back() {
    let _watch = watch();
    // `complete` and `fail` take the promise, so a second outcome does not compile.
    let (promise, future) = promise();
    assert!(future.cancel());
    assert_eq!(promise.complete(String::from("kept")).unwrap_err(), "kept");
    let (promise, future) = raddle::promise::<u8>();
    assert!(promise.start());
    assert!(!promise.start() && !future.cancel());
    promise.complete(1).unwrap();
    assert_eq!(future.result().unwrap(), 1);
}

#[test]
fn x06_errors_keep_their_cause() {
    let _watch = watch();
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot load")
        }
    }
    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let failed = pool.try_spawn(|| Err::<(), _>(Outer(io::Error::other("disk is gone"))));
    let error = failed.result().unwrap_err();
    let outer = error.source().expect("the task's own error");
    assert!(outer.is::<Outer>());
    assert_eq!(outer.source().unwrap().to_string(), "disk is gone");
    let refused = pool.spawn_on(9, || ()).result().unwrap_err();
    assert!(matches!(
        &refused,
        TaskError::Rejected(Rejected::NoSuchWorker { .. })
    ));
    assert!(refused.source().is_none(), "it says itself why");
    assert!(TaskError::Cancelled.source().is_none());
}

#[test]
fn x06_a_boxed_error_keeps_its_type() {
    let _watch = watch();
    let (promise, future) = promise::<u8>();
    promise
        .fail(BoxError::from(io::Error::other("gone")))
        .unwrap();
    let Err(TaskError::Failed(error)) = future.result() else {
        panic!("no failure")
    };
    assert!(error.downcast::<io::Error>().is_ok());
}

#[test]
fn x06_a_panic_keeps_message_place_task_and_worker() {
    let _watch = watch();
    let line_no = line!() + 1;
    let report = report(|| panic!("row {}", std::hint::black_box(7)));
    assert_eq!(report.message(), "row 7");
    assert_eq!(
        (report.task(), report.worker()),
        (Some("load"), Some("db-0"))
    );
    let place = report.location().unwrap();
    assert!(place.contains(&format!("errors.rs:{line_no}:")), "{place}");
    let text = report.to_string();
    for part in ["load", "db-0", "errors.rs", "row 7"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(
        report.into_payload().downcast_ref::<String>().unwrap(),
        "row 7"
    );
}

#[test]
fn x06_a_panic_of_any_payload_is_told() {
    let _watch = watch();
    let plain = report(|| panic!("plain"));
    assert_eq!(plain.message(), "plain");
    assert!(plain.into_payload().is::<&str>());
    let odd = report(|| std::panic::panic_any(42_u64));
    assert!(!odd.message().is_empty());
    assert_eq!(*odd.into_payload().downcast::<u64>().unwrap(), 42);
    let resumed = report(|| std::panic::resume_unwind(Box::new("resumed")));
    assert_eq!(resumed.message(), "resumed");
}

#[test]
fn x06_a_panic_can_go_on_elsewhere() {
    let _watch = watch();
    let caught = std::panic::catch_unwind(|| report(|| panic!("onward")).resume());
    assert_eq!(
        *caught.unwrap_err().downcast_ref::<&str>().unwrap(),
        "onward"
    );
}

#[test]
fn x06_a_backtrace_is_there_when_it_is_asked_for() {
    let _watch = watch();
    if !super::kit::alone(
        module_path!(),
        "x06_a_backtrace_is_there_when_it_is_asked_for",
    ) {
        return;
    }
    // Read once by the standard library, so in a process of its own and before any panic.
    // SAFETY: the other threads of this process wait, and read no variables.
    unsafe { std::env::set_var("RUST_BACKTRACE", "1") };
    let report = report(|| panic!("deep"));
    let text = report.backtrace().expect("asked for").to_string();
    assert!(text.contains("x06_a_backtrace"), "{text}");
}
