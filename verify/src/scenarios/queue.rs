//! The bounded queue: no item is lost or doubled, and no thread sleeps while there is what it waits for.

use crate::sync::{faults, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::isolate::{QueueError, queue};
use std::time::Duration;

/// A limit that only a fault reaches.
const LONG: Duration = Duration::from_secs(100_000);

fn slept() -> &'static str {
    if faults::waits().0 > 0 {
        "slept"
    } else {
        "did not sleep"
    }
}

/// A sender that finds the queue full beside a receiver that may find it empty.
const PUT_GET: Scenario = Scenario {
    name: "queue/put_get",
    test: "queue::put_get",
    shows: "two items through room for one, in their order",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::bound(3).at_least(20_000),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let putter = thread::spawn(move || {
            for item in [1, 2] {
                sender.put(item).unwrap();
            }
        });
        assert_eq!(receiver.get(), Ok(1));
        assert_eq!(receiver.get(), Ok(2));
        putter.join().unwrap();
        assert_eq!(receiver.get(), Err(QueueError::Closed));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// Two receivers, each of which gets one of two items.
const TWO_RECEIVERS: Scenario = Scenario {
    name: "queue/two_receivers",
    test: "queue::two_receivers",
    shows: "each of two receivers gets one of two items",
    must: &["1 2", "2 1"],
    threads: 3,
    loom: Loom::bound(2).at_least(2_900),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let getters = [(), ()].map(|()| {
            let receiver = receiver.clone();
            thread::spawn(move || receiver.get().unwrap())
        });
        for item in [1, 2] {
            sender.put(item).unwrap();
        }
        let [one, two] = getters.map(|getter| getter.join().unwrap());
        assert_eq!(receiver.try_get(), Err(QueueError::Empty));
        out.saw(format!("{one} {two}"));
    },
    ..Scenario::EMPTY
};

/// Two senders with room for one item.
const TWO_SENDERS: Scenario = Scenario {
    name: "queue/two_senders",
    test: "queue::two_senders",
    shows: "the items of two senders, one after the other",
    must: &["1 2", "2 1"],
    threads: 3,
    loom: Loom::bound(2).at_least(5_700),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let putters = [1, 2].map(|item| {
            let sender = sender.clone();
            thread::spawn(move || sender.put(item).unwrap())
        });
        let [one, two] = [(), ()].map(|()| receiver.get().unwrap());
        for putter in putters {
            putter.join().unwrap();
        }
        assert!(receiver.is_empty());
        out.saw(format!("{one} {two}"));
    },
    ..Scenario::EMPTY
};

/// The last sender goes while a receiver waits, or before it does.
const NO_SENDER: Scenario = Scenario {
    name: "queue/no_sender",
    test: "queue::no_sender",
    shows: "a receiver learns that the senders are gone, after the last item",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::bound(3).at_least(500),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let getter = thread::spawn(move || (receiver.get(), receiver.get()));
        sender.put(1).unwrap();
        drop(sender);
        assert_eq!(getter.join().unwrap(), (Ok(1), Err(QueueError::Closed)));
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// The last receiver goes while a sender waits for room, or before it does.
const NO_RECEIVER: Scenario = Scenario {
    name: "queue/no_receiver",
    test: "queue::no_receiver",
    shows: "a sender that waits for room learns that the receivers are gone",
    must: &["slept", "did not sleep"],
    faults: 1,
    loom: Loom::unbounded().at_least(4_400),
    shuttle: Shuttle::exhaustive().at_least(2),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        sender.put(1).unwrap();
        let putter = thread::spawn(move || sender.put(2).unwrap_err().why);
        drop(receiver);
        assert_eq!(putter.join().unwrap(), QueueError::Closed);
        out.saw(slept());
    },
    ..Scenario::EMPTY
};

/// One closes the queue while a sender and a receiver of it are at work.
const CLOSE: Scenario = Scenario {
    name: "queue/close",
    test: "queue::close",
    shows: "a closed queue gives what went in before, and no more",
    must: &["got it", "refused"],
    threads: 3,
    loom: Loom::bound(3).at_least(3_300),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let end = receiver.clone();
        let putter = thread::spawn(move || sender.put(1));
        let getter = thread::spawn(move || receiver.get());
        end.close();
        let (put, got) = (putter.join().unwrap(), getter.join().unwrap());
        match put {
            Ok(()) => {
                assert_eq!(got, Ok(1));
                out.saw("got it");
            }
            Err(error) => {
                assert_eq!((error.item, error.why), (1, QueueError::Closed));
                assert_eq!(got, Err(QueueError::Closed));
                out.saw("refused");
            }
        }
    },
    ..Scenario::EMPTY
};

/// A receiver with a time limit, which may pass while an item comes.
const TIMED_GET: Scenario = Scenario {
    name: "queue/timed_get",
    test: "queue::timed_get",
    shows: "an item that comes as the time passes is got, or stays",
    must: &["got it", "timed out"],
    faults: 1,
    loom: Loom::unbounded().at_least(280),
    shuttle: Shuttle::exhaustive().at_least(2),
    body: |out| {
        let (sender, receiver) = queue(1).unwrap();
        let theirs = receiver.clone();
        let getter = thread::spawn(move || theirs.get_timeout(LONG));
        sender.put(1).unwrap();
        match getter.join().unwrap() {
            Ok(item) => {
                assert_eq!(item, 1);
                assert_eq!(receiver.try_get(), Err(QueueError::Empty));
                out.saw("got it");
            }
            Err(why) => {
                assert_eq!(why, QueueError::Empty);
                assert_eq!(receiver.try_get(), Ok(1));
                out.saw("timed out");
            }
        }
    },
    ..Scenario::EMPTY
};

/// Of two receivers the time of one passes while it is woken: the other one gets the item.
const TIMED_OF_TWO: Scenario = Scenario {
    name: "queue/timed_of_two",
    test: "queue::timed_of_two",
    shows: "a wake that reaches a receiver whose time has passed is not lost",
    must: &["both", "one"],
    faults: 1,
    threads: 3,
    loom: Loom::bound(3).at_least(17_000),
    shuttle: Shuttle::sampled(3_000),
    body: |out| {
        let (sender, receiver) = queue(2).unwrap();
        let (first, second) = (receiver.clone(), receiver.clone());
        let timed = thread::spawn(move || first.get_timeout(LONG));
        let patient = thread::spawn(move || second.get().unwrap());
        sender.put(1).unwrap();
        sender.put(2).unwrap();
        let patient = patient.join().unwrap();
        match timed.join().unwrap() {
            Ok(item) => {
                assert_eq!(item + patient, 3);
                out.saw("both");
            }
            Err(_) => {
                assert_eq!(receiver.try_get().unwrap() + patient, 3);
                out.saw("one");
            }
        }
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    PUT_GET,
    TWO_RECEIVERS,
    TWO_SENDERS,
    NO_SENDER,
    NO_RECEIVER,
    CLOSE,
    TIMED_GET,
    TIMED_OF_TWO,
];
