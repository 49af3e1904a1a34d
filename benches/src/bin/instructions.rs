//! Counts the instructions of every hot path, and writes them where they are wanted.

use raddle_benches::counts::{Baseline, Tools, take};
use raddle_benches::document::Document;
use raddle_benches::is_help_asked_for;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: instructions [--into DOCUMENT] [--baseline FILE --reason TEXT] [--out FILE]
                    [--target FOLDER] [--runner FILE]

Counts under callgrind and prints a table. Needs valgrind, and gungraun-runner of the version in Cargo.lock;
ci/count.sh brings both.

  --into DOCUMENT  put the counts into this result document
  --baseline FILE  write them as the baseline that ci/instructions.sh compares to; needs a reason
  --reason TEXT    why the counts are what they are now
  --out FILE       the same as a baseline, for comparing: no reason
  --target FOLDER  where cargo builds what is counted (default target/counts)
  --runner FILE    gungraun-runner, if it is not on the path";

#[derive(Default)]
struct Arguments {
    into: Option<PathBuf>,
    baseline: Option<PathBuf>,
    reason: Option<String>,
    out: Option<PathBuf>,
    target: Option<PathBuf>,
    runner: Option<PathBuf>,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut parsed = Arguments::default();
    while let Some(argument) = arguments.next() {
        let value = arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--into" => parsed.into = Some(value?.into()),
            "--baseline" => parsed.baseline = Some(value?.into()),
            "--reason" => parsed.reason = Some(value?.trim().to_owned()),
            "--out" => parsed.out = Some(value?.into()),
            "--target" => parsed.target = Some(value?.into()),
            "--runner" => parsed.runner = Some(value?.into()),
            _ => return Err(format!("unknown argument {argument}")),
        }
    }
    let has_reason = parsed
        .reason
        .as_ref()
        .is_some_and(|reason| !reason.is_empty());
    if parsed.baseline.is_some() != has_reason {
        return Err("a baseline and its reason come together".to_owned());
    }
    Ok(parsed)
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in a workspace");
    let target = match &arguments.target {
        Some(target) => std::path::absolute(target).map_err(|error| error.to_string())?,
        None => root.join("target/counts"),
    };
    let tools = Tools::here()?;
    // Before the minute that counting takes.
    let mut document = match &arguments.into {
        Some(path) => {
            Some(Document::read(path).map_err(|problem| format!("{}: {problem}", path.display()))?)
        }
        None => None,
    };
    let counts =
        take(root, &target, arguments.runner.as_deref()).map_err(|problem| problem.to_string())?;
    println!(
        "{:<26} {:>12} {:>8} {:>5} {:>5}",
        "path", "instructions", "l1", "ll", "ram"
    );
    for count in &counts {
        println!(
            "{:<26} {:>12} {:>8} {:>5} {:>5}",
            count.id, count.instructions, count.l1, count.ll, count.ram
        );
    }
    let write = |path: &Path, text: String| {
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    if let (Some(path), Some(document)) = (&arguments.into, &mut document) {
        document.instruments.valgrind = Some(tools.valgrind.clone());
        document.instructions = counts.clone();
        write(path, document.to_json())?;
    }
    for (path, reason) in [
        (&arguments.baseline, arguments.reason.clone()),
        (&arguments.out, Some(String::new())),
    ] {
        if let Some(path) = path {
            let baseline = Baseline::new(&counts, tools.clone(), reason.unwrap_or_default());
            write(path, baseline.to_json())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    if is_help_asked_for(USAGE) {
        return ExitCode::SUCCESS;
    }
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
