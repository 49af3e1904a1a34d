//! Runs a guest that nobody has checked, with a time limit and a memory limit, while well-behaved guests go on beside it, and shows what it
//! cost.
//!
//! ```text
//! cargo run --release -p raddle-wasm --example untrusted                       the hostile guest of the tests
//! cargo run --release -p raddle-wasm --example untrusted -- GUEST.wasm NAME    a function of your guest, which takes no argument
//! ```

use raddle::{Future, TaskError};
use raddle_wasm::{WasmPool, WasmPoolBuilder};
use std::error::Error;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_millis(50);
const MEMORY: usize = 16 << 20;

/// What an untrusted guest may take. It is given no files, no clock, no environment and no network.
fn limited(pool: WasmPoolBuilder) -> WasmPoolBuilder {
    pool.workers(1)
        .memory_limit(MEMORY)
        .task_timeout(TIME)
        .fresh_instances()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = match arguments.next() {
        Some(path) => path.into(),
        None => raddle_test_guests::hostile().to_owned(),
    };
    let untrusted = limited(WasmPool::builder().file(path).name("untrusted")).build()?;
    let trusted = WasmPool::builder()
        .file(raddle_test_guests::ordinary())
        .workers(1)
        .name("trusted")
        .build()?;
    println!(
        "{:<20} {:>9}  {:>10}  outcome",
        "function", "took", "beside it"
    );
    match arguments.next() {
        Some(name) => show(&trusted, &name, || {
            untrusted.submit::<(), ()>(&name[..], ())
        }),
        None => {
            show(&trusted, "well", || {
                untrusted.submit::<_, u64>("well", 5u64)
            });
            show(&trusted, "forever", || {
                untrusted.submit::<_, ()>("forever", ())
            });
            show(&trusted, "grow", || {
                untrusted.submit::<_, u64>("grow", 1u64 << 30)
            });
            show(&trusted, "wild_write", || {
                untrusted.submit::<_, ()>("wild_write", 7u32)
            });
            show(&trusted, "overflow", || {
                untrusted.submit::<_, u64>("overflow", 0u64)
            });
            show(&trusted, "panics", || {
                untrusted.submit::<_, ()>("panics", "no such row".to_owned())
            });
            show(&trusted, "well", || {
                untrusted.submit::<_, u64>("well", 5u64)
            });
        }
    }
    Ok(())
}

/// Runs one task of the untrusted guest, and tasks of the trusted one until it is over.
fn show<R: std::fmt::Debug>(trusted: &WasmPool, name: &str, start: impl FnOnce() -> Future<R>) {
    let began = Instant::now();
    let untrusted = start();
    let mut beside = 0u64;
    let double = trusted
        .function::<u64, u64>("double")
        .expect("the trusted guest has it");
    while !untrusted.is_done() {
        let doubled = trusted
            .submit(&double, beside)
            .result()
            .expect("it goes on");
        assert_eq!(doubled, beside * 2);
        beside += 1;
    }
    let took = began.elapsed().as_secs_f64() * 1e3;
    let outcome = match untrusted.result() {
        Ok(value) => format!("{value:?}"),
        Err(TaskError::Failed(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    println!("{name:<20} {took:>6.2} ms  {beside:>4} tasks  {outcome}");
}
