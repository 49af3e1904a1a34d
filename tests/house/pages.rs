//! Pages that name code: the walks from file to file, the glossary, and the list of surviving mutants.

use super::source::{Source, words};
use super::{files, finding, name, no_findings, root, sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

/// Words that a reader needs no explanation for: those of Rust, of its standard library, and of plain English.
const PLAIN_WORDS: &str = "Any Arc As Atomic Bool Box Build Builder Bytes Cause Config Context Count Counter Details Dies \
    Drop Error Exhausted For Full Guard Id In Info Large List Long Mode Mutex Named On Options Out Output Ptr Raw \
    Reader Reason Refused Return Sealed Settings Shutdown Slice Stage Stats Status Stop Thread Timed Timeout Too U32 \
    U64 Unordered Unsafe Usize Violation View When";

/// A heading of a page, and how many files its walk may lead through.
const WALKS: [(&str, &str, usize); 3] = [
    ("docs/life-of-a-task.md", "## Threads", 9),
    ("docs/life-of-a-task.md", "## Processes", 14),
    ("docs/death-of-a-worker.md", "## ", 15),
];

/// A step of a walk: `[file.rs](../src/file.rs): `fn_name`, `fn_name`. What happens.`
fn step(line: &str) -> Option<(&str, Vec<&str>)> {
    let (_, rest) = line.split_once("](../")?;
    let (file, rest) = rest.split_once(')')?;
    let named = rest.strip_prefix(": `")?;
    let named = named.split(". ").next()?.trim_end_matches(['`', '.']);
    Some((file, named.split("`, `").collect()))
}

#[test]
fn the_walks_name_files_and_functions_that_exist() {
    let mut findings = Vec::new();
    for page in WALKS.map(|(page, ..)| page) {
        let path = root().join(page);
        let text = fs::read_to_string(&path).expect("a page");
        let linked = text.lines().filter(|line| line.contains("](../src/"));
        assert_eq!(
            linked.clone().count(),
            linked.clone().filter_map(step).count(),
            "a step of {page} names no function"
        );
        for (line, text) in text.lines().enumerate() {
            let Some((file, functions)) = step(text) else {
                continue;
            };
            if !text.contains(&format!("[{}](", file.trim_start_matches("src/"))) {
                let what = format!("the link to {file} has another name");
                findings.push(finding(&path, line, &what));
            }
            let source = root().join(file);
            if !source.is_file() {
                findings.push(finding(&path, line, &format!("there is no {file}")));
                continue;
            }
            let source = Source::read(&source);
            for function in functions {
                if !has_function(&source, function) {
                    let what = format!("{file} has no function `{function}`");
                    findings.push(finding(&path, line, &what));
                }
            }
        }
    }
    no_findings(&findings);
}

fn has_function(source: &Source, function: &str) -> bool {
    source.code.iter().any(|code| {
        let mut found = words(code).skip_while(|&(_, word)| word != "fn");
        found.nth(1).is_some_and(|(_, word)| word == function)
    })
}

#[test]
fn the_walks_lead_through_few_files() {
    for (page, heading, most) in WALKS {
        let text = fs::read_to_string(root().join(page)).expect("a page");
        let mut is_inside = false;
        let mut steps = BTreeSet::new();
        for line in text.lines() {
            if line.starts_with("## ") {
                is_inside = line.starts_with(heading);
            }
            if is_inside {
                steps.extend(step(line).map(|(file, _)| file));
            }
        }
        let count = steps.len();
        assert!(count > 5, "{page}, {heading}: no walk");
        assert!(
            count <= most,
            "{page}, {heading}: {count} files, at most {most}"
        );
    }
}

/// The type names of the library that more than one function can reach, with their file and line.
fn type_names() -> Vec<(String, PathBuf, usize)> {
    const KINDS: [&str; 5] = ["struct", "enum", "trait", "union", "type"];
    let mut names = Vec::new();
    for source in sources("src") {
        let path = name(&source.path);
        if path.contains("/tests") || path.contains("/testing/") {
            continue;
        }
        for (line, code) in source.code.iter().enumerate() {
            if !code.trim_start().starts_with("pub") {
                continue;
            }
            let mut found = words(code).map(|(_, word)| word);
            if found.by_ref().any(|word| KINDS.contains(&word))
                && let Some(named) = found.next()
                && named.starts_with(|c: char| c.is_ascii_uppercase())
            {
                names.push((named.to_owned(), source.path.clone(), line));
            }
        }
    }
    names
}

/// `HandoffSlot` is `Handoff` and `Slot`.
fn camel_words(name: &str) -> Vec<&str> {
    let starts = name.match_indices(|c: char| c.is_ascii_uppercase());
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    let ends = starts.iter().copied().skip(1).chain([name.len()]);
    let pairs = starts.iter().zip(ends);
    pairs.map(|(&start, end)| &name[start..end]).collect()
}

/// The terms of the glossary in their order, and the names in its code spans.
fn glossary() -> (Vec<String>, BTreeSet<String>) {
    let text = fs::read_to_string(root().join("docs/glossary.md")).expect("the glossary");
    let terms = text
        .lines()
        .filter_map(|line| line.strip_prefix("**")?.split_once("**:"))
        .map(|(term, _)| term.to_owned())
        .collect();
    let spans = text.split('`').skip(1).step_by(2);
    (terms, spans.map(str::to_owned).collect())
}

/// Each type name is in a code span of the glossary, or is made of words that are the terms' or plain.
#[test]
fn every_type_name_is_explained_in_the_glossary() {
    let (terms, spans) = glossary();
    let of_terms = terms.iter().flat_map(|term| term.split([' ', ',', '-']));
    let mut known: BTreeSet<String> = of_terms.map(str::to_lowercase).collect();
    known.extend(
        terms
            .iter()
            .flat_map(|term| camel_words(term))
            .map(str::to_lowercase),
    );
    known.extend(PLAIN_WORDS.split_whitespace().map(str::to_lowercase));
    let is_known = |word: &&str| known.contains(&word.to_lowercase());
    let findings = type_names().into_iter().filter_map(|(name, path, line)| {
        let unknown = camel_words(&name)
            .into_iter()
            .find(|word| !is_known(word))?;
        let what = format!("docs/glossary.md explains neither `{name}` nor {unknown:?}");
        (!spans.contains(&name)).then(|| finding(&path, line, &what))
    });
    no_findings(&findings.collect::<Vec<_>>());
}

#[test]
fn the_glossary_is_sorted_and_names_what_exists() {
    let (terms, spans) = glossary();
    let terms: Vec<String> = terms.iter().map(|term| term.to_lowercase()).collect();
    for pair in terms.windows(2) {
        assert!(pair[0] < pair[1], "{:?} comes after {:?}", pair[0], pair[1]);
    }
    let mut text = String::new();
    for path in files("src", ".rs") {
        text.push_str(&fs::read_to_string(path).expect("a source file"));
    }
    let in_source: BTreeSet<&str> = words(&text).map(|(_, word)| word).collect();
    // Terms of other projects follow "Elsewhere"; only they may be unknown here.
    let glossary = fs::read_to_string(root().join("docs/glossary.md")).expect("the glossary");
    let elsewhere: String = glossary
        .split("\n\n")
        .filter_map(|entry| entry.split_once("Elsewhere:"))
        .map(|(_, text)| text)
        .collect();
    let gone = spans.iter().filter(|span| {
        let is_name = span.chars().all(|c| c.is_ascii_alphanumeric());
        let is_type = is_name && span.starts_with(|c: char| c.is_ascii_uppercase());
        is_type && !in_source.contains(span.as_str()) && !elsewhere.contains(span.as_str())
    });
    let gone: Vec<&String> = gone.collect();
    assert!(
        gone.is_empty(),
        "docs/glossary.md names what is gone: {gone:?}"
    );
}

/// The sweep looks a survivor up by the name in its note.
#[test]
fn the_surviving_sites_exist() {
    let path = root().join("verify/SURVIVORS.md");
    let text = fs::read_to_string(&path).expect("the list");
    let mut notes = BTreeSet::new();
    for source in sources("src") {
        let named = |line: &String| {
            let (_, note) = line.split_once("ORDERING: ")?;
            Some(note.split_whitespace().next()?.to_owned())
        };
        notes.extend(source.comments.iter().filter_map(named));
    }
    let mut findings = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let Some(sites) = text
            .strip_prefix("| `")
            .and_then(|row| row.split('|').next())
        else {
            continue;
        };
        for site in sites.split('`').step_by(2).map(str::trim) {
            let site = site.trim_end_matches(" wake");
            if !site.is_empty() && !notes.contains(site) {
                findings.push(finding(&path, line, &format!("there is no site {site}")));
            }
        }
    }
    no_findings(&findings);
}

#[test]
fn the_reader_finds_the_steps_of_a_walk() {
    let line = "3. [a/b.rs](../src/a/b.rs): `f`, `g`. Takes `h`. See [c](c.md).";
    assert_eq!(step(line), Some(("src/a/b.rs", vec!["f", "g"])));
    assert_eq!(step("see [c](c.md)"), None);
    assert_eq!(camel_words("HandoffSlot"), ["Handoff", "Slot"]);
}
