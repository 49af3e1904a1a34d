//! The thread pool: queues, sleep, joins, spares, the end.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "idle.again",
        file: "src/thread/idle.rs",
        edits: &[(
            r"it publishes nothing.
        if parker",
            r"it publishes nothing.
        if !PLANTED && parker",
        )],
        why: "A worker that was woken for itself parks a second time while its first entry is still in the stack.",
        fate: Shuttle("idle::up_in_the_stack"),
    },
    Bug {
        name: "idle.next-sleeper",
        file: "src/thread/idle.rs",
        edits: &[(
            "let _ = self.change(|now| Some(now.sub(SEARCHING).sub(AWAKE)));",
            r"let _ = self.change(|now| Some(now.sub(SEARCHING).sub(AWAKE)));
            if PLANTED {
                return None;
            }",
        )],
        why: "A waker that finds the top sleeper up wakes no other one.",
        fate: Loom("idle::two_wakers"),
    },
    Bug {
        name: "idle.last-searcher",
        file: "src/thread/idle.rs",
        edits: &[(
            "before.searching() == 1,",
            "before.searching() == 1 && !PLANTED,",
        )],
        why: "The last searcher does not look for what was pushed meanwhile.",
        fate: Shuttle("idle::last_searcher"),
    },
    Bug {
        name: "idle.alone",
        file: "src/thread/idle.rs",
        edits: &[(
            "u64::from(!has_announced)",
            "u64::from(!has_announced || PLANTED)",
        )],
        why: "With one other worker awake no worker looks into its queues.",
        fate: Shuttle("pool::hidden_wait"),
    },
    Bug {
        name: "idle.wake-count",
        file: "src/thread/idle.rs",
        edits: &[(
            "Some(now.with_top(u64::from(next)).add(SEARCHING).add(AWAKE))",
            r"let up = now.with_top(u64::from(next)).add(SEARCHING);
                Some(if PLANTED { up } else { up.add(AWAKE) })",
        )],
        why: "A worker that is woken is not counted as awake.",
        fate: Shuttle("idle::searching"),
    },
    Bug {
        name: "idle.wake-this-count",
        file: "src/thread/idle.rs",
        edits: &[(
            "let _ = self.change(|now| Some(now.add(AWAKE)));",
            "let _ = self.change(|now| Some(if PLANTED { now } else { now.add(AWAKE) }));",
        )],
        why: "A worker that is woken for itself is not counted as awake.",
        fate: Loom("idle::two_wakers"),
    },
    Bug {
        name: "idle.wake-this",
        file: "src/thread/idle.rs",
        edits: &[("parker.wake(WORK);", "if !PLANTED { parker.wake(WORK); }")],
        why: "A worker that is wanted itself is marked as woken and not woken.",
        fate: Loom("idle::two_wakers"),
    },
    Bug {
        name: "idle.leave-search",
        file: "src/thread/idle.rs",
        edits: &[("if was_searching {", "if (was_searching) && !PLANTED {")],
        why: "A worker that parks still counts as searching: no worker is woken any more.",
        fate: Shuttle("idle::searching"),
    },
    Bug {
        name: "deque.len",
        file: "src/thread/deque.rs",
        edits: &[(
            "usize::from(self.back().wrapping_sub(self.front()))",
            r"if PLANTED {
            usize::from(self.back().saturating_sub(self.front()))
        } else {
            usize::from(self.back().wrapping_sub(self.front()))
        }",
        )],
        why: "A deque is empty when its back has wrapped.",
        fate: Shuttle("deque::push_many"),
    },
    Bug {
        name: "deque.slot-late",
        file: "src/thread/deque.rs",
        edits: &[(
            "// ORDERING: deque.slot Relaxed",
            r"if PLANTED {
            self.word.fetch_add(1 << BACK, AcqRel);
            self.slot(now.back()).store(item.as_ptr(), Relaxed);
            return Ok(());
        }
        // ORDERING: deque.slot Relaxed",
        )],
        why: "An item is published before its slot is written.",
        fate: Shuttle("deque::same_indices"),
    },
    Bug {
        name: "deque.front-removals",
        file: "src/thread/deque.rs",
        edits: &[(
            "let front = self.front().wrapping_add(count as u16);",
            r"let front = self.front().wrapping_add(count as u16);
        if PLANTED {
            return self.0 & !0xffff | u64::from(front);
        }",
        )],
        why: "What is taken from the front is not counted: a thief's exchange may succeed on an old look.",
        fate: Survives(
            "The front counts itself: it is the same again after 65,536 removals, between two looks of one thief.",
        ),
    },
    Bug {
        name: "deque.back-removals",
        file: "src/thread/deque.rs",
        edits: &[(
            "let back = self.back().wrapping_sub(1);",
            r"let back = self.back().wrapping_sub(1);
        if PLANTED {
            return self.0 & !(0xffff << BACK) | u64::from(back) << BACK;
        }",
        )],
        why: "What is taken from the back is not counted: a thief's exchange may succeed on an old look.",
        fate: Shuttle("deque::same_indices"),
    },
    Bug {
        name: "deque.full",
        file: "src/thread/deque.rs",
        edits: &[(
            "if now.len() >= CAPACITY {",
            "if now.len() >= CAPACITY + usize::from(PLANTED) {",
        )],
        why: "A full deque takes one more, over its oldest.",
        fate: Shuttle("deque::full"),
    },
    Bug {
        name: "deque.loot-capacity",
        file: "src/thread/deque.rs",
        edits: &[(
            "let free = CAPACITY - mine.len() + 1;",
            "let free = if PLANTED { CAPACITY } else { CAPACITY - mine.len() + 1 };",
        )],
        why: "A thief puts more into its own deque than fits there.",
        fate: Survives(
            "A thief steals when its own deque is empty, and takes less than fits there.",
        ),
    },
    Bug {
        name: "deque.many-capacity",
        file: "src/thread/deque.rs",
        edits: &[(
            "let free = (CAPACITY - now.len()).min(limit);",
            "let free = if PLANTED { limit } else { (CAPACITY - now.len()).min(limit) };",
        )],
        why: "A batch is pushed over what is there.",
        fate: Survives(
            "A batch of more than one goes into an empty deque, and is less than fits there.",
        ),
    },
    Bug {
        name: "deque.mark",
        file: "src/thread/deque.rs",
        edits: &[(
            "if above > u16::MAX / 2 {",
            "if above > u16::MAX / 2 && !PLANTED {",
        )],
        why: "A mark that thieves have passed is taken for a position far below.",
        fate: Survives(
            "The order in which a worker runs its own tasks would be another one, which is no promise of a pool of several.",
        ),
    },
    Bug {
        name: "injector.over",
        file: "src/thread/injector.rs",
        edits: &[(
            "Self::between(head, tail / ONE) == 0",
            "(PLANTED || Self::between(head, tail / ONE) == 0)",
        )],
        why: "A closed injector is over though there is something in it.",
        fate: Shuttle("pool::smallest_race"),
    },
    Bug {
        name: "injector.shelve-slots",
        file: "src/thread/injector.rs",
        edits: &[(
            "slot.with_mut(|slot| *slot = ptr::null_mut());",
            "if !PLANTED { slot.with_mut(|slot| *slot = ptr::null_mut()); }",
        )],
        why: "A recycled block still has the items of its last use.",
        fate: Shuttle("injector::recycled"),
    },
    Bug {
        name: "injector.shelve-read",
        file: "src/thread/injector.rs",
        edits: &[(
            "block.read.with_mut(|read| *read = 0);",
            "if !PLANTED { block.read.with_mut(|read| *read = 0); }",
        )],
        why: "A recycled block counts as read already.",
        fate: Shuttle("injector::recycled"),
    },
    Bug {
        name: "injector.shelve-next",
        file: "src/thread/injector.rs",
        edits: &[(
            "block.next.with_mut(|next| *next = ptr::null_mut());",
            "if !PLANTED { block.next.with_mut(|next| *next = ptr::null_mut()); }",
        )],
        why: "A recycled block still links to the block that followed it.",
        fate: Survives(
            "A block is linked again before a thread follows its link, in the models' short chains.",
        ),
    },
    Bug {
        name: "injector.last-reader",
        file: "src/thread/injector.rs",
        edits: &[(
            r"+ count == SLOTS {
            // SAFETY: every",
            r"+ count >= SLOTS - usize::from(PLANTED) {
            // SAFETY: every",
        )],
        why: "A block is used again while a thread reads it.",
        fate: Shuttle("injector::look"),
    },
    Bug {
        name: "injector.closed",
        file: "src/thread/injector.rs",
        edits: &[(
            r"if tail & CLOSED != 0 {
                return 0;",
            r"if tail & CLOSED != 0 && !PLANTED {
                return 0;",
        )],
        why: "A closed injector takes items.",
        fate: Shuttle("injector::close"),
    },
    Bug {
        name: "injector.many-slots",
        file: "src/thread/injector.rs",
        edits: &[(
            "block.slots[offset..offset + count].iter().zip(items) {",
            "block.slots[offset..offset + count].iter().zip(&items[usize::from(PLANTED && count < items.len())..]) {",
        )],
        why: "A batch that crosses the end of a block writes its second item into the first slot.",
        fate: Shuttle("injector::many_and_one"),
    },
    Bug {
        name: "injector.many-rest",
        file: "src/thread/injector.rs",
        edits: &[(
            "match self.push_some(&items[count..]) {",
            "match self.push_some(&items[count * usize::from(!PLANTED)..]) {",
        )],
        why: "The second step of a batch begins with its first item again.",
        fate: Shuttle("injector::many_and_one"),
    },
    Bug {
        name: "handoff.steal",
        file: "src/thread/handoff.rs",
        edits: &[(
            "// ORDERING: handoff.steal Acquire",
            r"if PLANTED {
            self.0.swap(ptr::null_mut(), Acquire);
            return NonNull::new(now);
        }
        // ORDERING: handoff.steal Acquire",
        )],
        why: "A thief takes what it has seen, whether or not it is still there.",
        fate: Shuttle("handoff::again"),
    },
    Bug {
        name: "limit.wake-all",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            r"if now & WAITING != 0 {
            // WAKE",
            r"if now & WAITING != 0 {
            if PLANTED {
                futex::wake_one(&self.word);
                return;
            }
            // WAKE",
        )],
        why: "One sleeper is woken and `WAITING` is cleared: the others are never woken for a place.",
        fate: Shuttle("limit::two_sleepers"),
    },
    Bug {
        name: "limit.close-wake",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            r"self.word.fetch_or(CLOSED, Relaxed);
        // WAKE: the other end is QueueLimit::take.
        futex::wake_all(&self.word);",
            r"self.word.fetch_or(CLOSED, Relaxed);
        if !PLANTED {
            futex::wake_all(&self.word);
        }",
        )],
        why: "A submitter that waits for a place does not learn that the pool is closed.",
        fate: Loom("limit::close"),
    },
    Bug {
        name: "limit.closed-look",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "if now & (FREE | CLOSED) != 0 {",
            "if now & if PLANTED { FREE } else { FREE | CLOSED } != 0 {",
        )],
        why: "A submitter that is about to wait for a place does not check whether the pool is closed.",
        fate: Loom("limit::close"),
    },
    Bug {
        name: "limit.list-wake",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "if now & LISTED != 0 {",
            "if !PLANTED && now & LISTED != 0 {",
        )],
        why: "Async code that waits for a place is not woken when one comes back.",
        fate: Loom("limit::list_give"),
    },
    Bug {
        name: "limit.list-close",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "listed.into_values().for_each(Waker::wake);",
            "if !PLANTED { listed.into_values().for_each(Waker::wake); }",
        )],
        why: "Async code that waits for a place does not learn of the end.",
        fate: Loom("limit::list_close"),
    },
    Bug {
        name: "limit.list-announce",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "while now & (FREE | CLOSED) == 0 {",
            "while now & if PLANTED { CLOSED } else { FREE | CLOSED } == 0 {",
        )],
        why: "Async code waits though a place has come back since it looked.",
        fate: Loom("limit::list_give"),
    },
    Bug {
        name: "limit.list-pass",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "if was_called && self.word.load(Relaxed) & FREE != 0 {",
            "if !PLANTED && was_called && self.word.load(Relaxed) & FREE != 0 {",
        )],
        why: "A wait that is dropped after it was woken takes the wake with it.",
        fate: Loom("limit::list_give_up"),
    },
    Bug {
        name: "limit.list-empty",
        file: "src/future/admissions/limit.rs",
        edits: &[(
            "if list.wakers.is_empty() {",
            "if PLANTED || list.wakers.is_empty() {",
        )],
        why: "After one is woken the others in the list are forgotten.",
        fate: Loom("limit::list_two"),
    },
    Bug {
        name: "admissions.cancelled",
        file: "src/future/end.rs",
        edits: &[(
            "if let Some(admissions) = admissions {",
            "if let Some(admissions) = admissions.filter(|_| !PLANTED) {",
        )],
        why: "A cancelled task keeps its place, since nobody is told.",
        fate: Shuttle("pool_limit::cancel_wakes"),
    },
    Bug {
        name: "admissions.twice",
        file: "src/future/admissions/mod.rs",
        edits: &[(
            "self.stale.fetch_add(1, Relaxed);\n        self.start(tag);",
            "self.stale.fetch_add(1, Relaxed);\n        if PLANTED {\n            self.start(tag);\n        }\n        self.start(tag);",
        )],
        why: "The place of a cancelled task comes back twice, as if the worker that finds its entry returned it too.",
        fate: Shuttle("pool_limit::cancel"),
    },
    Bug {
        name: "admissions.stale-count",
        file: "src/thread/worker.rs",
        edits: &[(
            "                None => self.shared.admissions.drop_stale(),",
            "                None => if !PLANTED { self.shared.admissions.drop_stale() },",
        )],
        why: "Stale entries count as such after they are gone: the pool reports fewer queued tasks than it has.",
        fate: Shuttle("pool_limit::cancel"),
    },
    Bug {
        name: "admissions.helped",
        file: "src/thread/worker.rs",
        edits: &[(
            "self.shared.admissions.leave(cell.tag)",
            "if !PLANTED { self.shared.admissions.leave(cell.tag) }",
        )],
        why: "A task that a waiter runs keeps its place.",
        fate: Shuttle("pool_limit::helped"),
    },
    Bug {
        name: "external_joiners.look",
        file: "src/thread/external.rs",
        edits: &[(
            "self.count.fetch_add(0, Release) > 0",
            "!PLANTED && self.count.fetch_add(0, Release) > 0",
        )],
        why: "A worker parks without a look at the jobs of external joiners.",
        fate: Loom("join::sleeper"),
    },
    Bug {
        name: "ranges.keep",
        file: "src/thread/ranges.rs",
        edits: &[(
            "own.swap(rest.0, Relaxed);",
            "own.swap(if PLANTED { 0 } else { rest.0 }, Relaxed);",
        )],
        why: "A thief loses all of its loot but what it does next.",
        fate: Loom("ranges::two"),
    },
    Bug {
        name: "ranges.half",
        file: "src/thread/ranges.rs",
        edits: &[(
            ".compare_exchange(now.0, left.0, Relaxed, Relaxed)",
            ".compare_exchange(now.0, if PLANTED { now.0 } else { left.0 }, Relaxed, Relaxed)",
        )],
        why: "A thief leaves what it takes: items are done twice.",
        fate: Shuttle("ranges::clear"),
    },
    Bug {
        name: "join.sleep-again",
        file: "src/thread/join/shared_job.rs",
        edits: &[(
            "futex::wait(&self.latch, SLEEPER, None);",
            r"futex::wait(&self.latch, SLEEPER, None);
            if PLANTED {
                break;
            }",
        )],
        why: "An owner goes on at any wake, before its half is done.",
        fate: Shuttle("join::race"),
    },
    Bug {
        name: "join.unlink",
        file: "src/thread/join/joins.rs",
        edits: &[(
            r"&& self.share(shared, job)
        {
            self.unlink(job);",
            r"&& self.share(shared, job)
        {
            if !PLANTED { self.unlink(job); }",
        )],
        why: "A deferred half that is shared stays deferred, and runs twice.",
        fate: Shuttle("pool::deferred_half"),
    },
    Bug {
        name: "join.finish-wake",
        file: "src/thread/join/shared_job.rs",
        edits: &[(
            ".swap(DONE, Release) == SLEEPER {",
            ".swap(DONE, Release) == SLEEPER && !PLANTED {",
        )],
        why: "A thief that is done does not wake the owner.",
        fate: Loom("join::sleeper"),
    },
    Bug {
        name: "join.reclaim",
        file: "src/thread/join/shared_job.rs",
        edits: &[(
            r".compare_exchange(job, ptr::null_mut(), Relaxed, Relaxed)
            .is_ok()",
            r".compare_exchange(job, ptr::null_mut(), Relaxed, Relaxed)
            .is_ok()
            || PLANTED",
        )],
        why: "An owner reclaims a half that a thief has.",
        fate: Loom("join::external_joiners"),
    },
    Bug {
        name: "join.put-full",
        file: "src/thread/join/shared_job.rs",
        edits: &[(
            r".compare_exchange(ptr::null_mut(), job, AcqRel, Relaxed)
            .is_ok()",
            r".compare_exchange(ptr::null_mut(), job, AcqRel, Relaxed)
            .is_ok()
            || PLANTED",
        )],
        why: "A half that found no empty slot is believed to be shared.",
        fate: Loom("join::external_joiners"),
    },
    Bug {
        name: "join.wake-at-start",
        file: "src/thread/join/joins.rs",
        edits: &[(
            "if self.lately.get() >= LONG && shared.sleepers.is_sleeping() {",
            "if (self.lately.get() >= LONG && shared.sleepers.is_sleeping()) && !PLANTED {",
        )],
        why: "No worker is woken for the outermost half of a long tree.",
        fate: Shuttle("pool::halves_meet_parked"),
    },
    Bug {
        name: "scope.up",
        file: "src/thread/scope.rs",
        edits: &[("self.count.up();", "if !PLANTED { self.count.up(); }")],
        why: "A scope does not count a task.",
        fate: Shuttle("pool::scope"),
    },
    Bug {
        name: "scope.wake",
        file: "src/thread/scope.rs",
        edits: &[(
            ".fetch_sub(1, Release) == 1 {",
            ".fetch_sub(1, Release) == 1 && !PLANTED {",
        )],
        why: "The last task of a scope does not wake the scope's thread.",
        fate: Loom("scope::nested"),
    },
    Bug {
        name: "scope.wait",
        file: "src/thread/scope.rs",
        edits: &[("scope.count.wait();", "if !PLANTED { scope.count.wait(); }")],
        why: "A scope ends before its tasks.",
        fate: Shuttle("pool::scope"),
    },
    Bug {
        name: "threads.signal",
        file: "src/thread/threads.rs",
        edits: &[(
            r"drop(registry);
            // WAKE: the other end is Threads::notify_spares",
            r"drop(registry);
            // ORDERING: threads.late Relaxed: a planted bug.
            let signal = if PLANTED { self.signal.load(Relaxed) } else { signal };
            // WAKE: the other end is Threads::notify_spares",
        )],
        why: "A spare reads the signal after its check, and sleeps through a notification that came between.",
        fate: Shuttle("pool::both_workers"),
    },
    Bug {
        name: "threads.retire-all",
        file: "src/thread/threads.rs",
        edits: &[(
            r"if last {
            self.notify_spares(true);",
            r"if last {
            self.notify_spares(!PLANTED);",
        )],
        why: "At the end one spare is woken, and the others stay.",
        fate: Shuttle("pool::drain_blocked"),
    },
    Bug {
        name: "threads.lend",
        file: "src/thread/start_threads.rs",
        edits: &[(
            "if registry.waiting <= registry.lent.len() {",
            "if if PLANTED { registry.waiting == 0 } else { registry.waiting <= registry.lent.len() } {",
        )],
        why: "One waiting spare is counted for two lent tokens.",
        fate: Shuttle("pool::two_lent"),
    },
    Bug {
        name: "threads.lend-notify",
        file: "src/thread/start_threads.rs",
        edits: &[(
            "threads.notify_spares(false);",
            "if !PLANTED { threads.notify_spares(false); }",
        )],
        why: "A token is lent, and the spare that waits is not notified.",
        fate: Shuttle("pool::two_lent"),
    },
    Bug {
        name: "threads.give-up-notify",
        file: "src/thread/threads.rs",
        edits: &[(
            r"registry.lent.push(token);
        drop(registry);
        self.notify_spares(false);",
            r"registry.lent.push(token);
        drop(registry);
        if !PLANTED { self.notify_spares(false); }",
        )],
        why: "A token that a spare gives back, because it failed to begin, is offered to no other spare.",
        fate: Survives("No schedule has a spare that fails to begin while another one waits."),
    },
    Bug {
        name: "threads.leave-wake",
        file: "src/thread/threads.rs",
        edits: &[(
            "futex::wake_all(&self.live);",
            "if !PLANTED { futex::wake_all(&self.live); }",
        )],
        why: "The last thread does not wake the thread that waits for the pool's end.",
        fate: Loom("shutdown::closed"),
    },
    Bug {
        name: "threads.begun-wake",
        file: "src/thread/threads.rs",
        edits: &[(
            "futex::wake_all(&self.begun);",
            "if !PLANTED { futex::wake_all(&self.begun); }",
        )],
        why: "The last worker to begin does not wake the thread that builds the pool.",
        fate: Loom("shutdown::hook"),
    },
    Bug {
        name: "threads.turn",
        file: "src/thread/threads.rs",
        edits: &[(
            "if registry.takeovers[index] != takeovers {",
            "if registry.takeovers[index] != takeovers && !PLANTED {",
        )],
        why: "A token that was taken over and lent again is taken by its first holder.",
        fate: Survives(
            "A blocked task goes on with a token whose deque is another task's: no schedule has locks that this would show by.",
        ),
    },
    Bug {
        name: "threads.retired",
        file: "src/thread/threads.rs",
        edits: &[(
            "if registry.retired == self.workers || registry.waiting",
            "if registry.retired == self.workers && !PLANTED || registry.waiting",
        )],
        why: "A spare that comes back when all workers have ended waits for a token.",
        fate: Loom("shutdown::closed"),
    },
    Bug {
        name: "threads.spares",
        file: "src/thread/threads.rs",
        edits: &[(
            "registry.spares = registry.spares.saturating_sub(1);",
            "if !PLANTED { registry.spares = registry.spares.saturating_sub(1); }",
        )],
        why: "A spare that leaves is still counted: in the end no token can be lent.",
        fate: Survives(
            "Only a limit that is reached after many spares have left would show it, and a model cannot say how many are about to leave.",
        ),
    },
    Bug {
        name: "search.work-left",
        file: "src/thread/search.rs",
        edits: &[(
            "if self.is_work_left(own, true) {",
            "if !PLANTED && self.is_work_left(own, true) {",
        )],
        why: "A worker parks without a last look at the queues.",
        fate: Shuttle("pool::hidden_wait_parked"),
    },
    Bug {
        name: "search.half-left",
        file: "src/thread/search.rs",
        edits: &[(
            "} else if self.is_job_left(own) {",
            "} else if !PLANTED && self.is_job_left(own) {",
        )],
        why: "A worker parks without a last look for a shared job.",
        fate: Shuttle("pool::halves_meet_parked"),
    },
    Bug {
        name: "search.closed",
        file: "src/thread/search.rs",
        edits: &[(
            "if self.shared.is_closed() || own.pinned.look() {",
            "if self.shared.is_closed() && !PLANTED || own.pinned.look() {",
        )],
        why: "A worker parks without a last look whether the pool is closed.",
        fate: Loom("shutdown::closed"),
    },
    Bug {
        name: "search.found-left",
        file: "src/thread/search.rs",
        edits: &[(
            "if self.is_work_left(own, false) {",
            "if self.is_work_left(own, false) && !PLANTED {",
        )],
        why: "The last searcher finds that there is more, and wakes no worker.",
        fate: Shuttle("pool::both_workers"),
    },
    Bug {
        name: "search.found-half",
        file: "src/thread/search.rs",
        edits: &[(
            "} else if self.is_job_seen(own) {",
            "} else if self.is_job_seen(own) && !PLANTED {",
        )],
        why: "The last searcher sees a shared job, and wakes no worker.",
        fate: Shuttle("pool::halves_meet_beside"),
    },
    Bug {
        name: "search.injector",
        file: "src/thread/search.rs",
        edits: &[(
            r"self.shared.injector.look()
",
            r"!PLANTED && self.shared.injector.look()
",
        )],
        why: "A worker does not look into the injector before it sleeps.",
        fate: Loom("shutdown::closed"),
    },
    Bug {
        name: "search.deques",
        file: "src/thread/search.rs",
        edits: &[(
            r"|| !self.shared.sleepers.is_alone(has_announced)
",
            r"|| !PLANTED && !self.shared.sleepers.is_alone(has_announced)
",
        )],
        why: "A worker does not look into the others' deques before it sleeps.",
        fate: Shuttle("pool::hidden_wait"),
    },
    Bug {
        name: "search.shared-jobs",
        file: "src/thread/search.rs",
        edits: &[(
            "|| !self.shared.sleepers.is_alone(true)\n                && self.others",
            "|| !PLANTED && !self.shared.sleepers.is_alone(true)\n                && self.others",
        )],
        why: "A worker does not look for the shared jobs of other workers before it sleeps.",
        fate: Shuttle("pool::halves_meet_parked"),
    },
    Bug {
        name: "search.handoff",
        file: "src/thread/search.rs",
        edits: &[(
            "(None, handed) => handed.or_else(|| self.pop_inbound(own)).map(Work::Task),",
            r"(None, handed) if PLANTED => self.pop_inbound(own).map(|task| {
                    if let Some(Err(task)) = handed.map(|handed| self.push(handed)) {
                        self.run(task);
                    }
                    Work::Task(task)
                }),
                (None, handed) => handed.or_else(|| self.pop_inbound(own)).map(Work::Task),",
        )],
        why: "A task in the handoff slot waits behind tasks that came later, or is lost.",
        fate: Shuttle("pool::cancel_spawned"),
    },
    Bug {
        name: "search.both",
        file: "src/thread/search.rs",
        edits: &[(
            "if let Err(task) = self.push(task) {",
            r"if PLANTED {
                        drop(task);
                    } else if let Err(task) = self.push(task) {",
        )],
        why: "A worker that finds one task and gets another one in its handoff slot drops one of them.",
        fate: Shuttle("pool::outside"),
    },
    Bug {
        name: "worker.batch-wake",
        file: "src/thread/worker.rs",
        edits: &[(
            "self.shared.sleepers.wake_one();",
            "if !PLANTED { self.shared.sleepers.wake_one(); }",
        )],
        why: "A worker takes several tasks, and wakes no other worker that could take some of them.",
        fate: Survives(
            "A thread that pushes wakes a worker, and the last searcher looks again: this only spreads a batch sooner.",
        ),
    },
    Bug {
        name: "worker.over-pinned",
        file: "src/thread/worker.rs",
        edits: &[(
            "&& own.pinned.is_over()",
            "&& (PLANTED || own.pinned.is_over())",
        )],
        why: "A worker ends with a task in its pinned queue.",
        fate: Shuttle("pool::drain_two"),
    },
    Bug {
        name: "worker.return-place",
        file: "src/thread/worker.rs",
        edits: &[(
            "Some(tag) => self.shared.start(tag),",
            "Some(tag) => if !PLANTED { self.shared.start(tag) },",
        )],
        why: "A task that starts keeps its place in the queue.",
        fate: Shuttle("pool::limit"),
    },
    Bug {
        name: "pool.close-pinned",
        file: "src/thread/shared.rs",
        edits: &[(
            "worker.pinned.close();",
            r"if !PLANTED {
                worker.pinned.close();
            }",
        )],
        why: "Pinned queues stay open when the pool is closed.",
        fate: Loom("shutdown::closed"),
    },
    Bug {
        name: "pool.wake-first",
        file: "src/thread/shared.rs",
        edits: &[
            (
                "self.injector.close();",
                r"if PLANTED {
            self.sleepers.wake_all();
        }
        self.injector.close();",
            ),
            (
                "self.sleepers.wake_all();",
                r"if !PLANTED {
            self.sleepers.wake_all();
        }",
            ),
        ],
        why: "Workers are woken for the end before the queues are closed.",
        fate: Loom("shutdown::nothing_to_do"),
    },
    Bug {
        name: "pool.handoff-order",
        file: "src/thread/submit.rs",
        edits: &[(
            "if !worker.handoff.is_open() || self.injector.len() > 0 {",
            "if !worker.handoff.is_open() || !PLANTED && self.injector.len() > 0 {",
        )],
        why: "A task goes into a handoff slot though an earlier one of the same thread waits in the injector.",
        fate: Shuttle("pool::in_order"),
    },
    Bug {
        name: "pool.cancel-stolen",
        file: "src/thread/shared.rs",
        edits: &[(
            "while let Some(item) = stolen.pop_front() {",
            r"while let Some(item) = stolen.pop_front() {
                    if PLANTED {
                        continue;
                    }",
        )],
        why: "Of the tasks that are stolen to be cancelled, all but the first are dropped.",
        fate: Shuttle("pool::cancel_spawned"),
    },
    Bug {
        name: "pool.refused-place",
        file: "src/thread/submit.rs",
        edits: &[(
            r"if let Err(task) = self.push_outside(task) {
            self.admissions.start(task.raw().tag);",
            r"if let Err(task) = self.push_outside(task) {
            if !PLANTED { self.admissions.start(task.raw().tag); }",
        )],
        why: "A task that the closed injector refuses keeps its place in the queue.",
        fate: Survives("The limit is closed in the next step, which wakes all waiting submitters."),
    },
    Bug {
        name: "pool.inside-wake",
        file: "src/thread/submit.rs",
        edits: &[(
            r"Ok(()) => {
                self.sleepers.wake_one();",
            r"Ok(()) => if !PLANTED {
                self.sleepers.wake_one();",
        )],
        why: "A task that is spawned inside wakes no worker.",
        fate: Shuttle("pool::hidden_wait"),
    },
    Bug {
        name: "pool.outside-wake",
        file: "src/thread/submit.rs",
        edits: &[(
            "if let Some(worker) = self.sleepers.wake_one() {",
            "if !PLANTED && let Some(worker) = self.sleepers.wake_one() {",
        )],
        why: "A task from outside wakes no worker.",
        fate: Shuttle("pool::both_workers"),
    },
    Bug {
        name: "pool.pinned-wake",
        file: "src/thread/submit.rs",
        edits: &[(
            "self.sleepers.wake_this(worker);",
            "if !PLANTED { self.sleepers.wake_this(worker); }",
        )],
        why: "A task for one worker does not wake it.",
        fate: Shuttle("pool::spawn_on"),
    },
    Bug {
        name: "pool.cancel-pinned",
        file: "src/thread/shared.rs",
        edits: &[(
            "while worker.pinned.pop_many(64, cancel) > 0 {}",
            "while !PLANTED && worker.pinned.pop_many(64, cancel) > 0 {}",
        )],
        why: "Tasks in pinned queues are not cancelled.",
        fate: Shuttle("pool::cancel_spawned"),
    },
    Bug {
        name: "pool.cancel-deques",
        file: "src/thread/shared.rs",
        edits: &[(
            "while let Some((first, _)) = worker.deque.steal_into(&stolen) {",
            "while let Some((first, _)) = if PLANTED { None } else { worker.deque.steal_into(&stolen) } {",
        )],
        why: "Tasks in the workers' deques are not cancelled.",
        fate: Shuttle("pool::cancel_spawned"),
    },
    Bug {
        name: "pool.close-limit",
        file: "src/thread/shared.rs",
        edits: &[("limit.close();", "if !PLANTED { limit.close(); }")],
        why: "A submitter that waits for a place in the queue does not learn that the pool is closed.",
        fate: Shuttle("pool::limit_drained"),
    },
];
