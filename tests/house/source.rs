//! Reading Rust sources line by line, with code, comments and strings told apart.

use std::fs;
use std::path::{Path, PathBuf};

/// One file. All three views have the same lines and the same columns.
pub struct Source {
    pub path: PathBuf,
    pub raw: Vec<String>,
    /// Comments and the contents of strings and characters are blank.
    pub code: Vec<String>,
    /// Everything but comments is blank.
    pub comments: Vec<String>,
}

/// An `assert…!(…)`, and the variables of its file that hold an elapsed time.
pub struct Assertion {
    pub line: usize,
    pub text: String,
    pub timers: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    LineComment,
    BlockComment { depth: usize },
    String,
    RawString { hashes: usize },
}

impl Source {
    pub fn read(path: &Path) -> Self {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(path.to_owned(), &text)
    }

    pub fn parse(path: PathBuf, text: &str) -> Self {
        // Characters, not bytes, so that columns agree; a character in a file stays one here.
        let chars: Vec<char> = text.chars().collect();
        let mut code = String::with_capacity(text.len());
        let mut comments = String::with_capacity(text.len());
        let mut state = State::Code;
        let mut at = 0;
        while at < chars.len() {
            let (next, taken) = step(state, &chars, at);
            let comment = |s| matches!(s, State::LineComment | State::BlockComment { .. });
            for &c in &chars[at..at + taken] {
                let blank = if c == '\n' { '\n' } else { ' ' };
                let in_comment = comment(state) || comment(next);
                let in_code = state == State::Code && next == State::Code && taken == 1;
                code.push(if in_code { c } else { blank });
                comments.push(if in_comment { c } else { blank });
            }
            at += taken;
            state = next;
        }
        let lines = |text: &str| text.lines().map(str::to_owned).collect();
        Self {
            path,
            raw: lines(text),
            code: lines(&code),
            comments: lines(&comments),
        }
    }

    /// The word or sign that follows a place, on this line or a later one.
    pub fn next_word(&self, line: usize, column: usize) -> Option<String> {
        let rest = self.code[line].get(column..).unwrap_or_default();
        std::iter::once(rest)
            .chain(self.code[line + 1..].iter().map(String::as_str))
            .map(str::trim_start)
            .find(|rest| !rest.is_empty())
            .map(|rest| match word_at(rest, 0) {
                "" => rest.chars().take(1).collect(),
                word => word.to_owned(),
            })
    }

    /// Whether a comment on this line or in the `reach` lines above it holds `label`.
    pub fn has_note(&self, line: usize, reach: usize, label: &str) -> bool {
        self.comments[line.saturating_sub(reach)..=line]
            .iter()
            .any(|comment| comment.contains(label))
    }

    /// Whether this line belongs to a `use` declaration.
    pub fn in_use(&self, line: usize) -> bool {
        for code in self.code[..=line].iter().rev() {
            let code = code.trim();
            let first = code
                .split_whitespace()
                .find(|word| !word.starts_with("pub"))
                .unwrap_or_default();
            if first == "use" {
                return true;
            }
            // Names, commas and braces alone may be the inside of a longer `use`.
            let inside = |c: char| c.is_alphanumeric() || "_,:{} *;".contains(c);
            if !code.chars().all(inside) || code.is_empty() {
                return false;
            }
        }
        false
    }

    pub fn assertions(&self) -> Vec<Assertion> {
        let timers: Vec<String> = self.code.iter().filter_map(|code| timer(code)).collect();
        let mut found = Vec::new();
        for (line, code) in self.code.iter().enumerate() {
            for (at, word) in words(code) {
                let is_macro = code[at + word.len()..].starts_with('!');
                if is_macro && (word.starts_with("assert") || word.starts_with("debug_assert")) {
                    found.push(Assertion {
                        line,
                        text: self.balanced(line, at + word.len() + 1),
                        timers: timers.clone(),
                    });
                }
            }
        }
        found
    }

    /// The text between the bracket that follows a place and its partner.
    fn balanced(&self, line: usize, column: usize) -> String {
        let mut depth = 0_usize;
        let mut text = String::new();
        let first = self.code[line][column..].chars();
        let rest = self.code[line + 1..].iter();
        for c in first.chain(rest.flat_map(|code| "\n".chars().chain(code.chars()))) {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
            text.push(c);
            if depth == 0 {
                break;
            }
        }
        text
    }
}

/// The state after the characters at `at`, and how many of them belong together.
fn step(state: State, chars: &[char], at: usize) -> (State, usize) {
    let c = chars[at];
    let next = chars.get(at + 1).copied();
    match state {
        State::Code => match (c, next) {
            ('/', Some('/')) => (State::LineComment, 2),
            ('/', Some('*')) => (State::BlockComment { depth: 1 }, 2),
            ('"', _) => (State::String, 1),
            ('r', Some('"' | '#')) if !continues_a_word(chars, at) => {
                let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
                match chars.get(at + 1 + hashes) {
                    Some('"') => (State::RawString { hashes }, hashes + 2),
                    // A raw identifier.
                    _ => (State::Code, 1),
                }
            }
            ('\'', _) => (State::Code, character(chars, at)),
            _ => (State::Code, 1),
        },
        State::LineComment if c == '\n' => (State::Code, 1),
        State::LineComment => (State::LineComment, 1),
        State::BlockComment { depth } => match (c, next) {
            ('/', Some('*')) => (State::BlockComment { depth: depth + 1 }, 2),
            ('*', Some('/')) if depth == 1 => (State::Code, 2),
            ('*', Some('/')) => (State::BlockComment { depth: depth - 1 }, 2),
            _ => (state, 1),
        },
        State::String => match c {
            '\\' if next.is_some() => (State::String, 2),
            '"' => (State::Code, 1),
            _ => (State::String, 1),
        },
        State::RawString { hashes } => {
            let closing = chars[at + 1..].iter().take(hashes);
            if c == '"' && closing.filter(|&&c| c == '#').count() == hashes {
                (State::Code, hashes + 1)
            } else {
                (state, 1)
            }
        }
    }
}

fn continues_a_word(chars: &[char], at: usize) -> bool {
    // `br"…"` and `cr"…"` begin a raw string too.
    let before = |back: usize| at.checked_sub(back).map(|at| chars[at]);
    let prefix = matches!(before(1), Some('b' | 'c'));
    before(if prefix { 2 } else { 1 }).is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The length of a character literal, or 1 for the tick of a lifetime.
fn character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => {
            let rest = chars.iter().skip(at + 3);
            4 + rest.take_while(|&&c| c != '\'' && c != '\n').count()
        }
        (Some(_), Some('\'')) => 3,
        _ => 1,
    }
    .min(chars.len() - at)
}

/// The identifiers and numbers of a line, each with where it begins.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = code[at..].find(is_word)? + at;
        let word = word_at(code, begin);
        at = begin + word.len();
        Some((begin, word))
    })
}

/// The word that begins at a place; empty if none does.
pub fn word_at(code: &str, at: usize) -> &str {
    let rest = &code[at..];
    &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())]
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The variable of a `let x = ….elapsed()…`.
fn timer(code: &str) -> Option<String> {
    if !code.contains(".elapsed()") {
        return None;
    }
    let mut words = words(code).map(|(_, word)| word);
    words.find(|&word| word == "let")?;
    words.find(|&word| word != "mut").map(str::to_owned)
}

/// Whether an assertion looks at an elapsed time otherwise than "not before".
pub fn judges_time(assertion: &str, timers: &[String]) -> bool {
    let mut flat: String = assertion.split_whitespace().collect::<Vec<_>>().join(" ");
    for timer in timers {
        // A field or method of that name is something else.
        let variable: Vec<usize> = words(&flat)
            .filter(|&(at, word)| word == timer && !flat[..at].ends_with('.'))
            .map(|(at, _)| at)
            .collect();
        for at in variable.into_iter().rev() {
            flat.replace_range(at..at + timer.len(), "t.elapsed()");
        }
    }
    flat.match_indices(".elapsed()").any(|(at, call)| {
        let after = flat[at + call.len()..].trim_start();
        !after.starts_with('>')
    })
}

/// Paths of this repository in running text: `folder/….rs` and the like.
pub fn named_files(text: &str) -> impl Iterator<Item = String> {
    const FOLDERS: [&str; 9] = [
        "src/",
        "verify/",
        "docs/",
        "tests/",
        "examples/",
        "benches/",
        "fuzz/",
        "ci/",
        ".ci/",
    ];
    const ENDINGS: [&str; 5] = [".rs", ".md", ".sh", ".toml", ".tla"];
    let part = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    text.split(move |c| !part(c))
        .map(|path| path.trim_end_matches('.').to_owned())
        .filter(move |path| {
            FOLDERS.iter().any(|folder| path.starts_with(folder))
                && ENDINGS.iter().any(|ending| path.ends_with(ending))
        })
}

/// The targets of the links in one line of Markdown, code left out.
pub fn links(line: &str) -> impl Iterator<Item = &str> {
    let text = line.split('`').step_by(2);
    text.flat_map(|text| text.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
}
