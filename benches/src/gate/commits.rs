//! Two commits, built by what is here and measured in turns.

use super::set::{Counts, Set};
use crate::counts::{self, Tools};
use crate::document::Document;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Two commits, as git understands them.
    pub commits: [String; 2],
    /// Workloads of `compare`; all by default.
    pub only: Vec<String>,
    /// What `compare` is run under, with its arguments: `taskset -c 2,3`.
    pub under: Vec<String>,
    /// A tenth of the tasks.
    pub quick: bool,
    /// Runs of each commit; 0 for no times.
    pub runs: usize,
    /// Whether instructions are counted.
    pub counts: bool,
    /// Where cargo builds: its dependencies serve both commits.
    pub target: PathBuf,
    /// gungraun's runner, if it is not on the path.
    pub runner: Option<PathBuf>,
}

/// A commit checked out in a work tree of its own, which goes when this does.
struct Tree {
    repository: PathBuf,
    path: PathBuf,
}

impl Tree {
    fn new(repository: &Path, path: PathBuf, commit: &str) -> Result<Self, String> {
        let tree = Self {
            repository: repository.to_owned(),
            path,
        };
        // Of a run that was ended.
        tree.remove();
        let path = tree.path.to_string_lossy();
        git(
            repository,
            &[
                "worktree", "add", "--quiet", "--force", "--detach", &path, commit,
            ],
        )?;
        Ok(tree)
    }

    fn remove(&self) {
        if self.path.exists() {
            let path = self.path.to_string_lossy();
            let _ = git(&self.repository, &["worktree", "remove", "--force", &path]);
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Builds both commits, runs them in turns (old new, new old, ...), and gives their result sets.
///
/// # Errors
///
/// A commit that does not exist, does not build, or whose `compare` writes no document.
pub fn measure(plan: &Plan) -> Result<[Set; 2], String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let repository = PathBuf::from(git(&here, &["rev-parse", "--show-toplevel"])?);
    let target = here.join(&plan.target);
    let place = target.join("gate");
    let hashes = plan.commits.each_ref().map(|commit| {
        let commit = format!("{commit}^{{commit}}");
        git(&repository, &["rev-parse", "--verify", "--quiet", &commit])
    });
    let runner = if plan.counts {
        Some(runner(plan, &target)?)
    } else {
        None
    };
    let [old, new] = hashes;
    let hashes = [
        old.map_err(|_| format!("no commit {}", plan.commits[0]))?,
        new.map_err(|_| format!("no commit {}", plan.commits[1]))?,
    ];
    let results = place.join("results");
    let _ = fs::remove_dir_all(&results);
    let mut sides = Vec::new();
    for (side, hash) in ["old", "new"].into_iter().zip(&hashes) {
        say(&format!("building {side}: {hash}"));
        let tree = Tree::new(&repository, place.join(side), hash)?;
        let results = results.join(side);
        fs::create_dir_all(&results).map_err(|error| format!("{}: {error}", results.display()))?;
        sides.push(Side::build(
            plan,
            tree,
            &target,
            results,
            hash,
            runner.as_deref(),
        )?);
    }
    for run in 0..plan.runs {
        let turn = if run % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in turn {
            say(&format!(
                "run {} of {}: {}",
                run + 1,
                plan.runs,
                ["old", "new"][side]
            ));
            sides[side].run(plan, run)?;
        }
    }
    let [old, new] = sides.try_into().ok().expect("there are two");
    Ok([old.finish()?, new.finish()?])
}

/// The flags of both builds: every function begins on a cache line. A change elsewhere in the program moves a short
/// loop otherwise, which made the floor of W3 15% faster in one build than in another of the same code.
fn aligned(flags: Option<String>) -> String {
    let aligned = "-C llvm-args=-align-all-functions=6";
    match flags {
        Some(flags) => format!("{flags} {aligned}"),
        None => aligned.to_owned(),
    }
}

struct Side {
    tree: Tree,
    compare: PathBuf,
    results: PathBuf,
    hash: String,
    counts: Option<Counts>,
    runs: Vec<Document>,
}

impl Side {
    fn build(
        plan: &Plan,
        tree: Tree,
        target: &Path,
        results: PathBuf,
        hash: &str,
        runner: Option<&Path>,
    ) -> Result<Self, String> {
        let compare = results.join("compare");
        if plan.runs > 0 {
            let cargo = |arguments: &[&str]| {
                let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
                cargo.args(arguments).arg("--target-dir").arg(target);
                cargo.env("RUSTFLAGS", aligned(std::env::var("RUSTFLAGS").ok()));
                run(cargo.current_dir(&tree.path))
            };
            // Work trees at two places are one package to cargo, which goes by times of files: what the other commit
            // or the checkout itself has built must not pass for this one's, nor this one's for theirs.
            let clean = || {
                cargo(&[
                    "clean",
                    "--quiet",
                    "--profile=bench",
                    "-p=raddle",
                    "-p=raddle-benches",
                ])
            };
            clean()?;
            cargo(&[
                "build",
                "--locked",
                "--quiet",
                "--profile=bench",
                "-p=raddle-benches",
                "--bin=compare",
            ])?;
            fs::copy(target.join("release/compare"), &compare)
                .map_err(|error| format!("{}: {error}", compare.display()))?;
            clean()?;
        }
        let counts = runner
            .map(|runner| count(&tree.path, &target.join("gate/counts"), runner))
            .transpose()?;
        Ok(Self {
            tree,
            compare,
            results,
            hash: hash.to_owned(),
            counts,
            runs: Vec::new(),
        })
    }

    fn run(&mut self, plan: &Plan, number: usize) -> Result<(), String> {
        let json = self.results.join(format!("{number}.json"));
        let mut compare = Command::new(&self.compare);
        compare
            .args(["--contenders", "raddle", "--json"])
            .arg(&json);
        if plan.quick {
            compare.arg("--quick");
        }
        if !plan.only.is_empty() {
            compare.args(["--only", &plan.only.join(",")]);
        }
        compare.stdout(std::process::Stdio::null());
        run(compare.current_dir(&self.tree.path))?;
        let document = Document::read(&json)
            .map_err(|problem| format!("compare of {} wrote no document: {problem}", self.hash))?;
        self.runs.push(document);
        Ok(())
    }

    fn finish(self) -> Result<Set, String> {
        let mut set = Set {
            name: self.hash,
            runs: self.runs,
            counts: self.counts,
        };
        if set.runs.is_empty() {
            return Ok(set);
        }
        let checked = Set::new(set.name, set.runs)?;
        set = Set {
            counts: set.counts,
            ..checked
        };
        Ok(set)
    }
}

/// gungraun's runner: the one that was named, the one that `ci/count.sh` built, or one on the path.
fn runner(plan: &Plan, target: &Path) -> Result<PathBuf, String> {
    if let Some(named) = &plan.runner {
        return Ok(named.clone());
    }
    let built = target.join("debug/raddle-counter");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_the_path = std::env::split_paths(&path).map(|folder| folder.join("gungraun-runner"));
    std::iter::once(built)
        .chain(on_the_path)
        .find(|file| file.is_file())
        .ok_or_else(|| {
            "no gungraun-runner: ci/count.sh builds what counting needs, --no-counts does without"
                .to_owned()
        })
}

fn count(root: &Path, target: &Path, runner: &Path) -> Result<Counts, String> {
    if !root.join("benches/instructions").exists() {
        return Err(
            "that commit has no benches/instructions; --no-counts leaves them out".to_owned(),
        );
    }
    // As above: what the other commit left there is not this one's.
    let mut clean = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    clean
        .args([
            "clean",
            "--quiet",
            "--profile=bench",
            "-p=raddle",
            "-p=raddle-instructions",
        ])
        .arg("--target-dir")
        .arg(target);
    run(clean.current_dir(root))?;
    let counts = counts::take(root, target, Some(runner));
    let counts = counts.map_err(|problem| problem.to_string())?;
    Ok(Counts {
        tools: Tools::here()?,
        of: counts
            .into_iter()
            .map(|count| (count.id, vec![count.instructions]))
            .collect(),
    })
}

fn say(what: &str) {
    eprintln!("gate: {what}");
}

fn run(command: &mut Command) -> Result<(), String> {
    let named = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{named}: {status}")),
        Err(error) => Err(format!("{named}: {error}")),
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output();
    let output = output.map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("git {}: {said}", arguments.join(" ")))
    }
}
