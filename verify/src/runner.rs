//! The tests of a checker, as libtest would run them: the same arguments, each test on a thread of its own, and what it
//! prints is shown if it fails.

use crate::harness::message;
use crate::report;
use crate::scenarios::{self, matrix};
use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Test = Box<dyn FnOnce() + Send>;

/// Tests that are no scenarios, with their names.
pub type Functions = &'static [(&'static str, fn())];

/// Names the functions of a file with such tests: `tests![one, two]`.
#[macro_export]
macro_rules! tests {
    ($($test:ident),* $(,)?) => { &[$((stringify!($test), $test as fn())),*] };
}

/// Runs all models that this build's checker has, and `others`: lists of functions by the name of their file.
#[must_use]
pub fn main(others: &[(&str, Functions)]) -> ExitCode {
    let mut tests: BTreeMap<String, Test> = BTreeMap::new();
    let mut add = |name: String, test: Test| {
        assert!(!tests.contains_key(&name), "two tests are called {name}");
        tests.insert(name, test);
    };
    for scenario in scenarios::all().filter(|scenario| scenario.is_run()) {
        add(scenario.test.to_owned(), Box::new(move || scenario.check()));
    }
    for &op in matrix::OPS {
        add(matrix::test(op), Box::new(move || matrix::row(op)));
    }
    for (file, list) in others {
        for &(name, test) in *list {
            add(format!("{file}::{name}"), Box::new(test));
        }
    }

    let (arguments, filters) = arguments();
    let is_wanted = |name: &str| {
        let mut filters = filters.iter();
        let matches = |filter: &String| match arguments.exact {
            true => name == filter,
            false => name.contains(filter),
        };
        filters.len() == 0 || filters.any(matches)
    };
    let is_captured = !arguments.nocapture;
    let trials = tests
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, test)| Trial::test(name.clone(), move || run(name, test, is_captured)))
        .collect::<Vec<_>>();
    let count = trials.len();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if arguments.list && arguments.format.is_none() {
        println!("\n{count} tests, 0 benchmarks");
    }
    conclusion.exit_code()
}

/// What libtest-mimic parses, and the filters: it takes one alone, libtest any number.
fn arguments() -> (Arguments, Vec<String>) {
    let mut flags = Vec::new();
    let mut filters = Vec::new();
    let mut is_value = true;
    for argument in std::env::args() {
        if is_value || argument.starts_with('-') {
            is_value = [
                "--test-threads",
                "--skip",
                "--logfile",
                "--color",
                "--format",
                "-Z",
            ]
            .contains(&&*argument);
            flags.push(argument);
        } else {
            filters.push(argument);
        }
    }
    let mut arguments = Arguments::from_iter(flags);
    let threads = std::env::var("RUST_TEST_THREADS").ok();
    arguments.test_threads = arguments
        .test_threads
        .or_else(|| threads.map(|n| n.parse().expect("RUST_TEST_THREADS is a number")));
    (arguments, filters)
}

/// Runs a test on a thread of its own.
fn run(name: String, test: Test, is_captured: bool) -> Result<(), Failed> {
    let said = Arc::new(Mutex::new(String::new()));
    let capture = is_captured.then(|| Arc::clone(&said));
    let thread = thread::Builder::new().name(name).spawn(move || {
        report::capture(capture);
        test();
    })?;
    thread.join().map_err(|panic| {
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        let why = message(&*panic);
        // A checker's panic is among what the test said.
        match said.contains(&why) {
            true => said.clone().into(),
            false => format!("{said}{why}").into(),
        }
    })
}
