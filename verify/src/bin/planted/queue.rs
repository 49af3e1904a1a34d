//! The queue between processes.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "process_queue.full",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "if len == self.shape.bound {",
            "if len == self.shape.bound && !PLANTED {",
        )],
        why: "An item is written over one that is still in the queue.",
        fate: Loom("process_queue::to_guest"),
    },
    Bug {
        name: "process_queue.put-recheck",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "let closed = waits && self.has_state(end);",
            "let closed = waits && self.has_state(end) && !PLANTED;",
        )],
        why: "A sender that announces itself after the last receiver has gone sleeps for ever.",
        fate: Loom("process_queue::close_full"),
    },
    Bug {
        name: "process_queue.get-recheck",
        file: "src/shm/queue/side.rs",
        edits: &[
            (
                "let seen = waits.then(|| self.announce(Kind::Receiver));",
                "let early = self.has_state(CLOSED | NO_SENDER);
            let seen = waits.then(|| self.announce(Kind::Receiver));",
            ),
            (
                "let closed = self.has_state(CLOSED | NO_SENDER);",
                "let closed = if PLANTED { early } else { self.has_state(CLOSED | NO_SENDER) };",
            ),
        ],
        why: "A receiver looks at the state before it announces itself, and sleeps for ever.",
        fate: Loom("process_queue::last_two"),
    },
    Bug {
        name: "process_queue.wake-put",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "self.wake(Kind::Receiver, wakes);",
            "if !PLANTED { self.wake(Kind::Receiver, wakes); }",
        )],
        why: "A sender does not wake the receivers.",
        fate: Loom("process_queue::two_receivers"),
    },
    Bug {
        name: "process_queue.wake-get",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "self.wake(Kind::Sender, wakes);",
            "if !PLANTED { self.wake(Kind::Sender, wakes); }",
        )],
        why: "A receiver does not wake the senders.",
        fate: Loom("process_queue::to_guest"),
    },
    Bug {
        name: "process_queue.early-commit",
        file: "src/shm/queue/side.rs",
        edits: &[
            (
                "slot.write(HEAD, bytes);",
                "if !PLANTED { slot.write(HEAD, bytes); }",
            ),
            (
                "let wakes = self.notify(Kind::Receiver);",
                "let wakes = self.notify(Kind::Receiver);
        if PLANTED { slot.write(HEAD, bytes); }",
            ),
        ],
        why: "A sender that dies behind the commit leaves an item that is not written.",
        fate: Loom("process_queue_death::put"),
    },
    Bug {
        name: "process_queue.recover-lock",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "let _: Freed = self.segment.lock.free_of(dead);",
            "if !PLANTED { let _: Freed = self.segment.lock.free_of(dead); }",
        )],
        why: "The lock stays with a dead process.",
        fate: Loom("process_queue_death::get"),
    },
    Bug {
        name: "process_queue.recover-wake",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "for kind in Kind::BOTH {
            self.note_gone(kind);
        }
        self.wake_all();",
            "for kind in Kind::BOTH {
            self.note_gone(kind);
        }
        if !PLANTED { self.wake_all(); }",
        )],
        why: "The wake that a dead process owed is lost.",
        fate: Loom("process_queue_death::close"),
    },
    Bug {
        name: "process_queue.recover-gone",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "ends.abandon(dead, |index| ledger.tied[index], judge);",
            "if !PLANTED { ends.abandon(dead, |index| ledger.tied[index], judge); }",
        )],
        why: "The ends of a dead process stay.",
        fate: Loom("process_queue_death::end"),
    },
    Bug {
        name: "process_queue.untie-gone",
        file: "src/shm/queue/side.rs",
        edits: &[(
            "ledger.tied[index] = false;
        }
        self.note_gone(kind);",
            "ledger.tied[index] = false;
        }
        if !PLANTED { self.note_gone(kind); }",
        )],
        why: "The end of a task takes the last end away, and no process notices.",
        fate: Loom("process_queue_death::end"),
    },
    Bug {
        name: "queue_lock.waiters",
        file: "src/shm/queue/lock.rs",
        edits: &[(
            "let announced = now | WAITERS;",
            "let announced = if PLANTED { now } else { now | WAITERS };",
        )],
        why: "The holder of the lock does not learn that it has to wake a process.",
        fate: Loom("process_queue::two_senders"),
    },
    Bug {
        name: "queue_lock.wake",
        file: "src/shm/queue/side.rs",
        edits: &[("if lock.release() {", "if lock.release() && !PLANTED {")],
        why: "A process gives the lock back and does not wake those that wait for it.",
        fate: Loom("process_queue::two_senders"),
    },
    Bug {
        name: "queue_event.count",
        file: "src/shm/queue/event.rs",
        edits: &[(
            "self.0.fetch_add(EVENT, Release);",
            "if !PLANTED { self.0.fetch_add(EVENT, Release); }",
        )],
        why: "A close between a waiter's look and its sleep is missed.",
        fate: Loom("process_queue::close_full"),
    },
    Bug {
        name: "queue_ends.fence",
        file: "src/shm/queue/ends.rs",
        edits: &[("fence(SeqCst);", "if !PLANTED { fence(SeqCst); }")],
        why: "Two processes drop the last two ends, and each still sees the other's.",
        fate: Loom("process_queue::last_two"),
    },
    Bug {
        name: "queue_ends.alive",
        file: "src/shm/queue/ends.rs",
        edits: &[(
            "if word & STATE == HELD && holder != dead {",
            "if word & STATE == HELD && (holder != dead || PLANTED && known.0 != dead) {",
        )],
        why: "A dead process that is not reaped looks alive, and its ends stay.",
        fate: Loom("process_queue_death::again"),
    },
    Bug {
        name: "queue_ends.untie-held",
        file: "src/shm/queue/ends.rs",
        edits: &[("HELD => word & !TIED,", "HELD if !PLANTED => word & !TIED,")],
        why: "The end of a task takes an end away that its worker keeps.",
        fate: Loom("process_queue::from_guest"),
    },
    Bug {
        name: "queue_ends.again",
        file: "src/shm/queue/ends.rs",
        edits: &[(
            "(_, true) => SENT | TIED | word & RECEIVER,",
            "(_, true) if PLANTED => FREE,
                    (_, true) => SENT | TIED | word & RECEIVER,",
        )],
        why: "A task that runs again does not find the end that the dead worker had taken.",
        fate: Loom("process_queue_death::again"),
    },
];
