//! The program around workloads: its arguments, a table for each workload, and the document.

use crate::contender::processes::serve_if_asked;
use crate::document::export::Format;
use crate::document::{Benchmark, Document, Instruments, Mode, Noise, Run, SCHEMA, rfc3339};
use crate::is_help_asked_for;
use crate::measure::machine;
use crate::measure::noise::load;
use crate::measure::page;
use crate::measure::report::{self, Table};
use crate::measure::round::{Options, Workload};
use crate::measure::work::steps_per_us;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

const USAGE: &str = "\
usage: TOOL [--quick] [--only W1,P1] [--contenders rayon,raddle] [--rounds N] [--workers N]
               [--json FILE] [--results FOLDER] [--export FORMAT=FILE] [--page FILE] [--list]
       TOOL --from FILES [--json FILE] [--results FOLDER] [--export FORMAT=FILE] [--page FILE]

Runs every workload with every contender, prints a table for each, and writes the result document.

  --quick           a tenth of the tasks, 3 rounds, nothing run again: to see that it runs
  --only LIST       workloads by name; all by default
  --contenders L    only contenders whose name contains one of these; floors always run
  --rounds N        rounds per workload (default 9, or 3 with --quick)
  --workers N       workers per pool (default 2)
  --json FILE       the result document
  --results FOLDER  the result document, in a file of this folder that is named by time and commit
  --export F=FILE   in another format: bencher (Bencher Metric Format), github-smaller and github-bigger
                    (github-action-benchmark's customSmallerIsBetter and customBiggerIsBetter); may be repeated
  --page FILE       puts the table into a page of Markdown, between its markers
  --from FILES      runs nothing: the document is that of an earlier run, or of several runs of different workloads
                    on one machine and one commit: a.json,b.json
  --list            the workloads";

struct Arguments {
    options: Options,
    mode: Mode,
    rounds: usize,
    only: Vec<String>,
    json: Option<PathBuf>,
    results: Option<PathBuf>,
    exports: Vec<(Format, PathBuf)>,
    page: Option<PathBuf>,
    from: Vec<PathBuf>,
    list: bool,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut parsed = Arguments {
        options: Options::new(2, 1.0),
        mode: Mode::Full,
        rounds: 0,
        only: Vec::new(),
        json: None,
        results: None,
        exports: Vec::new(),
        page: None,
        from: Vec::new(),
        list: false,
    };
    let list = |text: String| text.split(',').map(str::to_owned).collect::<Vec<_>>();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let count = |text: String| match text.parse() {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(format!("{text:?} is no count")),
        };
        match argument.as_str() {
            "--rounds" => parsed.rounds = count(value()?)?,
            "--workers" => parsed.options.workers = count(value()?)?,
            "--only" => parsed.only = list(value()?),
            "--contenders" => parsed.options.contenders = list(value()?),
            "--json" => parsed.json = Some(value()?.into()),
            "--results" => parsed.results = Some(value()?.into()),
            "--export" => {
                let both = value()?;
                let (format, file) = both.split_once('=').ok_or("--export needs FORMAT=FILE")?;
                parsed.exports.push((format.parse()?, file.into()));
            }
            "--page" => parsed.page = Some(value()?.into()),
            "--from" => parsed.from = list(value()?).into_iter().map(PathBuf::from).collect(),
            "--quick" => parsed.mode = Mode::Quick,
            "--list" => parsed.list = true,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    let usual = match parsed.mode {
        Mode::Full => 9,
        Mode::Quick => 3,
    };
    if parsed.rounds == 0 {
        parsed.rounds = usual;
    }
    if parsed.mode == Mode::Quick {
        parsed.options.scale = 0.1;
        parsed.options.repeat = false;
    }
    Ok(parsed)
}

/// What such a program is about.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it measures.
    pub workloads: fn(&Options) -> Vec<Workload>,
    /// Lines for the end of a run.
    pub remarks: fn(&[Benchmark]) -> Vec<String>,
}

/// The program, by the arguments of this process. It comes first in `main`.
pub fn run(tool: &Tool) -> ExitCode {
    // A worker does not come back from here.
    serve_if_asked();
    let usage = USAGE.replace("TOOL", tool.name);
    if is_help_asked_for(&usage) {
        return ExitCode::SUCCESS;
    }
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n\n{usage}");
            return ExitCode::from(2);
        }
    };
    let mut workloads = (tool.workloads)(&arguments.options);
    if arguments.list {
        for workload in &workloads {
            println!("{:<7} {}", workload.id, workload.title);
        }
        return ExitCode::SUCCESS;
    }
    for name in &arguments.only {
        if !workloads.iter().any(|workload| workload.id == *name) {
            eprintln!("no workload {name}; --list shows them");
            return ExitCode::from(2);
        }
    }
    if !arguments.only.is_empty() {
        workloads.retain(|workload| arguments.only.contains(&workload.id));
    }
    let document = match arguments.from.is_empty() {
        true => Ok(measured(workloads, &arguments)),
        false => earlier(&arguments.from),
    };
    if let Ok(document) = &document {
        for remark in (tool.remarks)(&document.benchmarks) {
            println!("{remark}");
        }
    }
    match document.and_then(|document| keep(&document, &arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The document of earlier runs.
fn earlier(files: &[PathBuf]) -> Result<Document, String> {
    let read = |path: &PathBuf| {
        Document::read(path).map_err(|problem| format!("{}: {problem}", path.display()))
    };
    let pieces: Result<Vec<Document>, String> = files.iter().map(read).collect();
    Document::from_pieces(pieces?)
}

/// Runs the workloads; prints each table as soon as it is there.
fn measured(workloads: Vec<Workload>, arguments: &Arguments) -> Document {
    let options = &arguments.options;
    let mut document = Document {
        schema: SCHEMA.to_owned(),
        run: Run {
            started: rfc3339(SystemTime::now()),
            finished: String::new(),
            command: std::env::args().collect(),
            mode: arguments.mode,
            rounds: arguments.rounds,
            workers: options.workers,
        },
        commit: machine::commit(),
        machine: machine::machine(),
        toolchain: machine::toolchain(),
        noise: Noise {
            load_before: load(),
            ..Noise::default()
        },
        benchmarks: Vec::new(),
        instructions: Vec::new(),
        instruments: Instruments::default(),
    };
    println!(
        "{}\n{}; {}\nworkers: {}; calibrated work: {:.0} steps per us\n",
        machine::header(&document.machine),
        document.toolchain.rustc,
        document.toolchain.profile,
        options.workers,
        steps_per_us()
    );
    for workload in workloads {
        let benchmarks = workload.run(arguments.rounds, options);
        println!("{}", Table(&benchmarks));
        document.noise.merge(&benchmarks[0].noise);
        document.benchmarks.extend(benchmarks);
    }
    document.noise.load_after = load();
    document.run.finished = rfc3339(SystemTime::now());
    println!("whole run: {}", report::noise(&document.noise));
    document
}

fn keep(document: &Document, arguments: &Arguments) -> Result<(), String> {
    let write = |path: &Path, text: String| {
        let written = std::fs::write(path, text);
        written.map_err(|error| format!("{}: {error}", path.display()))
    };
    if let Some(path) = &arguments.json {
        write(path, document.to_json())?;
    }
    for (format, path) in &arguments.exports {
        write(path, format.write(document))?;
    }
    if let Some(path) = &arguments.page {
        let problem = |problem: &dyn std::fmt::Display| format!("{}: {problem}", path.display());
        let text = std::fs::read_to_string(path).map_err(|error| problem(&error))?;
        let text = page::put(&text, document).map_err(|error| problem(&error))?;
        write(path, text)?;
    }
    if let Some(folder) = &arguments.results {
        let path = document.write_into(folder);
        let path = path.map_err(|error| format!("{}: {error}", folder.display()))?;
        println!("written: {}", path.display());
    }
    Ok(())
}
