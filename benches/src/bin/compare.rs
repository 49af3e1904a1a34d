//! The interleaved comparison: see `README.md` beside this crate's manifest.

use raddle_benches::contender::processes::serve_if_asked;
use raddle_benches::measure::heap::Counting;
use raddle_benches::measure::machine::Machine;
use raddle_benches::measure::place::allowed;
use raddle_benches::measure::report::Report;
use raddle_benches::measure::round::Options;
use raddle_benches::workload;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const USAGE: &str = "\
usage: compare [--rounds N] [--only W1,W2] [--contenders rayon,raddle] [--workers N] [--quick]
               [--json FILE] [--list]

  --rounds N       rounds per workload (default 9, or 3 with --quick)
  --only LIST      workloads by name; all by default
  --contenders L   only contenders whose name contains one of these; floors always run
  --workers N      workers per pool (default 2)
  --quick          a tenth of the tasks: to see that it runs, not to quote
  --json FILE      the tables for programs
  --list           the workloads";

struct Arguments {
    options: Options,
    rounds: usize,
    only: Vec<String>,
    json: Option<String>,
    list: bool,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let cores = allowed();
    let mut parsed = Arguments {
        options: Options {
            workers: 2,
            quick: false,
            cores: (cores.len() > 1).then(|| (cores[0], cores[1])),
            contenders: Vec::new(),
        },
        rounds: 0,
        only: Vec::new(),
        json: None,
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
            "--json" => parsed.json = Some(value()?),
            "--quick" => parsed.options.quick = true,
            "--list" => parsed.list = true,
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    if parsed.rounds == 0 {
        parsed.rounds = if parsed.options.quick { 3 } else { 9 };
    }
    Ok(parsed)
}

fn main() -> ExitCode {
    // A worker does not come back from here.
    serve_if_asked();
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let options = &arguments.options;
    let mut workloads = workload::all(options);
    if arguments.list {
        for workload in &workloads {
            println!("{:<5} {}", workload.id(), workload.title());
        }
        return ExitCode::SUCCESS;
    }
    for name in &arguments.only {
        if !workloads.iter().any(|workload| workload.id() == name) {
            eprintln!("no workload {name}; --list shows them");
            return ExitCode::from(2);
        }
    }
    if !arguments.only.is_empty() {
        workloads.retain(|workload| arguments.only.iter().any(|name| name == workload.id()));
    }
    let mut report = Report {
        machine: Machine::here(),
        workers: options.workers,
        quick: options.quick,
        tables: Vec::new(),
    };
    println!(
        "{}\nworkers: {}\n",
        report.machine.header(),
        options.workers
    );
    for workload in workloads {
        let table = workload.run(arguments.rounds, options);
        println!("{table}");
        report.tables.push(table);
    }
    if let Some(path) = &arguments.json {
        let text = serde_json::to_string_pretty(&report).expect("numbers and names serialise");
        if let Err(error) = std::fs::write(path, text) {
            eprintln!("{path}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
