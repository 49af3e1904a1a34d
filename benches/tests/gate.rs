//! The gate on documents: what it must catch, what it must let pass, and where it must not decide.

use raddle_benches::document::{Document, Instructions};
use raddle_benches::gate::{Limits, Report, Set, Verdict, compare};
use raddle_benches::statistics::{Parameters, Random, median};
use std::path::Path;
use std::process::{Command, Output};

/// The example of the schema, with one benchmark, one row of raddle's and its floor.
fn template() -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/example.json");
    let mut document = Document::read(&path).expect("the example is a document");
    document.instructions.clear();
    let with_floor = |benchmark: &raddle_benches::document::Benchmark| {
        let roles: Vec<_> = benchmark
            .contenders
            .iter()
            .map(|one| format!("{:?}", one.role))
            .collect();
        roles.contains(&"Raddle".to_owned()) && roles.contains(&"Floor".to_owned())
    };
    document.benchmarks.retain(with_floor);
    document.benchmarks.truncate(1);
    let benchmark = &mut document.benchmarks[0];
    benchmark.contenders.retain(|one| {
        let role = format!("{:?}", one.role);
        role == "Floor" || one.name == "raddle"
    });
    document
}

/// How a machine behaves.
#[derive(Clone, Copy)]
struct Weather {
    /// How far runs differ, and raddle's runs from their floors'.
    runs: f64,
    /// How far rounds of a run differ.
    rounds: f64,
}

const CALM: Weather = Weather {
    runs: 0.006,
    rounds: 0.012,
};
const STORM: Weather = Weather {
    runs: 0.15,
    rounds: 0.3,
};

/// Seven runs of nine rounds, in which raddle takes `factor` times as long as it does.
fn runs(factor: f64, weather: Weather, seed: u64) -> Vec<Document> {
    let mut random = Random::new(seed);
    (0..7)
        .map(|_| {
            let mut run = template();
            // The whole machine is slower or faster in this run: the floor is too.
            let machine = 1.0 + 0.1 * random.normal();
            for one in &mut run.benchmarks[0].contenders {
                let ours = one.name == "raddle";
                let level = if ours { 1300.0 * factor } else { 1000.0 };
                let level = level * machine * (1.0 + weather.runs * random.normal()).abs();
                one.clean = true;
                one.rounds = (0..9)
                    .map(|_| level * (1.0 + weather.rounds * random.normal()).abs())
                    .collect();
                one.median = median(&one.rounds);
            }
            run
        })
        .collect()
}

fn set(runs: Vec<Document>) -> Set {
    Set::new("runs".to_owned(), runs).expect("of one commit")
}

fn judged(old: Vec<Document>, new: Vec<Document>) -> Report {
    compare(
        &set(old),
        &set(new),
        &Limits::default(),
        &Parameters::default(),
    )
}

#[test]
fn five_percent_slower_are_caught() {
    for seed in 0..10 {
        let report = judged(runs(1.0, CALM, seed), runs(1.05, CALM, seed + 50));
        assert_eq!(report.rows.len(), 1);
        assert_eq!(report.exit_code(), 1, "seed {seed}\n{}", report.to_text());
        let faster = judged(runs(1.05, CALM, seed), runs(1.0, CALM, seed + 50));
        assert_eq!(
            faster.rows[0].verdict,
            Verdict::Improvement,
            "{}",
            faster.to_text()
        );
        assert_eq!(faster.exit_code(), 0);
    }
}

#[test]
fn nothing_changed_and_nothing_is_said() {
    for seed in 0..10 {
        let report = judged(runs(1.0, CALM, seed), runs(1.0, CALM, seed + 50));
        assert_eq!(
            report.rows[0].verdict,
            Verdict::Same,
            "{}",
            report.to_text()
        );
        assert_eq!(report.exit_code(), 0);
    }
}

#[test]
fn a_noisy_machine_allows_no_verdict() {
    for seed in 0..10 {
        let report = judged(runs(1.0, STORM, seed), runs(1.05, STORM, seed + 50));
        assert_eq!(
            report.rows[0].verdict,
            Verdict::Unknown,
            "{}",
            report.to_text()
        );
        assert_eq!(report.exit_code(), 3);
    }
}

#[test]
fn more_of_what_should_be_more_is_no_regression() {
    let better = |mut runs: Vec<Document>| {
        for run in &mut runs {
            run.benchmarks[0].better = raddle_benches::document::Better::Higher;
        }
        runs
    };
    let report = judged(better(runs(1.0, CALM, 1)), better(runs(1.05, CALM, 2)));
    assert_eq!(
        report.rows[0].verdict,
        Verdict::Improvement,
        "{}",
        report.to_text()
    );
}

/// A verdict is refused, with a reason in which `word` stands.
fn refused(change: impl Fn(&mut Document), word: &str) {
    let mut slower = runs(1.5, CALM, 2);
    slower.iter_mut().for_each(change);
    let report = judged(runs(1.0, CALM, 1), slower);
    let row = &report.rows[0];
    let why = row.why.as_deref().unwrap_or_default();
    assert_eq!(row.verdict, Verdict::Unknown, "{word}");
    assert!(why.contains(word), "{word:?} is not in {why:?}");
    assert_eq!(report.exit_code(), 3);
}

#[test]
fn what_differs_besides_the_code_allows_no_verdict() {
    refused(|run| run.machine.name = "another".to_owned(), "machine");
    refused(|run| run.machine.allowed = vec![5], "cores");
    refused(|run| run.machine.allocator = "another".to_owned(), "malloc");
    refused(
        |run| run.toolchain.rustc = "rustc 1.0.0".to_owned(),
        "compiler",
    );
    refused(|run| run.toolchain.flags = "-O0".to_owned(), "profile");
    refused(|run| run.run.workers += 1, "workers");
    refused(
        |run| run.benchmarks[0].statistic = "mean".to_owned(),
        "something else",
    );
    refused(
        |run| {
            run.benchmarks[0]
                .contenders
                .iter_mut()
                .for_each(|one| one.clean = false)
        },
        "clean",
    );
    refused(
        |run| {
            let all = run.benchmarks[0].contenders.iter_mut();
            all.filter(|one| one.name != "raddle")
                .for_each(|one| one.clean = false);
        },
        "clean rounds of the floor",
    );
}

#[test]
fn a_few_dirty_runs_are_left_out() {
    let mut slower = runs(1.05, CALM, 2);
    for one in &mut slower[3].benchmarks[0].contenders {
        one.clean = false;
        one.rounds.iter_mut().for_each(|round| *round *= 9.0);
    }
    assert_eq!(judged(runs(1.0, CALM, 1), slower).exit_code(), 1);
}

#[test]
fn a_benchmark_that_is_gone_guards_nothing() {
    let mut less = runs(1.0, CALM, 2);
    for run in &mut less {
        let mut other = run.benchmarks[0].clone();
        other.id = "W99".to_owned();
        run.benchmarks = vec![other];
    }
    let report = judged(runs(1.0, CALM, 1), less);
    let verdicts: Vec<_> = report.rows.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [Verdict::Gone, Verdict::New]);
    assert_eq!(report.exit_code(), 1);
}

fn counted(counts: &[(&str, u64)]) -> Vec<Document> {
    let mut document = template();
    document.benchmarks.clear();
    document.instruments.valgrind = Some("3.19.0".to_owned());
    document.instructions = counts
        .iter()
        .map(|&(id, instructions)| Instructions {
            id: id.to_owned(),
            title: id.to_owned(),
            instructions,
            l1: 0,
            ll: 0,
            ram: 0,
            estimated_cycles: 0,
        })
        .collect();
    vec![document]
}

#[test]
fn two_percent_more_instructions_are_caught() {
    let report = judged(
        counted(&[("a/b", 500), ("a/c", 60)]),
        counted(&[("a/b", 510), ("a/c", 60)]),
    );
    let verdicts: Vec<_> = report.rows.iter().map(|row| row.verdict).collect();
    assert_eq!(verdicts, [Verdict::Regression, Verdict::Same]);
    assert_eq!(report.exit_code(), 1);
}

#[test]
fn counts_have_a_threshold_on_both_sides() {
    let verdict =
        |old, new| judged(counted(&[("a/b", old)]), counted(&[("a/b", new)])).rows[0].verdict;
    assert_eq!(verdict(1000, 1010), Verdict::Same);
    assert_eq!(verdict(1000, 1011), Verdict::Regression);
    assert_eq!(verdict(1000, 989), Verdict::Improvement);
    assert_eq!(verdict(20, 24), Verdict::Same, "registers");
    assert_eq!(verdict(20, 25), Verdict::Regression);
    assert_eq!(verdict(20, 15), Verdict::Improvement);
}

#[test]
fn counts_of_another_compiler_or_valgrind_are_not_compared() {
    let mut other = counted(&[("a/b", 900)]);
    other[0].toolchain.rustc = "rustc 1.0.0".to_owned();
    assert_eq!(judged(counted(&[("a/b", 500)]), other).exit_code(), 3);
    let mut other = counted(&[("a/b", 900)]);
    other[0].instruments.valgrind = Some("3.20.0".to_owned());
    assert_eq!(judged(counted(&[("a/b", 500)]), other).exit_code(), 3);
}

#[test]
fn counts_that_do_not_repeat_are_no_counts() {
    let both = [counted(&[("a/b", 500)]), counted(&[("a/b", 501)])].concat();
    assert_eq!(judged(counted(&[("a/b", 500)]), both).exit_code(), 3);
}

#[test]
fn a_path_that_is_counted_no_more_guards_nothing() {
    let report = judged(
        counted(&[("a/b", 500), ("a/c", 5)]),
        counted(&[("a/b", 500)]),
    );
    assert_eq!(report.exit_code(), 1);
    let report = judged(
        counted(&[("a/b", 500)]),
        counted(&[("a/b", 500), ("a/c", 5)]),
    );
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn runs_of_two_commits_are_no_set() {
    let mut runs = runs(1.0, CALM, 1);
    runs[2].commit = None;
    assert!(
        Set::new("runs".to_owned(), runs)
            .unwrap_err()
            .contains("different commits")
    );
}

#[test]
fn the_same_documents_give_the_same_report() {
    let report = || judged(runs(1.0, STORM, 1), runs(1.02, STORM, 2)).to_json();
    assert_eq!(report(), report());
}

fn gate(arguments: &[&str]) -> Output {
    let gate = Command::new(env!("CARGO_BIN_EXE_gate"))
        .args(arguments)
        .output();
    gate.expect("the gate runs")
}

fn write(folder: &Path, runs: &[Document]) -> String {
    std::fs::create_dir_all(folder).unwrap();
    for (number, run) in runs.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.json")), run.to_json()).unwrap();
    }
    folder.display().to_string()
}

#[test]
fn the_program_reads_files_and_folders_and_exits_as_it_says() {
    let scratch = tempfile::tempdir().unwrap();
    let old = write(&scratch.path().join("old"), &runs(1.0, CALM, 1));
    let new = write(&scratch.path().join("new"), &runs(1.05, CALM, 2));
    let noisy = write(&scratch.path().join("noisy"), &runs(1.0, STORM, 3));
    let code = |arguments: &[&str]| gate(arguments).status.code();
    assert_eq!(code(&[&old, &old]), Some(0));
    assert_eq!(code(&[&old, &new]), Some(1));
    assert_eq!(code(&[&old, &noisy]), Some(3));
    let one = format!("{old}/0.json");
    // One run a side does not show how far runs are apart.
    assert_eq!(code(&[&one, &one]), Some(3));
    for wrong in [
        &[][..],
        &[old.as_str()],
        &["--nonsense", old.as_str(), &new],
        &[old.as_str(), "/nowhere"],
        &["--same", "x", old.as_str(), &new],
    ] {
        assert_eq!(code(wrong), Some(2), "{wrong:?}");
    }

    let report: serde_json::Value =
        serde_json::from_slice(&gate(&["--json", &old, &new]).stdout).unwrap();
    assert_eq!(report["schema"], "raddle-gate/1");
    assert_eq!(report["verdict"], "regression");
    assert_eq!(report["rows"][0]["verdict"], "regression");
    assert!(report["rows"][0]["low"].as_f64().unwrap() > 1.0);
    assert_eq!(report["parameters"]["seed"], 1);
    let table = String::from_utf8(gate(&[&old, &new]).stdout).unwrap();
    assert!(
        table.contains("REGRESSION: 1 regression") && table.contains("seed 1"),
        "{table}"
    );
}

#[test]
fn the_committed_baseline_is_one_and_compares_to_itself() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline/instructions.json");
    let path = path.display().to_string();
    assert_eq!(gate(&[&path, &path]).status.code(), Some(0));
}
