//! Isolates and their queue.

use super::Fate::{Loom, Shuttle, Survives};
use super::{Bug, Fate};

pub const BUGS: &[Bug] = &[
    queue(
        "queue.wake",
        &[(
            "futex::wake_one(sides.wake_on);",
            "if !PLANTED { futex::wake_one(sides.wake_on); }",
        )],
        "An item, or room, wakes no thread.",
        Loom("queue::put_get"),
    ),
    queue(
        "queue.event",
        &[(
            "word.fetch_add(1, Relaxed);",
            "if !PLANTED { word.fetch_add(1, Relaxed); }",
        )],
        "An event is not counted: a thread that is about to sleep does not see it.",
        Loom("queue::put_get"),
    ),
    queue(
        "queue.waiting",
        &[
            (
                "(sides.side)(&mut inside).waiting += 1;",
                "(sides.side)(&mut inside).waiting += usize::from(!PLANTED);",
            ),
            (
                "(sides.side)(&mut self.inside.lock()).waiting -= 1;",
                "(sides.side)(&mut self.inside.lock()).waiting -= usize::from(!PLANTED);",
            ),
        ],
        "A thread that waits is not counted.",
        Loom("queue::put_get"),
    ),
    queue(
        "queue.look-late",
        &[(
            r"let seen = sides.wait_on.load(Relaxed);
            drop(inside);",
            r"let (seen, inside) = if PLANTED {
                drop(inside);
                (sides.wait_on.load(Relaxed), None)
            } else {
                (sides.wait_on.load(Relaxed), Some(inside))
            };
            drop(inside);",
        )],
        "The word is read after the mutex was given back.",
        Loom("queue::put_get"),
    ),
    queue(
        "queue.end-receivers",
        &[(
            "futex::wake_all(&self.arrivals);",
            "if !PLANTED { futex::wake_all(&self.arrivals); }",
        )],
        "Receivers are not woken at the end.",
        Loom("queue::no_sender"),
    ),
    queue(
        "queue.end-senders",
        &[(
            "futex::wake_all(&self.departures);",
            "if !PLANTED { futex::wake_all(&self.departures); }",
        )],
        "Senders are not woken at the end.",
        Loom("queue::no_receiver"),
    ),
    queue(
        "queue.gone",
        &[(
            "|| inside.receivers.ends == 0 {",
            "|| !PLANTED && inside.receivers.ends == 0 {",
        )],
        "A sender does not learn that the receivers are gone.",
        Loom("queue::no_receiver"),
    ),
    queue(
        "queue.closed",
        &[("if inside.is_closed", "if !PLANTED && inside.is_closed")],
        "An item goes into a closed queue.",
        Loom("queue::close"),
    ),
    interrupt(
        "interrupt.wait",
        &[(
            "drop(interrupts.turn(self.isolate));",
            "if !PLANTED { drop(interrupts.turn(self.isolate)); }",
        )],
        "An isolate begins the next task before the interrupter has returned.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.over",
        &[(
            "let cause = Cause::of(word.swap(NONE, Relaxed))?;",
            "let cause = Cause::of(if PLANTED { NONE } else { word.swap(NONE, Relaxed) })?;",
        )],
        "A task that is over stays in its isolate's word.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.turn",
        &[(
            "let turn = interrupts.turn(isolate);",
            "let turn = interrupts.turn(if PLANTED { 1 - isolate } else { isolate });",
        )],
        "A killer takes the turn of another isolate.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.whatever",
        &[(
            "if running.word.load(Acquire) & !CAUSE == me {",
            "if PLANTED {
                let turn = interrupts.turn(isolate);
                interrupts.isolates[isolate].word.store(me | KILLED, Relaxed);
                interrupts.call(isolate);
                drop(turn);
            } else if running.word.load(Acquire) & !CAUSE == me {",
        )],
        "A killer interrupts whatever runs.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.begin",
        &[(
            "let is_refused = self.is_killed.load(Relaxed) != 0;",
            "let is_refused = !PLANTED && self.is_killed.load(Relaxed) != 0;",
        )],
        "A task that was killed before it began runs.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.begin-fence",
        &[(
            "fence(SeqCst);
        // ORDERING: interrupt.is-killed",
            "if !PLANTED { fence(SeqCst); }
        // ORDERING: interrupt.is-killed",
        )],
        "A task that begins and its killer miss each other.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.kill-fence",
        &[(
            "fence(SeqCst);
        let me",
            "if !PLANTED { fence(SeqCst); }
        let me",
        )],
        "The same, on the killer's side.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.mark-late",
        &[
            (
                "self.is_killed.store(1, Relaxed);",
                "if !PLANTED { self.is_killed.store(1, Relaxed); }",
            ),
            (
                "interrupts.interrupt(isolate, me, Cause::Killed, &turn);
            }
        }",
                "interrupts.interrupt(isolate, me, Cause::Killed, &turn);
            }
        }
        if PLANTED { self.is_killed.store(1, Relaxed); }",
            ),
        ],
        "A killer looks for the task first, and marks it then.",
        Loom("interrupt::kill"),
    ),
    interrupt(
        "interrupt.twice",
        &[(
            "            .compare_exchange(ticket, interrupted, Relaxed, Relaxed)
            .is_ok()",
            "            .compare_exchange(ticket, interrupted, Relaxed, Relaxed)
            .map_or_else(|now| PLANTED && now == interrupted, |_| true)",
        )],
        "The interrupter is called by each killer.",
        Loom("interrupt::two_killers"),
    ),
    interrupt(
        "interrupt.entry",
        &[("if self.is_timed {", "if self.is_timed && !PLANTED {")],
        "A task that is over stays entered in its isolate's turn.",
        Loom("interrupt::same_place"),
    ),
    interrupt(
        "interrupt.fence",
        &[("fence(Release);", "if !PLANTED { fence(Release); }")],
        "A task sees an effect of the interrupter, and does not find itself interrupted.",
        Loom("interrupt::seen"),
    ),
    deadlines(
        "deadlines.look",
        &[(
            "if this.take_due(now) {",
            "if this.take_due(now) && !PLANTED {",
        )],
        "The timer does not look at the turns.",
        Survives(
            "only a clock that passes a deadline reaches it; the tests of time limits in `tests/conformance/interrupts.rs` do",
        ),
    ),
    deadlines(
        "deadlines.reset-late",
        &[
            (
                "self.next.swap(NEVER, Relaxed);",
                "if !PLANTED { self.next.swap(NEVER, Relaxed); }",
            ),
            (
                "pub fn look_again_at(&self, earliest: u64) {",
                "pub fn look_again_at(&self, earliest: u64) {
        if PLANTED { self.next.swap(NEVER, Relaxed); }",
            ),
        ],
        "The timer resets its time after it has looked at the turns.",
        Loom("interrupt::announce"),
    ),
    deadlines(
        "deadlines.again",
        &[(
            "self.lower(earliest);",
            "if !PLANTED { self.lower(earliest); }",
        )],
        "The timer forgets the deadlines that it has seen.",
        Loom("interrupt::announce"),
    ),
    deadlines(
        "deadlines.wake",
        &[(
            "futex::wake_one(&self.wakeups);",
            "if !PLANTED { futex::wake_one(&self.wakeups); }",
        )],
        "The end of the pool does not wake the timer.",
        Loom("interrupt::timer"),
    ),
    Bug {
        name: "isolate.in-use",
        file: "src/thread/worker.rs",
        edits: &[(
            "&& !self.in_use.get()",
            "&& (PLANTED || !self.in_use.get())",
        )],
        why: "A waiting isolate runs a task that needs the state which is in use.",
        fate: Shuttle("isolate::wait_for_the_other"),
    },
    Bug {
        name: "isolate.bound",
        file: "src/thread/worker.rs",
        edits: &[(
            "|| tag.same_executor(self.shared.isolate_tag(self.index.get())))",
            "|| !PLANTED && tag.same_executor(self.shared.isolate_tag(self.index.get())))",
        )],
        why: "An isolate does not run the task for it that its own task waits for.",
        fate: Loom("isolate::wait_inside"),
    },
    Bug {
        name: "isolate.unbound",
        file: "src/thread/worker.rs",
        edits: &[(
            "&& (tag.same_executor(self.shared.tag.exclusive()) && !tag.is_bound()",
            "&& (!PLANTED && tag.same_executor(self.shared.tag.exclusive()) && !tag.is_bound()",
        )],
        why: "The only isolate does not run the task that its own task waits for.",
        fate: Loom("isolate::wait_inside"),
    },
    Bug {
        name: "isolate.deque",
        file: "src/thread/submit.rs",
        edits: &[(
            r"pub fn submit_exclusive(&self, task: Task) {",
            r"pub fn submit_exclusive(&self, task: Task) {
        if PLANTED {
            return self.submit(task);
        }",
        )],
        why: "A task that needs a state lies in the deque of an isolate whose state is in use, which runs it while it waits.",
        fate: Shuttle("isolate::wait_for_the_other"),
    },
    Bug {
        name: "isolate.inside",
        file: "src/thread/mod.rs",
        edits: &[(
            "&& (self.workers() == 1 || isolate == Some(inside.last_index()))",
            "&& !PLANTED && (self.workers() == 1 || isolate == Some(inside.last_index()))",
        )],
        why: "A task that uses a state waits for one that needs the same.",
        fate: Shuttle("isolate::inside"),
    },
];

const fn queue(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    why: &'static str,
    fate: Fate,
) -> Bug {
    Bug {
        name,
        file: "src/isolate/queue.rs",
        edits,
        why,
        fate,
    }
}

const fn interrupt(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    why: &'static str,
    fate: Fate,
) -> Bug {
    Bug {
        name,
        file: "src/isolate/interrupt.rs",
        edits,
        why,
        fate,
    }
}

const fn deadlines(
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    why: &'static str,
    fate: Fate,
) -> Bug {
    Bug {
        name,
        file: "src/isolate/deadlines.rs",
        edits,
        why,
        fate,
    }
}
