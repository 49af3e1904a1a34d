//! The kinds of executor whose tasks are functions and closures of this program.

use crate::common::Kind;
use raddle::{IsolatePool, ProcessPool, Shutdown, ShutdownError, ThreadPool};
use std::time::Duration;

pub struct Threads;

impl Kind for Threads {
    type Executor = ThreadPool;
    const IS_HERE: bool = true;

    fn make(workers: usize) -> ThreadPool {
        ThreadPool::new(workers).unwrap()
    }

    fn close(executor: &ThreadPool, how: Shutdown) {
        executor.close(how);
    }

    fn shutdown_timeout(
        executor: &ThreadPool,
        how: Shutdown,
        limit: Duration,
    ) -> Result<(), ShutdownError> {
        executor.shutdown_timeout(how, limit)
    }
}

pub struct Processes;

impl Kind for Processes {
    type Executor = ProcessPool;
    const IS_HERE: bool = false;

    fn make(workers: usize) -> ProcessPool {
        ProcessPool::new(workers).unwrap()
    }

    fn close(executor: &ProcessPool, how: Shutdown) {
        executor.close(how);
    }

    fn shutdown_timeout(
        executor: &ProcessPool,
        how: Shutdown,
        limit: Duration,
    ) -> Result<(), ShutdownError> {
        executor.shutdown_timeout(how, limit)
    }
}

pub struct Isolates;

impl Kind for Isolates {
    type Executor = IsolatePool<()>;
    const IS_HERE: bool = true;

    fn make(workers: usize) -> IsolatePool<()> {
        IsolatePool::new(workers, |_| Ok(())).unwrap()
    }

    fn close(executor: &IsolatePool<()>, how: Shutdown) {
        executor.close(how);
    }

    fn shutdown_timeout(
        executor: &IsolatePool<()>,
        how: Shutdown,
        limit: Duration,
    ) -> Result<(), ShutdownError> {
        executor.shutdown_timeout(how, limit)
    }
}

/// Stamps tests out of functions that are generic over [`Kind`]: one for each kind.
macro_rules! for_every_executor {
    ($($test:ident)*) => {
        mod thread_pool {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::kinds::Threads>();
            })*
        }
        mod isolate_pool {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::kinds::Isolates>();
            })*
        }
        mod process_pool {
            $(#[test]
            fn $test() {
                let _watch = crate::common::watch();
                super::$test::<crate::kinds::Processes>();
            })*
        }
    };
}
pub(crate) use for_every_executor;
