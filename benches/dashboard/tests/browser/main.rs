//! The site in a real browser, from `file://`.
//!
//! Screenshots and the printed page go to the folder that `RADDLE_SCREENSHOTS` names, or to the build's own.

#[path = "../sample/mod.rs"]
mod sample;

mod access;
mod charts;
mod chrome;
mod findings;
mod keys;
mod links;
mod looks;
mod pages;

use chrome::Chrome;
use raddle_dashboard::document::Document;
use raddle_dashboard::document::file::read_folder;
use raddle_dashboard::setup::setups;
use raddle_dashboard::site;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// Built once for all tests.
static SITE: LazyLock<TempDir> = LazyLock::new(|| build(&sample::history()));

/// Where the pages of the sample's first setup lie.
const FIRST: &str = "example-cpu-2-linux6-2-full";

fn build(documents: &[Document]) -> TempDir {
    let results = tempfile::tempdir().expect("a folder");
    sample::write(documents, results.path());
    let target = tempfile::tempdir().expect("a folder");
    let folder = read_folder(results.path()).expect("a folder");
    site::write(&setups(folder.documents), target.path()).expect("a site is written");
    target
}

/// The address of a file of a site.
fn address(site: &Path, page: &str) -> String {
    format!("file://{}/{page}", site.display())
}

/// The address of a page of the sample's first setup.
fn first(page: &str) -> String {
    address(SITE.path(), &format!("{FIRST}/{page}"))
}

/// All pages of the sample's site.
fn all_pages() -> Vec<String> {
    let mut pages = vec![address(SITE.path(), "index.html")];
    let folder = SITE.path().join(FIRST);
    for below in ["", "benchmark"] {
        let entries = std::fs::read_dir(folder.join(below)).expect("a folder");
        let files = entries.map(|entry| entry.expect("an entry").path());
        let html = files.filter(|path| path.extension().is_some_and(|ending| ending == "html"));
        pages.extend(html.map(|path| format!("file://{}", path.display())));
    }
    pages.sort();
    pages
}

/// A folder for pictures.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("RADDLE_SCREENSHOTS").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots"),
        PathBuf::from,
    );
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Runs a test in a browser of its own, which must have nothing to complain of; skips it loudly where there is none.
fn in_browser(test: impl FnOnce(&mut Chrome)) {
    if !Chrome::is_here() {
        eprintln!("SKIPPED: no chromium: the pages were not looked at in a browser");
        return;
    }
    let mut chrome = Chrome::start();
    test(&mut chrome);
    assert!(chrome.complaints.is_empty(), "{:#?}", chrome.complaints);
}
