//! Isolates and their queue.

use super::Fate::{Loom, Shuttle};
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
