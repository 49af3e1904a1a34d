//! The queues of a thread pool by themselves.

use gungraun::{library_benchmark, library_benchmark_group};
use raddle::thread::{deque::Deque, handoff::HandoffSlot, injector::Injector};
use raddle_instructions::warm;
use std::hint::black_box;
use std::ptr::NonNull;

/// Nothing reads what the queues' pointers point to.
fn item() -> NonNull<u64> {
    NonNull::from(&7)
}

/// Boxed, since its place is not moved in a pool either.
fn filled(count: usize) -> Box<Deque<u64>> {
    let deque = Box::new(Deque::new());
    for _ in 0..count {
        deque.push(item()).expect("it fits");
    }
    deque
}

fn push() {
    warm(
        || (filled(1), item()),
        |(deque, item)| (deque.push(item), deque),
    );
}

fn push_many() {
    warm(
        || filled(1),
        |deque| (deque.push_many(32, || Some(item())), deque),
    );
}

fn pop_back() {
    warm(|| filled(2), |deque| (deque.pop_back(), deque));
}

fn pop_front() {
    warm(|| filled(2), |deque| (deque.pop_front(), deque));
}

#[library_benchmark]
#[bench::push(push)]
#[bench::push_many_32(push_many)]
#[bench::pop_back(pop_back)]
#[bench::pop_front(pop_front)]
fn deque(case: fn()) {
    case();
}

fn steals(there: usize, expected: Option<usize>) {
    let (_, taken, _) = warm(
        || (filled(there), filled(0)),
        |(theirs, own)| {
            let taken = theirs.steal_into(&own);
            (theirs, taken, own)
        },
    );
    assert_eq!(taken.map(|(_, count)| count), expected);
}

fn steal_nothing() {
    steals(0, None);
}

fn steal_one() {
    steals(1, Some(1));
}

fn steal_half() {
    steals(64, Some(32));
}

#[library_benchmark]
#[bench::nothing(steal_nothing)]
#[bench::one(steal_one)]
#[bench::half_of_64(steal_half)]
fn steal(case: fn()) {
    case();
}

fn injector_with(count: usize) -> Box<Injector<u64>> {
    let injector = Box::new(Injector::new());
    for _ in 0..count {
        injector.push(item()).expect("it is open");
    }
    injector
}

fn inbox_push() {
    warm(
        || (injector_with(1), item()),
        |(injector, item)| (injector.push(item), injector),
    );
}

fn inbox_pop() {
    let (popped, _) = warm(
        || injector_with(48),
        |injector| {
            let popped = injector.pop_many(32, |item| _ = black_box(item));
            (popped, injector)
        },
    );
    assert_eq!(popped, 32);
}

#[library_benchmark]
#[bench::push(inbox_push)]
#[bench::pop_32(inbox_pop)]
fn inbox(case: fn()) {
    case();
}

fn hand_offer() {
    let open = || {
        let slot = Box::new(HandoffSlot::new());
        slot.open();
        (slot, item())
    };
    warm(open, |(slot, item)| (slot.offer(item), slot));
}

#[library_benchmark]
#[bench::offer(hand_offer)]
fn hand(case: fn()) {
    case();
}

library_benchmark_group!(name = queue_paths, benchmarks = [deque, steal, inbox, hand]);
