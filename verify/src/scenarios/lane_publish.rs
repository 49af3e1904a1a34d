//! Requests and replies: what was published arrives whole, in order and once; a slot is used again.

use super::lane_kit::{DONE, lane, seq, serve, slept, submit, take, take_number, wait};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::{Body, Payload, SLOTS, Seq};
use std::mem::MaybeUninit;

/// One task there and back. The worker may have gone to sleep.
const ONE: Scenario = Scenario {
    name: "lane/one",
    test: "lane_publish::one",
    shows: "there and back, worker awake or asleep",
    must: &["awake", "slept"],
    faults: 1,
    loom: Loom::unbounded().at_least(5_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let serving = thread::spawn(move || {
            let request = worker.next().expect("not closed");
            super::lane_kit::reply_to(&mut worker, &request);
        });
        let first = submit(&parent, 7);
        assert_eq!(first, seq(0));
        serving.join().unwrap();
        assert!(parent.has_reply(first));
        take_number(&parent, first, 7);
        assert_eq!(parent.depth(), 0);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two producers: each has its number, and the worker sees the tasks in the order of the numbers.
const TWO_PRODUCERS: Scenario = Scenario {
    name: "lane/two_producers",
    test: "lane_publish::two_producers",
    shows: "in the order of the numbers",
    must: &["1 before 2", "2 before 1"],
    threads: 3,
    loom: Loom::bound(2).at_least(6_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let other = Arc::clone(&parent);
        let producer = thread::spawn(move || submit(&other, 1));
        let serving = thread::spawn(move || {
            [(); 2].map(|()| {
                let request = worker.next().expect("not closed");
                super::lane_kit::reply_to(&mut worker, &request)
            })
        });
        let mine = submit(&parent, 2);
        let theirs = producer.join().unwrap();
        let served = serving.join().unwrap();
        let order = if theirs.since(seq(0)) < mine.since(seq(0)) {
            [1, 2]
        } else {
            [2, 1]
        };
        assert_eq!(served, order);
        for (n, value) in order.into_iter().enumerate() {
            take_number(&parent, seq(n as u32), value);
        }
        out.saw(if order[0] == 1 {
            "1 before 2"
        } else {
            "2 before 1"
        });
    },
    ..Scenario::EMPTY
};

/// More tasks than slots: the third is refused until a reply has been taken, and then uses the slots of
/// the first. No side reads what belongs to another lap.
const LAP: Scenario = Scenario {
    name: "lane/lap",
    test: "lane_publish::lap",
    shows: "three tasks through two slots",
    must: &["done"],
    loom: Loom::bound(2).at_least(19_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, worker) = (lane.parent, lane.worker);
        let serving = thread::spawn(move || serve(worker));
        let total = SLOTS as u32 + 1;
        for n in 0..SLOTS as u32 {
            submit(&parent, u64::from(n));
        }
        assert!(parent.is_full() && parent.reserve().is_none());
        wait(&parent, seq(0));
        take_number(&parent, seq(0), 0);
        submit(&parent, u64::from(total - 1));
        parent.close();
        let served = serving.join().unwrap();
        assert_eq!(served, (0..u64::from(total)).collect::<Vec<_>>());
        for n in 1..total {
            take_number(&parent, seq(n), u64::from(n));
        }
        assert!(parent.lock().take().expect("no violation").is_none());
        out.saw("done");
    },
    ..Scenario::EMPTY
};

/// A producer uses the slot that another thread's taking has freed.
const FREED_SLOT: Scenario = Scenario {
    name: "lane/freed_slot",
    test: "lane_publish::freed_slot",
    shows: "refused, or a slot that another thread's taking freed",
    must: &["refused", "taken over"],
    loom: Loom::unbounded().at_least(10),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        for n in 0..SLOTS as u64 {
            submit(&parent, n);
        }
        let request = worker.next().expect("published");
        super::lane_kit::reply_to(&mut worker, &request);
        let other = Arc::clone(&parent);
        let producer = thread::spawn(move || {
            let seq = other.reserve()?;
            other.publish(seq, 142, Body::Inline(&42_u64.to_ne_bytes()));
            Some(seq)
        });
        take_number(&parent, seq(0), 0);
        let taken_over = producer.join().unwrap();
        parent.close();
        let served = serve(worker);
        assert_eq!(served.last() == Some(&42), taken_over.is_some());
        out.saw(if taken_over.is_some() {
            "taken over"
        } else {
            "refused"
        });
    },
    ..Scenario::EMPTY
};

/// What a lane's owner keeps for each slot: the thread that reserved the number may write it until the publication, the
/// lock's holder after that.
struct Records([UnsafeCell<u64>; SLOTS]);

// SAFETY: loom watches that one thread at a time uses a cell.
unsafe impl Sync for Records {}

impl Records {
    fn put(&self, seq: Seq, value: u64) {
        // SAFETY: as the type says.
        self.0[seq.slot()].with_mut(|record| unsafe { *record = value });
    }

    fn take(&self, seq: Seq) -> u64 {
        // SAFETY: as the type says.
        self.0[seq.slot()].with_mut(|record| unsafe { std::mem::take(&mut *record) })
    }
}

/// Two producers use slots that another thread's taking has freed, and what belongs to the slots.
const FREED_RECORDS: Scenario = Scenario {
    name: "lane/freed_records",
    test: "lane_publish::freed_records",
    shows: "what belongs to a slot is one thread's at a time",
    must: &["none", "one", "two"],
    threads: 3,
    loom: Loom::bound(2).at_least(5_500),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(0);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let records = Arc::new(Records([(); SLOTS].map(|()| UnsafeCell::new(0))));
        for n in 0..SLOTS as u64 {
            records.put(submit(&parent, n), n + 1);
            let request = worker.next().expect("published");
            super::lane_kit::reply_to(&mut worker, &request);
        }
        let producers = [7, 8].map(|value: u64| {
            let (parent, records) = (Arc::clone(&parent), Arc::clone(&records));
            thread::spawn(move || {
                let Some(seq) = parent.reserve() else {
                    return 0;
                };
                records.put(seq, value);
                parent.publish(seq, 0, Body::Inline(&value.to_ne_bytes()));
                1
            })
        });
        for n in 0..SLOTS as u64 {
            let taken = parent.lock().take_with(|reply| records.take(reply.seq));
            let record = taken.expect("no violation").expect("a reply");
            assert_eq!(record, n + 1);
        }
        let more: u32 = producers
            .map(|producer| producer.join().unwrap())
            .iter()
            .sum();
        out.saw(["none", "one", "two"][more as usize]);
    },
    ..Scenario::EMPTY
};

const LONG: u32 = 60;

fn fill(region: raddle::shm::Region<'_>, value: u8) {
    region.write(0, &[value; LONG as usize]);
}

fn check(region: raddle::shm::Region<'_>, value: u8) {
    let mut bytes = [MaybeUninit::uninit(); LONG as usize];
    assert_eq!(region.read(0, &mut bytes), [value; LONG as usize]);
}

fn span_of(payload: &Payload) -> raddle::shm::Span {
    match payload {
        Payload::Span(span) => *span,
        Payload::Inline(_) => panic!("a long payload"),
    }
}

/// Long payloads through an arena with space for one: the parent frees its span with the reply, the
/// worker frees its own when it is released, and sleeps until then. loom sees a span that is
/// written while the other side reads it.
const SPANS: Scenario = Scenario {
    name: "lane/spans",
    test: "lane_publish::spans",
    shows: "long payloads through arenas with space for one",
    must: &["awake", "slept"],
    loom: Loom::bound(2).at_least(2_700),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let lane = lane(64);
        let (parent, mut worker) = (lane.parent, lane.worker);
        let send = |value: u8| {
            let seq = parent.reserve().expect("a free slot");
            let span = parent.allocate(LONG).expect("space");
            fill(parent.request_region(span), value);
            parent.publish(seq, 0, Body::Span(span));
            span
        };
        let receive = |span, seq: Seq, value: u8| {
            parent.free(span);
            let reply = super::lane_kit::take(&parent);
            assert_eq!((reply.seq, reply.status), (seq, DONE));
            check(parent.reply_region(span_of(&reply.payload)), value + 1);
            parent.lock().release(seq);
        };
        let first = send(1);
        assert!(parent.allocate(LONG).is_none(), "the arena is used up");
        let serving = thread::spawn(move || {
            for value in [1, 2] {
                let request = worker.next().expect("not closed");
                check(worker.request_region(span_of(&request.payload)), value);
                let span = worker.allocate(LONG).expect("it fits");
                fill(worker.reply_region(span), value + 1);
                worker.reply(request.seq, DONE, Body::Span(span));
            }
            assert!(worker.allocate(65).is_err(), "more than the arena has");
        });
        wait(&parent, seq(0));
        // The parent's span is free as soon as the reply is there, the worker's only later.
        parent.free(first);
        let second = send(2);
        let reply = take(&parent);
        check(parent.reply_region(span_of(&reply.payload)), 2);
        parent.lock().release(seq(0));
        serving.join().unwrap();
        receive(second, seq(1), 2);
        assert_eq!(parent.lock().reading(), 0);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[ONE, TWO_PRODUCERS, LAP, FREED_SLOT, FREED_RECORDS, SPANS];
