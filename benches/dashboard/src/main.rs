//! `dashboard RESULTS_FOLDER SITE_FOLDER`: builds the site.

use raddle_dashboard::document::file::read_folder;
use raddle_dashboard::setup::setups;
use raddle_dashboard::site;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: dashboard RESULTS_FOLDER SITE_FOLDER

  RESULTS_FOLDER   the .json documents that runs left behind
  SITE_FOLDER      where the site goes: missing, empty, or an earlier site, which is replaced";

fn build(results: &Path, target: &Path) -> Result<(), String> {
    let folder = read_folder(results).map_err(|error| format!("{}: {error}", results.display()))?;
    for (path, problem) in &folder.unreadable {
        eprintln!("left out: {}: {problem}", path.display());
    }
    if folder.documents.is_empty() {
        return Err(format!("{}: no document of a run", results.display()));
    }
    let (runs, setups) = (folder.documents.len(), setups(folder.documents));
    let pages = site::write(&setups, target).map_err(|problem| problem.to_string())?;
    println!(
        "{pages} pages from {runs} runs in {} setups: {}",
        setups.len(),
        target.join("index.html").display()
    );
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.iter().any(|one| one == "--help" || one == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let [results, target] = arguments.as_slice() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match build(Path::new(results), Path::new(target)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}
