//! What one thread has to see of its futures: a plain model, without any concurrency.

use raddle::FutureState;
use std::collections::VecDeque;

/// How many wakers the programs use.
pub const WAKERS: usize = 3;

/// An outcome; values and errors by the number of their token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Value(usize),
    Failed(usize),
    Cancelled,
    Abandoned,
    TimedOut,
    Other(String),
}

impl Seen {
    fn token(&self) -> Option<usize> {
        match self {
            Self::Value(token) | Self::Failed(token) => Some(*token),
            _ => None,
        }
    }
}

/// How the library is to have called the report hook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    pub unobserved: u32,
    pub callbacks: u32,
    pub drops: u32,
    pub others: u32,
}

/// What a callback does beside noting what it was shown.
#[derive(Clone, Debug)]
pub enum Action {
    Nothing,
    Panic,
    /// Completes that future with a value.
    Complete {
        future: usize,
        value: usize,
    },
    /// Adds another callback to its own future, through a clone that it holds.
    AddAnother {
        token: usize,
    },
}

/// A callback, known by the token that its closure holds.
#[derive(Clone, Debug)]
pub struct Callback {
    pub token: usize,
    pub action: Action,
}

/// Who left a waker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poller {
    Future,
    Clone(u32),
}

/// One future.
#[derive(Debug)]
pub struct Modelled {
    pub state: FutureState,
    /// Stands once the state says so.
    pub outcome: Option<Seen>,
    /// The outcome's destructor panics.
    pub is_bad: bool,
    pub is_asked: bool,
    pub is_taken: bool,
    is_seen: bool,
    callbacks: VecDeque<Callback>,
    wakers: Vec<(Poller, usize)>,
    /// Handles: the future itself, or its clones, those in callbacks included.
    pub handles: u32,
}

impl Modelled {
    pub fn is_done(&self) -> bool {
        self.outcome.is_some()
    }

    /// What a look at it shows.
    pub fn shown(&self) -> Option<Seen> {
        let outcome = self.outcome.clone()?;
        Some(if self.is_taken {
            Seen::Abandoned
        } else {
            outcome
        })
    }

    /// Somebody looked at it.
    pub fn look(&mut self) -> Option<Seen> {
        self.is_seen |= self.state == FutureState::Failed;
        self.shown()
    }
}

/// The wait set that a program may have.
#[derive(Debug, Default)]
pub struct Set {
    /// All that have not come out, in the order given.
    pub inside: Vec<usize>,
    /// Those of them that are done, in the order of their completion.
    pub arrived: VecDeque<usize>,
    pub total: usize,
    pub waker: Option<usize>,
}

/// Everything that can be observed.
#[derive(Debug, Default)]
pub struct Model {
    pub futures: Vec<Modelled>,
    pub drops: Vec<u32>,
    /// Callbacks in the order in which they ran, with what they were shown.
    pub log: Vec<(usize, Seen)>,
    pub wakes: [u32; WAKERS],
    pub reports: Reports,
    pub set: Option<Set>,
}

impl Model {
    pub fn add(&mut self) -> usize {
        self.futures.push(Modelled {
            state: FutureState::Pending,
            outcome: None,
            is_bad: false,
            is_asked: false,
            is_taken: false,
            is_seen: false,
            callbacks: VecDeque::new(),
            wakers: Vec::new(),
            handles: 1,
        });
        self.futures.len() - 1
    }

    /// Its promise gives an outcome. False: it had been cancelled, and what was given comes back.
    pub fn complete(&mut self, at: usize, outcome: Seen, is_bad: bool) -> bool {
        let future = &mut self.futures[at];
        if future.is_done() {
            if let Some(token) = outcome.token() {
                self.drops[token] += 1;
            }
            return false;
        }
        let state = match outcome {
            Seen::Value(_) => FutureState::Finished,
            _ => FutureState::Failed,
        };
        future.is_bad = is_bad;
        self.end(at, state, outcome);
        true
    }

    /// What `cancel` returns.
    pub fn cancel(&mut self, at: usize) -> bool {
        let future = &mut self.futures[at];
        match future.state {
            FutureState::Pending => {
                self.end(at, FutureState::Cancelled, Seen::Cancelled);
                true
            }
            FutureState::Running => {
                future.is_asked = true;
                false
            }
            FutureState::Cancelled => true,
            _ => false,
        }
    }

    fn end(&mut self, at: usize, state: FutureState, outcome: Seen) {
        self.futures[at].state = state;
        self.futures[at].outcome = Some(outcome);
        while let Some(callback) = self.futures[at].callbacks.pop_front() {
            self.call(at, callback, false);
        }
        for (_, waker) in std::mem::take(&mut self.futures[at].wakers) {
            self.wakes[waker] += 1;
        }
        if let Some(set) = &mut self.set
            && set.inside.contains(&at)
        {
            set.arrived.push_back(at);
            if let Some(waker) = set.waker.take() {
                self.wakes[waker] += 1;
            }
        }
        if self.futures[at].handles == 0 {
            self.drop_outcome(at);
        }
    }

    pub fn add_callback(&mut self, at: usize, callback: Callback) {
        if self.futures[at].is_done() {
            self.call(at, callback, true);
        } else {
            self.futures[at].callbacks.push_back(callback);
        }
    }

    fn call(&mut self, at: usize, callback: Callback, is_settled: bool) {
        let shown = self.futures[at].look();
        let shown = shown.expect("callbacks run when it is done");
        self.log.push((callback.token, shown));
        match callback.action {
            Action::Nothing => {}
            Action::Panic => self.reports.callbacks += 1,
            Action::Complete { future, value } => {
                self.complete(future, Seen::Value(value), false);
            }
            Action::AddAnother { token } => {
                let action = Action::Nothing;
                let another = Callback { token, action };
                if is_settled {
                    self.call(at, another, true);
                } else {
                    self.futures[at].callbacks.push_back(another);
                }
                // While it settles, the outcome stays until the last callback has run.
                self.futures[at].handles -= 1;
                if is_settled && self.futures[at].handles == 0 {
                    self.drop_outcome(at);
                }
            }
        }
        self.drops[callback.token] += 1;
    }

    /// That poller's waker is not woken any more.
    pub fn forget(&mut self, at: usize, poller: Poller) {
        self.futures[at].wakers.retain(|(who, _)| *who != poller);
    }

    /// A handle is let go, with the waker that it left.
    pub fn drop_handle(&mut self, at: usize, poller: Poller) {
        self.forget(at, poller);
        self.futures[at].handles -= 1;
        if self.futures[at].handles == 0 {
            self.forget(at, Poller::Future);
            if self.futures[at].is_done() {
                self.drop_outcome(at);
            }
        }
    }

    fn drop_outcome(&mut self, at: usize) {
        let future = &mut self.futures[at];
        if std::mem::replace(&mut future.is_taken, true) {
            return;
        }
        self.reports.unobserved +=
            u32::from(future.state == FutureState::Failed && !future.is_seen);
        if let Some(token) = future.outcome.as_ref().and_then(Seen::token) {
            self.drops[token] += 1;
            self.reports.drops += u32::from(future.is_bad);
        }
    }

    /// The outcome is moved out of the future, and dropped by the caller.
    pub fn take(&mut self, at: usize) -> Seen {
        let future = &mut self.futures[at];
        let shown = future.shown().expect("taken when it is done");
        future.is_taken = true;
        if let Some(token) = shown.token() {
            self.drops[token] += 1;
        }
        shown
    }

    /// Polls; true: ready. Else that waker, and no earlier one of this poller, is woken at the end.
    pub fn poll(&mut self, at: usize, poller: Poller, waker: usize) -> bool {
        let future = &mut self.futures[at];
        if future.is_done() {
            return true;
        }
        match future.wakers.iter_mut().find(|(who, _)| *who == poller) {
            Some((_, newest)) => *newest = waker,
            None => future.wakers.push((poller, waker)),
        }
        false
    }
}
