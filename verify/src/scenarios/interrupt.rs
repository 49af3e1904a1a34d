//! Interrupting an isolate's task beside its end, and the timer of deadlines.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::isolate::deadlines::NEVER;
use raddle::isolate::deadlines::Timer;
use raddle::isolate::interrupt::{Cause, Interrupts, Ticket};
use std::time::{Duration, Instant};

/// What the interrupter of isolate 0 touches, and each of the isolate's tasks too, but only outside of an interruption that is meant
/// for it. The checker finds both at a time.
struct Touched(UnsafeCell<u32>);

// SAFETY: what the models check.
unsafe impl Send for Touched {}
// SAFETY: as above.
unsafe impl Sync for Touched {}

impl Touched {
    fn touch(&self) {
        // SAFETY: what the model checks: no two threads do this at a time.
        self.0.with_mut(|count| unsafe { *count += 1 });
    }

    fn count(&self) -> u32 {
        // SAFETY: as above.
        self.0.with(|count| unsafe { *count })
    }
}

/// Two isolates, of which one runs tasks. Its interrupter touches what its next task touches.
fn isolate() -> (Arc<Interrupts>, Arc<Touched>) {
    let touched = Arc::new(Touched(UnsafeCell::new(0)));
    let mine = Arc::clone(&touched);
    let interrupter = Box::new(move |isolate| {
        assert_eq!(isolate, 0);
        mine.touch();
    });
    (Arc::new(Interrupts::new(2, Some(interrupter))), touched)
}

fn ticket(interrupts: &Arc<Interrupts>, deadline: Option<Instant>) -> Arc<Ticket> {
    Arc::new(Ticket::new(Arc::clone(interrupts), deadline, None))
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(100_000)
}

/// Runs the task on isolate 0; `inside` is called in it. Returns what it comes to, and how often the interrupter was called for it.
fn run(ticket: &Ticket, inside: impl FnOnce()) -> (&'static str, u32) {
    let Ok(run) = ticket.begin(0) else {
        unreachable!("no deadline has passed")
    };
    let is_refused = run.is_refused;
    if !is_refused {
        inside();
    }
    let cause = run.end();
    let came_to = match cause {
        _ if is_refused => "kept from running",
        Some(Cause::Killed) => "killed",
        Some(Cause::TimedOut) => "timed out",
        None => "over",
    };
    (came_to, u32::from(cause.is_some()))
}

/// One task, which is killed, and then another one.
const KILL: Scenario = Scenario {
    name: "interrupt/kill",
    test: "interrupt::kill",
    shows: "the interrupter is called while the task runs for which it is meant, and has returned before the next one begins; a task that goes on after a kill has returned is interrupted",
    must: &["kept from running", "killed", "over"],
    loom: Loom::unbounded().at_least(54_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, None);
        let has_killed = Arc::new(AtomicU32::new(0));
        let theirs = (Arc::clone(&first), Arc::clone(&has_killed));
        let killer = thread::spawn(move || {
            assert!(theirs.0.kill());
            theirs.1.store(1, Release);
        });
        touched.touch();
        let (came_to, hits) = run(&first, || {
            assert!(
                has_killed.load(Acquire) == 0 || interrupts.is_interrupted(0),
                "the kill was lost"
            );
        });
        let next = ticket(&interrupts, None);
        let running = next.begin(0).ok().unwrap();
        touched.touch();
        assert_eq!(running.end(), None, "the next one was hit");
        killer.join().unwrap();
        assert_eq!(touched.count(), 2 + hits, "the interrupter is called once");
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// Two threads kill one task.
const TWO_KILLERS: Scenario = Scenario {
    name: "interrupt/two_killers",
    test: "interrupt::two_killers",
    shows: "the interrupter is called once",
    must: &["kept from running", "killed", "over"],
    threads: 3,
    loom: Loom::bound(3).at_least(18_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, None);
        let killers = [(), ()].map(|()| {
            let theirs = Arc::clone(&first);
            thread::spawn(move || theirs.kill())
        });
        let (came_to, hits) = run(&first, || ());
        for killer in killers {
            assert!(killer.join().unwrap());
        }
        assert_eq!(touched.count(), hits);
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// A killer beside the timer, whose time has come.
const KILL_BESIDE_TIMER: Scenario = Scenario {
    name: "interrupt/kill_beside_timer",
    test: "interrupt::kill_beside_timer",
    shows: "a task that is killed as its deadline passes is interrupted once, and the timer does not touch it when it is over",
    must: &["kept from running", "killed", "timed out", "over"],
    threads: 3,
    loom: Loom::bound(3).at_least(9_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, Some(later()));
        let theirs = Arc::clone(&first);
        let killer = thread::spawn(move || theirs.kill());
        let of_timer = Arc::clone(&interrupts);
        let timer = thread::spawn(move || of_timer.expire(NEVER - 1));
        let (came_to, hits) = run(&first, || ());
        drop(first);
        let next = ticket(&interrupts, None);
        let running = next.begin(0).ok().unwrap();
        touched.touch();
        assert_eq!(running.end(), None, "the next one was hit");
        killer.join().unwrap();
        assert_eq!(timer.join().unwrap(), NEVER);
        assert_eq!(touched.count(), 1 + hits, "the interrupter is called once");
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// The timer, whose time has come, and a next task whose cell lies where that of the first one was.
const SAME_PLACE: Scenario = Scenario {
    name: "interrupt/same_place",
    test: "interrupt::same_place",
    shows: "the timer does not take a task for the one that was in its place",
    must: &["timed out", "over"],
    loom: Loom::unbounded().at_least(75),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let of_timer = Arc::clone(&interrupts);
        let timer = thread::spawn(move || of_timer.expire(NEVER - 1));
        let mut place = Ticket::new(Arc::clone(&interrupts), Some(later()), None);
        let (came_to, hits) = run(&place, || ());
        place = Ticket::new(Arc::clone(&interrupts), None, None);
        let running = place.begin(0).ok().unwrap();
        touched.touch();
        assert_eq!(running.end(), None, "the next one was hit");
        assert_eq!(timer.join().unwrap(), NEVER);
        assert_eq!(touched.count(), 1 + hits, "the interrupter is called once");
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// What an interrupter does to a word, and a task that sees it.
const SEEN: Scenario = Scenario {
    name: "interrupt/seen",
    test: "interrupt::seen",
    shows: "a task that sees an effect of the interrupter finds itself interrupted",
    must: &["saw it", "did not see it"],
    loom: Loom::unbounded().at_least(210),
    shuttle: Shuttle::sampled(500),
    body: |out| {
        let word = Arc::new(AtomicU32::new(0));
        let theirs = Arc::clone(&word);
        let interrupter = Box::new(move |_| theirs.store(1, Relaxed));
        let interrupts = Arc::new(Interrupts::new(1, Some(interrupter)));
        let first = ticket(&interrupts, None);
        let Ok(run) = first.begin(0) else {
            unreachable!("no killer yet")
        };
        let theirs = Arc::clone(&first);
        let killer = thread::spawn(move || theirs.kill());
        let saw = word.load(Relaxed) == 1;
        assert!(!saw || interrupts.is_interrupted(0));
        run.end();
        killer.join().unwrap();
        out.saw(if saw { "saw it" } else { "did not see it" });
    },
    ..Scenario::EMPTY
};

/// A task with a deadline begins as the timer has woken for another reason.
const ANNOUNCE: Scenario = Scenario {
    name: "interrupt/announce",
    test: "interrupt::announce",
    shows: "a deadline that is announced while the timer looks is not missed",
    must: &["seen by the look", "left for the next one"],
    loom: Loom::unbounded().at_least(400),
    shuttle: Shuttle::sampled(500),
    body: |out| {
        let (interrupts, _) = isolate();
        let early = 1;
        interrupts.deadlines.look_again_at(early);
        let of_timer = Arc::clone(&interrupts);
        let timer = thread::spawn(move || {
            assert!(of_timer.deadlines.take_due(early));
            let earliest = of_timer.expire(early);
            of_timer.deadlines.look_again_at(earliest);
            earliest != NEVER
        });
        let first = ticket(&interrupts, Some(later()));
        let run = first.begin(0).ok().unwrap();
        let seen = timer.join().unwrap();
        assert!(
            interrupts.deadlines.take_due(NEVER - 1),
            "the timer would sleep for ever"
        );
        drop(run);
        out.saw(if seen {
            "seen by the look"
        } else {
            "left for the next one"
        });
    },
    ..Scenario::EMPTY
};

/// The timer's thread beside a task with a deadline that does not pass, and the end of the pool.
const TIMER: Scenario = Scenario {
    name: "interrupt/timer",
    test: "interrupt::timer",
    shows: "the end of the pool ends the timer, whatever it does at that moment",
    must: &["over"],
    loom: Loom::bound(3).at_least(4_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let timer = Timer::start(&interrupts).unwrap();
        let first = ticket(&interrupts, Some(later()));
        let (came_to, hits) = run(&first, || ());
        drop(timer);
        assert_eq!(touched.count(), hits);
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[
    KILL,
    TWO_KILLERS,
    KILL_BESIDE_TIMER,
    SAME_PLACE,
    SEEN,
    ANNOUNCE,
    TIMER,
];
