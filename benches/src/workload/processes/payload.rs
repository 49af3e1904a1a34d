//! P3: bytes to another process, where they are looked at, and back, one exchange after the other;
//! bytes in and bytes out over the time. One worker.

#[cfg(feature = "iceoryx2")]
use crate::contender::processes::iceoryx2;
#[cfg(feature = "raddle")]
use crate::contender::processes::raddle::{InPlace, Raddle};
use crate::contender::processes::{
    Payload, Polling, check, ipc_channel, mark, procspawn, socketpair,
};
use crate::contender::python::{self, Ask, Pool};
use crate::document::Role;
use crate::floor::shared::{Copies, Spinning};
use crate::measure::place::on_core;
use crate::measure::round::{Options, Round, Workload};
use std::time::Instant;

/// Names, bytes, and exchanges in a round.
const SIZES: [(&str, &str, usize, usize); 6] = [
    ("P3-64B", "64 bytes", 64, 5_000),
    ("P3-4K", "4 KiB", 4 << 10, 5_000),
    ("P3-64K", "64 KiB", 64 << 10, 1_000),
    ("P3-1M", "1 MiB", 1 << 20, 100),
    ("P3-16M", "16 MiB", 16 << 20, 10),
    ("P3-64M", "64 MiB", 64 << 20, 3),
];

/// P3 for each size.
pub fn workloads(options: &Options) -> Vec<Workload> {
    SIZES.into_iter().map(|size| sized(size, options)).collect()
}

fn sized(
    (id, text, len, times): (&'static str, &str, usize, usize),
    options: &Options,
) -> Workload {
    let title = format!("{text} to another process and back, per exchange");
    let mut workload = Workload::new(id, title, "us");
    let times = options.tasks(times).max(1);
    workload.entry(Role::Floor, "memcpy, once in and once out", move || {
        let copies = Copies::default();
        copied(len, times, |from, to| copies.there_and_back(from, to))
    });
    type Way = fn(&mut Spinning, &[u8], &mut [u8]);
    let ways: [(&str, Way); 3] = [
        ("ring, looked at in place: 2 copies", Spinning::in_place),
        ("ring, owned at both ends: 4 copies", Spinning::owned),
        ("the same in parts, both sides copying", Spinning::streamed),
    ];
    for (name, exchange) in ways {
        let (caller, worker) = options.cores.unzip();
        workload.entry(Role::Bound, name, move || {
            let mut ring = Spinning::start_on(worker);
            on_core(caller, || {
                copied(len, times, |from, to| exchange(&mut ring, from, to))
            })
        });
    }
    add::<procspawn::Procspawn>(&mut workload, len, times);
    add::<ipc_channel::IpcBytes>(&mut workload, len, times);
    add::<ipc_channel::IpcShared>(&mut workload, len, times);
    add::<socketpair::Socketpair>(&mut workload, len, times);
    #[cfg(feature = "iceoryx2")]
    workload.polling(
        Role::Peer,
        options,
        move |pool: &mut iceoryx2::Iceoryx2Bytes, _| {
            measured(len, times, |bytes| pool.exchange(bytes))
        },
    );
    python::add(
        &mut workload,
        Pool::Process,
        1,
        Ask::Payload(len),
        (times / 20).max(1),
    );
    #[cfg(feature = "raddle")]
    {
        add::<Raddle>(&mut workload, len, times);
        add::<InPlace<false>>(&mut workload, len, times);
        add::<InPlace<true>>(&mut workload, len, times);
    }
    workload
}

fn add<C: Payload>(workload: &mut Workload, len: usize, times: usize) {
    workload.entry(C::ROLE, C::NAME, move || {
        let mut pool = C::start(1);
        measured(len, (times / C::SLOWER).max(1), |bytes| {
            pool.exchange(bytes)
        })
    });
}

/// Exchanges that copy into a buffer which is there: like an allocator that gives the last one again.
fn copied(len: usize, times: usize, mut exchange: impl FnMut(&[u8], &mut [u8])) -> Round {
    let mut other = vec![0; len];
    measured(len, times, |bytes| {
        exchange(&bytes, &mut other);
        std::mem::replace(&mut other, bytes)
    })
}

/// The answer of one exchange is the argument of the next. What the marks do not show, a comparison
/// of all bytes does, out of the time.
fn measured(len: usize, times: usize, mut exchange: impl FnMut(Vec<u8>) -> Vec<u8>) -> Round {
    let content: Vec<u8> = (0..len).map(|i| (i % 251 * 7) as u8).collect();
    let mut bytes = content.clone();
    let mut once = |mut bytes: Vec<u8>, turn| {
        mark(&mut bytes, turn);
        let bytes = exchange(bytes);
        assert_eq!(bytes.len(), len, "a wrong answer came back");
        assert_eq!(check(&bytes), turn, "a wrong answer came back");
        bytes
    };
    // The first touch of all memory is not in the figure, nor is the start of the worker.
    for turn in 0..2 {
        bytes = once(bytes, turn);
    }
    let start = Instant::now();
    for turn in 0..times {
        bytes = once(bytes, turn as u64);
    }
    let took = start.elapsed();
    let mut right = content;
    mark(&mut right, times as u64 - 1);
    assert!(bytes == right, "other bytes came back");
    Round::of_bytes(2 * len, took.as_nanos() as f64 / times as f64)
}
