//! The limits themselves: a line or a wake, there and back, between two placed threads.

use super::parked::Parked;
use super::spinning::Spinning;
use crate::measure::place::on_core;
use crate::measure::round::Round;
use std::time::Instant;

/// One way of a cache line between two cores, in nanoseconds: half a round trip of the mailbox.
pub fn cache_line(cores: (usize, usize), trips: usize) -> Round {
    on_core(Some(cores.0), || {
        let mailbox = Spinning::new(Some(cores.1));
        one_way(trips, |x| mailbox.call(x))
    })
}

/// One way of a futex wake between two cores, or on one if both are the same.
pub fn futex(cores: (usize, usize), trips: usize) -> Round {
    on_core(Some(cores.0), || {
        let mailbox = Parked::new(Some(cores.1));
        one_way(trips, |x| mailbox.call(x))
    })
}

fn one_way(trips: usize, mut call: impl FnMut(u32) -> u32) -> Round {
    for x in 0..trips as u32 / 20 {
        call(x);
    }
    let start = Instant::now();
    let mut x = 1;
    for _ in 0..trips {
        x = call(x);
    }
    let ns = start.elapsed().as_nanos() as f64;
    std::hint::black_box(x);
    Round::of(ns / trips as f64 / 2.0)
}

/// One allocation of 16 bytes and its release, on one thread.
pub fn malloc(times: usize) -> Round {
    let start = Instant::now();
    for i in 0..times {
        drop(std::hint::black_box(Box::new([i, i])));
    }
    Round::of(start.elapsed().as_nanos() as f64 / times as f64)
}
