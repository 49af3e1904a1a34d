//! The injector: any thread pushes, any worker pops. Blocks have two slots here, so three items cross a boundary.

use super::deque_kit::{Handle, Item, assert_each_once, item, list, meet, open};
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::{Arc, hint, thread};
use crate::{DropCount, Loom, Outcomes, Scenario, Shuttle};
use raddle::thread::injector::Injector;

type Queue = Injector<Item>;

fn push(queue: &Queue, count: &DropCount, number: u32) {
    assert!(queue.push(item(count, number)).is_ok(), "it is open");
}

/// One look, for up to `limit` items.
fn pop(queue: &Queue, limit: usize) -> Vec<u32> {
    let mut got = Vec::new();
    let taken = queue.pop_many(limit, |item| got.push(open(item)));
    assert_eq!(taken, got.len());
    got
}

/// Everything, when no thread pushes any more.
fn rest(queue: &Queue) -> Vec<u32> {
    let mut got = Vec::new();
    loop {
        let more = pop(queue, usize::MAX);
        if more.is_empty() {
            assert_eq!(queue.len(), 0);
            return got;
        }
        got.extend(more);
    }
}

fn is_in_order(got: &[u32]) -> bool {
    got.is_sorted()
}

/// Two threads push at the same time, the first one after `before` items. Every item up to `last` comes out, once; the outcome
/// is their order.
fn two_push(
    out: &Outcomes,
    before: u32,
    mine: fn(&Queue, &DropCount),
    theirs: fn(&Queue, &DropCount),
    last: u32,
) {
    let count = DropCount::new();
    let queue = Arc::new(Queue::new());
    for number in 1..=before {
        push(&queue, &count, number);
    }
    let (other, counted) = (Arc::clone(&queue), count.clone());
    let pusher = thread::spawn(move || theirs(&other, &counted));
    mine(&queue, &count);
    pusher.join().unwrap();
    let got = rest(&queue);
    out.saw(list(&got));
    assert_each_once(got, last);
    count.assert_all_dropped();
}

/// One thread pushes three items, the other takes what it finds, twice.
fn pop_meanwhile(out: &Outcomes, push_three: fn(&Queue, &DropCount)) {
    let count = DropCount::new();
    let queue = Arc::new(Queue::new());
    let (other, counted) = (Arc::clone(&queue), count.clone());
    let pusher = thread::spawn(move || push_three(&other, &counted));
    let mut got = pop(&queue, usize::MAX);
    got.extend(pop(&queue, usize::MAX));
    pusher.join().unwrap();
    out.saw(format!("popped {}", list(&got)));
    got.extend(rest(&queue));
    assert!(is_in_order(&got));
    assert_each_once(got, 3);
    count.assert_all_dropped();
}

/// One thread pushes items from 1 on, the other closes the queue: a look after the close finds those that were accepted.
/// `push`: how many were.
fn close_meanwhile(out: &Outcomes, push: fn(&Queue, &DropCount) -> u32) {
    let count = DropCount::new();
    let queue = Arc::new(Queue::new());
    let (other, counted) = (Arc::clone(&queue), count.clone());
    let pusher = thread::spawn(move || push(&other, &counted));
    queue.close();
    // From here on the queue only shrinks: what a look finds now is all there is.
    let mut found = Vec::new();
    while queue.look() {
        found.extend(pop(&queue, 1));
    }
    let accepted = pusher.join().unwrap();
    assert!(
        found.iter().copied().eq(1..=accepted),
        "found after the close: {found:?}, accepted: {accepted}"
    );
    out.saw(format!("{accepted} accepted"));
    count.assert_all_dropped();
}

/// Two threads push, over the end of a block. Each one's items stay in order.
const TWO_PUSHERS: Scenario = Scenario {
    name: "injector/two_pushers",
    test: "injector::two_pushers",
    shows: "every order that keeps each pusher's own",
    must: &["1 2 3", "1 3 2", "3 1 2"],
    loom: Loom::bound(3).at_least(6_400),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let two = |queue: &Queue, count: &DropCount| {
            push(queue, count, 1);
            push(queue, count, 2);
        };
        two_push(out, 0, two, |queue, count| push(queue, count, 3), 3);
    },
    ..Scenario::EMPTY
};

/// Two pushers reach the last slot of a block together: one of them puts the next block in place.
const BLOCK_END: Scenario = Scenario {
    name: "injector/block_end",
    test: "injector::block_end",
    shows: "two pushers at a block's last slot",
    must: &["1 2 3", "1 3 2"],
    loom: Loom::bound(3).at_least(620),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let third = |queue: &Queue, count: &DropCount| push(queue, count, 3);
        two_push(out, 1, third, |queue, count| push(queue, count, 2), 3);
    },
    ..Scenario::EMPTY
};

/// One pushes three items, the other takes what it finds, twice.
const PUSH_POP: Scenario = Scenario {
    name: "injector/push_pop",
    test: "injector::push_pop",
    shows: "what two looks find during three pushes: nothing to everything",
    must: &["popped -", "popped 1", "popped 1 2", "popped 1 2 3"],
    loom: Loom::bound(3).at_least(31_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        pop_meanwhile(out, |queue, count| {
            for number in 1..=3 {
                push(queue, count, number);
            }
        });
    },
    ..Scenario::EMPTY
};

/// Two threads pop a full block and what is behind it: the last one to read recycles the block.
const TWO_POPPERS: Scenario = Scenario {
    name: "injector/two_poppers",
    test: "injector::two_poppers",
    shows: "two share a block, one of them recycles it",
    must: &["1 2 and 3", "3 and 1 2", "2 and 1 3"],
    loom: Loom::bound(3).at_least(1_100),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = Arc::new(Queue::new());
        for number in 1..=3 {
            push(&queue, &count, number);
        }
        let other = Arc::clone(&queue);
        let popper = thread::spawn(move || {
            let mut got = pop(&other, 1);
            got.extend(pop(&other, 1));
            got
        });
        let own = pop(&queue, 2);
        let theirs = popper.join().unwrap();
        out.saw(format!("{} and {}", list(&own), list(&theirs)));
        assert_each_once([own, theirs, rest(&queue)].concat(), 3);
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// A block is recycled and used again while another pusher is still held up in front of it.
const RECYCLED: Scenario = Scenario {
    name: "injector/recycled",
    test: "injector::recycled",
    shows: "blocks are used again under a late pusher",
    must: &["all in order", "the late one in between"],
    loom: Loom::bound(2).at_least(12_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = Arc::new(Queue::new());
        push(&queue, &count, 1);
        let (other, theirs) = (Arc::clone(&queue), count.clone());
        let pusher = thread::spawn(move || push(&other, &theirs, 9));
        let mut got = Vec::new();
        for number in 2..=5 {
            push(&queue, &count, number);
            got.extend(pop(&queue, 2));
        }
        pusher.join().unwrap();
        got.extend(rest(&queue));
        out.saw(if got.last() == Some(&9) {
            "all in order"
        } else {
            "the late one in between"
        });
        got.retain(|&number| number != 9);
        assert!(is_in_order(&got));
        assert_each_once(got, 5);
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// Two poppers of up to `limit` items, while a pusher writes into the last slot of the block and puts the next block in
/// place.
fn at_a_block_end(out: &Outcomes, limit: usize) {
    let count = DropCount::new();
    let queue = Arc::new(Queue::new());
    push(&queue, &count, 1);
    let poppers = [(), ()].map(|()| {
        let queue = Arc::clone(&queue);
        thread::spawn(move || pop(&queue, limit))
    });
    push(&queue, &count, 2);
    let [left, right] = poppers.map(|popper| popper.join().unwrap());
    out.saw(format!("{} and {}", list(&left), list(&right)));
    assert_each_once([left, right, rest(&queue)].concat(), 2);
    count.assert_all_dropped();
}

/// Each takes one.
const PUSHER_AND_TWO_POPPERS: Scenario = Scenario {
    name: "injector/pusher_and_two_poppers",
    test: "injector::pusher_and_two_poppers",
    shows: "across the end of a block",
    must: &["1 and -", "- and 1", "1 and 2", "2 and 1"],
    threads: 3,
    loom: Loom::bound(2).at_least(23_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| at_a_block_end(out, 1),
    ..Scenario::EMPTY
};

/// One may take all, and the other one is at the next block with an old tail.
const OLD_TAIL: Scenario = Scenario {
    name: "injector/old_tail",
    test: "injector::old_tail",
    shows: "no popper takes from the next block what is not there, by an old tail",
    must: &[
        "1 and -",
        "- and 1",
        "1 and 2",
        "2 and 1",
        "1 2 and -",
        "- and 1 2",
    ],
    threads: 3,
    loom: Loom::bound(2).at_least(30_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| at_a_block_end(out, usize::MAX),
    ..Scenario::EMPTY
};

/// Closing meets pushes: a look after the close finds what was accepted; what was refused was
/// refused for good.
const CLOSE: Scenario = Scenario {
    name: "injector/close",
    test: "injector::close",
    shows: "accepted is found after the close; refused is refused for good",
    must: &["0 accepted", "1 accepted", "2 accepted"],
    loom: Loom::bound(3).at_least(840),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        close_meanwhile(out, |queue, count| {
            let mut accepted = 0;
            for number in 1..=2 {
                match queue.push(item(count, number)) {
                    Ok(()) => {
                        assert_eq!(accepted, number - 1, "accepted after a refusal");
                        accepted = number;
                    }
                    Err(refused) => assert_eq!(open(refused), number),
                }
            }
            accepted
        });
    },
    ..Scenario::EMPTY
};

/// A sleeper announces itself and looks, a pusher pushes and looks for sleepers. At least one of them sees
/// the other.
const LOOK: Scenario = Scenario {
    name: "injector/look",
    test: "injector::look",
    shows: "pusher and sleeper do not miss each other",
    must: &["sleeper saw", "pusher saw", "both saw"],
    forbidden: &["neither saw"],
    loom: Loom::bound(3).at_least(110),
    shuttle: Shuttle::exhaustive().at_least(250),
    body: |out| {
        let add = |queue: &Queue, item| assert!(queue.push(item).is_ok());
        meet(out, Queue::new(), add, Queue::look, rest);
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: as [`LOOK`], but the sleeper only compares the length, which it may read stale.
const LENGTH_IS_NO_LOOK: Scenario = Scenario {
    name: "injector/broken_length_is_no_look",
    test: "injector::a_look_without_a_write_is_found",
    shows: "a plain read in place of the look misses",
    may: &["seen"],
    must_fail: Some("neither saw"),
    loom: Loom::unbounded(),
    body: |out| {
        let count = DropCount::new();
        let both = Arc::new((Queue::new(), AtomicU32::new(0)));
        let other = Arc::clone(&both);
        let pushed = Handle(item(&count, 1));
        let pusher = thread::spawn(move || {
            let pushed = pushed;
            assert!(other.0.push(pushed.0).is_ok());
            other.1.load(Relaxed) == 1
        });
        both.1.store(1, Relaxed);
        let sleeper_saw = both.0.len() > 0;
        let pusher_saw = pusher.join().unwrap();
        rest(&both.0);
        assert!(sleeper_saw || pusher_saw, "neither saw the other");
        out.saw("seen");
    },
    ..Scenario::EMPTY
};

/// Takes one item, spinning until it is there.
pub(super) fn pop_one(queue: &Queue) -> u32 {
    loop {
        if let Some(&number) = pop(queue, 1).first() {
            return number;
        }
        hint::spin_loop();
    }
}

/// One pushes over the end of a block, the other waits for every item: nothing gets stuck at the block's end.
const STREAM: Scenario = Scenario {
    name: "injector/stream",
    test: "injector::stream",
    shows: "a popper that waits gets everything, in order",
    must: &["1 2 3"],
    loom: Loom::bound(3).at_least(9_800),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = Arc::new(Queue::new());
        let (other, theirs) = (Arc::clone(&queue), count.clone());
        push(&queue, &count, 1);
        let pusher = thread::spawn(move || {
            push(&other, &theirs, 2);
            push(&other, &theirs, 3);
        });
        let got: Vec<u32> = (0..3).map(|_| pop_one(&queue)).collect();
        pusher.join().unwrap();
        out.saw(list(&got));
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// Pushes many in one step or two; how many were accepted.
fn push_many(queue: &Queue, count: &DropCount, numbers: std::ops::RangeInclusive<u32>) -> u32 {
    let items: Vec<_> = numbers.map(|number| item(count, number)).collect();
    let accepted = queue.push_many(&items);
    for &refused in &items[accepted..] {
        open(refused);
    }
    accepted as u32
}

/// One pushes three items at once, over the end of a block, the other a single one: the batch stays in order.
const MANY_AND_ONE: Scenario = Scenario {
    name: "injector/many_and_one",
    test: "injector::many_and_one",
    shows: "every order that keeps the batch's own",
    loom: Loom::bound(3).at_least(8_500),
    shuttle: Shuttle::sampled(2_000),
    must: &["1 2 3 4", "4 1 2 3", "1 2 4 3"],
    body: |out| {
        let three = |queue: &Queue, count: &DropCount| {
            assert_eq!(push_many(queue, count, 1..=3), 3);
        };
        two_push(out, 0, three, |queue, count| push(queue, count, 4), 4);
    },
    ..Scenario::EMPTY
};

/// Two threads push three items each at once, over the end of a block: each batch stays in order.
const TWO_BATCHES: Scenario = Scenario {
    name: "injector/two_batches",
    test: "injector::two_batches",
    shows: "two batches in progress at once: every item once, each batch in order",
    loom: Loom::bound(3).at_least(20_000),
    shuttle: Shuttle::sampled(2_000),
    must: &[
        "1 2 3 4 5 6",
        "1 2 4 5 3 6",
        "1 2 4 5 6 3",
        "4 5 6 1 2 3",
        "4 5 1 2 3 6",
        "4 5 1 2 6 3",
    ],
    body: |out| {
        let three = |queue: &Queue, count: &DropCount| {
            assert_eq!(push_many(queue, count, 1..=3), 3);
        };
        let others = |queue: &Queue, count: &DropCount| {
            assert_eq!(push_many(queue, count, 4..=6), 3);
        };
        two_push(out, 0, three, others, 6);
    },
    ..Scenario::EMPTY
};

/// One pushes three items at once, the other takes what it finds, twice.
const MANY_POP: Scenario = Scenario {
    name: "injector/many_pop",
    test: "injector::many_pop",
    shows: "what two looks find during a batch of three: the items of one step together",
    loom: Loom::bound(3).at_least(43_000),
    shuttle: Shuttle::sampled(2_000),
    must: &["popped -", "popped 1 2", "popped 1 2 3"],
    body: |out| {
        pop_meanwhile(out, |queue, count| {
            assert_eq!(push_many(queue, count, 1..=3), 3);
        });
    },
    ..Scenario::EMPTY
};

/// Closing meets a batch: what was accepted of it is its beginning, and a look after the close finds it.
const MANY_CLOSE: Scenario = Scenario {
    name: "injector/many_close",
    test: "injector::many_close",
    shows: "of a batch that meets the close the beginning is accepted",
    loom: Loom::bound(3).at_least(2_300),
    shuttle: Shuttle::sampled(2_000),
    must: &["0 accepted", "2 accepted", "3 accepted"],
    body: |out| close_meanwhile(out, |queue, count| push_many(queue, count, 1..=3)),
    ..Scenario::EMPTY
};

/// As [`LOOK`], with a batch.
const MANY_LOOK: Scenario = Scenario {
    name: "injector/many_look",
    test: "injector::many_look",
    shows: "as `injector/look`, for a batch",
    loom: Loom::bound(3).at_least(120),
    shuttle: Shuttle::sampled(2_000),
    must: &["sleeper saw", "pusher saw", "both saw"],
    forbidden: &["neither saw"],
    body: |out| {
        let add = |queue: &Queue, item| assert_eq!(queue.push_many(&[item]), 1);
        meet(out, Queue::new(), add, Queue::look, rest);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    TWO_PUSHERS,
    BLOCK_END,
    PUSH_POP,
    STREAM,
    TWO_POPPERS,
    RECYCLED,
    PUSHER_AND_TWO_POPPERS,
    OLD_TAIL,
    CLOSE,
    LOOK,
    MANY_AND_ONE,
    TWO_BATCHES,
    MANY_POP,
    MANY_CLOSE,
    MANY_LOOK,
    LENGTH_IS_NO_LOOK,
];
