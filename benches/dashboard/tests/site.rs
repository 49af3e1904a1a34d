//! The site as files: what is in it, what is not, and when there is none.

mod sample;

use raddle_dashboard::document::file::read_folder;
use raddle_dashboard::setup::{Setup, setups};
use raddle_dashboard::site;
use std::fs;
use std::path::Path;
use std::process::Command;

fn build(setups: &[Setup], target: &Path) {
    site::write(setups, target).expect("a site is written");
}

fn sample_setups() -> Vec<Setup> {
    let results = tempfile::tempdir().expect("a folder");
    sample::write(&sample::history(), results.path());
    setups(read_folder(results.path()).expect("a folder").documents)
}

fn pages(site: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![site.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "html") {
                let name = path
                    .strip_prefix(site)
                    .expect("below")
                    .display()
                    .to_string();
                found.push((name, fs::read_to_string(&path).expect("a page")));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn runs_that_may_not_be_compared_are_apart() {
    let setups = sample_setups();
    let found: Vec<(&str, usize)> = setups
        .iter()
        .map(|setup| (setup.slug.as_str(), setup.runs.len()))
        .collect();
    assert_eq!(
        found,
        [
            ("example-cpu-2-linux6-2-full", 40),
            ("another-cpu-8-linux6-2-full", 12),
            ("example-cpu-2-linux6-2-quick", 5),
        ]
    );
}

#[test]
fn a_site_built_twice_is_the_same_and_replaces_the_earlier_one() {
    let setups = sample_setups();
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("site");
    build(&setups, &target);
    let first = pages(&target);
    fs::write(target.join("old.html"), "of an earlier site").expect("a file");
    build(&setups, &target);
    assert!(first == pages(&target), "the sites differ");
}

#[test]
fn every_link_and_file_is_in_the_site_and_none_is_outside_of_it() {
    let folder = tempfile::tempdir().expect("a folder");
    build(&sample_setups(), folder.path());
    let pages = pages(folder.path());
    assert_eq!(pages.len(), 1 + 3 * 4 + 3 * 12);
    for (name, text) in &pages {
        let here = folder.path().join(name);
        let here = here.parent().expect("a folder");
        for attribute in ["href=\"", "src=\""] {
            for part in text.split(attribute).skip(1) {
                let link = part.split('"').next().expect("a link");
                // The commit's subject is text, not a link.
                if link == "x" || link == "data:," {
                    continue;
                }
                let file = link.split('#').next().expect("a part");
                assert!(
                    !file.contains(':') && !file.starts_with('/'),
                    "{name}: {link}"
                );
                assert!(
                    file.is_empty() || here.join(file).is_file(),
                    "{name}: {link}"
                );
            }
        }
    }
}

#[test]
fn what_a_document_says_is_text_and_never_a_part_of_the_page() {
    let folder = tempfile::tempdir().expect("a folder");
    build(&sample_setups(), folder.path());
    for (name, text) in pages(folder.path()) {
        assert!(!text.contains("<img"), "{name}");
        let ends = text.matches("</script>").count();
        assert_eq!(ends, text.matches("<script").count(), "{name}");
    }
}

#[test]
fn a_folder_of_somebody_elses_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("thesis.tex"), "years").expect("a file");
    let failure = site::write(&sample_setups(), folder.path()).expect_err("not ours");
    assert!(
        failure.to_string().contains("nothing was changed"),
        "{failure}"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn the_program_says_what_it_left_out_and_fails_without_results() {
    let dashboard = || Command::new(env!("CARGO_BIN_EXE_dashboard"));
    let folder = tempfile::tempdir().expect("a folder");
    let (results, target) = (folder.path().join("results"), folder.path().join("site"));
    fs::create_dir(&results).expect("a folder");

    let output = dashboard().output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let output = dashboard()
        .args([&results, &target])
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no document of a run"));

    sample::write(&sample::steady(), &results);
    fs::write(results.join("broken.json"), "{").expect("a file");
    let output = dashboard()
        .args([&results, &target])
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("broken.json"));
    assert!(target.join("index.html").is_file());
}
