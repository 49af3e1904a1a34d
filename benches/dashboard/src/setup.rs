//! Which runs may be compared with each other: those on one machine, with as many workers, and asked for as much.

use crate::document::{Document, Mode};
use std::path::PathBuf;

/// A run and its name.
pub struct Run {
    /// Its file's name without the ending: it names the run in links.
    pub key: String,
    /// What it left behind.
    pub document: Document,
}

impl Run {
    /// The first digits of the commit, with a mark if files differed from it.
    pub fn commit(&self) -> String {
        match &self.document.commit {
            Some(commit) => {
                let short: String = commit.hash.chars().take(7).collect();
                format!("{short}{}", if commit.dirty { "+" } else { "" })
            }
            None => "none".into(),
        }
    }

    /// Its start, to the minute: `2026-11-21 15:04`.
    pub fn started(&self) -> String {
        let minutes: String = self.document.run.started.chars().take(16).collect();
        minutes.replace('T', " ")
    }

    /// Why no commit can be blamed for its figures, if so.
    pub fn note(&self) -> &'static str {
        match &self.document.commit {
            Some(commit) if commit.dirty => "changed work tree",
            Some(_) => "",
            None => "no commit known",
        }
    }

    /// Whether the code that ran is the commit's, so that a difference can be attributed to a commit.
    pub fn is_attributable(&self) -> bool {
        self.note().is_empty()
    }
}

/// Runs that may be compared, by their start.
pub struct Setup {
    /// Its folder in the site.
    pub slug: String,
    /// How much was asked.
    pub mode: Mode,
    /// Workers per pool.
    pub workers: usize,
    /// At least one.
    pub runs: Vec<Run>,
}

impl Setup {
    /// The last run.
    pub fn last(&self) -> &Run {
        self.runs.last().expect("a setup has a run")
    }

    /// What is the same in all its runs.
    pub fn label(&self) -> String {
        let machine = &self.last().document.machine;
        format!(
            "{}: {} cores, {} workers, {} runs",
            machine.name,
            machine.cores,
            self.workers,
            match self.mode {
                Mode::Full => "full",
                Mode::Quick => "quick",
            }
        )
    }
}

/// Sorts runs into setups: full ones before quick ones, then by their last runs, the latest first.
pub fn setups(documents: Vec<(PathBuf, Document)>) -> Vec<Setup> {
    let mut setups: Vec<Setup> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (path, document) in documents {
        let key = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let (mode, workers) = (document.run.mode, document.run.workers);
        let name = document.machine.name.clone();
        let at = setups.iter().zip(&names).position(|(setup, machine)| {
            (setup.mode, setup.workers, machine) == (mode, workers, &name)
        });
        let at = at.unwrap_or_else(|| {
            let mode = match mode {
                Mode::Full => "full",
                Mode::Quick => "quick",
            };
            let base = slug(&format!("{name}-{workers}-{mode}"));
            let slug = unused(base, |slug| setups.iter().any(|setup| setup.slug == slug));
            setups.push(Setup {
                slug,
                mode: document.run.mode,
                workers,
                runs: Vec::new(),
            });
            names.push(name);
            setups.len() - 1
        });
        setups[at].runs.push(Run { key, document });
    }
    for setup in &mut setups {
        let order = |run: &Run| (run.document.run.started.clone(), run.key.clone());
        setup.runs.sort_by_key(order);
    }
    setups.sort_by(|a, b| {
        let quick = |setup: &Setup| setup.mode == Mode::Quick;
        let last = |setup: &Setup| setup.last().document.run.started.clone();
        (quick(a), last(b)).cmp(&(quick(b), last(a)))
    });
    setups
}

/// A name for files and links: letters, digits and dashes.
pub fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "x" } else { slug }.to_owned()
}

/// `base`, or with a number behind it where that is taken.
pub fn unused(base: String, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|n| format!("{base}-{n}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !taken(name))
        .expect("numbers do not end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_safe_and_stay_apart() {
        assert_eq!(slug("W1/p99.9"), "W1-p99-9");
        assert_eq!(slug("../<b>"), "b");
        assert_eq!(slug("/"), "x");
        let taken = ["a", "a-2"];
        assert_eq!(unused("a".into(), |name| taken.contains(&name)), "a-3");
        assert_eq!(unused("b".into(), |name| taken.contains(&name)), "b");
    }
}
