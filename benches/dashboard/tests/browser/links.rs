//! What a page shows is in its address: filters, choices and points are links.

use super::sample::REGRESSED;
use super::{first, in_browser, sample};
use serde_json::json;

const SHOWN: &str =
    "[...document.querySelectorAll('tr[data-id]:not([hidden])')].map(row => row.dataset.id)";

#[test]
fn the_filters_of_the_overview_hide_rows_and_bars_and_are_in_the_address() {
    in_browser(|chrome| {
        chrome.open(&first("index.html"));
        assert_eq!(chrome.eval(&format!("{SHOWN}.length")), 8);
        chrome.eval("document.querySelector('[name=find]').focus()");
        for key in ["r", "o", "u", "n", "d"] {
            chrome.press(key);
        }
        assert_eq!(chrome.eval(SHOWN), json!(["W1", "W1/p99", "W1b", "P1"]));
        assert_eq!(chrome.eval("location.hash"), "#find=round");
        let bars = "dashboard.charts.get('chart-threads').getOption().yAxis[0].data";
        assert_eq!(chrome.eval(bars), json!(["W1", "W1/p99", "W1b"]));

        // The same view, by the link alone.
        chrome.open(&first("index.html#find=join&against=limit"));
        assert_eq!(chrome.eval(SHOWN), json!(["W3"]));
        assert_eq!(
            chrome.eval("document.querySelector('[name=find]').value"),
            "join"
        );
        assert_eq!(
            chrome.eval("dashboard.charts.get('chart-threads').getOption().series.length"),
            2
        );
        assert_eq!(
            chrome.eval("document.getElementById('group-processes').hidden"),
            true
        );

        chrome.open(&first("index.html#only=behind"));
        assert_eq!(chrome.eval(SHOWN), json!(["W3"]));
    });
}

#[test]
fn a_regression_leads_to_its_point_and_the_point_is_a_link() {
    in_browser(|chrome| {
        chrome.open(&first("regressions.html"));
        chrome.eval("document.querySelector('#table-shifts tbody a').click()");
        chrome.wait("document.readyState === 'complete' && location.pathname.endsWith('W2.html')");
        chrome.settle();
        let run = sample::history()[REGRESSED].file_name();
        let run = run.trim_end_matches(".json");
        assert_eq!(chrome.eval("dashboard.state.get('run')"), run);
        let said = chrome
            .eval("document.getElementById('selected').innerText")
            .to_string();
        assert!(said.contains("a note of who submitted"), "{said}");
        let row = "document.querySelector('#table-history tr.meant').dataset.run";
        assert_eq!(chrome.eval(row), run);
        let marked = "dashboard.charts.get('chart-history').getOption().series[0].markLine.data.some(mark => mark.name === 'selected')";
        assert_eq!(chrome.eval(marked), true);

        // A click on another point makes a link to that.
        chrome.eval("document.getElementById('chart-history').scrollIntoView({block: 'center'})");
        let place = chrome.eval(
            "(() => { const chart = dashboard.charts.get('chart-history'); \
             const [x, y] = chart.convertToPixel({xAxisIndex: 0, yAxisIndex: 0}, [5, dashboard.data.lines.find(line => line.name === 'raddle').points[5][0]]); \
             const box = chart.getDom().getBoundingClientRect(); return [box.x + x, box.y + y]; })()",
        );
        chrome.click(place[0].as_f64().expect("x"), place[1].as_f64().expect("y"));
        let fifth = sample::history()[5].file_name();
        assert_eq!(
            chrome.eval("dashboard.state.get('run')"),
            fifth.trim_end_matches(".json")
        );
    });
}

#[test]
fn the_filters_of_the_regressions_are_in_the_address() {
    in_browser(|chrome| {
        let shown = "[...document.querySelectorAll('#table-shifts tbody tr:not([hidden])')].map(row => row.dataset.class)";
        chrome.open(&first("regressions.html#way=better"));
        assert_eq!(chrome.eval(shown), json!(["better"]));
        let key = chrome.eval("document.querySelector('#table-shifts tbody tr').dataset.key");
        let key = key.as_str().expect("a key");
        chrome.open(&first(&format!("regressions.html#shift={key}")));
        assert_eq!(
            chrome.eval("document.querySelector('tr.meant').dataset.key"),
            key
        );
    });
}

#[test]
fn a_path_of_the_instructions_is_a_link() {
    in_browser(|chrome| {
        chrome.open(&first("instructions.html#path=steal%2Fone"));
        assert_eq!(
            chrome.eval("document.getElementById('path').value"),
            "steal/one"
        );
        assert_eq!(
            chrome.eval("dashboard.charts.get('chart-path').getOption().series[0].name"),
            "steal/one"
        );
    });
}
