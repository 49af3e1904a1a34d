//! The theme, the keyboard and paper.

use super::{Chrome, first, in_browser};

const GROUND: &str = "getComputedStyle(document.body).backgroundColor";
const OURS: &str = "dashboard.charts.get('chart-history').getOption().series.find(series => series.name === 'raddle').color";

#[test]
fn the_theme_is_the_systems_until_one_is_chosen_which_is_remembered() {
    in_browser(|chrome| {
        let dark = |chrome: &mut Chrome| chrome.eval(GROUND) == "rgb(19, 20, 21)";
        chrome.prefer("light");
        chrome.open(&first("benchmark/W2.html"));
        assert!(!dark(chrome));
        let light_line = chrome.eval(OURS);
        chrome.prefer("dark");
        chrome.settle();
        assert!(dark(chrome));
        assert_ne!(chrome.eval(OURS), light_line, "the charts follow");
        chrome.eval(
            "(select => { select.value = 'light'; select.dispatchEvent(new Event('change')); })(document.getElementById('theme'))",
        );
        assert!(!dark(chrome));
        assert_eq!(chrome.eval(OURS), light_line);
        chrome.open(&first("regressions.html"));
        assert!(!dark(chrome), "the choice is remembered");
        assert_eq!(
            chrome.eval("document.getElementById('theme').value"),
            "light"
        );
    });
}

#[test]
fn everything_is_reached_by_the_tab_key_and_can_be_seen_there() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W1.html"));
        chrome.press("Tab");
        assert_eq!(chrome.eval("document.activeElement.className"), "skip");
        let mut reached = Vec::new();
        for _ in 0..60 {
            let name = chrome.eval("document.activeElement.name || document.activeElement.id || document.activeElement.tagName");
            reached.push(name.as_str().unwrap_or_default().to_owned());
            let outlined = chrome.eval("document.activeElement.matches('.skip, main, body') || getComputedStyle(document.activeElement).outlineStyle !== 'none'");
            assert_eq!(outlined, true, "{reached:?}");
            chrome.press("Tab");
        }
        for wanted in [
            "theme",
            "chart-now",
            "scale",
            "contenders",
            "chart-history",
            "count",
            "chart-latency",
        ] {
            assert!(
                reached.iter().any(|name| name == wanted),
                "{wanted}: {reached:?}"
            );
        }
    });
}

#[test]
fn arrow_keys_read_a_chart_aloud_and_enter_makes_a_link() {
    in_browser(|chrome| {
        chrome.open(&first("benchmark/W2.html"));
        chrome.eval("document.getElementById('chart-history').focus()");
        let said = "document.getElementById('chart-history-said').textContent";
        chrome.press("End");
        let last = chrome.eval(said).to_string();
        assert!(
            last.contains("Change number 39") && last.contains("raddle"),
            "{last}"
        );
        chrome.press("ArrowLeft");
        assert!(chrome.eval(said).to_string().contains("Change number 38"));
        chrome.press("Home");
        assert!(chrome.eval(said).to_string().contains("Change number 0"));
        chrome.press("Enter");
        let key = chrome.eval("dashboard.shared.runs[0].key");
        assert_eq!(chrome.eval("dashboard.state.get('run')"), key);
        chrome.open(&first("index.html"));
        chrome.eval("document.getElementById('chart-threads').focus()");
        chrome.press("ArrowRight");
        let said = "document.getElementById('chart-threads-said').textContent";
        assert!(chrome.eval(said).to_string().contains("ahead"));
        chrome.press("Enter");
        chrome.wait("document.readyState === 'complete' && location.pathname.endsWith('W1.html')");
    });
}

#[test]
fn paper_is_light_and_shows_what_is_folded() {
    in_browser(|chrome| {
        chrome.prefer("dark");
        chrome.open(&first("benchmark/W2.html"));
        let seen = "dispatchEvent(new Event('beforeprint')), [getComputedStyle(document.body).color, document.querySelector('main details').open]";
        assert_eq!(
            chrome.eval(seen),
            serde_json::json!(["rgb(29, 31, 33)", true])
        );
        let after =
            "dispatchEvent(new Event('afterprint')), document.querySelector('main details').open";
        assert_eq!(chrome.eval(after), false);
    });
}
