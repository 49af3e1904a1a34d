//! Runs a model, counts what it did and compares that with what was declared.
//!
//! A checker that explores nothing is green. So every model says how many executions it needs at least
//! and which outcomes exist; a run with fewer, without one that must appear, or with one that was not
//! declared, fails.

use crate::report::{self, Run};
use crate::sync::{self, faults::Fault, faults::Plan};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the executions of a model ended with.
#[derive(Default, Debug)]
pub struct Outcomes(Mutex<BTreeMap<String, u64>>);

impl Outcomes {
    /// Call once per execution, at its end. A std lock: invisible to the checker.
    pub fn saw(&self, outcome: impl Into<Cow<'static, str>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(outcome.into().into_owned()).or_default() += 1;
    }

    fn take(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many scheduling points one execution may have under loom.
#[cfg(raddle_loom)]
const BRANCHES: usize = 20_000;

/// How many schedules an exhaustive run under shuttle may need.
#[cfg(raddle_shuttle)]
const SCHEDULES: usize = 1_000_000;

/// One model: its name, its bounds, and what its runs must have seen in the end.
#[derive(Clone, Debug)]
#[must_use = "a model does nothing until it is run"]
pub struct Model {
    name: &'static str,
    bound: Option<usize>,
    least: u64,
    must: Vec<&'static str>,
    must_weak: Vec<&'static str>,
    may: Vec<&'static str>,
    forbidden: Vec<&'static str>,
    faults: usize,
    cuts: bool,
    threads: Option<usize>,
    limit: Duration,
    must_fail: Option<&'static str>,
}

impl Model {
    /// A model that is unbounded, needs two executions and declares no outcome yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            bound: None,
            least: 2,
            must: Vec::new(),
            must_weak: Vec::new(),
            may: Vec::new(),
            forbidden: Vec::new(),
            faults: 0,
            cuts: false,
            threads: None,
            limit: Duration::from_secs(180),
            must_fail: None,
        }
    }

    /// Fewer executions of an exhaustive run, faults aside, are a failure: the model has lost its grip.
    pub fn min_executions(mut self, n: u64) -> Self {
        self.least = n;
        self
    }

    /// Outcomes that an exhaustive run must see.
    pub fn must(mut self, outcomes: &[&'static str]) -> Self {
        self.must.extend(outcomes);
        self
    }

    /// Outcomes of weak memory: loom must see them, shuttle cannot.
    pub fn must_weak(mut self, outcomes: &[&'static str]) -> Self {
        self.must_weak.extend(outcomes);
        self
    }

    /// Outcomes that a run may see.
    pub fn may(mut self, outcomes: &[&'static str]) -> Self {
        self.may.extend(outcomes);
        self
    }

    /// Outcomes that would be a bug. Undeclared ones are, too; this names the ones that matter.
    pub fn forbidden(mut self, outcomes: &[&'static str]) -> Self {
        self.forbidden.extend(outcomes);
        self
    }

    /// loom's preemption bound; `None` explores everything.
    pub fn bound(mut self, bound: Option<usize>) -> Self {
        self.bound = bound;
        self
    }

    /// Also runs with each of the first `n` futex waits of an execution interrupted, returning for no
    /// reason, and timed out (if it has a deadline), one fault per run.
    pub fn faults(mut self, n: usize) -> Self {
        self.faults = n;
        self
    }

    /// Also runs with a thread that dies after each number of steps.
    pub(crate) fn cuts(mut self, cuts: bool) -> Self {
        self.cuts = cuts;
        self
    }

    /// An exhaustive run fails if its largest execution has another number of threads. 0: they are not counted.
    pub(crate) fn threads(mut self, n: usize) -> Self {
        self.threads = (n > 0).then_some(n);
        self
    }

    /// How long one exhaustive run may take; what is not complete by then fails.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The model of a broken protocol: a run must panic with `text` in the message, which shows that the
    /// checker sees bugs of this kind.
    pub fn must_fail(mut self, text: &'static str) -> Self {
        self.must_fail = Some(text);
        self
    }

    /// Runs `body` exhaustively within the bound: under loom, or under shuttle's depth-first scheduler.
    #[track_caller]
    pub fn run(mut self, body: impl Fn(&Outcomes) + Send + Sync + 'static) {
        if mutated() && self.must_fail.is_some() {
            // Broken already; that it breaks in another way says nothing about the mutant.
            return;
        }
        let declared = self.bound;
        let mode = if cfg!(raddle_loom) {
            "exhaustive"
        } else {
            "dfs"
        };
        if cfg!(raddle_shuttle) {
            self.bound = None;
        } else if let Some(bound) = number("LOOM_MAX_PREEMPTIONS") {
            self.bound = Some(bound);
        }
        // A smaller bound than the declared one sees less, and a mutant is to be killed by what it does
        // and not by being a little different.
        let thinned = match (self.bound, declared) {
            (Some(now), Some(declared)) => now < declared,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let strict = !thinned && !mutated() && !replaying();

        let mut session = Session::new(&self, mode, body);
        session.guarded(|session| {
            let calm = session.explore(&self, Plan::Calm);
            if strict && calm < self.least {
                session.complain(format!(
                    "{calm} executions, at least {} were declared",
                    self.least
                ));
            }
            for fault in [Fault::Interrupted, Fault::Spurious, Fault::TimedOut] {
                for nth in 1..=self.faults {
                    if !session.eligible(fault) && !replaying() {
                        break;
                    }
                    session.shared.fired.store(0, Ordering::Relaxed);
                    session.explore(&self, Plan::Nth(fault, nth));
                    if session.shared.fired.load(Ordering::Relaxed) == 0 && !replaying() {
                        break;
                    }
                }
            }
            session.cuts(&self, |session, plan| {
                session.explore(&self, plan);
            });
        });
        session.finish(&self, strict);
    }
}

#[cfg(raddle_shuttle)]
impl Model {
    /// Runs `body` under `n` random schedules; with faults, each wait may be struck.
    #[track_caller]
    pub fn run_random(self, n: usize, body: impl Fn(&Outcomes) + Send + Sync + 'static) {
        let n = schedules_or(n);
        let scheduler = move || shuttle::scheduler::RandomScheduler::new_from_seed(seed(), n);
        self.sample("random", None, scheduler, body);
    }

    /// Runs `body` under `n` schedules with `depth` priority changes each (PCT).
    #[track_caller]
    pub fn run_pct(self, depth: usize, n: usize, body: impl Fn(&Outcomes) + Send + Sync + 'static) {
        let n = schedules_or(n);
        let scheduler = move || shuttle::scheduler::PctScheduler::new_from_seed(seed(), depth, n);
        self.sample("pct", Some(depth), scheduler, body);
    }

    #[track_caller]
    fn sample<S: shuttle::scheduler::Scheduler + 'static>(
        mut self,
        mode: &'static str,
        depth: Option<usize>,
        scheduler: impl Fn() -> S,
        body: impl Fn(&Outcomes) + Send + Sync + 'static,
    ) {
        self.bound = depth;
        let plan = if self.faults == 0 {
            Plan::Calm
        } else {
            Plan::OneIn(4)
        };
        let mut session = Session::new(&self, mode, body);
        session.guarded(|session| {
            session.drive(scheduler(), plan);
            session.cuts(&self, |session, plan| session.drive(scheduler(), plan));
        });
        session.finish(&self, false);
    }
}

#[cfg(raddle_shuttle)]
fn schedules_or(n: usize) -> usize {
    number("RADDLE_SCHEDULES").unwrap_or(n)
}

#[cfg(raddle_shuttle)]
fn seed() -> u64 {
    // Fixed, so that a run repeats; a fresh one is asked for by the variable.
    number("SHUTTLE_RANDOM_SEED").map_or(0x7261_6464_6c65, |seed| seed as u64)
}

fn replaying() -> bool {
    cfg!(raddle_shuttle) && std::env::var_os("RADDLE_REPLAY").is_some()
}

/// Is something weakened or planted, so that a test is to fail by what that does alone?
fn mutated() -> bool {
    let planted = std::env::var_os("RADDLE_PLANT").is_some();
    #[cfg(raddle_loom)]
    let planted = planted || sync::sites::mutated();
    planted
}

fn number(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number: {text}")),
    )
}

#[derive(Default)]
struct Shared {
    outcomes: Outcomes,
    executions: AtomicU64,
    fired: AtomicUsize,
    waits: AtomicUsize,
    timed_waits: AtomicUsize,
    threads: AtomicUsize,
}

type Body = Arc<dyn Fn(&Outcomes) + Send + Sync>;

struct Session {
    name: &'static str,
    mode: &'static str,
    started: Instant,
    shared: Arc<Shared>,
    body: Body,
    plans: usize,
    /// The plan being run, for the report of a failure.
    plan: Plan,
    complete: bool,
    complaints: Vec<String>,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

impl Session {
    #[track_caller]
    fn new(
        model: &Model,
        mode: &'static str,
        body: impl Fn(&Outcomes) + Send + Sync + 'static,
    ) -> Self {
        // The canary: a model of the std flavour would explore nothing.
        let expected = if cfg!(raddle_loom) { "loom" } else { "shuttle" };
        assert_eq!(
            sync::flavour(),
            expected,
            "{}: raddle was compiled with another flavour of `sync`",
            model.name
        );
        const { assert!(sync::MODEL) }
        short_panics();
        Self {
            name: model.name,
            mode,
            started: Instant::now(),
            shared: Arc::default(),
            body: Arc::new(body),
            plans: 0,
            plan: Plan::Calm,
            complete: true,
            complaints: Vec::new(),
            panic: None,
        }
    }

    fn guarded(&mut self, f: impl FnOnce(&mut Self)) {
        self.panic = catch_unwind(AssertUnwindSafe(|| f(self))).err();
    }

    /// One run for each step after which the mortal thread can die; the last one is too long for it.
    fn cuts(&mut self, model: &Model, mut run: impl FnMut(&mut Self, Plan)) {
        for steps in 0.. {
            if !model.cuts || replaying() {
                break;
            }
            self.shared.fired.store(0, Ordering::Relaxed);
            run(self, Plan::Cut(steps));
            if self.shared.fired.load(Ordering::Relaxed) == 0 {
                break;
            }
        }
    }

    fn eligible(&self, fault: Fault) -> bool {
        match fault {
            Fault::TimedOut => self.shared.timed_waits.load(Ordering::Relaxed) > 0,
            _ => self.shared.waits.load(Ordering::Relaxed) > 0,
        }
    }

    fn complain(&mut self, what: String) {
        self.complaints.push(what);
    }

    /// The program of one execution.
    fn program(&mut self, plan: Plan) -> impl Fn() + Send + Sync + 'static {
        self.plans += 1;
        self.plan = plan;
        let shared = Arc::clone(&self.shared);
        let body = Arc::clone(&self.body);
        move || {
            shared.executions.fetch_add(1, Ordering::Relaxed);
            sync::faults::begin(plan);
            body(&shared.outcomes);
            shared
                .fired
                .fetch_add(sync::faults::fired().into(), Ordering::Relaxed);
            let threads = sync::faults::threads();
            shared.threads.fetch_max(threads, Ordering::Relaxed);
            let (waits, timed) = sync::faults::waits();
            shared.waits.fetch_max(waits, Ordering::Relaxed);
            shared.timed_waits.fetch_max(timed, Ordering::Relaxed);
        }
    }

    /// Explores everything under one plan; returns the number of executions.
    #[cfg(raddle_loom)]
    fn explore(&mut self, model: &Model, plan: Plan) -> u64 {
        let before = self.shared.executions.load(Ordering::Relaxed);
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = model.bound;
        builder.max_branches = BRANCHES;
        builder.max_permutations = None;
        builder.max_duration = Some(model.limit);
        // How often loom looks at the clock. When the time is up it returns as if it were done.
        builder.checkpoint_interval = 1_000;
        let started = Instant::now();
        builder.check(self.program(plan));
        if started.elapsed() >= model.limit {
            self.complete = false;
        }
        self.shared.executions.load(Ordering::Relaxed) - before
    }

    #[cfg(raddle_shuttle)]
    fn explore(&mut self, _: &Model, plan: Plan) -> u64 {
        let before = self.shared.executions.load(Ordering::Relaxed);
        let scheduler = shuttle::scheduler::DfsScheduler::new(Some(SCHEDULES), false);
        self.drive(scheduler, plan);
        let ran = self.shared.executions.load(Ordering::Relaxed) - before;
        if ran >= SCHEDULES as u64 {
            self.complete = false;
        }
        ran
    }

    #[cfg(raddle_shuttle)]
    fn drive(&mut self, scheduler: impl shuttle::scheduler::Scheduler + 'static, plan: Plan) {
        let mut config = shuttle::Config::new();
        config.silence_warnings = true;
        // A schedule belongs to the plan that it failed under.
        let replayed = std::env::var("RADDLE_REPLAY").ok();
        let under = std::env::var("RADDLE_REPLAY_PLAN").unwrap_or_else(|_| "Calm".to_owned());
        if replayed.is_some() && self.mode == "dfs" && under != format!("{plan:?}") {
            return;
        }
        let program = self.program(plan);
        if let Some(schedule) = replayed {
            let text = std::fs::read_to_string(&schedule).unwrap_or(schedule);
            let replay = shuttle::scheduler::ReplayScheduler::new_from_encoded(text.trim());
            shuttle::Runner::new(replay, config).run(program);
        } else {
            shuttle::Runner::new(scheduler, config).run(program);
        }
    }

    fn judge(&mut self, model: &Model, strict: bool, outcomes: &BTreeMap<String, u64>) {
        if let Some(text) = model.must_fail {
            self.complain(format!("the broken protocol passed, expected: {text}"));
            return;
        }
        let weak_known = cfg!(raddle_loom);
        for outcome in outcomes.keys() {
            let declared = |list: &[&str]| list.contains(&outcome.as_str());
            if declared(&model.forbidden) {
                self.complain(format!("forbidden outcome: {outcome}"));
            } else if !(declared(&model.must)
                || declared(&model.may)
                || weak_known && declared(&model.must_weak))
            {
                self.complain(format!("undeclared outcome: {outcome}"));
            }
        }
        if strict {
            let weak = if weak_known {
                &model.must_weak[..]
            } else {
                &[]
            };
            for outcome in model.must.iter().chain(weak) {
                if !outcomes.contains_key(*outcome) {
                    self.complain(format!("never seen: {outcome}"));
                }
            }
        }
        let threads = self.shared.threads.load(Ordering::Relaxed);
        if let Some(declared) = model.threads
            && strict
            && threads != declared
        {
            self.complain(format!("{threads} threads, {declared} were declared"));
        }
        if !self.complete {
            self.complain("cut off before everything was explored".to_owned());
        }
    }

    /// Compares, reports, and fails the test if there is anything to complain about.
    #[track_caller]
    fn finish(mut self, model: &Model, strict: bool) {
        let outcomes = self.shared.outcomes.take();
        let caught = match (&self.panic, model.must_fail) {
            (Some(payload), Some(text)) if message(&**payload).contains(text) => Some(text),
            _ => None,
        };
        let failure = match &self.panic {
            Some(_) if caught.is_some() => None,
            Some(payload) => Some(format!("{:?}: {}", self.plan, message(&**payload))),
            None => {
                self.judge(model, strict, &outcomes);
                (!self.complaints.is_empty()).then(|| self.complaints.join("; "))
            }
        };
        Run {
            name: self.name,
            mode: self.mode,
            bound: model.bound,
            plans: self.plans,
            threads: self.shared.threads.load(Ordering::Relaxed),
            executions: self.shared.executions.load(Ordering::Relaxed),
            outcomes: &outcomes,
            spent: self.started.elapsed(),
            complete: self.complete && self.panic.is_none(),
            caught,
            failure: failure.as_deref(),
        }
        .publish();
        if caught.is_some() {
            return;
        }
        if let Some(payload) = self.panic {
            resume_unwind(payload);
        }
        if let Some(failure) = failure {
            panic!("{}: {failure}", self.name);
        }
    }
}

/// One line per panic: under a checker the stack is that of its scheduler. When the checker itself panics,
/// the destructors that run from there on must not call it again.
fn short_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            #[cfg(raddle_loom)]
            if info
                .location()
                .is_some_and(|at| at.file().contains("/loom-0."))
            {
                sync::give_up();
            }
            if std::env::var_os("RUST_BACKTRACE").is_some_and(|v| v == "full") {
                before(info);
            } else {
                report::say(format_args!("{info}"));
            }
        }));
    });
}

pub(crate) fn message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&s| s.to_owned()))
        .unwrap_or_else(|| "panicked".to_owned())
}
