//! Rows E for each kind of executor: submitting. The rest of these rows is in `executor.rs`.

use crate::common::{Files, Kind, open, wait_until_open};
use crate::kinds::for_every_executor;
use crate::tasks::{
    Shape, cube, held, length, no_third, parsed, same, same_shape, sum, unit_shape, waited,
};
use raddle::{Executor, Future, Rejected, Shutdown, TaskError};
use std::collections::BTreeMap;
use std::thread;

for_every_executor! {
    e01_submit_runs_the_task_and_gives_its_result
    e01_submit_returns_before_the_task_has_started
    e01_an_executor_knows_how_many_workers_it_has
    e02_an_argument_of_any_shape_arrives
    e02_a_task_that_can_fail_gives_its_error
    e04_submit_after_shutdown_is_refused
    e04_shutdown_drains_or_cancels_and_can_be_repeated
    e09_a_panic_costs_neither_worker_nor_neighbour
}

fn e01_submit_runs_the_task_and_gives_its_result<K: Kind>() {
    let executor = K::make(2);
    assert_eq!(executor.submit(cube, 4).result().unwrap(), 64);
    let many: Vec<_> = (0..200).map(|n| executor.submit(same, n)).collect();
    let sum: u64 = many.into_iter().map(|one| one.result().unwrap()).sum();
    assert_eq!(sum, (0..200).sum::<u64>());
}

fn e01_submit_returns_before_the_task_has_started<K: Kind>() {
    let executor = K::make(1);
    let files = Files::new();
    let gate = files.path("gate");
    // If submit waited for its task, the gate would never be opened.
    let first = executor.submit(waited, (1, gate.clone()));
    let second = executor.submit(waited, (2, gate.clone()));
    assert!(!first.is_done() && !second.is_done());
    open(&gate);
    assert_eq!(first.result().unwrap(), 1);
    assert_eq!(second.result().unwrap(), 2);
}

fn e01_an_executor_knows_how_many_workers_it_has<K: Kind>() {
    for workers in [1, 2, 3] {
        assert_eq!(K::make(workers).workers(), workers);
    }
}

fn e02_an_argument_of_any_shape_arrives<K: Kind>() {
    let executor = K::make(1);
    let shape = Shape::Nested(
        Box::new(Shape::Named {
            text: "wärp\0weft".into(),
            numbers: vec![i64::MIN, 0, i64::MAX],
        }),
        Some(BTreeMap::from([("a".into(), 1)])),
    );
    let same = executor.submit(same_shape, shape.clone());
    assert_eq!(same.result().unwrap(), shape);
    let unit = executor.submit(unit_shape, ());
    assert_eq!(unit.result().unwrap(), Shape::Unit);
    assert_eq!(executor.submit(sum, (1, 2)).result().unwrap(), 3);
    let large = executor.submit(length, vec![7; 1 << 20]);
    assert_eq!(large.result().unwrap(), 1 << 20);
}

fn e02_a_task_that_can_fail_gives_its_error<K: Kind>() {
    let executor = K::make(1);
    let good = executor.try_submit(parsed, "12".into());
    assert_eq!(good.result().unwrap(), 12);
    let Err(TaskError::Failed(why)) = executor.try_submit(parsed, "x".into()).result() else {
        panic!("x is no number")
    };
    let said = "x".parse::<u8>().unwrap_err().to_string();
    assert!(why.to_string().ends_with(&said), "{why}");
}

fn e04_submit_after_shutdown_is_refused<K: Kind>() {
    let executor = K::make(1);
    executor.shutdown(Shutdown::Drain).unwrap();
    let refused = executor.submit(same, 1);
    assert!(refused.is_done(), "at once");
    assert!(matches!(
        refused.result(),
        Err(TaskError::Rejected(Rejected::ShutDown { .. }))
    ));
    let refused = executor.try_submit(parsed, "1".into());
    assert!(matches!(refused.result(), Err(TaskError::Rejected(_))));
}

fn e04_shutdown_drains_or_cancels_and_can_be_repeated<K: Kind>() {
    let executor = K::make(1);
    let futures: Vec<_> = (0..50).map(|n| executor.submit(same, n)).collect();
    executor.shutdown(Shutdown::Drain).unwrap();
    assert!(futures.iter().all(Future::is_done));
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result().unwrap(), n);
    }
    executor.shutdown(Shutdown::Drain).unwrap();
    executor.shutdown(Shutdown::CancelPending).unwrap();

    let executor = K::make(1);
    let files = Files::new();
    let (started, gate) = (files.path("started"), files.path("gate"));
    let running = executor.submit(held, (started.clone(), gate.clone()));
    wait_until_open(&started);
    let pending: Vec<_> = (0..50).map(|n| executor.submit(same, n)).collect();
    thread::scope(|s| {
        let ending = s.spawn(|| executor.shutdown(Shutdown::CancelPending));
        for future in pending {
            assert!(matches!(future.result(), Err(TaskError::Cancelled)));
        }
        open(&gate);
        ending.join().unwrap().unwrap();
    });
    running.result().unwrap();
}

fn e09_a_panic_costs_neither_worker_nor_neighbour<K: Kind>() {
    let executor = K::make(2);
    let futures: Vec<_> = (0..90).map(|n| (n, executor.submit(no_third, n))).collect();
    for (n, future) in futures {
        match future.result() {
            Ok(value) => assert_eq!(value, n),
            Err(error) => {
                let (message, _) = K::panic(&error).expect("it panics");
                assert_eq!(message, format!("{n} divides"));
            }
        }
    }
    assert_eq!(executor.submit(same, 1).result().unwrap(), 1);
    executor.shutdown(Shutdown::Drain).unwrap();
}
