//! `file_stats`: lines, words, bytes and a content hash of every file, counted in parallel.
//!
//! ```text
//! cargo run --release --example file_stats -- /usr/share
//! cargo run --release --example file_stats -- --json --workers 4 --pin src docs
//! ```
//!
//! One file per subject: `cli` reads the command line, `walk` finds the files, `count` is the task
//! that runs on a worker, `job` hands the tasks out and takes the results back, `report` prints.
//! The exit code is 0 when every file was counted, 1 when some were not, 2 for bad usage.

mod cli;
mod count;
mod job;
mod report;
mod walk;

use std::io::{self, Write};
use std::process::ExitCode;

use raddle::{AnyExecutor, BuildError, IsolatePool, Pin, ProcessPool, ThreadPool};

use cli::{Command, Options};
use job::Outcome;

const FAILED: u8 = 1;
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let options = match cli::parse(std::env::args_os().skip(1)) {
        Ok(Command::Count(options)) => options,
        Ok(Command::Help) => return print(|out| out.write_all(cli::HELP.as_bytes()), 0),
        Err(message) => return usage(&message),
    };
    let outcome = match count_all(&options) {
        Ok(outcome) => outcome,
        Err(error) => return usage(&format!("{error:#}")),
    };
    let code = if outcome.errors.is_empty() { 0 } else { FAILED };
    if options.json {
        return print(|out| report::json(&outcome, out), code);
    }
    let printed = print(|out| report::table(&outcome, out), code);
    report::errors(&outcome, &mut io::stderr().lock());
    printed
}

/// The one place that knows which executor runs the job: everything below takes any of them.
fn count_all(options: &Options) -> Result<Outcome, BuildError> {
    let executor: AnyExecutor = match options.executor {
        cli::Executor::Thread => thread_pool(options)?.into(),
        cli::Executor::Isolate => isolate_pool(options)?.into(),
        cli::Executor::Process => process_pool(options)?.into(),
    };
    Ok(job::run(&executor, &options.paths))
}

fn thread_pool(options: &Options) -> Result<ThreadPool, BuildError> {
    let mut builder = ThreadPool::builder().name("stats");
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    if options.pin {
        builder = builder.pin(Pin::Cores);
    }
    builder.build()
}

fn isolate_pool(options: &Options) -> Result<IsolatePool<()>, BuildError> {
    let mut builder = IsolatePool::builder(|_| Ok(())).name("stats");
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    if options.pin {
        builder = builder.pin(Pin::Cores);
    }
    builder.build()
}

fn process_pool(options: &Options) -> Result<ProcessPool, BuildError> {
    let mut builder = ProcessPool::builder().name("stats");
    if let Some(workers) = options.workers {
        builder = builder.workers(workers);
    }
    if options.pin {
        builder = builder.pin(Pin::Cores);
    }
    builder.build()
}

/// Writes to standard output. A reader that left early (`file_stats | head`) is no failure.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>, code: u8) -> ExitCode {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("file_stats: standard output: {error}");
            ExitCode::from(FAILED)
        }
        _ => ExitCode::from(code),
    }
}

fn usage(message: &str) -> ExitCode {
    eprintln!("file_stats: {message}\nTry 'file_stats --help'.");
    ExitCode::from(USAGE)
}
