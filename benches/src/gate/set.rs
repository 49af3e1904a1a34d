//! A result set: what was measured of one state of the code, in one run or several.

use crate::counts::{Baseline, Tools};
use crate::document::{Document, file};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// See the module.
#[derive(Clone, Debug)]
pub struct Set {
    /// What it is called in reports.
    pub name: String,
    /// Its runs.
    pub runs: Vec<Document>,
    /// Its counts, if any were taken.
    pub counts: Option<Counts>,
}

/// Instructions by path.
#[derive(Clone, Debug)]
pub struct Counts {
    /// What took them; empty where that is not known.
    pub tools: Tools,
    /// One count for each path, or several that differ, which they never should.
    pub of: BTreeMap<String, Vec<u64>>,
}

impl Set {
    /// Reads a document, a baseline of counts, or a folder of documents of one commit.
    ///
    /// # Errors
    ///
    /// Nothing readable is there, or what is there is not of one commit.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let within = |problem: String| format!("{name}: {problem}");
        if path.is_dir() {
            let folder = file::read_folder(path).map_err(|error| within(error.to_string()))?;
            if let Some((path, problem)) = folder.unreadable.first() {
                return Err(format!("{}: {problem}", path.display()));
            }
            let runs = folder.documents.into_iter().map(|(_, document)| document);
            return Self::new(name.clone(), runs.collect()).map_err(within);
        }
        let text = fs::read_to_string(path).map_err(|error| within(error.to_string()))?;
        if Baseline::is_meant(&text) {
            let baseline = Baseline::parse(&text).map_err(within)?;
            return Ok(Self {
                name: name.clone(),
                runs: Vec::new(),
                counts: Some(Counts {
                    tools: baseline.tools(),
                    of: baseline
                        .instructions
                        .into_iter()
                        .map(|row| (row.id, vec![row.instructions]))
                        .collect(),
                }),
            });
        }
        let document = Document::parse(&text).map_err(|problem| within(problem.to_string()))?;
        Self::new(name.clone(), vec![document]).map_err(within)
    }

    /// Documents of one commit.
    ///
    /// # Errors
    ///
    /// There are none, or they are not of one commit.
    pub fn new(name: String, runs: Vec<Document>) -> Result<Self, String> {
        let Some(first) = runs.first() else {
            return Err("no documents".to_owned());
        };
        let hash = |run: &Document| run.commit.as_ref().map(|commit| commit.hash.clone());
        if let Some(other) = runs.iter().find(|run| hash(run) != hash(first)) {
            let named = |run| hash(run).unwrap_or("no commit".to_owned());
            let (first, other) = (named(first), named(other));
            return Err(format!("runs of different commits: {first} and {other}"));
        }
        let counts = Counts::of(&runs);
        Ok(Self { name, runs, counts })
    }
}

impl Counts {
    fn of(runs: &[Document]) -> Option<Self> {
        let counted = || runs.iter().filter(|run| !run.instructions.is_empty());
        let first = counted().next()?;
        let tools = Tools {
            rustc: first.toolchain.rustc.clone(),
            target: String::new(),
            libc: String::new(),
            valgrind: first.instruments.valgrind.clone().unwrap_or_default(),
        };
        let mut of: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for count in counted().flat_map(|run| &run.instructions) {
            let seen = of.entry(count.id.clone()).or_default();
            if !seen.contains(&count.instructions) {
                seen.push(count.instructions);
            }
        }
        Some(Self { tools, of })
    }
}
