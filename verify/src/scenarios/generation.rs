//! The fork generation of a process. A fork is simulated: its child has a page of its own, which is wiped, and a copy of
//! the counter.

use crate::sync::atomic::{AtomicU32, Ordering::*};
use crate::sync::{Arc, thread};
use crate::{Loom, Outcomes, Scenario, Shuttle};
use raddle::sys::generation::{Named, Page};

/// The generation in which a process was forked, before any of its threads has asked for its own.
const BEFORE: u32 = 3;

struct Process {
    page: Page,
    kept: AtomicU32,
}

impl Process {
    fn new(kept: u32) -> Self {
        Self {
            page: Page::new(),
            kept: AtomicU32::new(kept),
        }
    }

    fn generation(&self) -> u32 {
        self.page.generation(&self.kept)
    }

    /// The kernel copies plain memory, word for word.
    fn fork(&self) -> Self {
        Self::new(self.kept.load(Relaxed))
    }
}

fn both(out: &Outcomes, first: u32, second: u32) {
    assert_eq!((first, second), (BEFORE + 1, BEFORE + 1));
    out.saw("agreed");
}

/// Two threads of a child ask for the first time.
const FIRST: Scenario = Scenario {
    name: "generation/first",
    test: "generation::first",
    shows: "two threads of a child ask for the first time: they agree, and one fork is counted",
    must: &["agreed"],
    loom: Loom::unbounded().at_least(70_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let child = Arc::new(Process::new(BEFORE));
        let theirs = Arc::clone(&child);
        let other = thread::spawn(move || theirs.generation());
        let mine = child.generation();
        both(out, mine, other.join().unwrap());
        assert_eq!(child.generation(), BEFORE + 1);
    },
    ..Scenario::EMPTY
};

/// Two threads of a child ask while a third one forks, which may have seen what one of them did with the result.
const FORK: Scenario = Scenario {
    name: "generation/fork",
    test: "generation::fork",
    shows: "a third one forks meanwhile: its child counts one more fork",
    must: &["seen", "not seen"],
    threads: 3,
    loom: Loom::bound(3).at_least(22_000),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        let child = Arc::new(Process::new(BEFORE));
        let made = Arc::new(AtomicU32::new(0));
        let ask = |made: &Arc<AtomicU32>| {
            let (child, made) = (Arc::clone(&child), Arc::clone(made));
            thread::spawn(move || made.swap(child.generation(), Release))
        };
        let asking = [ask(&made), ask(&made)];
        let seen = made.load(Acquire);
        let grandchild = child.fork().generation();
        assert_ne!(grandchild, seen, "it has what its parent made");
        for thread in asking {
            thread.join().unwrap();
        }
        assert_eq!(made.load(Relaxed), BEFORE + 1);
        out.saw(if seen == 0 { "not seen" } else { "seen" });
    },
    ..Scenario::EMPTY
};

/// The same where the process id tells.
const NAMED: Scenario = Scenario {
    name: "generation/named",
    test: "generation::named",
    shows: "the same as the first where the process id tells",
    must: &["agreed"],
    loom: Loom::unbounded().at_least(70),
    shuttle: Shuttle::sampled(1_000),
    body: |out| {
        const ID: u32 = 9;
        let named = Arc::new(Named::new());
        for id in 1..=BEFORE {
            assert_eq!(named.generation(id), id);
        }
        let theirs = Arc::clone(&named);
        let other = thread::spawn(move || theirs.generation(ID));
        let mine = named.generation(ID);
        both(out, mine, other.join().unwrap());
    },
    ..Scenario::EMPTY
};

/// Broken on purpose: the thread that finds the parent's id takes it away and counts, and the others go on.
const SWAP_FIRST: Scenario = Scenario {
    name: "generation/broken_swap_first",
    test: "generation::a_count_after_the_exchange_is_found",
    shows: "a thread that takes the parent's id away before it counts",
    may: &["agreed"],
    must_fail: Some("left == right"),
    loom: Loom::unbounded(),
    body: |out| {
        const ID: u32 = 9;
        let id = Arc::new(AtomicU32::new(ID - 1));
        let generation = Arc::new(AtomicU32::new(BEFORE));
        let ask = {
            let (id, generation) = (Arc::clone(&id), Arc::clone(&generation));
            move || {
                if id.swap(ID, Relaxed) != ID {
                    generation.fetch_add(1, Relaxed);
                }
                generation.load(Relaxed)
            }
        };
        let other = thread::spawn(ask.clone());
        let mine = ask();
        both(out, mine, other.join().unwrap());
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[FIRST, FORK, NAMED, SWAP_FIRST];
