//! What tasks do.

use super::world::{Ending, Record, Value, Work, World};
use crate::purpose;
use arbitrary::Arbitrary;
use raddle::thread::current_worker;
use raddle::{Future, Shutdown, ShutdownError, TaskError, ThreadPool, as_completed};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

/// A task without others inside.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Leaf {
    Value,
    Yield(u8),
    Panic,
    Gate { is_soft: bool },
    Close { cancels: bool, waits: bool },
}

/// Up to three of them.
#[derive(Arbitrary, Debug, Clone)]
pub struct Few {
    count: u8,
    leaves: [Leaf; 3],
}

impl Few {
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves[..usize::from(self.count % 4)]
    }
}

/// What a task does with those that it spawns.
#[derive(Arbitrary, Debug, Clone, Copy)]
pub enum Then {
    Detach,
    Wait,
    WaitBackwards,
    AsCompleted,
    Cancel,
    /// Spawns on that worker.
    On {
        worker: u8,
        waits: bool,
    },
}

#[derive(Arbitrary, Debug, Clone)]
pub enum Body {
    Leaf(Leaf),
    Spawn { few: Few, then: Then },
    Join(Leaf, Leaf),
    Scope { few: Few, waits: bool, panics: bool },
    Slice { items: u8, panics_at: u8 },
}

pub type Joined = Vec<(Arc<Record>, Future<Value>)>;

/// How the executor's end is called by the steps.
pub fn how(cancels: bool) -> Shutdown {
    if cancels {
        Shutdown::CancelPending
    } else {
        Shutdown::Drain
    }
}

impl World {
    pub fn closes(&self, cancels: bool) -> Shutdown {
        self.is_closing.store(true, SeqCst);
        self.is_cancelling.fetch_or(cancels, SeqCst);
        how(cancels)
    }

    /// Cancels a task from its handle.
    pub fn cancel(&self, record: &Record, future: &Future<Value>) {
        record.is_asked.store(true, SeqCst);
        if !future.cancel() {
            return self.reach("cancel too late");
        }
        record.is_cancelled.store(true, SeqCst);
        if !future.is_cancelled() || !future.cancel() {
            self.violation(format!("cancelled and not cancelled: {record:?}"));
        }
    }

    pub fn check_result(&self, record: &Record, outcome: &Result<Value, TaskError>) {
        self.check(record, outcome.as_ref().map(|value| value.record));
    }
}

impl Leaf {
    pub fn ending(self) -> Ending {
        if matches!(self, Self::Panic) {
            Ending::Panic
        } else {
            Ending::Value
        }
    }

    fn act(self, world: &World, pool: &ThreadPool) {
        match self {
            Self::Value | Self::Panic => {}
            Self::Yield(times) => (0..times % 16).for_each(|_| thread::yield_now()),
            Self::Gate { is_soft } => world.pass_gate(is_soft),
            Self::Close { cancels, waits } => {
                let how = world.closes(cancels);
                // On the main thread, which may run tasks too, a shutdown would wait for this task.
                if !waits || current_worker().is_none() {
                    return pool.close(how);
                }
                world.reach("inside worker");
                let refused = pool.shutdown(how);
                if !matches!(refused, Err(ShutdownError::InsideWorker { .. })) {
                    world.violation(format!("a task shut its pool down: {refused:?}"));
                }
            }
        }
    }

    /// The closure of a task that does this.
    pub fn task(
        self,
        world: &Arc<World>,
        pool: &Arc<ThreadPool>,
        work: Work,
    ) -> impl FnOnce() -> Value + Send + 'static + use<> {
        let (world, pool) = (Arc::clone(world), Arc::clone(pool));
        move || {
            work.begin();
            self.act(&world, &pool);
            drop(pool);
            work.end().unwrap_or_else(|_| unreachable!("no leaf fails"))
        }
    }

    /// The same, borrowing the pool.
    fn borrowing<'a>(
        self,
        world: &'a World,
        pool: &'a ThreadPool,
        work: Work,
    ) -> impl FnOnce() -> Value + Send + 'a {
        move || {
            work.begin();
            self.act(world, pool);
            work.end().unwrap_or_else(|_| unreachable!("no leaf fails"))
        }
    }
}

/// The number of the task whose panic that is.
fn panicked(payload: &(dyn std::any::Any + Send)) -> Option<&str> {
    purpose::text(payload)?.rsplit("task ").next()
}

impl Body {
    pub fn ending(&self) -> Ending {
        match self {
            Self::Leaf(leaf) => leaf.ending(),
            _ => Ending::Value,
        }
    }

    /// Does it, on whatever thread this is. `is_outside`: on the main thread.
    pub fn act(&self, world: &Arc<World>, pool: &Arc<ThreadPool>, is_outside: bool) {
        match self {
            Self::Leaf(leaf) => leaf.act(world, pool),
            Self::Spawn { few, then } => spawn(few, *then, world, pool, is_outside),
            Self::Join(left, right) => join(*left, *right, world, pool),
            Self::Scope { few, waits, panics } => {
                scope(few, *waits, *panics, world, pool, is_outside);
            }
            Self::Slice { items, panics_at } => slice(*items, *panics_at, world, pool),
        }
    }
}

fn spawn(few: &Few, then: Then, world: &Arc<World>, pool: &Arc<ThreadPool>, is_outside: bool) {
    let mut spawned = Joined::new();
    for leaf in few.leaves() {
        let work = world.work(leaf.ending(), is_outside);
        let record = Arc::clone(&work.record);
        let future = match then {
            Then::On { worker, .. } => {
                let worker = usize::from(worker % 4);
                record.is_lost.store(worker >= pool.workers(), SeqCst);
                pool.spawn_on(worker, leaf.task(world, pool, work))
            }
            _ => pool.spawn(leaf.task(world, pool, work)),
        };
        spawned.push((record, future));
    }
    match then {
        Then::Detach => {}
        Then::Wait => finish(world, spawned),
        Then::WaitBackwards => {
            spawned.reverse();
            finish(world, spawned);
        }
        Then::AsCompleted => {
            for (record, future) in as_completed(spawned) {
                world.check_result(&record, &future.result());
            }
        }
        Then::Cancel => {
            for (record, future) in &spawned {
                world.cancel(record, future);
            }
            finish(world, spawned);
        }
        Then::On { waits, .. } => {
            if waits && world.may_wait {
                finish(world, spawned);
            }
        }
    }
}

pub fn finish(world: &World, spawned: Joined) {
    for (record, future) in spawned {
        world.check_result(&record, &future.result());
        world.reach("wait in a task");
    }
}

fn join(left: Leaf, right: Leaf, world: &Arc<World>, pool: &ThreadPool) {
    let works = [left, right].map(|leaf| world.work(leaf.ending(), false));
    let [first, second] = works.each_ref().map(|work| Arc::clone(&work.record));
    let [left_work, right_work] = works;
    // The second half does not run if the first panics before a thread has taken it.
    second.is_excused.store(first.panics(), SeqCst);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        pool.join(
            left.borrowing(world, pool, left_work),
            right.borrowing(world, pool, right_work),
        )
    }));
    let panicking = [&first, &second].into_iter().find(|half| half.panics());
    let is_right = match (&outcome, panicking) {
        (Ok((left, right)), None) => left.record == first.id && right.record == second.id,
        (Err(payload), Some(half)) => {
            panicked(&**payload) == Some(format!("{}.", half.id).as_str())
        }
        _ => false,
    };
    let ran = first.runs() == 1 && (second.runs() == 1 || first.panics());
    if !is_right || !ran {
        world.violation(format!("join of {first:?} and {second:?}"));
    }
    world.reach(if outcome.is_ok() {
        "join"
    } else {
        "join panicked"
    });
}

fn scope(
    few: &Few,
    waits: bool,
    panics: bool,
    world: &Arc<World>,
    pool: &ThreadPool,
    is_outside: bool,
) {
    let ended = [const { AtomicU32::new(0) }; 3];
    let mut records = Vec::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        pool.scope(|scope| {
            for (leaf, ended) in few.leaves().iter().zip(&ended) {
                let work = world.work(leaf.ending(), is_outside);
                let record = Arc::clone(&work.record);
                records.push(Arc::clone(&record));
                let run = leaf.borrowing(world, pool, work);
                let future = scope.spawn(move || {
                    ended.fetch_add(1, SeqCst);
                    run()
                });
                if waits {
                    world.check_result(&record, &future.result());
                }
            }
            if panics {
                purpose::panic("a scope");
            }
        });
    }));
    for (record, ended) in records.iter().zip(&ended) {
        if record.runs() != ended.load(SeqCst) {
            world.violation(format!("a scope ended before its task: {record:?}"));
        }
    }
    let panicking = records.iter().any(|it| it.panics() && it.runs() > 0);
    let is_right = match &outcome {
        Ok(()) => !panics && !panicking,
        Err(payload) => (panics || panicking) && purpose::text(&**payload).is_some(),
    };
    if !is_right {
        world.violation(format!("the outcome of a scope of {records:?}"));
    }
    world.reach(if outcome.is_ok() {
        "scope"
    } else {
        "scope panicked"
    });
}

fn slice(items: u8, panics_at: u8, world: &Arc<World>, pool: &ThreadPool) {
    let items: Vec<usize> = (0..usize::from(items % 64)).collect();
    let panics_at = usize::from(panics_at);
    let calls = AtomicU32::new(0);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        pool.map_slice(&items, |&item| {
            calls.fetch_add(1, SeqCst);
            if item == panics_at {
                purpose::panic("an item");
            }
            (item, world.ledger.token())
        })
    }));
    match outcome {
        Ok(results) => {
            let results = results.iter().map(|(item, _)| *item);
            if !results.eq(items.iter().copied()) || calls.into_inner() as usize != items.len() {
                world.violation("a slice came back as another one".to_owned());
            }
            world.reach("slice");
        }
        Err(payload) => {
            if purpose::text(&*payload).is_none() || panics_at >= items.len() {
                world.violation("a slice panicked".to_owned());
            }
            world.reach("slice panicked");
        }
    }
}
