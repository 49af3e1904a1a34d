//! The task that runs on a worker: one file in, its figures out.
//!
//! Counts are those of GNU `wc` in the C locale, as it was up to 9.4: a word is a run of bytes
//! without white space that holds at least one printable ASCII character. (Later versions count a
//! run without any, so binary files have a few words more there; text has the same.)

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// Enough to make the system call cheap, small enough for a worker's stack.
const CHUNK: usize = 64 * 1024;

/// The figures of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    pub lines: u64,
    pub words: u64,
    pub bytes: u64,
    /// XXH3 of the contents, 64 bits.
    pub hash: u64,
    /// Whether the contents are valid UTF-8.
    pub utf8: bool,
}

/// A plain function of plain data, so that any executor can run it, be it in another process.
/// The path is an `OsString` because serde refuses a `PathBuf` that is not UTF-8.
pub fn count_file(path: OsString) -> Result<Stats, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    count(file).map_err(|error| error.to_string())
}

/// Reads to the end in chunks, so that a file of any size costs the same memory.
pub fn count(mut input: impl Read) -> std::io::Result<Stats> {
    let mut chunk = [0; CHUNK];
    let mut counter = Counter::default();
    loop {
        match input.read(&mut chunk) {
            Ok(0) => return Ok(counter.finish()),
            Ok(len) => counter.feed(&chunk[..len]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Running figures; where the chunks are cut makes no difference.
#[derive(Default)]
struct Counter {
    lines: u64,
    words: u64,
    bytes: u64,
    in_word: bool,
    hash: Xxh3,
    utf8: Utf8,
}

impl Counter {
    fn feed(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.lines += chunk.iter().filter(|&&byte| byte == b'\n').count() as u64;
        // Without branches: in binary files nothing could predict them. A byte that is neither
        // printable nor white space neither begins a word nor ends one.
        for &byte in chunk {
            let printable = matches!(byte, b'!'..=b'~');
            let space = matches!(byte, b'\t'..=b'\r' | b' ');
            self.words += u64::from(printable & !self.in_word);
            self.in_word = (self.in_word | printable) & !space;
        }
        self.hash.update(chunk);
        self.utf8.feed(chunk);
    }

    fn finish(self) -> Stats {
        Stats {
            lines: self.lines,
            words: self.words,
            bytes: self.bytes,
            hash: self.hash.digest(),
            utf8: self.utf8.is_valid(),
        }
    }
}

/// UTF-8 validity of a stream: a character that a chunk cuts in two waits for its rest.
#[derive(Default)]
struct Utf8 {
    broken: bool,
    /// The first bytes of a character whose end has not come yet.
    partial: [u8; 4],
    len: usize,
}

impl Utf8 {
    fn feed(&mut self, mut chunk: &[u8]) {
        while !self.broken && self.len > 0 {
            let Some((&byte, rest)) = chunk.split_first() else {
                return;
            };
            self.partial[self.len] = byte;
            self.len += 1;
            chunk = rest;
            match std::str::from_utf8(&self.partial[..self.len]) {
                Ok(_) => self.len = 0,
                Err(error) => self.broken = error.error_len().is_some(),
            }
        }
        if self.broken {
            return;
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            let rest = &chunk[error.valid_up_to()..];
            self.broken = error.error_len().is_some();
            if !self.broken {
                self.partial[..rest.len()].copy_from_slice(rest);
                self.len = rest.len();
            }
        }
    }

    fn is_valid(&self) -> bool {
        !self.broken && self.len == 0
    }
}
