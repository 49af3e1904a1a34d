//! Interrupting an isolate's task beside its end, and the timer of deadlines.

use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::cell::UnsafeCell;
use crate::sync::{Arc, thread};
use crate::{Loom, Scenario, Shuttle};
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

/// One isolate, whose interrupter touches what its next task touches.
fn isolate() -> (Arc<Interrupts>, Arc<Touched>) {
    let touched = Arc::new(Touched(UnsafeCell::new(0)));
    let mine = Arc::clone(&touched);
    let interrupter = Box::new(move |isolate| {
        assert_eq!(isolate, 0);
        mine.touch();
    });
    (Arc::new(Interrupts::new(1, Some(interrupter))), touched)
}

fn ticket(interrupts: &Arc<Interrupts>, deadline: Option<Instant>) -> Arc<Ticket> {
    Arc::new(Ticket::new(Arc::clone(interrupts), deadline, None))
}

fn later() -> Instant {
    Instant::now() + Duration::from_secs(100_000)
}

/// Runs the task on isolate 0. Returns what it comes to.
fn run(ticket: &Ticket) -> &'static str {
    let Ok(run) = ticket.begin(0) else {
        return "kept from running";
    };
    match run.end() {
        Some(Cause::Killed) => "killed",
        Some(Cause::TimedOut) => "timed out",
        None => "over",
    }
}

/// One task, which is killed, and then another one.
const KILL: Scenario = Scenario {
    name: "interrupt/kill",
    test: "interrupt::kill",
    shows: "the interrupter is called while the task runs for which it is meant, and has returned before the next one begins",
    must: &["kept from running", "killed", "over"],
    loom: Loom::unbounded().at_least(670),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, None);
        let theirs = Arc::clone(&first);
        let killer = thread::spawn(move || theirs.interrupt(Cause::Killed));
        let came_to = run(&first);
        let next = ticket(&interrupts, None);
        let running = next.begin(0).ok().unwrap();
        touched.touch();
        assert_eq!(running.end(), None, "the next one was hit");
        let killed = killer.join().unwrap();
        assert_eq!(killed, came_to != "over");
        let hits = u32::from(came_to == "killed");
        assert_eq!(touched.count(), 1 + hits, "the interrupter is called once");
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

/// Two threads kill one task.
const TWO_KILLERS: Scenario = Scenario {
    name: "interrupt/two_killers",
    test: "interrupt::two_killers",
    shows: "the interrupter is called once, and both killers agree",
    must: &["kept from running", "killed", "over"],
    threads: 3,
    loom: Loom::bound(3).at_least(12_700),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, None);
        let killers = [(), ()].map(|()| {
            let theirs = Arc::clone(&first);
            thread::spawn(move || theirs.interrupt(Cause::Killed))
        });
        let came_to = run(&first);
        let killed = killers.map(|killer| killer.join().unwrap());
        assert_eq!(killed.contains(&true), came_to != "over");
        assert_eq!(touched.count(), u32::from(came_to == "killed"));
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
    loom: Loom::bound(3).at_least(5_000),
    shuttle: Shuttle::sampled(2_000),
    body: |out| {
        let (interrupts, touched) = isolate();
        let first = ticket(&interrupts, Some(later()));
        let theirs = Arc::clone(&first);
        let killer = thread::spawn(move || theirs.interrupt(Cause::Killed));
        let of_timer = Arc::clone(&interrupts);
        let timer = thread::spawn(move || of_timer.expire(later() + Duration::from_secs(1)));
        let came_to = run(&first);
        drop(first);
        let next = ticket(&interrupts, None);
        let running = next.begin(0).ok().unwrap();
        touched.touch();
        assert_eq!(running.end(), None, "the next one was hit");
        killer.join().unwrap();
        assert_eq!(timer.join().unwrap(), None);
        let hits = u32::from(["killed", "timed out"].contains(&came_to));
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
        let killer = thread::spawn(move || theirs.interrupt(Cause::Killed));
        let saw = word.load(Relaxed) == 1;
        assert!(!saw || first.is_interrupted());
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
        let early = Instant::now() + Duration::from_secs(1_000);
        interrupts.deadlines.look_again_at(Some(early));
        let of_timer = Arc::clone(&interrupts);
        let timer = thread::spawn(move || {
            assert!(of_timer.deadlines.take_due(early));
            let earliest = of_timer.expire(early);
            of_timer.deadlines.look_again_at(earliest);
            earliest.is_some()
        });
        let late = later();
        let first = ticket(&interrupts, Some(late));
        let run = first.begin(0).ok().unwrap();
        let seen = timer.join().unwrap();
        assert!(
            interrupts
                .deadlines
                .take_due(late + Duration::from_nanos(1)),
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
        let came_to = run(&first);
        drop(timer);
        assert_eq!(touched.count(), 0);
        out.saw(came_to);
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[KILL, TWO_KILLERS, KILL_BESIDE_TIMER, SEEN, ANNOUNCE, TIMER];
