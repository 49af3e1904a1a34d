//! The end of a scope: it sleeps until the last task is over, sees what all of them did, and is freed at once.

use crate::sync::cell::UnsafeCell;
use crate::sync::{faults, thread};
use crate::{Loom, Scenario, Shuttle};
use raddle::thread::scope::PendingCount;

/// The frame that the tasks borrow from.
struct Frame {
    count: PendingCount,
    parts: [UnsafeCell<u32>; 2],
}

/// What a task knows of its frame.
struct Borrow(*const Frame);

// SAFETY: the frame outlives the tasks; that it does is what the models check.
unsafe impl Send for Borrow {}

impl Borrow {
    fn write(&self, part: usize) {
        // SAFETY: the task is not over yet.
        let part = unsafe { &(*self.0).parts[part] };
        // SAFETY: each task has its own part.
        part.with_mut(|part| unsafe { *part += 1 });
    }

    fn up(&self) {
        // SAFETY: the task that spawns another one is not over.
        unsafe { &(*self.0).count }.up();
    }

    fn over(self) {
        // SAFETY: only the address is made here; the task is not over.
        let count = unsafe { &raw const (*self.0).count };
        // SAFETY: it waits for this task; not touched again.
        unsafe { PendingCount::down(count.cast()) };
    }
}

fn frame() -> *mut Frame {
    Box::into_raw(Box::new(Frame {
        count: PendingCount::new(),
        parts: [UnsafeCell::new(0), UnsafeCell::new(0)],
    }))
}

/// Waits, reads what the tasks wrote, and frees the frame.
fn end(frame: *mut Frame, parts: [u32; 2]) -> &'static str {
    let before = faults::waits().0;
    // SAFETY: the frame is ours to free, below.
    unsafe { &(*frame).count }.wait();
    let slept = faults::waits().0 > before;
    // SAFETY: every task is over.
    let frame = unsafe { Box::from_raw(frame) };
    // SAFETY: as above.
    let read = |part: usize| frame.parts[part].with(|part| unsafe { *part });
    assert_eq!([read(0), read(1)], parts);
    if slept { "slept" } else { "did not sleep" }
}

/// One task.
const ONE: Scenario = Scenario {
    name: "scope/one",
    test: "scope::one",
    shows: "the wait ends after the task, asleep or not",
    must: &["slept", "did not sleep"],
    faults: 2,
    loom: Loom::unbounded().at_least(260),
    shuttle: Shuttle::exhaustive().at_least(17),
    body: |out| {
        let frame = frame();
        let task = Borrow(frame);
        task.up();
        let worker = thread::spawn(move || {
            let task = task;
            task.write(0);
            task.over();
        });
        out.saw(end(frame, [1, 0]));
        worker.join().unwrap();
    },
    ..Scenario::EMPTY
};

/// Two tasks: the last one hands on what the other did.
const TWO: Scenario = Scenario {
    name: "scope/two",
    test: "scope::two",
    shows: "both tasks' writes are seen",
    must: &["slept", "did not sleep"],
    faults: 1,
    threads: 3,
    loom: Loom::bound(3).at_least(3_500),
    shuttle: Shuttle::exhaustive().at_least(1_200),
    body: |out| {
        let frame = frame();
        let workers = [0, 1].map(|part| {
            let task = Borrow(frame);
            task.up();
            thread::spawn(move || {
                let task = task;
                task.write(part);
                task.over();
            })
        });
        out.saw(end(frame, [1, 1]));
        for worker in workers {
            worker.join().unwrap();
        }
    },
    ..Scenario::EMPTY
};

/// A task spawns another one on its way: the count does not pass through zero.
const NESTED: Scenario = Scenario {
    name: "scope/nested",
    test: "scope::nested",
    shows: "a task that spawns one more",
    must: &["slept", "did not sleep"],
    threads: 3,
    loom: Loom::bound(3).at_least(2_600),
    shuttle: Shuttle::exhaustive().at_least(1_400),
    body: |out| {
        let frame = frame();
        let task = Borrow(frame);
        task.up();
        let (handles, inner_handle) = std::sync::mpsc::channel();
        let worker = thread::spawn(move || {
            let task = task;
            task.write(0);
            let inner = Borrow(task.0);
            inner.up();
            let inner_worker = thread::spawn(move || {
                let inner = inner;
                inner.write(1);
                inner.over();
            });
            handles.send(inner_worker).unwrap();
            task.over();
        });
        out.saw(end(frame, [1, 1]));
        worker.join().unwrap();
        inner_handle.recv().unwrap().join().unwrap();
    },
    ..Scenario::EMPTY
};

pub const MODELS: &[Scenario] = &[ONE, TWO, NESTED];
