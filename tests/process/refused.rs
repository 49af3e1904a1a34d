//! What the system refuses is an error of `build`, or of the tasks that it concerns, and nothing is left behind. Each test
//! is alone in its process, whose limits it changes.

use crate::kit::{alone, pid, until, watch};
use raddle::{BuildError, Executor, ProcessPool, Rejected, TaskError};

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: fills the struct.
    assert_eq!(unsafe { libc::getrlimit(resource, &raw mut limit) }, 0);
    limit.rlim_cur = most.min(limit.rlim_max);
    // SAFETY: reads the struct.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Builds a pool with less and with more room, and insists that it works at last.
fn try_with(most: impl Iterator<Item = u64>, limit: impl Fn(Option<u64>)) {
    let mut refused = 0;
    for room in most {
        let (files, tasks) = (descriptors(), threads());
        limit(Some(room));
        let built = ProcessPool::new(2);
        limit(None);
        match built {
            Ok(pool) => {
                assert!(refused > 0, "there was room from the beginning");
                let sum: u32 = pool.map(|n: u32| n, 0..10).map(Result::unwrap).sum();
                assert_eq!(sum, 45);
                return;
            }
            Err(error @ (BuildError::System { .. } | BuildError::Process { .. })) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
            Err(other) => panic!("{other}"),
        }
        // A thread that was joined stays listed until the kernel has put it away.
        until(|| descriptors() == files && threads() == tasks);
    }
    panic!("refused to the end");
}

#[test]
fn p44_without_descriptors() {
    let _watch = watch();
    if !alone("refused::p44_without_descriptors") {
        return;
    }
    let used = descriptors() as u64;
    let all = 1024;
    try_with(used.saturating_sub(1)..used + 60, |most| {
        limit(libc::RLIMIT_NOFILE, most.unwrap_or(all));
    });
}

#[test]
fn p44_without_processes() {
    let _watch = watch();
    if !alone("refused::p44_without_processes") {
        return;
    }
    // The limit is on a user's processes and threads, and root has none: this process becomes a user that has nothing else.
    // SAFETY: numbers.
    if unsafe { libc::geteuid() } == 0 {
        let user = 61_000 + std::process::id() % 4000;
        // SAFETY: numbers.
        assert_eq!(unsafe { libc::setresuid(user, user, user) }, 0);
    } else {
        eprintln!("SKIPPED: this user has other processes, and only root can become another one");
        return;
    }
    // Above the soft limit there has to be room to come back to.
    try_with(0..40, |most| {
        limit(libc::RLIMIT_NPROC, most.unwrap_or(libc::RLIM_INFINITY));
    });
}

#[test]
fn p29_a_replacement_that_the_system_refuses() {
    let _watch = watch();
    if !alone("refused::p29_a_replacement_that_the_system_refuses") {
        return;
    }
    let pool = ProcessPool::new(1).unwrap();
    pool.submit(pid, ()).result().unwrap();
    limit(libc::RLIMIT_NOFILE, 0);
    let lost = pool.submit(|()| -> () { std::process::abort() }, ());
    let queued = pool.submit(pid, ());
    let (lost, queued) = (lost.result(), queued.result());
    limit(libc::RLIMIT_NOFILE, 1024);
    let Err(TaskError::Rejected(Rejected::Broken { why, .. })) = queued else {
        panic!("{queued:?}")
    };
    assert!(why.contains("worker"), "{why}");
    // Without memory for another worker no process may be left to report what became of the first one.
    assert!(
        matches!(
            lost,
            Err(TaskError::WorkerLost(_) | TaskError::Rejected(Rejected::Broken { .. }))
        ),
        "{lost:?}"
    );
}
