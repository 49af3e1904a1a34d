//! The queue between processes: its operations beside each other. No item is lost, doubled or torn, and no thread sleeps while there is
//! what it waits for.

use super::process_queue_kit::{Why, get, get_all, get_timed, put, queue, slept};
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::queue::{Found, Kind, QueueViolation};
use std::time::Duration;

/// A limit that only a fault reaches.
const LONG: Duration = Duration::from_secs(100_000);

/// The maker puts two items through room for one; a guest gets them, and then learns that the last sender is gone.
const TO_GUEST: Scenario = Scenario {
    name: "process_queue/to_guest",
    test: "process_queue::to_guest",
    shows: "two items through room for one, in their order, and then the end",
    must: &["slept"],
    may: &["did not sleep"],
    faults: 1,
    loom: Loom::bound(1).at_least(10_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let (guest, end) = queue.guest_with(2, Kind::Receiver);
        let getter = thread::spawn(move || {
            let all = get_all(&guest);
            guest.leave(end, Kind::Receiver);
            all
        });
        queue.maker.unmake(Kind::Receiver);
        for number in [1, 2] {
            put(&queue.maker, number).unwrap();
        }
        queue.maker.unmake(Kind::Sender);
        assert_eq!(getter.join().unwrap(), [1, 2]);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The other way: a guest puts, the maker gets.
const FROM_GUEST: Scenario = Scenario {
    name: "process_queue/from_guest",
    test: "process_queue::from_guest",
    shows: "a guest that drops the last sender ends the maker's wait",
    must: &["slept"],
    may: &["did not sleep"],
    loom: Loom::bound(1).at_least(30_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let (guest, end) = queue.guest_with(2, Kind::Sender);
        queue.maker.untie(end, Kind::Sender);
        queue.maker.unmake(Kind::Sender);
        let putter = thread::spawn(move || {
            put(&guest, 1).unwrap();
            put(&guest, 2).unwrap();
            guest.leave(end, Kind::Sender);
        });
        assert_eq!(get_all(&queue.maker), [1, 2]);
        putter.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two guests put at the same time.
const TWO_SENDERS: Scenario = Scenario {
    name: "process_queue/two_senders",
    test: "process_queue::two_senders",
    shows: "the items of two guests, one after the other",
    must: &["1 2", "2 1"],
    threads: 3,
    loom: Loom::bound(1).at_least(60_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let putters = [2, 3].map(|number| {
            let guest = queue.guest(number);
            thread::spawn(move || put(&guest, u64::from(number) - 1).unwrap())
        });
        let [one, two] = [(), ()].map(|()| get(&queue.maker).unwrap());
        for putter in putters {
            putter.join().unwrap();
        }
        assert_eq!(queue.maker.get(false), Found::Empty(None));
        out.saw(format!("{one} {two}"));
    },
    ..Scenario::EMPTY
};

/// Two receivers: a guest, and a thread of the maker beside the one that puts.
const TWO_RECEIVERS: Scenario = Scenario {
    name: "process_queue/two_receivers",
    test: "process_queue::two_receivers",
    shows: "each of two receivers, in two processes, gets one of two items",
    must: &["1 2", "2 1"],
    threads: 3,
    loom: Loom::bound(1).at_least(5_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let (guest, maker) = (queue.guest(2), Arc::clone(&queue.maker));
        let getters = [
            thread::spawn(move || get(&guest).unwrap()),
            thread::spawn(move || get(&maker).unwrap()),
        ];
        for number in [1, 2] {
            put(&queue.maker, number).unwrap();
        }
        let [one, two] = getters.map(|getter| getter.join().unwrap());
        out.saw(format!("{one} {two}"));
    },
    ..Scenario::EMPTY
};

/// Two guests drop the last two senders at the same time, while the maker waits.
const LAST_TWO: Scenario = Scenario {
    name: "process_queue/last_two",
    test: "process_queue::last_two",
    shows: "of two that drop the last two ends, one finds that none is left",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(3).at_least(30_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let guests = [2, 3].map(|number| {
            let (guest, end) = queue.guest_with(number, Kind::Sender);
            queue.maker.untie(end, Kind::Sender);
            (guest, end)
        });
        queue.maker.unmake(Kind::Sender);
        let leavers =
            guests.map(|(guest, end)| thread::spawn(move || guest.leave(end, Kind::Sender)));
        assert_eq!(get(&queue.maker), Err(Why::Closed));
        for leaver in leavers {
            leaver.join().unwrap();
        }
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The maker drops its own sender while a guest takes the one that it was sent, uses it and drops it, and while the task ends.
const SENT: Scenario = Scenario {
    name: "process_queue/sent",
    test: "process_queue::sent",
    shows: "an end that is under way counts; the queue ends with it",
    must: &["slept"],
    may: &["did not sleep"],
    threads: 3,
    loom: Loom::bound(1).at_least(7_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let end = queue.maker.offer(Kind::Sender).unwrap();
        let (guest, maker) = (queue.guest(2), Arc::clone(&queue.maker));
        let worker = thread::spawn(move || {
            assert!(guest.accept(end, Kind::Sender));
            put(&guest, 1).unwrap();
            guest.leave(end, Kind::Sender);
        });
        let parent = thread::spawn(move || {
            maker.unmake(Kind::Sender);
            worker.join().unwrap();
            maker.untie(end, Kind::Sender);
        });
        assert_eq!(get_all(&queue.maker), [1]);
        parent.join().unwrap();
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The maker sends an end and then drops its own sender, while a guest drops the other one.
const SENT_LAST: Scenario = Scenario {
    name: "process_queue/sent_last",
    test: "process_queue::sent_last",
    shows: "a guest that finds the maker's ends gone finds the end that the maker sent before",
    must: &["ok"],
    loom: Loom::unbounded().at_least(20_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let queue = queue(1);
        let (guest, end) = queue.guest_with(2, Kind::Sender);
        queue.maker.untie(end, Kind::Sender);
        let leaver = thread::spawn(move || guest.leave(end, Kind::Sender));
        let sent = queue.maker.offer(Kind::Sender).unwrap();
        queue.maker.unmake(Kind::Sender);
        leaver.join().unwrap();
        assert_eq!(queue.maker.get(false), Found::Empty(None));
        queue.maker.untie(sent, Kind::Sender);
        assert_eq!(queue.maker.get(false), Found::Closed);
        out.saw("ok");
    },
    ..Scenario::EMPTY
};

/// A task ends while the guest that keeps its end drops it.
const UNTIE: Scenario = Scenario {
    name: "process_queue/untie",
    test: "process_queue::untie",
    shows: "an end that is dropped as its task ends is gone, and its word is free",
    must: &["ok"],
    loom: Loom::unbounded().at_least(2),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let queue = queue(1);
        let (guest, end) = queue.guest_with(2, Kind::Sender);
        queue.maker.unmake(Kind::Sender);
        let leaver = thread::spawn(move || guest.leave(end, Kind::Sender));
        queue.maker.untie(end, Kind::Sender);
        leaver.join().unwrap();
        assert_eq!(queue.maker.get(false), Found::Closed);
        assert_eq!(queue.maker.offer(Kind::Receiver), Some(end));
        out.saw("ok");
    },
    ..Scenario::EMPTY
};

/// One closes the queue while a sender and a receiver are at work.
const CLOSE: Scenario = Scenario {
    name: "process_queue/close",
    test: "process_queue::close",
    shows: "a closed queue gives what went in before, and no more",
    must: &["got it", "refused"],
    threads: 3,
    loom: Loom::bound(2).at_least(30_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let (putter, getter) = (queue.guest(2), queue.guest(3));
        let putter = thread::spawn(move || put(&putter, 1));
        let getter = thread::spawn(move || get(&getter));
        queue.maker.close();
        match (putter.join().unwrap(), getter.join().unwrap()) {
            (Ok(()), Ok(1)) => out.saw("got it"),
            (Err(Why::Closed), Err(Why::Closed)) => out.saw("refused"),
            other => panic!("{other:?}"),
        }
    },
    ..Scenario::EMPTY
};

/// A sender waits for room when the queue is closed, or the last receiver goes.
const CLOSE_FULL: Scenario = Scenario {
    name: "process_queue/close_full",
    test: "process_queue::close_full",
    shows: "a sender that waits for room learns that no receiver is left",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::bound(3).at_least(200),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        put(&queue.maker, 1).unwrap();
        let guest = queue.guest(2);
        let putter = thread::spawn(move || put(&guest, 2));
        queue.maker.unmake(Kind::Receiver);
        assert_eq!(putter.join().unwrap(), Err(Why::Closed));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// A receiver with a time limit, which may pass while an item comes.
const TIMED: Scenario = Scenario {
    name: "process_queue/timed",
    test: "process_queue::timed",
    shows: "an item that comes as the time passes is got, or stays",
    must: &["got it", "timed out"],
    faults: 2,
    loom: Loom::bound(3).at_least(1_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let guest = queue.guest(2);
        let putter = thread::spawn(move || put(&guest, 1).unwrap());
        match get_timed(&queue.maker, Some(LONG)) {
            Ok(number) => {
                assert_eq!(number, 1);
                putter.join().unwrap();
                assert_eq!(queue.maker.get(false), Found::Empty(None));
                out.saw("got it");
            }
            Err(why) => {
                assert_eq!(why, Why::TimedOut);
                putter.join().unwrap();
                assert_eq!(get(&queue.maker), Ok(1));
                out.saw("timed out");
            }
        }
    },
    ..Scenario::EMPTY
};

/// A guest writes over the positions. The process that sees it first tells the others.
const SPOILED: Scenario = Scenario {
    name: "process_queue/spoiled",
    test: "process_queue::spoiled",
    shows: "impossible positions break the queue for all, and no thread sleeps on",
    must: &["broken", "got it"],
    loom: Loom::bound(2).at_least(18_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let queue = queue(1);
        let guest = queue.guest(2);
        let hostile = thread::spawn(move || {
            put(&guest, 1).unwrap();
            guest.spoil_positions(5, 7);
            assert!(matches!(put(&guest, 2), Err(Why::Broken(_))));
        });
        let outcome = get(&queue.maker);
        hostile.join().unwrap();
        let broken = Err(Why::Broken(QueueViolation::Reported));
        match outcome {
            Ok(number) => {
                assert_eq!(number, 1);
                assert_eq!(get(&queue.maker), broken);
                out.saw("got it");
            }
            Err(Why::Broken(_)) => {
                assert!(matches!(get(&queue.maker), Err(Why::Broken(_))));
                out.saw("broken");
            }
            Err(other) => panic!("{other:?}"),
        }
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    TO_GUEST,
    FROM_GUEST,
    TWO_SENDERS,
    TWO_RECEIVERS,
    LAST_TWO,
    SENT,
    SENT_LAST,
    UNTIE,
    CLOSE,
    CLOSE_FULL,
    TIMED,
    SPOILED,
];
