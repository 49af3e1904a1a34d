//! Pictures for people, of both themes, a narrow window and paper.

use super::{first, in_browser, pictures};

const PAGES: [(&str, &str); 5] = [
    ("overview", "index.html"),
    ("limit", "index.html#against=limit&further=1"),
    ("benchmark", "benchmark/W2.html"),
    ("regressions", "regressions.html"),
    ("instructions", "instructions.html#path=submit%2Foutside"),
];

#[test]
fn pictures_are_taken_in_both_themes_on_a_narrow_screen_and_on_paper() {
    in_browser(|chrome| {
        let folder = pictures();
        for scheme in ["light", "dark"] {
            chrome.prefer(scheme);
            for (name, page) in PAGES {
                chrome.open(&first(page));
                chrome.screenshot(&folder.join(format!("{name}-{scheme}.png")));
            }
        }
        chrome.open(&first("benchmark/W1.html"));
        chrome.screenshot(&folder.join("latency-dark.png"));
        chrome.prefer("light");
        chrome.open(&first("benchmark/W2.html#show=change&latency=histogram"));
        chrome.eval("document.getElementById('chart-history').focus()");
        chrome.press("End");
        chrome.press("Enter");
        chrome.screenshot(&folder.join("pointed-light.png"));
        chrome.open(&first(
            "benchmark/W1-p99.html#latency=histogram&scale=linear",
        ));
        chrome.screenshot(&folder.join("histogram-light.png"));
        chrome.prefer("dark");
        // Paper is light, whatever the screen is.
        for (name, page) in PAGES {
            chrome.open(&first(page));
            chrome.print(&folder.join(format!("{name}.pdf")));
        }
        chrome.prefer("light");
        chrome.size(390, 844);
        for (name, page) in PAGES {
            chrome.open(&first(page));
            chrome.screenshot(&folder.join(format!("{name}-narrow.png")));
            assert_eq!(
                chrome.eval("document.documentElement.scrollWidth <= innerWidth"),
                true,
                "{name} is wider than the screen"
            );
        }
    });
}
