//! raddle, in the ways in which its users would call it.

use super::{Cancel, Config, Contender, ForkJoin, Map, NestedWait, Spawn, Tree};
use crate::document::Role;
use raddle::thread::Idle;
use raddle::{Executor, Future, IsolatePool, Pin, TaskError, ThreadPool};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The pool with its default settings, one `spawn` per task, `map_slice` for slices.
pub type Raddle = Pool<DEFAULT>;
/// Workers that never sleep, for cores that are set apart.
pub type NeverPark = Pool<NEVER_PARK>;
/// Many tasks handed over at once by `spawn_many`.
pub type Batch = Pool<BATCH>;
/// The executor's ordered `map`, in the same chunks as the pools that have no map.
pub type OrderedMap = Pool<ORDERED_MAP>;
/// Inner tasks without a handle each, in a scope that waits for all, as rayon's.
pub type Scoped = Pool<SCOPED>;

const DEFAULT: u8 = 0;
const NEVER_PARK: u8 = 1;
const BATCH: u8 = 2;
const ORDERED_MAP: u8 = 3;
const SCOPED: u8 = 4;

/// A pool used in one of the ways above.
pub struct Pool<const WAY: u8>(ThreadPool);

/// Isolates: each task borrows the private state of the one that runs it.
pub struct Isolates(IsolatePool<u64>);

impl Contender for Isolates {
    const NAME: &'static str = "raddle isolates";
    const ROLE: Role = Role::Raddle;

    fn new(config: &Config) -> Self {
        let mut builder = IsolatePool::builder(|_| Ok(0)).workers(config.workers);
        if let Some(core) = config.core {
            builder = builder.pin(Pin::List(vec![core; config.workers]));
        }
        Isolates(builder.build().unwrap())
    }
}

impl Spawn for Isolates {
    type Handle<T: Send + 'static> = Future<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> Future<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let counted = move |count: &mut u64, task: F| {
            *count += 1;
            task()
        };
        self.0.submit_with(counted, task)
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: Future<T>) -> T {
        handle.result().unwrap()
    }

    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        drop(self.spawn(task));
    }
}

impl<const WAY: u8> Contender for Pool<WAY> {
    const NAME: &'static str = match WAY {
        NEVER_PARK => "raddle, never park",
        BATCH => "raddle spawn_many",
        ORDERED_MAP => "raddle map",
        SCOPED => "raddle scope",
        _ => "raddle",
    };
    const ROLE: Role = Role::Raddle;

    fn new(config: &Config) -> Self {
        let mut builder = ThreadPool::builder().workers(config.workers);
        if let Some(core) = config.core {
            builder = builder.pin(Pin::List(vec![core; config.workers]));
        }
        if WAY == NEVER_PARK {
            builder = builder.idle(Idle::NeverPark);
        }
        Pool(builder.build().unwrap())
    }
}

impl<const WAY: u8> Spawn for Pool<WAY> {
    type Handle<T: Send + 'static> = Future<T>;

    #[inline]
    fn spawn<T, F>(&self, task: F) -> Future<T>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.0.spawn(task)
    }

    fn spawn_all<T, F>(&self, tasks: impl ExactSizeIterator<Item = F>) -> Vec<Future<T>>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if WAY == BATCH {
            return self.0.spawn_many(tasks);
        }
        let mut handles = Vec::with_capacity(tasks.len());
        handles.extend(tasks.map(|task| self.0.spawn(task)));
        handles
    }

    #[inline]
    fn wait<T: Send + 'static>(&self, handle: Future<T>) -> T {
        handle.result().unwrap()
    }

    #[inline]
    fn detach<F: FnOnce() + Send + 'static>(&self, task: F) {
        self.0.spawn(task);
    }

    fn as_completed<T, F>(&self, tasks: Vec<F>, mut each: impl FnMut(T))
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let futures: Vec<_> = tasks.into_iter().map(|task| self.0.spawn(task)).collect();
        for future in raddle::as_completed(futures) {
            each(future.result().unwrap());
        }
    }
}

impl<const WAY: u8> Cancel for Pool<WAY> {
    fn cancel_all<T: Send + 'static>(
        &self,
        handles: Vec<Future<T>>,
        release: impl FnOnce(),
    ) -> usize {
        for handle in &handles {
            handle.cancel();
        }
        release();
        let ends = handles.into_iter().map(Future::result);
        ends.filter(|end| matches!(end, Err(TaskError::Cancelled)))
            .count()
    }
}

impl<const WAY: u8> ForkJoin for Pool<WAY> {
    fn fib(&self, n: u32) -> u64 {
        start_fib(&self.0, n)
    }

    fn tree_sum(&self, tree: &Tree) -> u64 {
        start_tree_sum(&self.0, tree)
    }
}

/// The recursions are called from this crate alone, as they would be in a program: called from the generic
/// `Pool`, they would be symbols of other crates too, and each of their calls an indirect one.
#[inline(never)]
fn start_fib(pool: &ThreadPool, n: u32) -> u64 {
    fib(pool, n)
}

#[inline(never)]
fn start_tree_sum(pool: &ThreadPool, tree: &Tree) -> u64 {
    tree_sum(pool, tree)
}

fn fib(pool: &ThreadPool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

fn tree_sum(pool: &ThreadPool, tree: &Tree) -> u64 {
    let Some((left, right)) = tree.children.as_deref() else {
        return tree.value;
    };
    let (a, b) = pool.join(|| tree_sum(pool, left), || tree_sum(pool, right));
    tree.value + a + b
}

impl<const WAY: u8> Map for Pool<WAY> {
    fn map<F>(&self, items: &Arc<[u64]>, f: F) -> Vec<u64>
    where
        F: Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    {
        if WAY != ORDERED_MAP {
            return self.0.map_slice(items, |&x| f(x));
        }
        let chunk = items.len().div_ceil(self.0.workers() * 8).max(1);
        let mut all = Vec::with_capacity(items.len());
        let items = Arc::clone(items);
        let inputs = (0..items.len()).map(move |i| items[i]);
        all.extend(
            Executor::map(&self.0, f, inputs)
                .chunk(chunk)
                .map(Result::unwrap),
        );
        all
    }
}

impl<const WAY: u8> NestedWait for Pool<WAY> {
    fn nested_sum(self: &Arc<Self>, outer: u64, inner: u64) -> u64 {
        if WAY == SCOPED {
            return scoped_sum(&self.0, outer, inner);
        }
        let outers: Vec<_> = (0..outer)
            .map(|_| {
                let pool = Arc::clone(self);
                self.0.spawn(move || {
                    let inners: Vec<_> = (0..inner).map(|i| pool.0.spawn(move || i)).collect();
                    inners
                        .into_iter()
                        .map(|inner| inner.result().unwrap())
                        .sum::<u64>()
                })
            })
            .collect();
        outers
            .into_iter()
            .map(|outer| outer.result().unwrap())
            .sum()
    }
}

fn scoped_sum(pool: &ThreadPool, outer: u64, inner: u64) -> u64 {
    let total = AtomicU64::new(0);
    pool.scope(|scope| {
        for _ in 0..outer {
            scope.spawn(|| {
                let sum = AtomicU64::new(0);
                pool.scope(|scope| {
                    for i in 0..inner {
                        let sum = &sum;
                        scope.spawn(move || sum.fetch_add(i, Relaxed));
                    }
                });
                total.fetch_add(sum.into_inner(), Relaxed);
            });
        }
    });
    total.into_inner()
}
