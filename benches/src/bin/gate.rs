//! Is one result worse than another? `docs/regressions.md` says how that is decided.

use raddle_benches::gate::{Limits, Set, commits, compare};
use raddle_benches::is_help_asked_for;
use raddle_benches::statistics::Parameters;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
usage: gate [options] OLD NEW
       gate [options] --commits OLD NEW [--only W1,P1] [--quick] [--runs N] [--no-counts]

OLD and NEW are result documents, folders of result documents of one commit, or baselines of instruction
counts; with --commits they are commits, which are built in work trees of their own and run in turns.

  --json          the report as JSON instead of a table
  --smallest P    the smallest change of a time that counts, in percent (default 2)
  --same P        times surely within this are unchanged, in percent (default 5)
  --seed N        where the bootstrap begins (default 1)

with --commits:
  --only LIST     workloads of compare; all by default
  --quick         a tenth of the tasks, 3 rounds
  --runs N        runs of each commit (default 7); 0 measures no times
  --under COMMAND what compare is run under, such as 'taskset -c 2,3'
  --no-counts     counts no instructions
  --target FOLDER where cargo builds (default target)
  --runner FILE   gungraun-runner, if it is neither where ci/count.sh builds it nor on the path

exit code: 0 nothing is worse, 1 something is, 2 wrong usage or nothing to compare could be had,
           3 cannot tell (of something; nothing that could be told is worse)";

enum What {
    Files(PathBuf, PathBuf),
    Commits(commits::Plan),
}

struct Arguments {
    what: What,
    json: bool,
    parameters: Parameters,
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut plan = commits::Plan {
        commits: Default::default(),
        only: Vec::new(),
        under: Vec::new(),
        quick: false,
        runs: 7,
        counts: true,
        target: std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from),
        runner: None,
    };
    let (mut json, mut of_commits, mut sides) = (false, false, Vec::new());
    let mut parameters = Parameters::default();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        let number = |text: String| {
            text.parse::<u64>()
                .map_err(|_| format!("{text:?} is no number"))
        };
        let part = |text: String| match text.parse::<f64>() {
            Ok(percent) if (0.0..1000.0).contains(&percent) => Ok(percent / 100.0),
            _ => Err(format!("{text:?} are no percent")),
        };
        match argument.as_str() {
            "--json" => json = true,
            "--commits" => of_commits = true,
            "--quick" => plan.quick = true,
            "--no-counts" => plan.counts = false,
            "--only" => plan.only = value()?.split(',').map(str::to_owned).collect(),
            "--under" => plan.under = value()?.split_whitespace().map(str::to_owned).collect(),
            "--runs" => plan.runs = number(value()?)? as usize,
            "--target" => plan.target = value()?.into(),
            "--runner" => plan.runner = Some(value()?.into()),
            "--seed" => parameters.seed = number(value()?)?,
            "--smallest" => parameters.smallest = part(value()?)?,
            "--same" => parameters.same = part(value()?)?,
            other if other.starts_with("--") => return Err(format!("unknown argument {other}")),
            _ => sides.push(argument),
        }
    }
    let count = sides.len();
    let [old, new] = sides
        .try_into()
        .map_err(|_| format!("two sides to compare, not {count}"))?;
    if of_commits && plan.runs == 0 && !plan.counts {
        return Err("neither times nor counts are asked for".to_owned());
    }
    let what = if of_commits {
        plan.commits = [old, new];
        What::Commits(plan)
    } else {
        What::Files(old.into(), new.into())
    };
    Ok(Arguments {
        what,
        json,
        parameters,
    })
}

fn sets(what: &What) -> Result<[Set; 2], String> {
    match what {
        What::Files(old, new) => Ok([Set::read(old)?, Set::read(new)?]),
        What::Commits(plan) => commits::measure(plan),
    }
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
    let [old, new] = match sets(&arguments.what) {
        Ok(sets) => sets,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let report = compare(&old, &new, &Limits::default(), &arguments.parameters);
    if arguments.json {
        print!("{}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    ExitCode::from(report.exit_code())
}
