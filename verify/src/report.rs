use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

thread_local! {
    static CAPTURE: RefCell<Option<Arc<Mutex<String>>>> = const { RefCell::new(None) };
}

/// Where this thread's lines go; `None`: to the standard output. All threads of a model are on one OS thread.
pub(crate) fn capture(lines: Option<Arc<Mutex<String>>>) {
    CAPTURE.set(lines);
}

/// Prints a line, or keeps it for the case that the test fails.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    match CAPTURE.with_borrow(Option::clone) {
        Some(lines) => {
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            *lines += &format!("{line}\n");
        }
        None => println!("{line}"),
    }
}

/// What one run did.
pub(crate) struct Run<'a> {
    pub(crate) name: &'a str,
    /// `exhaustive`, `dfs`, `random`, `pct`.
    pub(crate) mode: &'static str,
    pub(crate) bound: Option<usize>,
    pub(crate) plans: usize,
    pub(crate) threads: usize,
    pub(crate) executions: u64,
    pub(crate) outcomes: &'a BTreeMap<String, u64>,
    pub(crate) spent: Duration,
    pub(crate) complete: bool,
    /// What a broken protocol was caught by.
    pub(crate) caught: Option<&'a str>,
    pub(crate) failure: Option<&'a str>,
}

impl Run<'_> {
    pub(crate) fn publish(&self) {
        let bound = match (self.mode, self.bound) {
            ("exhaustive", None) => "unbounded".to_owned(),
            ("exhaustive", Some(bound)) => format!("bound {bound}"),
            (mode, None) => mode.to_owned(),
            (mode, Some(depth)) => format!("{mode} {depth}"),
        };
        let outcomes: Vec<String> = self
            .outcomes
            .iter()
            .map(|(name, n)| format!("{name} x{n}"))
            .collect();
        say(format_args!(
            "{}: {bound}, {} plan(s), {} executions{} in {:.2} s: {}{}{}",
            self.name,
            self.plans,
            self.executions,
            if self.complete || self.caught.is_some() {
                ""
            } else {
                " (INCOMPLETE)"
            },
            self.spent.as_secs_f64(),
            outcomes.join(", "),
            self.caught
                .map_or(String::new(), |text| format!(" caught: {text}")),
            self.failure
                .map_or(String::new(), |f| format!(" FAILED: {f}")),
        ));
        if let Some(path) = std::env::var_os("RADDLE_MODEL_REPORT") {
            let line = serde_json::json!({
                "name": self.name,
                "tool": crate::sync::flavour(),
                "mode": self.mode,
                "bound": self.bound,
                "plans": self.plans,
                "threads": self.threads,
                "executions": self.executions,
                "outcomes": self.outcomes,
                "seconds": self.spent.as_secs_f64(),
                "complete": self.complete,
                "caught": self.caught,
                "failure": self.failure,
            });
            append(&path, &format!("{line}\n"));
        }
        sites();
    }
}

/// One write per call, so that the lines of tests that run side by side stay whole.
fn append(path: &std::ffi::OsStr, text: &str) {
    let written = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        panic!("cannot append to {}: {error}", path.display());
    }
}

#[cfg(raddle_loom)]
fn sites() {
    use std::collections::HashSet;
    use std::fmt::Write as _;
    use std::sync::Mutex;

    static WRITTEN: Mutex<Option<HashSet<crate::sync::sites::Site>>> = Mutex::new(None);

    let Some(path) = std::env::var_os("RADDLE_MODEL_SITES") else {
        return;
    };
    let mut text = String::new();
    let mut written = WRITTEN.lock().unwrap();
    let written = written.get_or_insert_default();
    for site in crate::sync::sites::sites() {
        if written.insert(site) {
            let _ = writeln!(
                text,
                "{}:{}:{} {} {} {}",
                site.file, site.line, site.column, site.op, site.order, site.failure
            );
        }
    }
    append(&path, &text);
}

#[cfg(raddle_shuttle)]
fn sites() {}
