//! What the scenarios of a process pool have in common beyond one of them.

use super::lane_kit::{Ends, ends_with};
use raddle::process::testing::model::{Event, LaneState, Model};
use raddle::shm::WorkerEnd;
use raddle::{Future, TaskError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A pool of one lane, its worker, and the lane's files for the next one.
#[inline(never)]
pub fn one(arena: usize) -> (Model, Box<WorkerEnd>, Ends) {
    let event = Event::new().expect("made of memory");
    let theirs = event.clone();
    let (parent, worker, ends) = ends_with(arena, LaneState::default(), move || theirs.notify());
    let pool = Model::new(vec![Box::new(parent)], &event);
    (pool, Box::new(worker), ends)
}

/// A pool of two lanes, their workers, and the files of the first one for the next worker.
#[inline(never)]
pub fn two() -> (Model, Box<WorkerEnd>, Box<WorkerEnd>, Ends) {
    let event = Event::new().expect("made of memory");
    let lane = || {
        let theirs = event.clone();
        ends_with(0, LaneState::default(), move || theirs.notify())
    };
    let (one, first, ends) = lane();
    let (two, second, _) = lane();
    let pool = Model::new(vec![Box::new(one), Box::new(two)], &event);
    (pool, Box::new(first), Box::new(second), ends)
}

/// How often callbacks ran. Outside of the model.
#[derive(Clone, Default)]
pub struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub fn seen(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Nobody holds the future any more.
    pub fn then(
        &self,
        future: Future<u64>,
        f: impl FnOnce(Result<&u64, &TaskError>) + Send + 'static,
    ) {
        let calls = self.clone();
        future.add_done_callback(move |value| {
            calls.add();
            f(value);
        });
    }

    /// Counts the callback of this future.
    pub fn count<T: Send + Sync + 'static>(&self, future: &Future<T>) {
        let calls = self.clone();
        future.add_done_callback(move |_| calls.add());
    }

    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
