//! axe-core finds nothing serious, in either theme.

use super::{all_pages, in_browser};
use serde_json::json;

const AXE: &str = include_str!("axe.min.js");
const LOOK: &str = "axe.run(document, {resultTypes: ['violations'], preload: false}).then(found => found.violations\
    .filter(rule => ['serious', 'critical'].includes(rule.impact))\
    .map(rule => rule.id + ': ' + rule.nodes.slice(0, 3).map(node => node.html + ' ' + node.failureSummary).join(' | ')))";

#[test]
fn no_page_keeps_anybody_out() {
    in_browser(|chrome| {
        for scheme in ["light", "dark"] {
            chrome.prefer(scheme);
            // The first page is that of its setup once more; the benchmarks' pages are of one make.
            let pages = all_pages();
            let wanted = ["index", "regressions", "instructions", "runs", "W1", "W2"];
            let pages = pages.iter().filter(|page| {
                wanted.iter().any(|name| {
                    page.ends_with(&format!("-full/{name}.html"))
                        || page.ends_with(&format!("benchmark/{name}.html"))
                })
            });
            for page in pages {
                chrome.open(page);
                chrome.eval(
                    "for (const folded of document.querySelectorAll('details')) folded.open = true",
                );
                chrome.eval(&format!("{AXE}; undefined"));
                assert_eq!(chrome.eval(LOOK), json!([]), "{page}, {scheme}");
            }
        }
    });
}
