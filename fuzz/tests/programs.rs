//! The corpus and programs from fixed seeds, through the same functions as under cargo-fuzz.
//!
//! `RADDLE_FUZZ_PROGRAMS` sets how many from seeds each subject runs, `RADDLE_FUZZ_FIRST` the first seed.

use raddle_fuzz::marks::Marks;
use raddle_fuzz::{
    Subject, bytes, codec_ops, future_ops, guest_ops, lane_ops, map_ops, pool_ops, replay,
};
use std::{env, fs};

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(text.parse().expect("a number of programs or a seed"))
}

fn programs(subject: Subject, count: u64) {
    let mut reached = Marks::default();
    let corpus = replay::corpus(subject).expect("the corpus is committed");
    assert!(!corpus.is_empty(), "seeds are committed");
    for path in corpus {
        let data = fs::read(&path).expect("a file of the corpus");
        let name = path.file_name().expect("a file").to_string_lossy();
        reached.add(&replay::run(subject, &name, &data));
    }
    let first = number("RADDLE_FUZZ_FIRST").unwrap_or(1);
    let count = number("RADDLE_FUZZ_PROGRAMS").unwrap_or(count);
    for seed in first..first + count {
        let data = bytes::from_seed(seed);
        reached.add(&replay::run(subject, &format!("seed {seed}"), &data));
    }
    let unreached = reached.unreached(subject.reachable);
    assert!(unreached.is_empty(), "never reached: {unreached:?}");
}

#[test]
fn futures() {
    programs(future_ops::SUBJECT, 4000);
}

#[test]
fn pools() {
    programs(pool_ops::SUBJECT, 2000);
}

#[test]
fn maps() {
    programs(map_ops::SUBJECT, 2000);
}

#[test]
fn lanes() {
    programs(lane_ops::SUBJECT, 2000);
}

#[test]
fn guests() {
    programs(guest_ops::SUBJECT, 10_000);
}

#[test]
fn payloads() {
    programs(codec_ops::SUBJECT, 20_000);
}
