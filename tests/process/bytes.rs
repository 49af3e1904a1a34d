//! Bytes that a task reads, and writes, in the memory that both processes share.

use crate::kit::{pid, pool, watch};
use raddle::process::{BytesIn, BytesOut, Output, WorkerExit};
use raddle::{Executor, ProcessPool, Rejected, TaskError, cancel_requested};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use std::{io, thread};

const LENGTHS: [usize; 8] = [0, 1, 48, 49, 4096, 65_537, 1 << 20, 40 << 20];

fn content(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n % 251) as u8).collect()
}

fn passed(bytes: BytesIn<'_>) -> BytesOut<'_> {
    bytes.pass_on()
}

fn written(bytes: BytesIn<'_>) -> BytesOut<'_> {
    let mut out = bytes.out(bytes.len());
    for (to, from) in out.iter_mut().zip(bytes.as_slice()) {
        *to = from.wrapping_add(1);
    }
    out
}

#[test]
fn bytes_of_all_lengths_there_and_back() {
    let _watch = watch();
    let pool = pool(1);
    for len in LENGTHS {
        let bytes = content(len);
        let back = pool.submit_bytes(passed, &bytes).result().unwrap();
        assert!(back == bytes, "{len} bytes passed on");
        let back = pool.submit_bytes(written, &bytes).result().unwrap();
        assert!(
            back.iter()
                .zip(&bytes)
                .all(|(b, a)| *b == a.wrapping_add(1))
                && back.len() == len,
            "{len} bytes written"
        );
    }
}

#[test]
fn what_is_changed_is_a_copy() {
    let _watch = watch();
    let pool = pool(1);
    for len in LENGTHS.into_iter().filter(|&len| len > 0) {
        fn change(bytes: BytesIn<'_>) -> BytesOut<'_> {
            let mut out = bytes.pass_on();
            *out.last_mut().unwrap() = 255;
            assert_ne!(*bytes.last().unwrap(), 255, "the argument stays as it was");
            out
        }
        let mut bytes = content(len);
        let back = pool.submit_bytes(change, &bytes).result().unwrap();
        *bytes.last_mut().unwrap() = 255;
        assert!(back == bytes, "{len} bytes");
    }
}

#[test]
fn a_result_that_is_cut() {
    let _watch = watch();
    let pool = pool(1);
    // By the first eight bytes: how long it is to be.
    fn cut(bytes: BytesIn<'_>, mut out: BytesOut<'_>) -> usize {
        let len = u64::from_ne_bytes(*bytes.first_chunk().unwrap()) as usize;
        out.truncate(len);
        out.len()
    }
    fn cut_new(bytes: BytesIn<'_>) -> BytesOut<'_> {
        let len = u64::from_ne_bytes(*bytes.first_chunk().unwrap()) as usize;
        let mut out = bytes.out(bytes.len());
        out.copy_from_slice(&bytes);
        out.truncate(len);
        out
    }
    fn cut_passed(bytes: BytesIn<'_>) -> BytesOut<'_> {
        assert_eq!(
            cut(bytes, bytes.pass_on()),
            cut(bytes, bytes.out(bytes.len()))
        );
        let len = u64::from_ne_bytes(*bytes.first_chunk().unwrap()) as usize;
        let mut out = bytes.pass_on();
        out.truncate(len);
        out
    }
    for whole in [8, 48, 49, 5000, 1 << 20] {
        for len in [0, 1, 48, 49, 4999, 5000, 1 << 20, usize::MAX] {
            let mut bytes = content(whole);
            bytes[..8].copy_from_slice(&len.to_ne_bytes());
            let right = &bytes[..len.min(whole)];
            let new = pool.submit_bytes(cut_new, &bytes);
            let passed = pool.submit_bytes(cut_passed, &bytes);
            assert!(new.result().unwrap() == right, "{len} of {whole}");
            assert!(passed.result().unwrap() == right, "{len} of {whole}");
        }
    }
}

#[test]
fn threads_of_the_task_may_look_and_write() {
    let _watch = watch();
    let pool = pool(1);
    fn halves(bytes: BytesIn<'_>) -> BytesOut<'_> {
        let mut out = bytes.out(bytes.len());
        let middle = bytes.len() / 2;
        let (left, right) = out.split_at_mut(middle);
        let bytes = bytes.as_slice();
        thread::scope(|scope| {
            scope.spawn(|| left.copy_from_slice(&bytes[..middle]));
            scope.spawn(|| right.copy_from_slice(&bytes[middle..]));
        });
        out
    }
    let bytes = content(1 << 20);
    assert!(pool.submit_bytes(halves, &bytes).result().unwrap() == bytes);
}

/// 20 GiB in all, in an arena of 16.
#[test]
fn results_that_are_not_sent_give_their_memory_back() {
    let _watch = watch();
    let builder = ProcessPool::builder().workers(1);
    // It panics a lot.
    let pool = builder.stderr(Output::Null).build().unwrap();
    let worker = pool.submit(pid, ()).result().unwrap();
    fn outs(bytes: BytesIn<'_>) -> BytesOut<'_> {
        for _ in 0..100 {
            drop(bytes.out(64 << 20));
        }
        bytes.out(0)
    }
    fn panic(bytes: BytesIn<'_>) -> BytesOut<'_> {
        let _out = bytes.out(64 << 20);
        panic!("with a result begun")
    }
    fn fail(bytes: BytesIn<'_>) -> Result<BytesOut<'_>, io::Error> {
        let _out = bytes.out(64 << 20);
        Err(io::ErrorKind::NotFound.into())
    }
    for _ in 0..110 {
        let outcome = pool.submit_bytes(panic, &[]).result();
        assert!(
            matches!(outcome, Err(TaskError::Panicked(_))),
            "{outcome:?}"
        );
        let outcome = pool.try_submit_bytes(fail, &[]).result();
        assert!(matches!(outcome, Err(TaskError::Failed(_))), "{outcome:?}");
    }
    pool.submit_bytes(outs, &[]).result().unwrap();
    assert_eq!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn bytes_that_no_lane_holds() {
    let _watch = watch();
    let pool = pool(1);
    let worker = pool.submit(pid, ()).result().unwrap();
    // Zeroes that are not touched take no memory.
    let outcome = pool.submit_bytes(passed, &vec![0; (2 << 30) + 1]).result();
    assert!(
        matches!(
            outcome,
            Err(TaskError::Rejected(Rejected::TooLarge { bytes, limit }))
                if bytes == limit + 1 && limit == 2 << 30
        ),
        "{:?}",
        outcome.err()
    );
    for len in [(2 << 30) + 1, u32::MAX as usize + 1, usize::MAX] {
        fn huge(bytes: BytesIn<'_>) -> BytesOut<'_> {
            bytes.out(usize::from_ne_bytes(*bytes.first_chunk().unwrap()))
        }
        let outcome = pool.submit_bytes(huge, &len.to_ne_bytes()).result();
        let Err(TaskError::Panicked(report)) = outcome else {
            panic!("{len}: {:?}", outcome.err())
        };
        assert!(report.message().contains("no lane"), "{}", report.message());
    }
    assert_eq!(pool.submit(pid, ()).result().unwrap(), worker);
}

#[test]
fn a_death_with_bytes_in_hand() {
    let _watch = watch();
    let pool = pool(1);
    let bytes = content(1 << 20);
    let before = pool.submit_bytes(passed, &bytes);
    fn die(bytes: BytesIn<'_>) -> BytesOut<'_> {
        let _out = bytes.out(bytes.len());
        std::process::abort()
    }
    let died = pool.submit_bytes(die, &bytes);
    let after = pool.submit_bytes(written, &bytes);
    let outcome = died.result();
    assert!(
        matches!(&outcome, Err(TaskError::WorkerLost(lost)) if lost.exit() == WorkerExit::Signaled(libc::SIGABRT)),
        "{outcome:?}"
    );
    assert!(before.result().unwrap() == bytes);
    assert_eq!(after.result().unwrap().len(), bytes.len());
}

/// Often the supervisor finds the reply.
#[test]
fn an_argument_passed_on_by_a_worker_that_died_since() {
    let _watch = watch();
    static SEEN: AtomicU64 = AtomicU64::new(0);
    let pool = pool(1);
    let bytes = content(1 << 20);
    for _ in 0..20 {
        let passed = pool.submit_bytes(passed, &bytes);
        let died = pool.submit(|()| std::process::abort(), ());
        died.add_done_callback(|_: Result<&(), _>| _ = SEEN.fetch_add(1, SeqCst));
        assert!(passed.result().unwrap() == bytes);
    }
    drop(pool);
    assert_eq!(SEEN.load(SeqCst), 20);
}

#[test]
fn the_task_builder_takes_bytes_too() {
    let _watch = watch();
    let pool = pool(1);
    fn stop(bytes: BytesIn<'_>) -> BytesOut<'_> {
        while !cancel_requested() {
            std::hint::spin_loop();
        }
        bytes.out(3)
    }
    let stopped = pool.task().name("stop").submit_bytes(stop, &[0; 1000]);
    while !stopped.is_running() {
        thread::yield_now();
    }
    assert!(!stopped.cancel());
    assert_eq!(stopped.result().unwrap().len(), 3);
    fn fail(_: BytesIn<'_>) -> Result<BytesOut<'_>, &'static str> {
        Err("no")
    }
    let outcome = pool
        .task()
        .name("fail")
        .try_submit_bytes(fail, &[])
        .result();
    assert!(matches!(outcome, Err(TaskError::Failed(_))), "{outcome:?}");
    fn endless(_: BytesIn<'_>) -> BytesOut<'_> {
        loop {
            thread::park();
        }
    }
    let soon = Duration::from_millis(20);
    let late = pool
        .task()
        .name("late")
        .timeout(soon)
        .submit_bytes(endless, &[1; 100]);
    assert!(matches!(late.result(), Err(TaskError::TimedOut)));
}
