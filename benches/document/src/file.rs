//! Documents as files, and folders of them.

use super::{Document, SCHEMA, compact};
use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file is no document.
#[derive(Debug)]
pub enum Unreadable {
    /// The file could not be read.
    Io(io::Error),
    /// It is no JSON, or JSON of another shape.
    Shape(serde_json::Error),
    /// It is a document of another version, or of something else.
    Schema(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Io(error) => error.fmt(f),
            Unreadable::Shape(error) => write!(f, "not a result document: {error}"),
            Unreadable::Schema(found) => {
                write!(f, "its schema is {found:?}, this program reads {SCHEMA:?}")
            }
        }
    }
}

impl std::error::Error for Unreadable {}

impl Document {
    /// Reads a document from JSON.
    pub fn parse(text: &str) -> Result<Document, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text).map_err(Unreadable::Shape)?;
        if head.schema != SCHEMA {
            return Err(Unreadable::Schema(head.schema));
        }
        serde_json::from_str(text).map_err(Unreadable::Shape)
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Document, Unreadable> {
        Document::parse(&fs::read_to_string(path).map_err(Unreadable::Io)?)
    }

    /// The JSON of the document, with a line for each field.
    pub fn to_json(&self) -> String {
        let mut text = Vec::new();
        let mut out = serde_json::Serializer::with_formatter(&mut text, Lines { depth: 0 });
        self.serialize(&mut out)
            .expect("numbers and names serialise");
        text.push(b'\n');
        String::from_utf8(text).expect("JSON is UTF-8")
    }

    /// Its name in a folder of results: `20261121T150405Z-48a304a.json`, by start and commit.
    pub fn file_name(&self) -> String {
        let commit = self.commit.as_ref().map(|commit| commit.hash.as_str());
        let short: String = commit.unwrap_or("nocommit").chars().take(7).collect();
        format!("{}-{short}.json", compact(&self.run.started))
    }

    /// Writes it into a folder of results, which is made if there is none; gives the file's path.
    pub fn write_into(&self, folder: &Path) -> io::Result<PathBuf> {
        fs::create_dir_all(folder)?;
        let path = folder.join(self.file_name());
        fs::write(&path, self.to_json())?;
        Ok(path)
    }
}

/// A folder's documents by their start, and the `.json` files in it that are none.
pub struct Folder {
    /// What could be read.
    pub documents: Vec<(PathBuf, Document)>,
    /// What could not, and why.
    pub unreadable: Vec<(PathBuf, Unreadable)>,
}

/// Reads all `.json` files of a folder.
pub fn read_folder(folder: &Path) -> io::Result<Folder> {
    let mut found = Folder {
        documents: Vec::new(),
        unreadable: Vec::new(),
    };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            match Document::read(&path) {
                Ok(document) => found.documents.push((path, document)),
                Err(problem) => found.unreadable.push((path, problem)),
            }
        }
    }
    found
        .documents
        .sort_by(|(path, a), (other, b)| (&a.run.started, path).cmp(&(&b.run.started, other)));
    found.unreadable.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(found)
}

/// Fields on lines of their own, arrays along the line: a histogram is one line.
struct Lines {
    depth: usize,
}

impl Lines {
    fn next_line<W: ?Sized + Write>(&self, out: &mut W) -> io::Result<()> {
        write!(out, "\n{:width$}", "", width = 2 * self.depth)
    }
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.next_line(out)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth -= 1;
        self.next_line(out)?;
        out.write_all(b"}")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
}
