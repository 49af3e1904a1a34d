//! The table and the JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::count::Stats;
use crate::job::Outcome;

/// The last row of the table, and `totals` in the JSON.
#[derive(Default, Serialize)]
struct Totals {
    files: u64,
    lines: u64,
    words: u64,
    bytes: u64,
    not_utf8: u64,
    failed: u64,
}

impl Totals {
    fn of(outcome: &Outcome) -> Self {
        let mut totals = Self {
            files: outcome.files.len() as u64,
            failed: outcome.errors.len() as u64,
            ..Self::default()
        };
        for (_, stats) in &outcome.files {
            totals.lines += stats.lines;
            totals.words += stats.words;
            totals.bytes += stats.bytes;
            totals.not_utf8 += u64::from(!stats.utf8);
        }
        totals
    }
}

pub fn table(outcome: &Outcome, mut out: impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["lines", "words", "bytes", "hash", "text", "path"]);
    for (path, stats) in &outcome.files {
        table.add_row([
            stats.lines.to_string().into(),
            stats.words.to_string().into(),
            stats.bytes.to_string().into(),
            hex(stats.hash).into(),
            Cow::Borrowed(if stats.utf8 { "utf-8" } else { "other" }),
            printable(path),
        ]);
    }
    let totals = Totals::of(outcome);
    table.add_row([
        totals.lines.to_string(),
        totals.words.to_string(),
        totals.bytes.to_string(),
        String::new(),
        String::new(),
        format!(
            "total: {} counted, {} not UTF-8, {} failed",
            totals.files, totals.not_utf8, totals.failed
        ),
    ]);
    for column in table.column_iter_mut().take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// What could not be counted, as `wc` says it. If standard error is gone, the message is lost.
pub fn errors(outcome: &Outcome, out: &mut impl Write) {
    for (path, why) in &outcome.errors {
        let _ = writeln!(out, "file_stats: {}: {why}", printable(path));
    }
}

pub fn json(outcome: &Outcome, mut out: impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        files: Vec<File<'a>>,
        errors: Vec<Failure<'a>>,
        totals: Totals,
    }
    #[derive(Serialize)]
    struct File<'a> {
        #[serde(flatten)]
        path: Name<'a>,
        lines: u64,
        words: u64,
        bytes: u64,
        hash: String,
        utf8: bool,
    }
    #[derive(Serialize)]
    struct Failure<'a> {
        #[serde(flatten)]
        path: Name<'a>,
        error: &'a str,
    }

    let files = outcome.files.iter().map(|(path, stats)| {
        let &Stats {
            lines,
            words,
            bytes,
            hash,
            utf8,
        } = stats;
        File {
            path: Name::of(path),
            lines,
            words,
            bytes,
            hash: hex(hash),
            utf8,
        }
    });
    let errors = outcome.errors.iter().map(|(path, error)| Failure {
        path: Name::of(path),
        error,
    });
    let report = Report {
        files: files.collect(),
        errors: errors.collect(),
        totals: Totals::of(outcome),
    };
    serde_json::to_writer_pretty(&mut out, &report)?;
    writeln!(out)
}

/// A path in JSON, where strings are Unicode: one that is not comes with its bytes too.
#[derive(Serialize)]
struct Name<'a> {
    path: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<&'a [u8]>,
}

impl<'a> Name<'a> {
    fn of(path: &'a Path) -> Self {
        Self {
            path: path.to_string_lossy(),
            path_bytes: path.to_str().is_none().then(|| path.as_os_str().as_bytes()),
        }
    }
}

fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

/// A path on one line, whatever its name holds.
fn printable(path: &Path) -> Cow<'_, str> {
    let path = path.to_string_lossy();
    if !path.contains(char::is_control) {
        return path;
    }
    let mut line = String::with_capacity(path.len() + 8);
    for c in path.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.into()
}
