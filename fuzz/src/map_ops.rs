//! Maps over a pool, against the sequence that they have to give: each item's outcome in its place, never more
//! taken ahead than allowed, nothing run twice, everything dropped once.

use crate::Subject;
use crate::bytes::decode;
use crate::ledger::Ledger;
use crate::marks::Marks;
use crate::purpose;
use arbitrary::Arbitrary;
use raddle::{BoxError, Rejected, Shutdown, TaskError, ThreadPool, WhenFull};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "map_ops",
    run,
    show,
    reachable: &[
        "buffer full",
        "buffer zero",
        "cancelled",
        "chunk zero",
        "chunks",
        "closed meanwhile",
        "detached",
        "dropped half-way",
        "exhausted",
        "failed",
        "out of order",
        "panicked",
        "queue full",
        "timed out",
        "value",
    ],
};

/// The pool.
#[derive(Arbitrary, Debug)]
struct Setup {
    workers: u8,
    limit: u8,
    when_full: Full,
}

#[derive(Arbitrary, Debug)]
enum Full {
    Block,
    Reject,
    RunOnCaller,
}

/// One map.
#[derive(Arbitrary, Debug)]
struct Step {
    kind: Kind,
    items: u8,
    chunk: Setting,
    buffer: Setting,
    has_timeout: bool,
    /// Each item does one of these, in turn.
    work: [Work; 3],
    /// How many are asked for before it ends.
    take: u8,
    end: End,
    close: Option<(u8, bool)>,
}

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    TryMap,
    Unordered,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Setting {
    Default,
    Some(u8),
}

impl Setting {
    fn get(self) -> Option<usize> {
        match self {
            Self::Default => None,
            Self::Some(number) => Some(usize::from(number % 6)),
        }
    }
}

#[derive(Arbitrary, Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Work {
    Value,
    Yield,
    Panic,
    Fail,
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum End {
    Exhaust,
    Drop,
    Detach,
}

/// What the tasks of one map do, found by its number: tasks carry only what can be copied.
struct World {
    ledger: Arc<Ledger>,
    /// How often each item ran.
    runs: Vec<AtomicU32>,
}

static WORLDS: Mutex<(u64, BTreeMap<u64, Arc<World>>)> = Mutex::new((0, BTreeMap::new()));

fn world(key: u64) -> Arc<World> {
    Arc::clone(&WORLDS.lock().unwrap().1[&key])
}

/// An argument or a result: it is counted when it goes.
#[derive(Serialize, Deserialize)]
struct Item {
    world: u64,
    index: usize,
    work: Work,
    token: usize,
}

impl Item {
    fn new(key: u64, index: usize, work: Work) -> Self {
        Self {
            world: key,
            index,
            work,
            token: world(key).ledger.add(),
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        world(self.world).ledger.count(self.token);
    }
}

fn label(index: usize) -> String {
    format!("item {index}.")
}

fn work(item: Item) -> Item {
    world(item.world).runs[item.index].fetch_add(1, SeqCst);
    match item.work {
        Work::Yield => std::thread::yield_now(),
        Work::Panic => purpose::panic(&label(item.index)),
        Work::Value | Work::Fail => {}
    }
    Item::new(item.world, item.index, item.work)
}

fn try_work(item: Item) -> Result<Item, BoxError> {
    match item.work {
        Work::Fail => {
            world(item.world).runs[item.index].fetch_add(1, SeqCst);
            Err(BoxError::from(label(item.index)))
        }
        _ => Ok(work(item)),
    }
}

/// The arguments of a map, which watch how far ahead they are taken.
struct Args {
    key: u64,
    count: usize,
    work: [Work; 3],
    taken: Rc<Cell<usize>>,
    yielded: Rc<Cell<usize>>,
    most_ahead: usize,
}

impl Iterator for Args {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        let index = self.taken.get();
        if index == self.count {
            return None;
        }
        let ahead = index + 1 - self.yielded.get();
        assert!(ahead <= self.most_ahead, "{ahead} taken ahead");
        self.taken.set(index + 1);
        Some(Item::new(self.key, index, self.work[index % 3]))
    }
}

struct Machine {
    pool: ThreadPool,
    /// Full queues refuse.
    rejects: bool,
    marks: Marks,
    is_closed: bool,
    is_cancelling: bool,
    /// All maps, each with how many of its items have to have run in the end.
    maps: Vec<(u64, usize)>,
}

fn run(data: &[u8]) -> Marks {
    purpose::install();
    let (setup, steps) = decode::<Setup, Step>(data);
    let limit = usize::from(setup.limit % 4);
    let (when_full, rejects) = match setup.when_full {
        Full::Block => (WhenFull::Block, false),
        Full::Reject => (WhenFull::Reject, limit > 0),
        Full::RunOnCaller => (WhenFull::RunOnCaller, false),
    };
    let mut builder = ThreadPool::builder()
        .workers(usize::from(setup.workers % 3) + 1)
        .when_full(when_full);
    if limit > 0 {
        builder = builder.queue_limit(limit);
    }
    let mut machine = Machine {
        pool: builder.build().expect("a pool"),
        rejects,
        marks: Marks::default(),
        is_closed: false,
        is_cancelling: false,
        maps: Vec::new(),
    };
    for step in &steps {
        machine.step(step);
    }
    machine.end()
}

fn show(data: &[u8]) -> String {
    let (setup, steps) = decode::<Setup, Step>(data);
    format!("{setup:#?} {steps:#?}")
}

impl Machine {
    fn step(&mut self, step: &Step) {
        let count = usize::from(step.items % 64);
        let world = Arc::new(World {
            ledger: Arc::default(),
            runs: (0..count).map(|_| AtomicU32::new(0)).collect(),
        });
        let key = {
            let mut worlds = WORLDS.lock().unwrap();
            worlds.0 += 1;
            let key = worlds.0;
            worlds.1.insert(key, Arc::clone(&world));
            key
        };
        let (chunk, buffer) = (step.chunk.get(), step.buffer.get());
        let yielded = Rc::new(Cell::new(0));
        let taken = Rc::new(Cell::new(0));
        // Four chunks per worker fly, and as many may have landed.
        let by_chunks = chunk.map(|chunk| (8 * self.pool.workers() + 1) * chunk);
        let args = Args {
            key,
            count,
            work: step.work,
            taken: Rc::clone(&taken),
            yielded: Rc::clone(&yielded),
            most_ahead: buffer.or(by_chunks).unwrap_or(usize::MAX),
        };
        let mut drive = Drive {
            pool: &self.pool,
            rejects: self.rejects,
            step,
            count,
            world,
            taken: Rc::clone(&taken),
            yielded,
            seen: BTreeSet::new(),
            is_over: false,
            is_closed: self.is_closed,
            is_cancelling: self.is_cancelling,
            marks: Marks::default(),
        };
        // Three types of maps, for which the same is done.
        macro_rules! drive {
            ($map:expr, $item:expr) => {{
                let mut map = $map;
                if let Some(length) = chunk {
                    map = map.chunk(length);
                }
                if let Some(arguments) = buffer {
                    map = map.buffer(arguments);
                }
                if step.has_timeout {
                    map = map.timeout(Duration::ZERO);
                }
                assert_eq!(taken.get(), 0, "taken before the first item was asked for");
                drive.run(&mut map, $item);
                match step.end {
                    End::Detach => map.detach(),
                    End::Exhaust | End::Drop => drop(map),
                }
            }};
        }
        let in_order = |position, outcome| (position, outcome);
        match step.kind {
            Kind::Map => drive!(self.pool.map(work, args), in_order),
            Kind::TryMap => drive!(self.pool.try_map(try_work, args), in_order),
            Kind::Unordered => drive!(self.pool.map_unordered(work, args), |_, item| item),
        }
        let all_run = match step.end {
            End::Detach => {
                drive.marks.reach("detached");
                !drive.is_over && !drive.is_closed && !drive.rejects
            }
            End::Exhaust | End::Drop => false,
        };
        self.is_closed = drive.is_closed;
        self.is_cancelling = drive.is_cancelling;
        self.marks.add(&drive.marks);
        self.maps.push((key, if all_run { taken.get() } else { 0 }));
    }

    fn end(self) -> Marks {
        self.pool.shutdown(Shutdown::Drain).expect("the end");
        for (key, must_run) in self.maps {
            let world = world(key);
            for (index, runs) in world.runs.iter().enumerate() {
                let runs = runs.load(SeqCst);
                assert!(runs <= 1, "item {index} ran {runs} times");
                let has_to = index < must_run && !self.is_cancelling;
                assert!(runs == 1 || !has_to, "item {index} was detached, not run");
            }
            world.ledger.assert_each_was_dropped_once();
            WORLDS.lock().unwrap().1.remove(&key);
        }
        self.marks
    }
}

/// The consumer of one map.
struct Drive<'a> {
    pool: &'a ThreadPool,
    rejects: bool,
    step: &'a Step,
    count: usize,
    world: Arc<World>,
    taken: Rc<Cell<usize>>,
    yielded: Rc<Cell<usize>>,
    /// Which items came out.
    seen: BTreeSet<usize>,
    /// It ended early, and said so.
    is_over: bool,
    is_closed: bool,
    is_cancelling: bool,
    marks: Marks,
}

impl Drive<'_> {
    fn run<O>(
        &mut self,
        map: &mut impl Iterator<Item = O>,
        item: impl Fn(usize, O) -> (usize, Result<Item, TaskError>),
    ) {
        let asked = match self.step.end {
            End::Exhaust => usize::MAX,
            End::Drop | End::Detach => usize::from(self.step.take % 64),
        };
        for position in 0..asked {
            if let Some((when, cancels)) = self.step.close
                && usize::from(when % 16) == position
            {
                self.is_closed = true;
                self.is_cancelling |= cancels;
                self.pool.close(if cancels {
                    Shutdown::CancelPending
                } else {
                    Shutdown::Drain
                });
            }
            let (least, most) = map.size_hint();
            let Some(next) = map.next() else {
                assert_eq!(least, 0, "fewer than it promised");
                assert!(map.next().is_none(), "an item after the end");
                return self.exhausted();
            };
            assert!(most.is_none_or(|most| most > 0), "more than it promised");
            assert!(!self.is_over, "an item after the last");
            let (index, outcome) = item(position, next);
            self.check(position, index, &outcome);
            self.yielded.set(position + 1);
            if self.step.buffer.get() == Some(self.taken.get() - self.seen.len()) {
                self.marks.reach("buffer full");
            }
        }
        if self.seen.len() < self.count {
            self.marks.reach("dropped half-way");
        }
    }

    fn exhausted(&mut self) {
        self.marks.reach("exhausted");
        assert!(
            self.is_over || self.seen.len() == self.count,
            "items are missing"
        );
    }

    fn check(&mut self, position: usize, index: usize, outcome: &Result<Item, TaskError>) {
        let runs = |index: usize| self.world.runs[index].load(SeqCst);
        let last = match outcome {
            Err(TaskError::Rejected(Rejected::Zero { what })) => {
                let setting = match *what {
                    "chunk" => self.step.chunk,
                    _ => self.step.buffer,
                };
                assert_eq!(setting.get(), Some(0), "{what} is not zero");
                assert_eq!((position, self.taken.get()), (0, 0));
                Some(if *what == "chunk" {
                    "chunk zero"
                } else {
                    "buffer zero"
                })
            }
            Err(TaskError::TimedOut) => {
                assert!(self.step.has_timeout, "no limit was set");
                Some("timed out")
            }
            Err(TaskError::Rejected(Rejected::ShutDown { .. })) => {
                assert!(self.is_closed, "nobody closed the pool");
                for index in (0..self.count).filter(|index| !self.seen.contains(index)) {
                    assert_eq!(runs(index), 0, "item {index} was refused, and ran");
                }
                Some("closed meanwhile")
            }
            _ => None,
        };
        if let Some(mark) = last {
            self.marks.reach(mark);
            self.is_over = true;
            assert!(!self.seen.contains(&index), "item {index} came out before");
            return;
        }
        assert!(index < self.count, "there is no item {index}");
        assert!(self.seen.insert(index), "item {index} came out twice");
        let work = self.step.work[index % 3];
        let fails = work == Work::Fail && self.step.kind == Kind::TryMap;
        let (mark, is_right) = match outcome {
            Ok(item) => (
                "value",
                item.index == index && !fails && work != Work::Panic,
            ),
            Err(TaskError::Panicked(report)) => (
                "panicked",
                work == Work::Panic && report.message().ends_with(&label(index)),
            ),
            Err(TaskError::Failed(why)) => ("failed", fails && why.to_string() == label(index)),
            Err(TaskError::Cancelled) => ("cancelled", self.is_cancelling),
            Err(TaskError::Rejected(Rejected::QueueFull { .. })) => ("queue full", self.rejects),
            Err(_) => ("unexpected", false),
        };
        let outcome = outcome.as_ref().map(|item| item.index);
        assert!(is_right, "item {index}, {work:?}, came out as {outcome:?}");
        let ran = !matches!(mark, "cancelled" | "queue full");
        assert_eq!(runs(index), u32::from(ran), "runs of item {index}");
        self.marks.reach(mark);
        if index != position {
            self.marks.reach("out of order");
        }
        if self.step.chunk.get() > Some(1) {
            self.marks.reach("chunks");
        }
    }
}
