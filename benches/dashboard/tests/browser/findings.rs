//! What was planted is found, and nothing else.

use super::sample::{self, GAINED, REGRESSED};
use super::{address, build, first, in_browser};
use serde_json::json;

/// The rows of a table that can be seen, as their keys.
const SHIFTS: &str = "[...document.querySelectorAll('#table-shifts tbody tr:not([hidden])')].map(row => row.dataset.key)";
const COUNTS: &str = "[...document.querySelectorAll('#table-counts tbody tr:not([hidden])')].map(row => row.dataset.class + ' ' + row.dataset.key)";

fn run(at: usize) -> String {
    let document = &sample::history()[at];
    document.file_name().trim_end_matches(".json").to_owned()
}

#[test]
fn the_planted_shifts_are_found_at_their_runs_and_nothing_else_is() {
    in_browser(|chrome| {
        chrome.open(&first("regressions.html"));
        let wanted = json!([
            format!("W2.raddle.{}", run(REGRESSED)),
            format!("W3.raddle.{}", run(GAINED)),
        ]);
        assert_eq!(chrome.eval(SHIFTS), wanted);
        let counts = chrome.eval(COUNTS);
        assert_eq!(
            counts[0],
            format!("worse submit/outside.{}", run(REGRESSED))
        );
        assert_eq!(counts.as_array().map(Vec::len), Some(6), "{counts}");
        let parameters = chrome
            .eval("document.getElementById('how').parentElement.innerText")
            .to_string();
        for stated in ["1 in 1,000", "1,999 shuffles", "3%", "99%", "0.1%"] {
            assert!(parameters.contains(stated), "{stated}: {parameters}");
        }
        // It is on the overview and in the chart as well.
        chrome.open(&first("index.html"));
        assert!(
            chrome
                .eval("document.getElementById('recent').innerText")
                .to_string()
                .contains("W2")
        );
        chrome.open(&first("benchmark/W2.html"));
        let marks = "dashboard.charts.get('chart-history').getOption().series[0].markLine.data.map(mark => [mark.name, mark.xAxis])";
        assert_eq!(chrome.eval(marks), json!([["shift", REGRESSED]]));
    });
}

#[test]
fn where_nothing_changed_nothing_is_found() {
    in_browser(|chrome| {
        let site = build(&sample::steady());
        let page = |name: &str| address(site.path(), &format!("{}/{name}", super::FIRST));
        chrome.open(&page("regressions.html#whose=all"));
        assert_eq!(chrome.eval(SHIFTS), json!([]));
        assert_eq!(chrome.eval(COUNTS), json!([]));
        assert_eq!(
            chrome.eval("document.getElementById('no-shifts').hidden"),
            false
        );
        chrome.open(&page("index.html"));
        assert_eq!(
            chrome.eval("document.querySelectorAll('#changed li, #recent li').length"),
            0
        );
        assert_eq!(
            chrome.eval(
                "document.querySelector('.tally li').innerText.trim().split(/\\s+/).join(' ')"
            ),
            "0 worse"
        );
    });
}

#[test]
fn a_worse_last_run_is_told_apart_from_one_that_cannot_be_judged() {
    in_browser(|chrome| {
        let mut documents = sample::steady();
        let last = documents.len() - 1;
        let benchmarks = &mut documents[last].benchmarks;
        for benchmark in benchmarks
            .iter_mut()
            .filter(|b| ["W1", "W3"].contains(&b.id.as_str()))
        {
            for contender in benchmark
                .contenders
                .iter_mut()
                .filter(|c| c.name == "raddle")
            {
                contender.median *= 1.2;
                contender.clean = benchmark.id == "W1";
            }
        }
        let site = build(&documents);
        let page = address(
            site.path(),
            &format!("{}/index.html#only=worse", super::FIRST),
        );
        chrome.open(&page);
        let shown = "[...document.querySelectorAll('tr[data-id]:not([hidden])')].map(row => row.dataset.id)";
        assert_eq!(chrome.eval(shown), json!(["W1"]));
        assert!(
            chrome
                .eval("document.getElementById('changed').innerText")
                .to_string()
                .contains("worse")
        );
        let of_w3 = "document.querySelector('tr[data-id=W3] .mark').textContent";
        assert_eq!(chrome.eval(of_w3), "cannot tell");
    });
}
