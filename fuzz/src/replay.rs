//! Running programs outside of cargo-fuzz.

use crate::Subject;
use crate::marks::Marks;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{env, fs, io, thread};

/// No program takes near as long. It ends hangs; that a program is quick is not asserted.
const HUNG: Duration = Duration::from_secs(120);

/// Where this package lies.
pub fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs one program; if it fails or hangs, tells it and keeps its bytes for another look.
pub fn run(subject: Subject, from: &str, data: &[u8]) -> Marks {
    let (end, ended) = mpsc::channel::<()>();
    let (bytes, origin) = (data.to_vec(), from.to_owned());
    let watchdog = thread::spawn(move || match ended.recv_timeout(HUNG) {
        Ok(()) => {}
        Err(RecvTimeoutError::Disconnected) => tell(subject, &origin, &bytes, "failed"),
        Err(RecvTimeoutError::Timeout) => {
            tell(subject, &origin, &bytes, "hangs");
            std::process::abort();
        }
    });
    struct Join(Option<thread::JoinHandle<()>>);
    impl Drop for Join {
        fn drop(&mut self) {
            if let Some(thread) = self.0.take() {
                let _ = thread.join();
            }
        }
    }
    let _join = Join(Some(watchdog));
    let end = end;
    let marks = (subject.run)(data);
    let unknown = marks.unknown(subject.reachable);
    assert!(unknown.is_empty(), "marks without an entry: {unknown:?}");
    end.send(()).expect("the watchdog listens");
    marks
}

fn tell(subject: Subject, from: &str, bytes: &[u8], what: &str) {
    let name = subject.name;
    let folder = home().join("artifacts").join(name);
    let file = folder.join(from.replace(['/', ' '], "-"));
    let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, bytes));
    eprintln!("{name} {from} {what}: {}", (subject.show)(bytes));
    match kept {
        Ok(()) => eprintln!("again: cargo run --bin {name} {}", file.display()),
        Err(error) => eprintln!("{} was not written: {error}", file.display()),
    }
}

/// The committed files of a subject's corpus, sorted; not what cargo-fuzz has added here.
pub fn corpus(subject: Subject) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(home().join("corpus").join(subject.name))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("seed-") || name.starts_with("regression-") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Runs the files named on the command line, showing each; without any, the corpus.
pub fn files(subject: Subject) -> io::Result<()> {
    let mut paths: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let are_shown = !paths.is_empty();
    if paths.is_empty() {
        paths = corpus(subject)?;
    }
    for path in &paths {
        let data = fs::read(path)?;
        if are_shown {
            println!("{}: {}", path.display(), (subject.show)(&data));
        }
        let name = path.file_name().unwrap_or_default();
        run(subject, &name.to_string_lossy(), &data);
    }
    println!("{}: {} programs, nothing found", subject.name, paths.len());
    Ok(())
}
