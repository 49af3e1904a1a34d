//! Weakens every atomic site that the models execute, one at a time, and tells which weakening no model minds.
//!
//! ```text
//! cargo run --release -p raddle-verify --bin sweep -- <models binary> [<part of a path> ...]
//! ```
//!
//! A site with an ordering above relaxed that no model executes survives, too.
//!
//! Each mutant meets the models that execute its site: first all of them at one preemption, which is quick and kills
//! most, then at their own bounds. A model that is cut off or runs out of time decides nothing. A survivor has to stand in
//! `verify/SURVIVORS.md` with the reason; exits with 1 if one does not.

#[path = "../tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use tools::{Error, Run, each};

const SURVIVORS: &str = "verify/SURVIVORS.md";
/// What stands there in the place of a change, for a site that no model executes.
const NO_MODEL: &str = "no model";
/// Of processor time, of one model against one mutant.
const LIMIT: Duration = Duration::from_secs(120);

/// A model, what it executes, and how long it takes.
struct Model {
    name: String,
    took: Duration,
    sites: BTreeSet<Site>,
}

/// As `RADDLE_MODEL_SITES` writes it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Site {
    file: String,
    line: usize,
    column: usize,
    op: String,
    order: String,
    failure: String,
}

struct Mutant<'a> {
    site: &'a Site,
    change: &'static str,
    /// The name in the site's `// ORDERING:` note.
    note: String,
}

enum Verdict {
    Killed {
        by: String,
        why: String,
    },
    /// By so many models, of which so many decided nothing.
    Survived {
        met: usize,
        undecided: usize,
    },
}

fn main() -> ExitCode {
    match sweep() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("sweep: {error}");
            ExitCode::from(2)
        }
    }
}

fn sweep() -> Result<bool, Error> {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments
        .next()
        .map(PathBuf::from)
        .filter(|path| path.is_file());
    let Some(binary) = binary else {
        return Err("usage: sweep <models binary> [<part of a path> ...]".into());
    };
    let binary = binary.canonicalize()?;
    let parts: Vec<String> = arguments.collect();
    let known = known(&fs::read_to_string(SURVIVORS).map_err(|error| {
        format!("{SURVIVORS}: {error} (the sweep is started from the root of the project)")
    })?);

    let models = models(&binary)?;
    let sites: BTreeSet<&Site> = models.iter().flat_map(|model| &model.sites).collect();
    let wanted =
        |site: &&Site| parts.is_empty() || parts.iter().any(|part| site.file.contains(part));
    let mut mutants = Vec::new();
    for site in sites.into_iter().filter(wanted) {
        let note = note(site)?;
        mutants.extend(changes(site).iter().map(|&change| {
            let note = note.clone();
            Mutant { site, change, note }
        }));
    }
    let silent = silent(Path::new("src"), &models)?;
    let silent: Vec<&Silent> = silent
        .iter()
        .filter(|site| parts.is_empty() || parts.iter().any(|part| site.file.contains(part)))
        .collect();
    eprintln!(
        "{} models, {} mutants, {} sites that no model executes",
        models.len(),
        mutants.len(),
        silent.len()
    );
    let mut new = 0;
    for site in &silent {
        println!("{site}: SURVIVED, no model executes it");
        if !known.contains(&(site.note.clone(), NO_MODEL.to_owned())) {
            new += 1;
            eprintln!("not in {SURVIVORS}: {site}: no model executes it");
        }
    }

    let verdicts = each(&mutants, |mutant| {
        let verdict = judge(&binary, &models, mutant)?;
        println!("{mutant}: {verdict}");
        Ok(verdict)
    })?;
    let mut survived = silent.len();
    for (mutant, verdict) in mutants.iter().zip(&verdicts) {
        if let Verdict::Survived { .. } = verdict {
            survived += 1;
            let listed = (mutant.note.clone(), mutant.change.to_owned());
            if !known.contains(&listed) {
                new += 1;
                eprintln!("not in {SURVIVORS}: {mutant}: {verdict}");
            }
        }
    }
    eprintln!(
        "{} mutants, {survived} survived, {new} of them without a reason",
        mutants.len()
    );
    Ok(new == 0)
}

/// A site with an ordering above relaxed that no model executes.
struct Silent {
    file: String,
    line: usize,
    note: String,
    order: String,
}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            note,
            order,
        } = self;
        write!(f, "{file}:{line} {note} ({order})")
    }
}

/// The sites that the notes of the sources name and no model executes. What is below `sync` is the checkers' own.
fn silent(root: &Path, models: &[Model]) -> Result<Vec<Silent>, Error> {
    let mut executed = BTreeSet::new();
    let sites = models.iter().flat_map(|model| &model.sites);
    for site in sites.filter(|site| Path::new(&site.file).starts_with(root)) {
        executed.insert((site.file.clone(), note(site)?));
    }
    let mut folders = vec![root.to_owned()];
    let mut silent = Vec::new();
    while let Some(folder) = folders.pop() {
        let mut paths = fs::read_dir(&folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        for path in paths {
            let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
            if is_test || path == root.join("sync") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let file = path.to_string_lossy().into_owned();
                for (index, line) in fs::read_to_string(&path)?.lines().enumerate() {
                    let Some((_, text)) = line.split_once("// ORDERING: ") else {
                        continue;
                    };
                    let mut words = text.split([' ', ':']);
                    let (note, order) = (words.next(), words.next());
                    let (note, order) = (note.unwrap_or_default(), order.unwrap_or_default());
                    let is_strong = ["Acquire", "Release", "AcqRel", "SeqCst"].contains(&order);
                    if is_strong && !executed.contains(&(file.clone(), note.to_owned())) {
                        silent.push(Silent {
                            file: file.clone(),
                            line: index + 1,
                            note: note.to_owned(),
                            order: order.to_owned(),
                        });
                    }
                }
            }
        }
    }
    Ok(silent)
}

/// Runs each model by itself.
fn models(binary: &Path) -> Result<Vec<Model>, Error> {
    let names = tools::tests(binary)?;
    let folder = std::env::temp_dir().join(format!("raddle-sweep-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let mut models = each(&names, |name| {
        let file = folder.join(name.replace("::", "."));
        let begin = Instant::now();
        let output = Command::new(binary)
            .args(["--exact", name])
            .env("RADDLE_MODEL_SITES", &file)
            .output()?;
        if !output.status.success() {
            return Err(format!("{name} fails without any mutant").into());
        }
        let took = begin.elapsed();
        let text = fs::read_to_string(&file).unwrap_or_default();
        let sites = text.lines().map(parse).collect::<Result<_, _>>()?;
        let name = name.clone();
        Ok(Model { name, took, sites })
    })?;
    fs::remove_dir_all(&folder)?;
    models.sort_by_key(|model| model.took);
    Ok(models)
}

fn parse(line: &str) -> Result<Site, Error> {
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let place = word();
    let mut place = place.rsplitn(3, ':');
    let mut part = || place.next().ok_or_else(|| format!("no site: {line}"));
    let (column, line_number, file) = (part()?, part()?, part()?);
    Ok(Site {
        // The models compile the library's sources from the folder of another package.
        file: file
            .strip_prefix("verify/library/../../")
            .unwrap_or(file)
            .to_owned(),
        line: line_number.parse()?,
        column: column.parse()?,
        op: word(),
        order: word(),
        failure: word(),
    })
}

/// What is weaker than the site is.
fn changes(site: &Site) -> Vec<&'static str> {
    let mut changes = match (&*site.op, &*site.order) {
        ("fence" | "wake_one", _) => vec!["none"],
        ("wake_all", _) => vec!["none", "one"],
        (_, "acqrel") => vec!["acquire", "release"],
        (_, "acquire" | "release") => vec!["relaxed"],
        (_, "seqcst") => vec!["acqrel", "relaxed"],
        _ => vec![],
    };
    if site.failure == "acquire" {
        changes.push("failure-relaxed");
    }
    changes
}

/// The name that the source gives to the site. A wake has none: it is called after the operation before it.
fn note(site: &Site) -> Result<String, Error> {
    let text = fs::read_to_string(&site.file).map_err(|error| format!("{}: {error}", site.file))?;
    let lines: Vec<&str> = text.lines().take(site.line).collect();
    let name = lines.iter().rev().find_map(|line| {
        let (_, note) = line.split_once("// ORDERING: ")?;
        note.split(' ').next()
    });
    let name = name.ok_or_else(|| format!("{}:{}: no ORDERING note", site.file, site.line))?;
    Ok(if site.op.starts_with("wake") {
        format!("{name} wake")
    } else {
        name.to_owned()
    })
}

/// The pairs of name and change in the list's tables.
fn known(list: &str) -> BTreeSet<(String, String)> {
    let mut known = BTreeSet::new();
    for line in list.lines() {
        let mut columns = line.split('|').skip(1);
        let (Some(names), Some(changes)) = (columns.next(), columns.next()) else {
            continue;
        };
        for name in names.split('`').skip(1).step_by(2) {
            let changes = changes.split(',').map(|change| change.trim().to_owned());
            known.extend(changes.map(|change| (name.to_owned(), change)));
        }
    }
    known
}

fn judge(binary: &Path, models: &[Model], mutant: &Mutant<'_>) -> Result<Verdict, Error> {
    // The models of the file's own protocol first: they are likelier to mind.
    let own = Path::new(&mutant.site.file)
        .file_stem()
        .map_or(String::new(), |stem| format!("{}::", stem.display()));
    let mut meets: Vec<&Model> = models
        .iter()
        .filter(|model| model.sites.contains(mutant.site))
        .collect();
    meets.sort_by_key(|model| !model.name.starts_with(&own));
    let mut undecided = 0;
    for bound in [Some("1"), None] {
        for model in &meets {
            match run(binary, model, mutant, bound)? {
                Run::Passed => {}
                Run::Failed(why) => {
                    let by = model.name.clone();
                    return Ok(Verdict::Killed { by, why });
                }
                Run::Undecided | Run::Hung => undecided += usize::from(bound.is_none()),
            }
        }
    }
    let met = meets.len();
    Ok(Verdict::Survived { met, undecided })
}

fn run(
    binary: &Path,
    model: &Model,
    mutant: &Mutant<'_>,
    bound: Option<&str>,
) -> Result<Run, Error> {
    let site = mutant.site;
    let place = format!("{}:{}:{}", site.file, site.line, site.column);
    let mutation = format!("{place}:{}", mutant.change);
    let mut variables = vec![("RADDLE_MUTATE", &*mutation)];
    variables.extend(bound.map(|bound| ("LOOM_MAX_PREEMPTIONS", bound)));
    tools::run(binary, &model.name, &variables, LIMIT)
}

impl fmt::Display for Mutant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Site {
            file,
            line,
            column,
            op,
            order,
            ..
        } = self.site;
        let Self { change, note, .. } = self;
        write!(f, "{file}:{line}:{column} {note} ({op} {order}) {change}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Killed { by, why } => write!(f, "killed by {by}: {why}"),
            Self::Survived { met, undecided: 0 } => write!(f, "SURVIVED {met} models"),
            Self::Survived { met, undecided } => {
                write!(f, "SURVIVED {met} models, {undecided} of them undecided")
            }
        }
    }
}
