//! The process pool: waiting, capacity, the completer, deferred outcomes, the end; fork generations.

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
        name: "wait.moved",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "is_done()\n            || remote.location() != location",
            "is_done()\n            || !PLANTED && remote.location() != location",
        )],
        why: "A waiter does not check whether its task has moved.",
        fate: Loom("remote::moved"),
    },
    Bug {
        name: "wait.deferred",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "|| !remote.pool.deferred.is_empty()",
            "|| !PLANTED && !remote.pool.deferred.is_empty()",
        )],
        why: "A waiter does not check for deferred outcomes.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "wait.mark",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if !cell.state.set_remote_waiter() {",
            "if !PLANTED && !cell.state.set_remote_waiter() {",
        )],
        why: "A waiter does not set `REMOTE_WAITER` in its task's state.",
        fate: Loom("remote::reply_taken"),
    },
    Bug {
        name: "wait.request-again",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if request_completion_at(remote, location) || cell",
            "if request_completion_at(remote, location) || PLANTED || cell",
        )],
        why: "Completion is requested in the lane that the task has left.",
        fate: Loom("remote::move_interest"),
    },
    Bug {
        name: "wait.cancel-notify",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "lane_of(&remote.pool, location).notify_waiter(cell);",
            "if !PLANTED { lane_of(&remote.pool, location).notify_waiter(cell); }",
        )],
        why: "A waiter is not notified that its task is cancelled.",
        fate: Loom("remote::cancel_waiter"),
    },
    Bug {
        name: "wait.request-stop",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "lane.shm.request_stop(location.seq);",
            "if !PLANTED { lane.shm.request_stop(location.seq); }",
        )],
        why: "A task that runs in a worker is not asked to stop.",
        fate: Loom("remote_notify::stop_requested"),
    },
    Bug {
        name: "wait.look-deferred",
        file: "src/process/pool/wait.rs",
        edits: &[(
            "if !remote.pool.deferred.is_empty() {",
            "if !remote.pool.deferred.is_empty() && !PLANTED {",
        )],
        why: "A poll of a future does not complete deferred outcomes.",
        fate: Loom("remote_deferred::failed"),
    },
    Bug {
        name: "wait.drain-others",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if !cell.state.load().is_done() {
            lane.drain_some(pool);",
            r"if !cell.state.load().is_done() && !PLANTED {
            lane.drain_some(pool);",
        )],
        why: "A leader that was woken leaves the replies of other tasks in the lane.",
        fate: Survives("The next leader finds the replies that were left."),
    },
    Bug {
        name: "wait.rebalance",
        file: "src/process/pool/wait.rs",
        edits: &[("pool.rebalance();", "if !PLANTED { pool.rebalance(); }")],
        why: "A waiter whose task is behind another one does not move it to an idle worker.",
        fate: Loom("remote_moves::follower"),
    },
    Bug {
        name: "wait.run-deferred",
        file: "src/process/pool/wait.rs",
        edits: &[(
            r"if pool.run_deferred() {
                continue;",
            r"if !PLANTED && pool.run_deferred() {
                continue;",
        )],
        why: "A thread that waits until a task's callbacks have run does not run deferred outcomes, and they may be there.",
        fate: Survives(
            "No model yet has a thread that waits for deferred callbacks, and no other thread to run them.",
        ),
    },
    Bug {
        name: "completer.backlog",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"if crowded() {
            // ORDERING: backlog.on",
            r"if !PLANTED && crowded() {
            // ORDERING: backlog.on",
        )],
        why: "The completer clears the backlog flag and does not check again.",
        fate: Loom("remote_rebalance::backlog"),
    },
    Bug {
        name: "completer.run-deferred",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"}
        while pool.run_deferred() {}",
            r"}
        while !PLANTED && pool.run_deferred() {}",
        )],
        why: "The completer does not run deferred outcomes.",
        fate: Loom("remote_deferred::notified"),
    },
    Bug {
        name: "completer.run-deferred-last",
        file: "src/process/pool/completer.rs",
        edits: &[(
            r"    while pool.run_deferred() {}
    pool.end();",
            r"    while !PLANTED && pool.run_deferred() {}
    pool.end();",
        )],
        why: "The completer ends before it has run the deferred outcomes.",
        fate: Loom("remote_close::late"),
    },
    Bug {
        name: "completer.interest",
        file: "src/process/pool/completer.rs",
        edits: &[(
            "if lane.interest.is_set() {",
            "if lane.interest.is_set() && !PLANTED {",
        )],
        why: "The completer does not serve the lanes that it listens to.",
        fate: Loom("remote::request_completion"),
    },
    Bug {
        name: "completer.check-backlog",
        file: "src/process/pool/completer.rs",
        edits: &[(
            "        check_backlog(pool);",
            "        if !PLANTED { check_backlog(pool); }",
        )],
        why: "The completer does not check the backlog.",
        fate: Loom("remote_rebalance::completer"),
    },
    Bug {
        name: "pool.advance-capacity",
        file: "src/process/pool/shared.rs",
        edits: &[(
            r"fence(SeqCst);
        self.notify_capacity();",
            r"fence(SeqCst);
        if !PLANTED {
            self.notify_capacity();
        }",
        )],
        why: "A submitter that waits for capacity is not notified that the pool is drained.",
        fate: Loom("remote_capacity::drained"),
    },
    Bug {
        name: "pool.end-wake",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "futex::wake_all(&self.ended);",
            "if !PLANTED { futex::wake_all(&self.ended); }",
        )],
        why: "A thread that waits for the pool's end is not woken.",
        fate: Loom("remote_close::wait_end"),
    },
    Bug {
        name: "pool.close-notify",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"let ended = lane.revoke_all(self);
                    lane.notify();",
            r"let ended = lane.revoke_all(self);
                    if !PLANTED {
                        lane.notify();
                    }",
        )],
        why: "A waiter of a task that the close cancels is not notified.",
        fate: Loom("remote_close::waiter"),
    },
    Bug {
        name: "pool.recheck-request",
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
        why: "The completer of a pool that is drained does not listen for a task that came in meanwhile.",
        fate: Survives(
            "Only the supervisor waits for the end of such a task, and no model has a supervisor.",
        ),
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
        why: "The callbacks of a task that came in while the pool was closed do not run.",
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
        why: "A task that comes after the completer's end is not completed.",
        fate: Loom("remote_close::late"),
    },
    Bug {
        name: "pool.fail-notify",
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
        why: "A waiter of a task that fails at the end is not notified.",
        fate: Loom("remote::end"),
    },
    Bug {
        name: "pool.stop-notify",
        file: "src/process/pool/lifecycle.rs",
        edits: &[(
            r"self.stopped.store(true, Release);
        self.completer_event.notify();",
            r"self.stopped.store(true, Release);
        if !PLANTED {
            self.completer_event.notify();
        }",
        )],
        why: "The completer is not notified of the end.",
        fate: Loom("remote::request_completion"),
    },
    Bug {
        name: "pool.backlog-notify",
        file: "src/process/pool/shared.rs",
        edits: &[(
            r"self.backlog.store(true, Relaxed);
            self.completer_event.notify();",
            r"self.backlog.store(true, Relaxed);
            if !PLANTED {
                self.completer_event.notify();
            }",
        )],
        why: "The completer is not notified of a backlog.",
        fate: Loom("remote_rebalance::completer"),
    },
    Bug {
        name: "pool.stranded",
        file: "src/process/pool/shared.rs",
        edits: &[(
            "if self.lanes.len() > 1 && lane.depth() > 0 {",
            "if !PLANTED && self.lanes.len() > 1 && lane.depth() > 0 {",
        )],
        why: "Tasks that wait for a dead worker are no backlog.",
        fate: Loom("remote_rebalance::backlog_stranded"),
    },
    Bug {
        name: "rebalance.drain",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "lane.drain_replies(self, 64);",
            "if !PLANTED { lane.drain_replies(self, 64); }",
        )],
        why: "Replies are not drained first: an empty lane is not known to be empty.",
        fate: Loom("remote_rebalance::both"),
    },
    Bug {
        name: "rebalance.idle",
        file: "src/process/pool/rebalance.rs",
        edits: &[(
            "|lane: &Lane| lane.depth() == 0 && lane.pid() != 0;",
            "|lane: &Lane| lane.depth() == 0 && (lane.pid() != 0 || PLANTED);",
        )],
        why: "Tasks move to a lane without a worker.",
        fate: Survives("The lane gets another worker, which runs the task: it costs time alone."),
    },
    Bug {
        name: "deferred.failed-notify",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "if ended.as_ref().is_some_and(Ended::has_remote_waiter) {",
            "if !PLANTED && ended.as_ref().is_some_and(Ended::has_remote_waiter) {",
        )],
        why: "A waiter of a task that failed is not notified.",
        fate: Loom("remote_deferred::failed"),
    },
    Bug {
        name: "deferred.replied-notify",
        file: "src/process/pool/drain.rs",
        edits: &[(
            "let ended = unsafe { finish(task, &reply_view) };
                if ended.has_remote_waiter() {",
            "let ended = unsafe { finish(task, &reply_view) };
                if ended.has_remote_waiter() && !PLANTED {",
        )],
        why: "A waiter of a task to which a dead worker replied is not notified.",
        fate: Loom("remote_deferred::replied"),
    },
    Bug {
        name: "deferred.count",
        file: "src/process/pool/deferred.rs",
        edits: &[(
            "queue.push_back(item);",
            r"queue.push_back(item);
        if PLANTED {
            return;
        }",
        )],
        why: "A deferred outcome is not counted, so no thread sees it.",
        fate: Loom("remote_deferred::failed"),
    },
    Bug {
        name: "capacity.found",
        file: "src/process/pool/capacity.rs",
        edits: &[(
            "|| found() || pool.is_closed() || lanes.iter().any(Lane::has_reply);",
            "|| !PLANTED && found() || pool.is_closed() || lanes.iter().any(Lane::has_reply);",
        )],
        why: "A submitter does not check for capacity after it has entered the wait queues.",
        fate: Loom("remote_capacity::argument"),
    },
    Bug {
        name: "capacity.register",
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
        why: "A submitter that sleeps for capacity is not counted.",
        fate: Loom("remote_capacity::argument"),
    },
    Bug {
        name: "capacity.unregister",
        file: "src/process/pool/capacity.rs",
        edits: &[(
            "lanes.iter().for_each(unregister);",
            "if !PLANTED { lanes.iter().for_each(unregister); }",
        )],
        why: "A submitter that has gone is still counted: each thread that takes a reply notifies the queue in vain.",
        fate: Loom("remote_capacity::skipped"),
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
        why: "A task that comes into a closed pool is forgotten.",
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
        fate: Loom("remote_rebalance::completer"),
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
            "An argument that cannot be written needs a Serialize that fails, which no model has; `tests/process` has.",
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
