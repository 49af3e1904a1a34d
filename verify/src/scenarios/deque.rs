//! The deque: one owner at the back (and the front), thieves at the front. Whatever happens, each item comes
//! out once, and with what was written into it before it was pushed.

use super::deque_kit::{Item, assert_each_once, item, list, meet, open};
use crate::sync::{Arc, thread};
use crate::{DropCount, Loom, Outcomes, Scenario, Shuttle};
use raddle::thread::deque::{CAPACITY, Deque};
use std::ptr::NonNull;

type Queue = Deque<Item>;

/// Indices that wrap around while the scenario runs, as does the count of removals.
fn at_the_seam() -> Arc<Queue> {
    Arc::new(Queue::starting_at(u16::MAX - 1, u32::MAX))
}

fn push(queue: &Queue, count: &DropCount, number: u32) {
    assert!(queue.push(item(count, number)).is_ok(), "the deque is full");
}

/// Steals once, then empties the thief's own deque: what it got, in order.
fn steal(from: &Queue) -> Vec<u32> {
    let own = Queue::new();
    let mut got = Vec::new();
    if let Some((first, taken)) = from.steal_into(&own) {
        got.push(open(first));
        got.extend(std::iter::from_fn(|| own.pop_front()).map(open));
        assert_eq!(got.len(), taken);
    }
    got
}

fn pop_back(queue: &Queue) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop_back()).map(open).collect()
}

fn judge(count: &DropCount, parts: &[&[u32]], pushed: u32) {
    assert_each_once(parts.concat(), pushed);
    count.assert_all_dropped();
}

/// One item; the owner takes it from the back while a thief takes it from the front.
const LAST_ITEM: Scenario = Scenario {
    name: "deque/last_item",
    test: "deque::last_item",
    shows: "the owner gets it or the thief, never both or neither",
    must: &["owner", "thief"],
    forbidden: &["both", "neither"],
    loom: Loom::unbounded().at_least(150),
    shuttle: Shuttle::exhaustive().at_least(47),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        push(&queue, &count, 1);
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let own = queue.pop_back().map(open);
        let stolen = thief.join().unwrap();
        out.saw(match (own, stolen.len()) {
            (Some(_), 0) => "owner",
            (None, 1) => "thief",
            (Some(_), _) => "both",
            (None, _) => "neither",
        });
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// The same with the owner at the thief's end.
const FIRST_ITEM: Scenario = Scenario {
    name: "deque/first_item",
    test: "deque::first_item",
    shows: "owner and thief at the same end",
    must: &["owner 1 2, thief -", "owner 1, thief 2", "owner 2, thief 1"],
    loom: Loom::unbounded().at_least(7_600),
    shuttle: Shuttle::exhaustive().at_least(840),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        push(&queue, &count, 1);
        push(&queue, &count, 2);
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let own: Vec<u32> = std::iter::from_fn(|| queue.pop_front()).map(open).collect();
        let stolen = thief.join().unwrap();
        out.saw(format!("owner {}, thief {}", list(&own), list(&stolen)));
        judge(&count, &[&own, &stolen], 2);
    },
    ..Scenario::EMPTY
};

/// A push meets a theft: the thief sees all of the item, or nothing.
const PUSH: Scenario = Scenario {
    name: "deque/push",
    test: "deque::push",
    shows: "a thief gets all of a new item, or nothing",
    must: &["thief -", "thief 1"],
    loom: Loom::unbounded().at_least(470),
    shuttle: Shuttle::exhaustive().at_least(230),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        push(&queue, &count, 1);
        push(&queue, &count, 2);
        let stolen = thief.join().unwrap();
        out.saw(format!("thief {}", list(&stolen)));
        let own = pop_back(&queue);
        judge(&count, &[&own, &stolen], 2);
    },
    ..Scenario::EMPTY
};

/// Three items arrive in one step: a thief gets two of them or none.
const PUSH_MANY: Scenario = Scenario {
    name: "deque/push_many",
    test: "deque::push_many",
    shows: "a thief gets two of three, or nothing",
    must: &["thief -", "thief 1 2"],
    loom: Loom::unbounded().at_least(28),
    shuttle: Shuttle::exhaustive().at_least(18),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let mut numbers = 1..=3;
        let pushed = queue.push_many(3, || numbers.next().map(|number| item(&count, number)));
        assert_eq!(pushed, 3);
        let stolen = thief.join().unwrap();
        out.saw(format!("thief {}", list(&stolen)));
        let own = pop_back(&queue);
        judge(&count, &[&own, &stolen], 3);
    },
    ..Scenario::EMPTY
};

/// The owner takes the back away and puts something else in its place while a thief reads the slots: the
/// indices are the same again, the word is not.
const SAME_INDICES: Scenario = Scenario {
    name: "deque/same_indices",
    test: "deque::same_indices",
    shows: "pop and push between a thief's read and its exchange",
    must: &["thief -", "thief 1", "thief 2"],
    loom: Loom::unbounded().at_least(9_600),
    shuttle: Shuttle::exhaustive().at_least(220),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        push(&queue, &count, 1);
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let mut own: Vec<u32> = queue.pop_back().map(open).into_iter().collect();
        push(&queue, &count, 2);
        let stolen = thief.join().unwrap();
        out.saw(format!("thief {}", list(&stolen)));
        own.extend(pop_back(&queue));
        judge(&count, &[&own, &stolen], 2);
    },
    ..Scenario::EMPTY
};

/// A full deque refuses, until a thief has freed slots; then slots are written again that a thief has
/// just read.
const FULL: Scenario = Scenario {
    name: "deque/full",
    test: "deque::full",
    shows: "refused, or there is space after the theft",
    must: &["refused", "pushed"],
    loom: Loom::unbounded().at_least(15),
    shuttle: Shuttle::exhaustive().at_least(56),
    body: |out| {
        const FULL: u32 = CAPACITY as u32;
        let count = DropCount::new();
        let queue = at_the_seam();
        for number in 1..=FULL {
            push(&queue, &count, number);
        }
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let refused = queue.push(item(&count, FULL + 1)).err().map(open);
        let stolen = thief.join().unwrap();
        assert_eq!(stolen, [1, 2]);
        out.saw(if refused.is_some() {
            "refused"
        } else {
            "pushed"
        });
        let own = pop_back(&queue);
        let refused: Vec<u32> = refused.into_iter().collect();
        judge(&count, &[&own, &stolen, &refused], FULL + 1);
    },
    ..Scenario::EMPTY
};

/// The slot that the owner writes is the one that a slow thief reads.
const REUSE: Scenario = Scenario {
    name: "deque/reuse",
    test: "deque::reuse",
    shows: "slots are written again under a slow thief",
    must: &["thief 1 2", "thief 2 3", "thief 4", "thief -"],
    may: &["thief 2", "thief 3", "thief 5"],
    loom: Loom::bound(3).at_least(4_900),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        for number in 1..=3 {
            push(&queue, &count, number);
        }
        let other = Arc::clone(&queue);
        let thief = thread::spawn(move || steal(&other));
        let mut own = Vec::new();
        for number in 4..=5 {
            own.extend(queue.pop_front().map(open));
            push(&queue, &count, number);
            own.extend(queue.pop_front().map(open));
        }
        let stolen = thief.join().unwrap();
        out.saw(format!("thief {}", list(&stolen)));
        own.extend(pop_back(&queue));
        judge(&count, &[&own, &stolen], 5);
    },
    ..Scenario::EMPTY
};

/// Two thieves at one deque.
const TWO_THIEVES: Scenario = Scenario {
    name: "deque/two_thieves",
    test: "deque::two_thieves",
    shows: "one, or both one after the other",
    must: &["1 2 and 3", "3 and 1 2", "1 2 and -", "- and 1 2"],
    threads: 3,
    loom: Loom::bound(3).at_least(440),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        for number in 1..=3 {
            push(&queue, &count, number);
        }
        let thieves = [(), ()].map(|()| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || steal(&queue))
        });
        let [left, right] = thieves.map(|thief| thief.join().unwrap());
        out.saw(format!("{} and {}", list(&left), list(&right)));
        let own = pop_back(&queue);
        judge(&count, &[&own, &left, &right], 3);
    },
    ..Scenario::EMPTY
};

/// Two thieves and the owner, for two items.
const THREE_TAKERS: Scenario = Scenario {
    name: "deque/three_takers",
    test: "deque::three_takers",
    shows: "owner and two thieves",
    must: &["owner 2", "owner -"],
    threads: 3,
    loom: Loom::bound(3).at_least(4_500),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let count = DropCount::new();
        let queue = at_the_seam();
        push(&queue, &count, 1);
        push(&queue, &count, 2);
        let thieves = [(), ()].map(|()| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || steal(&queue))
        });
        let mut own: Vec<u32> = queue.pop_back().map(open).into_iter().collect();
        out.saw(format!("owner {}", list(&own)));
        let [left, right] = thieves.map(|thief| thief.join().unwrap());
        own.extend(pop_back(&queue));
        judge(&count, &[&own, &left, &right], 2);
    },
    ..Scenario::EMPTY
};

/// A thief's loot is stolen from it: what it copies into its own deque is published a second time.
const THIEF_OF_A_THIEF: Scenario = Scenario {
    name: "deque/thief_of_a_thief",
    test: "deque::thief_of_a_thief",
    shows: "loot is stolen from the thief",
    must: &["second -", "second 2"],
    threads: 3,
    loom: Loom::bound(3).at_least(540),
    shuttle: Shuttle::exhaustive().at_least(3_100),
    body: |out| {
        let count = DropCount::new();
        let first = Arc::new(Queue::new());
        let second = Arc::new(Queue::new());
        for number in 1..=3 {
            push(&first, &count, number);
        }
        let (from, own) = (Arc::clone(&first), Arc::clone(&second));
        let thief = thread::spawn(move || {
            let (item, taken) = from.steal_into(&own).expect("no other thread steals there");
            assert_eq!(taken, 2);
            let mut got = vec![open(item)];
            got.extend(own.pop_back().map(open));
            got
        });
        let from = Arc::clone(&second);
        let second_thief = thread::spawn(move || steal(&from));
        let stolen = thief.join().unwrap();
        let stolen_again = second_thief.join().unwrap();
        out.saw(format!("second {}", list(&stolen_again)));
        let own = pop_back(&first);
        judge(&count, &[&own, &stolen, &stolen_again], 3);
    },
    ..Scenario::EMPTY
};

/// A deque to which another thread adds an item, beside a sleeper.
fn look(out: &Outcomes, add: impl FnOnce(&Queue, NonNull<Item>) + Send + 'static) {
    meet(out, Queue::new(), add, Queue::look, pop_back);
}

/// What every scenario of [`look`] declares.
const MEET: Scenario = Scenario {
    must: &["sleeper saw", "pusher saw", "both saw"],
    forbidden: &["neither saw"],
    ..Scenario::EMPTY
};

/// The item is pushed.
const LOOK: Scenario = Scenario {
    name: "deque/look",
    test: "deque::look",
    shows: "a thread that pushes, pushes many or keeps loot and the sleeper do not miss \
            each other",
    loom: Loom::unbounded().at_least(250),
    shuttle: Shuttle::exhaustive().at_least(18),
    body: |out| look(out, |queue, item| assert!(queue.push(item).is_ok())),
    ..MEET
};

/// It is pushed with others, of which there are none.
const LOOK_MANY: Scenario = Scenario {
    name: "deque/look_many",
    test: "deque::look_many",
    shows: "a thread that pushes, pushes many or keeps loot and the sleeper do not miss \
            each other",
    loom: Loom::unbounded().at_least(250),
    shuttle: Shuttle::exhaustive().at_least(18),
    body: |out| {
        look(out, |queue, item| {
            let mut items = Some(item);
            assert_eq!(queue.push_many(2, || items.take()), 1);
        });
    },
    ..MEET
};

/// It is loot: a thief has taken one for itself and this one to keep.
const LOOK_LOOT: Scenario = Scenario {
    name: "deque/look_loot",
    test: "deque::look_loot",
    shows: "a thread that pushes, pushes many or keeps loot and the sleeper do not miss \
            each other",
    loom: Loom::unbounded().at_least(250),
    shuttle: Shuttle::exhaustive().at_least(250),
    body: |out| {
        look(out, |queue, kept| {
            let (victim, count) = (Queue::new(), DropCount::new());
            for item in [item(&count, 2), kept, item(&count, 3)] {
                assert!(victim.push(item).is_ok());
            }
            let (first, taken) = victim
                .steal_into(queue)
                .expect("no other thread steals there");
            assert_eq!((open(first), taken), (2, 2));
            assert_eq!(pop_back(&victim), [3]);
        });
    },
    ..MEET
};

pub const MODELS: &[Scenario] = &[
    LAST_ITEM,
    FIRST_ITEM,
    PUSH,
    PUSH_MANY,
    SAME_INDICES,
    FULL,
    LOOK,
    LOOK_MANY,
    LOOK_LOOT,
    REUSE,
    TWO_THIEVES,
    THREE_TAKERS,
    THIEF_OF_A_THIEF,
];
