//! The main thread of a program over a pool.

use super::body::{Body, Joined, finish};
use super::world::{Ending, Record, Value, World};
use super::{End, Idle, Setup, Step, Way, WhenFull};
use crate::marks::Marks;
use crate::purpose;
use raddle::{Future, ReturnWhen, ShutdownError, ThreadPool, as_completed, wait};
use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Awaits on this thread.
fn block_on<F: std::future::Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// A name for a pool, short enough that the kernel shows it whole.
fn pool_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("f{}", NUMBER.fetch_add(1, SeqCst) % 1_000_000)
}

/// Nobody joins the threads of a pool that its own task has dropped. They are waited for all the same, so that a
/// leak checker does not meet one that is about to end.
fn wait_until_threads_are_gone(pool: &str) {
    let prefix = format!("{pool}-");
    let is_one = |task: fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm"));
        name.is_ok_and(|name| name.starts_with(&prefix))
    };
    let are_there = || {
        let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
        tasks.filter_map(Result::ok).any(is_one)
    };
    while are_there() {
        thread::yield_now();
    }
}

struct Slot {
    record: Arc<Record>,
    future: Option<Future<Value>>,
}

pub struct Machine {
    name: String,
    pool: Arc<ThreadPool>,
    world: Arc<World>,
    slots: Vec<Slot>,
    /// A submission may block until a task has started.
    may_block: bool,
}

impl Machine {
    pub fn new(setup: &Setup) -> Self {
        purpose::install();
        let limit = usize::from(setup.limit % 5);
        let when_full = match setup.when_full {
            WhenFull::Block => raddle::WhenFull::Block,
            WhenFull::Reject => raddle::WhenFull::Reject,
            WhenFull::RunOnCaller => raddle::WhenFull::RunOnCaller,
        };
        let name = pool_name();
        let mut builder = ThreadPool::builder()
            .name(name.clone())
            .workers(usize::from(setup.workers % 3) + 1)
            .idle(match setup.idle {
                Idle::Balanced => raddle::thread::Idle::Balanced,
                Idle::ParkAtOnce => raddle::thread::Idle::ParkAtOnce,
                Idle::NeverPark => raddle::thread::Idle::NeverPark,
            })
            .when_full(when_full);
        if limit > 0 {
            builder = builder.queue_limit(limit);
        }
        let spares = setup.spares % 6;
        let may_wait = spares > 2;
        if !may_wait {
            builder = builder.max_spares(usize::from(spares));
        }
        let may_be = |what| limit > 0 && when_full == what;
        // A task that runs on the main thread must not wait for the main thread.
        let has_gates = !may_be(raddle::WhenFull::RunOnCaller);
        let may_be_full = may_be(raddle::WhenFull::Reject);
        Self {
            name,
            pool: Arc::new(builder.build().expect("a pool")),
            world: Arc::new(World::new(has_gates, may_wait, may_be_full)),
            slots: Vec::new(),
            may_block: may_be(raddle::WhenFull::Block),
        }
    }

    fn at(&self, number: u8) -> Option<usize> {
        usize::from(number).checked_rem(self.slots.len())
    }

    fn take(&mut self, number: u8) -> Option<(Arc<Record>, Future<Value>)> {
        let slot = self.at(number).map(|at| &mut self.slots[at])?;
        Some((Arc::clone(&slot.record), slot.future.take()?))
    }

    fn take_all(&mut self) -> Joined {
        let slots = self.slots.iter_mut();
        slots
            .filter_map(|slot| Some((Arc::clone(&slot.record), slot.future.take()?)))
            .collect()
    }

    fn keep(&mut self, record: Arc<Record>, future: Future<Value>) {
        self.slots.push(Slot {
            record,
            future: Some(future),
        });
    }

    pub fn step(&mut self, step: &Step) {
        // A step that makes no sense ends here with `None`.
        let _ = self.try_step(step);
    }

    fn try_step(&mut self, step: &Step) -> Option<()> {
        if self.may_block {
            self.world.open_gates();
        }
        match *step {
            Step::Spawn {
                way,
                ref body,
                callback,
            } => self.spawn(way, body, callback),
            Step::SpawnMany(ref few) => {
                let tasks: Vec<_> = few
                    .leaves()
                    .iter()
                    .map(|leaf| {
                        let work = self.world.work(leaf.ending(), true);
                        let record = Arc::clone(&work.record);
                        (record, leaf.task(&self.world, &self.pool, work))
                    })
                    .collect();
                let (records, tasks): (Vec<_>, Vec<_>) = tasks.into_iter().unzip();
                let futures = self.pool.spawn_many(tasks);
                assert_eq!(futures.len(), records.len());
                for (record, future) in records.into_iter().zip(futures) {
                    self.keep(record, future);
                }
            }
            Step::SpawnAfter(at) => {
                // With few spares, only a task that no thread waits for may block its worker.
                if !self.world.may_wait {
                    return None;
                }
                let (earlier, future) = self.take(at)?;
                let work = self.world.work(Ending::Value, true);
                let record = Arc::clone(&work.record);
                let world = Arc::clone(&self.world);
                let after = self.pool.spawn(move || {
                    work.begin();
                    finish(&world, vec![(earlier, future)]);
                    work.end()
                        .unwrap_or_else(|_| unreachable!("it has a value"))
                });
                self.keep(record, after);
            }
            Step::Cancel(at) => {
                let slot = &self.slots[self.at(at)?];
                self.world.cancel(&slot.record, slot.future.as_ref()?);
            }
            Step::Drop(at) => drop(self.take(at)?),
            Step::CancelOnDrop(at) => {
                let (record, future) = self.take(at)?;
                record.is_asked.store(true, SeqCst);
                drop(future.cancel_on_drop());
            }
            Step::Result(at) => {
                let (record, future) = self.take(at)?;
                self.world.open_gates();
                self.world.check_result(&record, &future.result());
            }
            Step::Try(at) => {
                let at = self.at(at)?;
                match self.slots[at].future.take()?.try_result() {
                    Ok(outcome) => self.world.check_result(&self.slots[at].record, &outcome),
                    Err(future) => self.slots[at].future = Some(future),
                }
            }
            Step::Timeout(at) => {
                let at = self.at(at)?;
                let future = self.slots[at].future.take()?;
                match future.result_timeout(Duration::ZERO) {
                    Ok(outcome) => self.world.check_result(&self.slots[at].record, &outcome),
                    Err(future) => self.slots[at].future = Some(future),
                }
            }
            Step::Await(at) => {
                let (record, future) = self.take(at)?;
                self.world.open_gates();
                self.world.check_result(&record, &block_on(future));
                self.world.reach("awaited");
            }
            Step::Callback(at) => {
                let slot = &self.slots[self.at(at)?];
                let future = slot.future.as_ref()?;
                future.add_done_callback(self.world.callback(&slot.record));
            }
            Step::WaitAll => {
                self.world.open_gates();
                let waited = wait(self.take_all(), ReturnWhen::AllCompleted);
                assert!(waited.not_done.is_empty() && !waited.timed_out);
                for (record, future) in waited.done {
                    assert!(future.is_done(), "waited for, and not done: {record:?}");
                    self.world.check_result(&record, &future.result());
                }
            }
            Step::AsCompleted => {
                self.world.open_gates();
                let all = self.take_all();
                let count = all.len();
                let mut came = 0;
                for (record, future) in as_completed(all) {
                    assert!(future.is_done(), "it came, and is not done: {record:?}");
                    self.world.check_result(&record, &future.result());
                    came += 1;
                }
                assert_eq!(came, count);
            }
            Step::OpenGate(which) => {
                if which % 2 == 0 {
                    self.world.open_hard_gate();
                } else {
                    self.world.open_soft_gate();
                }
            }
            Step::Here(ref body) => {
                // It may block until tasks are done, which may wait at a gate.
                self.world.open_gates();
                if body.ending() == Ending::Value {
                    body.act(&self.world, &self.pool, true);
                }
            }
            Step::Close { cancels } => self.pool.close(self.world.closes(cancels)),
            Step::ShutdownNow { cancels } => {
                let how = self.world.closes(cancels);
                match self.pool.shutdown_timeout(how, Duration::ZERO) {
                    Ok(()) => self.is_empty(),
                    Err(ShutdownError::TimedOut { .. }) => self.world.reach("timed out"),
                    Err(error) => panic!("shutdown_timeout: {error}"),
                }
            }
            Step::Shutdown { cancels } => self.shutdown(cancels),
            Step::Stats => {
                let stats = self.pool.stats();
                assert_eq!(stats.workers.len(), self.pool.workers());
            }
        }
        Some(())
    }

    fn spawn(&mut self, way: Way, body: &Body, callback: bool) {
        let ending = match (way, body.ending()) {
            (Way::TrySpawn, Ending::Value) => Ending::Fail,
            (_, ending) => ending,
        };
        let is_bound = matches!(way, Way::On(_) | Way::NamedOn(_));
        let work = self.world.work(ending, !is_bound);
        let record = Arc::clone(&work.record);
        let (world, pool, body) = (
            Arc::clone(&self.world),
            Arc::clone(&self.pool),
            body.clone(),
        );
        let main = thread::current().id();
        let task = move || {
            work.begin();
            let is_outside = thread::current().id() == main;
            body.act(&world, &pool, is_outside);
            drop(pool);
            work.end()
        };
        let value = |outcome: Result<Value, String>| {
            outcome.unwrap_or_else(|_| unreachable!("only those of try_spawn fail"))
        };
        let lost = |worker: u8| {
            let worker = usize::from(worker % 4);
            record.is_lost.store(worker >= self.pool.workers(), SeqCst);
            worker
        };
        let future = match way {
            Way::Spawn => self.pool.spawn(move || value(task())),
            Way::TrySpawn => self.pool.try_spawn(task),
            Way::On(worker) => self.pool.spawn_on(lost(worker), move || value(task())),
            Way::Named => self.pool.task().name("named").spawn(move || value(task())),
            Way::NamedOn(worker) => {
                let named = self.pool.task().name("named");
                named.spawn_on(lost(worker), move || value(task()))
            }
        };
        let is_named = matches!(way, Way::Named | Way::NamedOn(_));
        assert_eq!(future.name(), is_named.then_some("named"));
        if callback {
            future.add_done_callback(self.world.callback(&record));
        }
        self.keep(record, future);
    }

    fn is_empty(&self) {
        let stats = self.pool.stats();
        assert_eq!((stats.queued, stats.running), (0, 0), "after the end");
        // No future is left pending.
        for slot in &self.slots {
            if let Some(future) = &slot.future {
                assert!(future.is_done(), "left behind: {:?}", slot.record);
            }
        }
    }

    fn shutdown(&mut self, cancels: bool) {
        self.world.open_gates();
        let how = self.world.closes(cancels);
        self.pool.shutdown(how).expect("the end of the pool");
        self.is_empty();
        self.world.reach("shut down");
    }

    pub fn end(mut self, end: End) -> Marks {
        self.world.open_gates();
        let rest = match end {
            End::Shutdown { cancels } => {
                self.shutdown(cancels);
                let rest = self.take_all();
                let holders = Arc::strong_count(&self.pool);
                assert_eq!(holders, 1, "closures are left after the end of the pool");
                drop(self.pool);
                rest
            }
            End::Drop => {
                let rest = self.take_all();
                // The last to let go may be one of its tasks.
                drop(self.pool);
                self.world.reach("pool dropped");
                rest
            }
        };
        for (record, future) in rest {
            self.world.check_result(&record, &future.result());
        }
        self.world.ledger.wait_until_all_are_dropped();
        wait_until_threads_are_gone(&self.name);
        self.world.end()
    }
}
