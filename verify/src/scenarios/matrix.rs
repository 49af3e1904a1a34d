//! Each operation on a lane in progress while each other one begins: a pool of two lanes, two threads, one operation
//! each, then everything that is left is done in order, and nothing may be lost, doubled, leaked or another task's.
//!
//! The first lane has two slots. Its first task is run by the worker, or not begun, or has its reply, as the operations need it;
//! behind it waits a second one with a long argument, unless an operation needs the slot. The operations aim at the
//! task that has not begun. Tasks move to the second lane.

use super::lane_kit::{DONE, Ends, ends_with};
use super::remote_kit::Calls;
use crate::report;
use crate::sync::{Arc, thread};
use crate::{Loom, Outcomes, Scenario, Shuttle};
use raddle::process::testing::model::{Due, Event, LaneState, Model};
use raddle::shm::{Body, Payload, Request, WorkerEnd};
use raddle::{Future, Rejected, TaskError};

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident,)*) => {
        /// What a thread may be doing to a pool.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Op { $($(#[$doc])* $op,)* }

        /// All of them: each makes a test, of its pairs with itself and with those behind it.
        pub const OPS: &[Op] = &[$(Op::$op),*];
    };
}

ops! {
    /// A task is submitted.
    Submit,
    /// A reserved number is published without a task.
    PublishNothing,
    /// Waiting tasks move to the other lane.
    Move,
    /// The supervisor's timer revokes a task whose deadline has passed.
    Expire,
    Cancel,
    Kill,
    /// Replies are taken and their tasks completed.
    DrainReplies,
    /// The worker is asked to leave.
    Retire,
    /// A worker has died under a task.
    Recover,
    /// A worker has died that had nothing begun.
    Replace,
    /// The pool is closed, and what has not begun is cancelled.
    Close,
    /// A submitter waits for capacity.
    WaitForCapacity,
    /// A callback is added, for which the completer has to listen.
    RequestCompletion,
    /// The future goes.
    DropHandle,
    /// The pool goes: it takes nothing in and finishes what it has.
    DropPool,
    /// The first lane's worker claims what is there, and replies.
    Serve,
}

use Op::*;

/// What the models of all pairs have in common.
const PAIR: Scenario = Scenario {
    name: "matrix/*",
    shows: "each operation in progress while each other one begins, but for pairs that cannot \
            meet, with the reason: nothing lost, doubled, leaked, or another task's",
    may: &["all ran", "not all ran"],
    threads: 0,
    loom: Loom::bound(2).at_least(20),
    shuttle: Shuttle::sampled(500),
    ..Scenario::EMPTY
};

/// Why two operations are never in progress at the same time, if they are not.
fn cannot_meet(one: Op, other: Op) -> Option<&'static str> {
    let supervisors = [Expire, Retire, Recover, Replace];
    let borrows_handle = [Cancel, Kill, RequestCompletion, DropHandle];
    let borrows_pool = [Submit, Close, WaitForCapacity, DropPool];
    let both = |ops: &[Op]| ops.contains(&one) && ops.contains(&other);
    let either = |op| one == op || other == op;
    if both(&supervisors) {
        Some("one thread does both, the supervisor")
    } else if either(DropHandle) && both(&borrows_handle) {
        Some("the handle is dropped when no thread borrows it")
    } else if either(DropPool) && both(&borrows_pool) {
        Some("the pool is dropped when no thread borrows it")
    } else if either(Serve) && (either(Recover) || either(Replace)) {
        Some("the worker is dead")
    } else if both(&[Serve]) {
        Some("a lane has one worker")
    } else {
        None
    }
}

/// The name of an operation's test.
pub fn test(op: Op) -> String {
    let mut name = "matrix::".to_owned();
    for (index, letter) in format!("{op:?}").char_indices() {
        if index > 0 && letter.is_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Runs an operation with itself and those behind it in the list, under this build's checker.
pub fn row(one: Op) {
    for &other in OPS.iter().skip_while(|&&op| op != one) {
        let name = format!("matrix/{one:?}-{other:?}").to_lowercase().leak();
        if let Some(why) = cannot_meet(one, other) {
            report::say(format_args!("{name}: cannot meet: {why}"));
            continue;
        }
        // A wait for capacity is the other thread's.
        let (mine, theirs) = if one == WaitForCapacity {
            (other, one)
        } else {
            (one, other)
        };
        // Shuttle has the first lane's worker beside them.
        let busy = cfg!(raddle_shuttle);
        if !busy && are_submitters([one, other]) {
            report::say(format_args!("{name}: three threads at least: a schedule"));
            continue;
        }
        PAIR.check_as(name, move |out| run(mine, theirs, busy, out));
    }
}

type Task = Future<Vec<u8>>;

/// An argument, or the result of one; long ones lie in the arena.
fn bytes(value: u8, long: bool) -> Vec<u8> {
    vec![value; if long { 100 } else { 1 }]
}

/// Space for two of the long ones in each arena.
const ARENA: usize = 256;

/// The arguments of the tasks.
const FIRST: u8 = 10;
const BEHIND: u8 = 20;
/// Those that fill the other lane.
const ELSEWHERE: [u8; 2] = [50, 60];
/// Those that the operations submit.
const NEW: [u8; 2] = [30, 40];

/// What a worker does with a request: it replies with the argument and one more. None: it is asked to leave.
#[inline(never)]
fn reply_to(worker: &mut WorkerEnd, request: &Request, long: bool) -> Option<u8> {
    let argument = match &request.payload {
        Payload::Inline(bytes) => bytes.as_slice().to_vec(),
        Payload::Span(span) => worker.request_region(*span).to_vec(),
    };
    let Some((_, values)) = argument.split_first_chunk::<4>() else {
        worker.reply(request.seq, DONE, Body::Inline(&[]));
        return None;
    };
    let value = values[0];
    assert!(
        values.iter().all(|&other| other == value),
        "torn: {values:?}"
    );
    let result = bytes(value + 1, long);
    let result = [&(result.len() as u32).to_ne_bytes()[..], &result].concat();
    if long {
        let span = worker.allocate(result.len() as u32).expect("it fits");
        worker.reply_region(span).write(0, &result);
        worker.reply(request.seq, DONE, Body::Span(span));
    } else {
        worker.reply(request.seq, DONE, Body::Inline(&result));
    }
    Some(value)
}

/// Everything until the lane is closed, or the worker is asked to leave: with the arguments.
#[inline(never)]
fn serve(worker: &mut WorkerEnd) -> Vec<u8> {
    let mut served = Vec::new();
    while let Some(request) = worker.next() {
        match reply_to(worker, &request, false) {
            Some(value) => served.push(value),
            None => break,
        }
    }
    served
}

/// The same after what it has begun.
#[inline(never)]
fn serve_from(mut worker: Box<WorkerEnd>, begun: Option<Request>) -> (Box<WorkerEnd>, Vec<u8>) {
    let mut served = Vec::new();
    if let Some(request) = begun {
        served.extend(reply_to(&mut worker, &request, false));
    }
    served.extend(serve(&mut worker));
    (worker, served)
}

/// What an operation has left behind.
enum Did {
    Submitted(u8, Task),
    Cancelled(bool),
    Called(Calls),
    /// False: a reply was being read, and the supervisor comes again.
    Recovered(bool),
    Served(Box<WorkerEnd>, Vec<u8>),
    Other,
}

/// What a thread has for its operation.
struct Means {
    pool: Model,
    /// The task that has not begun. Its last owner drops it.
    target: Option<Arc<Task>>,
    timer: Option<Due>,
    ends: Arc<Ends>,
    new: u8,
    /// For the thread that serves: the worker, and what it has begun.
    worker: Option<(Box<WorkerEnd>, Option<Request>)>,
}

impl Means {
    /// Takes all of it out.
    fn take(&mut self) -> Self {
        Self {
            pool: self.pool.clone(),
            target: self.target.take(),
            timer: self.timer.take(),
            ends: Arc::clone(&self.ends),
            new: self.new,
            worker: self.worker.take(),
        }
    }

    #[inline(never)]
    fn perform(self, op: Op) -> Did {
        let Self { pool, target, .. } = &self;
        let target = || target.as_ref().expect("a task to aim at");
        match op {
            Submit | WaitForCapacity => {
                return Did::Submitted(self.new, pool.submit(&bytes(self.new, true)));
            }
            PublishNothing => drop(pool.publish_nothing(0)),
            Move => drop(pool.move_waiting(0, 1)),
            Expire => _ = pool.expire(self.timer.as_ref().expect("of the task")),
            Cancel => return Did::Cancelled(target().cancel()),
            Kill => drop(target().kill()),
            DrainReplies => pool.drain_replies(0),
            Retire => drop(pool.retire(0)),
            Recover | Replace => return Did::Recovered(pool.recover(0, self.ends.replies())),
            Close => pool.close(),
            RequestCompletion => {
                let calls = Calls::default();
                calls.count(target());
                return Did::Called(calls);
            }
            DropHandle => drop(self.target),
            DropPool => pool.drain(),
            Serve => {
                let (worker, begun) = self.worker.expect("the worker");
                let (worker, served) = serve_from(worker, begun);
                return Did::Served(worker, served);
            }
        }
        Did::Other
    }
}

/// What is there when the two operations begin.
struct World {
    pool: Model,
    /// The first lane's worker. None: it is dead.
    first: Option<Box<WorkerEnd>>,
    second: Box<WorkerEnd>,
    ends: Arc<Ends>,
    /// What the first worker has begun and not replied to.
    begun: Option<Request>,
    /// The task that the operations aim at, its argument, and whether no worker has begun it.
    target: Option<Task>,
    aim: u8,
    is_unbegun: bool,
    timer: Option<Due>,
    /// The others.
    tasks: Vec<(u8, Task)>,
    /// The arguments of the tasks that have their replies.
    served: Vec<u8>,
}

#[inline(never)]
fn two_lanes() -> (Model, Box<WorkerEnd>, Box<WorkerEnd>, Ends) {
    let event = Event::new().expect("made of memory");
    let lane = || {
        let theirs = event.clone();
        ends_with(ARENA, LaneState::default(), move || theirs.notify())
    };
    let (one, first, ends) = lane();
    let (two, second, _) = lane();
    let pool = Model::new(vec![Box::new(one), Box::new(two)], &event);
    (pool, Box::new(first), Box::new(second), ends)
}

/// Two that wait for capacity, which a third thread has to make meanwhile.
fn are_submitters(ops: [Op; 2]) -> bool {
    ops.contains(&WaitForCapacity) && ops.iter().all(|op| matches!(op, Submit | WaitForCapacity))
}

#[inline(never)]
fn world(ops: [Op; 2]) -> World {
    let has = |op| ops.contains(&op);
    let (pool, mut first, second, ends) = two_lanes();
    // How many slots of the first lane the operations need. A wait for capacity finds none anywhere.
    let needs_slot = |op: &&Op| matches!(op, Submit | PublishNothing | Retire);
    let needed = match has(WaitForCapacity) {
        true => 0,
        false => ops.iter().filter(needs_slot).count(),
    };
    let mut world = World {
        first: None,
        second,
        ends: Arc::new(ends),
        begun: None,
        target: None,
        aim: 0,
        is_unbegun: true,
        timer: None,
        tasks: Vec::new(),
        served: Vec::new(),
        pool,
    };
    let pool = &world.pool;
    if needed < 2 {
        // The only one is what the operations aim at.
        let is_alone = needed == 1;
        let (task, timer) = pool.submit_due(0, &bytes(FIRST, is_alone));
        // A task that is being submitted moves only behind one that runs.
        let is_ahead = has(Submit) && has(Move);
        if has(Recover) || has(DrainReplies) || is_ahead || !is_alone && !has(Replace) {
            world.begun = Some(first.next().expect("not closed"));
        } else {
            // Or it is the worker's, and does not move.
            pool.check_stuck(0);
            pool.check_stuck(0);
        }
        if is_alone {
            world.is_unbegun = world.begun.is_none();
            (world.target, world.aim, world.timer) = (Some(task), FIRST, Some(timer));
        } else {
            world.tasks.push((FIRST, task));
        }
    }
    if needed == 0 {
        let (task, timer) = pool.submit_due(0, &bytes(BEHIND, true));
        (world.target, world.aim, world.timer) = (Some(task), BEHIND, Some(timer));
    }
    if has(WaitForCapacity) {
        for value in ELSEWHERE {
            world.tasks.push((value, pool.submit(&bytes(value, false))));
        }
    }
    pool.avoid(1);
    if has(DrainReplies)
        && let Some(request) = world.begun.take()
    {
        world.served.extend(reply_to(&mut first, &request, true));
    }
    if !has(Recover) && !has(Replace) {
        world.first = Some(first);
    }
    if has(Serve) {
        // Or the worker waits for what is revoked.
        world.pool.lane(0).close();
        world.is_unbegun = false;
    }
    world
}

/// Runs one operation on this thread beside another one on a second thread. With `busy`, the first lane's worker serves
/// meanwhile on a third one.
fn run(mine: Op, theirs: Op, busy: bool, out: &Outcomes) {
    let ops = [mine, theirs];
    let mut world = world(ops);
    let mut target = world.target.take().map(Arc::new);
    let is_dropped = ops.contains(&DropHandle);
    let mut means = [(mine, NEW[0]), (theirs, NEW[1])].map(|(op, new)| Means {
        pool: world.pool.clone(),
        target: match op {
            DropHandle => target.take(),
            _ if is_dropped => None,
            _ => target.clone(),
        },
        timer: world.timer.clone(),
        ends: Arc::clone(&world.ends),
        new,
        worker: match op {
            Serve => world
                .first
                .take()
                .map(|worker| (worker, world.begun.take())),
            _ => None,
        },
    });
    if is_dropped {
        target = None;
    }
    let serving = busy.then(|| world.serve_meanwhile()).flatten();
    let [my_means, their_means] = &mut means;
    let their_means = their_means.take();
    let there = thread::spawn(move || their_means.perform(theirs));
    let here = my_means.take().perform(mine);
    if let Did::Recovered(done) = here {
        world.recover_again(done);
    }
    let here = world.keep(here);
    if theirs == WaitForCapacity && serving.is_none() && mine != Serve {
        world.make_capacity();
    }
    let there = world.keep(there.join().unwrap());
    if let Did::Recovered(done) = there {
        world.recover_again(done);
    }
    world.finish(serving);
    let mut cancelled = None;
    for did in [here, there] {
        match did {
            Did::Submitted(value, task) => world.tasks.push((value, task)),
            Did::Cancelled(done) => cancelled = Some(cancelled.unwrap_or(false) || done),
            Did::Called(calls) => assert_eq!(calls.seen(), 1, "callbacks"),
            Did::Recovered(_) | Did::Served(..) | Did::Other => {}
        }
    }
    let mut ended = "all ran";
    for (value, task) in &world.tasks {
        if !world.check(ops, *value, task) {
            ended = "not all ran";
        }
    }
    if let Some(target) = target {
        if !world.check(ops, world.aim, &target) {
            ended = "not all ran";
        }
        let by_another = [Expire, Kill, Close].iter().any(|op| ops.contains(op));
        if let Some(cancelled) = cancelled {
            assert!(!cancelled || target.is_cancelled(), "cancelled, it says");
            assert!(
                cancelled || by_another || busy || !world.is_unbegun,
                "not cancelled, it says"
            );
        }
    }
    out.saw(ended);
}

impl World {
    fn serve_meanwhile(&mut self) -> Option<thread::JoinHandle<(Box<WorkerEnd>, Vec<u8>)>> {
        let worker = self.first.take()?;
        let begun = self.begun.take();
        Some(thread::spawn(move || serve_from(worker, begun)))
    }

    /// Keeps the worker that has served.
    fn keep(&mut self, did: Did) -> Did {
        match did {
            Did::Served(worker, served) => {
                self.first = Some(worker);
                self.served.extend(served);
                Did::Other
            }
            other => other,
        }
    }

    /// The supervisor comes again, if a reply was being read.
    #[inline(never)]
    fn recover_again(&self, done: bool) {
        assert!(
            done || self.pool.recover(0, self.ends.replies()),
            "no thread reads any more"
        );
    }

    /// The first lane's worker; if that is dead, the next one.
    #[inline(never)]
    fn worker(&mut self) -> &mut WorkerEnd {
        let Self {
            pool, ends, begun, ..
        } = self;
        self.first.get_or_insert_with(|| {
            *begun = None;
            let next = pool.lane(0).lock().next();
            Box::new(ends.worker(next, || {}))
        })
    }

    /// The first lane's worker replies once.
    #[inline(never)]
    fn make_capacity(&mut self) {
        self.worker();
        let begun = self.begun.take();
        let worker = self.worker();
        let request = begun.unwrap_or_else(|| worker.next().expect("not closed"));
        let value = reply_to(worker, &request, false);
        self.served.extend(value);
    }

    /// Everything that is left, one thing after the other.
    #[inline(never)]
    fn finish(&mut self, serving: Option<thread::JoinHandle<(Box<WorkerEnd>, Vec<u8>)>>) {
        (0..2).for_each(|at| self.pool.lane(at).close());
        match serving {
            Some(serving) => {
                let (worker, served) = serving.join().unwrap();
                self.first = Some(worker);
                self.served.extend(served);
            }
            None => {
                self.worker();
                if let Some(request) = self.begun.take() {
                    let value = reply_to(self.worker(), &request, false);
                    self.served.extend(value);
                }
            }
        }
        loop {
            let served = serve(self.worker());
            self.served.extend(served);
            (0..2).for_each(|at| self.pool.drain_replies(at));
            // One that was asked to leave is replaced.
            if self.pool.lane(0).depth() == 0 {
                break;
            }
            self.first = None;
            assert!(
                self.pool.recover(0, self.ends.replies()),
                "no thread reads any more"
            );
        }
        let served = serve(&mut self.second);
        self.served.extend(served);
        (0..2).for_each(|at| self.pool.drain_replies(at));
        while self.pool.run_deferred() {}
        let mut once = self.served.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), self.served.len(), "twice: {:?}", self.served);
        for lane in [0, 1].map(|at| self.pool.lane(at)) {
            let mut locked = lane.lock();
            assert_eq!((lane.depth(), locked.reading()), (0, 0));
            assert_eq!(locked.data().capacity_waiters, 0);
            drop(locked);
            let all = lane.allocate(ARENA as u32).expect("nothing is used");
            lane.free(all);
        }
    }

    /// Did the task run? Else it has ended as the operations end tasks.
    #[inline(never)]
    fn check(&self, ops: [Op; 2], value: u8, task: &Task) -> bool {
        let has = |op: &Op| ops.contains(op);
        let ran = self.served.contains(&value);
        let outcome = task.peek();
        match outcome.unwrap_or_else(|| panic!("task {value} is not over")) {
            Ok(result) => {
                let expected = value + 1;
                assert!(ran, "task {value} was not run");
                assert!(
                    result.iter().all(|&byte| byte == expected),
                    "{result:?} for {value}"
                );
                return true;
            }
            Err(TaskError::Cancelled) if [Cancel, Kill, Close].iter().any(has) => {}
            Err(TaskError::TimedOut) if has(&Expire) && value == self.aim => {}
            Err(TaskError::WorkerLost(_)) if has(&Recover) && value == FIRST => {}
            Err(TaskError::Rejected(Rejected::ShutDown { .. }))
                if has(&Close) && NEW.contains(&value) => {}
            Err(error) => panic!("task {value}: {error}"),
        }
        assert!(!ran, "task {value} was run and failed");
        false
    }
}

/// Its tests are made of the operations: [`OPS`].
pub const MODELS: &[Scenario] = &[PAIR];
