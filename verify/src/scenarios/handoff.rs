//! The handoff slot: a task put into it is taken by its owner or by a thief, once.

use super::deque_kit::{Item, item, open};
use crate::sync::{Arc, thread};
use crate::{DropCount, Loom, Scenario, Shuttle};
use raddle::thread::handoff::HandoffSlot;
use std::ptr::NonNull;

/// Offers as the pool does: a look, then the exchange. Returns what came back.
fn offer(slot: &HandoffSlot<Item>, item: NonNull<Item>) -> Option<u32> {
    if !slot.is_open() {
        return Some(open(item));
    }
    slot.offer(item).err().map(open)
}

/// The owner closes its slot while a submitter puts a task into it.
const OFFER: Scenario = Scenario {
    name: "handoff/offer",
    test: "handoff::offer",
    shows: "taken or refused, never lost or twice",
    must: &["taken", "refused"],
    forbidden: &["lost", "twice"],
    loom: Loom::unbounded().at_least(25),
    shuttle: Shuttle::exhaustive().at_least(3),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(HandoffSlot::<Item>::new());
        slot.open();
        let (other, theirs) = (Arc::clone(&slot), count.clone());
        let submitter = thread::spawn(move || offer(&other, item(&theirs, 1)));
        let taken = slot.close().map(open);
        let refused = submitter.join().unwrap();
        out.saw(match (taken, refused) {
            (Some(1), None) => "taken",
            (None, Some(1)) => "refused",
            (None, None) => "lost",
            _ => "twice",
        });
        assert!(slot.close().is_none(), "closed is closed");
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// A thief takes the task, so an owner that is descheduled does not hold it up.
const STEAL: Scenario = Scenario {
    name: "handoff/steal",
    test: "handoff::steal",
    shows: "owner, thief or refused",
    must: &["owner", "thief", "refused"],
    forbidden: &["lost", "twice"],
    threads: 3,
    loom: Loom::bound(3).at_least(1_100),
    shuttle: Shuttle::exhaustive().at_least(140),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(HandoffSlot::<Item>::new());
        slot.open();
        let (other, theirs) = (Arc::clone(&slot), count.clone());
        let submitter = thread::spawn(move || offer(&other, item(&theirs, 1)));
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || other.steal().map(open));
        let taken = slot.close().map(open);
        let refused = submitter.join().unwrap();
        let stolen = thief.join().unwrap();
        out.saw(match (taken, stolen, refused) {
            (Some(1), None, None) => "owner",
            (None, Some(1), None) => "thief",
            (None, None, Some(1)) => "refused",
            (None, None, None) => "lost",
            _ => "twice",
        });
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// The owner opens its slot again after a task was taken out of it; a thief is late.
const AGAIN: Scenario = Scenario {
    name: "handoff/again",
    test: "handoff::again",
    shows: "opened twice, with a late thief",
    must: &["owner 1, owner 2", "thief 1, owner 2", "owner 1, thief 2"],
    loom: Loom::unbounded().at_least(15_000),
    shuttle: Shuttle::exhaustive().at_least(65),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(HandoffSlot::<Item>::new());
        let other = Arc::clone(&slot);
        let thief = thread::spawn(move || other.steal().map(open));
        let mut rounds = [1, 2].map(|number| {
            slot.open();
            assert_eq!(offer(&slot, item(&count, number)), None);
            match slot.close().map(open) {
                Some(got) => format!("owner {got}"),
                None => format!("thief {number}"),
            }
        });
        if let Some(stolen) = thief.join().unwrap() {
            assert_eq!(rounds[stolen as usize - 1], format!("thief {stolen}"));
        }
        out.saw(std::mem::take(&mut rounds).join(", "));
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

/// Two submitters, one slot.
const TWO_OFFERS: Scenario = Scenario {
    name: "handoff/two_offers",
    test: "handoff::two_offers",
    shows: "one of two, or none",
    must: &["1", "2", "none"],
    threads: 3,
    loom: Loom::bound(3).at_least(1_500),
    shuttle: Shuttle::exhaustive().at_least(190),
    body: |out| {
        let count = DropCount::new();
        let slot = Arc::new(HandoffSlot::<Item>::new());
        slot.open();
        let submitters = [1, 2].map(|number| {
            let (slot, count) = (Arc::clone(&slot), count.clone());
            thread::spawn(move || offer(&slot, item(&count, number)))
        });
        let taken = slot.close().map(open);
        let refused = submitters.map(|submitter| submitter.join().unwrap());
        let expected = match taken {
            None => [Some(1), Some(2)],
            Some(1) => [None, Some(2)],
            Some(_) => [Some(1), None],
        };
        assert_eq!(refused, expected);
        out.saw(taken.map_or("none".to_owned(), |number| number.to_string()));
        count.assert_all_dropped();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[OFFER, AGAIN, STEAL, TWO_OFFERS];
