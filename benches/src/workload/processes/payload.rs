//! P3: bytes to another process, where they are looked at, and back, one exchange after the other;
//! bytes in and bytes out over the time. One worker.

use crate::carriers;
#[cfg(feature = "iceoryx2")]
use crate::contender::processes::iceoryx2;
use crate::contender::processes::{Payload, Polling, check, mark};
use crate::contender::python::{self, Ask, Pool};
use crate::document::Role;
use crate::floor::shared::{Copies, Spinning};
use crate::measure::place::on_core;
use crate::measure::round::{Options, Round, Workload};
use std::time::{Duration, Instant};

/// Names, bytes, and exchanges in a round.
pub const SIZES: [(&str, &str, usize, usize); 6] = [
    ("64B", "64 bytes", 64, 5_000),
    ("4K", "4 KiB", 4 << 10, 5_000),
    ("64K", "64 KiB", 64 << 10, 1_000),
    ("1M", "1 MiB", 1 << 20, 100),
    ("16M", "16 MiB", 16 << 20, 10),
    ("64M", "64 MiB", 64 << 20, 3),
];

/// P3 for each size.
pub fn workloads(options: &Options) -> Vec<Workload> {
    SIZES.into_iter().map(|size| sized(size, options)).collect()
}

fn sized(
    (size, text, len, times): (&'static str, &str, usize, usize),
    options: &Options,
) -> Workload {
    let title = format!("{text} to another process and back, per exchange");
    let mut workload = Workload::new(format!("P3-{size}"), title, "us");
    let times = options.tasks(times).max(1);
    workload.entry(Role::Floor, "memcpy, once in and once out", move || {
        let copies = Copies::default();
        let took = copied(len, times, |from, to| copies.there_and_back(from, to));
        round(len, times, took)
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
            let took = on_core(caller, || {
                copied(len, times, |from, to| exchange(&mut ring, from, to))
            });
            round(len, times, took)
        });
    }
    #[cfg(feature = "iceoryx2")]
    workload.polling(
        Role::Peer,
        options,
        move |pool: &mut iceoryx2::Iceoryx2Bytes, _| {
            round(
                len,
                times,
                measured(len, times, |bytes| pool.exchange(bytes)),
            )
        },
    );
    python::add(
        &mut workload,
        Pool::Process,
        1,
        Ask::Payload(len),
        (times / 20).max(1),
    );
    let mut exchanges = Exchanges {
        workload,
        len,
        times,
    };
    carriers!(exchanges);
    exchanges.workload
}

struct Exchanges {
    workload: Workload,
    len: usize,
    times: usize,
}

impl Exchanges {
    fn carrier<C: Payload>(&mut self) {
        let (len, times) = (self.len, (self.times / C::SLOWER).max(1));
        self.workload.entry(C::ROLE, C::NAME, move || {
            let mut pool = C::start(1);
            round(
                len,
                times,
                measured(len, times, |bytes| pool.exchange(bytes)),
            )
        });
    }
}

fn round(len: usize, times: usize, took: Duration) -> Round {
    Round::of_bytes(2 * len, took.as_nanos() as f64 / times as f64)
}

/// Exchanges that copy into a buffer which is there: like an allocator that gives the last one again.
pub fn copied(len: usize, times: usize, mut exchange: impl FnMut(&[u8], &mut [u8])) -> Duration {
    let mut other = vec![0; len];
    measured(len, times, |bytes| {
        exchange(&bytes, &mut other);
        std::mem::replace(&mut other, bytes)
    })
}

/// The time of so many exchanges, after two that are not in it. The answer of one is the argument of the next. What the
/// marks do not show, a comparison of all bytes does, out of the time.
pub fn measured(
    len: usize,
    times: usize,
    mut exchange: impl FnMut(Vec<u8>) -> Vec<u8>,
) -> Duration {
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
    took
}
