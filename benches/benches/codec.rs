//! The payloads of a process pool, encoded and decoded: raddle's codec, postcard, and a copy of as many bytes.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use raddle::codec::{self, Part, SharedSink, SharedSource, SliceSink};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Duration;

/// Copies of the kind that is sound in shared memory: the processor's own, which the compiler sees nothing of.
struct Opaque;

// SAFETY: it copies as many bytes as `to` has.
#[cfg(target_arch = "x86_64")]
unsafe impl codec::Copies for Opaque {
    #[inline]
    unsafe fn copy_in(to: *mut u8, from: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { rep_movsb(from.as_ptr(), to, from.len()) };
    }

    #[inline]
    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]) {
        // SAFETY: the caller's promise.
        unsafe { rep_movsb(from, to.as_mut_ptr().cast(), to.len()) };
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn rep_movsb(from: *const u8, to: *mut u8, length: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        std::arch::asm!(
            "rep movsb",
            inout("rsi") from => _,
            inout("rdi") to => _,
            inout("rcx") length => _,
            options(nostack, preserves_flags),
        );
    }
}

// SAFETY: it copies as many bytes as `to` has.
#[cfg(not(target_arch = "x86_64"))]
unsafe impl codec::Copies for Opaque {
    unsafe fn copy_in(to: *mut u8, from: &[u8]) {
        // SAFETY: the caller's promise.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    }

    unsafe fn copy_out(from: *const u8, to: &mut [MaybeUninit<u8>]) {
        // SAFETY: the caller's promise.
        unsafe { from.copy_to_nonoverlapping(to.as_mut_ptr().cast(), to.len()) };
    }
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Debug)]
struct Order {
    id: u64,
    customer: String,
    lines: Vec<Line>,
    note: Option<String>,
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Debug)]
struct Line {
    article: u32,
    count: u16,
    price: f64,
    state: State,
}

#[derive(Clone, Serialize, Deserialize, PartialEq, Debug)]
enum State {
    Open,
    Sent { day: u32 },
}

fn order() -> Order {
    let line = |n: u32| Line {
        article: 100_000 + n,
        count: n as u16,
        price: f64::from(n) * 1.25,
        state: match n % 2 {
            0 => State::Open,
            _ => State::Sent { day: n },
        },
    };
    Order {
        id: 1 << 40,
        customer: "Ada Lovelace".into(),
        lines: (0..20).map(line).collect(),
        note: Some("leave it at the door".into()),
    }
}

fn map() -> HashMap<String, Vec<u32>> {
    let entry = |n: u32| (format!("key {n}"), (n..n + 16).collect());
    (0..64).map(entry).collect()
}

fn payload<T>(criterion: &mut Criterion, name: &str, value: T)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let size = codec::size(&value, Part::Argument).expect("it can be encoded");
    let mut room = vec![0; size];
    let post = postcard::to_allocvec(&value).expect("it can be encoded");
    let mut post_room = vec![0; post.len()];
    println!("{name}: {size} bytes, with postcard {}", post.len());

    let mut group = criterion.benchmark_group(format!("encode/{name}"));
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function(BenchmarkId::from_parameter("memcpy"), |b| {
        let from = vec![1; size];
        b.iter(|| black_box(&mut room[..]).copy_from_slice(black_box(&from)));
    });
    group.bench_function(BenchmarkId::from_parameter("raddle"), |b| {
        b.iter(|| {
            let size = codec::size(black_box(&value), Part::Argument).expect("as before");
            let sink = SliceSink::new(&mut room[..size]);
            codec::write(black_box(&value), Part::Argument, sink).expect("as before");
        });
    });
    group.bench_function(BenchmarkId::from_parameter("raddle-shared"), |b| {
        b.iter(|| {
            let size = codec::size(black_box(&value), Part::Argument).expect("as before");
            // SAFETY: there is so much room.
            let sink = unsafe { SharedSink::<Opaque>::new(room.as_mut_ptr(), size) };
            codec::write(black_box(&value), Part::Argument, sink).expect("as before");
        });
    });
    group.bench_function(BenchmarkId::from_parameter("postcard"), |b| {
        b.iter(|| {
            postcard::to_slice(black_box(&value), &mut post_room)
                .expect("as before")
                .len()
        });
    });
    group.bench_function(BenchmarkId::from_parameter("postcard-measured"), |b| {
        b.iter(|| {
            let size = postcard::experimental::serialized_size(black_box(&value)).expect("known");
            postcard::to_slice(black_box(&value), &mut post_room[..size])
                .expect("as before")
                .len()
        });
    });
    group.finish();

    codec::write(&value, Part::Argument, SliceSink::new(&mut room)).expect("as before");
    let mut group = criterion.benchmark_group(format!("decode/{name}"));
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_function(BenchmarkId::from_parameter("memcpy"), |b| {
        b.iter(|| black_box(&room).clone());
    });
    group.bench_function(BenchmarkId::from_parameter("raddle"), |b| {
        b.iter(|| codec::read::<T, _>(Part::Result, black_box(&room[..])).expect("as before"));
    });
    group.bench_function(BenchmarkId::from_parameter("raddle-shared"), |b| {
        b.iter(|| {
            let room = black_box(&room[..]);
            // SAFETY: the bytes stay where they are.
            let source = unsafe { SharedSource::<Opaque>::new(room.as_ptr(), room.len()) };
            codec::read::<T, _>(Part::Result, source).expect("as before")
        });
    });
    group.bench_function(BenchmarkId::from_parameter("postcard"), |b| {
        b.iter(|| postcard::from_bytes::<T>(black_box(&post)).expect("as before"));
    });
    group.finish();

    let back: T = codec::read(Part::Result, &room[..]).expect("as before");
    assert_eq!(back, value);
}

fn benches(criterion: &mut Criterion) {
    payload(criterion, "u64", 1_u64 << 40);
    payload(criterion, "u32_string", (7_u32, "warp and weft".to_owned()));
    payload(criterion, "order_20_lines", order());
    payload(criterion, "map_64_x_16", map());
    payload(criterion, "bytes_1m", vec![7_u8; 1 << 20]);
    payload(criterion, "f64_1m", vec![0.1_f64; (1 << 20) / 8]);
}

fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
        .configure_from_args()
}

criterion_group!(name = payloads; config = config(); targets = benches);
criterion_main!(payloads);
