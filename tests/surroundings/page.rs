//! docs/surroundings.md: what comes of each cell.

use crate::cells::{self, Cell};
use crate::outside::Outcome;
use std::collections::BTreeMap;
use std::path::PathBuf;

const BEGIN: &str = "<!-- written by tests/surroundings -->\n";
const END: &str = "<!-- to here -->\n";

/// What an error may name, the most specific first, and what it is called here.
const NAMES: &[(&str, &str)] = &[
    ("ProcessPoolBuilder::arena", "arena"),
    ("pool needs /proc", "/proc"),
    ("pool needs /dev/null", "/dev/null"),
    ("RLIMIT_NOFILE is", "RLIMIT_NOFILE"),
    ("RLIMIT_NPROC is", "RLIMIT_NPROC"),
    ("RLIMIT_FSIZE leaves", "RLIMIT_FSIZE"),
    ("RLIMIT_AS leaves", "RLIMIT_AS"),
    ("RLIMIT_AS is", "RLIMIT_AS"),
    ("RLIMIT_DATA is", "RLIMIT_DATA"),
    ("pidfd_open", "pidfd_open"),
    ("pidfd_send_signal", "pidfd_send_signal"),
    ("memfd_create", "memfd_create"),
    ("ftruncate", "ftruncate"),
    ("F_ADD_SEALS", "F_ADD_SEALS"),
    ("F_GET_SEALS", "F_GET_SEALS"),
    ("F_SETFL", "F_SETFL"),
    ("F_DUPFD_CLOEXEC", "F_DUPFD_CLOEXEC"),
    ("epoll_create1", "epoll_create1"),
    ("epoll_ctl", "epoll_ctl"),
    ("eventfd2", "eventfd2"),
    ("socketpair", "socketpair"),
    ("sendmsg", "sendmsg"),
    ("recvmsg", "recvmsg"),
    ("getsockopt", "getsockopt"),
    ("PR_SET_PDEATHSIG", "PR_SET_PDEATHSIG"),
    ("sched_setaffinity", "sched_setaffinity"),
    ("setpriority", "setpriority"),
    ("mmap", "mmap"),
    ("clone3", "clone3"),
    ("clone or execve", "clone, execve"),
];

/// In a word what an error is about.
fn name(text: &str) -> Option<&'static str> {
    let found = NAMES.iter().find(|(pattern, _)| text.contains(pattern));
    found.map(|&(_, name)| name)
}

fn told(of: Option<&Option<(String, String)>>) -> Result<String, String> {
    match of {
        None => Err("nothing was told of a pool".to_owned()),
        Some(None) => Ok("works".to_owned()),
        Some(Some((stage, text))) => match name(text) {
            // When that is noticed first hangs on which of several attempts was the last.
            Some(name) if text.contains("started again") || text.contains("a new worker") => {
                Ok(format!("replacement: `{name}`"))
            }
            Some(name) => Ok(format!("{stage}: `{name}`")),
            None => Err(format!("at {stage} an error names nothing: {text}")),
        },
    }
}

fn told_of_both(outcome: &Outcome) -> Result<String, String> {
    let Outcome::Ran(pools) = outcome else {
        return Ok("not seen".to_owned());
    };
    let threads = told(pools.get("threads"))?;
    let processes = told(pools.get("processes"))?;
    Ok(match (threads.as_str(), processes.as_str()) {
        ("works", _) => processes,
        (same, other) if same == other => format!("{processes} (threads, too)"),
        _ => format!("{processes}; threads: {threads}"),
    })
}

/// The rows of a table, with the cells of each.
fn rows(cells: &[Cell], table: usize) -> Vec<(&'static str, Vec<&Cell>)> {
    let mut rows: Vec<(&str, Vec<&Cell>)> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.table == table) {
        match rows.iter_mut().find(|(row, _)| *row == cell.row) {
            Some((_, cells)) => cells.push(cell),
            None => rows.push((cell.row, vec![cell])),
        }
    }
    rows
}

/// Several cells of one place in a table.
fn merged(cells: &[&Cell], outcomes: &BTreeMap<String, String>) -> String {
    let mut parts: Vec<(String, Vec<&str>)> = Vec::new();
    for cell in cells {
        let Some(told) = outcomes.get(&cell.name) else {
            continue;
        };
        match parts.iter_mut().find(|(text, _)| text == told) {
            Some((_, who)) => who.push(&cell.variant),
            None => parts.push((told.clone(), vec![&cell.variant])),
        }
    }
    match parts.as_slice() {
        [] => "-".to_owned(),
        [(text, _)] => text.clone(),
        _ => {
            let parts = parts.iter();
            let parts = parts.map(|(text, who)| format!("{}: {text}", who.join(", ")));
            parts.collect::<Vec<_>>().join("; ")
        }
    }
}

fn tables(outcomes: &BTreeMap<String, String>) -> String {
    let cells = cells::all();
    let mut text = String::new();
    for (number, table) in cells::TABLES.iter().enumerate() {
        text += &format!("\n## {}\n\n{}\n\n", table.title, table.text);
        text += &format!("| {} |\n", table.columns.join(" | "));
        text += &format!("|{}\n", "---|".repeat(table.columns.len()));
        for (row, cells) in rows(&cells, number) {
            let columns = (0..table.columns.len() - 1).map(|column| {
                let here: Vec<&Cell> = cells
                    .iter()
                    .copied()
                    .filter(|cell| cell.column == column)
                    .collect();
                merged(&here, outcomes)
            });
            let columns: Vec<String> = columns.collect();
            text += &format!("| {row} | {} |\n", columns.join(" | "));
        }
    }
    text + "\n"
}

/// What the page says and is not so, or is so and it does not say.
pub fn compare(outcomes: &BTreeMap<String, Outcome>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut told = BTreeMap::new();
    for (name, outcome) in outcomes {
        match told_of_both(outcome) {
            Ok(text) => {
                told.insert(name.clone(), text);
            }
            Err(fault) => faults.push(format!("{name}: {fault}")),
        }
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/surroundings.md");
    let page = std::fs::read_to_string(&path).expect("docs/surroundings.md");
    let (before, rest) = page.split_once(BEGIN).expect("where the tables begin");
    let (is, after) = rest.split_once(END).expect("where the tables end");
    let should = tables(&told);
    if std::env::var_os("RADDLE_SURROUNDINGS_WRITE").is_some() {
        let page = format!("{before}{BEGIN}{should}{END}{after}");
        std::fs::write(&path, page).expect("the page is written");
        return faults;
    }
    // What could not be seen here is taken to be as it is written.
    let unseen: Vec<&str> = cells::all()
        .iter()
        .filter(|cell| told.get(&cell.name).is_none_or(|text| text == "not seen"))
        .map(|cell| cell.row)
        .collect();
    let of = |line: &str| {
        let row = line.trim_start_matches("| ").split(" | ").next();
        row.unwrap_or_default().to_owned()
    };
    let (is, should): (Vec<&str>, Vec<&str>) = (is.lines().collect(), should.lines().collect());
    for line in &should {
        if !is.contains(line) && !unseen.contains(&of(line).as_str()) {
            faults.push(format!("docs/surroundings.md lacks: {line}"));
        }
    }
    for line in &is {
        if !should.contains(line) && !unseen.contains(&of(line).as_str()) {
            faults.push(format!("docs/surroundings.md has: {line}"));
        }
    }
    faults
}
