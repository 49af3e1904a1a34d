//! A small program with a process pool, which tests/process_start.rs builds in several ways. Its workers inherit
//! the environment, so that they would do the same as their parent if nothing kept them from it.

use raddle::{Executor, ProcessPool, Start};

fn double(n: u64) -> u64 {
    n * 2
}

fn main() {
    if std::env::var_os("CALLS_WORKER_MAIN").is_some() {
        raddle::worker_main();
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
        _ => {}
    }
    let pool = match ProcessPool::builder().workers(1).start(start).build() {
        Ok(pool) => pool,
        Err(error) => {
            println!("refused: {error}");
            std::process::exit(3);
        }
    };
    let worker = pool.submit(|()| std::process::id(), ()).result().expect("a pid");
    let answer = pool.submit(double, 21).result().expect("an answer");
    println!("{answer} {worker} {}", std::process::id());
    if mode == "stay" {
        let _ = std::io::stdin().read_line(&mut String::new());
    }
}
