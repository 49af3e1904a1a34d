//! `wasm-allocations`: what a call asks of the heap, in the caller's thread and in the worker's, when many were made before.

use crate::contender::{Empty, Fresh, Interruptible, Isolates, Reused, Threads, Wasm};
use raddle_benches::document::Role;
use raddle_benches::measure::heap;
use raddle_benches::measure::round::{Column, Options, Round, Workload};

const CALLS: usize = 2_000;

const BYTES: Column = Column::low("bytes", "bytes asked for", "B");
const NUMBER: Column = Column::low(
    "number",
    "allocations of a call with a number and its double",
    "allocations",
);

/// Allocations and bytes of each of so many calls, after as many that are not counted.
fn counted(calls: usize, mut call: impl FnMut()) -> (f64, f64) {
    (0..calls).for_each(|_| call());
    heap::count(true);
    let before = heap::heap();
    (0..calls).for_each(|_| call());
    let after = heap::heap();
    heap::count(false);
    let per = |amount: u64| amount as f64 / calls as f64;
    (
        per(after.calls - before.calls),
        per(after.bytes - before.bytes),
    )
}

fn empty<C: Empty>(workload: &mut Workload, role: Role, calls: usize) {
    workload.entry(role, C::NAME, move || {
        let mut pool = C::start(None);
        let (allocations, bytes) = counted(calls, || pool.call());
        Round::of(allocations).with(BYTES, bytes)
    });
}

/// `wasm-allocations`.
pub fn workload(options: &Options) -> Workload {
    let title = "allocations of a call of an empty function";
    let mut workload = Workload::new("wasm-allocations", title, "allocations")
        .at_most(5)
        .statistic("mean over a round");
    let calls = options.tasks(CALLS);
    empty::<Reused>(&mut workload, Role::Floor, calls);
    empty::<Threads>(&mut workload, Role::Bound, calls);
    empty::<Isolates>(&mut workload, Role::Bound, calls);
    empty::<Interruptible>(&mut workload, Role::Bound, calls);
    workload.entry(Role::Raddle, Wasm::NAME, move || {
        let mut pool = Wasm::start(None);
        let (allocations, bytes) = counted(calls, || pool.call());
        let double = pool.pool().function::<u64, u64>("double").unwrap();
        let (number, _) = counted(calls, || {
            let double = pool.pool().submit(&double, 21).result();
            assert_eq!(double.unwrap(), 42, "a wrong answer came back");
        });
        Round::of(allocations)
            .with(BYTES, bytes)
            .with(NUMBER, number)
    });
    empty::<Fresh>(&mut workload, Role::Raddle, calls);
    workload
}
