//! A lane of the process pool: who sleeps, who takes answers, what moves, what is taken back.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "lane.engage-bell",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "if self.interest.register() == Registered::First {",
            "if (self.interest.register() == Registered::First) && !PLANTED {",
        )],
        why: "The attendant is not rung when it is to listen.",
        fate: Loom("remote::engage"),
    },
    Bug {
        name: "lane.listen-first",
        file: "src/process/pool/completer.rs",
        edits: &[
            (
                r"// WAKE: the other end is the worker, which notifies the event after a reply.
            self.shm.listen();",
                r"if !PLANTED {
                self.shm.listen();
            }",
            ),
            (
                "while self.drain_replies(pool, 64) {}",
                r"while self.drain_replies(pool, 64) {}
            if PLANTED {
                self.shm.listen();
            }",
            ),
        ],
        why: "The attendant looks for answers before it asks to be told of them.",
        fate: Loom("remote::engage"),
    },
    Bug {
        name: "lane.led-late",
        file: "src/process/pool/wait.rs",
        edits: &[
            (
                "let outcome = |how| match how {",
                "let mut late = false;\n        let outcome = |how| match how {",
            ),
            (
                "return outcome(how);\n            }",
                "return outcome(how);\n            }\n            late = PLANTED;",
            ),
            (
                "if changed() || self.has_reply()",
                "if !late && changed() || self.has_reply()",
            ),
        ],
        why: "A follower that gets the lead does not look again before it sleeps on the bell.",
        fate: Loom("remote::follow"),
    },
    Bug {
        name: "lane.follower-look",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if changed() {
                return SleepOutcome::Notified;",
            r"if changed() && !PLANTED {
                return SleepOutcome::Notified;",
        )],
        why: "A follower sleeps without a look after it has got its place.",
        fate: Loom("remote_moves::follower"),
    },
    Bug {
        name: "lane.ring-leader",
        file: "src/process/pool/lane.rs",
        edits: &[(
            r"self.wait_queue.notify_all();
        self.shm.notify();",
            r"self.wait_queue.notify_all();
        if !PLANTED {
            self.shm.notify();
        }",
        )],
        why: "The leader of a lane does not hear what all are told.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "lane.call-for-room",
        file: "src/process/pool/lane.rs",
        edits: &[(
            "if self.wait_queue.notify(WaitFor::Capacity) {",
            "if (self.wait_queue.notify(WaitFor::Capacity)) && !PLANTED {",
        )],
        why: "A leader that wants room is not rung.",
        fate: Loom("remote_room::argument"),
    },
    Bug {
        name: "lane.call",
        file: "src/process/pool/lane.rs",
        edits: &[(
            "if self.wait_queue.notify(WaitFor::Task(cell)) {",
            "if (self.wait_queue.notify(WaitFor::Task(cell))) && !PLANTED {",
        )],
        why: "A leader is not rung when its task is done.",
        fate: Loom("remote::attended"),
    },
    Bug {
        name: "lane.give-unused",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "to.publish_nothing(pool, theirs, reserved.seq);",
            "if !PLANTED { to.publish_nothing(pool, theirs, reserved.seq); }",
        )],
        why: "A number that a move took and does not need is never published: the other worker waits for it.",
        fate: Loom("remote_moves::unneeded"),
    },
    Bug {
        name: "lane.give-itself",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.index == to.index {",
            "if self.index == to.index && !PLANTED {",
        )],
        why: "A lane that was idle and is crowded by now waits for its own lock.",
        fate: Loom("remote_balance::stuck"),
    },
    Bug {
        name: "lane.give-order",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.index < to.index {",
            "if self.index < to.index || PLANTED {",
        )],
        why: "Two that give to each other wait for each other's lock.",
        fate: Loom("remote_balance::both_ways"),
    },
    Bug {
        name: "lane.give-up-span",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "to.free(reserved.span);",
            "if !PLANTED { to.free(reserved.span); }",
        )],
        why: "The memory that a move took and does not need is lost.",
        fate: Loom("remote_moves::unneeded"),
    },
    Bug {
        name: "lane.room-span",
        file: "src/process/pool/publish.rs",
        edits: &[(
            r"None => {
                self.free(span);",
            r"None => {
                if !PLANTED {
                    self.free(span);
                }",
        )],
        why: "The memory for a move that finds no number is lost.",
        fate: Loom("remote_moves::full"),
    },
    Bug {
        name: "lane.nothing-order",
        file: "src/process/pool/publish.rs",
        edits: &[(
            r"self.revoke_number(pool, locked, seq);
        self.shm.publish(seq, task_code::NONE, Body::Inline(&[]));",
            r"if PLANTED {
            self.shm.publish(seq, task_code::NONE, Body::Inline(&[]));
            self.revoke_number(pool, locked, seq);
            return;
        }
        self.revoke_number(pool, locked, seq);
        self.shm.publish(seq, task_code::NONE, Body::Inline(&[]));",
        )],
        why: "The worker may run a number that means nothing.",
        fate: Loom("remote_moves::unneeded_beside"),
    },
    Bug {
        name: "lane.give-engage",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.interest.is_set() {",
            "if (self.interest.is_set()) && !PLANTED {",
        )],
        why: "The attendant's ear does not go along with a task that moves.",
        fate: Loom("remote::move_engage"),
    },
    Bug {
        name: "lane.give-ring",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            r"// A thread that waits here for one of them has to wait in the other lane.
            self.notify();",
            r"if !PLANTED {
                self.notify();
            }",
        )],
        why: "Who waits for a task that moves goes on waiting where it was.",
        fate: Loom("remote_moves::stopped"),
    },
    Bug {
        name: "lane.give-closed",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if pool.is_cancelling() {",
            "if pool.is_cancelling() && !PLANTED {",
        )],
        why: "A task is given to a lane whose tasks have been cancelled already.",
        fate: Loom("remote_close::give"),
    },
    Bug {
        name: "lane.give-next",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "let takes_next = self.pid() == 0 || state.stuck == Some(next);",
            "let takes_next = self.pid() == 0 || state.stuck == Some(next) && !PLANTED;",
        )],
        why: "What a stopped worker does not begin stays with it.",
        fate: Loom("remote_moves::stopped"),
    },
    Bug {
        name: "ear.again",
        file: "src/process/pool/interest.rs",
        edits: &[(
            "// ORDERING: interest.again",
            r"if PLANTED {
            return false;
        }
        // ORDERING: interest.again",
        )],
        why: "The attendant goes to rest, though something came into the lane meanwhile.",
        fate: Loom("remote_told::rest"),
    },
    Bug {
        name: "ear.rest-look",
        file: "src/process/pool/interest.rs",
        edits: &[("if is_empty() {", "if PLANTED || is_empty() {")],
        why: "The attendant goes to rest without another look.",
        fate: Loom("remote_told::rest"),
    },
    Bug {
        name: "lead.end-told",
        file: "src/process/pool/wait_queue.rs",
        edits: &[
            (
                r"fn drop(&mut self) {
        let mut waiters",
                r"fn drop(&mut self) {
        let early = self.waiter.notified();
        let mut waiters",
            ),
            (
                "match self.waiter.notified() {",
                "match if PLANTED { early } else { self.waiter.notified() } {",
            ),
        ],
        why: "A follower that gives up does not see that it has got the lead: nobody leads any more.",
        fate: Loom("remote_timed::passed"),
    },
    Bug {
        name: "lead.tell-leader",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "waiters.notify(|other| other == wait_for);",
            r"let before = waiters.followers.len();
        waiters.notify(|other| other == wait_for);
        if PLANTED && waiters.followers.len() != before {
            return false;
        }",
        )],
        why: "A leader is forgotten if a follower was told.",
        fate: Loom("remote_told::two"),
    },
    Bug {
        name: "lead.pass-on",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "if let Some(next) = self.followers.pop_front() {",
            "if !PLANTED && let Some(next) = self.followers.pop_front() {",
        )],
        why: "A leader that leaves passes the lead on to nobody.",
        fate: Loom("remote::follow"),
    },
    Bug {
        name: "lead.pass-on-aim",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "self.leader = Some(next.wait_for);",
            r"if !PLANTED {
                self.leader = Some(next.wait_for);
            }",
        )],
        why: "A leader that got the lead from another one is not known: nobody rings it, and another one leads, too.",
        fate: Loom("remote::follow"),
    },
    Bug {
        name: "lead.leave-queue",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "waiters.followers.retain(|&other| other != me);",
            "waiters.followers.retain(|&other| other != me || PLANTED);",
        )],
        why: "A follower that gives up stays in the queue, and may get the lead when it is gone.",
        fate: Loom("remote_timed::passed"),
    },
    Bug {
        name: "lead.tell-queue",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            r"            !matched
",
            r"            !matched || PLANTED
",
        )],
        why: "A follower that was told stays in the queue, and may get the lead when it is gone.",
        fate: Survives(
            "The pointer that is left behind leads to a stack that a model does not watch.",
        ),
    },
    Bug {
        name: "lead.wake",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "futex::wake_one(&self.notified);",
            "if !PLANTED { futex::wake_one(&self.notified); }",
        )],
        why: "A follower is told, and not woken.",
        fate: Loom("remote::follow"),
    },
    Bug {
        name: "lead.tell-all",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "self.0.lock().notify(|_| true);",
            "self.0.lock().notify(|_| !PLANTED);",
        )],
        why: "Followers do not hear what all are told.",
        fate: Survives(
            "A leader that is rung passes the lead on, so each follower looks in its turn.",
        ),
    },
    Bug {
        name: "pump.batch",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if !task.raw().state.load().is_plain() {",
            "if !PLANTED && !task.raw().state.load().is_plain() {",
        )],
        why: "A batch goes on behind a task with callbacks: they are left to somebody else.",
        fate: Loom("remote_batch::callback"),
    },
    Bug {
        name: "pump.call-first",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"if ended.has_remote_waiter() {
                self.notify_waiter(cell);",
            r"if ended.has_remote_waiter() && !(PLANTED && index == 0 && count > 1) {
                self.notify_waiter(cell);",
        )],
        why: "Who sleeps for the first task of a batch is not told.",
        fate: Loom("remote::follow"),
    },
    Bug {
        name: "pump.skipped-room",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"Ok(Next::Skipped) => {
                    freed = true;",
            r"Ok(Next::Skipped) => {
                    freed |= !PLANTED;",
        )],
        why: "The room of a task that was taken back is told to nobody.",
        fate: Loom("remote_rooms::skipped"),
    },
    Bug {
        name: "pump.room",
        file: "src/process/pool/drain.rs",
        edits: &[("if batch.notify {", "if (batch.notify) && !PLANTED {")],
        why: "The room that answers leave is told to nobody.",
        fate: Loom("remote_rooms::taken"),
    },
    Bug {
        name: "pump.conclude",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if index + 1 < count && ended.runs_code() {",
            "if !PLANTED && index + 1 < count && ended.runs_code() {",
        )],
        why: "A callback runs while its thread holds answers that it may wait for.",
        fate: Loom("remote_batch::late_callback"),
    },
    Bug {
        name: "pump.conclude-bell",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"pool.deferred.push_ended(ended);
                pool.completer_event.notify();",
            r"pool.deferred.push_ended(ended);
                if !PLANTED { pool.completer_event.notify(); }",
        )],
        why: "The attendant does not hear of a task whose callbacks are left to it.",
        fate: Loom("remote_batch::late_callback_told"),
    },
    Bug {
        name: "pump.free",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "self.free(record.span);",
            "if !PLANTED { self.free(record.span); }",
        )],
        why: "The argument of a task that was answered is never freed.",
        fate: Loom("remote::cancel"),
    },
    Bug {
        name: "pump.has-answer",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "locked.data().quarantined.is_none() && self.shm.answered(locked.next())",
            "!PLANTED && locked.data().quarantined.is_none() && self.shm.answered(locked.next())",
        )],
        why: "A leader sleeps without a look for answers.",
        fate: Loom("remote::lead"),
    },
    Bug {
        name: "reading.room",
        file: "src/process/pool/drain.rs",
        edits: &[("if notify {", "if (notify) && !PLANTED {")],
        why: "The room of an answer that has been read is told to nobody.",
        fate: Loom("remote_room::read"),
    },
    Bug {
        name: "reading.release",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "locked.release(seq);",
            "if !PLANTED { locked.release(seq); }",
        )],
        why: "A large answer that has been read is never released.",
        fate: Loom("remote_room::read"),
    },
    Bug {
        name: "reading.free",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "self.lane.shm.free(span);",
            "if !PLANTED { self.lane.shm.free(span); }",
        )],
        why: "An argument that came back as the answer is never freed.",
        fate: Loom("remote_room::returned"),
    },
    Bug {
        name: "revoke.free",
        file: "src/process/pool/revoke.rs",
        edits: &[(
            "if let Some(span) = record.as_ref().and_then(|record| record.span) {",
            "if let Some(span) = record.as_ref().and_then(|record| record.span).filter(|_| !PLANTED) {",
        )],
        why: "The argument of a task that is taken back is never freed.",
        fate: Loom("remote::cancel"),
    },
    Bug {
        name: "revoke.room",
        file: "src/process/pool/revoke.rs",
        edits: &[("if notify {", "if (notify) && !PLANTED {")],
        why: "Freed argument memory is not told to who waits for reserved.",
        fate: Loom("remote_room::argument"),
    },
    Bug {
        name: "revoke.abandon-free",
        file: "src/process/pool/revoke.rs",
        edits: &[(
            "self.free(record.span);",
            "if !PLANTED { self.free(record.span); }",
        )],
        why: "The arguments of what is left at the end are never freed.",
        fate: Survives("No model yet ends with a long argument in a lane."),
    },
    Bug {
        name: "grave.retries",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "let lost = if deaths <= retries && may_retry(location) {",
            "let lost = if deaths < retries + u32::from(!PLANTED) && may_retry(location) {",
        )],
        why: "A task has one retry less than was said.",
        fate: Loom("remote_bury::retry"),
    },
    Bug {
        name: "grave.free",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "self.free(record.span);",
            r"if !PLANTED {
                self.free(record.span);
            }",
        )],
        why: "The argument of a task that is lost for good is never freed.",
        fate: Loom("remote_bury::span_lost"),
    },
    Bug {
        name: "grave.release",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "locked.release(reply.seq);",
            "if !PLANTED { locked.release(reply.seq); }",
        )],
        why: "A large answer of a dead worker is never released.",
        fate: Loom("remote_bury::span"),
    },
    Bug {
        name: "grave.reading",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "if locked.reading() > 0 {",
            "if locked.reading() > 0 && !PLANTED {",
        )],
        why: "A lane is buried while somebody reads an answer in it.",
        fate: Survives(
            "bury/span meets it beyond the time that a test has here: to be made smaller.",
        ),
    },
    Bug {
        name: "grave.free-returned",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "self.shm.free(span);",
            "if !PLANTED { self.shm.free(span); }",
        )],
        why: "An argument that came back as a dead worker's answer is never freed.",
        fate: Survives(
            "No model yet has a worker die after it has answered with the argument itself.",
        ),
    },
    Bug {
        name: "remote.options",
        file: "src/process/pool/remote_task.rs",
        edits: &[(
            "if let Some(options) = &self.options {",
            "if let Some(options) = self.options.as_ref().filter(|_| !PLANTED) {",
        )],
        why: "A deadline does not know where its task has moved to.",
        fate: Loom("remote_moves::deadline"),
    },
];
