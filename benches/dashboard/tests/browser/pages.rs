//! All pages load, with nothing to complain of, and have what they promise.

use super::{SITE, address, all_pages, in_browser};

#[test]
fn every_page_loads_from_a_file_without_a_complaint() {
    in_browser(|chrome| {
        let pages = all_pages();
        assert_eq!(pages.len(), 1 + 4 + 12);
        for page in pages {
            chrome.open(&page);
            assert_eq!(
                chrome.eval("document.querySelectorAll('h1').length"),
                1,
                "{page}"
            );
            assert_eq!(
                chrome.eval("document.title.endsWith('raddle benchmarks')"),
                true,
                "{page}: what a document says was run"
            );
            assert!(
                chrome.complaints.is_empty(),
                "{page}: {:#?}",
                chrome.complaints
            );
        }
    });
}

#[test]
fn quick_runs_and_other_machines_have_pages_of_their_own() {
    in_browser(|chrome| {
        chrome.open(&address(
            SITE.path(),
            "example-cpu-2-linux6-2-quick/index.html",
        ));
        assert_eq!(
            chrome.eval("document.querySelector('.warning').innerText.startsWith('Quick runs.')"),
            true
        );
        assert_eq!(chrome.eval("dashboard.shared.runs.length"), 5);
        chrome.open(&address(
            SITE.path(),
            "another-cpu-8-linux6-2-full/index.html",
        ));
        assert_eq!(
            chrome.eval("document.querySelector('.warning')?.tagName ?? 'none'"),
            "none"
        );
        assert_eq!(chrome.eval("dashboard.shared.runs.length"), 12);
    });
}
