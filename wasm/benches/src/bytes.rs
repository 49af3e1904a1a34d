//! `wasm-bytes`: 1 MiB into a guest and back, one exchange after the other. One worker.

use crate::bare::Maker;
use crate::guests;
use raddle_benches::contender::processes::raddle::{InPlace, Raddle};
use raddle_benches::contender::processes::{Payload, Workers};
use raddle_benches::document::Role;
use raddle_benches::floor::shared::Copies;
use raddle_benches::measure::round::{Options, Round, Workload};
use raddle_benches::workload::processes::payload::{copied, measured};
use raddle_wasm::WasmPool;
use std::time::Duration;

const LEN: usize = 1 << 20;
const TIMES: usize = 200;

fn round(times: usize, took: Duration) -> Round {
    Round::of_bytes(2 * LEN, took.as_nanos() as f64 / times as f64)
}

/// The process pool, whose tasks look at the bytes.
fn processes<C: Payload>(workload: &mut Workload, name: &'static str, times: usize) {
    workload.entry(Role::Peer, name, move || {
        let mut pool = C::start(1);
        round(times, measured(LEN, times, |bytes| pool.exchange(bytes)))
    });
}

/// `wasm-bytes`.
pub fn workload(options: &Options) -> Workload {
    let title = "1 MiB into a guest and back, per exchange";
    let mut workload = Workload::new("wasm-bytes", title, "us");
    let times = options.tasks(TIMES);
    workload.entry(Role::Floor, "memcpy, once in and once out", move || {
        let copies = Copies::default();
        let took = copied(LEN, times, |from, to| copies.there_and_back(from, to));
        round(times, took)
    });
    workload.entry(Role::Bound, "bare wasmtime", move || {
        let maker = Maker::new();
        let mut bare = maker.instance();
        let echo = bare.find("echo");
        round(times, measured(LEN, times, |bytes| bare.call(echo, &bytes)))
    });
    processes::<Raddle>(&mut workload, "raddle processes", times);
    let name = <InPlace<false> as Workers>::NAME;
    processes::<InPlace<false>>(&mut workload, name, times);
    let name = <InPlace<true> as Workers>::NAME;
    processes::<InPlace<true>>(&mut workload, name, times);
    workload.entry(Role::Raddle, "raddle-wasm", move || {
        let module = guests::plain();
        let pool = WasmPool::builder().module(module).workers(1);
        let pool = pool.build().unwrap();
        let echo = pool.bytes_function("echo").unwrap();
        let exchange = |bytes| pool.submit_bytes(&echo, bytes).result().unwrap();
        round(times, measured(LEN, times, exchange))
    });
    workload
}
