//! The pages of the site and their files.

mod benchmark;
mod frame;
mod instructions;
mod judged;
mod overview;
mod regressions;
mod runs;

use crate::setup::Setup;
use askama::Template;
use frame::Site;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What every page loads, compiled in.
const ASSETS: [(&str, &str); 11] = [
    ("style.css", include_str!("../../assets/style.css")),
    ("theme.js", include_str!("../../assets/theme.js")),
    ("state.js", include_str!("../../assets/state.js")),
    ("figure.js", include_str!("../../assets/figure.js")),
    ("chart.js", include_str!("../../assets/chart.js")),
    ("overview.js", include_str!("../../assets/overview.js")),
    ("benchmark.js", include_str!("../../assets/benchmark.js")),
    (
        "regressions.js",
        include_str!("../../assets/regressions.js"),
    ),
    (
        "instructions.js",
        include_str!("../../assets/instructions.js"),
    ),
    (
        "echarts.min.js",
        include_str!("../../assets/echarts.min.js"),
    ),
    (
        "echarts.LICENSE",
        include_str!("../../assets/echarts.LICENSE"),
    ),
];

/// Lies in every site, so that an earlier site can be told from any other folder.
const MARK: &str = ".raddle-dashboard";

/// Why there is no site.
#[derive(Debug)]
pub enum Failure {
    /// A file or folder could not be written.
    Io(PathBuf, io::Error),
    /// The folder holds something else than an earlier site.
    NotOurs(PathBuf),
    /// A page could not be made.
    Page(PathBuf, askama::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Failure::NotOurs(path) => write!(
                f,
                "{}: not empty and not an earlier site: nothing was changed",
                path.display()
            ),
            Failure::Page(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for Failure {}

/// Writes the site of all setups, the first of which is the one that it opens with; gives the number of pages. An
/// earlier site in that folder is replaced.
///
/// # Errors
///
/// If the folder holds anything else, or something cannot be written.
///
/// # Panics
///
/// If there is no setup.
pub fn write(setups: &[Setup], target: &Path) -> Result<usize, Failure> {
    clear(target)?;
    let mut out = Out { target, pages: 0 };
    out.file(
        Path::new(MARK),
        "An earlier site here is replaced by the next.\n",
    )?;
    for (name, text) in ASSETS {
        out.file(&Path::new("assets").join(name), text)?;
    }
    for (at, setup) in setups.iter().enumerate() {
        let judged = judged::judge(setup);
        let site = Site { setups, at };
        let folder = PathBuf::from(&setup.slug);
        out.file(&folder.join("data.js"), &frame::shared(setup))?;
        if at == 0 {
            let frame = site.frame("Overview", "overview", "", &format!("{}/", setup.slug));
            out.page(
                Path::new("index.html"),
                &overview::page(frame, setup, &judged),
            )?;
        }
        let frame = |title: &str, section| site.frame(title, section, "../", "");
        out.page(
            &folder.join("index.html"),
            &overview::page(frame("Overview", "overview"), setup, &judged),
        )?;
        out.page(
            &folder.join("regressions.html"),
            &regressions::page(frame("Regressions", "regressions"), setup, &judged),
        )?;
        out.page(
            &folder.join("instructions.html"),
            &instructions::page(frame("Instructions", "instructions"), setup),
        )?;
        out.page(
            &folder.join("runs.html"),
            &runs::page(frame("Runs", "runs"), setup),
        )?;
        for this in &judged.benchmarks {
            let about = this.history.about;
            let title = format!("{} {}", about.id, about.title);
            let frame = site.frame(&title, "benchmark", "../../", "../");
            out.page(
                &folder.join(this.page()),
                &benchmark::page(frame, setup, &judged, this),
            )?;
        }
    }
    Ok(out.pages)
}

/// Makes room: an earlier site goes, anything else stays and is an error.
fn clear(target: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::Io(target.to_owned(), error);
    if !target.exists() {
        return Ok(());
    }
    let empty = fs::read_dir(target).map_err(failed)?.next().is_none();
    if empty {
        Ok(())
    } else if target.join(MARK).is_file() {
        fs::remove_dir_all(target).map_err(failed)
    } else {
        Err(Failure::NotOurs(target.to_owned()))
    }
}

struct Out<'a> {
    target: &'a Path,
    pages: usize,
}

impl Out<'_> {
    fn file(&self, path: &Path, text: &str) -> Result<(), Failure> {
        let path = self.target.join(path);
        let folder = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Failure::Io(path, error))
    }

    fn page(&mut self, path: &Path, page: &impl Template) -> Result<(), Failure> {
        let text = page
            .render()
            .map_err(|error| Failure::Page(path.to_owned(), error))?;
        self.pages += 1;
        self.file(path, &text)
    }
}
