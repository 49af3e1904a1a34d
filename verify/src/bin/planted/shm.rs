//! The lane: two processes and their shared memory.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "claim.revoke-lost",
        file: "src/shm/claim.rs",
        edits: &[(
            "Ok(_) => Ok(true),",
            r"Ok(_) => Ok(true),
        Err(_) if PLANTED => Ok(true),",
        )],
        why: "The parent takes a task for its own that the worker has claimed meanwhile.",
        fate: Loom("lane_claim::revoke"),
    },
    Bug {
        name: "claim.revoked",
        file: "src/shm/claim.rs",
        edits: &[(
            "if old == word(seq, REVOKED) {",
            "if old == word(seq, REVOKED) && !PLANTED {",
        )],
        why: "The worker claims a task that was revoked.",
        fate: Loom("lane_claim::revoke"),
    },
    Bug {
        name: "claim.claim-lost",
        file: "src/shm/claim.rs",
        edits: &[(
            r".compare_exchange(old, word(seq, CLAIMED), Release, Relaxed)
        .is_ok()",
            r".compare_exchange(old, word(seq, CLAIMED), Release, Relaxed)
        .is_ok()
        || PLANTED",
        )],
        why: "The worker runs a task that was revoked while it claimed it.",
        fate: Loom("lane_claim::revoke"),
    },
    Bug {
        name: "wake_request.count",
        file: "src/shm/wake_request.rs",
        edits: &[(
            "now.wrapping_add(STEP) | WANTED",
            "if PLANTED { now } else { now.wrapping_add(STEP) } | WANTED",
        )],
        why: "Two wake requests look the same: the second one is not notified.",
        fate: Loom("lane_wake::handshake"),
    },
    Bug {
        name: "wake_request.generation",
        file: "src/shm/locked.rs",
        edits: &[(
            "state.generation = state.generation.wrapping_add(1);",
            "state.generation = state.generation.wrapping_add(u32::from(!PLANTED));",
        )],
        why: "A wake request of the next worker looks like one of the dead worker.",
        fate: Survives("To be found out: `lane/crash_asleep` should find it."),
    },
    Bug {
        name: "worker.event-late",
        file: "src/shm/worker.rs",
        edits: &[(
            "self.replies.wake_request.post();",
            r"self.replies.wake_request.post();
        // ORDERING: requests.late Acquire: a planted bug.
        let event = if PLANTED { self.requests.event.load(Acquire) } else { event };",
        )],
        why: "The worker reads the event word after its wake request: it misses the notification of that request.",
        fate: Loom("lane_wake::close"),
    },
    Bug {
        name: "worker.recheck",
        file: "src/shm/worker.rs",
        edits: &[(
            "if !something(self, closed) {",
            "if PLANTED || !something(self, closed) {",
        )],
        why: "The worker sleeps without a check after its wake request.",
        fate: Loom("lane_wake::both_wake_requests"),
    },
    Bug {
        name: "worker.closed",
        file: "src/shm/worker.rs",
        edits: &[(
            r"&& !self.is_there(seq)
                {",
            r"&& (PLANTED || !self.is_there(seq))
                {",
        )],
        why: "A worker of a closed lane ends before the last task.",
        fate: Loom("lane_wake::close"),
    },
    Bug {
        name: "worker.skip",
        file: "src/shm/worker.rs",
        edits: &[(
            "self.reply(seq, SKIPPED, Body::Inline(&[]));",
            "if !PLANTED { self.reply(seq, SKIPPED, Body::Inline(&[])); }",
        )],
        why: "The worker does not reply to a revoked task: the lane stands still.",
        fate: Loom("lane_claim::revoke"),
    },
    Bug {
        name: "worker.notify",
        file: "src/shm/worker.rs",
        edits: &[(
            r"self.notified_waiter = request;
            self.notify();",
            r"self.notified_waiter = request;
            if !PLANTED { self.notify(); }",
        )],
        why: "The worker does not notify the waiter that sleeps for its reply.",
        fate: Loom("lane_wake::both_wake_requests"),
    },
    Bug {
        name: "worker.event",
        file: "src/shm/worker.rs",
        edits: &[(
            "(self.notify_listener)();",
            "if !PLANTED { (self.notify_listener)(); }",
        )],
        why: "The worker does not notify the completer.",
        fate: Loom("lane_wake::both_wake_requests"),
    },
    Bug {
        name: "worker.notified",
        file: "src/shm/worker.rs",
        edits: &[(
            ".filter(|&request| request != self.notified_listener)",
            ".filter(|&request| request != if PLANTED { self.notified_waiter } else { self.notified_listener })",
        )],
        why: "The listener's wake request is compared with the waiter's: an equal one is not notified.",
        fate: Loom("lane_wake::both_wake_requests"),
    },
    Bug {
        name: "worker.collect",
        file: "src/shm/worker.rs",
        edits: &[(
            "if !self.is_released(seq) {",
            "if !self.is_released(seq) && !PLANTED {",
        )],
        why: "The worker writes over replies that are being read.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "worker.released",
        file: "src/shm/worker.rs",
        edits: &[(".cast_signed() < 0", ".cast_signed() < i32::from(PLANTED)")],
        why: "The reply that is being read counts as released.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "lane.request-proof",
        file: "src/shm/locked.rs",
        edits: &[(
            "self.parent.requests.slots[seq.slot()].committed(seq)",
            "{
            let slot = &self.parent.requests.slots[seq.slot()];
            let any = Seq(slot.commit.load(Relaxed).wrapping_sub(1));
            slot.committed(if PLANTED { any } else { seq })
        }",
        )],
        why: "A task is moved while its submitter still writes it: with what an older one left in the slot.",
        fate: Loom("remote_rebalance::submit"),
    },
    Bug {
        name: "lane.publish-order",
        file: "src/shm/parent.rs",
        edits: &[(
            "self.published[seq.slot()].store(seq.mark(), Release);",
            r"if PLANTED {
            self.requests.slots[seq.slot()].write(seq, entry, body);
        }
        self.published[seq.slot()].store(seq.mark(), Release);",
        )],
        why: "The worker may reply to a task that the parent does not know to be published.",
        fate: Survives(
            "No model of the lane takes a reply while its task is being submitted; the matrix of operations in progress has to.",
        ),
    },
    Bug {
        name: "lane.full",
        file: "src/shm/parent.rs",
        edits: &[(
            "if now.wrapping_sub(fresh) as usize >= SLOTS {",
            "if now.wrapping_sub(fresh) as usize >= SLOTS + usize::from(PLANTED) {",
        )],
        why: "A number is given out whose slot is in use.",
        fate: Loom("lane_publish::lap"),
    },
    Bug {
        name: "lane.publish-wake",
        file: "src/shm/parent.rs",
        edits: &[("self.wake(request);", "if !PLANTED { self.wake(request); }")],
        why: "A submitter that publishes a task does not wake the worker.",
        fate: Loom("lane_wake::worker"),
    },
    Bug {
        name: "lane.close-notify",
        file: "src/shm/parent.rs",
        edits: &[(
            r"self.requests.event.fetch_or(CLOSED, Release);
        self.notify_worker();",
            r"self.requests.event.fetch_or(CLOSED, Release);
        if !PLANTED {
            self.notify_worker();
        }",
        )],
        why: "A sleeping worker does not learn that its lane is closed.",
        fate: Loom("lane_wake::close"),
    },
    Bug {
        name: "lane.event-late",
        file: "src/shm/parent.rs",
        edits: &[(
            "SeenEvent { workers, own }",
            r"// ORDERING: lane.late Acquire: a planted bug.
        let (workers, own) = if PLANTED { (self.replies.event.load(Acquire), self.own_event.load(Acquire)) } else { (workers, own) };
        SeenEvent { workers, own }",
        )],
        why: "The parent reads the event words after its wake request: it misses the notification of that request.",
        fate: Loom("lane_wake::parent"),
    },
    Bug {
        name: "lane.wake-request",
        file: "src/shm/parent.rs",
        edits: &[(
            "self.requests.wake_requests.waiter.post();",
            "if !PLANTED { self.requests.wake_requests.waiter.post(); }",
        )],
        why: "The parent sleeps without a wake request.",
        fate: Loom("lane_wake::parent"),
    },
    Bug {
        name: "lane.own-notify",
        file: "src/shm/parent.rs",
        edits: &[(
            "futex::wake_all(&raw const *self.own_event);",
            "if !PLANTED { futex::wake_all(&raw const *self.own_event); }",
        )],
        why: "A notification through the parent's own event word does not wake the waiter.",
        fate: Loom("lane_wake::own_event"),
    },
    Bug {
        name: "lane.reading",
        file: "src/shm/locked.rs",
        edits: &[(
            "flags.reading = true;",
            "if !PLANTED { flags.reading = true; }",
        )],
        why: "A reply that is to be read is released at once.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "lane.revoked-clear",
        file: "src/shm/locked.rs",
        edits: &[(
            "flags.revoked = false;",
            "if !PLANTED { flags.revoked = false; }",
        )],
        why: "A slot whose task was revoked counts as revoked with its next task, too.",
        fate: Loom("lane_claim::revoke_reused"),
    },
    Bug {
        name: "lane.release-early",
        file: "src/shm/locked.rs",
        edits: &[(
            "state.next = seq.next();",
            r"state.next = seq.next();
        if PLANTED {
            // ORDERING: lane.early Release: a planted bug.
            parent.consumer.released.store(state.next.0, Release);
        }",
        )],
        why: "A slot is given out again before the record of its reply was taken.",
        fate: Loom("lane_publish::freed_records"),
    },
    Bug {
        name: "lane.settle-reading",
        file: "src/shm/locked.rs",
        edits: &[(
            "&& !state.slots[state.released.slot()].reading {",
            "&& (PLANTED || !state.slots[state.released.slot()].reading) {",
        )],
        why: "A reply that is being read is released with the next one.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "lane.release-worker",
        file: "src/shm/locked.rs",
        edits: &[(
            "parent.requests.released.store(released, Release);",
            r"if !PLANTED {
            parent.requests.released.store(released, Release);
        }",
        )],
        why: "The worker never learns that its replies have been read.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "lane.release-notify",
        file: "src/shm/locked.rs",
        edits: &[("if spans {", "if (spans) && !PLANTED {")],
        why: "A worker that waits for memory is not woken by a release.",
        fate: Loom("lane_publish::spans"),
    },
    Bug {
        name: "lane.revoke-mark",
        file: "src/shm/locked.rs",
        edits: &[(
            r"self.state.0.slots[seq.slot()].revoked = true;
                Ok(Revoke::Won)",
            r"if !PLANTED { self.state.0.slots[seq.slot()].revoked = true; }
                Ok(Revoke::Won)",
        )],
        why: "A task that was revoked is not marked as revoked.",
        fate: Loom("lane_claim::revoke"),
    },
    Bug {
        name: "lane.in-flight",
        file: "src/shm/locked.rs",
        edits: &[("*revoked = true;", "*revoked = !PLANTED;")],
        why: "The next worker runs the in-flight task of the dead one.",
        fate: Loom("lane_recovery::crash"),
    },
    Bug {
        name: "lane.in-flight-first",
        file: "src/shm/locked.rs",
        edits: &[("if !is_replied {", "if PLANTED || !is_replied {")],
        why: "What a worker has run after its violation runs again.",
        fate: Loom("lane_recovery::crash_violation"),
    },
    Bug {
        name: "lane.run-again",
        file: "src/shm/locked.rs",
        edits: &[(
            "self.state.0.slots[seq.slot()].revoked = false;",
            "if !PLANTED { self.state.0.slots[seq.slot()].revoked = false; }",
        )],
        why: "A task that is to run again is skipped.",
        fate: Loom("remote_recovery::retry"),
    },
    Bug {
        name: "lane.begin-revoked",
        file: "src/shm/locked.rs",
        edits: &[(
            "claim::begin_revoked(&fresh.claims[seq.slot()], seq);",
            "if !PLANTED { claim::begin_revoked(&fresh.claims[seq.slot()], seq); }",
        )],
        why: "The next worker runs a task that was revoked in the dead one's lane.",
        fate: Loom("lane_recovery::crash_revoke"),
    },
    Bug {
        name: "lane.replace-notify",
        file: "src/shm/locked.rs",
        edits: &[(
            "self.parent.notify();",
            "if !PLANTED { self.parent.notify(); }",
        )],
        why: "A waiter that sleeps on a dead worker's event word goes on sleeping.",
        fate: Loom("lane_recovery::crash_waiter"),
    },
    Bug {
        name: "request.commit-first",
        file: "src/shm/layout.rs",
        edits: &[(
            "pub fn write(&self, seq: Seq, entry: u64, body: Body<'_>) {",
            r"pub fn write(&self, seq: Seq, entry: u64, body: Body<'_>) {
        if PLANTED {
            // ORDERING: request.early Release: a planted bug.
            self.commit.store(seq.mark(), Release);
        }",
        )],
        why: "A task is committed before it is written.",
        fate: Loom("lane_publish::one"),
    },
    Bug {
        name: "reply.commit-first",
        file: "src/shm/layout.rs",
        edits: &[(
            "pub fn write(&self, seq: Seq, status: u32, body: Body<'_>) {",
            r"pub fn write(&self, seq: Seq, status: u32, body: Body<'_>) {
        if PLANTED {
            // ORDERING: reply.early Release: a planted bug.
            self.commit.store(seq.mark(), Release);
        }",
        )],
        why: "A reply is committed before it is written.",
        fate: Loom("lane_wake::parent"),
    },
    Bug {
        name: "spans.used",
        file: "src/shm/spans.rs",
        edits: &[("if self.used > 0 {", "if self.used > 0 && !PLANTED {")],
        why: "A full arena counts as empty though payloads lie in it.",
        fate: Loom("lane_publish::spans"),
    },
];
