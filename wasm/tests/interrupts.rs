//! Rows K with guests: tasks that are killed, or run past a time limit, whatever they do at that moment.

// The file that is shared has more than these tests use.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/common/mod.rs"]
mod shared;

use raddle::{Future, FutureState, TaskError};
use raddle_test_guests as guests;
use raddle_wasm::{Module, TaskBuilder, WasmPool, WasmPoolBuilder};
use shared::{until, watch};
use std::net::TcpListener;
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::Duration;

/// A time that no test takes.
const LONG: Duration = Duration::from_secs(100_000);
/// Enough to come to the call that blocks.
const SHORT: Duration = Duration::from_millis(20);

fn hostile() -> WasmPoolBuilder {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::from_file(guests::hostile_plain()).unwrap());
    WasmPool::builder().module(module)
}

fn curious() -> WasmPoolBuilder {
    static MODULE: OnceLock<Module> = OnceLock::new();
    let module = MODULE.get_or_init(|| Module::from_file(guests::curious()).unwrap());
    WasmPool::builder().module(module).clocks().network()
}

/// Kept instances, and fresh ones.
fn both(builder: impl Fn() -> WasmPoolBuilder) -> [WasmPool; 2] {
    [builder(), builder().fresh_instances()].map(|one| one.workers(1).build().unwrap())
}

/// Submits a task that does not end by itself, and ends it: by a time limit, which it reaches when it waits, and by kills at
/// whatever point it is.
fn is_ended<R: std::fmt::Debug>(pool: &WasmPool, submit: impl Fn(TaskBuilder<'_>) -> Future<R>) {
    let late = submit(pool.task().timeout(SHORT)).result();
    assert!(matches!(late, Err(TaskError::TimedOut)), "{late:?}");
    for _ in 0..5 {
        let endless = submit(pool.task());
        until(|| endless.is_running());
        assert!(endless.kill());
        let killed = endless.result();
        assert!(matches!(killed, Err(TaskError::Killed)), "{killed:?}");
        assert_eq!(pool.submit::<_, u64>("well", 5u64).result().unwrap(), 5);
    }
}

#[test]
fn k01_an_endless_loop_is_ended() {
    let _watch = watch();
    for pool in both(hostile) {
        is_ended(&pool, |task| task.submit::<_, ()>("forever", ()));
    }
}

#[test]
fn k01_a_sleep_is_ended() {
    let _watch = watch();
    let day = 24 * 3600 * 1000u64;
    for pool in both(curious) {
        is_ended(&pool, |task| task.submit::<_, ()>("sleep", day));
    }
}

/// The address of a peer that takes connections, sends nothing, and reads nothing.
fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    // It ends with the program.
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    address
}

#[test]
fn k01_a_read_from_a_socket_is_ended() {
    let _watch = watch();
    let address = silent();
    for pool in both(curious) {
        is_ended(&pool, |task| {
            task.submit::<_, Vec<u8>>("read_socket", address.clone())
        });
    }
}

#[test]
fn k01_a_write_to_a_socket_is_ended() {
    let _watch = watch();
    let address = silent();
    for pool in both(curious) {
        is_ended(&pool, |task| {
            task.submit::<_, ()>("fill_socket", address.clone())
        });
    }
}

#[test]
fn k01_a_wait_for_a_connection_or_a_datagram_is_ended() {
    let _watch = watch();
    let any = || "127.0.0.1:0".to_owned();
    for pool in both(curious) {
        is_ended(&pool, |task| task.submit::<_, ()>("accept", any()));
        is_ended(&pool, |task| task.submit::<_, Vec<u8>>("receive", any()));
    }
}

#[test]
fn k06_each_item_of_a_map_has_the_time_limit_of_the_pool() {
    let _watch = watch();
    for pool in [hostile(), hostile().fresh_instances()] {
        let pool = pool.workers(2).task_timeout(SHORT).build().unwrap();
        let late = |outcome| matches!(outcome, Err(TaskError::TimedOut));
        let endless = || pool.map::<(), (), _>("forever", [(); 4]);
        assert_eq!(endless().map(late).collect::<Vec<_>>(), [true; 4]);
        // A chunk has one limit.
        assert!(endless().chunk(2).all(late));
        let unordered = pool.map_unordered::<(), (), _>("forever", [(); 4]);
        assert!(unordered.map(|(_, outcome)| outcome).all(late));
        let fine: Vec<u64> = pool.map("well", 0..20u64).map(Result::unwrap).collect();
        assert!(fine.into_iter().eq(0..20));
    }
}

#[test]
fn k10_a_storm_of_kills_hits_no_other_task() {
    let _watch = watch();
    for pool in [hostile(), hostile().fresh_instances()] {
        let pool = pool.workers(2).build().unwrap();
        thread::scope(|scope| {
            for killer in 0..3u64 {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..200u64 {
                        let endless = pool.task().timeout(LONG);
                        let endless = endless.submit::<_, ()>("forever", ());
                        if round % 2 == 0 {
                            until(|| !matches!(endless.state(), FutureState::Pending));
                        }
                        // It runs past a limit, or not, at whatever point it is.
                        let short = pool.task().timeout(Duration::from_micros(round % 100));
                        let short = short.submit::<_, u64>("well", killer);
                        assert!(endless.kill());
                        match endless.result() {
                            Err(TaskError::Killed | TaskError::Cancelled) => {}
                            other => panic!("{other:?}"),
                        }
                        match short.result() {
                            Ok(n) => assert_eq!(n, killer),
                            Err(TaskError::TimedOut) => {}
                            Err(other) => panic!("{other}"),
                        }
                    }
                });
            }
        });
    }
}

#[test]
fn k11_the_pool_may_end_while_a_killed_task_runs() {
    let _watch = watch();
    let day = 24 * 3600 * 1000u64;
    for _ in 0..20 {
        for pool in both(curious) {
            let endless = pool.submit::<_, ()>("sleep", day);
            until(|| endless.is_running());
            let killer = thread::spawn(move || {
                assert!(endless.kill());
                endless
            });
            drop(pool);
            let killed = killer.join().unwrap().result();
            assert!(matches!(killed, Err(TaskError::Killed)));
        }
    }
}

#[test]
fn k10_kills_at_one_time_are_not_lost() {
    let _watch = watch();
    let pool = hostile().workers(2).build().unwrap();
    let both = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..500 {
                    let endless = pool.submit::<_, ()>("forever", ());
                    until(|| endless.is_running());
                    both.wait();
                    assert!(endless.kill());
                    assert!(matches!(endless.result(), Err(TaskError::Killed)));
                }
            });
        }
    });
}
