//! The process pool: room, the attendant, the end, dead workers.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "revoke.gone",
        file: "src/process/pool/revoke.rs",
        edits: &[(
            "RevokeOutcome::Gone if location() != at => {}",
            "RevokeOutcome::Gone if location() != at && !PLANTED => {}",
        )],
        why: "A cancel gives up when its task moves meanwhile.",
        fate: Loom("remote_moves::cancel"),
    },
    Bug {
        name: "attend.moved",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "is_done()\n            || remote.location() != location",
            "is_done()\n            || !PLANTED && remote.location() != location",
        )],
        why: "Who waits does not look whether its task has moved.",
        fate: Loom("remote::moved"),
    },
    Bug {
        name: "attend.ready",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "|| !remote.pool.deferred.is_empty()",
            "|| !PLANTED && !remote.pool.deferred.is_empty()",
        )],
        why: "Who waits does not look for what the supervisor has left.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "attend.mark",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if !cell.state.set_remote_waiter() {",
            "if !PLANTED && !cell.state.set_remote_waiter() {",
        )],
        why: "Who sleeps for a task leaves no mark on it.",
        fate: Loom("remote::attended"),
    },
    Bug {
        name: "attend.engage-again",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if request_completion_at(remote, location) || cell",
            "if request_completion_at(remote, location) || PLANTED || cell",
        )],
        why: "The attendant is engaged where the task is no more.",
        fate: Loom("remote::move_engage"),
    },
    Bug {
        name: "attend.cancel-call",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "lane_of(&remote.pool, location).notify_waiter(cell);",
            "if !PLANTED { lane_of(&remote.pool, location).notify_waiter(cell); }",
        )],
        why: "Who waits for a task does not hear that it is cancelled.",
        fate: Loom("remote::cancel_waiter"),
    },
    Bug {
        name: "attend.ask",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "lane_of(&remote.pool, location).shm.ask(location.seq);",
            "if !PLANTED { lane_of(&remote.pool, location).shm.ask(location.seq); }",
        )],
        why: "A task that runs in a worker is not asked to stop.",
        fate: Loom("remote_told::asked"),
    },
    Bug {
        name: "attend.look-ready",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if !remote.pool.deferred.is_empty() {",
            "if !remote.pool.deferred.is_empty() && !PLANTED {",
        )],
        why: "A look at a future does not complete what the supervisor has left.",
        fate: Loom("remote_ready::failed"),
    },
    Bug {
        name: "attend.pump-others",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if !cell.state.load().is_done() {
            lane.drain_some(pool);",
            r"if !cell.state.load().is_done() && !PLANTED {
            lane.drain_some(pool);",
        )],
        why: "A leader that was woken leaves the answers of others in the lane.",
        fate: Survives("Who gets the lead next finds the answers that were left."),
    },
    Bug {
        name: "attend.balance",
        file: "src/process/pool/wait.rs",
        edits: &[("pool.rebalance();", "if !PLANTED { pool.rebalance(); }")],
        why: "Who waits behind another task does not give it to an idle worker.",
        fate: Loom("remote_moves::follower"),
    },
    Bug {
        name: "attend.serve",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if pool.run_deferred() {
                continue;",
            r"if !PLANTED && pool.run_deferred() {
                continue;",
        )],
        why: "Who waits for a task's callbacks does not run what is ready, and they may be there.",
        fate: Survives(
            "No model yet has somebody who waits for callbacks that are left to whoever serves, with nobody else to serve.",
        ),
    },
    Bug {
        name: "attendant.backlog",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"if crowded() {
            // ORDERING: backlog.on",
            r"if !PLANTED && crowded() {
            // ORDERING: backlog.on",
        )],
        why: "The attendant takes the mark of a backlog off and does not look again.",
        fate: Loom("remote_balance::mark"),
    },
    Bug {
        name: "attendant.serve",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"}
        while pool.run_deferred() {}",
            r"}
        while !PLANTED && pool.run_deferred() {}",
        )],
        why: "The attendant leaves what is ready.",
        fate: Loom("remote_ready::told"),
    },
    Bug {
        name: "attendant.serve-last",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"    while pool.run_deferred() {}
    pool.end();",
            r"    while !PLANTED && pool.run_deferred() {}
    pool.end();",
        )],
        why: "The attendant ends before what is ready.",
        fate: Loom("remote_close::late"),
    },
    Bug {
        name: "attendant.engaged",
        file: "src/process/pool/completer.rs",
        edits: &[(
            "if lane.interest.is_set() {",
            "if lane.interest.is_set() && !PLANTED {",
        )],
        why: "The attendant does not listen.",
        fate: Loom("remote::engage"),
    },
    Bug {
        name: "attendant.tend",
        file: "src/process/pool/completer.rs",
        edits: &[(
            "        check_backlog(pool);",
            "        if !PLANTED { check_backlog(pool); }",
        )],
        why: "The attendant does not look what waits.",
        fate: Loom("remote_balance::attend"),
    },
    Bug {
        name: "pool.advance-room",
        file: "src/process/pool/shared.rs",
        edits: &[(
            r"fence(SeqCst);
        self.notify_capacity();",
            r"fence(SeqCst);
        if !PLANTED {
            self.notify_capacity();
        }",
        )],
        why: "Who waits for room does not learn that the pool is drained.",
        fate: Loom("remote_room::drained"),
    },
    Bug {
        name: "pool.end-wake",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "futex::wake_all(&self.ended);",
            "if !PLANTED { futex::wake_all(&self.ended); }",
        )],
        why: "Who waits for the pool's end is not woken.",
        fate: Loom("remote_close::wait_end"),
    },
    Bug {
        name: "pool.close-ring",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"let ended = lane.revoke_all(self);
                    lane.notify();",
            r"let ended = lane.revoke_all(self);
                    if !PLANTED {
                        lane.notify();
                    }",
        )],
        why: "Who waits for a task that the end cancels is not rung.",
        fate: Loom("remote_close::waiter"),
    },
    Bug {
        name: "pool.recheck-engage",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"_ => self.fail_lane(lane),
        }
        lane.request_completion(self);",
            r"_ => self.fail_lane(lane),
        }
        if !PLANTED {
            lane.request_completion(self);
        }",
        )],
        why: "The attendant of a pool that is drained does not listen for what slipped in.",
        fate: Survives("Only the supervisor waits for what this is for, and no model has one."),
    },
    Bug {
        name: "pool.recheck",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            "self.deferred.push_ended(ended);",
            r"if PLANTED {
                        std::mem::forget(ended);
                    } else {
                        self.deferred.push_ended(ended);
                    }",
        )],
        why: "The callbacks of a task that slipped in while the pool was closed do not run.",
        fate: Survives(
            "No model yet moves a task with a callback into a lane that is being closed.",
        ),
    },
    Bug {
        name: "pool.catch-up",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"self.recheck(lane);
        while self.run_deferred() {}",
            r"self.recheck(lane);
        while !PLANTED && self.run_deferred() {}",
        )],
        why: "A task that comes after the attendant's end is not completed.",
        fate: Loom("remote_close::late"),
    },
    Bug {
        name: "pool.sweep-ring",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"lane.notify();
        self.completer_event.notify();
    }",
            r"if !PLANTED {
            lane.notify();
        }
        self.completer_event.notify();
    }",
        )],
        why: "Who waits for a task that the end leaves is not rung.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "pool.stop-bell",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"self.stopped.store(true, Release);
        self.completer_event.notify();",
            r"self.stopped.store(true, Release);
        if !PLANTED {
            self.completer_event.notify();
        }",
        )],
        why: "The attendant does not learn of the end.",
        fate: Loom("remote::engage"),
    },
    Bug {
        name: "pool.backlog-bell",
        file: "src/process/pool/shared.rs",
        edits: &[(
            r"self.backlog.store(true, Relaxed);
            self.completer_event.notify();",
            r"self.backlog.store(true, Relaxed);
            if !PLANTED {
                self.completer_event.notify();
            }",
        )],
        why: "The attendant does not hear of a backlog.",
        fate: Loom("remote_balance::attend"),
    },
    Bug {
        name: "pool.orphans",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "if self.lanes.len() > 1 && lane.depth() > 0 {",
            "if !PLANTED && self.lanes.len() > 1 && lane.depth() > 0 {",
        )],
        why: "What waits for a dead worker is no backlog.",
        fate: Loom("remote_balance::mark_orphans"),
    },
    Bug {
        name: "pool.balance-pump",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "lane.drain_replies(self, 64);",
            "if !PLANTED { lane.drain_replies(self, 64); }",
        )],
        why: "A lane is not known to be empty.",
        fate: Loom("remote_balance::both"),
    },
    Bug {
        name: "pool.balance-idle",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "|lane: &Lane| lane.depth() == 0 && lane.pid() != 0;",
            "|lane: &Lane| lane.depth() == 0 && (lane.pid() != 0 || PLANTED);",
        )],
        why: "Tasks are given to a lane without a worker.",
        fate: Survives("The lane gets another worker, which runs the task: it costs time alone."),
    },
    Bug {
        name: "ready.attended",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if ended.as_ref().is_some_and(Ended::has_remote_waiter) {",
            "if !PLANTED && ended.as_ref().is_some_and(Ended::has_remote_waiter) {",
        )],
        why: "Who sleeps for a task that failed is not notified.",
        fate: Loom("remote_ready::failed"),
    },
    Bug {
        name: "ready.answered",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "let ended = unsafe { finish(task, &reply_view) };
                if ended.has_remote_waiter() {",
            "let ended = unsafe { finish(task, &reply_view) };
                if ended.has_remote_waiter() && !PLANTED {",
        )],
        why: "Who sleeps for the answer of a dead worker is not notified.",
        fate: Loom("remote_ready::answered"),
    },
    Bug {
        name: "ready.count",
        file: "src/process/pool/deferred.rs",
        edits: &[(
            "queue.push_back(item);",
            r"queue.push_back(item);
        if PLANTED {
            return;
        }",
        )],
        why: "What is ready is not seen.",
        fate: Loom("remote_ready::failed"),
    },
    Bug {
        name: "room.found",
        file: "src/process/pool/capacity.rs",
        edits: &[(
            "|| found() || pool.is_closed() || lanes.iter().any(Lane::has_reply);",
            "|| !PLANTED && found() || pool.is_closed() || lanes.iter().any(Lane::has_reply);",
        )],
        why: "A submitter does not look for room after it has got its place.",
        fate: Loom("remote_room::argument"),
    },
    Bug {
        name: "room.want",
        file: "src/process/pool/capacity.rs",
        edits: &[
            (
                "lane.shm.lock().data().capacity_waiters += 1;",
                "lane.shm.lock().data().capacity_waiters += usize::from(!PLANTED);",
            ),
            (
                "lane.shm.lock().data().capacity_waiters -= 1;",
                "lane.shm.lock().data().capacity_waiters -= usize::from(!PLANTED);",
            ),
        ],
        why: "A submitter that sleeps for room does not say so.",
        fate: Loom("remote_room::argument"),
    },
    Bug {
        name: "room.want-no-more",
        file: "src/process/pool/capacity.rs",
        edits: &[(
            "lanes.iter().for_each(unregister);",
            "if !PLANTED { lanes.iter().for_each(unregister); }",
        )],
        why: "A submitter that has gone still wants room: whoever takes an answer tells nobody, again and again.",
        fate: Loom("remote_room::skipped"),
    },
    Bug {
        name: "submit.after-closed",
        file: "src/process/pool/submit.rs",
        edits: &[(
            r"if pool.is_closed() {
        // The thread that closes",
            r"if pool.is_closed() && !PLANTED {
        // The thread that closes",
        )],
        why: "A task that slips into a closed pool is forgotten.",
        fate: Loom("remote_close::submit"),
    },
    Bug {
        name: "submit.after-backlog",
        file: "src/process/pool/submit.rs",
        edits: &[(
            "} else if pool.lanes.len() > 1 && lane.depth() > 1 {",
            "} else if !PLANTED && pool.lanes.len() > 1 && lane.depth() > 1 {",
        )],
        why: "A task behind another one is no backlog.",
        fate: Loom("remote_balance::attend"),
    },
    Bug {
        name: "submit.free-unwritten",
        file: "src/process/pool/submit.rs",
        edits: &[(
            r"if let Err(error) = written {
        lane.release_argument(argument.span);",
            r"if let Err(error) = written {
        if !PLANTED {
            lane.release_argument(argument.span);
        }",
        )],
        why: "The memory of an argument that could not be written is lost.",
        fate: Survives(
            "An argument that cannot be written needs a Serialize that fails, which no model has; `tests/process` do.",
        ),
    },
    Bug {
        name: "generation.keep",
        file: "src/sys/generation.rs",
        edits: &[(
            "kept.fetch_max(next, Relaxed);",
            "if !PLANTED { kept.fetch_max(next, Relaxed); }",
        )],
        why: "The child of a forked child takes its parent's threads for its own.",
        fate: Loom("generation::fork"),
    },
    Bug {
        name: "generation.theirs",
        file: "src/sys/generation.rs",
        edits: &[(
            "Err(theirs) => theirs,",
            "Err(theirs) => if PLANTED { mine } else { theirs },",
        )],
        why: "Two threads of a child count two generations.",
        fate: Loom("generation::first"),
    },
];
