//! The queue between processes: a guest dies after each of its steps. The maker learns of the death and recovers, while others are at
//! work. Only the item in the dead guest's hands may be lost, and no thread sleeps on.

use super::process_queue_kit::{Why, get, get_all, put, queue};
use crate::sync::faults::mortal;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::shm::queue::{Found, Kind};
use std::sync::Mutex;

/// A number that is not 0, by how many items there were.
fn count(items: &[u64]) -> &'static str {
    match items {
        [] => "none",
        [1] => "one",
        [1, 2] => "two",
        other => panic!("{other:?}"),
    }
}

/// A guest dies while it puts two items. There is room for both.
const PUT: Scenario = Scenario {
    name: "process_queue/death_put",
    test: "process_queue_death::put",
    shows: "the items that a dead sender put are there, whole and once; then the queue ends",
    must: &["none", "one", "two"],
    cuts: true,
    loom: Loom::unbounded().at_least(1),
    shuttle: Shuttle::random(100),
    body: |out| {
        let queue = queue(2);
        let (guest, end) = queue.guest_with(2, Kind::Sender);
        queue.maker.unmake(Kind::Sender);
        let dying = thread::spawn(move || {
            mortal(|| {
                put(&guest, 1).unwrap();
                put(&guest, 2).unwrap();
            });
        });
        dying.join().unwrap();
        queue.maker.recover(2);
        queue.maker.untie(end, Kind::Sender);
        out.saw(count(&get_all(&queue.maker)));
    },
    ..Scenario::EMPTY
};

/// A guest dies while it gets, and the maker puts. What the guest had taken in hand before its death may be lost.
const GET: Scenario = Scenario {
    name: "process_queue/death_get",
    test: "process_queue_death::get",
    shows: "a dead receiver costs at most the item in its hands",
    must: &["lost none", "lost one"],
    cuts: true,
    threads: 3,
    loom: Loom::bound(1).at_least(2),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(2);
        let (guest, end) = queue.guest_with(2, Kind::Receiver);
        let got = std::sync::Arc::new(Mutex::new(Vec::new()));
        let theirs = std::sync::Arc::clone(&got);
        let dying = thread::spawn(move || {
            mortal(|| {
                let number = get(&guest).unwrap();
                theirs.lock().unwrap().push(number);
            });
        });
        let maker = Arc::clone(&queue.maker);
        let putter = thread::spawn(move || {
            put(&maker, 1).unwrap();
            put(&maker, 2).unwrap();
            maker.unmake(Kind::Sender);
        });
        dying.join().unwrap();
        queue.maker.recover(2);
        queue.maker.untie(end, Kind::Receiver);
        putter.join().unwrap();
        let mut all = std::mem::take(&mut *got.lock().unwrap());
        all.extend(get_all(&queue.maker));
        match *all {
            [1, 2] => out.saw("lost none"),
            [2] => out.saw("lost one"),
            _ => panic!("{all:?}"),
        }
    },
    ..Scenario::EMPTY
};

/// A guest dies while it puts an item for which another guest waits. The dead one owes a wake.
const WAITER: Scenario = Scenario {
    name: "process_queue/death_waiter",
    test: "process_queue_death::waiter",
    shows: "a receiver that waits is woken by the item, or by the recovery",
    must: &["got it", "closed"],
    cuts: true,
    threads: 3,
    loom: Loom::bound(1).at_least(300),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(1);
        let (guest, end) = queue.guest_with(2, Kind::Sender);
        let other = queue.guest(3);
        queue.maker.unmake(Kind::Sender);
        let waiter = thread::spawn(move || get(&other));
        let dying = thread::spawn(move || {
            mortal(|| put(&guest, 1).unwrap());
        });
        dying.join().unwrap();
        queue.maker.untie(end, Kind::Sender);
        queue.maker.recover(2);
        match waiter.join().unwrap() {
            Ok(number) => {
                assert_eq!(number, 1);
                out.saw("got it");
            }
            Err(why) => {
                assert_eq!(why, Why::Closed);
                assert_eq!(queue.maker.get(false), Found::Closed);
                out.saw("closed");
            }
        }
    },
    ..Scenario::EMPTY
};

/// A guest dies while it gets, which makes room for an item that another guest waits to put.
const ROOM: Scenario = Scenario {
    name: "process_queue/death_room",
    test: "process_queue_death::room",
    shows: "a sender that waits is woken by the room, or learns that the only receiver is dead",
    must: &["went in", "closed"],
    cuts: true,
    threads: 3,
    loom: Loom::bound(1).at_least(300),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(1);
        put(&queue.maker, 1).unwrap();
        let (guest, end) = queue.guest_with(2, Kind::Receiver);
        let other = queue.guest(3);
        queue.maker.unmake(Kind::Receiver);
        let waiter = thread::spawn(move || put(&other, 2));
        let dying = thread::spawn(move || {
            mortal(|| {
                let _ = get(&guest);
            });
        });
        dying.join().unwrap();
        queue.maker.untie(end, Kind::Receiver);
        queue.maker.recover(2);
        out.saw(match waiter.join().unwrap() {
            Ok(()) => "went in",
            Err(Why::Closed) => "closed",
            Err(other) => panic!("{other:?}"),
        });
    },
    ..Scenario::EMPTY
};

/// A guest dies between the words of its end's life: it takes the end and drops it. Then the task is over.
const END: Scenario = Scenario {
    name: "process_queue/death_end",
    test: "process_queue_death::end",
    shows: "the end of a dead guest is gone, however far it came, and its word is free",
    must: &["ok"],
    cuts: true,
    loom: Loom::bound(2).at_least(1_000),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(1);
        let end = queue.maker.offer(Kind::Sender).unwrap();
        queue.maker.unmake(Kind::Sender);
        let guest = queue.guest(2);
        let dying = thread::spawn(move || {
            mortal(|| {
                assert!(guest.accept(end, Kind::Sender));
                guest.leave(end, Kind::Sender);
            });
        });
        let maker = Arc::clone(&queue.maker);
        let parent = thread::spawn(move || {
            dying.join().unwrap();
            maker.recover(2);
            maker.untie(end, Kind::Sender);
        });
        assert_eq!(get(&queue.maker), Err(Why::Closed));
        parent.join().unwrap();
        assert_eq!(queue.maker.offer(Kind::Receiver), Some(end));
        out.saw("ok");
    },
    threads: 3,
    ..Scenario::EMPTY
};

/// The dead guest's task runs again: the end that it had is there for the next worker, and that of another guest is untouched.
const AGAIN: Scenario = Scenario {
    name: "process_queue/death_again",
    test: "process_queue_death::again",
    shows: "a task that runs again finds its end; the ends of others stay",
    must: &["ok"],
    cuts: true,
    loom: Loom::bound(2).at_least(1),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(2);
        let (other, theirs) = queue.guest_with(3, Kind::Sender);
        queue.maker.untie(theirs, Kind::Sender);
        let end = queue.maker.offer(Kind::Sender).unwrap();
        queue.maker.unmake(Kind::Sender);
        let guest = queue.guest(2);
        let dying = thread::spawn(move || {
            mortal(|| {
                assert!(guest.accept(end, Kind::Sender));
                guest.leave(end, Kind::Sender);
            });
        });
        put(&other, 1).unwrap();
        dying.join().unwrap();
        queue.maker.recover(2);
        let next = queue.guest(4);
        assert!(next.accept(end, Kind::Sender));
        other.leave(theirs, Kind::Sender);
        put(&next, 2).unwrap();
        next.leave(end, Kind::Sender);
        queue.maker.untie(end, Kind::Sender);
        assert_eq!(get_all(&queue.maker), [1, 2]);
        out.saw("ok");
    },
    ..Scenario::EMPTY
};

/// A guest dies as it closes the queue, for which another one waits.
const CLOSE: Scenario = Scenario {
    name: "process_queue/death_close",
    test: "process_queue_death::close",
    shows: "a receiver learns that the queue is closed, or gets the next item",
    must: &["closed", "got it"],
    cuts: true,
    threads: 3,
    loom: Loom::bound(1).at_least(300),
    shuttle: Shuttle::sampled(300),
    body: |out| {
        let queue = queue(1);
        let (guest, other) = (queue.guest(2), queue.guest(3));
        let waiter = thread::spawn(move || get(&other));
        let dying = thread::spawn(move || {
            mortal(|| guest.close());
        });
        dying.join().unwrap();
        queue.maker.recover(2);
        let put = put(&queue.maker, 1);
        out.saw(match (waiter.join().unwrap(), put) {
            (Err(Why::Closed), Err(Why::Closed)) => "closed",
            (Ok(1), Ok(())) => "got it",
            other => panic!("{other:?}"),
        });
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[PUT, GET, WAITER, ROOM, END, AGAIN, CLOSE];
