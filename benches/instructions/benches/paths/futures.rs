//! One future and its promise, on one thread.

use gungraun::{library_benchmark, library_benchmark_group};
use raddle::{AsCompleted, Future, Promise, promise};
use raddle_instructions::warm;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Waker};

type Pair = (Promise<u64>, Future<u64>);

const MANY: usize = 16;

fn done() -> Future<u64> {
    let (promise, future) = promise();
    promise.complete(7).expect("nobody cancelled it");
    future
}

fn poll(future: &mut Future<u64>) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    std::future::Future::poll(Pin::new(future), &mut context).is_ready()
}

fn polled() -> Pair {
    let (promise, mut future) = promise();
    assert!(!poll(&mut future));
    (promise, future)
}

fn with_callback() -> Pair {
    let (promise, future) = promise();
    future.add_done_callback(|outcome| _ = black_box(outcome));
    (promise, future)
}

fn many() -> (Vec<Promise<u64>>, Vec<Future<u64>>) {
    (0..MANY).map(|_| promise()).unzip()
}

fn watched() -> (Vec<Promise<u64>>, AsCompleted<Future<u64>>) {
    let (promises, futures) = many();
    (promises, raddle::as_completed(futures))
}

fn completes(pair: impl FnMut() -> Pair) {
    warm(pair, |(promise, future)| (promise.complete(7), future));
}

fn complete_alone() {
    completes(promise);
}

fn complete_waker() {
    completes(polled);
}

fn complete_set() {
    let last = || {
        let (mut promises, all) = watched();
        let last = promises.pop().expect("there are many");
        (last, promises, all)
    };
    warm(last, |(last, promises, all)| {
        (last.complete(7), promises, all)
    });
}

#[library_benchmark]
#[bench::alone(complete_alone)]
#[bench::waker(complete_waker)]
#[bench::set(complete_set)]
fn complete(case: fn()) {
    case();
}

fn take_done() {
    warm(done, Future::result);
}

fn take_peek() {
    warm(done, |future| {
        black_box(future.peek().is_some());
        future
    });
}

#[library_benchmark]
#[bench::result(take_done)]
#[bench::peek(take_peek)]
fn take(case: fn()) {
    case();
}

fn callback_register() {
    warm(promise::<u64>, |(promise, future)| {
        future.add_done_callback(|outcome| _ = black_box(outcome));
        (promise, future)
    });
}

fn callback_at_once() {
    warm(done, |future| {
        future.add_done_callback(|outcome| _ = black_box(outcome));
        future
    });
}

fn callback_run() {
    completes(with_callback);
}

#[library_benchmark]
#[bench::register(callback_register)]
#[bench::at_once(callback_at_once)]
#[bench::run(callback_run)]
fn callback(case: fn()) {
    case();
}

fn poll_pending() {
    warm(promise::<u64>, |(promise, mut future)| {
        assert!(!poll(&mut future));
        (promise, future)
    });
}

fn poll_again() {
    warm(polled, |(promise, mut future)| {
        assert!(!poll(&mut future));
        (promise, future)
    });
}

fn wait_done() {
    warm(done, |future| {
        future.wait();
        future
    });
}

#[library_benchmark]
#[bench::poll(poll_pending)]
#[bench::poll_again(poll_again)]
#[bench::done(wait_done)]
fn wait(case: fn()) {
    case();
}

fn register() {
    warm(many, |(promises, futures)| {
        (promises, raddle::as_completed(futures))
    });
}

fn step() {
    let one_done = || {
        let (mut promises, all) = watched();
        let last = promises.pop().expect("there are many");
        last.complete(7).expect("nobody cancelled it");
        (promises, all)
    };
    warm(one_done, |(promises, mut all)| {
        let next = all.next();
        (promises, all, next)
    });
}

#[library_benchmark]
#[bench::register_16(register)]
#[bench::step(step)]
fn as_completed(case: fn()) {
    case();
}

fn cancel_pending() {
    warm(promise::<u64>, |(promise, future)| {
        assert!(future.cancel());
        (promise, future)
    });
}

fn cancel_late() {
    warm(done, |future| {
        assert!(!future.cancel());
        future
    });
}

#[library_benchmark]
#[bench::pending(cancel_pending)]
#[bench::late(cancel_late)]
fn cancel(case: fn()) {
    case();
}

fn start_won() {
    warm(promise::<u64>, |(promise, future)| {
        assert!(promise.start());
        (promise, future)
    });
}

fn start_lost() {
    let cancelled = || {
        let (promise, future) = promise::<u64>();
        assert!(future.cancel());
        (promise, future)
    };
    warm(cancelled, |(promise, future)| {
        assert!(!promise.start());
        (promise, future)
    });
}

#[library_benchmark]
#[bench::won(start_won)]
#[bench::lost(start_lost)]
fn start(case: fn()) {
    case();
}

library_benchmark_group!(
    name = future_paths,
    benchmarks = [complete, take, callback, wait, as_completed, cancel, start]
);
