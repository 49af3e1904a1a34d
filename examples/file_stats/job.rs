//! The job itself: one task per file, and whatever comes of it.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use raddle::{Executor, Future, TaskError, as_completed};

use crate::count::{Stats, count_file};
use crate::walk;

/// Results and errors side by side, each sorted by path.
pub struct Outcome {
    pub files: Vec<(PathBuf, Stats)>,
    pub errors: Vec<(PathBuf, String)>,
}

/// Counts every file under `paths` on any executor. Workers begin while the walk still goes on.
pub fn run<E: Executor>(executor: &E, paths: &[PathBuf]) -> Outcome {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    let mut tasks: Vec<(PathBuf, Future<Stats>)> = Vec::new();
    for found in walk::files(paths) {
        match found {
            Ok(path) => {
                let task = executor.try_submit(count_file, path.clone().into_os_string());
                tasks.push((path, task));
            }
            Err(error) => errors.push(error),
        }
    }

    let bar = progress_bar(tasks.len());
    for (path, task) in as_completed(tasks) {
        // The task is done: this does not block.
        match task.result() {
            Ok(stats) => files.push((path, stats)),
            Err(error) => errors.push((path, reason(&error))),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    files.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    errors.sort_unstable();
    Outcome { files, errors }
}

/// The task's own words if it failed by itself; raddle's if it panicked or never ran.
fn reason(error: &TaskError) -> String {
    match error {
        TaskError::Failed(why) => why.to_string(),
        other => other.to_string(),
    }
}

/// On standard error, and only if that is a terminal.
fn progress_bar(files: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} files, {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(files as u64).with_style(style)
}
