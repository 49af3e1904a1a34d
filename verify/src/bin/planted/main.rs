//! Plants one logic bug at a time into a copy of the sources, and demands that a model or schedule fails with it.
//!
//! ```text
//! cargo run --release -p raddle-verify --bin planted -- [--all | --find] [<part of a name> ...]
//! ```
//!
//! The copy (`target/planted`) has all bugs of the catalogue in it; `RADDLE_PLANT` chooses one of them when a test starts, so
//! each checker is built once. An entry that does not fit the sources any more is an error.
//!
//! - Without a flag each bug meets the test that is to kill it.
//! - `--all`: every bug meets every test, at one preemption or with few schedules. What none of them minds has to be declared
//!   so; of the others all that mind are said.
//! - `--find`: a test that does is looked for near those alone whose declared one does not mind.
//!
//! Exits with 1 if a bug survives that has no reason to, or a test fails without any.

#[path = "../../tools.rs"]
mod tools;

mod copy;
mod future;
mod isolate;
mod lane;
mod process;
mod queue;
mod shm;
mod thread;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tools::{Error, Run, each};

/// Of one test without any bug.
const LONG: Duration = Duration::from_secs(600);
/// Of one test with one bug.
const LIMIT: Duration = Duration::from_secs(60);
/// Of one test that the catalogue does not name.
const SHORT: Duration = Duration::from_secs(30);
/// Schedules of such a test.
const FEW: &str = "300";

/// One logic bug.
pub struct Bug {
    /// Where it is, and what is wrong, in a word each.
    pub name: &'static str,
    pub file: &'static str,
    /// What is there, once in the file, and what is there in the copy. `PLANTED` is true where the bug is wanted.
    pub edits: &'static [(&'static str, &'static str)],
    /// What goes wrong with it.
    pub why: &'static str,
    pub fate: Fate,
}

/// What becomes of a bug.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// This model fails.
    Loom(&'static str),
    /// This schedule fails.
    Shuttle(&'static str),
    /// Nothing fails, for this reason.
    Survives(&'static str),
}

use Fate::{Loom, Shuttle, Survives};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Checker {
    Loom,
    Shuttle,
}

impl Checker {
    /// The name, and that of its tests.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Loom => ("loom", "models"),
            Self::Shuttle => ("shuttle", "schedules"),
        }
    }

    /// The quick form of a test.
    fn quick(self) -> (&'static str, &'static str) {
        match self {
            Self::Loom => ("LOOM_MAX_PREEMPTIONS", "1"),
            Self::Shuttle => ("RADDLE_SCHEDULES", FEW),
        }
    }
}

impl Fate {
    fn killer(self) -> Option<(Checker, &'static str)> {
        match self {
            Loom(test) => Some((Checker::Loom, test)),
            Shuttle(test) => Some((Checker::Shuttle, test)),
            Survives(_) => None,
        }
    }
}

fn catalogue() -> Vec<&'static Bug> {
    [
        future::BUGS,
        thread::BUGS,
        isolate::BUGS,
        shm::BUGS,
        lane::BUGS,
        process::BUGS,
        queue::BUGS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    match sweep() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("planted: {error}");
            ExitCode::from(2)
        }
    }
}

/// A test that passes without any bug, and how long it takes then.
struct Test {
    checker: Checker,
    name: String,
    took: Duration,
}

fn sweep() -> Result<bool, Error> {
    let mut parts: Vec<String> = std::env::args().skip(1).collect();
    let mut flag = |flag: &str| {
        let before = parts.len();
        parts.retain(|part| part != flag);
        parts.len() < before
    };
    let (all, find) = (flag("--all"), flag("--find"));

    let bugs = catalogue();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let target = std::path::absolute(target)?;
    let copy = target.join("planted");
    copy::make(Path::new("."), &copy, &bugs)?;

    let wanted = |bug: &&Bug| parts.is_empty() || parts.iter().any(|part| bug.name.contains(part));
    let bugs: Vec<&Bug> = bugs.into_iter().filter(wanted).collect();
    let killers: BTreeSet<(Checker, &str)> = bugs.iter().filter_map(|b| b.fate.killer()).collect();
    let mut binaries = BTreeMap::new();
    let mut honest: Vec<(Checker, String)> = Vec::new();
    for checker in [Checker::Loom, Checker::Shuttle] {
        if !(all || find || killers.iter().any(|&(its, _)| its == checker)) {
            continue;
        }
        let begin = Instant::now();
        let binary = build(&copy, &target, checker)?;
        eprintln!(
            "{}: built in {} s",
            checker.names().1,
            begin.elapsed().as_secs()
        );
        let tests = tools::tests(&binary)?;
        let named = |test: &str| killers.contains(&(checker, test));
        for (_, test) in killers.iter().filter(|&&(its, _)| its == checker) {
            if !tests.iter().any(|name| name == test) {
                return Err(format!("the {} have no test {test}", checker.names().1).into());
            }
        }
        let tests = tests.into_iter().filter(|test| all || find || named(test));
        honest.extend(tests.map(|test| (checker, test)));
        binaries.insert(checker, binary);
    }

    let begin = Instant::now();
    let honest = each(&honest, |(checker, test)| {
        let begin = Instant::now();
        let name = test.clone();
        let (checker, took) = (*checker, || begin.elapsed());
        match tools::run(&binaries[&checker], test, &[checker.quick()], LONG)? {
            Run::Passed => Ok(Some(Test {
                checker,
                name,
                took: took(),
            })),
            // Twins are broken on purpose; at one preemption some of them are right by accident.
            _ if is_twin(test) => Ok(None),
            Run::Failed(why) => Err(format!("{test} fails without any bug: {why}").into()),
            Run::Undecided | Run::Hung => {
                Err(format!("{test} does not end without any bug").into())
            }
        }
    })?;
    let mut honest: Vec<Test> = honest
        .into_iter()
        .flatten()
        .filter(|t| !is_twin(&t.name))
        .collect();
    honest.sort_by_key(|test| test.took);
    let seconds = begin.elapsed().as_secs();
    eprintln!("{} tests pass without any bug ({seconds} s)", honest.len());

    let begin = Instant::now();
    let right = each(&bugs, |bug| {
        let declared = match bug.fate.killer() {
            Some((checker, test)) => meet(&binaries[&checker], checker, test, bug)?,
            None => None,
        };
        let others = if all || find && declared.is_none() {
            others(&binaries, &honest, bug, !all)?
        } else {
            Vec::new()
        };
        let (is_right, verdict) = match (bug.fate, declared, others.first()) {
            (Survives(why), _, None) => (true, format!("survives: {why}")),
            (Survives(_), _, Some(_)) => (false, "DECLARED TO SURVIVE".to_owned()),
            (Loom(test) | Shuttle(test), Some(why), _) => {
                (true, format!("killed by {test}: {why}"))
            }
            (Loom(test) | Shuttle(test), None, _) => (false, format!("SURVIVED {test}")),
        };
        let mut lines = format!("{:<24} {verdict}", bug.name);
        for by in &others {
            lines += &format!("\n{:<24}   {by}", "");
        }
        println!("{lines}");
        Ok(is_right)
    })?;
    let wrong = right.iter().filter(|&&is_right| !is_right).count();
    let surviving = bugs
        .iter()
        .filter(|bug| matches!(bug.fate, Survives(_)))
        .count();
    eprintln!(
        "{} bugs ({} s): {surviving} survive for a reason, {wrong} are not as declared",
        bugs.len(),
        begin.elapsed().as_secs()
    );
    Ok(wrong == 0)
}

/// How near a test is to a file: 0 for its own protocol, 1 for those that are made of it.
fn distance(file: &str, test: &str) -> usize {
    const NEAR: [(&str, &[&str]); 4] = [
        ("src/process", &["remote"]),
        ("src/shm", &["lane_", "remote"]),
        ("src/thread", &["pool", "shutdown", "idle", "join", "park"]),
        (
            "src/future",
            &[
                "state",
                "cell",
                "hooks",
                "set",
                "park",
                "promise",
                "after",
                "scope",
                "take_over",
                "pool",
                "remote",
            ],
        ),
    ];
    let stem = Path::new(file).file_stem().unwrap_or_default();
    if stem.to_str().is_some_and(|stem| test.starts_with(stem)) {
        return 0;
    }
    let near = NEAR.iter().find(|(folder, _)| file.starts_with(folder));
    let is_near = near.is_some_and(|(_, tests)| tests.iter().any(|its| test.starts_with(its)));
    if is_near { 1 } else { 2 }
}

/// The tests that fail with the bug, the near ones before the others and the quick before the slow. `first`: of the near ones,
/// and until one fails.
fn others(
    binaries: &BTreeMap<Checker, PathBuf>,
    tests: &[Test],
    bug: &Bug,
    first: bool,
) -> Result<Vec<String>, Error> {
    let mut tests: Vec<(usize, &Test)> = tests
        .iter()
        .map(|test| (distance(bug.file, &test.name), test))
        .collect();
    tests.sort_by_key(|&(distance, _)| distance);
    let mut found = Vec::new();
    for (distance, Test { checker, name, .. }) in tests {
        if first && (distance > 1 || !found.is_empty()) {
            break;
        }
        let variables = [("RADDLE_PLANT", bug.name), checker.quick()];
        if let Run::Failed(why) = tools::run(&binaries[checker], name, &variables, SHORT)? {
            found.push(format!("{} {name}: {why}", checker.names().0));
        }
    }
    Ok(found)
}

/// A protocol that is broken already says nothing about a bug.
fn is_twin(test: &str) -> bool {
    test.ends_with("is_found") || test.starts_with("harness::")
}

/// Why the test fails with the bug; None: it does not.
fn meet(binary: &Path, checker: Checker, test: &str, bug: &Bug) -> Result<Option<String>, Error> {
    let plant = ("RADDLE_PLANT", bug.name);
    // Quick, and then as it is.
    for variables in [&[plant, checker.quick()][..], &[plant]] {
        if let Run::Failed(why) = tools::run(binary, test, variables, LIMIT)? {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Builds a checker's tests in the copy. What they depend on is that of the models' own build.
fn build(copy: &Path, target: &Path, checker: Checker) -> Result<PathBuf, Error> {
    let (name, tests) = checker.names();
    // Little of the time goes into running them.
    let quickly = |package: &str| {
        ["opt-level=1", "codegen-units=16", "debug=false"]
            .map(|set| format!("--config=profile.release.package.{package}.{set}"))
    };
    let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args([
            "test",
            "--locked",
            "--release",
            "-p",
            "raddle-verify",
            "--no-default-features",
            "--no-run",
        ])
        .args(["--test", tests, "--message-format=json-render-diagnostics"])
        .args(
            quickly("raddle-checked")
                .into_iter()
                .chain(quickly("raddle-verify")),
        )
        .arg("--target-dir")
        .arg(target)
        .env(
            "RUSTC_WORKSPACE_WRAPPER",
            std::path::absolute(format!("ci/cfg/raddle_{name}"))?,
        )
        .current_dir(copy)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("the copy in {} does not compile", copy.display()).into());
    }
    let messages = String::from_utf8(output.stdout)?;
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == tests;
        is_it.then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.ok_or_else(|| format!("cargo names no binary of the {tests}").into())
}
