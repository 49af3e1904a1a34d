//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

pub const HELP: &str = "\
Count lines, words and bytes of files, and hash their contents, in parallel.

Usage: file_stats [OPTIONS] [PATH]...

Folders are walked to the bottom without following symbolic links; hidden and
ignored files count like any other. Without a PATH the current folder is taken.
A PATH that is itself a symbolic link is followed.

Lines, words and bytes are those of GNU wc in the C locale (before wc 9.5): a
word is a run of bytes without white space that holds at least one printable
ASCII character. The hash is XXH3, 64 bits: good against accidents, not against
forgery. Files that are not UTF-8 are counted the same way and marked.

Options:
      --workers N      workers (default: the CPUs this process may use)
      --pin            pin each worker to its own core
      --executor KIND  where the counting runs: thread (default), isolate or process
      --json           print JSON instead of a table
  -h, --help           print this text

Exit code: 0 all files were counted, 1 some could not be read, 2 bad usage.
";

/// What the user asked for.
#[derive(Debug)]
pub enum Command {
    Count(Options),
    Help,
}

#[derive(Debug)]
pub struct Options {
    pub paths: Vec<PathBuf>,
    pub workers: Option<usize>,
    pub pin: bool,
    pub executor: Executor,
    pub json: bool,
}

/// The kinds of executor that `--executor` knows.
#[derive(Debug)]
pub enum Executor {
    Thread,
    Isolate,
    Process,
}

pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    parse_args(Parser::from_args(args)).map_err(|error| error.to_string())
}

fn parse_args(mut parser: Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options {
        paths: Vec::new(),
        workers: None,
        pin: false,
        executor: Executor::Thread,
        json: false,
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Long("workers") => options.workers = Some(parser.value()?.parse()?),
            Arg::Long("pin") => options.pin = true,
            Arg::Long("executor") => options.executor = parser.value()?.parse_with(executor)?,
            Arg::Long("json") => options.json = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Command::Help),
            Arg::Value(path) => options.paths.push(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    if options.paths.is_empty() {
        options.paths.push(PathBuf::from("."));
    }
    Ok(Command::Count(options))
}

fn executor(kind: &str) -> Result<Executor, String> {
    match kind {
        "thread" => Ok(Executor::Thread),
        "isolate" => Ok(Executor::Isolate),
        "process" => Ok(Executor::Process),
        _ => Err("known executors: thread, isolate, process".to_owned()),
    }
}
