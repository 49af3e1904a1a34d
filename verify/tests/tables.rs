//! The tables of models in the docs, which are made from the scenarios. A page says where its table is and which files of
//! scenarios are in it: `<!-- models: join ranges scope -->`. This writes them anew:
//!
//! ```text
//! RADDLE_TABLES_WRITE=1 RUSTFLAGS="--cfg raddle_loom" cargo test --release -p raddle-verify --test tables
//! ```

#![cfg(any(raddle_loom, raddle_shuttle))]

use raddle_verify::scenarios::FILES;
use raddle_verify::{Loom, Scenario, Shuttle};
use std::path::{Path, PathBuf};

const BEGIN: &str = "\n<!-- models: ";
const END: &str = "<!-- to here -->\n";

/// A line of a table.
#[derive(Clone, PartialEq, Eq)]
struct Row {
    names: Vec<&'static str>,
    cells: Cells,
}

#[derive(Clone, Default, PartialEq, Eq)]
struct Cells {
    threads: String,
    loom: Vec<String>,
    shuttle: Vec<String>,
    shows: &'static str,
}

impl Row {
    fn new(scenario: &Scenario) -> Self {
        let is_twin = scenario.must_fail.is_some();
        let mut how = String::new();
        match scenario.faults {
            0 => {}
            1 => how += ", one fault",
            n => how += &format!(", {n} faults"),
        }
        if scenario.cuts {
            how += ", every k";
        }
        let loom = match scenario.loom {
            Loom::No => None,
            Loom::Explores { .. } if is_twin => Some("caught".to_owned()),
            Loom::Explores { bound: None, .. } => Some(format!("unbounded{how}")),
            Loom::Explores { bound, .. } => bound.map(|n| format!("bound {n}{how}")),
        };
        let shuttle = match scenario.shuttle {
            Shuttle::No => None,
            _ if is_twin => Some("caught"),
            Shuttle::Exhaustive { .. } => Some("exhaustive"),
            Shuttle::Sampled(_) | Shuttle::Random(_) | Shuttle::Pct { .. } => Some("sampled"),
        };
        // A sample need not have the largest execution.
        let is_exhaustive =
            scenario.loom != Loom::No || matches!(scenario.shuttle, Shuttle::Exhaustive { .. });
        let threads = match scenario.threads {
            0 => String::new(),
            _ if is_twin || !is_exhaustive => String::new(),
            n => n.to_string(),
        };
        Self {
            names: vec![scenario.name],
            cells: Cells {
                threads,
                loom: loom.into_iter().collect(),
                shuttle: shuttle.map(str::to_owned).into_iter().collect(),
                shows: scenario.shows,
            },
        }
    }

    fn line(&self) -> String {
        let Cells {
            threads,
            loom,
            shuttle,
            shows,
        } = &self.cells;
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let or_none = |cells: &[String]| match cells {
            [] => "-".to_owned(),
            cells => cells.join("; "),
        };
        format!(
            "| {} | {threads} | {} | {} | {shows} |\n",
            names.join(", "),
            or_none(loom),
            or_none(shuttle)
        )
    }
}

/// The table of these files. A scenario that several tests run has one row; neighbours that differ in nothing but their names
/// share one.
fn table(files: &[&str]) -> String {
    let mut rows: Vec<Row> = Vec::new();
    for file in files {
        let (_, models) = FILES
            .iter()
            .find(|(name, _)| name == file)
            .unwrap_or_else(|| panic!("there is no file {file} of scenarios"));
        for row in models.iter().map(Row::new) {
            match rows.iter_mut().find(|other| other.names == row.names) {
                Some(same) => {
                    same.cells.loom.extend(row.cells.loom);
                    same.cells.shuttle.extend(row.cells.shuttle);
                }
                None => rows.push(row),
            }
        }
    }
    let mut merged: Vec<Row> = Vec::new();
    for row in rows {
        match merged.last_mut() {
            Some(last) if last.cells == row.cells => last.names.extend(row.names),
            _ => merged.push(row),
        }
    }
    let head = "| Scenario | Threads | loom | shuttle | Shows |\n|---|---|---|---|---|\n";
    head.to_owned() + &merged.iter().map(Row::line).collect::<String>()
}

/// The page with its tables as they should be, and the files that are in them.
fn rewritten(page: &str) -> (String, Vec<&str>) {
    let mut written = String::new();
    let mut files = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (names, after) = after.split_once(" -->\n").expect("the mark ends");
        let (_, after) = after.split_once(END).expect("the table ends");
        let names: Vec<&str> = names.split(' ').collect();
        written += before;
        written += &format!("{BEGIN}{} -->\n\n{}\n{END}", names.join(" "), table(&names));
        files.extend(names);
        rest = after;
    }
    (written + rest, files)
}

fn pages(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the docs") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            self::pages(&path, pages);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
}

#[test]
fn the_docs_have_the_tables_of_the_scenarios() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = vec![root.join("README.md")];
    pages(&root.join("../docs"), &mut paths);
    let mut shown: Vec<String> = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        let page = std::fs::read_to_string(&path).expect("a page is text");
        let (should, files) = rewritten(&page);
        shown.extend(files.into_iter().map(str::to_owned));
        if page == should {
            continue;
        }
        if std::env::var_os("RADDLE_TABLES_WRITE").is_some() {
            std::fs::write(&path, should).expect("the page is written");
            continue;
        }
        let (is, should): (Vec<&str>, Vec<&str>) =
            (page.lines().collect(), should.lines().collect());
        let path = path.display();
        let lacks = should.iter().filter(|line| !is.contains(line));
        faults.extend(lacks.map(|line| format!("{path} lacks: {line}")));
        let has = is.iter().filter(|line| !should.contains(line));
        faults.extend(has.map(|line| format!("{path} has: {line}")));
        faults.push(format!(
            "{path}: RADDLE_TABLES_WRITE=1 writes its tables anew"
        ));
    }
    for (file, _) in FILES {
        let tables = shown.iter().filter(|shown| shown == file).count();
        if tables != 1 {
            faults.push(format!(
                "{file}: in {tables} tables of the docs, not in one"
            ));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
