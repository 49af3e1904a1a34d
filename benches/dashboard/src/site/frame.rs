//! What is around every page, and the data that all pages of a setup share.

use crate::document::Mode;
use crate::history::counts;
use crate::setup::Setup;
use serde::Serialize;
use serde_json::json;

/// All setups and the one that is shown.
pub struct Site<'a> {
    pub setups: &'a [Setup],
    pub at: usize,
}

/// The head, the navigation and the foot of a page.
pub struct Frame {
    pub title: String,
    /// Which entry of the navigation this is.
    pub section: &'static str,
    /// From the page to the site's folder.
    pub root: String,
    /// From the page to the setup's folder.
    pub home: String,
    pub setup: String,
    pub quick: bool,
    pub setups: Vec<SetupLink>,
    pub last: String,
}

pub struct SetupLink {
    pub label: String,
    pub href: String,
    pub current: bool,
}

impl Site<'_> {
    pub fn frame(&self, title: &str, section: &'static str, root: &str, home: &str) -> Frame {
        let setup = &self.setups[self.at];
        let links = self.setups.iter().enumerate().map(|(at, other)| SetupLink {
            label: other.label(),
            href: format!("{root}{}/index.html", other.slug),
            current: at == self.at,
        });
        Frame {
            title: title.to_owned(),
            section,
            root: root.to_owned(),
            home: home.to_owned(),
            setup: setup.label(),
            quick: setup.mode == Mode::Quick,
            setups: links.collect(),
            last: format!("{} ({})", setup.last().started(), setup.last().commit()),
        }
    }
}

/// A run as charts and links know it.
#[derive(Serialize)]
pub struct RunData<'a> {
    key: &'a str,
    started: String,
    commit: String,
    subject: &'a str,
    dirty: bool,
    rustc: &'a str,
}

/// `data.js`: the runs and the counts of instructions.
pub fn shared(setup: &Setup) -> String {
    let runs: Vec<RunData<'_>> = setup
        .runs
        .iter()
        .map(|run| RunData {
            key: &run.key,
            started: run.started(),
            commit: run.commit(),
            subject: run
                .document
                .commit
                .as_ref()
                .map_or("", |commit| &commit.subject),
            dirty: !run.is_attributable(),
            rustc: &run.document.toolchain.rustc,
        })
        .collect();
    let counts: Vec<_> = counts(setup)
        .iter()
        .map(|counts| {
            let points: Vec<_> = counts
                .points
                .iter()
                .map(|point| point.map(|counted| counted.instructions))
                .collect();
            json!({"id": counts.about.id, "title": counts.about.title, "points": points})
        })
        .collect();
    let data = json!({"runs": runs, "counts": counts});
    format!("globalThis.dashboard = {{ shared: {data} }};\n")
}
