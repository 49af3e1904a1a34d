//! What a guest does that it must not costs that task, and no other one.

use raddle::{Future, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{GuestError, Module, Problem, Trap, WasmPool};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

const LIMIT: usize = 16 << 20;

fn hostile() -> &'static Module {
    static MODULE: OnceLock<Module> = OnceLock::new();
    MODULE.get_or_init(|| Module::from_file(guests::hostile_plain()).unwrap())
}

fn pool(workers: usize) -> WasmPool {
    let pool = WasmPool::builder().module(hostile()).workers(workers);
    // What a guest does that has damaged itself may take for ever.
    let pool = pool.name("untrusted").task_timeout(Duration::from_secs(10));
    pool.memory_limit(LIMIT).build().unwrap()
}

fn problem<R: std::fmt::Debug>(future: Future<R>) -> GuestError {
    match future.result() {
        Err(TaskError::Failed(error)) => *error.downcast::<GuestError>().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The worker goes on, and what it does is right.
fn goes_on(pool: &WasmPool) {
    for n in 0..3 {
        assert_eq!(pool.submit::<_, u64>("well", n).result().unwrap(), n);
    }
}

#[test]
fn a_trap_says_what_and_where() {
    let pool = pool(1);
    let at = |name: &str, problem: Problem| {
        let error = match name {
            "divide_unchecked" => self::problem(pool.submit::<_, i32>(name, 0i32)),
            "out_of_bounds" => self::problem(pool.submit::<_, u32>(name, ())),
            "wild_write" => self::problem(pool.submit::<_, ()>(name, 7u32)),
            "unreachable" => self::problem(pool.submit::<_, ()>(name, ())),
            "overflow" | "overflow_memory" => self::problem(pool.submit::<_, u64>(name, 0u64)),
            _ => unreachable!(),
        };
        assert_eq!(
            error.problem(),
            &problem,
            "{error}\n{:?}",
            error.backtrace()
        );
        assert_eq!((error.function(), error.worker()), (name, "untrusted-0"));
        assert!(
            error.backtrace().unwrap().contains(name),
            "{:?}",
            error.backtrace()
        );
        goes_on(&pool);
    };
    at("divide_unchecked", Problem::Trapped(Trap::DivisionByZero));
    at("out_of_bounds", Problem::Trapped(Trap::MemoryOutOfBounds));
    at("wild_write", Problem::Trapped(Trap::MemoryOutOfBounds));
    at("unreachable", Problem::Trapped(Trap::Unreachable));
    at("overflow", Problem::Trapped(Trap::StackOverflow));
}

#[test]
fn a_panic_says_its_message() {
    let pool = pool(1);
    let error = problem(pool.submit::<_, ()>("panics", "no such row".to_owned()));
    let Problem::Panicked(message) = error.problem() else {
        panic!("{error}");
    };
    assert!(message.contains("no such row"), "{message}");
    assert!(
        error.to_string().starts_with(
            "function 'panics' of hostile_plain.wasm on worker 'untrusted-0' panicked: "
        )
    );
    let error = problem(pool.submit::<_, ()>("panics_long", 1_000_000u64));
    assert!(matches!(error.problem(), Problem::Panicked(message) if message.len() == 4096));
    // A message without a panic is not that of the next trap.
    pool.submit::<_, u64>("babble", (100u64, 100u64))
        .result()
        .unwrap();
    let error = problem(pool.submit::<_, ()>("unreachable", ()));
    assert_eq!(error.problem(), &Problem::Trapped(Trap::Unreachable));
    let error = problem(pool.submit::<_, i32>("divide", 0i32));
    assert!(
        matches!(error.problem(), Problem::Panicked(message) if message.contains("divide by zero")),
        "{error}"
    );
    goes_on(&pool);
}

#[test]
fn an_endless_loop_ends_by_its_time_limit_or_a_kill() {
    let pool = pool(2);
    let limit = Duration::from_millis(20);
    let endless = pool.task().timeout(limit).submit::<_, ()>("forever", ());
    goes_on(&pool);
    assert!(matches!(endless.result(), Err(TaskError::TimedOut)));
    let endless = pool.submit::<_, ()>("forever", ());
    while !endless.is_running() {
        thread::yield_now();
    }
    goes_on(&pool);
    assert!(endless.kill());
    assert!(matches!(endless.result(), Err(TaskError::Killed)));
    goes_on(&pool);
    drop(pool);
    let pool = WasmPool::builder()
        .module(hostile())
        .workers(1)
        .task_timeout(limit)
        .build()
        .unwrap();
    drop(pool.submit::<_, ()>("forever", ()));
}

#[test]
fn memory_beyond_the_limit_costs_the_task() {
    let pool = pool(1);
    let error = problem(pool.submit::<_, u64>("grow", 64u64 << 20));
    assert!(
        matches!(error.problem(), Problem::MemoryLimit { wanted, limit: LIMIT } if *wanted > 64 << 20),
        "{error}"
    );
    goes_on(&pool);
    // One that can live with less learns it.
    assert!(
        !pool
            .submit::<_, bool>("try_grow", 64u64 << 20)
            .result()
            .unwrap()
    );
    let taken = pool.submit::<_, u64>("take_all", ()).result().unwrap();
    assert!(taken as usize <= LIMIT, "{taken}");
    // The instance kept it, so there is none left for an argument.
    let full = pool.submit::<_, ()>("panics", "a".repeat(1 << 20)).result();
    assert!(full.is_err());
    goes_on(&pool);
}

#[test]
fn a_result_that_is_none_is_an_error() {
    let pool = pool(1);
    let error = problem(pool.submit::<_, u64>("lies", ()));
    assert!(matches!(error.problem(), Problem::BadResult(_)), "{error}");
    goes_on(&pool);
    // It writes over its own memory: whatever comes of it, the next task finds a new instance or an old one that works.
    for value in [0u8, 1, 0x7f, 0xff] {
        // What is left of the instance may go round for ever.
        let task = pool.task().timeout(Duration::from_millis(200));
        let outcome = task.submit::<_, ()>("scribble", value).result();
        assert!(outcome.is_err(), "{outcome:?}");
        goes_on(&pool);
    }
}

#[test]
fn many_kinds_at_a_time() {
    let pool = pool(2);
    thread::scope(|scope| {
        for thread in 0..3u64 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..60u64 {
                    let n = thread * 1_000 + round;
                    let bad: Future<()> = match round % 4 {
                        0 => pool.submit("wild_write", 1u32),
                        1 => pool.submit("panics", n.to_string()),
                        2 => pool.submit("unreachable", ()),
                        _ => pool
                            .task()
                            .timeout(Duration::from_millis(2))
                            .submit("forever", ()),
                    };
                    let good = pool.submit::<_, u64>("well", n);
                    assert_eq!(good.result().unwrap(), n);
                    match bad.result() {
                        Err(TaskError::TimedOut) => assert_eq!(round % 4, 3),
                        Err(TaskError::Failed(error)) => {
                            let error = error.downcast::<GuestError>().unwrap();
                            if let Problem::Panicked(message) = error.problem() {
                                assert!(message.contains(&n.to_string()), "another's: {message}");
                            }
                        }
                        other => panic!("{other:?}"),
                    }
                }
            });
        }
    });
    goes_on(&pool);
}
