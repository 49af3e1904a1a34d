//! A shared library with raddle in it, to which its host hands a pool of the host's own.

use raddle::process::CodeError;
use raddle::{Executor, ProcessPool, Rejected, TaskError};

fn its_fn(n: u64) -> u64 {
    n * 2
}

#[unsafe(no_mangle)]
pub extern "C" fn submit_to(pool: &ProcessPool) {
    match pool.submit(its_fn, 21).result() {
        Err(TaskError::Rejected(Rejected::Code {
            why: why @ (CodeError::NotInProgram { .. } | CodeError::TaskInLibrary { .. }),
        })) => println!("refused: {why}"),
        other => println!("{other:?}"),
    }
}
