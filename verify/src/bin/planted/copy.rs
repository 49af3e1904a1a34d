//! The copy of the sources with all bugs in it.

use super::{Bug, Error};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What is copied. All else is a link to what is there.
const COPIED: [&str; 2] = ["src", "verify"];

/// Makes the copy of `root`, or brings it up to date; what has not changed is left as it is, so that it is not built again.
pub fn make(root: &Path, copy: &Path, bugs: &[&Bug]) -> Result<(), Error> {
    let mut names = BTreeSet::new();
    for bug in bugs {
        if !names.insert(bug.name) {
            return Err(format!("two bugs have the name {}", bug.name).into());
        }
    }
    fs::create_dir_all(copy)?;
    for entry in fs::read_dir(root)? {
        let name = entry?.file_name();
        let is_copied = COPIED.iter().any(|folder| name == *folder);
        if is_copied || name == "target" || name == ".git" {
            continue;
        }
        match symlink(root.canonicalize()?.join(&name), copy.join(&name)) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    let mut left: BTreeSet<&str> = bugs.iter().map(|bug| bug.file).collect();
    for folder in COPIED {
        let mut files = Vec::new();
        find(root, Path::new(folder), &mut files)?;
        for file in &files {
            let text = fs::read_to_string(root.join(file))?;
            let name = file.to_str().ok_or("a name that is no text")?;
            let text = if left.remove(name) {
                plant(&text, name, bugs)?
            } else {
                text
            };
            let text = if file == Path::new("src/lib.rs") {
                text + &choice(bugs)
            } else {
                text
            };
            write(&copy.join(file), &text)?;
        }
        let mut copied = Vec::new();
        find(copy, Path::new(folder), &mut copied)?;
        for stale in copied.iter().filter(|file| !files.contains(file)) {
            fs::remove_file(copy.join(stale))?;
        }
    }
    left.first()
        .map_or(Ok(()), |file| Err(format!("there is no {file}").into()))
}

fn find(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = match fs::read_dir(root.join(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            find(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().expect("below the copy"))?;
    fs::write(path, text)?;
    Ok(())
}

/// The text of a file with its bugs.
fn plant(text: &str, file: &str, bugs: &[&Bug]) -> Result<String, Error> {
    let mut places = Vec::new();
    for (number, bug) in bugs.iter().enumerate().filter(|(_, bug)| bug.file == file) {
        let condition = format!("crate::planted({number})");
        let mut is_planted = false;
        for (old, new) in bug.edits {
            let complain = |what: &str| format!("{}: {what} in {file}:\n{old}", bug.name);
            let mut found = text.match_indices(old);
            let (at, _) = found.next().ok_or_else(|| complain("this is not"))?;
            if found.next().is_some() {
                return Err(complain("this is more than once").into());
            }
            let planted = new.replace("PLANTED", &condition);
            is_planted |= planted != *new;
            places.push((at, *old, planted, bug.name));
        }
        if !is_planted {
            return Err(format!("{}: its text does not say PLANTED", bug.name).into());
        }
    }
    places.sort_unstable();
    let mut planted = String::new();
    let mut done = 0;
    let mut last = "";
    for (at, old, new, name) in places {
        if at < done {
            return Err(format!("{last} and {name} change the same text in {file}").into());
        }
        planted.push_str(&text[done..at]);
        planted.push_str(&new);
        done = at + old.len();
        last = name;
    }
    planted.push_str(&text[done..]);
    Ok(planted)
}

/// What tells the library which bug is wanted.
fn choice(bugs: &[&Bug]) -> String {
    let mut text = String::from(
        r#"
/// Is this bug planted?
#[doc(hidden)]
#[must_use]
pub fn planted(number: usize) -> bool {
    static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let find = |name: String| NAMES.iter().position(|it| *it == name).expect("RADDLE_PLANT names no bug");
    *ON.get_or_init(|| std::env::var("RADDLE_PLANT").map_or(usize::MAX, find)) == number
}

const NAMES: &[&str] = &[
"#,
    );
    for bug in bugs {
        let _ = writeln!(text, "    {:?},", bug.name);
    }
    text.push_str("];\n");
    text
}
