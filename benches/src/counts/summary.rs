//! Running the counted paths, and reading what gungraun leaves.

use super::title;
use crate::document::Instructions;
use serde_json::Value;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Why there are no counts.
#[derive(Debug)]
pub enum Problem {
    /// gungraun, or the build before it, failed; its own words are above.
    Run(String),
    /// A summary is missing or not as expected.
    Summary(PathBuf, String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(what) => write!(f, "the paths were not counted: {what}"),
            Self::Summary(path, what) => write!(f, "{}: {what}", path.display()),
        }
    }
}

impl std::error::Error for Problem {}

/// Builds the paths of the work tree `root` into `target`, and counts them. `runner` is gungraun's, of the version
/// that the lock file names; without one it is looked for on the path.
///
/// # Errors
///
/// The build or the run failed, or what it left cannot be read.
pub fn take(
    root: &Path,
    target: &Path,
    runner: Option<&Path>,
) -> Result<Vec<Instructions>, Problem> {
    // What an earlier run left is no count of this one.
    let home = target.join("gungraun");
    match fs::remove_dir_all(&home) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Problem::Summary(home, error.to_string()));
        }
        _ => {}
    }
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo
        .args([
            "bench",
            "--locked",
            "--quiet",
            "-p",
            "raddle-instructions",
            "--bench",
            "paths",
        ])
        .arg("--target-dir")
        .arg(target)
        .args(["--", "--save-summary=json"])
        .current_dir(root)
        .env("RUSTFLAGS", flags())
        .env("GUNGRAUN_HOME", &home)
        // What a report shows is the gate's business.
        .stdout(std::process::Stdio::null());
    if let Some(runner) = runner {
        cargo.env("GUNGRAUN_RUNNER", runner);
    }
    match cargo.status() {
        Ok(status) if status.success() => read(&home),
        Ok(status) => Err(Problem::Run(format!("cargo bench: {status}"))),
        Err(error) => Err(Problem::Run(format!("cargo: {error}"))),
    }
}

fn flags() -> String {
    let usual = std::env::var("RUSTFLAGS").unwrap_or_default();
    format!("{usual} --cfg raddle_counts").trim().to_owned()
}

/// All summaries below a folder, by id.
fn read(home: &Path) -> Result<Vec<Instructions>, Problem> {
    let mut counts = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable =
            |error: std::io::Error| Problem::Summary(folder.clone(), error.to_string());
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name == "summary.json") {
                let text = fs::read_to_string(&path).map_err(|error| error.to_string());
                let count = text.and_then(|text| parse(&text));
                counts.push(count.map_err(|what| Problem::Summary(path, what))?);
            }
        }
    }
    if counts.is_empty() {
        return Err(Problem::Summary(home.to_owned(), "no summaries".to_owned()));
    }
    counts.sort_by(|a: &Instructions, b| a.id.cmp(&b.id));
    Ok(counts)
}

/// One summary of gungraun's.
fn parse(text: &str) -> Result<Instructions, String> {
    let summary: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let name = |field: &str| summary[field].as_str().ok_or(format!("no {field}"));
    let profiles = summary["profiles"].as_array().ok_or("no profiles")?;
    let callgrind = |profile: &&Value| {
        let tool = profile["tool"].as_str();
        tool.is_some_and(|tool| tool.eq_ignore_ascii_case("callgrind"))
    };
    let profile = profiles
        .iter()
        .find(callgrind)
        .ok_or("no callgrind profile")?;
    let metric = |name: &str| {
        let value = &profile["data"]["total"]["metrics"][name]["values"]["new"];
        value.as_u64().ok_or(format!("no count of {name}"))
    };
    let id = format!("{}/{}", name("function_name")?, name("id")?);
    let instructions = metric("Ir")?;
    if instructions == 0 {
        return Err(format!(
            "{id} counted nothing: is `counted` still a function of its own?"
        ));
    }
    Ok(Instructions {
        title: title(&id).to_owned(),
        instructions,
        l1: metric("L1hits")?,
        ll: metric("LLhits")?,
        ram: metric("RamHits")?,
        estimated_cycles: metric("EstimatedCycles")?,
        id,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::json;

    #[test]
    fn a_summary_becomes_a_count() {
        let metric = |count: u64| json!({ "values": { "new": count, "old": 1 } });
        let summary = |instructions| {
            let metrics = json!({
                "Ir": metric(instructions), "L1hits": metric(20), "LLhits": metric(2),
                "RamHits": metric(1), "EstimatedCycles": metric(65),
            });
            let total = json!({ "total": { "metrics": metrics } });
            let profile = json!({ "tool": "Callgrind", "data": total });
            json!({ "function_name": "submit", "id": "inside", "profiles": [profile] }).to_string()
        };
        let count = parse(&summary(17)).unwrap();
        assert_eq!(
            (count.id.as_str(), count.instructions),
            ("submit/inside", 17)
        );
        assert_eq!((count.l1, count.ll, count.ram), (20, 2, 1));
        assert_eq!(count.estimated_cycles, 65);
        assert_eq!(count.title, "submit from one of the pool's own tasks");
        assert!(parse(&summary(0)).unwrap_err().contains("counted nothing"));
        assert!(parse("{}").is_err());
    }
}
