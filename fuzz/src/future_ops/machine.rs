//! Does to real futures what it does to the model.

use super::model::{Action, Callback, Model, Poller, Reports, Seen, WAKERS};
use super::{Calling, Failing, Step, Taking};
use crate::ledger::{Ledger, Token};
use crate::marks::Marks;
use crate::purpose;
use raddle::{
    AsCompleted, BoxError, CancelOnDrop, Future, FutureState, Promise, Report, SharedFuture,
    TaskError, promise,
};
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Futures that a program has at most.
const MOST: usize = 8;

/// A task's value.
pub struct Value(Token);

/// A task's error.
pub struct Failure(Token);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failure {}", self.0.id())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Failure {}

fn see(outcome: Result<&Value, &TaskError>) -> Seen {
    match outcome {
        Ok(value) => Seen::Value(value.0.id()),
        Err(error) => see_error(error),
    }
}

fn see_error(error: &TaskError) -> Seen {
    match error {
        TaskError::Failed(why) => match why.downcast_ref::<Failure>() {
            Some(failure) => Seen::Failed(failure.0.id()),
            None => Seen::Other(why.to_string()),
        },
        TaskError::Cancelled => Seen::Cancelled,
        TaskError::Abandoned => Seen::Abandoned,
        TaskError::TimedOut => Seen::TimedOut,
        other => Seen::Other(other.to_string()),
    }
}

/// Drops what the program owns by now, without a panic.
fn drop_taken(outcome: Result<Value, TaskError>) {
    match outcome {
        Ok(mut value) => value.0.is_bad = false,
        Err(TaskError::Failed(why)) => {
            if let Ok(mut failure) = why.downcast::<Failure>() {
                failure.0.is_bad = false;
            }
        }
        Err(_) => {}
    }
}

#[derive(Default)]
struct Woken(AtomicU32);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static REPORTS: Cell<Reports> = const { Cell::new(Reports { unobserved: 0, callbacks: 0, drops: 0, others: 0 }) };
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        raddle::set_report_hook(|report| {
            let mut reports = REPORTS.get();
            *match report {
                Report::UnobservedError { .. } => &mut reports.unobserved,
                Report::CallbackPanicked { .. } => &mut reports.callbacks,
                Report::DropPanicked { .. } => &mut reports.drops,
                _ => &mut reports.others,
            } += 1;
            REPORTS.set(reports);
        });
    });
    REPORTS.set(Reports::default());
}

/// What the program holds of a future.
pub enum Handle {
    Gone,
    One(Future<Value>),
    Guarded(CancelOnDrop<Value>),
    Shared(Vec<(u32, SharedFuture<Value>)>),
    InSet,
}

impl Handle {
    fn is_here(&self) -> bool {
        !matches!(self, Self::Gone | Self::InSet)
    }
}

/// The same call on whichever kind of handle there is.
macro_rules! each {
    ($handle:expr, $future:ident => $call:expr) => {
        match $handle {
            Handle::One($future) => $call,
            Handle::Guarded($future) => $call,
            Handle::Shared(clones) => {
                let $future = &clones[0].1;
                $call
            }
            Handle::Gone | Handle::InSet => unreachable!("looked before"),
        }
    };
}

/// Who has a promise.
enum Producer {
    Here(Promise<Value>),
    /// In a callback of that future.
    With(usize),
    Gone,
}

pub struct Slot {
    producer: Producer,
    pub handle: Handle,
}

type Log = Arc<Mutex<Vec<(usize, Seen)>>>;

/// The program's state, real and modelled.
pub struct Machine {
    pub slots: Vec<Slot>,
    pub model: Model,
    pub set: Option<AsCompleted<(usize, Future<Value>)>>,
    pub marks: Marks,
    ledger: Arc<Ledger>,
    log: Log,
    wakers: [Arc<Woken>; WAKERS],
    clones: u32,
}

impl Machine {
    pub fn new() -> Self {
        purpose::install();
        listen();
        Self {
            slots: Vec::new(),
            model: Model::default(),
            set: None,
            marks: Marks::default(),
            ledger: Arc::default(),
            log: Log::default(),
            wakers: Default::default(),
            clones: 0,
        }
    }

    fn token(&mut self) -> Token {
        self.model.drops.push(0);
        self.ledger.token()
    }

    pub fn waker(&self, which: usize) -> Waker {
        Waker::from(Arc::clone(&self.wakers[which]))
    }

    /// Whatever can be seen from outside is as the model says.
    pub fn compare(&mut self) {
        assert_eq!(self.ledger.drops(), self.model.drops, "drops by token");
        assert_eq!(*self.log.lock().unwrap(), self.model.log, "callbacks");
        let wakes = self.wakers.each_ref();
        let wakes = wakes.map(|waker| waker.0.load(Ordering::Relaxed));
        assert_eq!(wakes, self.model.wakes, "wakes by waker");
        assert_eq!(REPORTS.get(), self.model.reports, "reports");
        for (at, slot) in self.slots.iter().enumerate() {
            let future = &self.model.futures[at];
            if slot.handle.is_here() {
                let state = each!(&slot.handle, real => real.state());
                assert_eq!(state, future.state, "state of {at}");
            }
            if let Producer::Here(promise) = &slot.producer {
                let cancelled = future.state == FutureState::Cancelled;
                assert_eq!(promise.is_cancelled(), cancelled, "promise of {at}");
                assert_eq!(promise.cancel_requested(), future.is_asked, "asked {at}");
            }
        }
        for (mark, count) in [
            ("destructor panicked", self.model.reports.drops),
            ("error unobserved", self.model.reports.unobserved),
            ("callback panics", self.model.reports.callbacks),
            ("woken", self.model.wakes.iter().sum()),
        ] {
            if count > 0 {
                self.marks.reach(mark);
            }
        }
    }

    fn at(&self, number: u8) -> Option<usize> {
        (usize::from(number)).checked_rem(self.slots.len())
    }

    /// One that the program still has a handle of.
    fn held(&self, number: u8) -> Option<usize> {
        self.at(number)
            .filter(|at| self.slots[*at].handle.is_here())
    }

    pub fn step(&mut self, step: &Step) {
        // A step that makes no sense ends here with `None`.
        let _ = self.try_step(step);
    }

    fn try_step(&mut self, step: &Step) -> Option<()> {
        match *step {
            Step::New => self.add(),
            Step::Start(at) => {
                let at = self.at(at)?;
                let Producer::Here(promise) = &self.slots[at].producer else {
                    return None;
                };
                let future = &mut self.model.futures[at];
                let is_pending = future.state == FutureState::Pending;
                if is_pending {
                    future.state = FutureState::Running;
                }
                assert_eq!(promise.start(), is_pending, "start {at}");
            }
            Step::Complete { at, is_bad } => self.complete(self.at(at)?, is_bad)?,
            Step::Fail { at, ref how } => self.fail(self.at(at)?, how)?,
            Step::Abandon(at) => self.abandon(self.at(at)?)?,
            Step::Cancel(at) => {
                let at = self.held(at)?;
                let before = self.model.futures[at].state;
                let cancelled = self.model.cancel(at);
                let real = each!(&self.slots[at].handle, future => future.cancel());
                assert_eq!(real, cancelled, "cancel {at}");
                self.marks.reach(match before {
                    FutureState::Pending => "cancel won",
                    FutureState::Cancelled => "cancel twice",
                    _ => "cancel too late",
                });
            }
            Step::Drop(at) => {
                let at = self.held(at)?;
                self.drop_handle(at);
            }
            Step::Look(at) => self.look(self.held(at)?),
            Step::Callback { at, ref what } => self.callback(self.held(at)?, what)?,
            Step::Poll { at, waker, clone } => self.poll(self.held(at)?, waker, clone)?,
            Step::Take { at, ref how } => self.take(self.held(at)?, how)?,
            Step::Share(at) => {
                let at = self.at(at)?;
                let Handle::One(future) = self.take_one(at)? else {
                    unreachable!("taken as one");
                };
                self.clones += 1;
                self.slots[at].handle = Handle::Shared(vec![(self.clones, future.shared())]);
            }
            Step::Clone(at) => {
                let at = self.at(at)?;
                let Handle::Shared(clones) = &mut self.slots[at].handle else {
                    return None;
                };
                self.clones += 1;
                let clone = clones[0].1.clone();
                clones.push((self.clones, clone));
                self.model.futures[at].handles += 1;
            }
            Step::DropClone { at, clone } => {
                let at = self.at(at)?;
                let Handle::Shared(clones) = &mut self.slots[at].handle else {
                    return None;
                };
                let (id, clone) = clones.remove(usize::from(clone) % clones.len());
                if clones.is_empty() {
                    self.slots[at].handle = Handle::Gone;
                }
                self.model.drop_handle(at, Poller::Clone(id));
                drop(clone);
                self.marks.reach("clone dropped");
            }
            Step::Guard(at) => {
                let at = self.at(at)?;
                let Handle::One(future) = self.take_one(at)? else {
                    unreachable!("taken as one");
                };
                self.slots[at].handle = Handle::Guarded(future.cancel_on_drop());
            }
            Step::Unguard(at) => {
                let slot = self.at(at).map(|at| &mut self.slots[at])?;
                match std::mem::replace(&mut slot.handle, Handle::Gone) {
                    Handle::Guarded(guard) => slot.handle = Handle::One(guard.into_inner()),
                    other => slot.handle = other,
                }
            }
            Step::Wait { which, when, form } => self.wait(which, when, form),
            Step::Set { which } => self.set(which)?,
            Step::SetPoll { waker } => self.set_poll(usize::from(waker) % WAKERS)?,
            Step::SetNext => self.set_next()?,
            Step::SetTimeout => self.set_timeout()?,
            Step::SetRemaining => self.set_remaining()?,
            Step::SetDrop => self.set_drop()?,
        }
        Some(())
    }

    /// Takes a plain future out of its slot.
    pub fn take_one(&mut self, at: usize) -> Option<Handle> {
        let handle = &mut self.slots[at].handle;
        matches!(handle, Handle::One(_)).then(|| std::mem::replace(handle, Handle::Gone))
    }

    fn add(&mut self) {
        if self.slots.len() == MOST {
            return;
        }
        let (promise, future) = promise();
        self.slots.push(Slot {
            producer: Producer::Here(promise),
            handle: Handle::One(future),
        });
        self.model.add();
    }

    fn take_promise(&mut self, at: usize, then: Producer) -> Option<Promise<Value>> {
        let producer = &mut self.slots[at].producer;
        match std::mem::replace(producer, Producer::Gone) {
            Producer::Here(promise) => {
                *producer = then;
                Some(promise)
            }
            other => {
                *producer = other;
                None
            }
        }
    }

    fn complete(&mut self, at: usize, is_bad: bool) -> Option<()> {
        let promise = self.take_promise(at, Producer::Gone)?;
        let mut token = self.token();
        token.is_bad = is_bad;
        let taken = self
            .model
            .complete(at, Seen::Value(token.id()), token.is_bad);
        let back = promise.complete(Value(token));
        assert_eq!(back.is_ok(), taken, "complete {at}");
        if let Err(value) = back {
            drop_taken(Ok(value));
            self.marks.reach("outcome back");
        }
        Some(())
    }

    fn fail(&mut self, at: usize, how: &Failing) -> Option<()> {
        let promise = self.take_promise(at, Producer::Gone)?;
        let (taken, back) = match *how {
            Failing::Error { is_bad } => {
                let mut token = self.token();
                token.is_bad = is_bad;
                let taken = self.model.complete(at, Seen::Failed(token.id()), is_bad);
                (taken, promise.fail(BoxError::from(Failure(token))))
            }
            Failing::TimedOut => {
                let taken = self.model.complete(at, Seen::TimedOut, false);
                (taken, promise.fail(TaskError::TimedOut))
            }
            Failing::Cancelled => {
                let taken = self.model.complete(at, Seen::Cancelled, false);
                (taken, promise.fail(TaskError::Cancelled))
            }
        };
        assert_eq!(back.is_ok(), taken, "fail {at}");
        if let Err(error) = back {
            drop_taken(Err(error));
            self.marks.reach("outcome back");
        }
        Some(())
    }

    fn abandon(&mut self, at: usize) -> Option<()> {
        let promise = self.take_promise(at, Producer::Gone)?;
        if self.model.complete(at, Seen::Abandoned, false) {
            self.marks.reach("abandoned");
        }
        drop(promise);
        Some(())
    }

    pub fn drop_handle(&mut self, at: usize) {
        if !self.model.futures[at].is_done() {
            self.marks.reach("dropped before the end");
        }
        match std::mem::replace(&mut self.slots[at].handle, Handle::Gone) {
            Handle::One(future) => {
                self.model.drop_handle(at, Poller::Future);
                drop(future);
            }
            Handle::Guarded(guard) => {
                // Its own waker is not woken by its own end.
                self.model.forget(at, Poller::Future);
                if self.model.cancel(at) {
                    self.marks.reach("guard cancelled");
                }
                self.model.drop_handle(at, Poller::Future);
                drop(guard);
            }
            Handle::Shared(clones) => {
                for (id, clone) in clones {
                    self.model.drop_handle(at, Poller::Clone(id));
                    drop(clone);
                }
            }
            Handle::Gone | Handle::InSet => unreachable!("looked before"),
        }
    }

    fn look(&mut self, at: usize) {
        let shown = self.model.futures[at].look();
        let handle = &self.slots[at].handle;
        let future = &self.model.futures[at];
        let is_done = future.is_done();
        assert_eq!(each!(handle, real => real.is_done()), is_done);
        let is_running = future.state == FutureState::Running;
        assert_eq!(each!(handle, real => real.is_running()), is_running);
        let is_cancelled = future.state == FutureState::Cancelled;
        assert_eq!(each!(handle, real => real.is_cancelled()), is_cancelled);
        let in_time = each!(handle, real => real.wait_timeout(Duration::ZERO));
        assert_eq!(in_time, is_done, "wait_timeout");
        assert_eq!(each!(handle, real => real.name()), None);
        assert!(!each!(handle, real => format!("{real:?}")).is_empty());
        let real = each!(handle, real => real.peek().map(see));
        assert_eq!(real, shown, "peek");
        match handle {
            Handle::One(future) => {
                let error = shown.filter(|seen| !matches!(seen, Seen::Value(_)));
                assert_eq!(future.error().map(see_error), error, "error");
            }
            Handle::Shared(clones) if is_done => {
                let result = see(clones[0].1.result());
                assert_eq!(Some(result), shown, "shared result");
            }
            _ => {}
        }
        if is_done {
            each!(handle, real => real.wait());
        }
    }

    /// Would the promise of `other` wait for itself in a callback of `at`?
    fn is_circle(&self, at: usize, other: usize) -> bool {
        let mut below = at;
        loop {
            if below == other {
                return true;
            }
            match self.slots[below].producer {
                Producer::With(next) => below = next,
                _ => return false,
            }
        }
    }

    fn callback(&mut self, at: usize, what: &Calling) -> Option<()> {
        let log = Arc::clone(&self.log);
        let is_done = self.model.futures[at].is_done();
        let token = self.token();
        let id = token.id();
        let note = move |outcome: Result<&Value, &TaskError>| {
            let token = token;
            log.lock().unwrap().push((token.id(), see(outcome)));
        };
        let callback = |action| Callback { token: id, action };
        match *what {
            Calling::Complete { other } => {
                let other = self.at(other)?;
                if self.is_circle(at, other) {
                    return self.plain(at, callback(Action::Nothing), note);
                }
                let Some(promise) = self.take_promise(other, Producer::With(at)) else {
                    return self.plain(at, callback(Action::Nothing), note);
                };
                let value = self.token();
                let action = Action::Complete {
                    future: other,
                    value: value.id(),
                };
                self.model.add_callback(at, callback(action));
                let run = move |outcome: Result<&Value, &TaskError>| {
                    note(outcome);
                    if let Err(value) = promise.complete(Value(value)) {
                        drop(value);
                    }
                };
                each!(&self.slots[at].handle, future => future.add_done_callback(run));
                self.marks.reach("callback completes another");
            }
            Calling::Panic => {
                self.model.add_callback(at, callback(Action::Panic));
                let run = move |outcome: Result<&Value, &TaskError>| {
                    note(outcome);
                    purpose::panic("a callback");
                };
                each!(&self.slots[at].handle, future => future.add_done_callback(run));
            }
            Calling::AddAnother => {
                let Handle::Shared(clones) = &self.slots[at].handle else {
                    return self.plain(at, callback(Action::Nothing), note);
                };
                let own = clones[0].1.clone();
                let another = self.token();
                let log = Arc::clone(&self.log);
                let action = Action::AddAnother {
                    token: another.id(),
                };
                self.model.futures[at].handles += 1;
                self.model.add_callback(at, callback(action));
                let run = move |outcome: Result<&Value, &TaskError>| {
                    note(outcome);
                    own.add_done_callback(move |outcome| {
                        let another = another;
                        log.lock().unwrap().push((another.id(), see(outcome)));
                    });
                };
                each!(&self.slots[at].handle, future => future.add_done_callback(run));
                self.marks.reach("callback adds another");
            }
            Calling::Nothing => self.plain(at, callback(Action::Nothing), note)?,
        }
        if is_done {
            self.marks.reach("callback after the end");
        }
        Some(())
    }

    fn plain(
        &mut self,
        at: usize,
        callback: Callback,
        note: impl FnOnce(Result<&Value, &TaskError>) + Send + 'static,
    ) -> Option<()> {
        self.model.add_callback(at, callback);
        each!(&self.slots[at].handle, future => future.add_done_callback(note));
        Some(())
    }

    fn poll(&mut self, at: usize, waker: u8, clone: u8) -> Option<()> {
        let waker = usize::from(waker) % WAKERS;
        let real = self.waker(waker);
        let mut context = Context::from_waker(&real);
        let future = &self.model.futures[at];
        let (poller, ready) = match &mut self.slots[at].handle {
            Handle::Shared(clones) => {
                let which = usize::from(clone) % clones.len();
                let (id, clone) = &mut clones[which];
                let ready = Pin::new(clone).poll(&mut context);
                // What comes out is one more clone; it goes at once.
                (Poller::Clone(*id), ready.map(|_clone| None))
            }
            // Polling again after the end is a mistake that panics.
            _ if future.is_taken => return None,
            Handle::One(future) => {
                let ready = Pin::new(future).poll(&mut context);
                (Poller::Future, ready.map(Some))
            }
            Handle::Guarded(future) => {
                let ready = Pin::new(future).poll(&mut context);
                (Poller::Future, ready.map(Some))
            }
            Handle::Gone | Handle::InSet => return None,
        };
        let expected = self.model.poll(at, poller, waker);
        assert_eq!(ready.is_ready(), expected, "poll {at}");
        match ready {
            Poll::Pending => self.marks.reach("poll pending"),
            Poll::Ready(outcome) => {
                self.marks.reach("poll ready");
                if let Some(outcome) = outcome {
                    let expected = self.model.take(at);
                    assert_eq!(see(outcome.as_ref()), expected, "awaited {at}");
                    drop_taken(outcome);
                }
            }
        }
        Some(())
    }

    fn take(&mut self, at: usize, how: &Taking) -> Option<()> {
        let is_done = self.model.futures[at].is_done();
        if is_done
            && matches!(how, Taking::Result)
            && matches!(self.slots[at].handle, Handle::Guarded(_))
        {
            let slot = &mut self.slots[at].handle;
            let Handle::Guarded(guard) = std::mem::replace(slot, Handle::Gone) else {
                unreachable!("seen to be guarded");
            };
            self.taken(at, guard.result());
            return Some(());
        }
        if matches!(how, Taking::Result) && !is_done {
            return None;
        }
        let Handle::One(future) = self.take_one(at)? else {
            unreachable!("taken as one");
        };
        let outcome = match how {
            Taking::Result => Ok(future.result()),
            Taking::Try => future.try_result(),
            Taking::Timeout => future.result_timeout(Duration::ZERO),
        };
        match outcome {
            Ok(outcome) => {
                assert!(is_done, "an outcome of {at}, which has none");
                self.taken(at, outcome);
            }
            Err(future) => {
                assert!(!is_done, "no outcome of {at}, which has one");
                self.slots[at].handle = Handle::One(future);
            }
        }
        Some(())
    }

    fn taken(&mut self, at: usize, outcome: Result<Value, TaskError>) {
        let expected = self.model.take(at);
        assert_eq!(see(outcome.as_ref()), expected, "result of {at}");
        drop_taken(outcome);
        self.model.drop_handle(at, Poller::Future);
        self.marks.reach("result taken");
    }

    /// Ends everything that is left, and looks for what stayed behind.
    pub fn end(mut self) -> Marks {
        let _ = self.set_drop();
        self.compare();
        for at in 0..self.slots.len() {
            let _ = self.abandon(at);
            self.compare();
        }
        for at in 0..self.slots.len() {
            if self.slots[at].handle.is_here() {
                self.drop_handle(at);
                self.compare();
            }
        }
        self.ledger.assert_each_was_dropped_once();
        let holders = Arc::strong_count(&self.ledger);
        assert_eq!(holders, 1, "somebody still holds the ledger");
        for waker in &self.wakers {
            assert_eq!(Arc::strong_count(waker), 1, "somebody still holds a waker");
        }
        self.marks
    }
}
