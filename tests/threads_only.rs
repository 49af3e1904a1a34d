//! The thread pool alone, as a crate has it that turns the default features off.

use raddle::{Pin, Shutdown, TaskError, ThreadPool, WhenFull, as_completed, promise, wait};
use std::sync::Arc;

/// No serde: a reference count travels to a thread, and to no process.
struct Shared(Arc<str>);

#[test]
fn a_map_takes_what_owns_things_and_knows_no_serde() {
    let pool = ThreadPool::new(2).unwrap();
    let prefix = String::from("item ");
    let items = ["a", "b"].map(|item| Shared(item.into()));
    let names = pool.map(move |item: Shared| prefix.clone() + &item.0, items);
    let names: Result<Vec<String>, TaskError> = names.collect();
    assert_eq!(names.unwrap(), ["item a", "item b"]);
}

#[test]
fn futures_are_waited_for_in_all_ways() {
    let pool = ThreadPool::builder()
        .workers(2)
        .pin(Pin::None)
        .when_full(WhenFull::Block)
        .build()
        .unwrap();
    let (promised, by_hand) = promise();
    let task = pool.spawn(|| 1);
    promised.complete(2).unwrap();
    let done = wait([task, by_hand], raddle::ReturnWhen::AllCompleted).done;
    let sum: i32 = done.into_iter().map(|it| it.result().unwrap()).sum();
    assert_eq!(sum, 3);
    let squares = (1..=3).map(|n| pool.spawn(move || n * n));
    let mut squares: Vec<i32> = as_completed(squares)
        .map(|it| it.result().unwrap())
        .collect();
    squares.sort_unstable();
    assert_eq!(squares, [1, 4, 9]);
    let (left, right) = pool.join(|| 1, || 2);
    assert_eq!(left + right, 3);
    pool.shutdown(Shutdown::Drain).unwrap();
}
