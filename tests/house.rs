//! The conventions of CONTRIBUTING.md that a machine can check. A finding names file and line.

#[path = "house/floors.rs"]
mod floors;
#[path = "house/pages.rs"]
mod pages;
#[path = "house/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use source::{Source, word_at, words};

/// Files have one subject; one that outgrows this has two.
const MOST_LINES: usize = 620;
/// How far above a line its SAFETY or ORDERING note may begin.
const NOTE_REACH: usize = 8;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` whose name ends with `ending`, sorted.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    walkdir::WalkDir::new(root().join(folder))
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "target")
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}

fn sources(folder: &str) -> Vec<Source> {
    files(folder, ".rs")
        .iter()
        .map(|path| Source::read(path))
        .collect()
}

fn name(path: &Path) -> String {
    let path = path.strip_prefix(root()).unwrap_or(path);
    path.display().to_string()
}

/// `file:line: what`
fn finding(path: &Path, line: usize, what: &str) -> String {
    format!("{}:{}: {what}", name(path), line + 1)
}

fn no_findings(findings: &[String]) {
    assert!(
        findings.is_empty(),
        "{} finding(s):\n{}",
        findings.len(),
        findings.join("\n")
    );
}

/// `sync` and `sys` are the doors: what is kept behind them is their own business.
fn is_below(path: &Path, folder: &str) -> bool {
    path.starts_with(root().join(folder)) || path == root().join(format!("{folder}.rs"))
}

#[test]
fn the_sources_are_found() {
    assert!(sources("src").len() > 10);
}

#[test]
fn every_source_file_has_one_subject() {
    let long = sources("src").into_iter().filter_map(|source| {
        let lines = source.raw.len();
        let what = format!("{lines} lines, at most {MOST_LINES}: split it by subject");
        (lines > MOST_LINES).then(|| finding(&source.path, lines - 1, &what))
    });
    no_findings(&long.collect::<Vec<_>>());
}

#[test]
fn every_unsafe_says_why_it_is_sound() {
    let mut findings = Vec::new();
    for source in sources("src") {
        for (line, code) in source.code.iter().enumerate() {
            for (at, _) in words(code).filter(|&(_, word)| word == "unsafe") {
                let what = match source.next_word(line, at + "unsafe".len()).as_deref() {
                    Some("{") => "unsafe block",
                    Some("impl") => "unsafe impl",
                    _ => continue,
                };
                if !source.has_note(line, NOTE_REACH, "SAFETY:") {
                    let what =
                        format!("{what} without `// SAFETY:` in the {NOTE_REACH} lines above");
                    findings.push(finding(&source.path, line, &what));
                }
            }
        }
    }
    no_findings(&findings);
}

#[test]
fn every_atomic_operation_explains_its_ordering() {
    const ORDERINGS: [&str; 5] = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
    let mut findings = Vec::new();
    for source in sources("src") {
        if is_below(&source.path, "src/sync") {
            continue;
        }
        for (line, code) in source.code.iter().enumerate() {
            let Some((_, word)) = words(code).find(|(_, word)| ORDERINGS.contains(word)) else {
                continue;
            };
            if !source.in_use(line) && !source.has_note(line, NOTE_REACH, "ORDERING:") {
                let what =
                    format!("`{word}` without `// ORDERING:` in the {NOTE_REACH} lines above");
                findings.push(finding(&source.path, line, &what));
            }
        }
    }
    no_findings(&findings);
}

#[test]
fn atomics_come_only_through_sync() {
    let mut findings = Vec::new();
    for source in sources("src") {
        if is_below(&source.path, "src/sync") {
            continue;
        }
        for (line, code) in source.code.iter().enumerate() {
            let code: String = code.split_whitespace().collect();
            if code.contains("std::sync::atomic") || code.contains("core::sync::atomic") {
                let what = "std's atomics: use `crate::sync`, so that the models see them";
                findings.push(finding(&source.path, line, what));
            }
        }
    }
    no_findings(&findings);
}

/// Time on a shared machine says nothing. That a timeout did not come early may be asserted.
#[test]
fn no_test_asserts_how_long_something_took() {
    let mut findings = Vec::new();
    for folder in ["src", "tests", "verify"] {
        for source in sources(folder) {
            for assertion in source.assertions() {
                if source::judges_time(&assertion.text, &assertion.timers) {
                    let what = "an assertion on elapsed time: wait for a condition instead";
                    findings.push(finding(&source.path, assertion.line, what));
                }
            }
        }
    }
    no_findings(&findings);
}

#[test]
fn no_test_is_ignored() {
    let mut findings = Vec::new();
    for folder in ["src", "tests", "verify", "examples"] {
        for source in sources(folder) {
            for (line, code) in source.code.iter().enumerate() {
                let code: String = code.split_whitespace().collect();
                let attribute = code.contains("#[ignore") || code.contains("#![ignore");
                if attribute || (code.contains("cfg_attr(") && code.contains(",ignore")) {
                    let what = "an ignored test: make it pass, or delete it and say why";
                    findings.push(finding(&source.path, line, what));
                }
            }
        }
    }
    no_findings(&findings);
}

/// Prose names models, pages and files; a reader who looks for them must find them.
#[test]
fn files_named_in_prose_exist() {
    let mut findings = Vec::new();
    let mut check = |path: &Path, line: usize, text: &str| {
        for named in source::named_files(text) {
            // A shell-like set `a/{b,c}.rs` or a pattern `a/*.rs` is no single file.
            if !root().join(&named).is_file() {
                findings.push(finding(path, line, &format!("there is no `{named}`")));
            }
        }
    };
    for folder in ["src", "verify", "tests", "examples", "benches"] {
        for source in sources(folder) {
            for (line, comment) in source.comments.iter().enumerate() {
                check(&source.path, line, comment);
            }
        }
    }
    let mut pages = files("docs", ".md");
    pages.extend(files("src", ".md"));
    pages.extend(files("verify", ".md"));
    pages.extend(["README.md", "CONTRIBUTING.md"].map(|page| root().join(page)));
    for page in pages {
        let text = fs::read_to_string(&page).expect("a page is text");
        for (line, text) in text.lines().enumerate() {
            check(&page, line, text);
        }
    }
    no_findings(&findings);
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut findings = Vec::new();
    let mut pages = files("docs", ".md");
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root().join(page)));
    for page in pages {
        let folder = page.parent().expect("a page lies in a folder");
        let text = fs::read_to_string(&page).expect("a page is text");
        for (line, text) in text.lines().enumerate() {
            for target in source::links(text) {
                let file = target.split('#').next().unwrap_or_default();
                let outside = target.contains("://") || file.is_empty();
                if !outside && !folder.join(file).exists() {
                    let what = format!("the link `{target}` leads nowhere");
                    findings.push(finding(&page, line, &what));
                }
            }
        }
    }
    no_findings(&findings);
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = root().join("docs/SUMMARY.md");
    let text = fs::read_to_string(&summary).expect("docs/SUMMARY.md");
    let listed: Vec<PathBuf> = text
        .lines()
        .flat_map(source::links)
        .map(|target| root().join("docs").join(target))
        .collect();
    let missing = files("docs", ".md")
        .into_iter()
        .filter(|page| *page != summary && !listed.contains(page))
        .map(|page| format!("{}: not in docs/SUMMARY.md", name(&page)));
    no_findings(&missing.collect::<Vec<_>>());
}

/// What Python's executors promise was counted in rows; `docs/differences.md` says of what.
#[test]
fn every_row_has_a_test_named_after_it_or_a_line() {
    const ROWS: [(char, u32); 9] = [
        ('f', 36),
        ('e', 11),
        ('m', 25),
        ('s', 18),
        ('t', 18),
        ('p', 45),
        ('w', 16),
        ('a', 10),
        ('x', 6),
    ];
    let mut told = BTreeSet::new();
    for folder in ["tests/conformance", "tests/process"] {
        for source in sources(folder) {
            for (_, word) in source.code.iter().flat_map(|code| words(code)) {
                let row = word.split_once('_').map(|(row, _)| row);
                told.extend(row.and_then(row_of));
            }
        }
    }
    let page = fs::read_to_string(root().join("docs/differences.md")).expect("a page");
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let rows = line.split('|').nth(1).unwrap_or_default();
        let rows = rows.split(',').map(|row| row.trim().to_lowercase());
        told.extend(rows.filter_map(|row| row_of(&row)));
    }
    let missing = ROWS.into_iter().flat_map(|(letter, last)| {
        let rows = (1..=last).map(move |number| (letter, number));
        rows.filter(|row| !told.contains(row))
    });
    let findings =
        missing.map(|(letter, number)| format!("row {letter}{number}: no test, no line"));
    no_findings(&findings.collect::<Vec<_>>());
}

/// `f07` and `f7`
fn row_of(text: &str) -> Option<(char, u32)> {
    let letter = text.chars().next()?;
    Some((letter, text[letter.len_utf8()..].parse().ok()?))
}

/// The checks above are only as good as the reader behind them.
#[test]
fn the_reader_tells_code_from_comments_and_strings() {
    let text = concat!(
        "let s = \"unsafe { Relaxed\"; // SAFETY: none\n",
        "let r = r#\"Acquire \" // x\"#; /* Release\n",
        "still /* nested */ SeqCst */ a.load(Relaxed);\n",
        "let c = '\"'; let l: &'static str = \"x\\\"AcqRel\"; b\n",
        "let b = b'\\''; unsafe\n",
        "{ x }\n",
    );
    let source = Source::parse(PathBuf::from("test.rs"), text);
    let found: Vec<Vec<&str>> = source
        .code
        .iter()
        .map(|code| words(code).map(|(_, word)| word).collect())
        .collect();
    assert_eq!(found[0], ["let", "s"]);
    assert_eq!(found[1], ["let", "r"]);
    assert_eq!(found[2], ["a", "load", "Relaxed"]);
    assert_eq!(found[3], ["let", "c", "let", "l", "static", "str", "b"]);
    assert_eq!(found[4], ["let", "b", "b", "unsafe"]);
    assert!(source.comments[0].contains("SAFETY: none"));
    assert!(source.comments[1].contains("Release"));
    assert!(source.comments[2].contains("SeqCst"));
    let end = source.code[4].len();
    assert_eq!(source.next_word(4, end).as_deref(), Some("{"));
    assert!(source.has_note(5, 8, "SAFETY:"));
    assert!(!source.has_note(5, 3, "SAFETY:"));
    assert_eq!(word_at("foo_bar baz", 0), "foo_bar");
}

#[test]
fn the_reader_tells_an_upper_bound_from_a_lower_one() {
    let judge = |text: &str| {
        let source = Source::parse(PathBuf::from("test.rs"), text);
        let mut assertions = source.assertions();
        let assertion = assertions.pop().expect("an assertion");
        source::judges_time(&assertion.text, &assertion.timers)
    };
    assert!(judge("assert!(start.elapsed() < limit);"));
    assert!(judge("assert!(\n  limit > start.elapsed(),\n \"slow\"\n);"));
    assert!(judge(
        "let took = start.elapsed();\nassert!(took <= limit);"
    ));
    assert!(judge("debug_assert!(start.elapsed().as_millis() < 5);"));
    assert!(!judge("assert!(start.elapsed() >= limit);"));
    assert!(!judge(
        "let took = start.elapsed();\nassert!(took >= limit);"
    ));
    assert!(!judge("assert!(left < right);"));
}

#[test]
fn the_reader_finds_files_named_in_prose() {
    let text = "see `verify/models/word.rs`, docs/guide.md. Not crate::src/x or a/src/b.rs or src/";
    let found: Vec<String> = source::named_files(text).collect();
    assert_eq!(found, ["verify/models/word.rs", "docs/guide.md"]);
    let links: Vec<&str> = source::links("[a](x.md) and [b](y.md#z) `[c](d)`").collect();
    assert_eq!(links, ["x.md", "y.md#z"]);
}
