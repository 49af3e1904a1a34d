//! Rows I and N: isolates, alone and in pools. Rows Q: their queue. What holds for every executor is tested with a pool of
//! isolates, too (`every_future.rs` and its neighbours): row I1.

use crate::common::{Drops, Gate, LONG, here, reports, until};
use raddle::isolate::{QueueError, queue};
use raddle::{
    BuildError, Executor, Isolate, IsolatePool, Rejected, ReturnWhen, Shutdown, ShutdownError,
    TaskError, ThreadPool, WhenFull, isolate, wait,
};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

/// A pool of counters, which cannot leave their threads.
fn counters(isolates: usize) -> IsolatePool<Rc<Cell<u32>>> {
    IsolatePool::new(isolates, |_| Ok(Rc::new(Cell::new(0)))).unwrap()
}

fn count(counter: &mut Rc<Cell<u32>>, by: u32) -> u32 {
    counter.set(counter.get() + by);
    counter.get()
}

// --- I: the pool --------------------------------------------------------------------------------

#[test]
fn i02_a_task_runs_on_an_isolate_and_not_on_its_caller() {
    let pool = counters(2);
    assert!(isolate::current().is_none());
    let ran = pool.submit_with(|_, ()| (thread::current().id(), isolate::current()), ());
    let (thread, info) = ran.result().unwrap();
    assert_ne!(thread, here());
    assert!(info.unwrap().index < 2);
    // A thread pool's worker is none.
    let threads = ThreadPool::new(1).unwrap();
    assert!(threads.spawn(isolate::current).result().unwrap().is_none());
}

#[test]
fn i03_the_state_is_built_on_each_isolate() {
    let pool = IsolatePool::builder(|isolate| Ok(Rc::new((isolate.index, here()))))
        .workers(3)
        .build()
        .unwrap();
    let built: HashSet<_> = (0..3)
        .map(|isolate| {
            let found = pool.submit_on(isolate, |state, ()| (**state, here()), ());
            let ((index, built_on), runs_on) = found.result().unwrap();
            assert_eq!((index, built_on), (isolate, runs_on));
            built_on
        })
        .collect();
    assert_eq!(built.len(), 3);
}

#[test]
fn i04_each_isolate_has_a_state_of_its_own_that_lasts() {
    let pool = counters(2);
    for by in 1..=10 {
        pool.submit_on(1, count, by).wait();
    }
    let counts = [0, 1].map(|isolate| pool.submit_on(isolate, count, 0).result().unwrap());
    assert_eq!(counts, [0, 55]);
}

#[test]
fn i06_a_builder_that_fails_or_panics_is_an_error_of_build() {
    let failed = IsolatePool::<()>::builder(|isolate| match isolate.index {
        1 => Err("no licence".into()),
        _ => Ok(()),
    });
    let error = failed.workers(3).build().unwrap_err();
    assert!(matches!(error, BuildError::StartHook { worker: 1, .. }));
    assert_eq!(
        format!("{error:#}"),
        "the start hook of worker 1 failed: no licence"
    );
    let error = Isolate::<()>::new(|_| panic!("no display")).unwrap_err();
    assert!(format!("{error:#}").contains("it panicked: no display"));
}

#[test]
fn i06_a_builder_that_never_returns_is_an_error_of_build() {
    let gate = Gate::default();
    let closed = gate.clone();
    let stuck = IsolatePool::builder(move |isolate| {
        if isolate.index == 0 {
            closed.wait();
        }
        Ok(())
    });
    let limit = Duration::from_millis(30);
    let error = stuck.workers(2).start_timeout(limit).build().unwrap_err();
    assert!(
        matches!(error, BuildError::StartTimeout { workers: 2, limit: had, .. } if had == limit),
        "{error:?}"
    );
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::TimedOut
    );
    gate.open();
}

#[test]
fn i08_tasks_may_capture_what_is_send() {
    let pool = counters(1);
    let (sender, receiver) = mpsc::channel();
    let word = String::from("weft");
    let sent = pool.submit_with(move |_, ()| sender.send(word).unwrap(), ());
    sent.result().unwrap();
    assert_eq!(receiver.recv().unwrap(), "weft");
}

#[test]
fn i10_a_panic_is_the_error_of_its_task() {
    let pool = counters(1);
    let failed = pool
        .task()
        .name("load")
        .submit_with(|_, ()| -> u8 { panic!("disk is gone") }, ());
    let Err(TaskError::Panicked(report)) = failed.result() else {
        panic!("it panicked")
    };
    assert_eq!(report.message(), "disk is gone");
    assert_eq!(report.task(), Some("load"));
    assert!(report.worker().unwrap().ends_with("-0"));
    assert!(report.location().unwrap().contains("isolates.rs:"));
    let failed = pool.try_submit_with(|_, ()| "12x".parse::<u32>(), ());
    assert!(matches!(failed.result(), Err(TaskError::Failed(_))));
}

#[test]
fn i10_a_panic_spoils_the_state_which_is_built_anew_on_its_thread() {
    let (drops, made) = (Drops::default(), Arc::new(AtomicUsize::new(0)));
    let (of_states, makes) = (drops.clone(), Arc::clone(&made));
    let pool = IsolatePool::builder(move |_| {
        makes.fetch_add(1, SeqCst);
        Ok((of_states.item(), Cell::new(0), here()))
    });
    let pool = pool.workers(1).build().unwrap();
    let spoil = pool.submit_with(
        |(_, count, _), ()| {
            count.set(7);
            panic!("half done");
        },
        (),
    );
    assert!(spoil.result().is_err());
    let found = pool.submit_with(
        |(_, count, made_on), ()| (count.get(), *made_on, here()),
        (),
    );
    let (count, made_on, runs_on) = found.result().unwrap();
    assert_eq!((count, made_on), (0, runs_on));
    assert_eq!((made.load(SeqCst), drops.count()), (2, 1));
    // A task without the state spoils nothing.
    assert!(
        pool.spawn(|| -> u8 { panic!("elsewhere") })
            .result()
            .is_err()
    );
    pool.submit_with(|_, ()| (), ()).result().unwrap();
    assert_eq!(made.load(SeqCst), 2);
    drop(pool);
    assert_eq!(drops.count(), 2);
}

#[test]
fn i10_a_state_that_cannot_be_built_anew_fails_the_task_that_needs_it() {
    let tries = AtomicUsize::new(0);
    let pool = IsolatePool::builder(move |_| match tries.fetch_add(1, SeqCst) {
        1 => Err("server is away".into()),
        2 => panic!("server is on fire"),
        _ => Ok(()),
    });
    let pool = pool.workers(1).name("db").build().unwrap();
    assert!(pool.submit_with(|_, ()| panic!("x"), ()).result().is_err());
    for why in ["server is away", "it panicked: server is on fire"] {
        let refused = pool.submit_with(|_, ()| (), ()).result();
        assert!(
            matches!(&refused, Err(TaskError::Rejected(Rejected::NoState { isolate, why: said }))
                if isolate == "db-0" && said == why),
            "{refused:?}"
        );
    }
    pool.submit_with(|_, ()| (), ()).result().unwrap();
}

#[test]
fn i15_too_many_panics_break_the_pool() {
    let pool = IsolatePool::builder(|_| Ok(()));
    let pool = pool
        .workers(2)
        .name("frail")
        .restarts(2, LONG)
        .build()
        .unwrap();
    let panics = || pool.submit_on(0, |_, ()| panic!("again"), ()).result();
    for _ in 0..3 {
        assert!(matches!(panics(), Err(TaskError::Panicked(_))));
    }
    let broken = panics().unwrap_err();
    assert!(
        matches!(&broken, TaskError::Rejected(Rejected::Broken { pool, why })
            if pool == "frail" && why.contains("2 times")),
        "{broken}"
    );
    // Tasks without a state run all the same.
    assert_eq!(pool.submit(|n: u32| n + 1, 1).result().unwrap(), 2);
    pool.shutdown(Shutdown::Drain).unwrap();
}

#[test]
fn i12_tasks_without_a_state_go_to_isolates_that_are_idle() {
    let pool = counters(2);
    let gate = Gate::default();
    let closed = gate.clone();
    let (began, begun) = mpsc::channel();
    let busy = pool.submit_on(
        0,
        move |_, ()| {
            began.send(()).unwrap();
            closed.wait();
        },
        (),
    );
    begun.recv().unwrap();
    let free: Vec<_> = (0..50)
        .map(|_| pool.spawn(|| isolate::current().unwrap().index))
        .collect();
    for one in free {
        assert_eq!(one.result().unwrap(), 1);
    }
    let any: Vec<_> = (0..50).map(|_| pool.submit_with(count, 1)).collect();
    for one in any {
        one.result().unwrap();
    }
    // What is bound to the busy one waits for it.
    let bound = pool.submit_on(0, count, 0);
    assert!(!bound.is_done());
    gate.open();
    busy.result().unwrap();
    assert_eq!(bound.result().unwrap(), 0);
}

#[test]
fn i12_bound_tasks_run_in_order() {
    let pool = IsolatePool::new(2, |_| Ok(Vec::new())).unwrap();
    for n in 0..200 {
        pool.submit_on(1, |seen: &mut Vec<u32>, n| seen.push(n), n);
    }
    let seen = pool.submit_on(1, |seen, ()| seen.clone(), ());
    assert_eq!(seen.result().unwrap(), (0..200).collect::<Vec<_>>());
}

#[test]
fn i12_the_queue_limit_holds() {
    let pool = IsolatePool::builder(|_| Ok(()));
    let pool = pool.workers(1).queue_limit(1).when_full(WhenFull::Reject);
    let pool = pool.build().unwrap();
    let gate = Gate::default();
    let closed = gate.clone();
    let (began, begun) = mpsc::channel();
    let busy = pool.submit_with(
        move |_, ()| {
            began.send(()).unwrap();
            closed.wait();
        },
        (),
    );
    begun.recv().unwrap();
    let queued = pool.submit_with(|_, ()| (), ());
    let refused = pool.submit_with(|_, ()| (), ());
    assert!(matches!(
        refused.result(),
        Err(TaskError::Rejected(Rejected::QueueFull { limit: 1, .. }))
    ));
    gate.open();
    busy.result().unwrap();
    queued.result().unwrap();
    // A caller has no state to run a task with.
    let on_caller = IsolatePool::builder(|_| Ok(())).when_full(WhenFull::RunOnCaller);
    assert!(matches!(on_caller.build(), Err(BuildError::RunOnCaller)));
}

#[test]
fn i14_each_state_is_dropped_on_its_thread_when_the_pool_ends() {
    struct Threaded(mpsc::Sender<bool>, thread::ThreadId, Rc<()>);
    impl Drop for Threaded {
        fn drop(&mut self) {
            self.0.send(here() == self.1).unwrap();
        }
    }
    let (sender, dropped) = mpsc::channel();
    let pool = IsolatePool::builder(move |_| Ok(Threaded(sender.clone(), here(), Rc::new(()))));
    let pool = pool.workers(3).build().unwrap();
    pool.submit_with(|state, ()| Rc::strong_count(&state.2), ())
        .result()
        .unwrap();
    pool.shutdown(Shutdown::Drain).unwrap();
    assert_eq!(dropped.try_iter().collect::<Vec<_>>(), [true; 3]);
}

#[test]
fn i14_a_state_whose_destructor_panics_is_reported() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("bad state");
        }
    }
    let reports = reports();
    let isolate = Isolate::new(|_| Ok(Bad)).unwrap();
    isolate.exec(|_| ()).unwrap();
    isolate.shutdown(Shutdown::Drain).unwrap();
    assert!(reports.wait_for("bad state").contains("state"));
}

#[test]
fn i16_an_argument_and_a_result_of_any_type_that_is_send_cross() {
    let pool = counters(1);
    let (sender, receiver) = mpsc::channel::<u32>();
    let back = pool.submit_with(|_, receiver: mpsc::Receiver<u32>| receiver, receiver);
    sender.send(3).unwrap();
    assert_eq!(back.result().unwrap().recv().unwrap(), 3);
}

// --- Waiting inside -----------------------------------------------------------------------------

#[test]
fn i01_a_task_waits_for_one_without_a_state() {
    // One isolate: it runs the awaited task itself.
    let pool = Arc::new(counters(1));
    let inner = Arc::clone(&pool);
    let sum = pool.submit_with(
        move |counter, ()| inner.spawn(|| 5).result().unwrap() + count(counter, 1),
        (),
    );
    assert_eq!(sum.result().unwrap(), 6);
    // And the other way round: a task without a state waits for one that uses it.
    let inner = Arc::clone(&pool);
    let outer = pool.spawn(move || {
        let any = inner.submit_with(count, 10).result().unwrap();
        let bound = inner.submit_on(0, count, 100).result().unwrap();
        (any, bound)
    });
    assert_eq!(outer.result().unwrap(), (11, 111));
}

#[test]
fn i01_a_task_waits_for_one_that_uses_another_state() {
    let pool = Arc::new(counters(2));
    let inner = Arc::clone(&pool);
    let sum = pool.submit_on(
        0,
        move |mine, ()| {
            let others = inner.submit_on(1, count, 5).result().unwrap();
            let any = inner.submit_with(count, 2).result().unwrap();
            others + any + count(mine, 1)
        },
        (),
    );
    assert_eq!(sum.result().unwrap(), 5 + 7 + 1);
}

#[test]
fn i01_a_wait_with_a_time_limit_runs_what_it_waits_for() {
    let pool = Arc::new(counters(1));
    let inner = Arc::clone(&pool);
    let outer = pool.submit_with(move |_, ()| inner.spawn(|| 5).result_timeout(LONG), ());
    assert!(matches!(outer.result().unwrap(), Ok(Ok(5))));
}

#[test]
fn n14_a_call_from_inside_the_same_isolate_is_an_error_and_no_deadlock() {
    let isolate = Arc::new(Isolate::builder(|_| Ok(0)).name("self").build().unwrap());
    let inner = Arc::clone(&isolate);
    let refused = isolate.call(move |_, ()| inner.exec(|n| *n), ()).result();
    let error = refused.unwrap().unwrap_err();
    assert!(
        matches!(&error, TaskError::Rejected(Rejected::InsideIsolate { isolate }) if isolate == "self-0"),
        "{error}"
    );
    let inner = Arc::clone(&isolate);
    let refused = isolate.call(move |_, ()| inner.prepare(|n| *n += 1), ());
    assert!(refused.result().unwrap().is_err());
    // In a pool: for the same isolate.
    let pool = Arc::new(counters(2));
    let inner = Arc::clone(&pool);
    let refused = pool.submit_on(1, move |_, ()| inner.submit_on(1, count, 1).result(), ());
    assert!(matches!(
        refused.result().unwrap(),
        Err(TaskError::Rejected(Rejected::InsideIsolate { .. }))
    ));
}

#[test]
fn i01_many_tasks_wait_inside_at_once() {
    let pool = Arc::new(counters(4));
    let outer: Vec<_> = (0..200u32)
        .map(|n| {
            let inner = Arc::clone(&pool);
            pool.spawn(move || {
                let any = inner.submit_with(|_, n| n, n).result().unwrap();
                any + inner.spawn(move || n).result().unwrap()
            })
        })
        .collect();
    for (n, outer) in (0..).zip(outer) {
        assert_eq!(outer.result().unwrap(), 2 * n);
    }
}

#[test]
fn n14_what_builds_a_state_anew_cannot_send_a_task_to_its_own_isolate() {
    type Own = Arc<std::sync::OnceLock<IsolatePool<bool>>>;
    let own = Own::default();
    let builders = Arc::clone(&own);
    // True: the pool was there, and has refused.
    let pool = IsolatePool::builder(move |_| {
        let Some(pool) = builders.get() else {
            return Ok(false);
        };
        let refused = pool.submit_with(|_, ()| (), ()).result();
        Ok(matches!(
            refused,
            Err(TaskError::Rejected(Rejected::InsideIsolate { .. }))
        ))
    });
    own.set(pool.workers(1).build().unwrap()).unwrap();
    let pool = own.get().unwrap();
    assert!(
        pool.submit_with(|_, ()| panic!("spoil"), ())
            .result()
            .is_err()
    );
    assert!(
        pool.submit_with(|refused, ()| *refused, ())
            .result()
            .unwrap()
    );
    pool.shutdown(Shutdown::Drain).unwrap();
}

// --- N: one isolate -----------------------------------------------------------------------------

#[test]
fn n01_isolates_are_made_anywhere() {
    let (one, outer) = (
        Isolate::new(|_| Ok(1)).unwrap(),
        Isolate::new(|_| Ok(())).unwrap(),
    );
    let two = thread::spawn(|| Isolate::new(|_| Ok(2)).unwrap())
        .join()
        .unwrap();
    let three = outer.exec(|()| Isolate::new(|_| Ok(3)).unwrap()).unwrap();
    let all = [&one, &two, &three].map(|isolate| isolate.exec(|n| *n).unwrap());
    assert_eq!(all, [1, 2, 3]);
}

#[test]
fn n02_isolates_are_made_after_others_have_ended() {
    let first = Isolate::new(|_| Ok(())).unwrap();
    let second = Isolate::new(|_| Ok(())).unwrap();
    drop(first);
    let third = Isolate::new(|_| Ok(3)).unwrap();
    drop(second);
    assert_eq!(third.exec(|n| *n).unwrap(), 3);
}

#[test]
fn n07_is_running_is_true_while_a_call_runs() {
    let isolate = Isolate::new(|_| Ok(())).unwrap();
    assert!(!isolate.is_running());
    let gate = Gate::default();
    let closed = gate.clone();
    let call = isolate.call(move |_, ()| closed.wait(), ());
    until(|| isolate.is_running());
    let queued = isolate.call(|_, ()| (), ());
    assert_eq!(isolate.queued(), 1);
    gate.open();
    call.result().unwrap();
    queued.result().unwrap();
    until(|| !isolate.is_running());
}

#[test]
fn n08_close_drains_or_cancels() {
    for how in [Shutdown::Drain, Shutdown::CancelPending] {
        let isolate = Isolate::new(|_| Ok(())).unwrap();
        let gate = Gate::default();
        let closed = gate.clone();
        let call = isolate.call(move |_, ()| closed.wait(), ());
        until(|| isolate.is_running());
        let queued = isolate.call(|_, ()| 1, ());
        isolate.close(how);
        let refused = isolate.call(|_, ()| (), ()).result();
        assert!(matches!(
            refused,
            Err(TaskError::Rejected(Rejected::ShutDown { .. }))
        ));
        gate.open();
        call.result().unwrap();
        assert_eq!(queued.result().is_ok(), how == Shutdown::Drain);
        isolate.shutdown(how).unwrap();
        isolate.shutdown(how).unwrap();
    }
}

#[test]
fn n08_an_isolate_cannot_wait_for_its_own_end() {
    let isolate = Arc::new(Isolate::new(|_| Ok(())).unwrap());
    let inner = Arc::clone(&isolate);
    let ended = isolate.exec(move |()| inner.shutdown(Shutdown::Drain));
    assert!(matches!(
        ended.unwrap(),
        Err(ShutdownError::InsideWorker { .. })
    ));
    // Dropped by its own task, it ends by itself.
    let isolate = Arc::new(Isolate::new(|_| Ok(())).unwrap());
    let (inner, gate) = (Arc::clone(&isolate), Gate::default());
    let closed = gate.clone();
    let last = isolate.call(
        move |_, ()| {
            closed.wait();
            drop(inner);
        },
        (),
    );
    drop(isolate);
    gate.open();
    last.result().unwrap();
}

#[test]
fn n10_prepare_changes_each_state_and_those_that_are_built_later() {
    let pool = IsolatePool::new(3, |_| Ok(vec![1])).unwrap();
    pool.prepare(|state| state.push(2)).unwrap();
    pool.prepare(|state| state.push(3)).unwrap();
    let states = || -> Vec<Vec<u32>> {
        let all = (0..3).map(|isolate| pool.submit_on(isolate, |state, ()| state.clone(), ()));
        all.map(|state| state.result().unwrap()).collect()
    };
    assert_eq!(states(), vec![vec![1, 2, 3]; 3]);
    let spoiled = pool.submit_on(
        1,
        |state, ()| {
            state.clear();
            panic!("spoiled");
        },
        (),
    );
    assert!(spoiled.result().is_err());
    assert_eq!(states(), vec![vec![1, 2, 3]; 3]);
}

#[test]
fn n11_a_change_that_fails_is_not_made_to_later_states() {
    let pool = IsolatePool::new(2, |_| Ok(vec![1])).unwrap();
    let failed = pool.prepare(|_| panic!("not shareable"));
    assert!(
        matches!(failed, Err(TaskError::Panicked(report)) if report.message() == "not shareable")
    );
    // Both states were spoiled, and are as new.
    for isolate in 0..2 {
        let state = pool.submit_on(isolate, |state, ()| state.clone(), ());
        assert_eq!(state.result().unwrap(), [1]);
    }
    pool.prepare(|state| state.push(2)).unwrap();
    let state = pool.submit_with(|state, ()| state.clone(), ());
    assert_eq!(state.result().unwrap(), [1, 2]);
}

#[test]
fn n11_a_change_that_fails_does_not_reach_the_state_that_is_built_next() {
    let pool = Arc::new(IsolatePool::new(1, |_| Ok(())).unwrap());
    let gate = Gate::default();
    let closed = gate.clone();
    let busy = pool.submit_on(0, move |(), ()| closed.wait(), ());
    let theirs = Arc::clone(&pool);
    let preparing = thread::spawn(move || theirs.prepare(|()| panic!("no")).is_err());
    until(|| pool.stats().queued == 1);
    // It runs right after the change, perhaps before `prepare` has returned.
    let next = pool.submit_on(0, |(), ()| 7, ());
    gate.open();
    busy.result().unwrap();
    assert_eq!(next.result().unwrap(), 7);
    assert!(preparing.join().unwrap());
}

#[test]
fn n12_prepare_while_a_call_runs_waits_for_it() {
    let isolate = Arc::new(Isolate::new(|_| Ok(1)).unwrap());
    let gate = Gate::default();
    let closed = gate.clone();
    let running = isolate.call(
        move |state, ()| {
            closed.wait();
            *state
        },
        (),
    );
    until(|| isolate.is_running());
    let theirs = Arc::clone(&isolate);
    let preparing = thread::spawn(move || theirs.prepare(|state| *state = 2));
    until(|| isolate.queued() == 1);
    gate.open();
    assert_eq!(running.result().unwrap(), 1);
    preparing.join().unwrap().unwrap();
    assert_eq!(isolate.exec(|state| *state).unwrap(), 2);
}

#[test]
fn n13_exec_blocks_and_gives_the_error_of_the_other_side() {
    let isolate = Isolate::builder(|_| Ok(0)).name("script").build().unwrap();
    assert_eq!(
        isolate
            .exec(|n| {
                *n += 1;
                *n
            })
            .unwrap(),
        1
    );
    let failed = isolate.exec(|_| -> u8 { panic!("line 7") }).unwrap_err();
    let text = failed.to_string();
    assert!(
        text.contains("script-0") && text.contains("line 7"),
        "{text}"
    );
    assert!(text.contains("isolates.rs:"), "{text}");
}

#[test]
fn n24_many_isolates_and_many_callers() {
    let isolates: Vec<_> = (0..100u32)
        .map(|n| Isolate::new(move |_| Ok(n)).unwrap())
        .collect();
    for (n, isolate) in (0..).zip(&isolates) {
        assert_eq!(isolate.exec(|state| *state).unwrap(), n);
    }
    let one = Isolate::new(|_| Ok(HashSet::new())).unwrap();
    thread::scope(|s| {
        for caller in 0..20u32 {
            let one = &one;
            s.spawn(move || {
                for n in 0..100 {
                    let fresh = one.call(
                        |seen: &mut HashSet<u32>, n| seen.insert(n),
                        caller * 100 + n,
                    );
                    assert!(fresh.result().unwrap());
                }
            });
        }
    });
    assert_eq!(one.exec(|seen| seen.len()).unwrap(), 2000);
}

#[test]
fn n24_isolates_are_made_by_many_threads() {
    thread::scope(|s| {
        for thread in 0..10u32 {
            s.spawn(move || {
                for n in 0..10 {
                    let isolate = Isolate::new(move |_| Ok(thread * 10 + n)).unwrap();
                    assert_eq!(isolate.exec(|state| *state).unwrap(), thread * 10 + n);
                }
            });
        }
    });
}

#[test]
fn n25_an_isolate_has_the_core_and_the_name_that_it_was_given() {
    let core = crate::kit::allowed_cores()[0];
    let isolate = Isolate::builder(|isolate| Ok(isolate.core))
        .name("gl")
        .core(core)
        .stack_size(1 << 20)
        .build()
        .unwrap();
    assert_eq!(isolate.name(), "gl-0");
    assert_eq!(isolate.exec(|core| *core).unwrap(), Some(core));
    assert_eq!(
        isolate.exec(|_| crate::kit::allowed_cores()).unwrap(),
        [core]
    );
}

#[test]
fn e04_bad_settings_are_errors_of_build() {
    assert!(matches!(
        IsolatePool::new(0, |_| Ok(())),
        Err(BuildError::ZeroWorkers)
    ));
    let pool = counters(1);
    let refused = pool.submit_on(1, count, 1).result();
    assert!(matches!(
        refused,
        Err(TaskError::Rejected(Rejected::NoSuchWorker {
            worker: 1,
            workers: 1
        }))
    ));
}

// --- Q: the queue -------------------------------------------------------------------------------

#[test]
fn q01_a_queue_has_a_bound() {
    let (sender, receiver) = queue::<u32>(3).unwrap();
    assert_eq!((sender.bound(), receiver.bound()), (3, 3));
    assert!(matches!(queue::<u32>(0), Err(QueueError::ZeroBound)));
}

#[test]
fn q03_a_queue_knows_how_full_it_is() {
    let (sender, receiver) = queue(2).unwrap();
    assert!(sender.is_empty() && !sender.is_full());
    sender.put(1).unwrap();
    assert_eq!((receiver.len(), receiver.is_full()), (1, false));
    sender.put(2).unwrap();
    assert!(sender.is_full() && receiver.is_full());
}

#[test]
fn q04_items_come_out_in_their_order() {
    let (sender, receiver) = queue(4).unwrap();
    let isolate = Isolate::new(|_| Ok(())).unwrap();
    let put = isolate.call(
        |_, sender: isolate::Sender<u32>| (0..1000).for_each(|n| sender.put(n).unwrap()),
        sender,
    );
    let got: Vec<_> = std::iter::from_fn(|| receiver.get().ok()).collect();
    assert_eq!(got, (0..1000).collect::<Vec<_>>());
    put.result().unwrap();
}

#[test]
fn q05_a_full_queue_gives_the_item_back() {
    let (sender, _receiver) = queue(1).unwrap();
    sender.put(String::from("first")).unwrap();
    let word = || String::from("second");
    let full = [
        sender.try_put(word()),
        sender.put_timeout(word(), Duration::from_millis(1)),
        sender.put_timeout(word(), Duration::ZERO),
    ];
    for full in full {
        let error = full.unwrap_err();
        assert_eq!(
            (error.item, error.why),
            (word(), QueueError::Full { bound: 1 })
        );
    }
}

#[test]
fn q06_an_empty_queue_says_so() {
    let (_sender, receiver) = queue::<u32>(1).unwrap();
    assert_eq!(receiver.try_get(), Err(QueueError::Empty));
    let soon = receiver.get_timeout(Duration::from_millis(1));
    assert_eq!(soon, Err(QueueError::Empty));
}

#[test]
fn q08_each_item_goes_to_one_receiver() {
    const ITEMS: u32 = 20_000;
    let (sender, receiver) = queue(7).unwrap();
    let got = thread::scope(|s| {
        for part in 0..4 {
            let sender = sender.clone();
            s.spawn(move || {
                for n in (part..ITEMS).step_by(4) {
                    sender.put(n).unwrap();
                }
            });
        }
        drop(sender);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let receiver = receiver.clone();
                s.spawn(move || std::iter::from_fn(|| receiver.get().ok()).collect::<Vec<_>>())
            })
            .collect();
        let all = receivers.into_iter().flat_map(|one| one.join().unwrap());
        all.collect::<Vec<_>>()
    });
    assert_eq!(got.len(), ITEMS as usize);
    assert_eq!(
        got.into_iter().collect::<HashSet<_>>().len(),
        ITEMS as usize
    );
}

#[test]
fn q11_a_closed_queue_gives_what_is_left() {
    let (sender, receiver) = queue(4).unwrap();
    sender.put(1).unwrap();
    sender.close();
    assert_eq!(sender.put(2).unwrap_err().why, QueueError::Closed);
    assert_eq!(receiver.get(), Ok(1));
    assert_eq!(receiver.get(), Err(QueueError::Closed));
}

#[test]
fn q11_an_end_that_is_gone_ends_the_others_wait() {
    let drops = Drops::default();
    let (sender, receiver) = queue(1).unwrap();
    sender.put(drops.item()).unwrap();
    let waiting = thread::spawn({
        let (sender, token) = (sender.clone(), drops.item());
        move || sender.put(token).unwrap_err().why
    });
    drop(receiver);
    assert_eq!(waiting.join().unwrap(), QueueError::Closed);
    assert_eq!(
        drops.count(),
        2,
        "what was in the queue, and what came back"
    );

    let (sender, receiver) = queue::<u32>(1).unwrap();
    let waiting = thread::spawn(move || receiver.get());
    drop(sender);
    assert_eq!(waiting.join().unwrap(), Err(QueueError::Closed));
}

#[test]
fn q11_a_worker_that_waits_for_a_queue_has_a_spare() {
    let pool = ThreadPool::new(1).unwrap();
    let (sender, receiver) = queue(1).unwrap();
    let got = pool.spawn(move || receiver.get());
    let put = pool.spawn(move || sender.put(9).is_ok());
    assert!(put.result().unwrap());
    assert_eq!(got.result().unwrap(), Ok(9));
}

#[test]
fn i01_a_storm_of_tasks_that_use_states_and_others() {
    const EACH: u32 = 500;
    let pool = IsolatePool::new(3, |_| Ok(RefCell::new(0u64))).unwrap();
    let start = Barrier::new(4);
    let sum: u64 = thread::scope(|s| {
        let (pool, start) = (&pool, &start);
        let submitters: Vec<_> = (0..4u32)
            .map(|submitter| {
                s.spawn(move || {
                    start.wait();
                    let mut futures = Vec::new();
                    for n in 0..EACH {
                        let unique = u64::from(submitter * EACH + n);
                        let add = move |sum: &mut RefCell<u64>, n: u64| {
                            *sum.get_mut() += n;
                            n
                        };
                        futures.push((
                            unique,
                            match n % 4 {
                                0 => pool.spawn(move || unique),
                                1 => pool.submit_on(n as usize % 3, add, unique),
                                2 if n % 64 == 2 => {
                                    pool.try_submit_with(|_, n| Err(n.to_string()), unique)
                                }
                                _ => pool.submit_with(add, unique),
                            },
                        ));
                    }
                    let sums = futures
                        .into_iter()
                        .map(|(unique, future)| match future.result() {
                            Ok(value) => {
                                assert_eq!(value, unique);
                                if unique % 4 == 0 { 0 } else { value }
                            }
                            Err(error) => {
                                assert!(format!("{error:#}").ends_with(&format!(": {unique}")));
                                0
                            }
                        });
                    sums.sum::<u64>()
                })
            })
            .collect();
        submitters.into_iter().map(|one| one.join().unwrap()).sum()
    });
    let held = (0..3).map(|isolate| pool.submit_on(isolate, |sum, ()| *sum.get_mut(), ()));
    let held = wait(held, ReturnWhen::AllCompleted);
    let in_states: u64 = held.done.into_iter().map(|sum| sum.result().unwrap()).sum();
    assert_eq!(in_states, sum);
}
