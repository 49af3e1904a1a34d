//! What the queues are filled with: counted boxes whose contents are written before they are pushed, so
//! that a queue that publishes too little is a race that loom reports.

use crate::sync::cell::UnsafeCell;
use crate::{Counted, DropCount};
use std::ptr::NonNull;

/// What lies in a queue.
pub struct Item {
    data: UnsafeCell<u32>,
    _counted: Counted,
}

/// A task as the queues see it: a pointer that exactly one thread may turn back into a box.
#[derive(Clone, Copy)]
pub struct Handle(pub NonNull<Item>);

// SAFETY: whoever takes it out of a queue owns it; that this is one thread is what the models check.
unsafe impl Send for Handle {}

/// An item that holds `number`.
pub fn item(count: &DropCount, number: u32) -> NonNull<Item> {
    let item = Box::new(Item {
        data: UnsafeCell::new(0),
        _counted: count.value(),
    });
    // SAFETY: nobody else knows it yet.
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
