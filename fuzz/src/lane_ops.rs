//! The parent's side of a process pool with two lanes. The worker of the first writes anything anywhere that it can
//! write; that of the second does what it should. The parent comes to an end of every call; every future is resolved
//! once, with what the second worker has answered, or with an error that is typed; no number that one task has for its
//! answer is handed out for another one.

use crate::Subject;
use crate::bytes::decode;
use crate::marks::Marks;
use arbitrary::Arbitrary;
use raddle_hostile::hostile::{Hostile, REACH};
use raddle_hostile::process::LostCause;
use raddle_hostile::{Future, TaskError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

/// See the module.
pub const SUBJECT: Subject = Subject {
    name: "lane_ops",
    run,
    show,
    reachable: &[
        "answered",
        "cancelled",
        "ended",
        "forged",
        "full",
        "lost",
        "moved",
        "payload",
        "returned",
        "skipped",
        "waited",
        "wild",
    ],
};

// Where things lie in `Replies`: see `src/shm/layout.rs`.
const SLOTS: u32 = 1024;
const CLAIMS: usize = 256;
const ANSWERS: usize = CLAIMS + 8 * SLOTS as usize;
const ARENA: usize = 131_072;

const SKIPPED: u32 = 0;
const VALUE: u32 = 1;
const RETURNED: u32 = 6;
/// What travels in a slot.
const INLINE: usize = 48;

const EVIL: usize = 0;
const GOOD: usize = 1;

#[derive(Arbitrary, Debug)]
enum Step {
    Submit {
        evil: bool,
        long: bool,
    },
    /// Bytes, which the task gives back.
    Send {
        evil: bool,
        len: u16,
    },
    /// As many as a lane takes, or nearly.
    Fill {
        evil: bool,
    },
    Cancel(u8),
    Look(u8),
    Wait(u8),
    Callback(u8),
    Drop(u8),
    /// The evil worker begins a task, and no more.
    Begin,
    /// It answers so many, as it should.
    Serve {
        evil: bool,
        tasks: u8,
    },
    Pump {
        evil: bool,
    },
    Tend,
    Supervise,
    Die {
        evil: bool,
    },
    /// A word of the evil worker's.
    Write {
        place: Place,
        value: Value,
    },
    /// A whole answer.
    Forge {
        ahead: i8,
        status: Value,
        len: Value,
        word: Value,
    },
}

#[derive(Arbitrary, Debug)]
enum Place {
    Bell,
    WakeRequest,
    Claim(i8),
    Commit(i8),
    Status(i8),
    Len(i8),
    Word(i8, u8),
    Arena(u16),
    Any(u32),
}

#[derive(Arbitrary, Debug, Clone, Copy)]
enum Value {
    Mark(i8),
    Claimed(i8),
    Revoked(i8),
    Status(u8),
    Small(u8),
    /// Near the end of the arena.
    End(i8),
    Any(u64),
}

/// What a task returns: its own number, so that it cannot be taken for another one's. What is forged is even.
fn answer(id: u64) -> u64 {
    id * 2 + 1
}

fn long_answer(id: u64) -> Vec<u8> {
    vec![answer(id) as u8; 100]
}

/// What a task is sent that gives bytes back; not as many as a number has.
fn sent(id: u64, len: u16) -> Vec<u8> {
    let len = usize::from(len) + usize::from(len == 8);
    (0..len).map(|n| (id as usize * 7 + n) as u8).collect()
}

enum Handle {
    Short(Future<u64>),
    Long(Future<Vec<u8>>),
}

macro_rules! each {
    ($handle:expr, $future:ident => $body:expr) => {
        match $handle {
            Handle::Short($future) => $body,
            Handle::Long($future) => $body,
        }
    };
}

struct Task {
    id: u64,
    /// Of bytes that were sent.
    len: Option<u16>,
    handle: Option<Handle>,
    cancelled: bool,
    callbacks: u32,
    called: Arc<AtomicU32>,
}

struct World {
    pool: Hostile,
    tasks: Vec<Task>,
    /// The next number that each worker looks at.
    cursor: [u32; 2],
    marks: Marks,
}

fn show(data: &[u8]) -> String {
    let ((), steps): ((), Vec<Step>) = decode(data);
    format!("{steps:?}")
}

fn run(data: &[u8]) -> Marks {
    let ((), steps): ((), Vec<Step>) = decode(data);
    let mut world = World {
        pool: Hostile::new(2),
        tasks: Vec::new(),
        cursor: [0; 2],
        marks: Marks::default(),
    };
    for step in steps {
        world.step(step);
    }
    world.end()
}

fn lane(evil: bool) -> usize {
    if evil { EVIL } else { GOOD }
}

impl World {
    fn step(&mut self, step: Step) {
        match step {
            Step::Submit { evil, long } => self.submit(evil, long),
            Step::Send { evil, len } => self.send(evil, len),
            Step::Fill { evil } => {
                if self.tasks.len() < SLOTS as usize {
                    (0..SLOTS - 8).for_each(|_| self.submit(evil, false));
                }
            }
            Step::Cancel(at) => self.with(at, |task, handle| {
                task.cancelled |= each!(handle, future => future.cancel());
            }),
            Step::Look(at) => self.with(at, |_, handle| {
                let _any = each!(handle, future => (future.is_done(), future.is_running()));
            }),
            Step::Wait(at) => {
                let short = Duration::from_micros(50);
                let mut done = false;
                self.with(at, |_, handle| {
                    done = each!(handle, future => future.wait_timeout(short));
                });
                if done {
                    self.marks.reach("waited");
                }
            }
            Step::Callback(at) => self.with(at, |task, handle| {
                task.callbacks += 1;
                let called = Arc::clone(&task.called);
                each!(handle, future => future.add_done_callback(move |_| {
                    called.fetch_add(1, SeqCst);
                }));
            }),
            Step::Drop(at) => {
                let count = self.tasks.len().max(1);
                if let Some(task) = self.tasks.get_mut(usize::from(at) % count) {
                    task.handle = None;
                }
            }
            Step::Begin => self.serve(EVIL, 1, false),
            Step::Serve { evil, tasks } => self.serve(lane(evil), u32::from(tasks), true),
            Step::Pump { evil } => self.pool.drain_replies(lane(evil)),
            Step::Tend => {
                if self.pool.check_lanes() > 0 {
                    self.marks.reach("moved");
                }
            }
            Step::Supervise => self.supervise(),
            Step::Die { evil } => self.die(lane(evil)),
            Step::Write { place, value } => self.write(&place, value),
            Step::Forge {
                ahead,
                status,
                len,
                word,
            } => {
                for (place, value) in [
                    (Place::Word(ahead, 0), word),
                    (Place::Status(ahead), status),
                    (Place::Len(ahead), len),
                    (Place::Commit(ahead), Value::Mark(ahead)),
                ] {
                    self.write(&place, value);
                }
            }
        }
    }

    fn submit(&mut self, evil: bool, long: bool) {
        // The parity says what is wanted.
        let id = self.tasks.len() as u64 * 2 + u64::from(long);
        let handle = if long {
            Handle::Long(self.pool.submit(lane(evil), &id))
        } else {
            Handle::Short(self.pool.submit(lane(evil), &id))
        };
        self.keep(id, None, handle);
    }

    fn send(&mut self, evil: bool, len: u16) {
        let id = self.tasks.len() as u64 * 2;
        let future = self.pool.submit_bytes(lane(evil), &sent(id, len));
        self.keep(id, Some(len), Handle::Long(future));
    }

    fn keep(&mut self, id: u64, len: Option<u16>, handle: Handle) {
        self.tasks.push(Task {
            id,
            len,
            handle: Some(handle),
            cancelled: false,
            callbacks: 0,
            called: Arc::default(),
        });
    }

    /// With the task of that number and its handle, if there is one.
    fn with(&mut self, at: u8, f: impl FnOnce(&mut Task, &Handle)) {
        let count = self.tasks.len().max(1);
        let Some(task) = self.tasks.get_mut(usize::from(at) % count) else {
            return;
        };
        if let Some(handle) = task.handle.take() {
            f(task, &handle);
            task.handle = Some(handle);
        }
    }

    fn supervise(&mut self) {
        for lane in self.pool.supervise() {
            assert_eq!(lane, EVIL, "the other one does no harm");
            self.marks.reach("wild");
            self.cursor[lane] = self.pool.numbers(lane).0;
        }
    }

    fn die(&mut self, lane: usize) {
        self.pool.die(lane);
        self.cursor[lane] = self.pool.numbers(lane).0;
    }

    /// The honest part of a worker.
    fn serve(&mut self, lane: usize, tasks: u32, whole: bool) {
        for _ in 0..tasks {
            let (next, tail) = self.pool.numbers(lane);
            if self.cursor[lane].wrapping_sub(next).cast_signed() < 0 {
                // Somebody has answered in its stead.
                self.cursor[lane] = next;
            }
            let seq = self.cursor[lane];
            if seq == tail {
                return;
            }
            let slot = (seq % SLOTS) as usize;
            let (claim, at) = (CLAIMS + 8 * slot, ANSWERS + 64 * slot);
            let word = u64::from(seq) << 2;
            let is_back = self.pool.read(lane, claim) == (word | 0b10).to_ne_bytes();
            if !is_back {
                self.pool.write(lane, claim, (word | 0b01).to_ne_bytes());
            }
            if !whole {
                return;
            }
            self.cursor[lane] = seq.wrapping_add(1);
            let argument = self.pool.argument(lane, seq);
            let (status, len) = match <[u8; 8]>::try_from(&argument[..]) {
                _ if is_back => {
                    self.marks.reach("skipped");
                    (SKIPPED, 0u32)
                }
                Ok(id) => (VALUE, self.put(lane, slot, u64::from_ne_bytes(id))),
                Err(_) => self.give_back(lane, slot, &argument),
            };
            self.pool.write(lane, at + 4, status.to_ne_bytes());
            self.pool.write(lane, at + 8, len.to_ne_bytes());
            self.pool.write(lane, at, seq.wrapping_add(1).to_ne_bytes());
        }
    }

    /// Writes a task's answer; says its length.
    fn put(&self, lane: usize, slot: usize, id: u64) -> u32 {
        let word = ANSWERS + 64 * slot + 16;
        if id.is_multiple_of(2) {
            self.pool.write(lane, word, answer(id).to_ne_bytes());
            return 8;
        }
        let offset = slot * 128;
        let bytes = long_answer(id);
        self.pool.write(lane, word, (offset as u64).to_ne_bytes());
        let at = ARENA + offset;
        self.pool
            .write(lane, at, (bytes.len() as u32).to_ne_bytes());
        for (n, byte) in bytes.iter().enumerate() {
            self.pool.write(lane, at + 4 + n, [*byte]);
        }
        4 + bytes.len() as u32
    }

    /// Answers with the argument: in the slot, in the arena, or by saying so.
    fn give_back(&mut self, lane: usize, slot: usize, argument: &[u8]) -> (u32, u32) {
        let len = argument.len();
        let at = match len {
            ..=INLINE => ANSWERS + 64 * slot + 16,
            ..=128 if len % 2 == 1 => {
                let offset = slot * 128;
                let word = ANSWERS + 64 * slot + 16;
                self.pool.write(lane, word, (offset as u64).to_ne_bytes());
                ARENA + offset
            }
            _ => {
                self.marks.reach("returned");
                return (RETURNED, 0);
            }
        };
        for (n, byte) in argument.iter().enumerate() {
            self.pool.write(lane, at + n, [*byte]);
        }
        (VALUE, len as u32)
    }

    fn write(&mut self, place: &Place, value: Value) {
        self.marks.reach("forged");
        let (next, _) = self.pool.numbers(EVIL);
        let seq = |ahead: i8| next.wrapping_add_signed(i32::from(ahead));
        let slot = |ahead: i8| (seq(ahead) % SLOTS) as usize;
        let value = match value {
            Value::Mark(ahead) => u64::from(seq(ahead).wrapping_add(1)),
            Value::Claimed(ahead) => u64::from(seq(ahead)) << 2 | 0b01,
            Value::Revoked(ahead) => u64::from(seq(ahead)) << 2 | 0b10,
            Value::Status(value) => u64::from(value % 8),
            Value::Small(value) => u64::from(value),
            Value::End(by) => (16u64 << 30).wrapping_add_signed(i64::from(by)),
            Value::Any(value) => value,
        };
        let four = |at: usize, value: u64| self.pool.write(EVIL, at, (value as u32).to_ne_bytes());
        match *place {
            Place::Bell => four(0, value),
            Place::WakeRequest => four(128, value),
            Place::Claim(ahead) => {
                let at = CLAIMS + 8 * slot(ahead);
                self.pool.write(EVIL, at, value.to_ne_bytes());
            }
            Place::Commit(ahead) => four(ANSWERS + 64 * slot(ahead), value),
            Place::Status(ahead) => four(ANSWERS + 64 * slot(ahead) + 4, value),
            Place::Len(ahead) => four(ANSWERS + 64 * slot(ahead) + 8, length(value)),
            Place::Word(ahead, word) => {
                let at = ANSWERS + 64 * slot(ahead) + 16 + 8 * usize::from(word % 6);
                self.pool.write(EVIL, at, (value & !1).to_ne_bytes());
            }
            Place::Arena(at) => {
                let at = ARENA + usize::from(at) * 8;
                self.pool.write(EVIL, at, (value & !1).to_ne_bytes());
            }
            Place::Any(at) => {
                let at = (at as usize % (REACH - 8)) & !7;
                // A length is no word of its own here.
                let is_length = (ANSWERS..ARENA).contains(&at) && at % 64 == ANSWERS % 64 + 8;
                let value = if is_length { length(value) } else { value & !1 };
                self.pool.write(EVIL, at, value.to_ne_bytes());
            }
        }
    }

    fn end(mut self) -> Marks {
        self.supervise();
        self.serve(GOOD, u32::MAX, true);
        self.pool.drain_replies(GOOD);
        while self.pool.numbers(GOOD).0 != self.pool.numbers(GOOD).1 {
            self.pool.drain_replies(GOOD);
        }
        self.pool.check_lanes();
        self.supervise();
        self.pool.end();
        for task in std::mem::take(&mut self.tasks) {
            self.judge(task);
        }
        assert_eq!(self.pool.spans_in_use(), 0, "memory was not given back");
        self.marks
    }

    fn judge(&mut self, task: Task) {
        assert_eq!(task.called.load(SeqCst), task.callbacks, "each once");
        let Task {
            id, len, cancelled, ..
        } = task;
        let Some(handle) = task.handle else {
            return;
        };
        // It may have been moved; where it was last it was answered.
        let evil = each!(&handle, future => self.pool.lane_of(future)) == EVIL;
        let (is_right, is_forged, error) = match handle {
            Handle::Short(future) => {
                assert!(future.is_done());
                match future.result() {
                    Ok(value) => (value == answer(id), value % 2 == 0, None),
                    Err(error) => (false, false, Some(error)),
                }
            }
            Handle::Long(future) => {
                assert!(future.is_done());
                match future.result() {
                    Ok(bytes) => {
                        let right = len.map_or_else(|| long_answer(id), |len| sent(id, len));
                        (bytes == right, true, None)
                    }
                    Err(error) => (false, false, Some(error)),
                }
            }
        };
        let Some(error) = error else {
            assert!(!cancelled, "a value, although it was cancelled");
            // What an earlier task has left in the slot is the worker's lie.
            let is_forged = is_forged || id > u64::from(SLOTS);
            assert!(is_right || evil && is_forged, "what is another task's");
            return self.marks.reach("answered");
        };
        assert_eq!(cancelled, matches!(error, TaskError::Cancelled), "{error}");
        self.marks.reach(match error {
            TaskError::Cancelled => "cancelled",
            TaskError::WorkerLost(lost) => {
                assert!(matches!(
                    lost.cause(),
                    LostCause::Died | LostCause::ProtocolViolation(_)
                ));
                "lost"
            }
            TaskError::Rejected(raddle_hostile::Rejected::QueueFull { .. }) => "full",
            TaskError::Rejected(_) => "ended",
            TaskError::Payload(_) | TaskError::Failed(_) | TaskError::Panicked(_) if evil => {
                "payload"
            }
            other => panic!("{other:?}"),
        });
    }
}

/// Of a payload. Longer ones cost time and memory, and nothing else.
fn length(value: u64) -> u64 {
    value % (1 << 16)
}
