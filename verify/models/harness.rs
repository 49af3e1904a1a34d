//! The harness itself: a green model that has seen nothing must not be possible.

use raddle_verify::sync::atomic::{AtomicU32, Ordering::Relaxed};
use raddle_verify::sync::{Arc, futex, sites, thread};
use raddle_verify::{DropCount, Model, Outcomes};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn failure(model: Model, body: impl Fn(&Outcomes) + Send + Sync + 'static) -> String {
    let result = catch_unwind(AssertUnwindSafe(|| model.run(body)));
    *result.unwrap_err().downcast::<String>().unwrap()
}

/// A thinned or mutated run does not insist on what was declared; then these tests have nothing to show.
fn lenient() -> bool {
    sites::mutated() || std::env::var_os("LOOM_MAX_PREEMPTIONS").is_some()
}

fn too_few_executions_fail() {
    if lenient() {
        return;
    }
    let text = failure(Model::new("harness/one_thread").may(&["done"]), |out| {
        out.saw("done");
    });
    assert!(text.contains("1 executions, at least 2"), "{text}");
}

fn outcomes_are_compared() {
    if lenient() {
        return;
    }
    let model = || Model::new("harness/outcomes").min_executions(1);
    let text = failure(model(), |out| out.saw("strange"));
    assert!(text.contains("undeclared outcome: strange"), "{text}");
    let text = failure(model().must(&["good"]), |_| {});
    assert!(text.contains("never seen: good"), "{text}");
    let text = failure(model().forbidden(&["bad"]), |out| out.saw("bad"));
    assert!(text.contains("forbidden outcome: bad"), "{text}");
    let text = failure(model().must_fail("deadlock"), |_| {});
    assert!(text.contains("the broken protocol passed"), "{text}");
}

fn a_run_that_is_cut_off_fails() {
    let model = Model::new("harness/cut_off").limit(std::time::Duration::ZERO);
    let text = failure(model, |_| {
        let x = Arc::new(AtomicU32::new(0));
        let other = Arc::clone(&x);
        let adder = thread::spawn(move || {
            for _ in 0..6 {
                other.fetch_add(1, Relaxed);
            }
        });
        for _ in 0..6 {
            x.fetch_add(1, Relaxed);
        }
        adder.join().unwrap();
    });
    assert!(text.contains("cut off"), "{text}");
}

/// Destructors that use atomics while a failed execution unwinds must not abort the process.
fn a_deadlock_unwinds_through_destructors() {
    struct Closes(Arc<AtomicU32>);
    impl Drop for Closes {
        fn drop(&mut self) {
            self.0.fetch_or(1, Relaxed);
            futex::wake_all(&raw const *self.0);
        }
    }
    Model::new("harness/deadlock_with_destructors")
        .must_fail("deadlock")
        .run(|_| {
            let word = Closes(Arc::new(AtomicU32::new(0)));
            let _ = futex::wait(&word.0, 0, None);
        });
}

fn sites_are_recorded() {
    Model::new("harness/sites").min_executions(1).run(|_| {
        AtomicU32::new(0).fetch_sub(1, Relaxed);
    });
    assert!(sites::sites().iter().any(|site| {
        site.file.ends_with("harness.rs") && site.op == "fetch_sub" && site.order == "relaxed"
    }));
}

fn drops_are_counted() {
    let count = DropCount::new();
    let inner = count.clone();
    Model::new("harness/drops").run(move |_| {
        let value = Arc::new(inner.value());
        let other = Arc::clone(&value);
        let dropper = thread::spawn(move || drop(other));
        drop(value);
        dropper.join().unwrap();
        inner.assert_all_dropped();
    });
    assert!(count.made() > 1);
}

pub const TESTS: raddle_verify::runner::Functions = raddle_verify::tests![
    too_few_executions_fail,
    outcomes_are_compared,
    a_run_that_is_cut_off_fails,
    a_deadlock_unwinds_through_destructors,
    sites_are_recorded,
    drops_are_counted,
];
