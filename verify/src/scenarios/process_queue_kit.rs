//! A queue in plain memory, and what its sides do in the scenarios.

use crate::sync::Arc;
use crate::sync::faults;
use raddle::shm::Segment;
use raddle::shm::queue::{Found, Holder, Kind, Put, QueueSide, QueueViolation, QueueWords, Shape};
use std::time::{Duration, Instant};

/// The maker's number; guests have others.
pub const MAKER: u32 = 1;

pub struct Queue {
    pub maker: Arc<QueueSide>,
    segment: Segment<QueueWords>,
    shape: Shape,
}

/// Why there is no item, or no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    Closed,
    TimedOut,
    Broken(QueueViolation),
}

/// A queue with room for `bound` numbers.
pub fn queue(bound: u64) -> Queue {
    let shape = Shape {
        bound,
        item_bytes: 8,
    };
    let segment = Segment::<QueueWords>::heap(shape.arena().expect("a small one"));
    // A process that has died looks alive until it is reaped.
    let judge = |_, _: &mut u64| Holder::Alive;
    let maker = QueueSide::make(segment.share(), shape, MAKER, judge);
    Queue {
        maker: Arc::new(maker),
        segment,
        shape,
    }
}

impl Queue {
    /// A guest without an end.
    pub fn guest(&self, number: u32) -> QueueSide {
        QueueSide::join(self.segment.share(), self.shape, number)
    }

    /// A guest with an end that the maker has sent it, and the number of the end.
    pub fn guest_with(&self, number: u32, kind: Kind) -> (QueueSide, usize) {
        let end = self.maker.offer(kind).expect("a free word");
        let guest = self.guest(number);
        assert!(guest.accept(end, kind));
        (guest, end)
    }
}

fn deadline(limit: Option<Duration>) -> Option<Instant> {
    limit.and_then(|limit| Instant::now().checked_add(limit))
}

/// Puts a number in; waits for room.
pub fn put(side: &QueueSide, number: u64) -> Result<(), Why> {
    loop {
        match side.put(0, &number.to_ne_bytes(), true) {
            Put::Done => return Ok(()),
            Put::Full(seen) => assert!(side.sleep(Kind::Sender, seen.expect("it waits"), None)),
            Put::Closed => return Err(Why::Closed),
            Put::Broken(violation) => return Err(Why::Broken(violation)),
        }
    }
}

/// Gets a number; waits for one.
pub fn get(side: &QueueSide) -> Result<u64, Why> {
    get_timed(side, None)
}

/// As [`get`], with a time limit, which only a fault reaches.
pub fn get_timed(side: &QueueSide, limit: Option<Duration>) -> Result<u64, Why> {
    let deadline = deadline(limit);
    let mut waits = true;
    loop {
        match side.get(waits) {
            Found::Item(0, bytes) => {
                let bytes = bytes.try_into().expect("a whole number");
                return Ok(u64::from_ne_bytes(bytes));
            }
            Found::Item(form, _) => panic!("form {form}"),
            Found::Empty(Some(seen)) => waits = side.sleep(Kind::Receiver, seen, deadline),
            Found::Empty(None) => return Err(Why::TimedOut),
            Found::Closed => return Err(Why::Closed),
            Found::Broken(violation) => return Err(Why::Broken(violation)),
        }
    }
}

/// Gets until the queue is closed.
pub fn get_all(side: &QueueSide) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        match get(side) {
            Ok(number) => all.push(number),
            Err(why) => {
                assert_eq!(why, Why::Closed);
                return all;
            }
        }
    }
}

pub fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "did not sleep"
    }
}
