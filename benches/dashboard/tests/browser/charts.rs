//! Charts hold the data: read back from the charts themselves, and held against the documents.

use super::sample::{self, DIRTY, MISSING, RENAMED, RUNS};
use super::{first, in_browser};
use raddle_dashboard::document::{Document, Mode};
use serde_json::{Value, json};

/// Full runs of the first machine.
fn documents() -> Vec<Document> {
    let mut documents = sample::history();
    documents.retain(|d| d.run.mode == Mode::Full && d.machine.cores == 2);
    documents
}

fn medians(id: &str, contender: &str) -> Vec<Value> {
    let median = |document: &Document| {
        let benchmark = document.benchmarks.iter().find(|b| b.id == id)?;
        let found = benchmark.contenders.iter().find(|c| c.name == contender)?;
        Some(found.median)
    };
    documents().iter().map(|d| json!(median(d))).collect()
}

/// The values of a chart's series by its name.
fn series(chart: &str, name: &str) -> String {
    format!(
        "(dashboard.charts.get('{chart}').getOption().series.find(series => series.name === {name:?})?.data ?? [])\
         .map(point => point?.value ?? point)"
    )
}

fn names(chart: &str) -> String {
    format!("dashboard.charts.get('{chart}').getOption().series.map(series => series.name)")
}

/// The same but for what is lost on the way through a file.
fn assert_close(found: &Value, wanted: &[Value]) {
    let found = found.as_array().expect("a list");
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        match (found.as_f64(), wanted.as_f64()) {
            (Some(found), Some(wanted)) => assert!((found / wanted - 1.0).abs() < 1e-12),
            (found, wanted) => assert_eq!(found, wanted),
        }
    }
}

#[test]
fn a_history_has_every_figure_and_a_gap_where_there_is_none() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W5.html"));
        let found = chrome.eval(&series("chart-history", "raddle"));
        assert_close(&found, &medians("W5", "raddle"));
        let gaps = found.as_array().expect("a list").iter().enumerate();
        let gaps: Vec<usize> = gaps.filter(|(_, v)| v.is_null()).map(|(i, _)| i).collect();
        assert_eq!(gaps, MISSING.collect::<Vec<_>>());
        assert_close(
            &chrome.eval(&series("chart-history", "rayon")),
            &medians("W5", "rayon"),
        );
        // The band goes from the lowest round to the highest.
        let spread = documents()[0]
            .benchmarks
            .iter()
            .find(|b| b.id == "W5")
            .map(|b| {
                let raddle = b
                    .contenders
                    .iter()
                    .find(|c| c.name == "raddle")
                    .expect("raddle");
                (raddle.min, raddle.max)
            });
        let low = chrome.eval(&format!("{}[0]", series("chart-history", "raddle lowest")));
        let band = chrome.eval(&format!("{}[0]", series("chart-history", "raddle band")));
        let (low, band) = (
            low.as_f64().expect("a figure"),
            band.as_f64().expect("a figure"),
        );
        let (min, max) = spread.expect("the benchmark");
        assert!((low - min).abs() < 1e-9 && (low + band - max).abs() < 1e-9);
    });
}

#[test]
fn scales_contenders_and_views_are_chosen() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W2.html"));
        let scale = "dashboard.charts.get('chart-history').getOption().yAxis[0].type";
        assert_eq!(chrome.eval(scale), "log");
        chrome.eval("document.querySelector('[name=scale][value=linear]').click()");
        assert_eq!(chrome.eval(scale), "value");
        assert_eq!(chrome.eval("location.hash"), "#scale=linear");

        let shown = chrome.eval(&names("chart-history")).to_string();
        assert!(
            shown.contains("rayon") && !shown.contains("tokio spawn"),
            "{shown}"
        );
        chrome.eval("document.querySelector('[name=contenders][value=\"tokio spawn\"]').click()");
        chrome.eval("document.querySelector('[name=spread]').click()");
        let shown = chrome.eval(&names("chart-history")).to_string();
        assert!(
            shown.contains("tokio spawn") && !shown.contains("band"),
            "{shown}"
        );

        chrome.eval("document.querySelector('[name=show][value=limit]').click()");
        let ratio = chrome.eval(&format!("{}[0]", series("chart-history", "raddle")));
        let (ours, limit) = (
            medians("W2", "raddle"),
            medians("W2", "box, hold, call, free"),
        );
        let wanted = ours[0].as_f64().expect("a figure") / limit[0].as_f64().expect("a figure");
        assert!((ratio.as_f64().expect("a ratio") - wanted).abs() < 1e-9);

        chrome.eval("document.querySelector('[name=show][value=change]').click()");
        let change = chrome.eval(&format!("{}[{DIRTY}]", series("chart-history", "raddle")));
        assert!(
            (1.9..2.3).contains(&change.as_f64().expect("a ratio")),
            "{change}"
        );
    });
}

#[test]
fn a_renamed_contender_is_two_and_the_old_one_is_marked() {
    in_browser(|chrome| {
        chrome.open(&first(
            "benchmark/W2.html#contenders=threadpool&contenders=threadpool%20crate",
        ));
        let count = |name: &str| {
            format!(
                "{}.filter(value => value !== null).length",
                series("chart-history", name)
            )
        };
        assert_eq!(chrome.eval(&count("threadpool")), json!(RENAMED));
        assert_eq!(
            chrome.eval(&count("threadpool crate")),
            json!(RUNS - RENAMED)
        );
        let label =
            "document.querySelector('[name=contenders][value=threadpool]').labels[0].innerText";
        assert!(chrome.eval(label).to_string().contains("(gone)"));
    });
}

#[test]
fn bars_of_the_last_run_and_of_the_overview_have_the_documents_figures() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/P1.html"));
        let order = chrome.eval("dashboard.charts.get('chart-now').getOption().yAxis[0].data");
        assert_eq!(order[0], "shared-memory ring, both spinning");
        assert_eq!(order[1], "raddle", "the best come first");
        let wanted = medians("P1", "raddle").pop().expect("a run");
        let found = chrome.eval(&format!("{}[1]", series("chart-now", "median")));
        assert_close(&json!([found]), &[wanted]);

        chrome.open(&first("index.html"));
        let behind = |chrome: &mut super::Chrome, group: &str, id: &str| {
            let at = format!(
                "dashboard.charts.get('chart-{group}').getOption().yAxis[0].data.indexOf('{id}')"
            );
            chrome.eval(&format!(
                "{}[{at}]",
                series(&format!("chart-{group}"), "raddle")
            ))
        };
        let last = |id: &str, name: &str| medians(id, name)[RUNS - 1].as_f64().expect("a figure");
        let found = behind(chrome, "threads", "W1").as_f64().expect("a ratio");
        assert!((found - last("W1", "raddle") / last("W1", "rayon")).abs() < 1e-9);
        // More GB/s are better: behind is the other way round.
        chrome.open(&first("index.html#further=1"));
        let found = behind(chrome, "processes", "P3-1M/rate")
            .as_f64()
            .expect("a ratio");
        let wanted = last("P3-1M/rate", "ipc-channel shared memory") / last("P3-1M/rate", "raddle");
        assert!((found - wanted).abs() < 1e-9);
    });
}

#[test]
fn latencies_are_shown_by_percentile_and_as_a_histogram() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W1.html"));
        let count = format!("{}.length", series("chart-latency", "raddle"));
        let buckets = documents()[RUNS - 1].benchmarks[1].contenders[6]
            .histogram
            .clone();
        assert_eq!(
            chrome.eval(&count),
            json!(buckets.expect("a histogram").len())
        );
        // The percentiles of the chart are those of the table.
        let within = format!(
            "{}.find(([nines]) => nines >= 2)[1]",
            series("chart-latency", "raddle")
        );
        let quantiles = documents()[RUNS - 1].benchmarks[1].contenders[6].quantiles;
        assert_eq!(chrome.eval(&within).as_f64(), quantiles.map(|q| q.p99));
        chrome.eval("document.querySelector('[name=latency][value=histogram]').click()");
        let whole = format!(
            "{}.reduce((sum, [, share]) => sum + share, 0)",
            series("chart-latency", "raddle")
        );
        assert!((chrome.eval(&whole).as_f64().expect("a sum") - 100.0).abs() < 1e-6);
    });
}

#[test]
fn instructions_lie_beside_the_time_and_zoom_with_it() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W2.html"));
        let counts = chrome.eval(&series("chart-counts", "submit/outside"));
        assert_eq!(counts[0], Value::Null);
        assert_eq!(counts[RUNS - 1], 540);
        chrome.eval("dashboard.charts.get('chart-history').dispatchAction({type: 'dataZoom', startValue: 10, endValue: 20})");
        chrome.wait("new URLSearchParams(location.hash.slice(1)).has('from')");
        let range = "(zoom => [zoom.startValue, zoom.endValue])(dashboard.charts.get('chart-counts').getOption().dataZoom[0])";
        assert_eq!(chrome.eval(range), json!([10, 20]));
    });
}

/// The scripts and the tables write figures alike.
#[test]
fn figures_are_written_alike_by_scripts_and_tables() {
    in_browser(|chrome| {
        chrome.open(&first("index.html"));
        for unit in ["ns", "us", "B", "GB/s", ""] {
            for value in [
                0.0, 0.0042, 0.5, 1.0, 9.994, 9.996, 12.0, 65.04, 99.96, 640.5, 1240.0, 123_456.0,
                9.87e9,
            ] {
                assert_eq!(
                    chrome.eval(&format!("dashboard.figure({value:?}, {unit:?})")),
                    raddle_dashboard::figure::figure(value, unit),
                    "{value} {unit}"
                );
            }
        }
    });
}
