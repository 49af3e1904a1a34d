//! The queue between processes: rows Q13 and up.

use crate::kit::{FileGate, lines, note, pid, pool, send, until, wait_at, watch};
use raddle::process::{PutError, QueueError};
use raddle::process::{Receiver, Sender, queue};
use raddle::{Executor, ProcessPool, TaskError};
use serde::de::value::{self, SeqDeserializer};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(100_000);

/// Gets until the queue is closed, and returns the items.
fn get_all(items: Receiver<u64>) -> Vec<u64> {
    std::iter::from_fn(|| items.get().ok()).collect()
}

fn put_all((items, from, to): (Sender<u64>, u64, u64)) {
    for item in from..to {
        items.put(item).unwrap();
    }
}

#[test]
fn q13_items_go_between_threads_and_workers() {
    let _watch = watch();
    let pool = pool(3);
    let (sender, receiver) = queue::<u64>(4, 8).unwrap();
    let putters = [(0, 100), (100, 200)].map(|(from, to)| {
        let task = (sender.clone(), from, to);
        pool.submit(put_all, task)
    });
    let theirs = pool.submit(get_all, receiver.clone());
    let here = thread::spawn(move || get_all(receiver));
    let thread = thread::spawn(move || put_all((sender, 200, 300)));
    thread.join().unwrap();
    for putter in putters {
        putter.result().unwrap();
    }
    let mut all = theirs.result().unwrap();
    all.extend(here.join().unwrap());
    all.sort_unstable();
    assert_eq!(all, (0..300).collect::<Vec<_>>());
}

#[test]
fn q13_the_items_of_a_sender_keep_their_order() {
    let _watch = watch();
    let pool = pool(1);
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    let putter = pool.submit(put_all, (sender.clone(), 0, 500));
    drop(sender);
    assert_eq!(get_all(receiver), (0..500).collect::<Vec<_>>());
    putter.result().unwrap();
}

#[test]
fn q13_a_restarted_worker_gets_its_ends() {
    let _watch = watch();
    let pool = pool(1);
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    for round in 0..3 {
        pool.submit(put_all, (sender.clone(), round, round + 1))
            .result()
            .unwrap();
        assert_eq!(receiver.get(), Ok(round));
        let old = pool.submit(pid, ()).result().unwrap();
        send(old, libc::SIGKILL);
        until(|| pool.stats().pids().iter().any(|&pid| pid != old));
    }
}

#[test]
fn q13_items_are_of_any_type_of_payload() {
    let _watch = watch();
    /// In the described form.
    #[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
    #[serde(untagged)]
    enum Any {
        Text(String),
        Numbers(Vec<f64>),
    }
    type Item = (String, Option<Vec<u8>>, Any);
    fn back((from, to): (Receiver<Item>, Sender<Item>)) {
        while let Ok(item) = from.get() {
            to.put(item).unwrap();
        }
    }
    let pool = pool(1);
    let (sender, there) = queue::<Item>(3, 1 << 16).unwrap();
    let (here, receiver) = queue::<Item>(3, 1 << 16).unwrap();
    let task = pool.submit(back, (there, here));
    for bytes in [0, 1, 50, 5000] {
        let any = match bytes {
            1 => Any::Text("weft".to_owned()),
            _ => Any::Numbers(vec![0.5; bytes]),
        };
        let item = ("warp".repeat(bytes), Some(vec![7; bytes]), any);
        sender.put(item.clone()).unwrap();
        assert_eq!(receiver.get(), Ok(item));
    }
    drop(sender);
    task.result().unwrap();
}

#[test]
fn q14_an_item_that_is_too_long_is_refused() {
    let _watch = watch();
    let (sender, receiver) = queue::<Vec<u8>>(2, 100).unwrap();
    sender.put(vec![1; 96]).unwrap();
    let PutError { item, why } = sender.put(vec![1; 97]).unwrap_err();
    assert_eq!(item, [1; 97]);
    let (bytes, limit) = (101, 100);
    assert_eq!(why, QueueError::TooLarge { bytes, limit });
    let text = why.to_string();
    for word in ["101", "100", "item_bytes"] {
        assert!(text.contains(word), "{text}");
    }
    assert_eq!(receiver.get(), Ok(vec![1; 96]));
    assert_eq!(receiver.try_get(), Err(QueueError::Empty));
}

#[test]
fn q14_a_queue_for_nothing_and_one_without_end_are_refused() {
    let _watch = watch();
    assert_eq!(queue::<u8>(0, 8).unwrap_err(), QueueError::ZeroBound);
    for (bound, item_bytes) in [
        (usize::MAX, 8),
        (8, usize::MAX),
        (1 << 40, 1 << 40),
        (1 << 30, 1 << 20),
    ] {
        let error = queue::<u8>(bound, item_bytes).unwrap_err();
        assert!(matches!(error, QueueError::Memory { .. }), "{error}");
    }
    let (sender, receiver) = queue::<()>(1, 1).unwrap();
    sender.put(()).unwrap();
    receiver.get().unwrap();
}

#[test]
fn q15_the_last_end_of_a_task_closes_the_queue() {
    let _watch = watch();
    let pool = pool(2);
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    // Nothing but the task has a sender, before it begins and while it runs.
    let task = pool.submit(put_all, (sender, 0, 2));
    assert_eq!(get_all(receiver), [0, 1]);
    task.result().unwrap();

    let (sender, receiver) = queue::<u64>(1, 8).unwrap();
    let task = pool.submit(|receiver: Receiver<u64>| receiver.get().unwrap(), receiver);
    let mut item = 0;
    let why = loop {
        match sender.put(item) {
            Ok(()) => item += 1,
            Err(error) => break error.why,
        }
    };
    assert_eq!(why, QueueError::Closed);
    assert_eq!(task.result().unwrap(), 0);
}

/// The task drops its end long before it is over.
#[test]
fn q15_an_end_that_a_task_drops_is_gone_before_the_task_is() {
    let _watch = watch();
    fn drop_and_wait((sender, gate): (Sender<u64>, PathBuf)) {
        sender.put(1).unwrap();
        drop(sender.clone());
        drop(sender);
        wait_at(gate);
    }
    let (pool, gate) = (pool(1), FileGate::new());
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    let task = pool.submit(drop_and_wait, (sender, gate.path()));
    assert_eq!(get_all(receiver), [1]);
    assert!(!task.is_done());
    gate.open();
    task.result().unwrap();
}

/// A worker keeps an end when its task is over.
#[test]
fn q15_an_end_that_a_worker_keeps_is_there_until_it_ends() {
    let _watch = watch();
    fn keep(sender: Sender<u64>) {
        sender.put(1).unwrap();
        std::mem::forget(sender);
    }
    let pool = pool(1);
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    pool.submit(keep, sender).result().unwrap();
    assert_eq!(receiver.get(), Ok(1));
    assert_eq!(receiver.try_get(), Err(QueueError::Empty));
    let waits = thread::spawn(move || receiver.get());
    drop(pool);
    assert_eq!(waits.join().unwrap(), Err(QueueError::Closed));
}

/// Two workers have the only ends, and one dies.
#[test]
fn q15_workers_that_alone_have_ends_learn_of_each_others_death() {
    let _watch = watch();
    static KEPT: std::sync::OnceLock<Receiver<u64>> = std::sync::OnceLock::new();
    fn keep_sender(sender: Sender<u64>) {
        sender.put(1).unwrap();
        std::mem::forget(sender);
    }
    fn keep_receiver(receiver: Receiver<u64>) {
        KEPT.set(receiver).unwrap();
    }
    fn get(_: ()) -> (Option<u64>, bool) {
        let receiver = KEPT.get().unwrap();
        let first = receiver.get().ok();
        (first, receiver.get() == Err(QueueError::Closed))
    }
    let (one, other) = (pool(1), pool(1));
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    one.submit(keep_sender, sender).result().unwrap();
    other.submit(keep_receiver, receiver).result().unwrap();
    let waits = other.submit(get, ());
    until(|| waits.is_running());
    send(one.stats().pids()[0], libc::SIGKILL);
    assert_eq!(waits.result().unwrap(), (Some(1), true));
}

#[test]
fn q15_an_end_whose_task_never_runs_is_gone_with_it() {
    let _watch = watch();
    let (pool, gate) = (pool(1), FileGate::new());
    let held = pool.submit(wait_at, gate.path());
    until(|| held.is_running());
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    let task = pool.submit(put_all, (sender, 0, 1));
    assert_eq!(receiver.try_get(), Err(QueueError::Empty));
    assert!(task.cancel());
    assert_eq!(receiver.get(), Err(QueueError::Closed));
    gate.open();
    held.result().unwrap();
    // A pool that is closed takes no task, and no end.
    pool.shutdown(raddle::Shutdown::Drain).unwrap();
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    assert!(pool.submit(put_all, (sender, 0, 1)).result().is_err());
    assert_eq!(receiver.get(), Err(QueueError::Closed));
}

/// The worker dies with the only sender, and with the only receiver, of those that wait for it.
#[test]
fn q15_the_ends_of_a_dead_worker_are_gone() {
    let _watch = watch();
    let pool = pool(1);
    fn die(_: (Option<Sender<u64>>, Option<Receiver<u64>>)) {
        std::process::abort();
    }
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    let task = pool.submit(die, (Some(sender), None));
    assert_eq!(receiver.get(), Err(QueueError::Closed));
    assert!(matches!(task.result(), Err(TaskError::WorkerLost(_))));

    let (sender, receiver) = queue::<u64>(1, 8).unwrap();
    sender.put(1).unwrap();
    let task = pool.submit(die, (None, Some(receiver)));
    assert_eq!(sender.put(2).unwrap_err().why, QueueError::Closed);
    assert!(matches!(task.result(), Err(TaskError::WorkerLost(_))));
}

/// A task that runs again finds its ends again.
#[test]
fn q15_a_task_that_runs_again_has_its_ends() {
    let _watch = watch();
    fn first_dies((sender, file): (Sender<u64>, PathBuf)) {
        note(&file, "ran");
        let runs = lines(&file) as u64;
        sender.put(runs).unwrap();
        if runs == 1 {
            std::process::abort();
        }
    }
    let (pool, gate) = (pool(1), FileGate::new());
    let (sender, receiver) = queue::<u64>(3, 8).unwrap();
    let task = pool.task().idempotent(3);
    let task = task.submit(first_dies, (sender, gate.file("runs")));
    assert_eq!(get_all(receiver), [1, 2]);
    task.result().unwrap();
}

/// Each item of a map has an end of its own.
#[test]
fn q15_ends_travel_in_chunks() {
    let _watch = watch();
    let pool = pool(2);
    let (sender, receiver) = queue::<u64>(1000, 8).unwrap();
    let items = (0..500).map(|n| (sender.clone(), n, n + 1));
    let results: Vec<_> = pool.map(put_all, items).collect();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    drop((results, sender));
    let mut all = get_all(receiver);
    all.sort_unstable();
    assert_eq!(all, (0..500).collect::<Vec<_>>());
}

#[test]
fn q16_timed_and_try_forms() {
    let _watch = watch();
    let (sender, receiver) = queue::<u64>(1, 8).unwrap();
    let soon = Duration::from_millis(5);
    let (empty, full) = (QueueError::Empty, QueueError::Full { bound: 1 });
    assert_eq!(receiver.get_timeout(soon), Err(empty.clone()));
    assert_eq!(receiver.get_timeout(Duration::ZERO), Err(empty.clone()));
    assert_eq!(receiver.try_get(), Err(empty));
    sender.put_timeout(1, LONG).unwrap();
    assert!(sender.is_full() && receiver.len() == 1);
    assert_eq!(sender.put_timeout(2, soon).unwrap_err().why, full);
    let PutError { item, why } = sender.try_put(3).unwrap_err();
    assert_eq!((item, why), (3, full));
    sender.close();
    assert_eq!(sender.put(4).unwrap_err().why, QueueError::Closed);
    assert_eq!(receiver.get_timeout(LONG), Ok(1));
    assert_eq!(receiver.get_timeout(LONG), Err(QueueError::Closed));
    assert_eq!((sender.bound(), receiver.item_bytes()), (1, 8));
    assert!(receiver.is_empty() && format!("{sender:?}").contains("bound: 1"));
}

#[test]
fn q17_an_end_in_another_process_says_so() {
    let _watch = watch();
    let text = |outcome: Result<(), TaskError>| match outcome {
        Err(TaskError::Payload(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let pool = pool(1);
    let (sender, receiver) = queue::<u64>(1, 8).unwrap();
    // Back, as a result.
    let back = pool.submit(|sender: Sender<u64>| sender, sender.clone());
    let error = text(back.result().map(drop));
    assert!(
        error.contains("from the process that made the queue"),
        "{error}"
    );
    // On, to a worker of a worker.
    fn on(sender: Sender<u64>) -> String {
        let pool = ProcessPool::new(1).unwrap();
        pool.submit(drop, sender).result().unwrap_err().to_string()
    }
    let error = pool.submit(on, sender.clone()).result().unwrap();
    assert!(
        error.contains("from the process that made the queue"),
        "{error}"
    );
    // In an item.
    let (ends, _inbox) = queue::<Sender<u64>>(1, 1000).unwrap();
    let error = ends.put(sender.clone()).unwrap_err().why;
    assert!(matches!(error, QueueError::Encode(_)), "{error}");
    // What cannot be.
    type Numbers = SeqDeserializer<std::array::IntoIter<u64, 6>, value::Error>;
    let forged = Numbers::new([1, 3, 5, 1, 8, 0].into_iter());
    let error = Sender::<u64>::deserialize(forged).unwrap_err();
    assert!(error.to_string().contains("process 1"), "{error}");
    drop(sender);
    assert_eq!(receiver.get(), Err(QueueError::Closed));
}

/// Workers are killed while they put and get numbers. Each number comes out once, but for those of the killed.
#[test]
fn q18_killed_workers_cost_at_most_their_items() {
    let _watch = watch();
    const EACH: u64 = 1 << 32;
    /// Puts numbers of its own until it is killed. Each number is noted before it is put, and after.
    fn put_until_killed((items, number, progress): (Sender<u64>, u64, Sender<(u64, bool)>)) {
        let mut next = number * EACH;
        while progress.put((next, false)).is_ok() {
            if items.put(next).is_err() || progress.put((next, true)).is_err() {
                return;
            }
            next += 1;
        }
    }
    /// Passes items on until it is killed.
    fn pass_until_killed((from, to): (Receiver<u64>, Sender<u64>)) {
        while let Ok(item) = from.get() {
            if to.put(item).is_err() {
                return;
            }
        }
    }
    let pool = ProcessPool::builder().workers(4).build().unwrap();
    let (items, middle) = queue::<u64>(2, 8).unwrap();
    let (onward, last) = queue::<u64>(2, 8).unwrap();
    let (progress, reports) = queue::<(u64, bool)>(4, 16).unwrap();
    let collector = thread::spawn(move || get_all(last));
    let reporter = thread::spawn(move || {
        let mut begun = HashSet::new();
        let mut put = HashSet::new();
        while let Ok((item, is_in)) = reports.get() {
            let all = if is_in { &mut put } else { &mut begun };
            assert!(all.insert(item), "{item} twice");
        }
        (begun, put)
    });
    const KILLS: u64 = 60;
    let start_putter =
        |number| pool.submit(put_until_killed, (items.clone(), number, progress.clone()));
    let start_passer = || pool.submit(pass_until_killed, (middle.clone(), onward.clone()));
    let mut running = vec![(true, start_putter(0)), (true, start_putter(1))];
    running.extend([(false, start_passer()), (false, start_passer())]);
    let mut dice = crate::kit::Dice(crate::kit::storm_seed());
    let mut number = 2;
    let mut killed_passers = 0;
    for _ in 0..KILLS {
        let (is_putter, task) = running.swap_remove(dice.below(4) as usize);
        until(|| task.is_running());
        // A while that differs each time.
        for _ in 0..dice.below(20_000) {
            std::hint::spin_loop();
        }
        assert!(task.kill());
        assert!(task.result().is_err());
        if is_putter {
            running.push((true, start_putter(number)));
            number += 1;
        } else {
            killed_passers += 1;
            running.push((false, start_passer()));
        }
    }
    // The end: all senders of items go, then all that pass them on.
    items.close();
    progress.close();
    drop((items, middle, onward, progress));
    for (_, task) in running {
        task.result().unwrap();
    }
    let all = collector.join().unwrap();
    let (begun, put) = reporter.join().unwrap();
    let got: HashSet<u64> = all.iter().copied().collect();
    assert_eq!(got.len(), all.len(), "an item came out twice");
    assert!(got.is_subset(&begun), "an item that was not put came out");
    let lost = put.difference(&got).count();
    assert!(
        lost <= killed_passers,
        "{lost} lost, {killed_passers} killed"
    );
    assert!(got.len() > 100, "{} items", got.len());
}

/// Where the words of a queue are: see `src/shm/queue/words.rs`.
mod place {
    pub const LOCK: usize = 128;
    pub const PUT: usize = 256;
    pub const GOT: usize = 384;
    pub const END: usize = 904 + 4 * 16_384;
    /// The first slot: the words take two of the largest pages.
    pub const SLOTS: usize = 2 << 16;
}

/// This worker's mapping of the queue's memory.
fn mapping() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps
        .lines()
        .find(|line| line.contains("raddle-queue"))
        .unwrap();
    usize::from_str_radix(line.split('-').next().unwrap(), 16).unwrap()
}

fn write<T>(at: usize, value: T) {
    let to = std::ptr::with_exposed_provenance_mut::<T>(mapping() + at);
    // SAFETY: within the mapping. That others use it, too, is the test.
    unsafe { to.write_volatile(value) };
}

/// A worker writes impossible things while the parent waits for an item. The parent gets an error.
#[test]
fn q19_what_cannot_be_breaks_the_queue() {
    let _watch = watch();
    fn attack((_sender, number): (Sender<u64>, u32)) {
        match number {
            0 => write(place::PUT, u64::MAX),
            1 => write(place::GOT, 7_u64),
            number => {
                // An item that is longer than its slot.
                write(place::SLOTS, if number == 2 { u32::MAX } else { 9 });
                write(place::PUT, 1_u64);
            }
        }
    }
    let pool = pool(1);
    for number in 0..4 {
        let (sender, receiver) = queue::<u64>(2, 8).unwrap();
        let waits = thread::spawn(move || [receiver.get(), receiver.get()]);
        pool.submit(attack, (sender.clone(), number))
            .result()
            .unwrap();
        // Wakes the receiver, or finds the queue broken itself.
        let _ = sender.try_put(5);
        for outcome in waits.join().unwrap() {
            assert!(
                matches!(outcome, Err(QueueError::ProtocolViolation { .. })),
                "{number}: {outcome:?}"
            );
        }
        let why = sender.put(1).unwrap_err().why;
        assert!(why.to_string().contains("make another queue"), "{why}");
    }
}

/// The lock names a process that cannot have it: none, the parent, a process of others, and a worker that is gone.
#[test]
fn q19_a_lock_that_no_process_holds_is_freed() {
    let _watch = watch();
    fn forge((_sender, word): (Sender<u64>, u32)) {
        write(place::LOCK, word);
    }
    let pool = pool(1);
    let (sender, receiver) = queue::<u64>(2, 8).unwrap();
    let dead = pool.stats().pids()[0];
    send(dead, libc::SIGKILL);
    until(|| pool.stats().pids().iter().any(|&pid| pid != dead));
    for holder in [dead, std::process::id(), 1, 0x003f_ffff] {
        pool.submit(forge, (sender.clone(), holder))
            .result()
            .unwrap();
        sender.put(7).unwrap();
        assert_eq!(receiver.get(), Ok(7));
    }
}

/// A worker writes anything anywhere until it is killed. Whatever becomes of the queue, no call of the parent hangs, and the pool goes on.
#[test]
fn q19_a_worker_that_scribbles_harms_only_the_queue() {
    let _watch = watch();
    fn scribble((_ends, seed): ((Sender<u64>, Receiver<u64>), u64)) {
        let mut dice = crate::kit::Dice(seed);
        loop {
            // All but the number of the queue.
            let at =
                (place::LOCK + dice.below((place::SLOTS + 256 - place::LOCK) as u64) as usize) & !7;
            let at = if dice.below(2) == 0 {
                at
            } else {
                at % place::END.min(1024)
            };
            if at >= place::LOCK {
                write(
                    at,
                    if dice.below(2) == 0 {
                        dice.roll()
                    } else {
                        dice.below(16)
                    },
                );
            }
        }
    }
    let pool = pool(2);
    for seed in 0..10 {
        let (sender, receiver) = queue::<u64>(2, 8).unwrap();
        let hostile = pool.submit(scribble, ((sender.clone(), receiver.clone()), seed));
        until(|| hostile.is_running());
        let mut outcomes = Vec::new();
        for number in 0..200 {
            let soon = Duration::from_millis(1);
            outcomes.push(sender.put_timeout(number, soon).map_err(|error| error.why));
            outcomes.push(receiver.get_timeout(soon).map(drop));
        }
        let waits = {
            let receiver = receiver.clone();
            thread::spawn(move || while receiver.get().is_ok() {})
        };
        assert!(hostile.kill());
        assert!(hostile.result().is_err());
        drop(receiver);
        // The last sender: whatever the words say, the receiver's wait is over.
        drop(sender);
        waits.join().unwrap();
    }
    crate::kit::echo_all(&pool);
}
