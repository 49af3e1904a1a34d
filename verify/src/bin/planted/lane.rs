//! A lane of the process pool: sleeping, taking replies, moving and revoking tasks.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "interest.notify",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "if self.interest.register() == Registered::First {",
            "if (self.interest.register() == Registered::First) && !PLANTED {",
        )],
        why: "The completer is not notified when its interest is registered.",
        fate: Loom("remote::request_completion"),
    },
    Bug {
        name: "completer.arm-first",
        file: "src/process/pool/completer.rs",
        edits: &[
            (
                r"// WAKE: the other end is the worker, which notifies the event after a reply.
            self.shm.arm_event();",
                r"if !PLANTED {
                self.shm.arm_event();
            }",
            ),
            (
                "while self.drain_replies(pool, 64) {}",
                r"while self.drain_replies(pool, 64) {}
            if PLANTED {
                self.shm.arm_event();
            }",
            ),
        ],
        why: "The completer checks for replies before it posts its wake request.",
        fate: Loom("remote::request_completion"),
    },
    Bug {
        name: "wait.late-leader",
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
        why: "A follower that becomes the leader does not check again before it sleeps on the event words.",
        fate: Loom("remote::follower"),
    },
    Bug {
        name: "wait.follower-recheck",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if changed() {
                return SleepOutcome::Notified;",
            r"if changed() && !PLANTED {
                return SleepOutcome::Notified;",
        )],
        why: "A follower sleeps without a check after it has entered the wait queue.",
        fate: Loom("remote_moves::follower"),
    },
    Bug {
        name: "lane.notify-leader",
        file: "src/process/pool/lane.rs",
        edits: &[(
            r"self.wait_queue.notify_all();
        self.shm.notify();",
            r"self.wait_queue.notify_all();
        if !PLANTED {
            self.shm.notify();
        }",
        )],
        why: "The leader of a lane is not notified when all waiters are.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "lane.notify-capacity",
        file: "src/process/pool/lane.rs",
        edits: &[(
            "if self.wait_queue.notify(WaitFor::Capacity) {",
            "if (self.wait_queue.notify(WaitFor::Capacity)) && !PLANTED {",
        )],
        why: "A leader that waits for capacity is not notified.",
        fate: Loom("remote_capacity::argument"),
    },
    Bug {
        name: "lane.notify-waiter",
        file: "src/process/pool/lane.rs",
        edits: &[(
            "if self.wait_queue.notify(WaitFor::Task(cell)) {",
            "if (self.wait_queue.notify(WaitFor::Task(cell))) && !PLANTED {",
        )],
        why: "A leader is not notified when its task is done.",
        fate: Loom("remote::reply_taken"),
    },
    Bug {
        name: "rebalance.unused",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "to.publish_nothing(pool, theirs, reserved.seq);",
            "if !PLANTED { to.publish_nothing(pool, theirs, reserved.seq); }",
        )],
        why: "A number that a move reserved and does not need is never published: the other worker waits for it.",
        fate: Loom("remote_moves::unneeded"),
    },
    Bug {
        name: "rebalance.itself",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.index == to.index {",
            "if self.index == to.index && !PLANTED {",
        )],
        why: "A lane that was idle and is crowded by now is both source and target: it waits for its own lock.",
        fate: Loom("remote_rebalance::stuck"),
    },
    Bug {
        name: "rebalance.order",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.index < to.index {",
            "if self.index < to.index || PLANTED {",
        )],
        why: "Two lanes that move tasks to each other wait for each other's lock.",
        fate: Loom("remote_rebalance::both_ways"),
    },
    Bug {
        name: "rebalance.free",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "to.free(reserved.span);",
            "if !PLANTED { to.free(reserved.span); }",
        )],
        why: "The memory that a move reserved and does not need is lost.",
        fate: Loom("remote_moves::unneeded"),
    },
    Bug {
        name: "publish.free",
        file: "src/process/pool/publish.rs",
        edits: &[(
            r"None => {
                self.free(span);",
            r"None => {
                if !PLANTED {
                    self.free(span);
                }",
        )],
        why: "The memory for a move that finds no free number is lost.",
        fate: Loom("remote_moves::full"),
    },
    Bug {
        name: "publish.nothing-order",
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
        why: "The worker may run a number that has no task.",
        fate: Loom("remote_moves::unneeded_beside"),
    },
    Bug {
        name: "rebalance.interest",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if self.interest.is_set() {",
            "if (self.interest.is_set()) && !PLANTED {",
        )],
        why: "The interest in a task that moves stays with the old lane.",
        fate: Loom("remote::move_interest"),
    },
    Bug {
        name: "rebalance.notify",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            r"// A thread that waits here for one of them has to wait in the other lane.
            self.notify();",
            r"if !PLANTED {
                self.notify();
            }",
        )],
        why: "A waiter of a task that moves goes on waiting in the old lane.",
        fate: Loom("remote_moves::stopped"),
    },
    Bug {
        name: "rebalance.closed",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "if pool.is_cancelling() {",
            "if pool.is_cancelling() && !PLANTED {",
        )],
        why: "A task moves to a lane whose tasks have been cancelled already.",
        fate: Loom("remote_close::move"),
    },
    Bug {
        name: "rebalance.next",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "let takes_next = self.pid() == 0 || state.stuck == Some(next);",
            "let takes_next = self.pid() == 0 || state.stuck == Some(next) && !PLANTED;",
        )],
        why: "A task that a stopped worker does not begin stays with it.",
        fate: Loom("remote_moves::stopped"),
    },
    Bug {
        name: "interest.again",
        file: "src/process/pool/interest.rs",
        edits: &[(
            "// ORDERING: interest.again",
            r"if PLANTED {
            return false;
        }
        // ORDERING: interest.again",
        )],
        why: "The completer clears its interest, though a task came into the lane meanwhile.",
        fate: Loom("remote_notify::interest_before_reply"),
    },
    Bug {
        name: "interest.recheck",
        file: "src/process/pool/interest.rs",
        edits: &[("if is_empty() {", "if PLANTED || is_empty() {")],
        why: "The completer clears its interest without another check.",
        fate: Loom("remote_notify::interest_before_reply"),
    },
    Bug {
        name: "wait_queue.end-notified",
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
        why: "A follower that gives up does not see that it has become the leader: the lane has no leader any more.",
        fate: Loom("remote_timed::passed"),
    },
    Bug {
        name: "wait_queue.notify-leader",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "waiters.notify(|other| other == wait_for);",
            r"let before = waiters.followers.len();
        waiters.notify(|other| other == wait_for);
        if PLANTED && waiters.followers.len() != before {
            return false;
        }",
        )],
        why: "The leader is forgotten if a follower was notified.",
        fate: Loom("remote_notify::reply_taken_two"),
    },
    Bug {
        name: "wait_queue.pass-on",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "if let Some(next) = self.followers.pop_front() {",
            "if !PLANTED && let Some(next) = self.followers.pop_front() {",
        )],
        why: "A leader that leaves makes no follower the leader.",
        fate: Loom("remote::follower"),
    },
    Bug {
        name: "wait_queue.pass-on-wait-for",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "self.leader = Some(next.wait_for);",
            r"if !PLANTED {
                self.leader = Some(next.wait_for);
            }",
        )],
        why: "A follower that became the leader is not known as one: it is not notified, and another waiter leads, too.",
        fate: Loom("remote::follower"),
    },
    Bug {
        name: "wait_queue.leave",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "waiters.followers.retain(|&other| other != me);",
            "waiters.followers.retain(|&other| other != me || PLANTED);",
        )],
        why: "A follower that gives up stays in the queue, and may become the leader when it is gone.",
        fate: Loom("remote_timed::passed"),
    },
    Bug {
        name: "wait_queue.notified-leaves",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            r"            !matched
",
            r"            !matched || PLANTED
",
        )],
        why: "A follower that was notified stays in the queue, and may become the leader when it is gone.",
        fate: Survives(
            "The pointer that is left behind leads to a stack that a model does not watch.",
        ),
    },
    Bug {
        name: "wait_queue.wake",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "futex::wake_one(&self.notified);",
            "if !PLANTED { futex::wake_one(&self.notified); }",
        )],
        why: "A follower is notified, and not woken.",
        fate: Loom("remote::follower"),
    },
    Bug {
        name: "wait_queue.notify-all",
        file: "src/process/pool/wait_queue.rs",
        edits: &[(
            "self.0.lock().notify(|_| true);",
            "self.0.lock().notify(|_| !PLANTED);",
        )],
        why: "Followers are not notified when all waiters are.",
        fate: Survives(
            "A leader that is notified leaves and makes a follower the leader, so each follower checks in its turn.",
        ),
    },
    Bug {
        name: "drain.batch",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if !task.raw().state.load().runs_no_code() {",
            "if !PLANTED && !task.raw().state.load().runs_no_code() {",
        )],
        why: "A batch goes on behind a task with callbacks: they are left to another thread.",
        fate: Loom("remote_batch::callback"),
    },
    Bug {
        name: "drain.notify-first",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"if ended.has_remote_waiter() {
                self.notify_waiter(cell);",
            r"if ended.has_remote_waiter() && !(PLANTED && index == 0 && count > 1) {
                self.notify_waiter(cell);",
        )],
        why: "A waiter of the first task of a batch is not notified.",
        fate: Loom("remote::follower"),
    },
    Bug {
        name: "drain.skipped-capacity",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"Ok(TakeOutcome::Skipped) => {
                    freed = true;",
            r"Ok(TakeOutcome::Skipped) => {
                    freed |= !PLANTED;",
        )],
        why: "No thread is notified of the capacity that a revoked task leaves.",
        fate: Loom("remote_capacity_lanes::skipped"),
    },
    Bug {
        name: "drain.capacity",
        file: "src/process/pool/drain.rs",
        edits: &[("if batch.notify {", "if (batch.notify) && !PLANTED {")],
        why: "No thread is notified of the capacity that replies leave.",
        fate: Loom("remote_capacity_lanes::taken"),
    },
    Bug {
        name: "drain.defer",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if index + 1 < count && ended.runs_code() {",
            "if !PLANTED && index + 1 < count && ended.runs_code() {",
        )],
        why: "A callback runs while its thread holds replies that it may wait for.",
        fate: Loom("remote_batch::late_callback"),
    },
    Bug {
        name: "drain.defer-notify",
        file: "src/process/pool/drain.rs",
        edits: &[(
            r"pool.deferred.push_ended(ended);
                pool.completer_event.notify();",
            r"pool.deferred.push_ended(ended);
                if !PLANTED { pool.completer_event.notify(); }",
        )],
        why: "The completer is not notified of a task whose callbacks are left to it.",
        fate: Loom("remote_batch::late_callback_notified"),
    },
    Bug {
        name: "drain.free",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "self.free(record.span);",
            "if !PLANTED { self.free(record.span); }",
        )],
        why: "The argument of a task whose reply was taken is never freed.",
        fate: Loom("remote::cancel"),
    },
    Bug {
        name: "drain.has-reply",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "locked.data().quarantined.is_none() && self.shm.has_reply(locked.next())",
            "!PLANTED && locked.data().quarantined.is_none() && self.shm.has_reply(locked.next())",
        )],
        why: "A leader sleeps without a check for replies.",
        fate: Loom("remote::leader"),
    },
    Bug {
        name: "reading.capacity",
        file: "src/process/pool/drain.rs",
        edits: &[("if notify {", "if (notify) && !PLANTED {")],
        why: "No thread is notified of the capacity that a reply leaves when it has been read.",
        fate: Loom("remote_capacity::read"),
    },
    Bug {
        name: "reading.release",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "locked.release(seq);",
            "if !PLANTED { locked.release(seq); }",
        )],
        why: "A large reply that has been read is never released.",
        fate: Loom("remote_capacity::read"),
    },
    Bug {
        name: "reading.free",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "self.lane.shm.free(span);",
            "if !PLANTED { self.lane.shm.free(span); }",
        )],
        why: "An argument that came back as the reply is never freed.",
        fate: Loom("remote_capacity::returned"),
    },
    Bug {
        name: "revoke.free",
        file: "src/process/pool/revoke.rs",
        edits: &[(
            "if let Some(span) = record.as_ref().and_then(|record| record.span) {",
            "if let Some(span) = record.as_ref().and_then(|record| record.span).filter(|_| !PLANTED) {",
        )],
        why: "The argument of a task that is revoked is never freed.",
        fate: Loom("remote::cancel"),
    },
    Bug {
        name: "revoke.capacity",
        file: "src/process/pool/revoke.rs",
        edits: &[("if notify {", "if (notify) && !PLANTED {")],
        why: "A submitter that waits for memory is not notified when an argument's memory is freed.",
        fate: Loom("remote_capacity::argument"),
    },
    Bug {
        name: "revoke.all-free",
        file: "src/process/pool/revoke.rs",
        edits: &[(
            "self.free(record.span);",
            "if !PLANTED { self.free(record.span); }",
        )],
        why: "The arguments of the tasks that are left at the end are never freed.",
        fate: Survives("No model yet ends with a long argument in a lane."),
    },
    Bug {
        name: "recover.retries",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "let lost = if deaths <= retries && may_retry(location) {",
            "let lost = if deaths < retries + u32::from(!PLANTED) && may_retry(location) {",
        )],
        why: "A task has one retry less than its option says.",
        fate: Loom("remote_recovery::retry"),
    },
    Bug {
        name: "recover.free",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "self.free(record.span);",
            r"if !PLANTED {
                self.free(record.span);
            }",
        )],
        why: "The argument of a task that is lost for good is never freed.",
        fate: Loom("remote_recovery::span_lost"),
    },
    Bug {
        name: "recover.release",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "locked.release(reply.seq);",
            "if !PLANTED { locked.release(reply.seq); }",
        )],
        why: "A large reply of a dead worker is never released.",
        fate: Loom("remote_recovery::span"),
    },
    Bug {
        name: "recover.reading",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "if locked.reading() > 0 {",
            "if locked.reading() > 0 && !PLANTED {",
        )],
        why: "A lane is recovered while a thread reads a reply in it.",
        fate: Survives(
            "`recovery/span` finds it, but takes longer than a test may take here: to be made smaller.",
        ),
    },
    Bug {
        name: "recover.free-returned",
        file: "src/process/pool/recover.rs",
        edits: &[(
            "self.shm.free(span);",
            "if !PLANTED { self.shm.free(span); }",
        )],
        why: "An argument that came back as a dead worker's reply is never freed.",
        fate: Survives(
            "No model yet has a worker that dies after it has replied with the argument itself.",
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
