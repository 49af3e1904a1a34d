//! Each operation on a lane in progress while each other one begins: a pool of two lanes, two threads, one operation
//! each, then everything that is left is done in order, and nothing may be lost, doubled, leaked or somebody else's.
//!
//! The first lane has two slots. Its first task is run by the worker, or not begun, or answered, as the operations need it;
//! behind it waits a second one with a long argument, unless an operation needs the slot. The operations aim at the
//! task that has not begun. The second lane is there to be given to.

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
    /// A number that was reserved is given up.
    Nothing,
    /// What waits is moved to the other lane.
    Give,
    /// The supervisor's timer takes a task back, whose deadline has passed.
    Expire,
    Cancel,
    Kill,
    /// Answers are taken and their tasks completed.
    Pump,
    /// The worker is asked to leave.
    Retire,
    /// A worker has died under a task.
    Bury,
    /// A worker has died that had nothing begun.
    Replace,
    /// The pool is closed, and what has not begun is cancelled.
    Close,
    /// A submitter waits for room.
    Room,
    /// A callback is added, for which the attendant has to listen.
    Engage,
    /// The future goes.
    DropHandle,
    /// The pool goes: it takes nothing in and finishes what it has.
    DropPool,
    /// The first lane's worker claims and answers what is there.
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
    let supervisors = [Expire, Retire, Bury, Replace];
    let borrows_handle = [Cancel, Kill, Engage, DropHandle];
    let borrows_pool = [Submit, Close, Room, DropPool];
    let both = |ops: &[Op]| ops.contains(&one) && ops.contains(&other);
    let either = |op| one == op || other == op;
    if both(&supervisors) {
        Some("one thread does both, the supervisor")
    } else if either(DropHandle) && both(&borrows_handle) {
        Some("the handle is dropped when nobody borrows it")
    } else if either(DropPool) && both(&borrows_pool) {
        Some("the pool is dropped when nobody borrows it")
    } else if either(Serve) && (either(Bury) || either(Replace)) {
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
        // One that waits for room is the other thread's.
        let (mine, theirs) = if one == Room {
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

/// Room for two of the long ones in each arena.
const ARENA: usize = 256;

/// The arguments of the tasks.
const FIRST: u8 = 10;
const BEHIND: u8 = 20;
/// Those that fill the other lane.
const ELSEWHERE: [u8; 2] = [50, 60];
/// Those that the operations submit.
const NEW: [u8; 2] = [30, 40];

/// A worker's way with what it gets: it answers with its argument and one more. None: it is asked to leave.
#[inline(never)]
fn answer(worker: &mut WorkerEnd, request: &Request, long: bool) -> Option<u8> {
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
        let room = worker.allocate(result.len() as u32).expect("it fits");
        worker.reply_region(room).write(0, &result);
        worker.reply(request.seq, DONE, Body::Span(room));
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
        match answer(worker, &request, false) {
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
        served.extend(answer(&mut worker, &request, false));
    }
    served.extend(serve(&mut worker));
    (worker, served)
}

/// What an operation has left behind.
enum Did {
    Submitted(u8, Task),
    Cancelled(bool),
    Called(Calls),
    /// False: an answer was being read, and the supervisor comes again.
    Buried(bool),
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
    /// For who serves: the worker, and what it has begun.
    worker: Option<(Box<WorkerEnd>, Option<Request>)>,
}

impl Means {
    /// These, and what is left is nobody's.
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
            Submit | Room => return Did::Submitted(self.new, pool.submit(&bytes(self.new, true))),
            Nothing => drop(pool.publish_nothing(0)),
            Give => drop(pool.move_waiting(0, 1)),
            Expire => _ = pool.expire(self.timer.as_ref().expect("of the task")),
            Cancel => return Did::Cancelled(target().cancel()),
            Kill => drop(target().kill()),
            Pump => pool.drain_replies(0),
            Retire => drop(pool.retire(0)),
            Bury | Replace => return Did::Buried(pool.recover(0, self.ends.replies())),
            Close => pool.close(),
            Engage => {
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
    /// What the first worker has begun and not answered.
    begun: Option<Request>,
    /// The task that the operations aim at, its argument, and whether no worker has begun it.
    target: Option<Task>,
    aim: u8,
    is_unbegun: bool,
    timer: Option<Due>,
    /// The others.
    tasks: Vec<(u8, Task)>,
    /// The arguments of what was answered.
    served: Vec<u8>,
}

#[inline(never)]
fn two_lanes() -> (Model, Box<WorkerEnd>, Box<WorkerEnd>, Ends) {
    let bell = Event::new().expect("made of memory");
    let lane = || {
        let event = bell.clone();
        ends_with(ARENA, LaneState::default(), move || event.notify())
    };
    let (one, first, ends) = lane();
    let (two, second, _) = lane();
    let pool = Model::new(vec![Box::new(one), Box::new(two)], &bell);
    (pool, Box::new(first), Box::new(second), ends)
}

/// Two that wait for room, which somebody has to make meanwhile.
fn are_submitters(ops: [Op; 2]) -> bool {
    ops.contains(&Room) && ops.iter().all(|op| matches!(op, Submit | Room))
}

#[inline(never)]
fn world(ops: [Op; 2]) -> World {
    let has = |op| ops.contains(&op);
    let (pool, mut first, second, ends) = two_lanes();
    // How many slots of the first lane the operations need. Who waits for room finds none anywhere.
    let needs_slot = |op: &&Op| matches!(op, Submit | Nothing | Retire);
    let needed = match has(Room) {
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
        // What is being submitted is given away only behind one that runs.
        let is_ahead = has(Submit) && has(Give);
        if has(Bury) || has(Pump) || is_ahead || !is_alone && !has(Replace) {
            world.begun = Some(first.next().expect("not closed"));
        } else {
            // Or it is the worker's, and is not given away.
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
    if has(Room) {
        for value in ELSEWHERE {
            world.tasks.push((value, pool.submit(&bytes(value, false))));
        }
    }
    pool.avoid(1);
    if has(Pump)
        && let Some(request) = world.begun.take()
    {
        world.served.extend(answer(&mut first, &request, true));
    }
    if !has(Bury) && !has(Replace) {
        world.first = Some(first);
    }
    if has(Serve) {
        // Or the worker waits for what is taken back.
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
    if let Did::Buried(done) = here {
        world.bury_again(done);
    }
    let here = world.keep(here);
    if theirs == Room && serving.is_none() && mine != Serve {
        world.make_room();
    }
    let there = world.keep(there.join().unwrap());
    if let Did::Buried(done) = there {
        world.bury_again(done);
    }
    world.finish(serving);
    let mut cancelled = None;
    for did in [here, there] {
        match did {
            Did::Submitted(value, task) => world.tasks.push((value, task)),
            Did::Cancelled(done) => cancelled = Some(cancelled.unwrap_or(false) || done),
            Did::Called(calls) => assert_eq!(calls.seen(), 1, "callbacks"),
            Did::Buried(_) | Did::Served(..) | Did::Other => {}
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

    /// The worker that has served comes back.
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

    /// The supervisor comes again, if an answer was being read.
    #[inline(never)]
    fn bury_again(&self, done: bool) {
        assert!(
            done || self.pool.recover(0, self.ends.replies()),
            "nobody reads any more"
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

    /// The first lane's worker answers once.
    #[inline(never)]
    fn make_room(&mut self) {
        self.worker();
        let begun = self.begun.take();
        let worker = self.worker();
        let request = begun.unwrap_or_else(|| worker.next().expect("not closed"));
        let value = answer(worker, &request, false);
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
                    let value = answer(self.worker(), &request, false);
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
                "nobody reads any more"
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
            Err(TaskError::WorkerLost(_)) if has(&Bury) && value == FIRST => {}
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
