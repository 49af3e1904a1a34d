//! Finding the files: what `find PATH -type f` finds, and an error for what cannot be looked at.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A file to count, or a path that cannot be counted and why.
pub type Found = Result<PathBuf, (PathBuf, String)>;

/// The regular files under the given paths, as they are found.
pub fn files(paths: &[PathBuf]) -> impl Iterator<Item = Found> {
    paths.iter().flat_map(|path| under(path))
}

fn under(root: &Path) -> impl Iterator<Item = Found> {
    let root = root.to_owned();
    WalkDir::new(&root)
        .into_iter()
        .filter_map(move |entry| match entry {
            Ok(entry) if entry.file_type().is_file() => Some(Ok(entry.into_path())),
            Ok(entry) if entry.depth() > 0 || entry.file_type().is_dir() => None,
            // A path that the user named: say why nothing comes of it. A named symbolic link stands
            // for what it points to.
            Ok(entry) => match entry.path().metadata() {
                Ok(target) if target.is_file() => Some(Ok(entry.into_path())),
                Ok(target) if target.is_dir() => None,
                Ok(_) => Some(Err((entry.into_path(), "not a regular file".to_owned()))),
                Err(error) => Some(Err((entry.into_path(), error.to_string()))),
            },
            Err(error) => {
                let path = error.path().unwrap_or(&root).to_owned();
                let why = match error.io_error() {
                    Some(io) => io.to_string(),
                    None => error.to_string(),
                };
                Some(Err((path, why)))
            }
        })
}
