//! What the queues are filled with: counted boxes whose contents are written before they are pushed, so
//! that a queue that publishes too little is a race that loom reports.

use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, thread};
use crate::{Counted, DropCount, Outcomes};
use std::ptr::NonNull;

/// What lies in a queue.
pub struct Item {
    data: UnsafeCell<u32>,
    _counted: Counted,
}

/// A task as the queues see it: a pointer that exactly one thread may turn back into a box.
#[derive(Clone, Copy)]
pub struct Handle(pub NonNull<Item>);

// SAFETY: the thread that takes it out of a queue owns it; that it is one thread is what the models check.
unsafe impl Send for Handle {}

/// An item that holds `number`.
pub fn item(count: &DropCount, number: u32) -> NonNull<Item> {
    let item = Box::new(Item {
        data: UnsafeCell::new(0),
        _counted: count.value(),
    });
    // SAFETY: no other thread has it yet.
    item.data.with_mut(|data| unsafe { *data = number });
    NonNull::from(Box::leak(item))
}

/// Takes an item that came out of a queue apart; its number.
pub fn open(item: NonNull<Item>) -> u32 {
    // SAFETY: made by `item`, and a queue gives each pointer to one thread.
    let item = unsafe { Box::from_raw(item.as_ptr()) };
    // A write, so that two owners are a race even if neither has freed it yet.
    item.data.with_mut(|data| {
        // SAFETY: as above.
        let number = unsafe { *data };
        // SAFETY: as above.
        unsafe { *data = u32::MAX };
        number
    })
}

/// `1 2 3`, or `-` for none.
pub fn list(numbers: &[u32]) -> String {
    if numbers.is_empty() {
        return "-".to_owned();
    }
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(" ")
}

/// Every number from 1 to `count` is there, once.
#[track_caller]
pub fn assert_each_once(mut numbers: Vec<u32>, count: u32) {
    numbers.sort_unstable();
    let expected: Vec<u32> = (1..=count).collect();
    assert_eq!(numbers, expected, "items came out, against those pushed");
}

/// Two histories of one word: a sleeper announces itself and looks, a pusher adds an item and looks for sleepers. At
/// least one of them sees the other. `rest`: what lies in the queue at the end.
pub fn meet<Q: Send + Sync + 'static>(
    out: &Outcomes,
    queue: Q,
    add: impl FnOnce(&Q, NonNull<Item>) + Send + 'static,
    look: impl FnOnce(&Q) -> bool,
    rest: impl FnOnce(&Q) -> Vec<u32>,
) {
    let count = DropCount::new();
    let both = Arc::new((queue, AtomicU32::new(0)));
    let other = Arc::clone(&both);
    let added = Handle(item(&count, 1));
    let pusher = thread::spawn(move || {
        let added = added;
        add(&other.0, added.0);
        other.1.load(Relaxed) == 1
    });
    both.1.store(1, Relaxed);
    let sleeper_saw = look(&both.0);
    let pusher_saw = pusher.join().unwrap();
    out.saw(match (sleeper_saw, pusher_saw) {
        (true, true) => "both saw",
        (true, false) => "sleeper saw",
        (false, true) => "pusher saw",
        (false, false) => "neither saw",
    });
    assert_eq!(rest(&both.0), [1]);
    count.assert_all_dropped();
}
