//! The ranges of a map: a thread takes from the front of its own range, other threads take its later half. Each item is
//! given out once, and together they get all of them.

use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::thread::ranges::Ranges;

/// What the holder of `place` gets until nothing is left.
fn drain(ranges: &Ranges, place: usize) -> Vec<u32> {
    let mut items = Vec::new();
    while let Some(share) = ranges.next(place) {
        assert!(!share.is_empty(), "a share holds something");
        items.extend(share);
    }
    items
}

/// Both threads' items, after they have gone through so many.
fn share(items: u32, most: u32) -> [Vec<u32>; 2] {
    let ranges = Arc::new(Ranges::new(items, most, 2));
    let other = Arc::clone(&ranges);
    let thief = thread::spawn(move || drain(&other, 1));
    let taken = [drain(&ranges, 0), thief.join().unwrap()];
    assert!(ranges.is_empty());
    taken
}

/// The items of all together.
fn all(taken: &[Vec<u32>]) -> Vec<u32> {
    let mut all = taken.concat();
    all.sort_unstable();
    all
}

fn shares(taken: &[Vec<u32>]) -> String {
    let shares = taken.iter().map(|items| match items.len() {
        0 => "none",
        _ if items.is_sorted() => "some",
        _ => "later ones first",
    });
    shares.collect::<Vec<_>>().join(", ")
}

/// An owner and a thief, which may become a victim.
const TWO: Scenario = Scenario {
    name: "ranges/two",
    test: "ranges::two",
    shows: "each item once: the holder has all, both have some, or the thief all",
    must: &["some, none", "some, some", "none, later ones first"],
    may: &["later ones first, some", "some, later ones first"],
    loom: Loom::bound(3).at_least(8_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let taken = share(3, 1);
        assert_eq!(all(&taken), [0, 1, 2], "each item once");
        out.saw(shares(&taken));
    },
    ..Scenario::EMPTY
};

/// Shares of more than one item.
const SHARES: Scenario = Scenario {
    name: "ranges/shares",
    test: "ranges::shares",
    shows: "the same with shares of two",
    must: &["some, none", "some, some"],
    may: &[
        "none, some",
        "later ones first, some",
        "some, later ones first",
        "none, later ones first",
    ],
    loom: Loom::bound(3).at_least(12_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let taken = share(4, 2);
        assert_eq!(all(&taken), [0, 1, 2, 3], "each item once");
        out.saw(shares(&taken));
    },
    ..Scenario::EMPTY
};

/// Two thieves, which meet at a range without an owner and at each other's.
const TWO_THIEVES: Scenario = Scenario {
    name: "ranges/two_thieves",
    test: "ranges::two_thieves",
    shows: "two thieves at a place that no thread holds: one has all, or both some",
    must: &["one", "both"],
    threads: 3,
    loom: Loom::bound(3).at_least(100_000),
    shuttle: Shuttle::sampled(10_000),
    body: |out| {
        let ranges = Arc::new(Ranges::new(2, 1, 3));
        let thieves = [1, 2].map(|place| {
            let ranges = Arc::clone(&ranges);
            thread::spawn(move || drain(&ranges, place))
        });
        let taken = thieves.map(|thief| thief.join().unwrap());
        assert!(ranges.is_empty());
        assert_eq!(all(&taken), [0, 1], "each item once");
        out.saw(match taken.iter().any(Vec::is_empty) {
            true => "one",
            false => "both",
        });
    },
    ..Scenario::EMPTY
};

/// The ranges are cleared while a thread takes items: it gets no item twice, and then there is nothing more.
const CLEAR: Scenario = Scenario {
    name: "ranges/clear",
    test: "ranges::clear",
    shows: "no item twice, and nothing after it",
    must: &["all", "some", "none"],
    loom: Loom::unbounded().at_least(26_000),
    shuttle: Shuttle::exhaustive().at_least(65),
    body: |out| {
        let ranges = Arc::new(Ranges::new(3, 1, 2));
        let other = Arc::clone(&ranges);
        let thief = thread::spawn(move || drain(&other, 1));
        ranges.clear();
        let taken = thief.join().unwrap();
        assert!(ranges.is_empty());
        assert_eq!(
            all(std::slice::from_ref(&taken))
                .windows(2)
                .filter(|two| two[0] == two[1])
                .count(),
            0
        );
        out.saw(match taken.len() {
            0 => "none",
            3 => "all",
            _ => "some",
        });
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: a thief that takes what it saw, whether or not it is still there.
const NO_EXCHANGE: Scenario = Scenario {
    name: "ranges/broken_no_exchange",
    test: "ranges::a_thief_that_does_not_exchange_is_found",
    shows: "a thief that takes what is gone",
    may: &["lucky"],
    must_fail: Some("each item once"),
    loom: Loom::unbounded(),
    shuttle: Shuttle::exhaustive(),
    body: |out| {
        let ranges = Arc::new(Ranges::new(2, 1, 2));
        let other = Arc::clone(&ranges);
        let thief = thread::spawn(move || {
            // As if the exchange had succeeded: the later half of what was there.
            if other.is_empty() { vec![] } else { vec![1] }
        });
        let mut taken = drain(&ranges, 0);
        taken.extend(thief.join().unwrap());
        assert_eq!(all(&[taken]), [0, 1], "each item once");
        out.saw("lucky");
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[TWO, SHARES, TWO_THIEVES, CLEAR, NO_EXCHANGE];
