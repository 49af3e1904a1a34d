//! A small program with a process pool, which tests/process_start.rs builds in several ways. Its workers inherit
//! the environment, so that they would do the same as their parent if nothing kept them from it.

use raddle::process::Start;
use raddle::{Executor, ProcessPool};
use std::sync::LazyLock;

fn double(n: u64) -> u64 {
    n * 2
}

/// Workers of its own, in the one place where programs like to keep things.
static POOL: LazyLock<ProcessPool> = LazyLock::new(|| ProcessPool::new(1).expect("a pool"));

thread_local! {
    static LAST: Last = const { Last };
}

/// Uses the pool when its thread ends.
struct Last;

impl Drop for Last {
    fn drop(&mut self) {
        submit_all(&POOL);
    }
}

extern "C" fn at_exit() {
    submit_all(&POOL);
}

unsafe extern "C" {
    fn atexit(f: extern "C" fn()) -> i32;
}

/// Says the answer, its process and this one.
fn submit_all(pool: &ProcessPool) {
    let worker = pool.submit(|()| std::process::id(), ());
    let answer = pool.submit(double, 21).result().expect("an answer");
    let worker = worker.result().expect("a pid");
    println!("{answer} {worker} {}", std::process::id());
}

fn main() {
    if std::env::var_os("CALLS_WORKER_MAIN").is_some() {
        raddle::process::worker_main();
    }
    let mode = std::env::var("MODE").expect("MODE");
    let start = match mode.as_str() {
        "main" => Start::Main,
        _ => Start::BeforeMain,
    };
    let file = std::env::current_exe().expect("a file");
    match mode.as_str() {
        "deleted" => std::fs::remove_file(&file).expect("removed"),
        "replaced" => {
            let other = file.with_extension("other");
            std::fs::write(&other, "no program").expect("written");
            std::fs::rename(&other, &file).expect("renamed");
        }
        "static" => return submit_all(&POOL),
        "late" => {
            std::thread::spawn(|| LAST.with(|_| ())).join().expect("it ends");
            assert_eq!(unsafe { atexit(at_exit) }, 0);
            return LAST.with(|_| ());
        }
        "within" => {
            // A worker that is a parent, too.
            let (inner, answer) = POOL
                .submit(
                    |n| {
                        let inner = ProcessPool::new(1).expect("a pool");
                        let pid = inner.submit(|()| std::process::id(), ());
                        let answer = inner.submit(double, n).result().expect("an answer");
                        (pid.result().expect("a pid"), answer)
                    },
                    21,
                )
                .result()
                .expect("an answer");
            println!("{answer} {inner} {}", std::process::id());
            return;
        }
        _ => {}
    }
    let pool = match ProcessPool::builder().workers(1).start(start).build() {
        Ok(pool) => pool,
        Err(error) => {
            println!("refused: {error}");
            std::process::exit(3);
        }
    };
    submit_all(&pool);
    if mode == "stay" {
        let _ = std::io::stdin().read_line(&mut String::new());
    }
}
