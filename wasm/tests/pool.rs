//! A pool of ordinary guests.

use raddle::{TaskError, as_completed};
use raddle_test_guests as guests;
use raddle_wasm::{FunctionError, GuestError, Module, Problem, WasmPool};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

fn ordinary() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| Module::from_file(guests::ordinary_plain()).unwrap())
}

fn pool(workers: usize) -> WasmPool {
    WasmPool::builder()
        .module(ordinary())
        .workers(workers)
        .build()
        .unwrap()
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Point {
    x: f64,
    y: f64,
}

#[test]
fn a_function_is_called() {
    let pool = pool(2);
    let double = pool.function::<u64, u64>("double").unwrap();
    assert_eq!(pool.submit(&double, 21).result().unwrap(), 42);
    assert_eq!(pool.submit::<_, u64>("double", 4u64).result().unwrap(), 8);
    let point = pool.submit::<_, Point>("point", Point { x: 1.0, y: -2.0 });
    assert_eq!(point.result().unwrap(), Point { x: -1.0, y: 2.0 });
    let all: Result<Vec<u64>, _> = pool.map(&double, 0..100).collect();
    assert_eq!(all.unwrap(), (0..100).map(|n| n * 2).collect::<Vec<_>>());
    let futures = (0..10).map(|n| pool.submit(&double, n));
    let mut sum = 0;
    for done in as_completed(futures) {
        sum += done.result().unwrap();
    }
    assert_eq!(sum, 90);
}

#[test]
fn a_function_that_fails_says_why() {
    let pool = pool(1);
    assert_eq!(
        pool.submit::<_, i64>("try_parse", "12".to_owned())
            .result()
            .unwrap(),
        12
    );
    let Err(TaskError::Failed(error)) = pool
        .submit::<_, i64>("try_parse", "12x".to_owned())
        .result()
    else {
        panic!("it fails");
    };
    let error = error.downcast_ref::<GuestError>().unwrap();
    let Problem::Failed(why) = error.problem() else {
        panic!("{error}");
    };
    assert!(why.contains("12x"), "{why}");
    assert_eq!(error.function(), "try_parse");
}

#[test]
fn a_name_or_a_type_that_is_not_there_is_an_error_before_any_task() {
    let pool = pool(1);
    let error = pool.function::<u64, u64>("duoble").unwrap_err();
    assert!(
        matches!(&error, FunctionError::NoSuchFunction { name, known, .. } if name == "duoble" && known.contains(&"double".to_owned()))
    );
    let error = pool.function::<String, u64>("double").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the argument of function 'double' of ordinary_plain.wasm is u64, and not string"
    );
    let error = pool.function::<u64, String>("double").unwrap_err();
    assert!(matches!(
        error,
        FunctionError::WrongType {
            which: "result",
            ..
        }
    ));
    assert!(matches!(
        pool.function::<Vec<u8>, Vec<u8>>("echo"),
        Err(FunctionError::Bytes { is_bytes: true, .. })
    ));
    assert!(matches!(
        pool.bytes_function("double"),
        Err(FunctionError::Bytes {
            is_bytes: false,
            ..
        })
    ));
    assert_eq!(pool.stats().done(), 0);
}

#[test]
fn a_map_of_a_function_that_is_not_there_says_so_for_each_item() {
    let pool = pool(1);
    let outcomes = pool.map::<u64, u64, _>("duoble", 0..10).chunk(4);
    let mut count = 0;
    for outcome in outcomes {
        let Err(TaskError::Failed(error)) = outcome else {
            panic!("there is no such function");
        };
        assert!(error.is::<FunctionError>(), "{error}");
        count += 1;
    }
    assert_eq!(count, 10);
    let outcomes = pool.map_unordered::<u64, String, _>("double", 0..10);
    assert!(outcomes.into_iter().all(|(_, outcome)| outcome.is_err()));
}

#[test]
fn bytes_travel_as_they_are() {
    let pool = pool(1);
    let echo = pool.bytes_function("echo").unwrap();
    for length in [0, 1, 100, 1 << 20, 5 << 20] {
        let bytes: Vec<u8> = (0..length).map(|n: usize| n as u8).collect();
        assert_eq!(
            pool.submit_bytes(&echo, bytes.clone()).result().unwrap(),
            bytes
        );
    }
}

#[test]
fn an_instance_is_kept_or_made_for_each_task() {
    let kept = pool(1);
    let counts: Vec<u64> = kept
        .map("count", [(), (), ()])
        .map(Result::unwrap)
        .collect();
    assert_eq!(counts, [1, 2, 3]);
    let fresh = WasmPool::builder()
        .module(ordinary())
        .workers(1)
        .fresh_instances()
        .build()
        .unwrap();
    let counts: Vec<u64> = fresh
        .map("count", [(), (), ()])
        .map(Result::unwrap)
        .collect();
    assert_eq!(counts, [1, 1, 1]);
}
