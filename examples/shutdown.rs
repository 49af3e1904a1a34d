//! Ending: ask running tasks to stop, cancel what has not begun, and wait no longer than wanted.
//!
//! `cargo run --example shutdown`

use std::time::Duration;

use raddle::{Shutdown, ShutdownError, TaskError, ThreadPool, cancel_requested};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPool::builder().workers(1).name("closing").build()?;

    // A long task checks now and then whether it was asked to stop.
    let (begun, has_begun) = raddle::promise();
    let polite = pool.spawn(move || {
        let _ = begun.complete(());
        let mut rounds = 0_u64;
        while !cancel_requested() {
            rounds += 1;
        }
        rounds
    });
    has_begun.result()?;
    let queued = pool.spawn(|| "never runs");

    // What has not begun never does from now on.
    pool.close(Shutdown::CancelPending);

    // This one has begun: too late to cancel, but it can see the request.
    assert!(!polite.cancel());

    match pool.shutdown_timeout(Shutdown::CancelPending, Duration::from_secs(5)) {
        Ok(()) => println!("every worker has ended"),
        Err(ShutdownError::TimedOut { running, queued }) => {
            println!("still {running} running and {queued} queued");
        }
        Err(other) => return Err(other.into()),
    }

    // No future is left pending by a shutdown.
    queued.wait();
    assert!(matches!(queued.result(), Err(TaskError::Cancelled)));
    println!("the polite task made {} rounds", polite.result()?);

    // After the shutdown a submit fails at once, and says why.
    if let Err(error) = pool.spawn(|| ()).result() {
        println!("afterwards: {error}");
    }
    Ok(())
}
