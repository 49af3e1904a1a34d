//! What is exported has the shape that its readers publish: Bencher Metric Format (a benchmark has measures, a measure a
//! `value` and maybe `lower_value` and `upper_value`), and github-action-benchmark's custom tools (an array of `name`,
//! `unit`, `value`, and maybe `range` and `extra`, both text).

use raddle_benches::document::Document;
use raddle_benches::document::export::Format;
use serde_json::Value;

fn example() -> Document {
    let text = include_str!("../schema/example.json");
    let mut document = Document::parse(text).unwrap();
    // A benchmark whose figures had better be high, and one in another unit of time.
    let mut bandwidth = document.benchmarks[0].clone();
    bandwidth.id = "P3-1M/bandwidth".into();
    bandwidth.unit = "GB/s".into();
    bandwidth.better = raddle_benches::document::Better::Higher;
    let mut start = document.benchmarks[0].clone();
    start.id = "P4".into();
    start.unit = "ms".into();
    document.benchmarks.extend([bandwidth, start]);
    document
}

fn exported(format: &str) -> Value {
    let format: Format = format.parse().unwrap();
    serde_json::from_str(&format.write(&example())).unwrap()
}

#[test]
fn bencher_metric_format() {
    let all = exported("bencher");
    for (name, measures) in all.as_object().unwrap() {
        assert!(!name.is_empty() && name.len() <= 1024);
        for (measure, metric) in measures.as_object().unwrap() {
            let slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(
                measure.len() <= 64 && measure.chars().all(slug),
                "{measure}"
            );
            let number = |field: &str| metric.get(field).map(|value| value.as_f64().unwrap());
            let value = number("value").unwrap();
            assert!(number("lower_value").is_none_or(|lower| lower <= value));
            assert!(number("upper_value").is_none_or(|upper| upper >= value));
            let known = ["value", "lower_value", "upper_value"];
            assert!(
                metric
                    .as_object()
                    .unwrap()
                    .keys()
                    .all(|key| known.contains(&&key[..]))
            );
        }
    }
    assert_eq!(all["W1/raddle"]["latency"]["value"], 1620.0);
    assert_eq!(all["W1/raddle"]["latency"]["lower_value"], 1600.0);
    assert_eq!(all["P4/raddle"]["latency"]["value"], 1620.0 * 1e6);
    assert_eq!(
        all["P3-1M/bandwidth/raddle"]["gigabytes-per-second"]["value"],
        1620.0
    );
    assert_eq!(all["submit/spawn"]["instructions"]["value"], 512.0);
}

#[test]
fn github_action_benchmark() {
    let names = |format: &str| -> Vec<String> {
        let all = exported(format);
        let entries = all.as_array().unwrap();
        for entry in entries {
            let entry = entry.as_object().unwrap();
            assert!(
                entry["value"].is_f64() && entry["name"].is_string() && entry["unit"].is_string()
            );
            for (key, value) in entry {
                let text = ["range", "extra"].contains(&&key[..]) && value.is_string();
                assert!(
                    text || ["name", "unit", "value"].contains(&&key[..]),
                    "{key}"
                );
            }
        }
        entries
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let smaller = names("github-smaller");
    let bigger = names("github-bigger");
    assert!(smaller.contains(&"W1/p99/raddle".to_owned()));
    assert!(smaller.contains(&"submit/spawn".to_owned()));
    assert_eq!(bigger.len(), 3);
    assert!(
        bigger
            .iter()
            .all(|name| name.starts_with("P3-1M/bandwidth/"))
    );
    let mut all = [smaller, bigger].concat();
    all.sort();
    let before = all.len();
    all.dedup();
    assert_eq!(all.len(), before, "names are unique");
}

#[test]
fn another_format_is_refused_by_name() {
    let refused = "csv".parse::<Format>().unwrap_err();
    assert!(refused.contains("csv") && refused.contains("bencher"));
}
