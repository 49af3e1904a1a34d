use super::*;
use crate::error::payload::{PayloadReason, PayloadStage};
use crate::error::worker_lost::{Details, LostCause, WorkerExit, WorkerLost};
use crate::sys::refusal;
use std::io;
use std::time::Duration;

/// A user's error with a source: two texts.
#[derive(Debug)]
struct Outer(io::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such row")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

fn of_a_user() -> BoxError {
    Outer(io::Error::other("the disk is gone")).into()
}

fn of_the_system() -> io::Error {
    refusal::refused("clone")(io::Error::from_raw_os_error(libc::EAGAIN))
}

fn text() -> String {
    String::from("text")
}

/// One value of each variant. A new variant does not compile until it is listed here.
macro_rules! one_of_each {
    ($error:ident { $($variant:pat => $value:expr),+ $(,)? }) => {{
        fn known(error: &$error) {
            #[allow(unused_imports)]
            use $error::*;
            match error {
                $($variant => {})+
            }
        }
        use $error::*;
        let all: Vec<$error> = vec![$($value),+];
        all.iter().for_each(known);
        all
    }};
}

fn rejected() -> Vec<Rejected> {
    let pool = text;
    let codes = one_of_each!(CodeError {
        NotInProgram { .. } => NotInProgram { library: text() },
        TaskInLibrary { .. } => TaskInLibrary { task: text(), library: text() },
        NoProgram => NoProgram,
    });
    let mut all = one_of_each!(Rejected {
        ShutDown { .. } => ShutDown { pool: pool() },
        QueueFull { .. } => QueueFull { pool: pool(), limit: 1 },
        Forked { .. } => Forked { pool: pool() },
        NoSuchWorker { .. } => NoSuchWorker { worker: 2, workers: 1 },
        Zero { .. } => Zero { what: "chunk" },
        Broken { .. } => Broken { pool: pool(), why: text() },
        InsideIsolate { .. } => InsideIsolate { isolate: text() },
        InsidePool { .. } => InsidePool { pool: pool() },
        NoState { .. } => NoState { isolate: text(), why: text() },
        Code { .. } => Code { why: CodeError::NoProgram },
        TooLarge { .. } => TooLarge { bytes: 2, limit: 1 },
    });
    all.extend(codes.into_iter().map(|why| Rejected::Code { why }));
    all
}

fn payload() -> Vec<PayloadError> {
    let reasons = one_of_each!(PayloadReason {
        TooLarge => TooLarge,
        NoRoom { .. } => NoRoom { limit: 1 },
        TooDeep { .. } => TooDeep { limit: 1 },
        SkippedField { .. } => SkippedField { field: text() },
        NotSelfDescribing => NotSelfDescribing,
        WrongCount { .. } => WrongCount { announced: 1 },
        Changed => Changed,
        Truncated => Truncated,
        Untaken { .. } => Untaken { left: 1 },
        Trailing { .. } => Trailing { bytes: 1 },
        Invalid { .. } => Invalid { kind: text() },
        NameUnclear { .. } => NameUnclear { name: text() },
        Custom(_) => Custom(text()),
    });
    let stage = PayloadStage::EncodeArgument;
    let each = |reason| PayloadError::new(stage, "u8", reason);
    reasons.into_iter().map(each).collect()
}

fn lost() -> WorkerLost {
    WorkerLost::new(Details {
        pid: 1,
        worker: text(),
        exit: WorkerExit::Signaled(11),
        cause: LostCause::ProtocolViolation(text()),
        task: Some(text()),
        deaths: 2,
        stderr: Some(text()),
    })
}

fn panicked() -> PanicReport {
    PanicReport::new(PanicDetails {
        payload: Box::new(()),
        message: text(),
        location: Some(text()),
        task: Some(text()),
        worker: Some(text()),
        backtrace: None,
    })
}

fn task() -> Vec<TaskError> {
    let mut all = one_of_each!(TaskError {
        Cancelled => Cancelled,
        Panicked(_) => Panicked(panicked()),
        Failed(_) => Failed(of_a_user()),
        Rejected(_) => Rejected(super::Rejected::Zero { what: "chunk" }),
        Abandoned => Abandoned,
        TimedOut => TimedOut,
        Killed => Killed,
        WorkerLost(_) => WorkerLost(lost()),
        Payload(_) => Payload(payload().remove(0)),
    });
    all.extend(rejected().into_iter().map(TaskError::Rejected));
    all.extend(payload().into_iter().map(TaskError::Payload));
    all
}

fn build() -> Vec<BuildError> {
    one_of_each!(BuildError {
        ZeroWorkers => ZeroWorkers,
        TooManyWorkers { .. } => TooManyWorkers { workers: 2, limit: 1 },
        ZeroQueueLimit => ZeroQueueLimit,
        BadName { .. } => BadName { name: text() },
        EmptyCoreList => EmptyCoreList,
        DuplicateCore { .. } => DuplicateCore { core: 1 },
        CoreNotAllowed { .. } => CoreNotAllowed { core: 1, allowed: vec![0] },
        CoreCount { .. } => CoreCount { cores: 1, workers: 2 },
        NotEnoughCores { .. } => NotEnoughCores { workers: 2, allowed: vec![0] },
        Pin { .. } => Pin { worker: 0, core: 1 },
        Thread { .. } => Thread { worker: 1, started: 1, limit: None, source: of_the_system() },
        StartHook { .. } => StartHook { worker: 1, source: of_a_user() },
        StartTimeout { .. } => StartTimeout { ready: 1, workers: 2, limit: Duration::from_secs(1) },
        Process { .. } => Process { worker: 1, why: text() },
        System { .. } => System { what: "memory", source: of_the_system() },
        BadArena { .. } => BadArena { bytes: 1, least: 2, most: 3 },
        NoRoom { .. } => NoRoom { limit: "RLIMIT_AS", left: 1, needed: 2, workers: 1 },
        Code { .. } => Code { why: text() },
        RunOnCaller => RunOnCaller,
    })
}

fn shutdown() -> Vec<ShutdownError> {
    let pool = text;
    one_of_each!(ShutdownError {
        InsideWorker { .. } => InsideWorker { pool: pool(), worker: 0 },
        TimedOut { .. } => TimedOut { running: 1, queued: 1 },
        InCallback { .. } => InCallback { pool: pool() },
        Forked { .. } => Forked { pool: pool() },
    })
}

/// The texts that a printer of an error and its sources writes.
fn texts(error: &(dyn Error + 'static)) -> Vec<String> {
    let links = std::iter::successors(Some(error), |&error| error.source());
    links.map(ToString::to_string).collect()
}

fn check<E: Error + 'static>(errors: impl IntoIterator<Item = E>) {
    for error in errors {
        let texts = texts(&error);
        for (at, source) in texts.iter().enumerate().skip(1) {
            let above = &texts[at - 1];
            assert!(!above.contains(source.as_str()), "{source:?} in {above:?}");
        }
        assert!(texts.iter().all(|text| !text.is_empty()), "{error:?}");
    }
}

#[test]
fn no_error_repeats_the_text_of_its_source() {
    check(task());
    check(build());
    check(build().into_iter().map(io::Error::from));
    check(shutdown());
    check(rejected());
    check(payload());
    check([lost()]);
    check([of_the_system()]);
}

#[test]
fn a_report_has_each_text_once() {
    let failed = TaskError::Failed(of_a_user());
    let expected = ["the task failed", "no such row", "the disk is gone"];
    assert_eq!(texts(&failed), expected);
    assert_eq!(format!("{failed:#}"), expected.join(": "));

    let source = of_a_user();
    let hook = BuildError::StartHook { worker: 1, source };
    let whole = "the start hook of worker 1 failed: no such row: the disk is gone";
    assert_eq!(format!("{hook:#}"), whole);

    // The text of a system error says what to do about it.
    let source = of_the_system();
    let said = source.to_string();
    let what = "memory";
    let system = BuildError::System { what, source };
    let whole = format!("the system refused memory: {said}");
    assert_eq!(format!("{system:#}"), whole);
}
