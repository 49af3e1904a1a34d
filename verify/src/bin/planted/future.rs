//! Futures: the state, hooks, wait sets, memory.

use super::{Bug, Fate::*};

pub const BUGS: &[Bug] = &[
    Bug {
        name: "state.claim-retry",
        file: "src/future/state.rs",
        edits: &[(
            "Ok(_) => return Claim::Won,",
            r"Ok(_) => return Claim::Won,
                Err(_) if PLANTED => return Claim::Lost,",
        )],
        why: "A claim that meets another change of the word gives up: the task never runs.",
        fate: Loom("state::look"),
    },
    Bug {
        name: "state.settle-wake",
        file: "src/future/state.rs",
        edits: &[(
            "..Self::completed(old, old - HOOKS)",
            r"wake: old & WAITER != 0 && !PLANTED,
            ..Self::completed(old, old - HOOKS)",
        )],
        why: "A waiter for the settled point is not woken when the callbacks have run.",
        fate: Shuttle("set::all_after_an_error"),
    },
    Bug {
        name: "state.finish-wake",
        file: "src/future/state.rs",
        edits: &[(
            "wake: old & WAITER != 0,",
            "wake: old & WAITER != 0 && !PLANTED,",
        )],
        why: "A thread that sleeps for the outcome is not woken.",
        fate: Shuttle("park::two_waiters"),
    },
    Bug {
        name: "state.finish-hooks",
        file: "src/future/state.rs",
        edits: &[(
            "hooks: old & HOOKS != 0,",
            "hooks: old & HOOKS != 0 && !PLANTED,",
        )],
        why: "Callbacks and wakers are not run.",
        fate: Loom("set::poll_then_block"),
    },
    Bug {
        name: "state.finish-remote-waiter",
        file: "src/future/state.rs",
        edits: &[(
            "remote_waiter: old & REMOTE_WAITER != 0,",
            "remote_waiter: old & REMOTE_WAITER != 0 && !PLANTED,",
        )],
        why: "A waiter that sleeps for the task in a lane is not woken.",
        fate: Shuttle("remote::cancel_waiter"),
    },
    Bug {
        name: "state.free",
        file: "src/future/state.rs",
        edits: &[(
            "free: Snapshot(new).is_free(),",
            "free: Snapshot(new).is_free() && !PLANTED,",
        )],
        why: "The last reference is given up, and the cell is not freed.",
        fate: Loom("state::look"),
    },
    Bug {
        name: "state.free-hooks",
        file: "src/future/state.rs",
        edits: &[(
            "self.0 & (TRIPLE | HOOKS) == TRIPLE",
            "self.0 & (TRIPLE | if PLANTED { 0 } else { HOOKS }) == TRIPLE",
        )],
        why: "A cell is freed whose callbacks are still running.",
        fate: Shuttle("hooks::order"),
    },
    Bug {
        name: "state.cancel-retry",
        file: "src/future/state.rs",
        edits: &[(
            "Ok(_) => return Cancel::Won(Self::completed(now, new)),",
            r"Ok(_) => return Cancel::Won(Self::completed(now, new)),
                Err(_) if PLANTED => return Cancel::TooLate,",
        )],
        why: "A cancel that meets another change of the word gives up, though the task has not started.",
        fate: Shuttle("state::cancel_twice"),
    },
    Bug {
        name: "state.cancel-stop",
        file: "src/future/state.rs",
        edits: &[(
            "=> now | STOP_REQUESTED,",
            "=> if PLANTED { now } else { now | STOP_REQUESTED },",
        )],
        why: "A running task does not see the request to stop.",
        fate: Loom("promise::cancel_requested"),
    },
    Bug {
        name: "state.cancel-already",
        file: "src/future/state.rs",
        edits: &[(
            "() if now & CANCELLED != 0 =>",
            "() if now & CANCELLED != 0 && !PLANTED =>",
        )],
        why: "A second cancel says that the task runs.",
        fate: Shuttle("state::cancel_twice"),
    },
    Bug {
        name: "state.sleep-again",
        file: "src/future/state.rs",
        edits: &[(
            "FutexWait::Woken | FutexWait::Changed | FutexWait::Interrupted => {}",
            r"FutexWait::Woken | FutexWait::Changed | FutexWait::Interrupted if PLANTED => return true,
                FutexWait::Woken | FutexWait::Changed | FutexWait::Interrupted => {}",
        )],
        why: "A waiter believes any wake.",
        fate: Shuttle("park::behind_a_callback"),
    },
    Bug {
        name: "state.open-settled",
        file: "src/future/state.rs",
        edits: &[(
            "return Opened::Settled;",
            r"if !PLANTED {
                    return Opened::Settled;
                }",
        )],
        why: "A hook is announced to a task that is done: it is never settled again.",
        fate: Loom("set::after_an_error"),
    },
    Bug {
        name: "state.take-over-once",
        file: "src/future/state.rs",
        edits: &[(
            "_ if old & TAKEN_OVER != 0 => TakenOver::Not,",
            "_ if old & TAKEN_OVER != 0 && !PLANTED => TakenOver::Not,",
        )],
        why: "Two threads of a forked child end the same task.",
        fate: Shuttle("take_over::running"),
    },
    Bug {
        name: "state.executors-alone",
        file: "src/future/state.rs",
        edits: &[(
            "self.0 == HANDLE_GONE",
            "if PLANTED { self.0 & HANDLE_GONE != 0 } else { self.0 == HANDLE_GONE }",
        )],
        why: "A task without a handle is run without a claim, though it has callbacks or was cancelled.",
        fate: Shuttle("state::cancel_twice"),
    },
    Bug {
        name: "hooks.put-back",
        file: "src/future/hooks.rs",
        edits: &[(
            "None => chain.prepend(self.take()?),",
            r"None if PLANTED => drop(self.take()?),
                    None => chain.prepend(self.take()?),",
        )],
        why: "Hooks that came while the list was edited are lost.",
        fate: Shuttle("hooks::two_repollers"),
    },
    Bug {
        name: "hooks.rest",
        file: "src/future/hooks.rs",
        edits: &[(
            "while let Some(newest_first) = table.callbacks.take_or_close() {",
            r"let mut again = false;
                while let Some(newest_first) = if PLANTED && std::mem::replace(&mut again, true) {
                    None
                } else {
                    table.callbacks.take_or_close()
                } {",
        )],
        why: "A callback that is added while others run is never run.",
        fate: Shuttle("hooks::two_adders"),
    },
    Bug {
        name: "hooks.order",
        file: "src/future/hooks.rs",
        edits: &[(
            "let mut oldest_first = newest_first.reversed();",
            "let mut oldest_first = if PLANTED { newest_first } else { newest_first.reversed() };",
        )],
        why: "Callbacks run newest first.",
        fate: Shuttle("hooks::order"),
    },
    Bug {
        name: "hooks.late",
        file: "src/future/hooks.rs",
        edits: &[("if !added {", "if (!added) && !PLANTED {")],
        why: "A callback for a task that is done is never run.",
        fate: Loom("hooks::add_cancel"),
    },
    Bug {
        name: "hooks.table-retry",
        file: "src/future/hooks.rs",
        edits: &[(
            "Ok(_) => break true,",
            r"Ok(_) => break true,
                Err(_) if PLANTED => break false,",
        )],
        why: "A callback that meets a waiter is run before the task is done.",
        fate: Shuttle("hooks::two_adders"),
    },
    Bug {
        name: "hooks.moved",
        file: "src/future/hooks.rs",
        edits: &[(
            "Err(Closed::Moved(table)) => step(",
            r"Err(Closed::Moved(_)) if PLANTED => Err(Closed::Closed),
            Err(Closed::Moved(table)) => step(",
        )],
        why: "Waiters that have moved to the table are taken for closed ones.",
        fate: Loom("hooks::edit"),
    },
    Bug {
        name: "hooks.edit-late",
        file: "src/future/hooks.rs",
        edits: &[(
            r"                fire_late(node, cell);
            }
        }",
            r"                if !PLANTED { fire_late(node, cell); }
            }
        }",
        )],
        why: "What an editor holds when the task ends is never fired.",
        fate: Shuttle("hooks::repoll"),
    },
    Bug {
        name: "hooks.late-settled",
        file: "src/future/hooks.rs",
        edits: &[(
            "cell.state.sleep(Until::Settled, None);",
            "if !PLANTED { cell.state.sleep(Until::Settled, None); }",
        )],
        why: "A late waiter is fired while callbacks still read the outcome.",
        fate: Shuttle("set::in_order"),
    },
    Bug {
        name: "hooks.close-table",
        file: "src/future/hooks.rs",
        edits: &[(
            "table.waiters.close()",
            "if PLANTED { table.waiters.take() } else { table.waiters.close() }",
        )],
        why: "The waiters of a future with callbacks stay open: a late one is never fired.",
        fate: Shuttle("hooks::add_poll"),
    },
    Bug {
        name: "set.look",
        file: "src/future/set.rs",
        edits: &[(
            r"if reached(count, target) {
            Err(())",
            r"if reached(count, target) && !PLANTED {
            Err(())",
        )],
        why: "The consumer does not load the count again after it has set its target.",
        fate: Loom("set::poll_then_block"),
    },
    Bug {
        name: "set.error-wake",
        file: "src/future/set.rs",
        edits: &[(
            "if target != AWAKE && reached(count, target) {",
            "if target != AWAKE && (if PLANTED { count & !ERROR >= target } else { reached(count, target) }) {",
        )],
        why: "A waiter for the first error is not woken by it.",
        fate: Shuttle("set::first_error"),
    },
    Bug {
        name: "set.error",
        file: "src/future/set.rs",
        edits: &[(
            "if failed && self.mode == WaitMode::Errors {",
            "if (failed && self.mode == WaitMode::Errors) && !PLANTED {",
        )],
        why: "An error is not marked in the count.",
        fate: Shuttle("set::first_error"),
    },
    Bug {
        name: "set.wake",
        file: "src/future/set.rs",
        edits: &[("self.wake(target);", "if !PLANTED { self.wake(target); }")],
        why: "The arrival that completes the count does not wake the consumer.",
        fate: Loom("set::poll_then_block"),
    },
    Bug {
        name: "set.left-waker",
        file: "src/future/set.rs",
        edits: &[(
            "let left = self.waker.lock().take();",
            "let left = if PLANTED { None } else { self.waker.lock().take() };",
        )],
        why: "A waker that an earlier poll left is called instead of waking the thread that sleeps now.",
        fate: Loom("set::poll_then_block"),
    },
    Bug {
        name: "set.request-completion",
        file: "src/future/set.rs",
        edits: &[(
            "Self::request_completion(cells.clone(), requested);",
            "if !PLANTED { Self::request_completion(cells.clone(), requested); }",
        )],
        why: "No thread completes the tasks of other processes while the set's thread sleeps.",
        fate: Shuttle("remote::set"),
    },
    Bug {
        name: "set.discard",
        file: "src/future/set.rs",
        edits: &[(
            r"let set = unsafe { node.cast::<Member>().as_ref() }.set.get();
    // SAFETY: the reference given up is the member's.
    unsafe { WaitSet::release(set) };",
            r"let set = unsafe { node.cast::<Member>().as_ref() }.set.get();
    // SAFETY: the reference given up is the member's.
    if !PLANTED { unsafe { WaitSet::release(set) }; }",
        )],
        why: "A member that is taken out keeps the set for ever.",
        fate: Shuttle("set::dropped"),
    },
    Bug {
        name: "set.unregister",
        file: "src/future/set.rs",
        edits: &[(
            "if now.has_hooks() && !now.is_done() {",
            "if (now.has_hooks() && !now.is_done()) && !PLANTED {",
        )],
        why: "A set that is no longer waited for stays in the hook lists of futures that go on.",
        fate: Survives(
            "A member that stays is fired once more, and its own reference keeps the set: it costs memory until the future ends.",
        ),
    },
    Bug {
        name: "waker.newest",
        file: "src/future/waker.rs",
        edits: &[(
            "(*waker).clone_from(cx.waker())",
            "if !PLANTED { (*waker).clone_from(cx.waker()) }",
        )],
        why: "The waker of an earlier poll is kept instead of the newest one.",
        fate: Shuttle("hooks::repoll"),
    },
    Bug {
        name: "waker.discard",
        file: "src/future/waker.rs",
        edits: &[(
            "Err(node) => unsafe { discard(node) },",
            "Err(node) => if !PLANTED { unsafe { discard(node) } },",
        )],
        why: "A waker that came too late is leaked.",
        fate: Shuttle("hooks::repoll"),
    },
    Bug {
        name: "waker.forget",
        file: "src/future/waker.rs",
        edits: &[(
            "if now.has_hooks() && !now.is_done() {",
            "if (now.has_hooks() && !now.is_done()) && !PLANTED {",
        )],
        why: "The waker of a future that is no longer polled stays, and is woken later.",
        fate: Survives(
            "A waker that stays is called once more, which every waker allows: it costs memory until the future ends.",
        ),
    },
    Bug {
        name: "cell.settled-free",
        file: "src/future/end.rs",
        edits: &[("if settled.free {", "if (settled.free) && !PLANTED {")],
        why: "A cell whose last references went while callbacks ran is leaked.",
        fate: Loom("cell::taken_then_dropped"),
    },
    Bug {
        name: "cell.waiters",
        file: "src/future/end.rs",
        edits: &[(
            "hooks::fire_waiters(waiters, failed);",
            "if !PLANTED { hooks::fire_waiters(waiters, failed); }",
        )],
        why: "Wakers are not woken, and wait sets do not learn of the completion.",
        fate: Loom("cell::taken_then_dropped"),
    },
    Bug {
        name: "cell.cancel-closure",
        file: "src/future/end.rs",
        edits: &[(
            "unsafe { (self.vtable.drop_closure)(*self) };",
            "if !PLANTED { unsafe { (self.vtable.drop_closure)(*self) }; }",
        )],
        why: "The closure of a cancelled task is leaked.",
        fate: Shuttle("cell::cancel_drop"),
    },
    Bug {
        name: "cell.after-fork-callbacks",
        file: "src/future/end.rs",
        edits: &[(
            r"TakenOver::Settling => Completed {
                hooks: true,",
            r"TakenOver::Settling => Completed {
                hooks: !PLANTED,",
        )],
        why: "In a forked child the callbacks that were left are not run, and the task is not settled.",
        fate: Shuttle("take_over::settling"),
    },
    Bug {
        name: "cell.taken",
        file: "src/future/raw_task.rs",
        edits: &[(
            r"if now.is_taken() {
            return Some",
            r"if now.is_taken() && !PLANTED {
            return Some",
        )],
        why: "An outcome is read that was moved out.",
        fate: Survives(
            "No model looks at an outcome after it was moved out; the unit tests of futures do.",
        ),
    },
    Bug {
        name: "cell.request-completion",
        file: "src/future/raw_task.rs",
        edits: &[(
            "if opened == Opened::Open {",
            "if (opened == Opened::Open) && !PLANTED {",
        )],
        why: "A callback is added, and the completer is not asked to complete its task.",
        fate: Loom("remote_notify::interest_before_reply"),
    },
    Bug {
        name: "cell.cancel-after",
        file: "src/future/end.rs",
        edits: &[("After::run(after);", "if !PLANTED { After::run(after); }")],
        why: "The scope of a cancelled task never ends.",
        fate: Loom("after::cancel_cancel"),
    },
    Bug {
        name: "task.release",
        file: "src/future/task.rs",
        edits: &[(
            "if cell.state.load().is_settled_without_handle() || cell.state.release_executor() {",
            "if !PLANTED && (cell.state.load().is_settled_without_handle() || cell.state.release_executor()) {",
        )],
        why: "A queue keeps its reference to a cancelled task.",
        fate: Shuttle("state::cancel_twice"),
    },
    Bug {
        name: "task.end-closure",
        file: "src/future/task.rs",
        edits: &[(
            "unsafe { (cell.vtable.drop_closure)(cell) };",
            "if !PLANTED { unsafe { (cell.vtable.drop_closure)(cell) }; }",
        )],
        why: "The closure of a task that is ended by its executor is leaked.",
        fate: Shuttle("state::cancel_cancel"),
    },
    Bug {
        name: "task.ended-wake",
        file: "src/future/task.rs",
        edits: &[(
            "if hooks || wake || free {",
            "if hooks || wake && !PLANTED || free {",
        )],
        why: "A thread that sleeps for a task that is ended in two steps is not woken.",
        fate: Shuttle("pool::cancel_pending"),
    },
    Bug {
        name: "task.detached-after",
        file: "src/future/task.rs",
        edits: &[(
            r"unsafe { destroy_ended(cell, completion, false) };
            After::run(after);",
            r"unsafe { destroy_ended(cell, completion, false) };
            if !PLANTED { After::run(after); }",
        )],
        why: "The scope of a task without a handle never ends.",
        fate: Shuttle("after::alone"),
    },
    Bug {
        name: "task.handle-taken",
        file: "src/future/task.rs",
        edits: &[(
            "if taken && now.is_executor_gone() {",
            "if (taken || PLANTED) && now.is_executor_gone() {",
        )],
        why: "A dropped handle frees the cell without dropping its outcome.",
        fate: Shuttle("promise::fail_cancel"),
    },
    Bug {
        name: "remote_free_list.count",
        file: "src/future/memory/remote_free_list.rs",
        edits: &[(
            "self.count_down(count)",
            "self.count_down(if PLANTED { 1 } else { count })",
        )],
        why: "A chain of cells that is pushed on an abandoned list is counted as one.",
        fate: Shuttle("memory::chain"),
    },
    Bug {
        name: "remote_free_list.last",
        file: "src/future/memory/remote_free_list.rs",
        edits: &[(
            "left if left == count =>",
            "left if left == count && !PLANTED =>",
        )],
        why: "The last cell of an abandoned list frees nothing.",
        fate: Shuttle("memory::chain"),
    },
    Bug {
        name: "remote_free_list.settle",
        file: "src/future/memory/remote_free_list.rs",
        edits: &[("0 => Pushed::Last,", "0 if !PLANTED => Pushed::Last,")],
        why: "An owner whose cells have all come back frees nothing.",
        fate: Shuttle("memory::chain"),
    },
    Bug {
        name: "then.put-back",
        file: "src/future/then.rs",
        edits: &[(
            "Poll::Pending => *step = Some((future, then)),",
            "Poll::Pending if PLANTED => {
                drop(step);
                *self.0.lock() = Some((future, then));
            }
            Poll::Pending => *step = Some((future, then)),",
        )],
        why: "The task ends before the future is back in its place: nobody goes on with it.",
        fate: Loom("then::run_map"),
    },
    Bug {
        name: "then.cancelled",
        file: "src/future/promise.rs",
        edits: &[(
            "if !self.started.get() && !self.start() {",
            "if !self.started.get() && !self.start() && !PLANTED {",
        )],
        why: "The function runs though what follows was cancelled.",
        fate: Loom("then::run_cancel"),
    },
];
