//! What all tasks of a program share: their records, their gates, and what went wrong on other threads.

use crate::ledger::{Ledger, Token};
use crate::marks::Marks;
use crate::purpose;
use raddle::{Promise, Rejected, SharedFuture, TaskError, promise};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};

/// How a task ends, if it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Value,
    Panic,
    Fail,
}

/// One task, or one half of a join.
#[derive(Debug)]
pub struct Record {
    pub id: usize,
    ending: Ending,
    runs: AtomicU32,
    callbacks: AtomicU32,
    callbacks_due: AtomicU32,
    /// Somebody tried to cancel it.
    pub is_asked: AtomicBool,
    /// A cancellation returned true: it must not run.
    pub is_cancelled: AtomicBool,
    /// It counts against the limit of the queue, so it may be rejected.
    is_outside: bool,
    /// It was sent to a worker that does not exist.
    pub is_lost: AtomicBool,
    /// It need not run, for a reason of its own.
    pub is_excused: AtomicBool,
}

impl Record {
    pub fn runs(&self) -> u32 {
        self.runs.load(SeqCst)
    }

    pub fn panics(&self) -> bool {
        self.ending == Ending::Panic
    }
}

/// What a task returns.
pub struct Value {
    pub record: usize,
    _token: Token,
}

/// What is run: it holds a token that goes with the closure.
pub struct Work {
    pub record: Arc<Record>,
    world: Arc<World>,
    _token: Token,
}

impl Work {
    /// Notes that it runs.
    pub fn begin(&self) {
        if self.record.runs.fetch_add(1, SeqCst) > 0 {
            self.world
                .violation(format!("task {} ran twice", self.record.id));
        }
    }

    /// Ends as it is to end.
    pub fn end(self) -> Result<Value, String> {
        match self.record.ending {
            Ending::Value => Ok(Value {
                record: self.record.id,
                _token: self.world.ledger.token(),
            }),
            Ending::Panic => purpose::panic(&format!("task {}.", self.record.id)),
            Ending::Fail => Err(format!("task {}.", self.record.id)),
        }
    }
}

/// Something that tasks wait at, each kind in its way.
struct Gates {
    hard: Mutex<bool>,
    opened: Condvar,
    soft: SharedFuture<()>,
    key: Mutex<Option<Promise<()>>>,
}

/// See the module.
pub struct World {
    pub ledger: Arc<Ledger>,
    records: Mutex<Vec<Arc<Record>>>,
    violations: Mutex<Vec<String>>,
    marks: Mutex<Marks>,
    gates: Gates,
    /// A task may wait at a gate.
    pub has_gates: bool,
    /// A task may wait for whatever it likes: there is a spare for each that does.
    pub may_wait: bool,
    pub may_be_full: bool,
    pub is_closing: AtomicBool,
    pub is_cancelling: AtomicBool,
}

impl World {
    pub fn new(has_gates: bool, may_wait: bool, may_be_full: bool) -> Self {
        let (key, soft) = promise();
        Self {
            ledger: Arc::default(),
            records: Mutex::default(),
            violations: Mutex::default(),
            marks: Mutex::default(),
            gates: Gates {
                hard: Mutex::new(false),
                opened: Condvar::new(),
                soft: soft.shared(),
                key: Mutex::new(Some(key)),
            },
            has_gates,
            may_wait,
            may_be_full,
            is_closing: AtomicBool::new(false),
            is_cancelling: AtomicBool::new(false),
        }
    }

    pub fn reach(&self, mark: &'static str) {
        self.marks.lock().unwrap().reach(mark);
    }

    /// On any thread: told at the end.
    pub fn violation(&self, what: String) {
        self.violations.lock().unwrap().push(what);
    }

    pub fn record(&self, ending: Ending, is_outside: bool) -> Arc<Record> {
        let mut records = self.records.lock().unwrap();
        let record = Arc::new(Record {
            id: records.len(),
            ending,
            runs: AtomicU32::new(0),
            callbacks: AtomicU32::new(0),
            callbacks_due: AtomicU32::new(0),
            is_asked: AtomicBool::new(false),
            is_cancelled: AtomicBool::new(false),
            is_outside,
            is_lost: AtomicBool::new(false),
            is_excused: AtomicBool::new(false),
        });
        records.push(Arc::clone(&record));
        record
    }

    pub fn work(self: &Arc<Self>, ending: Ending, is_outside: bool) -> Work {
        Work {
            record: self.record(ending, is_outside),
            world: Arc::clone(self),
            _token: self.ledger.token(),
        }
    }

    /// Waits at a gate: asleep, or with a future that the pool knows of.
    pub fn pass_gate(&self, is_soft: bool) {
        if !self.has_gates {
            return;
        }
        if is_soft {
            self.gates.soft.wait();
            return;
        }
        let mut open = self.gates.hard.lock().unwrap();
        while !*open {
            open = self.gates.opened.wait(open).unwrap();
        }
    }

    pub fn open_hard_gate(&self) {
        *self.gates.hard.lock().unwrap() = true;
        self.gates.opened.notify_all();
    }

    pub fn open_soft_gate(&self) {
        let key = self.gates.key.lock().unwrap().take();
        if let Some(key) = key {
            key.complete(()).expect("nobody cancels a gate");
        }
    }

    /// Before the main thread waits for anything: no thread waits for the main thread then.
    pub fn open_gates(&self) {
        self.open_hard_gate();
        self.open_soft_gate();
    }

    /// A callback of that task is added.
    pub fn callback<'a, T: 'a>(
        self: &Arc<Self>,
        record: &Arc<Record>,
    ) -> impl FnOnce(Result<&T, &TaskError>) + Send + 'static + use<T> {
        record.callbacks_due.fetch_add(1, SeqCst);
        let (world, record) = (Arc::clone(self), Arc::clone(record));
        let token = self.ledger.token();
        move |outcome| {
            let _token = token;
            record.callbacks.fetch_add(1, SeqCst);
            world.reach("callback");
            world.check(&record, outcome.map(|_| record.id));
        }
    }

    /// Is that how the task may have ended? A value is given by its task's number.
    pub fn check(&self, record: &Record, outcome: Result<usize, &TaskError>) {
        let own = format!("task {}.", record.id);
        let (mark, is_right) = match outcome {
            Ok(id) => ("value", id == record.id && record.ending == Ending::Value),
            Err(TaskError::Panicked(report)) => (
                "panicked",
                record.ending == Ending::Panic && report.message().ends_with(&own),
            ),
            Err(TaskError::Failed(why)) => (
                "failed",
                record.ending == Ending::Fail && why.to_string() == own,
            ),
            Err(TaskError::Cancelled) => {
                let by_shutdown = !record.is_asked.load(SeqCst);
                let is_right = !by_shutdown || self.is_cancelling.load(SeqCst);
                let mark = if by_shutdown {
                    "cancelled by shutdown"
                } else {
                    "cancelled"
                };
                (mark, is_right)
            }
            Err(TaskError::Rejected(Rejected::ShutDown { .. })) => {
                ("rejected", self.is_closing.load(SeqCst))
            }
            Err(TaskError::Rejected(Rejected::QueueFull { .. })) => {
                ("queue full", record.is_outside && self.may_be_full)
            }
            Err(TaskError::Rejected(Rejected::NoSuchWorker { .. })) => {
                ("no such worker", record.is_lost.load(SeqCst))
            }
            Err(_) => ("unexpected", false),
        };
        let ran = !matches!(
            outcome,
            Err(TaskError::Cancelled | TaskError::Rejected(_) | TaskError::Abandoned)
        );
        if !is_right || record.runs() != u32::from(ran) {
            self.violation(format!("{outcome:?} is not how this can end: {record:?}"));
        } else {
            self.reach(mark);
        }
    }

    /// After the end of the pool.
    pub fn end(&self) -> Marks {
        let violations = self.violations.lock().unwrap();
        assert!(violations.is_empty(), "{violations:#?}");
        for record in self.records.lock().unwrap().iter() {
            let runs = record.runs();
            assert!(runs <= 1, "ran more than once: {record:?}");
            if record.is_cancelled.load(SeqCst) {
                assert_eq!(runs, 0, "ran though it was cancelled: {record:?}");
            }
            let is_excused = record.is_asked.load(SeqCst)
                || record.is_lost.load(SeqCst)
                || record.is_excused.load(SeqCst)
                || self.is_closing.load(SeqCst)
                || record.is_outside && self.may_be_full;
            assert!(runs == 1 || is_excused, "never ran: {record:?}");
            assert_eq!(
                record.callbacks.load(SeqCst),
                record.callbacks_due.load(SeqCst),
                "callbacks: {record:?}"
            );
        }
        self.ledger.assert_each_was_dropped_once();
        self.marks.lock().unwrap().clone()
    }
}
